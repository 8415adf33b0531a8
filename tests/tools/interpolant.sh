#!/bin/sh
# interpolant.sh: velocities between a base and data from the command line: flow, diffusion, backwards, reflow, distillation, flow
# between two data sets, shards, messages.
. "${srcdir:-.}/tests/init.sh"
SCIML_DATA=$abs_top_srcdir/data
export SCIML_DATA

run_status 0 sciml-sample mixture -s 'sample.means=[-2, 2]' -s sample.stds=0.3 -n 512 -o two.h5
small='-s model.width=24 -s model.depth=2 -s train.batch=64 -s train.lr=1e-2'
run_status 0 sciml-train rectified-flow two.h5 $small -s train.epochs=80 -o flow.h5
run_status 0 sciml-sample flow.h5 -n 512 --sampler rk4 --steps 20 -s sample.pairs=true -o pairs.h5
run_status 0 sciml-eval pairs.h5 two.h5 --metric w1 --below w1=0.45
# in one dimension the flow is monotone, and the cost of the straight way is all that there is: about (2 - 0.8)^2 and spreads
run_status 0 sciml-eval stat pairs.h5
awk -F '\t' '$1 == "cost" { exit !($6 < 3) }' out || fail "cost: $(cat out)"
run_status 0 sciml-train rectified-flow pairs.h5 $small -s train.epochs=10 -s data.target=x -s objective.base=paired \
	-s objective.start_from=flow.h5 -o again.h5
run_status 0 sciml-sample again.h5 -n 512 --sampler euler --steps 20 -s sample.pairs=true -o b.h5
sciml-eval -q stat pairs.h5 | awk -F '\t' '$1 == "straightness" { print $6 }' >before
sciml-eval -q stat b.h5 | awk -F '\t' '$1 == "straightness" { print $6 }' >after
awk 'NR == FNR { a = $1; next } { exit !($1 < a / 2) }' before after || fail "reflow: $(cat before) $(cat after)"
run_status 0 sciml-train rectified-flow pairs.h5 $small -s train.epochs=2 -s data.target=x -s objective.base=paired \
	-s objective.start_from=again.h5 -s objective.distil=1 -o one.h5
run_status 0 sciml-sample one.h5 -n 512 --sampler euler --steps 1 -o c.h5
run_status 0 sciml-eval c.h5 two.h5 --metric w1 --below w1=0.5
# back to the base, and forth again from there
run_status 0 sciml-sample flow.h5 two.h5 -n 100 --sampler rk4 --steps 40 -s sample.backward=true -o base.h5
sciml-eval -q stat base.h5 >out
awk -F '\t' '$1 == "x" { exit !($7 > 0.7 && $7 < 1.4) }' out || fail "backwards: $(cat out)"

# noise on the way, score, diffusion; threads and shards
run_status 0 sciml-train interpolant two.h5 $small -s train.epochs=80 -o noisy.h5
run_status 0 sciml-sample noisy.h5 -n 512 --steps 60 -s sample.epsilon=0.5 -o d.h5
run_status 0 sciml-eval d.h5 two.h5 --metric w1 --below w1=0.6
run_status 0 sciml-sample noisy.h5 -n 50 --steps 5 -s sample.epsilon=0.5 -s sample.batch=16 -j 1 -o d1.h5
run_status 0 sciml-sample noisy.h5 -n 50 --steps 5 -s sample.epsilon=0.5 -s sample.batch=16 -j 3 -o d3.h5
cmp d1.h5 d3.h5 || fail 'threads change the draws'
run_status 0 sciml-sample noisy.h5 -n 50 --steps 5 -s sample.epsilon=0.5 -s sample.batch=16 --shard 1/3 -o part.h5
run_status 0 sciml-eval part.h5 d1.h5:16-32 --metric mse --below mse=1e-300

# its velocity at points on the way, where the exact one is known: better than that of a network which has not learned
run_status 0 sciml-sample mixture-interpolant -s 'sample.means=[-2, 2]' -s sample.stds=0.3 -s sample.time=0.5 -n 200 -o points.h5
run_status 0 sciml-sample noisy.h5 points.h5 -s sample.task=estimate -o velocity.h5
run_status 0 sciml-eval velocity.h5 points.h5 --metric pinn_rel_l2 --below pinn_rel_l2=0.5
printf 'x,time\n1,0.5\n1,7\n' >late.csv
run_error 2 'sample 1: time 7 is outside [0, 1]' sciml-sample noisy.h5 late.csv -s sample.task=estimate -o late.h5
test ! -e late.h5 || fail 'an output in spite of the error'
run_error 2 'name one' sciml-sample noisy.h5 -s sample.task=estimate

# from one data set to another
awk 'BEGIN { print "x,start"; for (i = 0; i < 256; i++) printf "%g,%g\n", 3 + 0.1 * sin(i * i), -3 + 0.1 * sin(i * i + 1) }' >both.csv
run_status 0 sciml-train rectified-flow both.csv $small -s train.epochs=20 -s data.target=x -s objective.base=shuffled -o shift.h5
run_status 0 sciml-sample shift.h5 both.csv -n 64 --steps 10 -o e.h5
sciml-eval -q stat e.h5 >out
awk -F '\t' '$1 == "x" { exit !($6 > 2.7 && $6 < 3.3) }' out || fail "shifted: $(cat out)"

run_error 2 'the model has no score' sciml-sample flow.h5 -s sample.epsilon=1
run_error 2 'method rk4 has no noise' sciml-sample noisy.h5 -s sample.epsilon=1 --sampler rk4
run_error 2 "the model starts from field 'start'" sciml-sample shift.h5
run_error 2 'starts from data; name a data set' sciml-sample flow.h5 -s sample.backward=true
run_error 2 "no field 'start' of 1 elements" sciml-train rectified-flow two.h5 -s objective.base=paired
run_error 2 'path encoding needs noise' sciml-train rectified-flow two.h5 -s objective.path=encoding
run_error 2 'there is a score only from a Gaussian base' sciml-train rectified-flow both.csv -s objective.base=shuffled -s objective.score=true
exit 0
