#!/bin/sh
# man.sh: pages and completions: the merging of hand-written sections, and that every built page is clean roff.
. "${srcdir:-.}/tests/init.sh"
mkman=$abs_top_srcdir/build-aux/mkman.sh
dummy=$abs_top_builddir/tests/tools/tool_dummy

cat >extra.x <<'END'
.\" a comment
[DESCRIPTION]
What it is for.
[NOTES]
A note.
[SEE ALSO]
.BR more (1)
END
run_status 0 sh "$mkman" "$dummy" extra.x
cp out page.1
sed -n 's/^\.SH //p' page.1 | tr '\n' '/' >sections
test "$(cat sections)" = 'NAME/SYNOPSIS/DESCRIPTION/OPTIONS/NAMES/NOTES/EXIT STATUS/EXAMPLES/SEE ALSO/' ||
	fail "sections: $(cat sections)"
test "$(sed -n '/^\.SH DESCRIPTION/{n;p;}' page.1)" = 'What it is for.' || fail 'the description is missing'
test "$(tail -n 1 page.1)" = '.BR more (1)' || fail 'the last section was not continued'
run_status 1 sh "$mkman" "$dummy" absent.x
echo text >bad.x
run_status 1 sh "$mkman" "$dummy" bad.x

command -v groff >/dev/null || skip 'groff not found'
for page in page.1 "$abs_top_srcdir"/man/*.[157] "$abs_top_builddir"/man/*.[157]; do
	test -f "$page" || continue
	groff -man -Tutf8 -ww "$page" >formatted 2>warnings || fail "groff refuses $page"
	test ! -s warnings || fail "groff warns: $(head -n 3 warnings)"
	sed 's/.\x08//g; s/\x1b\[[0-9;]*m//g' formatted >plain
	check_grep '^NAME' plain
	check_grep '^DESCRIPTION' plain
done
exit 0
