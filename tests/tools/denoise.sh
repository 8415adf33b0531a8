#!/bin/sh
# denoise.sh: a generative model from the command line: training, kills, draws of every kind of method, shards, threads, conditions,
# guidance, thresholds, densities, estimates, pictures, messages.
. "${srcdir:-.}/tests/init.sh"
SCIML_DATA=$abs_top_srcdir/data
export SCIML_DATA

run_status 0 sciml-sample mixture -s 'sample.means=[-1, 1]' -s sample.stds=0.3 -n 400 -o line.h5
small='-s model.width=16 -s model.depth=2 -s train.batch=64 -s train.lr=1e-2'
run_status 0 sciml-train ddpm-mlp line.h5 $small -s train.epochs=12 -s data.normalise_target=channel -o m.h5 --log log.tsv
awk 'NR == 2 { first = $3 } END { exit !($3 < 0.8 * first) }' log.tsv || fail 'training does not lower the loss'
run_status 0 sciml-train ddpm-mlp line.h5 $small -s train.epochs=12 -s data.normalise_target=channel -j 3 -o again.h5
cmp m.h5 again.h5 || fail 'threads change the training'

# draws: threads, shards, picture
run_status 0 sciml-sample m.h5 -n 50 --sampler deis-tab2 --steps 8 -s sample.batch=16 -j 1 -o one.h5 --plot one.png
test -s one.png || fail 'no picture'
run_status 0 sciml-sample m.h5 -n 50 --sampler deis-tab2 --steps 8 -s sample.batch=16 -j 3 -o three.h5
cmp one.h5 three.h5 || fail 'threads change the draws'
for i in 0 1 2; do
	run_status 0 sciml-sample m.h5 -n 50 --sampler deis-tab2 --steps 8 -s sample.batch=16 --shard $i/3 -o part$i.h5
done
run_status 0 sciml-eval part1.h5 one.h5:16-32 --metric mse --below mse=1e-300
# more draws are those of fewer and others, with steps that adapt to a batch too
run_status 0 sciml-sample m.h5 -n 40 --sampler dpm-solver-23 -s sample.batch=32 -o many.h5
run_status 0 sciml-sample m.h5 -n 5 --sampler dpm-solver-23 -s sample.batch=32 -o few.h5
run_status 0 sciml-eval few.h5 many.h5:0-4 --metric mse --below mse=1e-300
# the mean and the deviation of two humps, of standard deviation sqrt(1 + 0.09)
run_status 0 sciml-sample m.h5 -n 2000 --sampler dpm-solver++2m --steps 20 -o many.h5
run_status 0 sciml-eval stat many.h5
awk -F '\t' '$1 == "x" { exit !($6 > -0.35 && $6 < 0.35 && $7 > 0.8 && $7 < 1.3) }' out || fail "draws: $(cat out)"
for method in ddim ddpm dpm-solver-fast dpm-solver-23 edm-heun euler f-pndm euler-maruyama sde-dpm-solver++2m; do
	run_status 0 sciml-sample m.h5 -n 3 --sampler $method --steps 9 -o a.h5
done
run_status 0 sciml-sample m.h5 -n 3 -s sample.threshold=0.99 -s sample.threshold_limit=2 -o a.h5

# the density is one: its integral over a line
awk 'BEGIN { print "x"; for (i = 0; i < 240; i++) print -6 + 0.05 * i }' >grid.csv
run_status 0 sciml-sample m.h5 grid.csv -s sample.task=density -o density.h5
run_status 0 sciml-eval convert density.h5 --layout npy -o density.npy
od -An -v -t f8 -w8 -j 128 density.npy | awk '{ s += 0.05 * exp($1) } END { exit !(s > 0.995 && s < 1.005) }' ||
	fail 'the density does not integrate to one'

# what the network says at given points and times
run_status 0 sciml-sample mixture -s 'sample.means=[-1, 1]' -s sample.stds=0.3 -n 20 -s sample.noised=true -o noised.h5
run_status 0 sciml-sample m.h5 noised.h5 -s sample.task=estimate -o estimate.h5
run_status 0 sciml-eval estimate.h5 noised.h5 --metric mse

# labels: which hump
awk 'BEGIN { print "x,label"; for (i = 0; i < 300; i++) print (i % 2 ? 1 : -1) + 0.1 * sin(i * i) "," i % 2 }' >labelled.csv
run_status 0 sciml-train ddpm-mlp labelled.csv $small -s train.epochs=30 -s data.target=x -s data.input=label -s objective.classes=2 \
	-o labelled.h5
run_status 0 sciml-sample labelled.h5 -n 40 -s sample.label=1 -s sample.guidance=2 -o ones.h5
run_status 0 sciml-eval stat ones.h5
awk -F '\t' '$1 == "x" { exit !($6 > 0.6) }' out || fail "label 1: $(cat out)"
run_status 0 sciml-sample labelled.h5 labelled.csv:0,2,4 -n 6 -o zeros.h5

# killed and resumed
run_status 75 sciml-train ddpm-mlp line.h5 $small -s train.epochs=300 -s train.checkpoint=0 -o r.h5 --time-limit 0.1
run_status 0 sciml-train ddpm-mlp line.h5 $small -s train.epochs=300 -s train.checkpoint=0 -o r.h5 --resume
run_status 0 sciml-train ddpm-mlp line.h5 $small -s train.epochs=300 -s train.checkpoint=0 -o whole.h5
cmp r.h5 whole.h5 || fail 'a resumed run is another'

run_status 0 sciml-sample grf -n 4 -s sample.grid=16 -o grf.h5
run_error 2 'model convnet is not told the time' sciml-train convnet grf.h5 -s objective=denoise
run_error 2 'sample.label: 2 is not a class' sciml-sample labelled.h5 -s sample.label=2
run_error 2 "method: no method 'ddin', did you mean 'ddim'" sciml-sample m.h5 --sampler ddin
run_error 2 'sample.task: density needs data' sciml-sample m.h5 -s sample.task=density
run_error 2 'a sampler takes no data' sciml-sample grf line.h5
run_error 2 "estimates need field 'x'" sciml-sample m.h5 density.h5 -s sample.task=estimate
run_error 2 'is not a label' sciml-train ddpm-mlp labelled.csv -s data.target=label -s data.input=x -s objective.classes=2
# a dry run shows what the file would say, the draws of a shard too
run_status 0 sciml-sample m.h5 -n 9 --shard 1/2 --dry-run
check_grep '^# shard 1/2: draws 4 to 8$' out
exit 0
