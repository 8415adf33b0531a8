# init.sh: sourced by every shell test: a private folder that goes away, the built tools on PATH, and checks that say what
# they saw. The makefile sets srcdir, abs_top_srcdir and abs_top_builddir; a test run by hand from the source root works too.
# Exit status of a test: 0 passed, 1 failed, 77 skipped, 99 broken harness.
LC_ALL=C
OPENBLAS_NUM_THREADS=1
export LC_ALL OPENBLAS_NUM_THREADS
: "${abs_top_builddir:=$(pwd)}"
: "${abs_top_srcdir:=$(cd "${srcdir:-.}" && pwd)}"
: "${SCIML_SHARED:=$abs_top_srcdir/../shared}"
export SCIML_SHARED
SCIML_DATA=$abs_top_srcdir/data
export SCIML_DATA
: "${LSAN_OPTIONS:=suppressions=$abs_top_srcdir/tests/lsan.supp:print_suppressions=0}"
export LSAN_OPTIONS
PATH=$abs_top_builddir/tools:$abs_top_builddir/tests/tools:$PATH
export PATH
unset POSIXLY_CORRECT SCIML_TEST_CHILD

test_name=$(basename "$0" .sh)
test_folder=$(mktemp -d "${TMPDIR:-/tmp}/sciml-$test_name-XXXXXX") || exit 99
test_cleanup()
{
	test_status=$?
	trap '' HUP INT TERM
	cd / && chmod -R u+w "$test_folder" 2>/dev/null
	rm -rf "$test_folder"
	exit $test_status
}
trap test_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$test_folder" || exit 99

# fail MESSAGE: end the test; shows what the last run_status captured.
fail()
{
	echo "$test_name: FAILED: $*" >&2
	for test_file in out err; do
		if test -s $test_file; then
			echo "--- $test_file (first lines):" >&2
			head -n 20 $test_file | cut -c 1-300 >&2
		fi
	done
	exit 1
}

# skip MESSAGE: this machine cannot run the test.
skip()
{
	echo "$test_name: skipped: $*" >&2
	exit 77
}

# need_shared FILE: skip without that file of reference data.
need_shared()
{
	test -e "$SCIML_SHARED/$1" || skip "reference data $1 not found (set SCIML_SHARED)"
}

# run_status EXPECTED COMMAND...: run it, standard output to the file out, standard error to err, and compare the status.
run_status()
{
	test_expected=$1
	shift
	test_got=0
	"$@" >out 2>err || test_got=$?
	test $test_got -eq "$test_expected" || fail "status $test_got instead of $test_expected from: $*"
}

# run_error EXPECTED TEXT COMMAND...: as run_status, and TEXT must be in standard error, which has one line (two on
# status 2, the second of which says where the help is).
run_error()
{
	test_text=$2
	test_want=$1
	shift 2
	run_status "$test_want" "$@"
	if test "$test_want" -eq 2; then
		check_lines err 2
		tail -n 1 err | grep -q "^Try '.* --help'\.\$" || fail "no pointer to --help from: $*"
	else
		check_lines err 1
	fi
	grep -qF -e "$test_text" err || fail "'$test_text' not in the message of: $*"
}

# wait_for FILE: until it is there, for slow machines and slow builds; a minute at most.
wait_for()
{
	test_waited=0
	until test -e "$1"; do
		test_waited=$((test_waited + 1))
		test $test_waited -le 600 || fail "$1 does not appear"
		sleep 0.1
	done
}

# check_lines FILE N: the file has N lines, each ended by a newline.
check_lines()
{
	test_count=$(wc -l <"$1") || fail "$1 missing"
	test "$test_count" -eq "$2" || fail "$1 has $test_count lines instead of $2"
}

# check_grep PATTERN FILE: some line of the file matches the basic regular expression.
check_grep()
{
	grep -q -e "$1" "$2" || fail "no line of $2 matches '$1': $(head -c 300 "$2")"
}

# check_same FILE FILE: equal bytes.
check_same()
{
	cmp "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# no_leftovers FOLDER: no temporary file of the writers (.NAME.tmp, NAME.part, .NAME.lock) remains in it.
no_leftovers()
{
	test_left=$(find "$1" \( -name '.*.tmp*' -o -name '*.part' -o -name '.*.??????' \) -print | head -n 5)
	test -z "$test_left" || fail "left over: $test_left"
}
