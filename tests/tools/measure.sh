#!/bin/sh
# measure.sh: measured data (noise, times, sensors, gaps), deflated files and small versions: what is stored, that it depends on
# seed and sample alone, and that sets so made are read like others.
. "${srcdir:-.}/tests/init.sh"
tab=$(printf '\t')

cat >wave.yaml <<'END'
problem:
  name: wave
  equation: "u_t = -c*u_x"
  param: {c: "uniform(0.5, 1.5)"}
  domain: {x: [0, 1], t: [0, 1]}
  initial: {u: "sin(2*pi*x)"}
  grid: 32
  frames: 10
  rtol: 1e-9
gen: {samples: 20, real: float64, block: 4}
END

# column FIELD NUMBER: of what stat says.
column()
{
	awk -F "$tab" -v f="$1" -v c="$2" '$1 == f { print $c }' out
}
# near VALUE WANTED TOLERANCE
near()
{
	awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { exit !(a - b <= t && b - a <= t) }' || fail "$1 is not near $2"
}

# Noise of a field's own standard deviation: of a sine 1/sqrt(2); absolute; by field; the clean field beside it.
run_status 0 sciml-gen wave.yaml -o clean.h5
run_status 0 sciml-gen wave.yaml --noise 0.5 -s gen.keep_clean=true -o noisy.h5
run_status 0 sciml-eval stat noisy.h5
near "$(column u 7)" 0.7905 0.01
near "$(column u_clean 7)" 0.7071 0.001
run_error 2 "two levels for field 'u'" sciml-gen wave.yaml --noise u=0.1,u=0.2 -o x.h5
run_error 2 "the level '0.2' of all fields must come first" sciml-gen wave.yaml --noise u=0.1,0.2 -o x.h5
run_error 2 "of all fields must come first, and once" sciml-gen wave.yaml --noise 0.1,0.2 -o x.h5
run_status 0 sciml-gen wave.yaml --noise 0.1,u=2abs -o absolute.h5
run_status 0 sciml-eval stat absolute.h5
near "$(column u 7)" 2.1213 0.05
run_status 0 sciml-eval absolute.h5 clean.h5 --metric mse --no-baselines
near "$(awk -F "$tab" 'NR == 2 { print $5 }' out)" 4 0.2

# Every sample has noise, times and gaps of its own, also where the states are all the same.
run_status 0 sciml-gen wave.yaml -s problem.param.c=1 -o same.h5
run_status 1 sciml-eval check same.h5
for own in "--noise 1%" "--observe times=4" "--observe missing=0.5"; do
	run_status 0 sciml-gen wave.yaml -s problem.param.c=1 $own -o own.h5
	run_status 0 sciml-eval stat own.h5
	h5=$(sciml-eval check own.h5) || fail "samples are the same with $own: $h5"
done

# Measurements: times of each sample's own, marched to (a wave that moves is where it must be), sensors, gaps.
observe="times=7,sensors=5,missing=0.25"
run_status 0 sciml-gen wave.yaml --observe "$observe" -s gen.keep_clean=true -o observed.h5
run_status 0 sciml-eval info observed.h5
check_grep 'u  *float64  (sample, t 7, sensor 5)  trajectory$' out
check_grep 't  *float64  (sample, t 7)$' out
check_grep 'x  *float64  (sensor 5)$' out
run_status 0 sciml-eval stat observed.h5
gaps=$(column u 8)
test "$gaps" -gt 120 && test "$gaps" -lt 230 || fail "$gaps of 700 values are missing instead of about 175"
test "$(column u_clean 8)" -eq 0 || fail "gaps in the clean field"
if command -v h5dump >/dev/null; then
	dump() { h5dump -d "$1" -m '%.17g' -y -w 1 observed.h5 | grep '^ *[-0-9.]' | tr -d ' ,'; }
	dump /data/u_clean >u.txt
	dump /data/t >t.txt
	dump /data/x >x.txt
	dump /sample/c >c.txt
	awk 'FILENAME == "t.txt" { t[nt++] = $1; next } FILENAME == "x.txt" { x[nx++] = $1; next }
		FILENAME == "c.txt" { c[nc++] = $1; next }
		{ s = int(n / 35); k = int(n / 5); e = $1 - sin(2 * 3.14159265358979 * (x[n % 5] - c[s] * t[k]))
			if (e * e > worst) worst = e * e; n++ }
		END { exit !(n == 700 && nt == 140 && nx == 5 && nc == 20 && worst < 1e-12) }' t.txt x.txt c.txt u.txt ||
		fail "the measured wave is not where it must be"
	# statistics are those of stat
	run_status 0 sciml-eval stat clean.h5 --precise
	near "$(h5dump -d /meta/statistics/std -m '%.17g' -y -w 1 clean.h5 | grep '^ *[-0-9.]' | head -n 1)" "$(column u 7)" 1e-15
	near "$(h5dump -d /meta/statistics/max -m '%.17g' -y -w 1 clean.h5 | grep '^ *[-0-9.]' | head -n 1)" "$(column u 5)" 1e-15
	near "$(h5dump -d /meta/statistics/count -m '%.17g' -y -w 1 clean.h5 | grep '^ *[-0-9.]' | head -n 1)" 7040 0
