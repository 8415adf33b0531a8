#!/bin/sh
# physics.sh: networks that learn from equations: the manual's example in full, what interruption leaves unchanged, windows,
# solving on grids, coefficients found from data, refusals.
. "${srcdir:-.}/tests/init.sh"

# The example of sciml-equation(5): its configuration, then its commands as they stand, bound and all.
awk '
/^\.SH AS THE LOSS/ { on = 1 }
/^\.SH PREFIX/ { on = 0 }
on && /^\.RS/ { n++; inside = 1; next }
/^\.RE/ { inside = 0 }
on && inside { gsub(/\\-/, "-"); print >("block." n) }' "$abs_top_srcdir/man/sciml-equation.5"
sed -n 1p block.1 | grep -q '^# film.yaml$' || fail "the manual's text is not where it was"
cp block.1 film.yaml
check_lines block.2 4
run_status 0 sh -e block.2

# Interrupted wherever the time was up, it ends with the same bytes: adaptive points, causal weights, balancing, periodic sides in
# the loss, windows; both kinds of optimisers with memory.
run_case()
{
	name=$1
	shift
	run_status 0 sciml-train pinn film.yaml "$@" -q -j1 -o whole-$name.h5
	rm -f part-$name.h5
	tries=0 status=75
	while test $status -eq 75; do
		tries=$((tries + 1))
		test $tries -lt 400 || fail "$name: never finished"
		status=0
		sciml-train pinn film.yaml "$@" -q -j2 -o part-$name.h5 --resume --time-limit 0.02s >out 2>err || status=$?
	done
	test $status -eq 0 || fail "$name: status $status"
	test $tries -gt 1 || echo "$name: too fast to be interrupted"
	check_same whole-$name.h5 part-$name.h5
	test ! -e part-$name.h5.ckpt || fail "$name: checkpoint left behind"
}
small="-s model.width=6 -s model.depth=2 -s objective.points=60 -s objective.initial=20 -s objective.side=10 -s objective.steps=20"
run_case broyden $small -s optim.adam=15 -s train.epochs=6 -s objective.adaptive=true -s objective.redraw=13 \
	-s objective.causal="[0.1, 1]" -s objective.causal_slabs=5 -s objective.causal_every=7 -s objective.sampling=sobol
run_case lbfgs $small -s optim="{name: lbfgs, adam: 0}" -s train.epochs=5 -s objective.balance=ntk -s objective.balance_every=9 \
	-s objective.hard="[]" -s objective.periodic=false
run_case windows $small -s optim=adam -s train.lr=1e-2 -s train.epochs=6 -s objective.windows=3 -s objective.hard="[]" \
	-s objective.balance=gradient -s objective.balance_every=10 -s objective.redraw=1 -s model.blocks=modified

# Causal weights: eps = 0 leaves every weight at 1, a huge one all but the first slab at 0.
for eps in "" 0 1e9; do
	run_status 0 sciml-train pinn film.yaml $small -s train.epochs=1 -s optim.adam=20 -s objective.causal="[$eps]" -q \
		--log causal$eps.tsv -o causal$eps.h5
done
awk -F '\t' 'FNR == 1 { f++; for (i = 1; i <= NF; i++) at[f, $i] = i; next }
	{ for (name in want) value[f, name] = $at[f, name] }
	BEGIN { want["train_loss"]; want["equation"]; want["causal_least"] }
	END { exit !(value[1, "train_loss"] == value[2, "train_loss"] && value[1, "equation"] == value[2, "equation"] &&
		value[2, "causal_least"] == 1 && value[3, "causal_least"] == 0 && value[3, "train_loss"] < value[1, "train_loss"] / 2) }' \
	causal.tsv causal0.tsv causal1e9.tsv || fail 'causal weights'

# On the problem's own grid, on another problem's, on that of data: the same function.
run_status 0 sciml-train pinn burgers-text $small -s problem.param.nu=0.1 -s problem.initial.u="sin(2*pi*x)" -s train.epochs=1 -q \
	-o net.h5
run_status 0 sciml-gen burgers-text -s problem.param.nu=0.1 -s problem.initial.u="sin(2*pi*x)" -n 1 -q -o data.h5
run_status 0 sciml-solve net.h5 -o own.h5
run_status 0 sciml-solve net.h5 burgers-text -o other.h5
run_status 0 sciml-solve net.h5 data.h5 -o grid.h5
run_status 0 sciml-eval own.h5 other.h5 --metric rel_l2 --below rel_l2=1e-6
run_status 0 sciml-eval own.h5 grid.h5 --metric rel_l2 --below rel_l2=1e-6
run_status 0 sciml-eval info net.h5
check_grep 'trained numbers' out
check_grep 'train_loss' out

