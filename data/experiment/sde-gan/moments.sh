#!/bin/sh
# moments.sh NAME SEED TRAIN-ARGUMENT...: means over four data sets and seeds of the validation loss and of the function evaluations
# of a solve, over the last quarter of the training. Two lines for table.tsv: NAME_loss, NAME_nfe.
name=$1 seed=$2
shift 2
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
for k in 0 1 2 3; do
	s=$((4 * seed + k))
	sciml-gen -q spiral-sde -n 400 -s gen.test=0.75 --seed $s -o "$folder/$k.h5" &&
		sciml-train -q "$@" "$folder/$k.h5:train" --valid "$folder/$k.h5:test" --seed $s --log "$folder/$k.log" \
			-o "$folder/$k.model.h5" || exit 1
done
for k in 0 1 2 3; do
	awk -F '\t' 'NR > 1 { loss[NR] = $4; nfe[NR] = $5 }
		END { n = int((NR - 1) / 4); for (i = NR - n + 1; i <= NR; i++) print loss[i], nfe[i] }' "$folder/$k.log"
done | awk -v name="$name" '{ l += $1; f += $2 } END { printf "%s_loss\t%.4g\t-\n%s_nfe\t%.4g\t-\n", name, l / NR, name, f / NR }'