fi
# listed ones; a place between points is interpolated
run_status 0 sciml-gen wave.yaml --observe "times=[0.05,0.4],sensors=[0,0.1234,0.99]" -o listed.h5
run_status 0 sciml-eval info listed.h5
check_grep 't  *time  *2  0.05 to 0.4' out
if command -v h5dump >/dev/null; then
	h5dump -d /data/u -m '%.17g' -y -w 1 listed.h5 | grep '^ *[-0-9.]' | tr -d ' ,' >u.txt
	h5dump -d /sample/c -m '%.17g' -y -w 1 listed.h5 | grep '^ *[-0-9.]' | tr -d ' ,' >c.txt
	awk 'BEGIN { x[0] = 0; x[1] = 0.1234; x[2] = 0.99; t[0] = 0.05; t[1] = 0.4 }
		FILENAME == "c.txt" { c[nc++] = $1; next }
		{ e = $1 - sin(2 * 3.14159265358979 * (x[n % 3] - c[int(n / 6)] * t[int(n / 3) % 2]))
			if (e * e > worst) worst = e * e; n++ }
		END { exit !(n == 120 && nc == 20 && worst < 1e-12) }' c.txt u.txt || fail "values between points are wrong"
fi
# a problem that stops at its frames gives frames, and listed times must be some
run_status 0 sciml-gen ou -n 4 --observe times=5 -o paths.h5
run_error 2 'is no frame of this problem' sciml-gen ou -n 4 --observe 'times=[0.0123]' -o x.h5
run_error 2 "observe.sensor: unknown key; did you mean 'sensors'?" sciml-gen wave.yaml --observe sensor=4 -o x.h5
run_error 2 'is no number of points out of 32' sciml-gen wave.yaml --observe sensors=40 -o x.h5
run_error 2 'is no level' sciml-gen wave.yaml --noise much -o x.h5
run_error 2 "there is no field 'v'" sciml-gen wave.yaml --noise v=1 -o x.h5
run_error 2 'has an axis of channels already' sciml-gen ou --observe sensors=2 -o x.h5

# Threads, shards, resume and pipes change nothing; deflated too.
for deflate in 0 5; do
	measured="wave.yaml --noise 5% --observe $observe -s gen.compress=$deflate --seed 3"
	run_status 0 sciml-gen $measured -j1 -o whole.h5
	run_status 0 sciml-gen $measured -j2 -o again.h5
	check_same whole.h5 again.h5
	for i in 0 1 2; do
		run_status 0 sciml-gen $measured --shard $i/3 -o shard$i.h5
	done
	run_status 0 sciml-gen merge shard1.h5 shard2.h5 shard0.h5 -o merged.h5
	check_same whole.h5 merged.h5
	run_status 0 sciml-gen $measured -n 300 -o long.h5
	for delay in 0.1 0.2 0.15; do
		sciml-gen $measured -n 300 -o again2.h5 --resume 2>err &
		pid=$!
		sleep $delay
		kill -KILL $pid 2>/dev/null
		wait $pid 2>/dev/null
	done
	run_status 0 sciml-gen $measured -n 300 --resume -o again2.h5
	check_same long.h5 again2.h5
	rm -f again2.h5 .again2.h5*
	sciml-gen $measured --time-limit 0.001 -o again2.h5 2>err
	run_status 0 sciml-gen $measured --resume -o again2.h5
	check_same whole.h5 again2.h5
	run_status 0 sciml-gen $measured --resume -o again2.h5
	check_same whole.h5 again2.h5
	run_status 2 sciml-gen $measured --noise 6% --resume -o again2.h5
	check_same whole.h5 again2.h5
	sciml-gen $measured -o - | sciml-eval stat - --precise >piped.tsv || fail pipe
	run_status 0 sciml-eval stat whole.h5 --precise
	grep -v '^x' out >stored.tsv
	grep -v '^x' piped.tsv | cmp -s - stored.tsv || fail "a pipe carries something else"
	rm -f again2.h5
