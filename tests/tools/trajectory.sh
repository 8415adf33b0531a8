#!/bin/sh
# trajectory.sh: neural differential equations from the command line: the shipped configurations learn something in a second, and
# their predictions are judged in the place of the data; threads change nothing; what does not fit is told.
. "${srcdir:-.}/tests/init.sh"

short="-s train.epochs=4 -s train.batch=16 -s train.checkpoint=0"

run_status 0 sciml-gen -q oscillator -n 40 -s gen.test=0.2 -s problem.points=12 -s problem.T=1 -o osc.h5
run_status 0 sciml-train -q neural-ode osc.h5 -o ode.h5 $short -s model.width=16 -s train.epochs=30 -s objective.until=8
run_status 0 sciml-solve -q ode.h5 osc.h5:test -o ode_p.h5
run_status 0 sciml-eval -q ode_p.h5 osc.h5:test --metric rel_l2 --below rel_l2=0.5
# the same by an implicit method, with gradients through its stages
run_status 0 sciml-train -q neural-ode osc.h5 -o stiff.h5 $short -s model.width=16 -s train.epochs=30 -s objective.until=8 \
	-s objective.method=kvaerno3 -s objective.adjoint=checkpoint
run_status 0 sciml-solve -q stiff.h5 osc.h5:test -o stiff_p.h5
run_status 0 sciml-eval -q stiff_p.h5 osc.h5:test --metric rel_l2 --below rel_l2=0.5

run_status 0 sciml-gen -q spirals -n 64 -s gen.test=0.5 -s problem.points=20 -s problem.missing=0.2 -o sp.h5
run_status 0 sciml-train -q neural-cde sp.h5 -o cde.h5 $short -s model.width=16 -s train.epochs=12 -s objective.time_channel=false
run_status 0 sciml-solve -q cde.h5 sp.h5:test -o cde_p.h5
run_status 0 sciml-eval -q cde_p.h5 sp.h5:test --metric accuracy --above accuracy=0.7

# log-signatures over windows of two turns: areas tell the direction, increments do not
run_status 0 sciml-gen -q spirals -n 128 -s gen.test=0.5 -s problem.points=101 --noise u=0.2 -o long.h5
rough="-s objective.path=log_signature -s objective.window=25 -s objective.dt=100 -s model.width=16 -s train.epochs=50 -s train.batch=16"
run_status 0 sciml-train -q neural-cde long.h5 -o rough.h5 $rough
run_status 0 sciml-solve -q rough.h5 long.h5:test -o rough_p.h5
run_status 0 sciml-eval -q rough_p.h5 long.h5:test --metric accuracy --above accuracy=0.9
run_status 0 sciml-train -q neural-cde long.h5 -o rough1.h5 $rough -s objective.order=1
run_status 0 sciml-solve -q rough1.h5 long.h5:test -o rough1_p.h5
run_status 3 sciml-eval -q rough1_p.h5 long.h5:test --metric accuracy --above accuracy=0.9

run_status 0 sciml-gen -q rotation -n 64 -s gen.test=0.25 -s problem.points=8 -o rot.h5
run_status 0 sciml-train -q -j 1 latent-ode rot.h5 -o a.h5 $short
mv a.h5 one.h5
run_status 0 sciml-train -q -j 3 latent-ode rot.h5 -o a.h5 $short
cmp a.h5 one.h5 || fail "other bytes with three threads"
run_status 0 sciml-solve -q a.h5 rot.h5:test -o lat_p.h5
run_status 0 sciml-eval -q lat_p.h5 rot.h5:test --metric rel_l2 --below rel_l2=2

# labels are vectors too: a classifier of them
run_status 0 sciml-train -q ernode sp.h5 -o cl.h5 $short -s objective.field=label -s objective.error=1
run_status 0 sciml-solve -q cl.h5 sp.h5:test -o cl_p.h5
run_status 0 sciml-eval -q cl_p.h5 sp.h5:test --metric accuracy --above accuracy=0.9

# a state at rest instead of a way: every method of solution finds the same; repetition alone does not find it for long
run_status 0 sciml-gen -q heat -n 60 -s problem.grid=16 -s gen.test=0.2 -s gen.real=float64 -o heat.h5
for method in anderson newton broyden; do
	run_status 0 sciml-train -q equilibrium heat.h5 -s objective.method=$method -s data.real=float64 -s objective.tolerance=1e-10 \
		-s train.epochs=40 -o rest_$method.h5
	run_status 0 sciml-solve -q rest_$method.h5 heat.h5:test -o rest_$method.p.h5
	run_status 0 sciml-eval -q rest_$method.p.h5 heat.h5:test --metric rel_l2 --below rel_l2=0.5
	run_status 0 sciml-eval -q rest_$method.p.h5 rest_anderson.p.h5 --metric rel_l2 --below rel_l2=1e-6
