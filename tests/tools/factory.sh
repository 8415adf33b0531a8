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

# One clean line: file, line, place.
cat >bad.yaml <<'END'
problem:
  equation: "u_t = 0.1*v_xx"
END
run_error 2 "sciml-gen: bad.yaml:2: equation:1:11: unknown field 'v'" sciml-gen bad.yaml -o x.h5
run_error 2 'sciml-gen: -s: problem.order: 3 is odd' sciml-gen kdv -s problem.order=3 -o x.h5
no_leftovers .
