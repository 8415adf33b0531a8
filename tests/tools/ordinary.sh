#!/bin/sh
# ordinary.sh: ordinary differential equations in text from the command line: methods by name, events, sensitivities, given
# initial states.
. "${srcdir:-.}/tests/init.sh"

cat >ball.yaml <<'END'
problem:
  equation: ["x_t = v", "v_t = -g"]
  param: {g: 8, x0: "uniform(5, 10)"}
  domain: {t: [0, 3]}
  initial: {x: x0, v: 0}
  frames: 12
  events: {when: x, direction: falling, set: {v: "-0.5*v"}}
gen: {samples: 5, real: float64, test: 0.4}
END
run_status 0 sciml-gen ball.yaml -j1 -o ball.h5
run_status 0 sciml-eval info ball.h5
check_grep 'events' out
run_status 0 sciml-gen ball.yaml -j2 -o again.h5
check_same ball.h5 again.h5
for method in dopri8 kvaerno5 gl4 explicit_adams; do
	case $method in gl4 | explicit_adams) dt=1e-3 ;; *) dt=0 ;; esac
	run_status 0 sciml-gen ball.yaml -s problem.stepper=$method -s problem.dt=$dt -o other.h5
	run_status 0 sciml-eval other.h5 ball.h5 --metric rel_l2 --below rel_l2.worst=1e-5 --no-baselines
done

# The same from given states; nothing that is given depends on a parameter, x = x0 - g t^2/2 on g does.
run_status 0 sciml-solve ball.yaml ball.h5 -s problem.param.x0=1 -o solved.h5
run_status 0 sciml-eval solved.h5 ball.h5 --metric rel_l2 --below rel_l2.worst=1e-12 --no-baselines
run_status 0 sciml-solve ball.yaml ball.h5 -s problem.param.x0=1 -s problem.sensitivity=[g,x0] -s problem.domain.t='[0, 0.5]' \
	-s problem.frames=2 -o by.h5
run_status 0 sciml-eval stat by.h5
awk '$1 == "dx_dg" && $4 < -0.1249999 && $4 > -0.1250001 && $5 == 0 { n++ } $1 == "dx_dx0" && $4 == 0 && $5 == 0 { n++ }
	END { exit n != 2 }' out || fail "sensitivities of a given state"

# An event that ends the march: no time axis, the time among the numbers of a sample.
run_status 0 sciml-gen ball.yaml -s 'problem.events={when: x, direction: falling}' -s problem.sensitivity=[g] -o end.h5
run_status 0 sciml-eval info end.h5
check_grep 'dtime_dg' out
check_grep 'dv_dg' out

run_status 2 sciml-gen ball.yaml -s problem.stepper=kvaerno -o no.h5
check_grep "kvaerno" err
run_status 2 sciml-gen burgers-text -s problem.stepper=kvaerno5 -o no.h5
check_grep 'stepper: kvaerno5 is for ordinary differential equations' err
run_status 2 sciml-gen ball.yaml -s 'problem.events={when: y}' -o no.h5
check_grep 'events.when' err
run_status 2 sciml-gen ball.yaml -s 'problem.events={when: "1 < 2"}' -o no.h5
check_grep 'same number at all times' err
run_status 2 sciml-train pinn ball.yaml -s problem.param.x0=1 -o no.h5
check_grep 'events: a network of coordinates does not see them' err