done
run_status 0 sciml-gen wave.yaml -s gen.compress=6 -o deflated.h5
test "$(wc -c <deflated.h5)" -lt "$(wc -c <clean.h5)" || fail "deflating a wave made it larger"
run_status 0 sciml-eval deflated.h5 clean.h5 --metric mse --below mse=1e-300 --no-baselines
run_status 0 sciml-eval check deflated.h5

# Training sees noise as data; gaps are refused unless told otherwise.
run_status 0 sciml-train fno noisy.h5 -s train.epochs=1 -s model.width=4 -s model.modes=4 -s model.layers=1 -o fno.h5
run_status 0 sciml-solve fno.h5 noisy.h5:test -o prediction.h5
run_status 0 sciml-eval prediction.h5 clean.h5:test

gaps="wave.yaml --observe missing=0.3 -s gen.keep_clean=true"
run_status 0 sciml-gen $gaps -o gaps.h5
run_status 0 sciml-eval check gaps.h5
unet="fno gaps.h5 -s train.epochs=1 -s model.width=4 -s model.modes=4 -s model.layers=1"
run_status 1 sciml-train $unet -o x.h5
run_status 0 sciml-train $unet -s data.missing=zero -o filled.h5
run_status 0 sciml-solve filled.h5 gaps.h5:test -o filled-prediction.h5
# errors count where something was measured: half of the wave's square, and 70 % of the points
run_status 0 sciml-gen wave.yaml --noise u=0.1abs --seed 0 -o off.h5
run_status 0 sciml-eval -s eval.given_frames=0 off.h5 gaps.h5 --metric mse --metric rel_l2 --no-baselines
check_grep 'count as met' err
near "$(awk -F "$tab" '$3 == "mse" { print $5 }' out)" 0.007 0.0003
near "$(awk -F "$tab" '$3 == "rel_l2" { print $5 }' out)" 0.1414 0.003

# A small version keeps splits, numbers and parameters; the same bytes again.
run_status 0 sciml-gen wave.yaml -s gen.valid=0.2 -o splits.h5
run_status 0 sciml-gen mini splits.h5 -n 8 -r 2 --reduce-time 5 -o mini.h5
run_status 0 sciml-gen mini splits.h5 -n 8 -r 2 --reduce-time 5 -o mini2.h5
check_same mini.h5 mini2.h5
run_status 0 sciml-eval info mini.h5
check_grep '8 samples$' out
check_grep 'train  *0-4$' out
check_grep 'valid  *5-6$' out
check_grep 'test  *7-7$' out
check_grep '(sample, t 3, x 16)' out
run_status 0 sciml-eval residual mini.h5 --above residual=0
run_status 0 sciml-gen mini splits.h5 -n 8 -o coarse.h5
run_status 0 sciml-eval mini.h5:test splits.h5:17 --subset --metric mse --below mse=1e-300 --no-baselines
run_error 2 '--noise goes with a problem' sciml-gen mini splits.h5 -n 8 --noise 0.1 -o x.h5
run_error 2 '--observe goes with a problem' sciml-gen mini splits.h5 -n 8 --observe times=3 -o x.h5
run_error 2 'without options of their making' sciml-gen merge splits.h5 --noise 0.1 -o x.h5
run_error 2 '--compress: 0 is not a level' sciml-gen wave.yaml --compress=0 -o x.h5
run_error 2 '--compress: -1 is not a level' sciml-gen wave.yaml --compress=-1 -o x.h5
run_error 2 'is periodic and has 32 points, no multiple of 3' sciml-gen mini splits.h5 -r 3 -o x.h5
run_error 2 'both read and written' sciml-gen mini splits.h5 -n 3 -o splits.h5
run_error 2 'go with mini' sciml-gen wave.yaml -r 2 -o x.h5
no_leftovers .