done
run_status 0 sciml-train -q -j 3 equilibrium heat.h5 $short -o a.h5
mv a.h5 one.h5
run_status 0 sciml-train -q -j 1 equilibrium heat.h5 $short -o a.h5
cmp a.h5 one.h5 || fail "other bytes with one thread"
run_error 1 'objective.method iterate: no equilibrium after 3 iterations' sciml-train -q equilibrium heat.h5 -o x.h5 \
	-s objective.method=iterate -s objective.max_iterations=3

# an energy instead of a vector field
run_status 0 sciml-gen -q pendulum -n 20 -s problem.T=1 -s problem.frames=8 -s problem.spread=1 -s gen.test=0.2 -o pen.h5
for energy in hamiltonian lagrangian; do
	run_status 0 sciml-train -q neural-ode pen.h5 -o ham.h5 $short -s model.name=$energy -s model.width=16 -s train.epochs=200 \
		-s train.lr=1e-2 -s objective.until=8
	run_status 0 sciml-solve -q ham.h5 pen.h5:test -o ham_p.h5
	run_status 0 sciml-eval -q ham_p.h5 pen.h5:test --metric rel_l2 --below rel_l2=0.5
done

# the known part of a law and a network for the rest: gravity is known, friction is not
run_status 0 sciml-gen -q pendulum -n 20 -s problem.T=1 -s problem.frames=8 -s problem.spread=1 -s problem.damping=1.5 \
	-s gen.test=0.2 -o rub.h5
cat >known.yaml <<'YAML'
model: {name: formula, inputs: [a, w], formulas: [w, -9.81*sin(a)]}
data: {real: float64}
objective: neural-ode
optim: adam
train: {epochs: 500, batch: 20, lr: 1e-2, checkpoint: 0}
YAML
run_status 0 sciml-train -q known.yaml rub.h5 -s train.epochs=1 -o known.h5
run_status 0 sciml-solve -q known.h5 rub.h5:test -o known_p.h5
run_status 3 sciml-eval -q known_p.h5 rub.h5:test --metric rel_l2 --below rel_l2=0.35
run_status 0 sciml-train -q known.yaml rub.h5 -s model.correction=12 -o both.h5
run_status 0 sciml-solve -q both.h5 rub.h5:test -o both_p.h5
run_status 0 sciml-eval -q both_p.h5 rub.h5:test --metric rel_l2 --below rel_l2=0.02

# a set to validate by has the samples of the training set: series of other lengths were written over memory
run_status 0 sciml-gen -q oscillator -n 8 -s problem.points=50 -s problem.T=1 -o longer.h5
run_error 2 'longer.h5: samples of shape (50, 2), those of osc.h5 have (12, 2)' sciml-train -q neural-ode osc.h5 \
	--valid longer.h5 -o x.h5
run_status 0 sciml-gen -q spirals -n 8 -s problem.points=200 -o sp_longer.h5
run_error 2 'sp_longer.h5: samples of shape' sciml-train -q neural-cde sp.h5 --valid sp_longer.h5 -o x.h5
cp osc.h5 poisoned.h5
poison poisoned.h5 data/u 3 || fail "poison"
run_error 1 'sciml-solve: poisoned.h5: field u: sample 3, time index 0: the value is NaN' sciml-solve -q ode.h5 poisoned.h5 -o x.h5
run_error 2 'data.input: objective neural-ode does not read it' sciml-train -q neural-ode osc.h5 -s data.input=[u] -o x.h5
run_error 2 'data.normalise_input: objective equilibrium does not' sciml-train -q equilibrium heat.h5 -o x.h5 \
	-s data.normalise_input=channel
run_error 2 "no field 'v'" sciml-train -q neural-ode osc.h5 -o x.h5 -s objective.field=v
run_error 2 'a model of time series is applied to data' sciml-solve -q ode.h5 -o x.h5
grep -q '^sciml-solve: a model' err || fail "named twice: $(cat err)"
run_error 2 "is implicit" sciml-train -q neural-ode osc.h5 -o x.h5 -s objective.method=kvaerno3 -s objective.adjoint=backsolve
run_error 2 "no error estimate" sciml-train -q neural-ode osc.h5 -o x.h5 -s objective.method=gl6
