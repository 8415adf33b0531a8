#!/bin/sh
# given.sh: initial states and coefficients from data sets, on the same grid and on others; white noise; states drawn as formulas
# with random parameters; published settings that need them.
. "${srcdir:-.}/tests/init.sh"
tab=$(printf '\t')

# Band-limited states on 32 points, and where they are after a while on 96.
cat >first.yaml <<'END'
problem:
  equation: "u_t = 0.01*u_xx"
  domain: {x: [0, 2], t: [0, 1]}
  initial: {u: "sines(3, kmax=5)"}
  grid: 32
  solve_grid: 96
  frames: 4
  rtol: 1e-10
gen: {samples: 9, real: float64, test: 0.4}
END
run_status 0 sciml-gen first.yaml -o first.h5
cat >next.yaml <<'END'
problem:
  equation: "u_t = 0.01*u_xx"
  domain: {x: [0, 2], t: [0, 1]}
  initial: {u: {file: first.h5, frame: 0}}
  grid: 32
  solve_grid: 48
  frames: 4
  rtol: 1e-10
gen: {samples: 9, real: float64}
END
run_status 0 sciml-gen next.yaml -j1 -o next.h5
run_status 0 sciml-eval next.h5 first.h5 --metric rel_l2 --below rel_l2.worst=1e-9 --no-baselines
run_status 0 sciml-gen next.yaml -j2 -o again.h5
check_same next.h5 again.h5
for i in 0 1; do run_status 0 sciml-gen next.yaml --shard $i/2 -o shard$i.h5; done
run_status 0 sciml-gen merge shard0.h5 shard1.h5 -o merged.h5
check_same next.h5 merged.h5
# what was read is named
run_status 0 sciml-eval info next.h5
check_grep '^inputs: native 9 samples' out
# on a finer grid: the Fourier series of the coarse one
run_status 0 sciml-gen first.yaml -s problem.grid=96 -o fine.h5
run_status 0 sciml-gen next.yaml -s problem.grid=96 -s problem.solve_grid=96 -o finer.h5
run_status 0 sciml-eval finer.h5 fine.h5 --metric rel_l2 --below rel_l2.worst=1e-9 --no-baselines
# its last frame by number, a split of it, samples one after another
run_status 0 sciml-gen next.yaml -n 4 -s 'problem.initial.u={file: "first.h5:test", frame: -1, repeat: true}' -o turn.h5
run_status 0 sciml-eval turn.h5:0 turn.h5:3 --metric mse --below mse=1e-300 --no-baselines
run_error 2 'first.h5:test has 3 samples' sciml-gen next.yaml -n 4 -s 'problem.initial.u.file="first.h5:test"' -o x.h5
run_error 2 'next.yaml:4: initial.u: none.h5: no such file' sh -c 'sed s/first.h5/none.h5/ next.yaml >x.yaml
	mv x.yaml next.yaml; sciml-gen next.yaml -o x.h5'
run_error 2 "there is no key 'fram' here; did you mean 'frame'?" sciml-gen next.yaml -s problem.initial.u.fram=1 -o x.h5
run_error 2 'frame 7 of 5' sciml-gen next.yaml -s 'problem.initial.u={file: first.h5, frame: 7}' -o x.h5
run_error 2 "no field 'w'" sciml-gen next.yaml -s 'problem.initial.u={file: first.h5, field: w}' -o x.h5
run_error 2 'axis x goes from 0 to 2, the domain from 0 to 1' \
	sciml-gen next.yaml -s 'problem.initial.u={file: first.h5}' -s 'problem.domain.x=[0, 1]' -o x.h5

# With sides: polynomials between the points, or straight lines; and a coefficient that a formula goes on with.
cat >sides.yaml <<'END'
problem:
  equation: "u_t = 0.01*u_xx"
  domain: {x: [0, 1], t: [0, 0.1]}
  boundary: neumann
  initial: {u: "cos(pi*x) + 0.3*cos(3*pi*x)"}
  grid: 65
  frames: 1
gen: {samples: 2, real: float64}
END
run_status 0 sciml-gen sides.yaml -o sides.h5
run_status 0 sciml-gen sides.yaml -s problem.grid=129 -o fine.h5
run_status 0 sciml-gen sides.yaml -s problem.grid=129 -s 'problem.initial.u={file: sides.h5}' -o smooth.h5
run_status 0 sciml-eval smooth.h5 fine.h5 --metric rel_l2 --below rel_l2.worst=1e-5 --no-baselines
run_status 0 sciml-gen sides.yaml -s problem.grid=129 -s 'problem.initial.u={file: sides.h5, smooth: false}' -o linear.h5
run_status 0 sciml-eval linear.h5 fine.h5 --metric rel_l2 --above rel_l2=2e-5 --below rel_l2.worst=1e-2 --no-baselines
run_status 0 sciml-gen sides.yaml -s 'problem.coefficient={v: {file: sides.h5, field: u}}' -s 'problem.initial.u="2*v"' -o twice.h5
run_status 0 sciml-eval stat twice.h5
awk -F "$tab" '$1 == "u" { u = $5 } $1 == "v" { v = $5 } END { d = u - 2 * v; exit !(d * d < 1e-14 && v > 1.2999 && v < 1.3001) }' out ||
	fail "not twice the state: $(cat out)"

# White noise: mean, deviation, independent samples.
run_status 0 sciml-gen sides.yaml -n 40 -s problem.grid=257 -s 'problem.initial.u="white(2, mean=3)"' -s 'problem.domain.t=[0, 1e-9]' \
	-o white.h5
run_status 0 sciml-eval stat white.h5
awk -F "$tab" '$1 == "u" { exit !($6 > 2.9 && $6 < 3.1 && $7 > 1.95 && $7 < 2.05) }' out || fail "white noise: $(cat out)"
run_error 2 'white(-1, 0): std is negative' sciml-gen sides.yaml -s 'problem.initial.u="white(-1)"' -o x.h5

# Shipped: jumps of random height and place; sorption keeps to [0, 1] and does not depend on the tolerance; patterns from noise.
for name in burgers-riemann dam-break; do
	run_status 0 sciml-gen $name -n 3 -s problem.frames=4 -o $name.h5
done
run_status 0 sciml-eval stat dam-break.h5
awk -F "$tab" '$1 == "h" { exit !($4 >= 0.6 && $5 <= 2) }' out || fail "water out of nothing: $(cat out)"
sorption="pdebench-diffusion-sorption -n 2 -s problem.grid=129 -s problem.frames=20 -s gen.real=float64"
run_status 0 sciml-gen $sorption -o sorption.h5
run_status 0 sciml-gen $sorption -s problem.rtol=1e-8 -o exact.h5
run_status 0 sciml-eval sorption.h5 exact.h5 --metric max_pdebench --below max_pdebench=1e-5 --no-baselines
run_status 0 sciml-eval stat exact.h5
awk -F "$tab" '$1 == "u" { exit !($4 >= 0 && $5 <= 1) }' out || fail "concentrations outside of [0, 1]: $(cat out)"
run_status 0 sciml-gen pdebench-diffusion-reaction -n 1 -s problem.grid=24 -s problem.frames=4 -o pattern.h5
no_leftovers .
