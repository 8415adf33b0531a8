#!/bin/sh
# damage.sh: a byte of a model, a checkpoint or a data set in the making is changed, at many places in turn: the run that reads
# it ends with status 1 and one line, or the damage was where nothing depends on it and the result has the same bytes.
. "${srcdir:-.}/tests/init.sh"

# Sanitizers: on its way through a damaged file HDF5 reads over its buffers' ends, asks for too much and leaks.
echo interceptor_via_lib:libhdf5 >asan.supp
ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0:suppressions=$test_folder/asan.supp:${ASAN_OPTIONS-}
export ASAN_OPTIONS

# flip FILE OFFSET MASK: change the bits of the mask in one byte.
flip()
{
	flip_byte=$(od -An -tu1 -j "$2" -N 1 "$1") || fail "od"
	printf "\\$(printf %03o $((flip_byte ^ $3)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null || fail "dd"
}

# unread OFFSET RESULT: NAME.part becomes NAME: a byte that nobody reads may stay in it, and nothing else.
unread()
{
	test "$(cmp -l "$2" "$2.good" | awk '{ print $1 - 1 }')" = "$1" && sciml-eval check "$2" >check &&
		sciml-eval info "$2" >is && cp "$2.good" "$2" && sciml-eval info "$2" | cmp - is
}

# damaged NAME PLACES RESULT GOOD COMMAND...: GOOD is the file NAME as it should be; RESULT must come out as RESULT.good.
damaged()
{
	name=$1 places=$2 result=$3 good=$4
	shift 4
	size=$(wc -c <"$good")
	refused=0
	at=0
	while test $at -lt "$places"; do
		case $((at % 4)) in 0) mask=1 ;; 1) mask=16 ;; 2) mask=128 ;; *) mask=255 ;; esac
		rm -f "$result"
		cp "$good" "$name"
		flip "$name" $((at * size / places)) $mask
		status=0
		"$@" >out 2>err || status=$?
		where="byte $((at * size / places)) of $name ^ $mask"
		case $status in
		0)
			cmp -s "$result" "$result.good" || {
				test "$name" = "$result.part" && unread $((at * size / places)) "$result"
			} || fail "$where: another result"
			;;
		1)
			check_lines err 1
			grep -qF "${name%.part}" err || fail "$where: the message does not name the file"
			test ! -e "$result" || fail "$where: refused, and $result is there"
			refused=$((refused + 1))
			;;
		*) fail "$where: status $status" ;;
		esac
		at=$((at + 1))
	done
	test $refused -ge $((places / 5)) || fail "$name: only $refused of $places changes refused"
}

gen="burgers -s problem.grid=32 -s problem.solve_grid=64 -s gen.block=2 -n 6"
run_status 0 sciml-gen $gen -o data.h5
train="fno data.h5 -q -s model.width=2 -s model.modes=3 -s model.layers=1 -s train.epochs=8 -s train.checkpoint=0"
train="$train -s train.ema=0.9 -o model.h5"
run_status 0 sciml-train $train
mv model.h5 model.h5.good
run_status 75 sciml-train $train --time-limit 0.001
mv model.h5.ckpt ckpt.good
cp model.h5.good model.h5
run_status 0 sciml-solve model.h5 data.h5 -o pred.h5
mv pred.h5 pred.h5.good
run_status 0 sciml-eval check model.h5 ckpt.good data.h5
check_lines out 1

damaged model.h5 120 pred.h5 model.h5.good sciml-solve model.h5 data.h5 -o pred.h5
rm model.h5
damaged model.h5.ckpt 120 model.h5 ckpt.good sciml-train $train --resume

# A limit that leaves some samples to be made.
gen="burgers -q -s problem.grid=32 -s problem.solve_grid=1024 -s gen.block=2 -n 12"
run_status 0 sciml-gen $gen -o set.h5
mv set.h5 set.h5.good
for limit in 0.02 0.04 0.06 0.08 0.1 0.15 0.2 0.3 0.4 0.6 0.8; do
	sciml-gen $gen -o set.h5 --time-limit $limit 2>err || grep -q 'after 0 of' err || break
done
test -e set.h5.part || skip "no time limit stops the run between two samples"
mv set.h5.part part.good
rm -f set.h5
damaged set.h5.part 60 set.h5 part.good sciml-gen $gen -o set.h5 --resume

# Which object it is stands in the message, and check and info tell it too.
at=$(grep -aboF -m 1 lr_multiplier model.h5.good | head -n 1 | cut -d: -f1)
cp model.h5.good model.h5
flip model.h5 "$at" 1
for reader in "solve model.h5 data.h5" "eval info model.h5" "eval model.h5"; do
	run_error 1 'model.h5: /param/' sciml-$reader
done
run_status 1 sciml-eval check model.h5
check_grep 'checksum.*model.h5: /param/.* is damaged' out
