#!/bin/sh
# moments.sh NAME SEED TRAIN-ARGUMENT...: the validation loss and the function evaluations of a solve, means over the last quarter of
# the training, of eight data sets and seeds: their geometric means. Two lines for table.tsv: NAME_loss, NAME_nfe.
name=$1 seed=$2
shift 2
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
for k in 0 1 2 3 4 5 6 7; do
	s=$((8 * seed + k))
	sciml-gen -q spiral-sde -n 400 -s gen.test=0.75 --seed $s -o "$folder/$k.h5" &&
		sciml-train -q "$@" "$folder/$k.h5:train" --valid "$folder/$k.h5:test" --seed $s --log "$folder/$k.log" \
			-o "$folder/$k.model.h5" || exit 1
done
for k in 0 1 2 3 4 5 6 7; do
	awk -F '\t' 'NR > 1 { loss[NR] = $4; nfe[NR] = $5 }
		END { n = int((NR - 1) / 4); for (i = NR - n + 1; i <= NR; i++) { l += loss[i] / n; f += nfe[i] / n } print l, f }' \
		"$folder/$k.log"
done | awk -v name="$name" '{ l += log($1); f += log($2) }
	END { printf "%s_loss\t%.4g\t-\n%s_nfe\t%.4g\t-\n", name, exp(l / NR), name, exp(f / NR) }'
