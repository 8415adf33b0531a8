#!/bin/sh
# factory.sh: what sciml-gen offers around a simulation: lists, devices and pipes as outputs, messages of texts.
. "${srcdir:-.}/tests/init.sh"

# Every problem with its equation, parameters and source; texts too.
run_status 0 sciml-gen --list
check_grep '^  burgers  *viscous' out
check_grep '^      equation: u_t = nu\*u_xx - u\*u_x$' out
check_grep '^      parameters: nu=0.01, T=1, ' out
check_grep '^      source: Li et al., Fourier Neural Operator' out
check_grep '^      equation: u_t = Du\*lap(u) - u\*v^2 + F\*(1 - u); v_t = ' out
check_grep '^      parameters: Du=2e-5, Dv=1e-5, F=0.04, k=0.06$' out
check_grep '^      source: Pearson, Science 261' out

# Devices and named pipes are written to, not replaced.
small="burgers -s problem.grid=32 -s problem.solve_grid=64 -s gen.block=8 -n 30"
run_status 0 sciml-gen $small -o /dev/null
test -c /dev/null || fail "/dev/null was replaced"
run_status 0 sciml-gen $small -o whole.h5
mkfifo pipe
sciml-gen $small -o pipe &
sciml-eval stat - --precise <pipe >piped.tsv || fail "reading the named pipe"
wait $! || fail "writing the named pipe"
test -p pipe || fail "the named pipe was replaced"
run_status 0 sciml-eval stat whole.h5 --precise
check_same out piped.tsv
run_error 2 'a pipe cannot be resumed' sciml-gen $small -o /dev/null --resume

# What is not finite is an error, wherever it came from: here from the source of a problem without time.
run_error 1 'sample 0: field u: value 0 is NaN' sciml-gen poisson -n 1 -s problem.coefficient.f="log(x - 0.5)" -o x.h5
run_error 1 "value 0, 1e+39, is too large for float32" sciml-gen burgers-text -n 1 -s problem.grid=8 \
	-s problem.initial.u=1e39 -o x.h5
run_error 2 "'1e308' is no level" sciml-gen heat -n 1 -s problem.grid=8 --noise 1e308 -o x.h5
test ! -e x.h5.part || fail "an unfinished file without samples"
# What was flushed before the failure is kept; resumed, it fails at the same sample.
later="poisson -n 6 --seed 2 -s gen.block=1 -s problem.param.c=uniform(-0.3,2) -s problem.coefficient.f=log(c) -o later.h5"
run_error 1 'sample 5: field u: value 0 is NaN' sciml-gen $later
test -e later.h5.part || fail "flushed samples are gone"
run_error 1 'sample 5: field u: value 0 is NaN' sciml-gen $later --resume
rm later.h5.part
run_status 0 sciml-gen spirals -s problem.missing=0.3 -n 3 -o lacks.h5

# A first step of the whole frame overflows here: it is rejected, not taken for an exact one.
run_status 0 sciml-gen kuramoto-sivashinsky -n 1 -s problem.frames=1 -o far.h5
run_status 0 sciml-eval stat far.h5
check_grep '^u	1	(2, 128)	.*	0$' out

# One clean line: file, line, place.
cat >bad.yaml <<'END'
problem:
  equation: "u_t = 0.1*v_xx"
END
run_error 2 "sciml-gen: bad.yaml:2: equation:1:11: unknown field 'v'" sciml-gen bad.yaml -o x.h5
for law in grf sines gaussians cosines; do
	run_error 2 "initial: $law makes functions of space" sciml-gen lorenz63-text -s problem.initial.x="$law()" -o x.h5
done
run_error 2 'problem.dt: equations with noise need' sciml-gen kdv -s 'problem.equation="u_t = dW"' -o x.h5

# Residuals: stored solutions solve what their file names; another parameter is seen; predictions carry the problem.
cat >front.yaml <<'END'
problem:
  name: front
  equation: "u_t = nu*u_xx - u*u_x"
  param: {nu: "uniform(0.05, 0.06)"}
  domain: {x: [0, 1], t: [0, 0.2]}
  initial: {u: "sines(2, kmax=2)"}
  grid: 64
  frames: 40
  rtol: 1e-9
gen: {samples: 12, real: float64}
END
run_status 0 sciml-gen front.yaml -o front.h5
run_status 0 sciml-eval residual front.h5 --below residual.worst=1e-3 --below residual=1e-4
check_grep '^prediction	u	residual	all	[0-9.e-]*	12	' out
run_status 0 sciml-eval residual front.h5:test --by sample --metric residual
check_lines out 4
run_status 0 sciml-eval residual front.h5:0,3 --by time --metric residual --plot residual.png
check_lines out 43
test -s residual.png || fail "no picture of residuals"
run_error 3 'is not below' sciml-eval residual front.h5 -s problem.param.nu=0.08 --below residual=0.1
run_status 0 sciml-train fno front.h5 -s train.epochs=1 -s model.width=4 -s model.modes=4 -s model.layers=1 -o fno.h5
run_status 0 sciml-solve fno.h5 front.h5:test -o prediction.h5
run_error 2 'param.nu is drawn for every sample' sciml-eval residual prediction.h5
run_status 0 sciml-eval residual prediction.h5 -p front.h5:test --above residual=0.2
run_error 2 'has 2 samples' sciml-eval residual front.h5 -p prediction.h5
run_error 2 "nothing in the problem's text uses 'zz'" sciml-eval residual front.h5 -s problem.param.zz=1
run_error 2 "is not one of time, sample" sciml-eval residual front.h5 --by band
run_error 2 'goes with residual' sciml-eval front.h5 -p kdv
# a named problem's file says its equation itself; the rough start is not resolved, the rest is
run_status 0 sciml-gen burgers -n 2 -s problem.frames=50 -s problem.nu=0.05 -s gen.real=float64 -o named.h5
run_status 0 sciml-eval residual named.h5 --below residual.t=0.5=1e-2
no_leftovers .
