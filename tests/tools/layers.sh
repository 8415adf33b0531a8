#!/bin/sh
# Includes go down the levels only, or stay in their folder; files stay short, those of tests too. The second half checks
# that this test can fail. (Levels: lib/README.)
srcdir=${srcdir:-.}

# check_tree ROOT...: says what is wrong in ROOT/lib, ROOT/tools and ROOT/tests and fails.
check_tree()
{
	for root; do
		for part in lib tools tests; do
			find "$root/$part" \( -name '*.c' -o -name '*.h' \) -print 2>/dev/null | LC_ALL=C sort |
				sed "s/^/$part /"
		done
	done >"$list"
	awk -v list="$list" '
	BEGIN {
		n = split("base 0 num 1 conf 1 io 2 graph 2 op 3 integ 3 equation 3 nn 4 diffeq 4 optim 4 problem 5 model 5 " \
			"objective 5 sampler 5 solver 5 metric 5 plot 5 run 6 learner 7 cli 8 tools 9", word, " ")
		for (i = 1; i < n; i += 2)
			level[word[i]] = word[i + 1]
		while ((getline file < list) > 0) {
			part = folder = file
			sub(/ .*/, "", part)
			sub(/^[a-z]* /, "", file)
			sub(/\/[^\/]*$/, "", folder)
			sub(/.*\//, "", folder)
			if (part != "tests" && !(folder in level)) {
				print file ": folder " folder " has no level"
				bad = 1
			}
			lines = 0
			while ((getline text < file) > 0) {
				lines++
				if (part == "tests" || text !~ /^[ \t]*#[ \t]*include[ \t]*"/)
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
			limit = part == "tools" ? 150 : 600
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

# fill FILE TEXT: a tree of this one file.
fill()
{
	rm -rf "$work/tree"
	mkdir -p "$work/tree/$(dirname "$1")"
	echo "$2" >"$work/tree/$1"
}
# expect_failure FILE TEXT: a tree with this file does not pass.
expect_failure()
{
	fill "$1" "$2"
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
for most in lib/num/a.c:600 tools/a.c:150 tests/tools/a.c:600; do
	file=${most%:*} lines=${most#*:}
	fill "$file" "$(yes '' | head -n $((lines - 1)); echo x)"
	check_tree "$work/tree" || exit 1
	expect_failure "$file" "$(yes '' | head -n "$lines"; echo x)"
done
