#!/bin/sh
# cli.sh: what tool_main promises, on a tool without science: options, messages, statuses, signals, closed and full output.
. "${srcdir:-.}/tests/init.sh"
tool=tool_dummy

# Options of every type, spelled in every way.
run_status 0 $tool
check_lines err 0
check_grep '^fast=0 count=0 below=0 plot=-$' out
check_grep '^output=none seed=0 resume=0 dry_run=0 time_limit=0 shard=0/0$' out
run_status 0 $tool echo -fn3 --below=-1e-3 --plot p.png --field a --field=b -s x=1 --set y=2 -vj2 -o - --seed 9223372036854775807 \
	--resume --dry-run --time-limit 1h30m --shard 2/5 - -- -z
check_grep '^fast=1 count=3 below=-0.001' out
check_grep '^output=- seed=9223372036854775807 resume=1 dry_run=1 time_limit=5400 shard=2/5$' out
check_grep '^threads=2 level=2$' out
check_grep '^set=x=1$' out
check_grep '^set=y=2$' out
check_grep '^field=a$' out
check_grep '^field=b$' out
check_grep '^operand=-$' out
check_grep '^operand=-z$' out
# The recorded command: canonical, quoted, without what cannot change a result.
check_grep '^command=tool-dummy --fast -n 3 --below=-1e-3 --field=a --field=b -s x=1 -s y=2 --seed=9223372036854775807 -- echo - -z$' out
run_status 0 $tool echo "it's" '' 'a b'
check_grep "^command=tool-dummy echo 'it'\\\\''s' '' 'a b'\$" out
eval "set -- $(sed -n 's/^command=//p' out)"
test $# -eq 5 || fail "the recorded command has $# words"
test "$3" = "it's" || fail "quoting lost: $3"
cp out first
run_status 0 $tool -j3 -o x --resume -q echo "it's" '' 'a b'
sed -n 's/^command=//p' out >second.command
sed -n 's/^command=//p' first >first.command
check_same first.command second.command

# Wrong options: status 2, the message and where the help is.
run_error 2 "tool-dummy: unknown option '--ouput'; did you mean '--output'?" $tool --ouput x
run_error 2 "tool-dummy: unknown option '--xyzzyxy'" $tool --xyzzyxy
run_error 2 "tool-dummy: unknown option '--seeed'; did you mean '--seed'?" $tool --seeed=1
run_error 2 "tool-dummy: unknown option '-x'" $tool -fx
run_error 2 'tool-dummy: --count needs a value: --count=N' $tool --count
run_error 2 'tool-dummy: -n needs a value: -n N' $tool -fn
run_error 2 'tool-dummy: --fast takes no value' $tool --fast=1
run_error 2 "tool-dummy: --count: '3x' is not an integer" $tool --count=3x
run_error 2 "tool-dummy: -n: '' is not an integer" $tool -n ''
run_error 2 "tool-dummy: -n: ' 3' is not an integer" $tool -n ' 3'
run_error 2 "tool-dummy: --seed: '9223372036854775808' is not an integer" $tool --seed 9223372036854775808
run_error 2 'tool-dummy: --seed: -1 is negative' $tool --seed -1
run_error 2 'tool-dummy: -j: 0 is outside [1, 256]' $tool -j0
run_error 2 'tool-dummy: -j: 257 is outside [1, 256]' $tool --threads=257
run_error 2 "tool-dummy: --below: 'nan' is not a number" $tool --below nan
run_error 2 "tool-dummy: --time-limit: 'soon' is not a time" $tool --time-limit soon
run_error 2 "tool-dummy: --shard: '3/3' is not I/N with 0 <= I < N" $tool --shard 3/3
run_error 2 "tool-dummy: --shard: '1' is not I/N" $tool --shard 1
run_error 2 'tool-dummy: -o: FILE is empty' $tool -o ''

# A common option that would be ignored is not offered.
run_error 2 "unknown option '--shard'" sciml-train --shard 0/2 fno
run_error 2 "unknown option '--resume'" sciml-sample --resume grf
run_error 2 'a pipe cannot be resumed' sciml-gen burgers --time-limit 1s -o -
# Time is up: not done, and the same command may do later. Draws of a part are those of the whole.
run_error 75 'of 1000000 samples; --resume goes on' sciml-gen burgers -n 1000000 --time-limit 0.3 -o long.h5
rm long.h5.part
run_status 0 sciml-sample grf -n 7 -s sample.grid=16 -o whole.h5
run_status 0 sciml-sample grf -n 7 -s sample.grid=16 --shard 1/2 -o half.h5
if command -v h5dump >/dev/null; then
	h5dump -d /data/u -s 3,0 -c 4,16 whole.h5 | sed -n 's/^ *([0-9]*,/(/p' >last
	h5dump -d /data/u -s 0,0 -c 4,16 half.h5 | sed -n 's/^ *([0-9]*,/(/p' >part
	check_same last part
fi

# Every status, one line each (two on 2), whatever the quoted texts hold.
run_error 1 'tool-dummy: text: it failed' $tool fail
run_error 2 'tool-dummy: text: it is wrong' $tool usage
run_error 3 'tool-dummy: rel_l2 0.03 is not below 0.02' $tool bound
run_error 75 'tool-dummy: a.h5: another run works on it' $tool locked a.h5
run_error 1 'tool-dummy: failed' $tool nothing
newline='two
lines'
run_error 1 'tool-dummy: two lines: it failed' $tool fail "$newline"
run_error 1 'tool-dummy: ?[31mred: it failed' $tool fail "$(printf '\033[31mred')"

