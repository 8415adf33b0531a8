#!/bin/sh
# Every C file is as clang-format leaves it. Versions differ in details: only the one the tree is kept with is asked.
wanted=14
srcdir=${srcdir:-.}
version=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
test "$version" = $wanted || { echo "clang-format $wanted not found"; exit 77; }
cd "$srcdir" || exit 99
find lib tools tests bench \( -name '*.c' -o -name '*.h' \) ! -name '*_table.c' -exec clang-format --dry-run -Werror {} +
