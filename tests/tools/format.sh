#!/bin/sh
# Every C file is as clang-format leaves it. Versions differ in details: only the one the tree is kept with is asked. What that
# leaves alone, comments, is no wider than code; pages of text are read in 80 columns.
wanted=14
(
	cd "${srcdir:-.}" && find lib tools tests bench \( -name '*.c' -o -name '*.h' \) ! -name '*_table.c' -exec awk '
		length > 120 && /^[ \t]*(\/\*|\*)/ { print FILENAME ":" FNR ": a comment of " length " columns"; bad = 1 }
		END { exit bad }' {} + &&
		awk 'length > 80 { print FILENAME ":" FNR ": " length " columns"; bad = 1 }
			END { exit bad }' README lib/README
) || exit 1
srcdir=${srcdir:-.}
version=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
test "$version" = $wanted || { echo "clang-format $wanted not found"; exit 77; }
cd "$srcdir" || exit 99
find lib tools tests bench \( -name '*.c' -o -name '*.h' \) ! -name '*_table.c' -exec clang-format --dry-run -Werror {} +
