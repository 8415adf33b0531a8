#!/bin/sh
# pipes.sh: HDF5 images on pipes: bounded memory whatever the number of samples, several images back to back.
. "${srcdir:-.}/tests/init.sh"

small="burgers -s problem.grid=64 -s problem.solve_grid=64 -s gen.block=128"
train="fno - --online -s model.width=6 -s model.modes=6 -s model.layers=1 -s train.batch=64 -s train.online_reuse=1 -s train.reservoir=256"

# A sanitized build keeps freed memory for a while, which is not growth.
ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64:${ASAN_OPTIONS-}
export ASAN_OPTIONS

# through N: largest resident sets in kB of generator and trainer when N samples go through the pipe.
through()
{
	{ peak gen.peak sciml-gen $small -n "$1" -o - -j1 2>gen.err || echo bad >bad; } |
		peak train.peak sciml-train $train -j1 -o online.h5 2>train.err || fail "trainer: $(cat train.err)"
	test ! -e bad || fail "generator: $(cat gen.err)"
}
through 1500
first_gen=$(cat gen.peak) first_train=$(cat train.peak)
through 6000
echo "peaks in kB at 1500 and 6000 samples: generator $first_gen $(cat gen.peak), trainer $first_train $(cat train.peak)"
test "$(cat gen.peak)" -lt $((first_gen + 4096)) || fail "the generator grew"
test "$(cat train.peak)" -lt $((first_train + 4096)) || fail "the trainer grew"

# The same pipe twice gives the same model.
for k in 1 2; do
	sciml-gen $small -n 400 -o - -j$k | sciml-train $train -j$k -o same$k.h5 || fail "pipe $k"
done
check_same same1.h5 same2.h5

# Files and images back to back are one set.
run_status 0 sciml-gen $small -n 40 -o a.h5
run_status 0 sciml-gen $small -n 30 --seed 1 -o b.h5
cat a.h5 b.h5 | sciml-eval - >both.tsv 2>err || fail "eval of two images: $(cat err)"
cut -f 1-3 both.tsv | grep -q 70 || fail "not 70 samples: $(cat both.tsv)"
cat a.h5 b.h5 | sciml-train fno - -s model.width=4 -s model.modes=4 -s model.layers=1 -s train.epochs=1 -o piped.h5 2>err ||
	fail "train on two images: $(cat err)"

# What goes wrong on a pipe is told in one line.
run_error 1 'standard input is empty' sh -c 'sciml-eval - </dev/null'
run_error 1 'standard input' sh -c 'head -c 3000 a.h5 | sciml-eval -'
run_error 1 'standard input' sh -c 'echo hello | sciml-eval -'
run_error 1 'standard input is empty' sh -c 'sciml-train fno - --online -o x.h5 </dev/null'
test ! -e x.h5 || fail "a model out of nothing"
# head closes the pipe: the generator dies of SIGPIPE, quietly
sh -c "sciml-gen $small -n 5000 -o - 2>gen.err; echo \$? >gen.status" | head -c 100 >/dev/null
test "$(cat gen.status)" -eq 141 || fail "status $(cat gen.status) after SIGPIPE"
check_lines gen.err 0
if command -v script >/dev/null; then
	script -qec "sciml-gen $small -n 2 -o -" /dev/null </dev/null >tty.out 2>&1
	grep -q 'terminal' tty.out || fail "HDF5 written to a terminal: $(head -c 200 tty.out)"
fi
no_leftovers .
