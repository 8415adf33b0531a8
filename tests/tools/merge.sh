#!/bin/sh
# merge.sh: shards of sciml-sample, in any order, give the bytes of the run in one piece; what does not fit together is
# refused. (Shards of sciml-gen: durable.sh, measure.sh, given.sh.)
. "${srcdir:-.}/tests/init.sh"

# joined NAME ARGUMENT...: three shards, last first.
joined()
{
	name=$1
	shift
	run_status 0 sciml-sample "$@" -o whole.h5
	for i in 0 1 2; do
		run_status 0 sciml-sample "$@" --shard $i/3 -o $name$i.h5
	done
	run_status 0 sciml-sample merge ${name}2.h5 ${name}0.h5 ${name}1.h5 -o $name.h5
	check_same whole.h5 $name.h5
}
joined grf grf -n 200 --seed 4 -s sample.dims=2 -s sample.grid=8
joined path sde-path -n 70 --seed 2
joined diffusion diffusion -n 50 -s sample.steps=5
joined mcmc mcmc -n 7 -s 'sample.potential=x^2/2 + (y - x^2)^2' -s 'sample.variables=[x, y]'
run_status 0 sciml-train ddpm grf.h5 -s train.epochs=1 -o model.h5
joined model model.h5 -n 20 --sampler ddim --steps 3 -s sample.batch=4

# Either tool joins either kind.
run_status 0 sciml-gen merge grf0.h5 grf1.h5 grf2.h5 -o again.h5
check_same grf.h5 again.h5

run_error 2 'shard 1/3 is missing' sciml-sample merge grf0.h5 grf2.h5 -o bad.h5
run_error 2 'different configurations' sciml-sample merge grf0.h5 path1.h5 grf2.h5 -o bad.h5
run_error 2 'not a shard' sciml-sample merge grf.h5 grf0.h5 -o bad.h5
run_error 2 'without options of their making' sciml-sample merge grf0.h5 grf1.h5 grf2.h5 -n 3 -o bad.h5
run_error 2 'give -o FILE' sciml-sample merge grf0.h5 grf1.h5 grf2.h5
run_status 0 sciml-gen burgers -n 9 -s problem.grid=32 -s problem.solve_grid=32 --shard 1/3 -o gen1.h5
run_error 2 'different configurations' sciml-sample merge grf0.h5 gen1.h5 grf2.h5 -o bad.h5
test ! -e bad.h5 || fail "a refused merge left its output"
