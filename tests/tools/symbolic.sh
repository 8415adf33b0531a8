#!/bin/sh
# symbolic.sh: laws found as expressions, from a trained neural ODE, from trajectories alone and from a table; the text on standard
# output is a problem or a model that the tools take; threads and interruptions change nothing; what does not fit is told.
. "${srcdir:-.}/tests/init.sh"

small="-s objective.populations=10 -s objective.cycles=20 -s train.checkpoint=0"
run_status 0 sciml-gen -q oscillator -n 32 -s problem.points=60 -o osc.h5
run_status 0 sciml-gen -q oscillator -n 8 --seed 9 -o new.h5

# from differences: dense frames give the law to the last digit of its numbers
run_status 0 sciml-train -q -j 1 symbolic-ode osc.h5 $small -s train.epochs=40 -o law.h5
mv out law.yaml
grep -q 'u0_t = u1/(\(u1 + 1\|1 + u1\))' law.yaml && grep -q 'u1_t = -(u0/(\(u0 + 1\|1 + u0\)))' law.yaml ||
	fail "another law: $(cat law.yaml)"
awk -F '\t' '$1 == "# u0" { n++; if (n > 1 && !($3 < last)) exit 1; last = $3 } END { exit n < 3 }' law.yaml ||
	fail "the front does not fall: $(cat law.yaml)"
run_status 0 sciml-solve -q law.h5 new.h5 -o law_p.h5
run_status 0 sciml-eval -q law_p.h5 new.h5 --metric mse --below mse=1e-9
run_status 0 sciml-eval info law.h5
grep -q 'u0_t = u1/' out || fail "info does not tell the law"
# the text is a problem
run_status 0 sciml-gen -q law.yaml -n 2 -o again.h5
run_status 0 sciml-eval info again.h5
grep -q 'u1 .*60' out || fail "not the times of the data: $(cat out)"

# the same bytes with three threads, and after an interruption
mv law.h5 one.h5
run_status 0 sciml-train -q -j 3 symbolic-ode osc.h5 $small -s train.epochs=40 -o law.h5
cmp law.h5 one.h5 || fail "other bytes with three threads"
rm law.h5
run_status 75 sciml-train -q symbolic-ode osc.h5 $small -s train.epochs=40 -o law.h5 --time-limit 0.2s
run_status 0 sciml-train -q symbolic-ode osc.h5 $small -s train.epochs=40 -o law.h5 --resume
cmp law.h5 one.h5 || fail "other bytes after an interruption"

# from the vector field of a trained model: one of the right form with numbers to be learnt, which comes out right
cat >own.yaml <<'YAML'
model: {name: formula, formulas: ["p*x1/(q + x1)", "r*x0/(s + x0)"], constants: {p: 0.8, q: 1.2, r: -0.8, s: 1.2}}
data: {real: float64}
objective: {name: neural-ode, rtol: 1e-6, atol: 1e-9}
optim: adam
train: {epochs: 1500, batch: 32, lr: 1e-2, checkpoint: 0}
YAML
run_status 0 sciml-train -q own.yaml osc.h5 -o ode.h5
run_status 0 sciml-train -q symbolic-ode osc.h5 $small -s train.epochs=10 -s objective.model=ode.h5 -o taught.h5
run_status 0 sciml-solve -q taught.h5 new.h5 -o taught_p.h5
run_status 0 sciml-eval -q taught_p.h5 new.h5 --metric mse --below mse=1e-9

# a table; the model is applied like any other, and its text goes into a configuration
awk 'BEGIN { print "a,b,y"; for (i = 0; i < 200; i++) { a = (i * 37 % 200) / 100 - 1; b = 0.5 + (i * 71 % 200) / 100
	printf "%.17g,%.17g,%.17g\n", a, b, a * a / b - 1.5 * a + 0.25 } }' >t.csv
columns="-s data.input=[a,b] -s data.target=y"
run_status 0 sciml-train -q symbolic t.csv $columns -s objective.populations=30 -o t.h5
mv out t.yaml
grep -q '^    - "' t.yaml || fail "no formula: $(cat t.yaml)"
run_status 0 sciml-solve -q t.h5 t.csv -o t_p.h5
run_status 0 sciml-eval -q t_p.h5 t.csv --metric rel_l2 --below rel_l2=1e-5

# a formula of one's own, with numbers to be learnt
run_status 0 sciml-train -q formula t.csv $columns -o own.h5 -s 'model.formulas=[p*a^2/b + q*a + r]' -s 'model.inputs=[a, b]' \
	-s 'model.constants={p: 0.5, q: 0, r: 0}' -s objective=mse -s train.lr=0.05 -s train.epochs=400 -s train.batch=200
run_status 0 sciml-solve -q own.h5 t.csv -o own_p.h5
run_status 0 sciml-eval -q own_p.h5 t.csv --metric rel_l2 --below rel_l2=0.05

run_error 2 'needs model formula' sciml-train -q symbolic-ode osc.h5 -o x.h5 -s model.name=vector-field
run_error 2 'needs model formula' sciml-train -q symbolic-ode osc.h5 -o x.h5 -s 'model.formulas=[x0, x1]'
run_error 2 'for symbolic-ode' sciml-train -q symbolic osc.h5 -o x.h5
run_error 2 "no operator 'plus'" sciml-train -q symbolic-ode osc.h5 -o x.h5 -s 'objective.operators=[plus]'
run_error 2 'objective.model' sciml-train -q symbolic-ode osc.h5 -o x.h5 -s objective.model=t.h5
run_error 1 'objective.model' sciml-train -q symbolic-ode osc.h5 -o x.h5 -s objective.model=none.h5
run_error 2 'model formula: there is nothing in it to train' sciml-train -q formula t.csv $columns -o x.h5
run_error 2 'objective.model: own.h5: is of objective mse, a neural-ode is needed' sciml-train -q symbolic-ode osc.h5 -o x.h5 \
	-s objective.model=own.h5
run_error 2 'objective.rounds: 4, the training has 1 steps' sciml-train -q symbolic-ode osc.h5 -o x.h5 -s objective.rounds=4 \
	-s train.epochs=1
run_error 2 'model.formulas:1:' sciml-train -q formula t.csv $columns -o x.h5 -s 'model.formulas=[p*]'
run_error 2 'model.formulas, number 2:1:1' sciml-train -q formula osc.h5 -o x.h5 -s 'model.formulas=[x0, y]'
run_error 2 'model.constants: is no map' sciml-train -q formula osc.h5 -o x.h5 -s 'model.formulas=[x0, x1]' -s model.constants=3
run_error 2 'model.constants: c is no number' sciml-train -q formula osc.h5 -o x.h5 -s 'model.formulas=[x0, x1]' -s 'model.constants={c: d}'