# Second order in time with everything exact at the sides; windows in time, each from the end of the one before.
cat >wave.yaml <<'END'
problem:
  equation: "u_tt = u_xx"
  domain: {x: [0, 1], t: [0, 1]}
  boundary: {x: dirichlet}
  initial: {u: "sin(pi*x)"}
  grid: {x: 33}
  frames: 10
END
cat >reaction.yaml <<'END'
problem:
  equation: "u_t = 0.05*u_xx - u^3 + u"
  domain: {x: [-1, 1], t: [0, 2]}
  initial: {u: "0.5*sin(pi*x)"}
  grid: {x: 32}
  frames: 10
END
net="-s model.width=10 -s model.depth=2 -s objective.points=200 -s optim.adam=50 -s objective.steps=50"
run_status 0 sciml-gen wave.yaml -s problem.rtol=1e-8 -n 1 -q -o wave.h5
run_status 0 sciml-train pinn wave.yaml $net -s objective.hard="[initial, sides]" -s train.epochs=5 -q -o wavenet.h5
run_status 0 sciml-solve wavenet.h5 wave.h5 -o w.h5
run_status 0 sciml-eval w.h5 wave.h5 --metric rel_l2 --below rel_l2=1e-3
run_status 0 sciml-gen reaction.yaml -n 1 -q -o reaction.h5
run_status 0 sciml-train pinn reaction.yaml $net -s objective.hard="[]" -s objective.windows=2 -s train.epochs=10 \
	--valid reaction.h5 --log reaction.tsv -q -o reactionnet.h5
run_status 0 sciml-solve reactionnet.h5 reaction.h5 -o r.h5
run_status 0 sciml-eval r.h5 reaction.h5 --metric rel_l2 --below rel_l2=5e-3
# what the run said of the data while it ran is what is measured afterwards
awk -F '\t' 'NR == FNR { if ($3 == "rel_l2") after = $5; next } FNR > 1 { said = $4 }
	END { d = said / after - 1; exit !(d * d < 1e-8) }' out reaction.tsv || fail "valid_rel_l2 is not what sciml-eval finds"

# A diffusivity found from data, starting ten times too large.
cat >inverse.yaml <<'END'
problem:
  equation: "u_t = nu*u_xx"
  param: {nu: 1}
  domain: {x: [0, 1], t: [0, 1]}
  boundary: {x: dirichlet}
  initial: {u: "sin(pi*x)"}
  grid: {x: 33}
  frames: 10
END
run_status 0 sciml-gen inverse.yaml -s problem.param.nu=0.1 -n 1 -q -o heat.h5
run_status 0 sciml-train pinn inverse.yaml heat.h5 -s objective.learn="{nu: positive}" -s objective.points=200 \
	-s model.width=10 -s model.depth=2 -s objective.weight_initial=0 -s objective.hard="[]" -s optim.adam=100 \
	-s train.epochs=3 -q -o found.h5
run_status 0 sciml-eval info found.h5
awk '$1 == "nu" && NF == 2 { d = $2 / 0.1 - 1; found = d * d < 0.01 ^ 2 } END { exit !found }' out ||
	fail "nu is not within 1 % of 0.1"

# What cannot be is told.
run_error 2 'physics needs the equations as text' sciml-train pinn -o no.h5
run_error 2 'no shipped problem of this name' sciml-train pinn burgers-shok -o no.h5
run_error 2 'noise dW has no value' sciml-train pinn stochastic-allen-cahn -o no.h5
run_error 2 'random numbers go into param' sciml-train pinn kdv -s problem.initial.u="grf()" -o no.h5
run_error 2 "no parameter 'mu'" sciml-train pinn film.yaml -s objective.learn="{mu: real}" -o no.h5
run_error 2 'parameters are found from data' sciml-train pinn film.yaml -s objective.learn="{b: real}" -o no.h5
run_error 2 'neither initial nor sides' sciml-train pinn film.yaml -s objective.hard="[ends]" -o no.h5
run_error 2 'no coordinate' sciml-train pinn film.yaml -s objective.inputs="[y]" -o no.h5
run_error 2 '3 numbers for 2 equations' sciml-train pinn film.yaml -s objective.weight_equation="[1, 2, 3]" -o no.h5
run_error 2 "no number 'a'" sciml-solve whole-broyden.h5 heat.h5 -o no.h5
run_error 2 'keeps a matrix' sciml-train pinn film.yaml -s model.width=200 -o no.h5
test ! -e no.h5 || fail 'a refused run left its output'
no_leftovers .
