#!/bin/sh
# durable.sh: the same bytes for every thread count, shard split, kill and resume; one run at a time on one output.
. "${srcdir:-.}/tests/init.sh"

burgers="burgers -s problem.grid=64 -s problem.solve_grid=128 -s gen.block=16"

# Threads and shards.
run_status 0 sciml-gen $burgers -n 60 --seed 5 -j1 -o one.h5
run_status 0 sciml-gen $burgers -n 60 --seed 5 -j2 -o two.h5
check_same one.h5 two.h5
for i in 0 1 2; do
	run_status 0 sciml-gen $burgers -n 60 --seed 5 --shard $i/3 -o shard$i.h5
done
run_status 0 sciml-gen merge shard2.h5 shard0.h5 shard1.h5 -o merged.h5
check_same one.h5 merged.h5
run_error 2 'shard 1/3 is missing' sciml-gen merge shard0.h5 shard2.h5 -o bad.h5
run_error 2 'are the same shard 0/3' sciml-gen merge shard0.h5 shard0.h5 shard1.h5 shard2.h5 -o bad.h5
run_status 0 sciml-gen $burgers -n 60 --seed 6 --shard 1/3 -o other.h5
run_error 2 'different configurations' sciml-gen merge shard0.h5 other.h5 shard2.h5 -o bad.h5
run_error 2 'not a shard' sciml-gen merge one.h5 -o bad.h5
test ! -e bad.h5 || fail "a refused merge left its output"

# 1000 samples, killed ten times without a chance to clean up, then finished: the bytes of the uninterrupted run.
long="burgers -s problem.grid=64 -s problem.solve_grid=256 -s gen.block=8 -n 1000 --seed 2"
run_status 0 sciml-gen $long -o whole.h5
mkdir killed
kills=0
for delay in 0.05 0.31 0.12 0.22 0.4 0.17 0.27 0.09 0.35 0.15; do
	sciml-gen $long -o killed/whole.h5 --resume 2>err &
	pid=$!
	sleep $delay
	kill -KILL $pid 2>/dev/null && kills=$((kills + 1))
	wait $pid 2>/dev/null
	test ! -e killed/whole.h5 || break
done
test $kills -ge 3 || skip "the machine is too fast to kill the run"
run_status 0 sciml-gen $long -o killed/whole.h5 --resume
check_same whole.h5 killed/whole.h5

# A polite end: by the signal, nothing but the resumable part left; another configuration may not go on with it.
sciml-gen $long -o killed/term.h5 2>err &
pid=$!
wait_for killed/term.h5.part
kill -TERM $pid
wait $pid
test $? -eq 143 || fail "SIGTERM did not end sciml-gen by that signal"
test -e killed/term.h5.part || fail "no part file after SIGTERM"
test ! -e killed/term.h5 || fail "an unfinished file under its final name"
run_status 2 sciml-gen $long -s problem.nu=0.02 -o killed/term.h5 --resume
run_status 0 sciml-gen $long -o killed/term.h5 --resume
check_same whole.h5 killed/term.h5

# Two runs on one output: the second is told so and may come again.
sciml-gen $long -n 20000 -o locked.h5 2>err2 &
pid=$!
wait_for locked.h5.part
run_error 75 'locked.h5' sciml-gen $long -o locked.h5
kill -TERM $pid
wait $pid

# Training: killed in the middle and resumed equals uninterrupted; so do two threads. Roll-out, averages, L-BFGS too.
train_case()
{
	name=$1
	shift
	run_status 0 sciml-train "$@" -s train.checkpoint=0 -j1 -o whole-$name.h5
	rm -f part-$name.h5
	tries=0
	while test ! -e part-$name.h5; do
		tries=$((tries + 1))
		test $tries -lt 40 || fail "$name: never finished"
		sciml-train "$@" -s train.checkpoint=0 -j2 -o part-$name.h5 --resume 2>err &
		pid=$!
		if test $tries -lt 4; then
			for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
				sleep 0.1
				test ! -e part-$name.h5.ckpt || break
			done
			sleep 0.2
			kill -KILL $pid 2>/dev/null
		fi
		wait $pid 2>/dev/null
	done
	# killed between the file's appearance and the end of its checkpoint
	test ! -e part-$name.h5.ckpt ||
		run_status 0 sciml-train "$@" -s train.checkpoint=0 -o part-$name.h5 --resume
	check_same whole-$name.h5 part-$name.h5
	test ! -e part-$name.h5.ckpt || fail "$name: checkpoint left behind"
}
fno="-s model.width=8 -s model.modes=8 -s model.layers=2"
train_case adam fno one.h5 $fno -s train.epochs=40 -s train.ema=0.9 -s data.normalise_input=channel -s train.clip=1
train_case lbfgs fno one.h5 $fno -s train.epochs=12 -s optim=lbfgs -s train.batch=50
run_status 0 sciml-gen advection -s problem.grid=32 -s problem.frames=12 -n 24 -o adv.h5
train_case rollout unet adv.h5 -s model.width=4 -s model.levels=2 -s train.epochs=12 -s data.rollout=4 -s train.pushforward=2 \
	-s data.history=2

# SIGTERM in training: checkpoint, end by the signal, resume goes on to the same bytes.
sciml-train fno one.h5 $fno -s train.epochs=40 -s train.ema=0.9 -s data.normalise_input=channel -s train.clip=1 \
	-s train.checkpoint=0 -o polite.h5 2>err &
pid=$!
wait_for polite.h5.ckpt
kill -TERM $pid
wait $pid
test $? -eq 143 || fail "SIGTERM did not end sciml-train by that signal"
test -e polite.h5.ckpt || fail "no checkpoint after SIGTERM"
run_error 2 'the seed was 0, now it is 3' sciml-train fno one.h5 $fno -s train.epochs=40 -s train.ema=0.9 \
	-s data.normalise_input=channel -s train.clip=1 -s train.checkpoint=0 -o polite.h5 --seed 3 --resume
cp polite.h5.ckpt kept.ckpt
poison polite.h5.ckpt position/counts 1 || fail "poison"
run_error 1 'number 1 of position/counts' sciml-train fno one.h5 $fno -s train.epochs=40 -s train.ema=0.9 \
	-s data.normalise_input=channel -s train.clip=1 -s train.checkpoint=0 -o polite.h5 --resume
mv kept.ckpt polite.h5.ckpt
run_status 0 sciml-train fno one.h5 $fno -s train.epochs=40 -s train.ema=0.9 -s data.normalise_input=channel -s train.clip=1 \
	-s train.checkpoint=0 -o polite.h5 --resume
check_same whole-adam.h5 polite.h5

# Resuming what is finished does nothing; with other settings it is refused.
cp polite.h5 before.h5
run_status 0 sciml-train fno one.h5 $fno -s train.epochs=40 -s train.ema=0.9 -s data.normalise_input=channel -s train.clip=1 \
	-s train.checkpoint=0 -o polite.h5 --resume
check_same before.h5 polite.h5
run_error 2 'another configuration' sciml-train fno one.h5 $fno -s train.epochs=41 -o polite.h5 --resume
run_error 2 'the seed was 0, now it is 3' sciml-train fno one.h5 $fno -s train.epochs=40 -s train.ema=0.9 \
	-s data.normalise_input=channel -s train.clip=1 -s train.checkpoint=0 -o polite.h5 --seed 3 --resume
check_same before.h5 polite.h5

# SIGKILL leaves its hidden files, which nobody reads; nothing else may stay.
rm -f .part-*.h5.* .whole.h5.* killed/.whole.h5.* locked.h5.part .locked.h5.*
no_leftovers .
