#!/bin/sh
# mcmc.sh N DRAWS SEED LOG: chains of a 10-dimensional Bayesian logistic regression (50 observations, standard normal prior) with 16
# gradients a draw for QUICSORT, ShOULD and Hamiltonian Monte Carlo, with as many or fewer for NUTS; energy distance of N chains
# from a long reference (NUTS, small steps), mean of two seeds, the best setting of each method. Lines for table.tsv.
n=$1 draws=$2 seed=$3
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
potential=$(awk -v seed=1 'BEGIN {
	srand(seed)
	for (i = 0; i < 50; i++) {
		sum = 0; text = ""
		for (j = 0; j < 10; j++) {
			a = sqrt(-2 * log(1 - rand())) * cos(6.283185307 * rand())
			sum += a * (j % 2 ? -1 : 1)
			x[j] = a
		}
		y = rand() < 1 / (1 + exp(-sum)) ? 1 : -1
		for (j = 0; j < 10; j++) text = text sprintf("%+.2f*w%d", -y * x[j], j)
		printf "log(1+exp(%s))+", text
	}
	for (j = 0; j < 10; j++) printf "%sw%d^2/2", j ? "+" : "", j
}')
chains()
{
	sciml-sample mcmc -q -s sample.potential="$potential" -s 'sample.variables=[w0,w1,w2,w3,w4,w5,w6,w7,w8,w9]' \
		-n "$n" -s sample.draws="$draws" "$@"
}
chains -s sample.method=nuts -s sample.step=0.1 -s sample.burn=50 -s sample.thin=10 --seed 999 -o "$folder/reference.h5" || exit 1
while read -r method rest; do
	set --
	for key in $rest; do set -- "$@" -s "sample.$key"; done
	for s in $((2 * seed)) $((2 * seed + 1)); do
		chains -s sample.method="$method" "$@" --seed $s -o "$folder/a.h5" || exit 1
		echo "$method $rest $(sciml-eval -q "$folder/a.h5" | awk -F '\t' '$1 == "gradients" { print $6 }') \
			$(sciml-eval -q "$folder/a.h5" "$folder/reference.h5" --metric energy_distance --no-baselines --precise |
				awk -F '\t' '$2 == "x" { print $5 }')"
	done
done <<'END' | tee "$4" | awk '
	{ d = $NF; $NF = ""; g = $(NF - 1); $(NF - 1) = ""; sum[$0] += d / 2; method[$0] = $1; if (g > most[$1]) most[$1] = g }
	END {
		for (s in sum) if (!(method[s] in best) || sum[s] < best[method[s]]) best[method[s]] = sum[s]
		for (m in best) printf "%s\t%.4g\t-\n%s_gradients\t%d\t-\n", m, best[m], m, most[m]
	}' | sort
quicsort step=0.3 thin=8 burn=80
quicsort step=0.4 thin=8 burn=80
quicsort step=0.5 thin=8 burn=80
should step=0.4 thin=8 burn=80
hmc step=0.2 leaps=16 thin=1 burn=10
hmc step=0.3 leaps=16 thin=1 burn=10
hmc step=0.3 leaps=8 thin=2 burn=20
hmc step=0.4 leaps=8 thin=2 burn=20
hmc step=0.4 leaps=4 thin=4 burn=40
nuts step=0.3 thin=2 burn=10
END
