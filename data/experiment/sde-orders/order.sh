#!/bin/sh
# order.sh METHOD REFERENCE LOW HIGH GEN-ARGUMENT...: the strong order of a method: paths with 2^LOW .. 2^HIGH steps against the
# file REFERENCE, made with the same arguments, seed and Brownian paths; slope of log RMS error over log step by least squares.
# One line for table.tsv: name, order, "-".
method=$1 reference=$2 low=$3 high=$4
shift 4
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
for k in $(seq "$low" "$high"); do
	sciml-gen -q "$@" -s problem.method="$method" -s problem.steps=$((1 << k)) -o "$folder/$k.h5" &&
		sciml-eval -q "$folder/$k.h5" "$reference" --metric mse --no-baselines --precise |
		awk -F '\t' -v k="$k" '$3 == "mse" { print k, $5 }' || exit 1
done | awk -v name="$(echo "$method" | tr - _)" '
	{ n++; x[n] = $1; y[n] = -log($2) / log(2) / 2; mx += $1; my += y[n] }
	END {
		for (i = 1; i <= n; i++) {
			sxy += (x[i] - mx / n) * (y[i] - my / n)
			sxx += (x[i] - mx / n) ^ 2
		}
		printf "%s\t%.4f\t-\n", name, sxy / sxx
	}'
