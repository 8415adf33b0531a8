#!/bin/sh
# cnf.sh: continuous normalising flows from the command line: trained on points and on a table, drawn from, densities of draws and
# of a grid, threads, shards, messages.
. "${srcdir:-.}/tests/init.sh"
SCIML_DATA=$abs_top_srcdir/data
export SCIML_DATA

run_status 0 sciml-sample mixture -s 'sample.means=[[-1.5, 0], [1.5, 1]]' -s sample.stds=0.5 -n 512 -o two.h5
small='-s model.width=16 -s model.depth=2 -s train.batch=64 -s train.lr=1e-2 -s train.checkpoint=0'
run_status 0 sciml-train cnf two.h5:0-447 --valid two.h5:448-511 $small -s train.epochs=15 --log flow.log -o flow.h5
# a Gaussian with the moments of the data has 2.8 nats or more; evaluations of the field stand in the history
awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } END { exit !($c["valid_loss"] < 2.7 && $c["nfe"] >= 7) }' flow.log ||
	fail "$(cat flow.log)"

# and what the history calls loss is the mean of the densities
run_status 0 sciml-sample flow.h5 two.h5:448-511 -s sample.task=density -s sample.batch=64 -o valid.h5
run_status 0 sciml-eval stat valid.h5
awk -F '\t' 'NR == FNR { loss = $4; next } $1 == "log_density" { d = loss + $6; exit !(d < 1e-4 && d > -1e-4) }' flow.log out ||
	fail "$(tail -1 flow.log) and $(cat out)"
# the density that a draw has by the way forth is that which it has by the way back
run_status 0 sciml-sample flow.h5 -n 200 -s sample.densities=true -s sample.tolerance=1e-6 -o draws.h5
run_status 0 sciml-sample flow.h5 draws.h5 -s sample.task=density -s sample.tolerance=1e-6 -o back.h5
run_status 0 sciml-eval back.h5 draws.h5 --metric mae --below mae=1e-4
run_status 0 sciml-eval draws.h5 two.h5:0-199 --metric sliced_w2 --below sliced_w2=0.6
# estimated with many vectors of signs it is nearly the same
run_status 0 sciml-sample flow.h5 draws.h5 -s sample.task=density -s sample.probes=64 -o signs.h5
run_status 0 sciml-eval signs.h5 draws.h5 --metric mae --below mae=0.2

# densities of a grid add up to one
awk 'BEGIN { for (i = 0; i < 81; i++) for (j = 0; j < 81; j++) printf "%g,%g\n", -6 + 0.15 * i, -6 + 0.15 * j }' >grid.csv
run_status 0 sciml-sample flow.h5 grid.csv -s sample.task=density -s sample.log=false -s sample.tolerance=1e-6 -o grid.h5
run_status 0 sciml-eval stat grid.h5
awk -F '\t' '$1 == "density" { s = $6 * 81 * 81 * 0.15 * 0.15; exit !(s > 0.999 && s < 1.001) }' out || fail "the density does not add up to 1: $(cat out)"

run_status 0 sciml-sample flow.h5 -n 50 -s sample.batch=16 -j 1 -o one.h5
run_status 0 sciml-sample flow.h5 -n 50 -s sample.batch=16 -j 3 -o three.h5
cmp one.h5 three.h5 || fail 'threads change the draws'
run_status 0 sciml-sample flow.h5 -n 50 -s sample.batch=16 --shard 1/3 -o part.h5
run_status 0 sciml-eval part.h5 one.h5:16-32 --metric mse --below mse=1e-300
run_status 0 sciml-sample flow.h5 -n 5 -s sample.batch=16 -o few.h5
run_status 0 sciml-eval few.h5 one.h5:0-4 --metric mse --below mse=1e-300

# a table: three columns, random vectors for the trace; to the same bytes with three threads
awk 'BEGIN { for (i = 0; i < 128; i++) print sin(i * i), sin(i * i) + 0.2 * cos(7 * i), 5 + 2 * sin(3 * i) }' >table.dat
for j in 1 3; do
	run_status 0 sciml-train -j $j cnf table.dat $small -s train.epochs=3 -s objective.trace=rademacher -o table.h5
	mv table.h5 table$j.h5
done
cmp table1.h5 table3.h5 || fail 'threads change the training'
run_status 0 sciml-sample table1.h5 -n 20 -o rows.h5

# conditions: x is N(2 c, 0.25), whatever c; at 0.6 standard deviations from there log p is -0.4058
awk 'function u(i) { i = sin(12.9898 * i + 4.1) * 43758.5453; return i - int(i) < 0 ? 1 + i - int(i) : i - int(i) }
	BEGIN { print "c,x"; for (i = 1; i <= 2000; i++) { c = 2 * u(3 * i) - 1
		print c "," 2 * c + 0.5 * sqrt(-2 * log(1 - u(3 * i + 1))) * cos(6.283185307 * u(3 * i + 2)) } }' >given.csv
awk 'BEGIN { print "c,x"; for (i = 0; i < 200; i++) print -0.9 + 1.8 * i / 199 "," 2 * (-0.9 + 1.8 * i / 199) + 0.3 }' >ask.csv
run_status 0 sciml-train cnf given.csv $small -s data.target=[x] -s data.input=[c] -s train.epochs=25 -s train.batch=250 \
	-s objective.rtol=1e-3 -s objective.atol=1e-3 -o given.h5
run_status 0 sciml-sample given.h5 ask.csv -s sample.task=density -o ask.h5
run_status 0 sciml-eval stat ask.h5
awk -F '\t' '$1 == "log_density" { exit !($4 > -0.8 && $5 < -0.1 && $6 > -0.5 && $6 < -0.3) }' out || fail "densities: $(cat out)"
run_status 0 sciml-sample given.h5 ask.csv -n 2000 -o drawn.h5
run_status 0 sciml-eval stat drawn.h5
awk -F '\t' '$1 == "x" { exit !($6 > -0.1 && $6 < 0.1 && $7 > 1.1 && $7 < 1.2) }' out || fail "draws: $(cat out)"
run_error 2 'name one data set that has them' sciml-sample given.h5 -n 5 -o x.h5
run_error 2 "no field 'c'" sciml-sample given.h5 two.h5 -n 5 -o x.h5
run_status 0 sciml-gen heat -n 4 -s problem.grid=8 -o map.h5
run_error 2 'conditions of objective cnf are numbers' sciml-train cnf map.h5 $small -s data.target=[u] -s data.input=[a] -o x.h5

run_error 2 'objective cnf is applied by sciml-sample' sciml-solve flow.h5 two.h5 -o x.h5
run_error 2 'command line: sample.steps: unknown key' sciml-sample flow.h5 --steps 3 -o x.h5
printf '1 2\n3 nan\n' >nan.dat
run_error 1 'sciml-train: nan.dat: field x: sample 1: the value is NaN' sciml-train cnf nan.dat $small -o x.h5
run_error 2 'name it' sciml-sample flow.h5 -s sample.task=density
run_error 2 'without data' sciml-sample flow.h5 two.h5
run_error 2 'samples of 3 elements with 0 conditions, those of the model have 2 with 0' sciml-sample flow.h5 table.dat -s sample.task=density
run_error 2 'samples of 3 elements, those of training have 2' sciml-train cnf two.h5 --valid table.dat $small -o x.h5
exit 0
