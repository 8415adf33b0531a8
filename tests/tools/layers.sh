#!/bin/sh
# Includes go down the levels only, or stay in their folder; files stay short. The second half checks that this test can
# fail. (Levels: lib/README.)
srcdir=${srcdir:-.}

# check_tree ROOT...: says what is wrong in ROOT/lib and ROOT/tools and fails.
check_tree()
{
	for root; do
		find "$root/lib" "$root/tools" \( -name '*.c' -o -name '*.h' \) -print 2>/dev/null | LC_ALL=C sort
	done >"$list"
	awk -v list="$list" '
	BEGIN {
		n = split("base 0 num 1 conf 1 io 2 graph 2 op 3 integ 3 equation 3 nn 4 diffeq 4 optim 4 problem 5 model 5 " \
			"objective 5 sampler 5 solver 5 metric 5 plot 5 run 6 learner 7 cli 8 tools 9", word, " ")
		for (i = 1; i < n; i += 2)
			level[word[i]] = word[i + 1]
		while ((getline file < list) > 0) {
			folder = file
			sub(/\/[^\/]*$/, "", folder)
			sub(/.*\//, "", folder)
			if (!(folder in level)) {
				print file ": folder " folder " has no level"
				bad = 1
			}
			lines = 0
			while ((getline text < file) > 0) {
				lines++
				if (text !~ /^[ \t]*#[ \t]*include[ \t]*"/)
					continue
				split(text, quoted, "\"")
				header = quoted[2]
				if (header == "config.h")
					continue
				other = header
				if (sub(/\/.*/, "", other) == 0 || !(other in level)) {
					print file ":" lines ": " header " is no folder/file.h of the library"
					bad = 1
				} else if (other != folder && level[other] >= level[folder]) {
					print file ":" lines ": " header " is not below " folder
					bad = 1
				}
			}
			close(file)
			limit = folder == "tools" ? 150 : 600
			if (lines > limit) {
				print file ": " lines " lines, at most " limit
				bad = 1
			}
			files++
		}
		print files " files"
		exit bad || !files
	}'
}

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
list=$work/list
if test "$srcdir" = .; then check_tree . || exit 1; else check_tree "$srcdir" . || exit 1; fi

# expect_failure FILE LINE: a tree with this file does not pass.
expect_failure()
{
	rm -rf "$work/tree"
	mkdir -p "$work/tree/$(dirname "$1")"
	echo "$2" >"$work/tree/$1"
	if check_tree "$work/tree" >/dev/null; then
		echo "not refused: $1: $2"
		exit 1
	fi
}
expect_failure lib/num/a.c '#include "graph/graph.h"'
expect_failure lib/num/a.c '#include "conf/conf.h"'
expect_failure lib/num/a.c '#include "blas.h"'
expect_failure lib/other/a.c ''
expect_failure lib/run/a.c '	# include "cli/opt.h"'
expect_failure lib/num/a.c "$(yes '' | head -n 601; echo x)"
expect_failure tools/a.c "$(yes '' | head -n 151; echo x)"
