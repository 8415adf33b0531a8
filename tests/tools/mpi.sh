#!/bin/sh
# mpi.sh: processes under mpirun write parts and join them to the bytes of one process.
. "${srcdir:-.}/tests/init.sh"
grep -q '^#define HAVE_MPI 1' "$abs_top_builddir/config.h" || skip 'built without --with-mpi'
command -v mpirun >/dev/null || skip 'no mpirun'
run=mpirun
case $(mpirun --version 2>/dev/null) in
*'Open MPI'*)
	OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
	export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM
	run="mpirun --oversubscribe"
	;;
esac

burgers="burgers -s problem.grid=32 -s problem.solve_grid=64 -s gen.block=4 -n 30 --seed 4 -j1"
run_status 0 sciml-gen $burgers -o one.h5
run_status 0 $run -n 4 sciml-gen $burgers -o four.h5
check_same one.h5 four.h5
run_status 0 $run -n 4 sciml-gen $burgers -o four.h5 --resume
check_same one.h5 four.h5
# more processes than samples; deflated
run_status 0 sciml-gen $burgers -n 2 --compress 3 -o one.h5
run_status 0 $run -n 3 sciml-gen $burgers -n 2 --compress 3 -o few.h5
check_same one.h5 few.h5
# failures end everybody and leave nothing under the final name
run_status 2 $run -n 2 sciml-gen $burgers --shard 0/2 -o bad.h5
check_grep 'several processes write one native file' err
run_status 1 $run -n 2 sciml-gen allen-cahn -s problem.max_steps=2 -n 4 -o bad.h5
check_grep 'max_steps' err
test ! -e bad.h5 || fail "a failed run left its output"
run_status 0 $run -n 2 sciml-gen $burgers --dry-run
test "$(grep -c '^problem' out)" -eq 1 || fail "the configuration was printed twice"
# alone, as ever
run_status 0 sciml-gen $burgers -o alone.h5
rm -f bad.h5.rank*
no_leftovers .
