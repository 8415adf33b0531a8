#!/bin/sh
# run.sh: every workload against every opponent there is, as a table on standard output. See README.
srcdir=${srcdir:-.} python=${PYTHON:-python3} rounds=${ROUNDS:-5} seconds=${SECONDS_A_TURN:-1}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
OPENBLAS_NUM_THREADS=1
export OPENBLAS_NUM_THREADS

opponents()
{
	case $1 in
	fno* | unet | transformer | unet-sample) echo torch torch-compiled ;;
	pinn*) echo torch torch-func-compiled torch-compiled jax jax-jvp jax-jet jax-jets ;;
	neural-ode*) echo torchdiffeq torchdiffeq-adjoint diffrax ;;
	ns2d*) echo torch jax ;;
	ks1d) echo exponax ;;
	darcy) echo scipy ;;
	normals) echo torch ;;
	sde-paths) echo torch jax ;;
	sampler) echo torch sampler-unet ;;
	hdf5-read) echo h5py h5py-kept ;;
	hdf5-read-file) echo h5py ;;
	hdf5-write) echo h5py ;;
	start-* | small-*) echo torch jax ;;
	esac
}

printf 'case\tsize\topponent\tthreads\tours_s\ttheirs_s\tratio\tours_cpu_s\ttheirs_cpu_s\tcpu_ratio\tfloor_s\tof_floor\tdifference\tours_MB\ttheirs_MB\n'
bench/sciml-bench | while IFS='	' read -r name size; do
	case " ${CASES:-$name} " in *" $name "*) ;; *) continue ;; esac
	for threads in ${THREADS:-1 2}; do
		for opponent in $(opponents "$name"); do
			rm -rf "$work/case" && mkdir "$work/case" || exit 1
			cpus=$(test "$threads" = 1 && echo 0 || echo "0-$((threads - 1))")
			case $opponent in
			sampler-unet) # a case of our own: what a network takes that the loop goes round
				other="exec taskset -c $cpus bench/sciml-bench $opponent $work/case $threads" ;;
			*) other="exec $python $srcdir/bench/peers/peer.py $name $work/case $threads $opponent" ;;
			esac
			bench/pairs "$name" "$size" "$rounds" "$seconds" \
				"exec taskset -c $cpus bench/sciml-bench $name $work/case $threads" -- "$other" </dev/null |
				awk -F'\t' -v OFS='\t' -v n="$threads" '{ $3 = $3 OFS n; print }'
		done
	done
done
