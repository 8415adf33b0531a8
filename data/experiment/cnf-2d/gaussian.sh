#!/bin/sh
# gaussian.sh TRAIN TEST NAME: mean negative log-likelihood of TEST under the Gaussian with mean and covariance of TRAIN (field x
# of two elements), a line "NAME_gaussian"; NAME ring: also under the eight Gaussians that the points are of, "ring_true".
for file in "$1" "$2"; do
	h5dump -d /data/x -y -m %.17g -w 0 "$file" | awk -F '[, ]+' '/^ *-?[0-9.]+[0-9e.+-]*, / { sub(/^ +/, ""); print $1 + 0, $2 + 0 }' |
		sed "s/^/$(test "$file" = "$1" && echo train || echo test) /"
done | awk -v name="$3" -v ring="$(test "$3" = ring && echo 1)" '
BEGIN { pi = atan2(0, -1) }
$1 == "train" { n++; a += $2; b += $3; aa += $2 * $2; ab += $2 * $3; bb += $3 * $3 }
$1 == "test" {
	if (!m++) {
		a /= n; b /= n; aa = aa / n - a * a; ab = ab / n - a * b; bb = bb / n - b * b
		det = aa * bb - ab * ab
	}
	x = $2 - a; y = $3 - b
	sum += log(2 * pi) + 0.5 * log(det) + (bb * x * x - 2 * ab * x * y + aa * y * y) / (2 * det)
	p = 0
	for (k = 0; k < 8 && ring; k++) {
		u = $2 - 1.5 * cos(k * pi / 4); v = $3 - 1.5 * sin(k * pi / 4)
		p += exp(-(u * u + v * v) / (2 * 0.02)) / (8 * 2 * pi * 0.02)
	}
	if (ring)
		truth -= log(p)
}
END {
	printf "%s_gaussian\t%.6g\t-\n", name, sum / m
	if (ring)
		printf "ring_true\t%.6g\t-\n", truth / m
}'
