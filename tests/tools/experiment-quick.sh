#!/bin/sh
# experiment-quick.sh: the cheap forms of the shipped experiments, from simulation to judgement, for a seed of their own.
. "${srcdir:-.}/tests/init.sh"

for experiment in burgers navier-stokes antiderivative advection darcy interpolants cnf-2d latent-sde; do
	if test $experiment = darcy && ! test -e "$SCIML_SHARED/darcy16.h5" && ! test -e "$SCIML_SHARED/data/darcy16.h5"; then
		echo "$test_name: darcy left out: no reference data (set SCIML_SHARED)" >&2
		continue
	fi
	if test $experiment = cnf-2d && ! command -v h5dump >/dev/null; then
		echo "$test_name: cnf-2d left out: no h5dump" >&2
		continue
	fi
	run_status 0 make -f "$abs_top_srcdir/data/experiment/$experiment/Makefile" quick OUT="$test_folder/$experiment" \
		SCIML_BIN="$abs_top_builddir/tools"
	check_grep '^holds' out
	grep '^holds' out
done
