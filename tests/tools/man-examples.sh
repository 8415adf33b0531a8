#!/bin/sh
# man-examples.sh: every command that the manual pages, --help and README show is run as it is written, in one folder and in the
# order a reader meets them. Scaled down, and only this, by the programs of the folder `bin` below, which stand before the
# tools: at most 24 samples (-n), one epoch of training, and bounds (--below NAME=VALUE) with VALUE 100.
. "${srcdir:-.}/tests/init.sh"
SCIML_DATA=$abs_top_srcdir/data
export SCIML_DATA

mkdir bin
cat >bin/scaled <<'END'
#!/bin/sh
tool=${0##*/} previous=
for word; do
	shift
	case $previous/$word in
	-n/*) test "$word" -le 24 || word=24 ;;
	--below/*) word=${word%=*}=100 ;;
	esac
	previous=$word
	set -- "$@" "$word"
done
test "$tool" != sciml-train || set -- "$@" -s train.epochs=1
case "$tool $1" in sciml-train\ symbolic*) set -- "$@" -s objective.rounds=1 ;; esac
exec "$abs_top_builddir/tools/$tool" "$@"
END
chmod +x bin/scaled
for tool in gen train solve sample eval; do ln -s scaled bin/sciml-$tool; done
PATH=$PWD/bin:$PATH
export PATH abs_top_builddir

# blocks PAGE: its unfilled indented blocks as files block.1, block.2 ...
blocks()
{
	rm -f block.*
	awk '
	/^\.nf/ { unfilled = 1 }
	/^\.fi/ { unfilled = 0 }
	/^\.RS/ { if (unfilled) { n++; inside = 1 }; next }
	/^\.RE/ { inside = 0 }
	inside {
		gsub(/\\-/, "-")
		gsub(/\\\(aq/, "\047")
		gsub(/\\\(ti/, "~")
		gsub(/\\\(ha/, "^")
		gsub(/\\&/, "")
		gsub(/\\e/, "\\")
		print >("block." n)
	}' "$1"
}

# run_block FILE ORIGIN: a configuration whose first line is "# NAME.yaml" becomes that file; commands must end with status 0 and
# say nothing on standard error.
run_block()
{
	name=$(sed -n '1s/^# \([a-z]*\.yaml\)$/\1/p' "$1")
	if test -n "$name"; then
		cp "$1" "$name"
		return
	fi
	status=0
	sh -e "$1" >out 2>err || status=$?
	test $status -eq 0 && test ! -s err || fail "$2: status $status from: $(cat "$1")"
	count=$((count + 1))
}

count=0
for page in "$abs_top_srcdir"/man/sciml.7 "$abs_top_builddir"/man/sciml-experiment.5 \
	"$abs_top_builddir"/man/sciml-gen.1 "$abs_top_builddir"/man/sciml-train.1 "$abs_top_builddir"/man/sciml-solve.1 \
	"$abs_top_builddir"/man/sciml-sample.1 "$abs_top_builddir"/man/sciml-eval.1; do
	before=$count
	test -f "$page" || fail "$page is missing"
	blocks "$page"
	number=1
	while test -f block.$number; do
		run_block block.$number "${page##*/}"
		# what the examples of sciml-eval take for granted: tables of two models
		test ! -f pred.h5 || test -f unet.tsv || {
			sciml-eval pred.h5 burgers.h5:test >fno.tsv || fail 'no table'
			cp fno.tsv unet.tsv
		}
		number=$((number + 1))
	done
	test $count -gt $before || fail "${page##*/} shows no example"
done
awk '/^A tour/ { on = 1 } /^What it is built on/ { on = 0 } on && /^ +sciml-/' \
	"$abs_top_srcdir/README" >tour
test "$(wc -l <tour)" -ge 10 || fail 'README shows no tour'
# the right column of the last lines says what they do
sed 's|^  *||; s|   *[a-z].*||' tour >block.tour
run_block block.tour README
cmp -s all.h5 "$(sciml-gen burgers -n 24 -o one.h5 && echo one.h5)" || fail 'the joined parts are not the whole'
test "$count" -ge 20 || fail "only $count blocks of examples were found"
echo "$count blocks"
