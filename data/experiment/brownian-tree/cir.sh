#!/bin/sh
# cir.sh N FINE SEED LOG: the square-root process with rate 1, level 1, sigma 2 (Feller index 1/2) on N paths, steps of equal
# length against adaptive ones on the same Brownian paths. splitting: flows of drift and diffusion, steps (X atol)^(2/3), as
# in arXiv 2405.06464; spark: a Runge-Kutta pair, steps by its error estimate. Reference: splitting with atol FINE; milstein
# with 4096 steps says how far another method is from it. Lines for table.tsv: fitted orders in the (mean) number of steps,
# their ratio, and by how much adaptive steps reduce the RMS error at 128 steps.
n=$1 fine=$2 seed=$3
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cir="sciml-sample sde-path -q -n $n --seed $seed -s sample.process=cir -s sample.rate=1 -s sample.level=1 -s sample.sigma=2
	-s sample.frames=1 -s sample.tolerance=1e-6"
$cir -s sample.method=splitting -s sample.atol="$fine" -o "$folder/reference.h5" || exit 1
# mse over start and end: twice it is that of the end
error()
{
	sciml-eval -q "$1" "$folder/reference.h5" --metric mse --no-baselines --precise |
		awk -F '\t' '$2 == "u" && $3 == "mse" { print sqrt(2 * $5) }'
}
{
	$cir -s sample.method=milstein -s sample.steps=4096 -o "$folder/a.h5" || exit 1
	echo "milstein_4096 $(error "$folder/a.h5")"
	for method in euler-maruyama spark splitting; do
		for k in 4 5 6 7 8 9; do
			$cir -s sample.method=$method -s sample.steps=$((1 << k)) -o "$folder/a.h5" || exit 1
			echo "$method fixed $((1 << k)) $(error "$folder/a.h5")"
		done
		test $method != euler-maruyama || continue
		case $method in spark) tolerances='4 5 6 7 8' ;; *) tolerances='2 3 4 5 6' ;; esac
		for k in $tolerances; do
			$cir -s sample.method=$method -s sample.atol=$(awk "BEGIN { print 2 ^ -$k }") -o "$folder/a.h5" || exit 1
			echo "$method adaptive $(sciml-eval -q "$folder/a.h5" | awk -F '\t' '$1 == "steps" { print $6 }') \
				$(error "$folder/a.h5")"
		done
	done
} | tee "$4" | awk '
	NF == 2 { printf "%s\t%.4g\t-\n", $1, $2; next }
	{ name = $1 "_" $2; gsub(/-/, "_", name); m = ++count[name]; x[name, m] = log($3); y[name, m] = log($4) }
	END {
		for (name in count) {
			sx = sy = sxy = sxx = 0
			for (i = 1; i <= count[name]; i++) { sx += x[name, i]; sy += y[name, i] }
			sx /= count[name]; sy /= count[name]
			for (i = 1; i <= count[name]; i++) {
				sxy += (x[name, i] - sx) * (y[name, i] - sy)
				sxx += (x[name, i] - sx) ^ 2
			}
			order[name] = -sxy / sxx; at[name] = sy + order[name] * sx
			printf "%s_order\t%.4f\t-\n", name, order[name]
		}
		for (i = 1; i <= 2; i++) {
			m = i == 1 ? "spark" : "splitting"; f = m "_fixed"; a = m "_adaptive"
			printf "%s_ratio\t%.4f\t-\n", m, order[a] / order[f]
			printf "%s_gain\t%.4f\t-\n", m, exp(at[f] - order[f] * log(128) - at[a] + order[a] * log(128))
		}
	}' | sort