# Pages.
run_status 0 $tool --help
check_lines err 0
check_grep '^Usage: tool-dummy \[OPTION\]\.\.\. \[ENDING \[TEXT\]\]$' out
check_grep '^  -n, --count=N  *how many$' out
check_grep '^      --seed=N  *random seed' out
check_grep '^  tool-dummy -n 3 echo$' out
test -z "$(grep '.\{80\}' out)" || fail '--help is wider than 79 columns'
grep -q -e '--man\|--completion' out && fail 'build options are shown'
run_status 0 $tool --version
check_grep '^tool-dummy (sciml) [0-9]' out
check_grep 'HDF5 1\..*FFTW 3\..*OpenBLAS 0\.' out
check_grep 'GPL-3.0-or-later' out
run_status 0 $tool --list
check_grep '^echo	print what was understood$' out
run_status 0 $tool --describe echo
check_grep '^The ending echo\.$' out
run_error 2 "no ending is called 'sing'" $tool --describe sing
run_status 0 $tool --man
check_grep '^\.TH TOOL\\-DUMMY 1' out
check_grep '^\.SS echo$' out
if command -v groff >/dev/null; then
	groff -man -Tascii -ww out >page 2>warnings || fail 'groff refuses the page'
	test ! -s warnings || fail "groff warns: $(head -n 3 warnings)"
fi
run_status 0 $tool --completion
if command -v bash >/dev/null; then
	cat >complete.bash <<'END'
. ./out
COMP_WORDS=(tool-dummy "$1" "$2")
COMP_CWORD=2
_tool_dummy
printf '%s\n' "${COMPREPLY[@]}"
END
	bash complete.bash -f --thr >words 2>&1
	check_grep '^--threads$' words
	bash complete.bash -f ec >words 2>&1
	check_grep '^echo$' words
	bash complete.bash --describe fa >words 2>&1
	check_grep '^fail$' words
	: >some.file
	bash complete.bash -o some >words 2>&1
	check_grep '^some.file$' words
fi

# Standard output: full, closed, gone.
if test -w /dev/full; then
	for page in --help --version --list echo; do
		status=0
		$tool $page >/dev/full 2>err || status=$?
		test $status -eq 1 || fail "status $status on a full device ($page)"
		check_lines err 1
		check_grep '^tool-dummy: standard output: ' err
	done
fi
status=0
$tool >&- 2>err || status=$?
test $status -eq 1 || fail "status $status with closed standard output"
check_lines err 1
status=0
$tool flood 2>err | head -n 1 >/dev/null
check_lines err 0
$tool 2>&- >out || fail 'a closed standard error is no failure'
$tool <&- >out || fail 'a closed standard input is no failure'

# Signals. kill_with SIGNAL COMMAND...: start, wait until it is ready, send the signal, *status* is how it ended.
kill_with()
{
	signal=$1
	shift
	: >ready
	"$@" >ready 2>err &
	child=$!
	for try in 1 2 3 4 5 6 7 8 9 10; do
		for pause in 1 2 3 4 5; do
			test -s ready && break 2
			sleep 0.1
		done
	done
	test -s ready || fail "never ready: $*"
	kill -"$signal" $child
	status=0
	wait $child || status=$?
}
hang_up=HUP:129
! sh -c 'kill -HUP $$' 2>/dev/null || hang_up= # ignored, as under nohup
for pair in TERM:143 $hang_up XCPU:152; do
	kill_with ${pair%:*} $tool wait pending
	test $status -eq ${pair#*:} || fail "status $status after ${pair%:*}"
	test ! -e pending || fail "the pending file stays after ${pair%:*}"
	test ! -e saved || fail 'nobody was to save'
	check_lines err 0
	kill_with ${pair%:*} $tool hold pending
	test $status -eq ${pair#*:} || fail "status $status after ${pair%:*} while held"
	test -e saved || fail "held work did not save after ${pair%:*}"
	rm saved
	check_lines err 0
done
# A signal that was ignored at start stays ignored.
trap '' TERM
: >ready
$tool wait pending >ready 2>err &
child=$!
trap 'exit 143' TERM
until test -s ready; do sleep 0.1; done
kill -TERM $child
sleep 0.2
kill -0 $child 2>/dev/null || fail 'an ignored signal ended the tool'
kill -XCPU $child
status=0
wait $child || status=$?
test $status -eq 152 || fail "status $status after XCPU"
test ! -e pending || fail 'the pending file stays'
# The time limit lets work save and ends with status 0.
run_status 0 $tool hold pending --time-limit 0.2
test -e saved || fail 'the time limit did not save'
check_lines err 0
# Results never land in a file that was given the descriptor of a closed standard output.
rm saved
$tool hold pending --time-limit 0.1 >&- 2>err && fail 'closed standard output went unnoticed'
test -e saved || fail 'not saved'
test ! -s saved || fail 'results are in the data file'
# BLAS that does not know the processor chooses its kernels again at the start of every run, before there are threads; never
# against the user.
OPENBLAS_VERBOSE=2 sciml-gen burgers --dry-run 2>&1 >/dev/null | grep '^Core: ' >cores || :
if test "$(head -n 1 cores)" = 'Core: Prescott' && grep -qw avx2 /proc/cpuinfo; then
	check_lines cores 2
	OPENBLAS_CORETYPE=Prescott OPENBLAS_VERBOSE=2 sciml-gen burgers --dry-run 2>&1 >/dev/null | grep '^Core: ' >cores || :
	check_lines cores 1
fi
no_leftovers .
exit 0
