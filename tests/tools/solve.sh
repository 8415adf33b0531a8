#!/bin/sh
# solve.sh: models on data: inputs without targets, other grids, roll-out and forward, marching a problem, data kept in
# memory or read each time.
. "${srcdir:-.}/tests/init.sh"

# check_shape FILE FIELD SHAPE: and every value finite.
check_shape()
{
	run_status 0 sciml-eval -q "$1"
	test_shape=$(awk -F '\t' -v f="$2" '$1 == f { print $3, $8 }' out)
	test "$test_shape" = "$3 0" || fail "$1: field $2 is '$test_shape' instead of '$3 0'"
}


small='-q -s model.layers=1 -s model.width=4 -s model.residual=true -s train.epochs=2 -s train.batch=4'

# A map on a file that has the input alone: the values are those where the target's name is known; the model takes other
# grids, and a file of arrays knows no period: both ends belong to it.
run_status 0 sciml-gen heat -n 6 -s problem.grid=32 -o heat.h5
run_status 0 sciml-train convnet heat.h5 $small -s 'data.input=[a]' -s 'data.target=[u]' \
	-s data.normalise_target=pixel -s data.normalise_input=pixel -o map.h5
for grid in 32 64
do
	run_status 0 sciml-sample grf -n 5 --seed 3 -s sample.grid=$grid -o field.h5
	run_status 0 sciml-eval convert --layout npy field.h5 -o a.npy
	run_status 0 sciml-solve map.h5 a.npy -o blind.h5
	check_shape blind.h5 prediction "($grid)"
	run_status 0 sciml-solve map.h5 a.npy -s 'data.target=[a]' -o named.h5
	run_status 0 sciml-eval convert --layout npy blind.h5 -o blind.npy
	run_status 0 sciml-eval convert --layout npy named.h5 -o named.npy
	check_same blind.npy named.npy
done

# A set to validate by may have another grid, and is judged on it: the error is that of the predictions. A model of one grid
# refuses it.
run_status 0 sciml-gen heat -n 6 -s problem.grid=64 -o finer.h5
run_status 0 sciml-train convnet heat.h5 --valid finer.h5 $small -s data.normalise_target=pixel --log log.tsv -o judged.h5
run_status 0 sciml-solve judged.h5 finer.h5 -o finer.p.h5
run_status 0 sciml-eval finer.p.h5 finer.h5 --metric rel_l2 --no-baselines
awk -F '\t' 'NR == FNR { valid = $4; next } $3 == "rel_l2" && $4 == "all" { d = $5 / valid - 1; n++ }
	END { exit !(n == 1 && d < 1e-5 && d > -1e-5) }' log.tsv out || fail "valid_rel_l2 $(tail -1 log.tsv), but $(cat out)"
run_error 2 'finer.h5: axis 0 has 64 points, model mlp works on the 32 it was trained on only' sciml-train mlp heat.h5 \
	--valid finer.h5 -q -s train.epochs=1 -o x.h5

# Trajectories: both methods copy the given frames and agree on the first predicted one, and on no later one; another grid.
run_status 0 sciml-gen advection-diffusion -n 6 -s problem.grid=16 -s problem.frames=5 -o flow.h5
run_status 0 sciml-train convnet flow.h5 $small -s data.history=2 -s data.normalise_target=channel -o step.h5
run_status 0 sciml-solve step.h5 flow.h5 -o rolled.h5
run_status 0 sciml-solve step.h5 flow.h5 --method forward -o forward.h5
check_shape rolled.h5 u '(6, 16)'
run_status 0 sciml-eval -q rolled.h5 forward.h5 --no-baselines --metric mse --by time --precise
test "$(awk -F '\t' '$4 ~ /^t=/ { printf "%d", $5 != 0 }' out)" = 0111 || fail 'frames where the methods differ'
run_status 0 sciml-gen advection-diffusion -n 3 -s problem.grid=32 -s problem.frames=5 -o fine.h5
run_status 0 sciml-solve step.h5 fine.h5 -o fine-rolled.h5
check_shape fine-rolled.h5 u '(6, 32)'

# The problem itself, from the initial frame of its own data: in single precision, as they are stored.
run_status 0 sciml-solve advection-diffusion flow.h5 -s problem.grid=16 -s problem.frames=5 -o marched.h5
run_status 0 sciml-eval -q marched.h5 flow.h5 --below rel_l2=1e-6
run_status 0 sciml-solve advection-diffusion flow.h5 -s problem.grid=16 -s problem.frames=5 \
	-s 'problem.param={nu: 6e-3}' -o other.h5
run_status 3 sciml-eval -q other.h5 flow.h5 --below rel_l2=1e-6

# Data read each time give the weights that data in memory give: every reduction, other frames.
for reduce in '' '-s data.reduce=2 -s data.reduce_time=2 -s data.history=2'
do
	for memory in 0 1e9
	do
		run_status 0 sciml-train convnet flow.h5 $small $reduce -s data.memory=$memory -o kept.h5
		run_status 0 sciml-solve kept.h5 flow.h5 -o kept-$memory.h5
		run_status 0 sciml-eval info kept-$memory.h5
		sed -n 's/^inputs:.* \(crc32=[0-9a-f]*\).*/\1/p' out >crc-$memory
		test -s crc-$memory || fail 'no checksum of the weights'
	done
	check_same crc-0 crc-1e9
done

# To rest from initial data: u_t = u_xx + 2 between ends at 0 ends as x (1 - x), whatever it began as.
cat >rest.yaml <<'END'
problem:
  name: rest
  equation: "u_t = u_xx + 2"
  domain: {x: [0, 1], t: [0, 10]}
  boundary: dirichlet
  initial: {u: "normal()*sin(pi*x)"}
  grid: 9
  frames: 100
END
run_status 0 sciml-gen rest.yaml -n 2 -s problem.frames=1 -s 'problem.domain.t=[0, 0.01]' -o begun.h5
run_status 0 sciml-solve rest.yaml begun.h5 --to-steady -o rested.h5
check_shape rested.h5 u '(9)'
h5dump -y -d /data/u rested.h5 | tr -d ' \n' | grep -q '0.234375,0.25,0.234375' || fail 'not at rest'
h5dump -d /sample/time rested.h5 | grep -q '(0): [1-5]' || fail 'no time of rest'
run_status 1 sciml-solve rest.yaml begun.h5 --to-steady -s 'problem.domain.t=[0, 0.5]' -o rested-not.h5
check_grep 'sample 0: not steady at t = 0.5, the end of domain.t: u changes by' err
test ! -e rested-not.h5 || fail 'a file of states that are not at rest'
run_status 2 sciml-solve burgers flow.h5 --to-steady -o rested-not.h5
check_grep 'problem burgers has no such march' err
run_status 2 sciml-solve step.h5 flow.h5 --to-steady -o rested-not.h5
check_grep 'is a model, not a problem' err
exit 0
