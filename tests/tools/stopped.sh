#!/bin/sh
# stopped.sh: one SIGTERM, or the end of the time limit, ends sciml-gen in the midst of a sample that would take minutes, in
# every kind of time step; the unfinished sample is thrown away, and --resume makes the bytes of an uninterrupted run.
. "${srcdir:-.}/tests/init.sh"

cat >text.yaml <<'END'
problem: {name: text, equation: "u_t = 0.01*u_xx - u*u_x + 10*sin(100*t)*cos(2*pi*x)", initial: {u: 0}, rtol: 1e-10,
  domain: {x: [0, 1], t: [0, 10000]}, grid: 256, frames: 1, max_steps: 1000000000000}
END
cat >stiff.yaml <<'END'
problem: {name: stiff, equation: "u_t = 0.1*u_xx + sin(1000*t)*u", initial: {u: "cos(pi*x)"}, rtol: 1e-8, stepper: bdf,
  domain: {x: [0, 1], t: [0, 10000]}, boundary: neumann, grid: 257, frames: 1, max_steps: 1000000000}
END

# ended NAME PROBLEM...: killed in its first and only sample.
ended()
{
	name=$1
	shift
	sciml-gen "$@" -n 1 -o "$name.h5" 2>err &
	pid=$!
	wait_for "$name.h5.part"
	sleep 0.3
	kill -TERM $pid
	# a second or so of its own; far more than that on a busy machine, and far less than the sample
	(sleep 30 && kill -KILL $pid) 2>/dev/null &
	watch=$!
	wait $pid
	status=$?
	kill -KILL $watch
	wait $watch 2>/dev/null
	test $status -eq 143 || fail "$name: status $status after SIGTERM"
	test -e "$name.h5.part" || fail "$name: no part file"
	test ! -e "$name.h5" || fail "$name: an unfinished file under its final name"
	rm "$name.h5.part"
}
ended ode lorenz96 -s problem.n=1000 -s problem.T=100000 -s problem.frames=1
ended sde ou -s problem.method=euler-maruyama -s problem.steps=1000000 -s problem.frames=100000
ended adaptive text.yaml
ended dyadic text.yaml -s problem.stepper=etdrk4
ended equal text.yaml -s problem.dt=1e-4
ended stiff stiff.yaml
ended volume compressible -s problem.grid=1024 -s problem.T=1000
ended spectral navier-stokes -s problem.dt=1e-6
ended convected navier-stokes -s problem.dt=1e-6 -s problem.method=euler-cn
ended burgers burgers -s problem.T=10000
ended projection incompressible -s problem.T=10000

# The time limit too; and a block of many samples is left at once, its rest is not begun.
run_error 75 'time limit reached after 0 of 1 samples' sciml-gen burgers -s problem.T=10000 -n 1 --time-limit 1s -o limit.h5
test -e limit.h5.part || fail "no part file after the time limit"
many="compressible -s problem.grid=256 -s gen.block=16 -n 32 --seed 3"
run_status 0 sciml-gen $many -o whole.h5
stops=0
for delay in 0.15 0.4 0.25 0.1 0.3; do
	sciml-gen $many -o parts.h5 --resume 2>err &
	pid=$!
	sleep $delay
	kill -TERM $pid 2>/dev/null && stops=$((stops + 1))
	wait $pid 2>/dev/null
	test ! -e parts.h5 || break
done
test $stops -ge 2 || skip "the machine is too fast to stop the run"
run_status 0 sciml-gen $many -o parts.h5 --resume
check_same whole.h5 parts.h5
rm limit.h5.part
no_leftovers .
