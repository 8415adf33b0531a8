#!/bin/sh
# eval.sh: sciml-eval on numbers made by hand and on what the other tools make: values, bounds and statuses, trivial
# predictors, given frames, tables, checks, conversion, pictures.
. "${srcdir:-.}/tests/init.sh"
tool=sciml-eval
tab=$(printf '\t')

# number NAME: the eight bytes of a double, most significant first.
number()
{
	case $1 in
	0) printf '\000\000\000\000\000\000\000\000' ;;
	1) printf '\077\360\000\000\000\000\000\000' ;;
	2) printf '\100\000\000\000\000\000\000\000' ;;
	3) printf '\100\010\000\000\000\000\000\000' ;;
	4) printf '\100\020\000\000\000\000\000\000' ;;
	nan) printf '\177\370\000\000\000\000\000\000' ;;
	inf) printf '\177\360\000\000\000\000\000\000' ;;
	*) exit 99 ;;
	esac
}

# array FILE SHAPE NUMBER...: a NumPy file of doubles.
array()
{
	array_file=$1 array_shape=$2
	shift 2
	mkdir -p "$(dirname "$array_file")"
	{
		printf '\223NUMPY\001\000\166\000%-117s\n' \
			"{'descr': '>f8', 'fortran_order': False, 'shape': ($array_shape), }"
		for array_value; do number "$array_value"; done
	} >"$array_file"
}

# value METRIC [PART [WHAT [COLUMN]]]: from the table in the file out.
value()
{
	awk -F '\t' -v m="$1" -v p="${2:-all}" -v w="${3:-prediction}" -v c="${4:-5}" \
		'$1 == w && $3 == m && $4 == p { print $c }' out
}
check_value()
{
	test_expected=$1
	shift
	test "$(value "$@")" = "$test_expected" || fail "$*: '$(value "$@")' instead of '$test_expected'"
}

# Values by hand: errors 1 and 0 of four, targets of norm 2 and 4.
array r/u.npy '2, 4' 1 1 1 1 2 2 2 2
array p/u.npy '2, 4' 2 1 1 1 2 2 2 2
run_status 0 $tool p/u.npy r/u.npy --metric pinn_rel_l2 --metric rmse_pdebench --metric max_pdebench --metric mse \
	--metric rel_l1_percent --precise
check_lines err 0
check_grep "^what${tab}field${tab}metric${tab}part${tab}value${tab}n${tab}median${tab}standard_error${tab}worst${tab}worst_sample${tab}nonfinite\$" out
check_value 0.22360679774997896 pinn_rel_l2
check_value 0.25 rmse_pdebench
check_value 1 max_pdebench
check_value 0.125 mse
check_value 12.5 rel_l1_percent
check_value 12.5 rel_l1_percent all prediction 7
check_value 25 rel_l1_percent all prediction 9
check_value 0 rel_l1_percent all prediction 10
check_value 2 mse all prediction 6
check_value nan max_pdebench all prediction 7
test "$(grep -c rel_l1_percent out)" -eq 1 || fail 'rows by part without being asked for'

# Bounds: status 3, the table all the same, one line a bound; strict; NaN is on neither side.
run_status 0 $tool p/u.npy r/u.npy --below mse=0.126 --above mse=0.124 --below=rel_l1_percent.median=13
run_error 3 'sciml-eval: mse = 0.125 is not below 0.125' $tool p/u.npy r/u.npy --below mse=0.125
check_value 0.125 mse
run_error 3 'sciml-eval: rel_l1_percent.worst = 25 is not above 30' $tool p/u.npy r/u.npy --above rel_l1_percent.worst=30
check_value 12.5 rel_l1_percent
run_status 3 $tool p/u.npy r/u.npy --below mse=0.1 --below mae=0.1
check_lines err 2
check_grep 'mse = 0.125 is not below 0.1$' err
check_grep '^sciml-eval: mae = 0.125 is not below 0.1$' err
run_error 2 "--below: no metric 'rel_l3'; did you mean 'rel_l2'?" $tool p/u.npy r/u.npy --below rel_l3=1
run_error 2 "--metric: no metric 'vrms'; did you mean 'vrmse'?" $tool p/u.npy r/u.npy --metric vrms
run_error 2 "--below: 'rel_l2' is not NAME=VALUE" $tool p/u.npy r/u.npy --below rel_l2
run_error 2 "--below: 'rel_l2=small' is not NAME=VALUE" $tool p/u.npy r/u.npy --below rel_l2=small
run_error 2 "has no part 'media' (there are all, median" $tool p/u.npy r/u.npy --below rel_l2.media=1
run_error 2 "--by: 'tim' is not one of time, channel, band; did you mean 'time'?" $tool p/u.npy r/u.npy --by tim
run_error 2 'bounds need PREDICTION and REFERENCE' $tool p/u.npy --below rel_l2=1

# What is not finite is counted, spoils the value and every bound.
array p/u.npy '2, 4' 1 1 1 1 2 nan 2 2
run_status 0 $tool p/u.npy r/u.npy --no-baselines
check_value nan rel_l2
check_value 1 rel_l2 all prediction 11
check_value nan rel_l2 all prediction 9
check_value 1 rel_l2 all prediction 10
check_lines err 1
check_grep '1 of 2 predicted samples have values that are not finite' err
run_status 3 $tool -q p/u.npy r/u.npy --below rel_l2=1e9
check_grep 'rel_l2 = nan is not below 1e+09' err
run_status 3 $tool -q p/u.npy r/u.npy --above rel_l2=0
array p/u.npy '2, 4' 1 1 1 1 2 inf 2 2
run_status 0 $tool -q p/u.npy r/u.npy
check_value inf rel_l2
run_error 1 'p/u.npy: field u: sample 1: the value is infinite' $tool r/u.npy p/u.npy

# Shapes, counts, names, files.
array p/u.npy '2, 3' 1 1 1 2 2 2
run_error 2 'field u has shape (3) in p/u.npy, (4) in r/u.npy' $tool p/u.npy r/u.npy
array p/u.npy '3, 4' 1 1 1 1 2 2 2 2 3 3 3 3
run_error 2 'p/u.npy has 3 samples, r/u.npy has 2' $tool p/u.npy r/u.npy
run_status 0 $tool p/u.npy:0-1 r/u.npy --below rel_l2=1e-300
array p/w.npy '2, 4' 1 1 1 1 2 2 2 2
run_error 2 'no field in common: p/w.npy has w, r/u.npy has u' $tool p/w.npy r/u.npy
run_error 1 'no such file' $tool p/absent.h5 r/u.npy
run_error 2 '3 operands' $tool r/u.npy r/u.npy r/u.npy
run_error 2 'only one of PREDICTION and REFERENCE' $tool - -
run_error 1 'standard input is empty' $tool - </dev/null
run_error 1 'standard input is empty' $tool - r/u.npy </dev/null
run_error 1 'standard input is empty' $tool </dev/null

# What is in a file.
run_status 0 $tool r/u.npy
check_grep "^u${tab}2${tab}(4)${tab}1${tab}2${tab}1.5${tab}0.534522484${tab}0\$" out

# check: clean, findings, unreadable.
array c/u.npy '3, 4' 1 2 3 4 1 2 3 3 4 3 2 1
run_status 0 $tool check c/u.npy
check_lines out 1
array c/u.npy '4, 4' 1 2 3 4 nan 2 3 3 1 1 1 1 1 2 3 4
run_error 1 'sciml-eval: 3 findings' $tool check c/u.npy
check_grep "^c/u.npy${tab}non-finite${tab}u${tab}1${tab}1 of 4 values, the first at 0\$" out
check_grep "^c/u.npy${tab}constant${tab}u${tab}2${tab}every value is 1\$" out
check_grep "^c/u.npy${tab}duplicate${tab}${tab}3${tab}equal to sample 0" out
run_error 2 'absent' $tool check c/u.npy absent
check_grep 'non-finite' out

# Other tools' files: a data set, a marched one, a trained model.
gen="-s problem.grid=32 -s problem.solve_grid=64 -s problem.cfl=2"
run_status 0 sciml-gen burgers -n 30 $gen -o b.h5
run_status 0 $tool check b.h5
run_status 0 $tool b.h5:test b.h5:test --metric rel_l2 --metric vrmse
for what in prediction persistence mean train-mean; do
	test -n "$(value rel_l2 all $what)" || fail "$what is missing"
done
check_value 0 rel_l2
test "$(value vrmse all mean)" != "$(value vrmse all persistence)" || fail 'two predictors are one'
# the mean of a conserved field is that of the target: sqrt((n - 1) / n)
test "$(printf %.5f "$(value vrmse all mean)")" = 0.98425 || fail "vrmse of the mean: $(value vrmse all mean)"
run_status 0 $tool b.h5:test b.h5:test --no-baselines --by band
check_grep "spectrum_error${tab}band=low" out
grep -q persistence out && fail 'baselines were not wanted'
run_status 0 sh -c "cat b.h5 b.h5 | $tool -"
check_grep "^u${tab}60${tab}(32)" out
run_status 0 sh -c "$tool - b.h5 <b.h5 --below rel_l2=1e-300"
run_status 0 $tool info b.h5
check_grep '^equation: u_t' out
check_grep '^  x  *space  *32  0 to 0.96875, periodic, length 1$' out
check_grep '^  train  *0-24$' out
check_grep '^  steps  *[1-9][0-9]* to [1-9]' out
cp b.h5 damaged.h5
size=$(wc -c <damaged.h5)
printf '\125\125\125' | dd of=damaged.h5 bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
run_status 1 $tool check damaged.h5
check_grep 'checksum' out
cp b.h5 twice.h5
run_status 1 $tool check b.h5 twice.h5
check_grep 'equal to sample 0 .*of b.h5' out

# Grids: other points are refused, some of them compared when asked for.
run_status 0 sciml-gen burgers -n 30 -s problem.grid=64 -s problem.solve_grid=64 -s problem.cfl=2 -o fine.h5
run_error 2 'field u has shape (32) in b.h5, (64) in fine.h5, where its points are some of' $tool b.h5 fine.h5
run_status 0 $tool b.h5 fine.h5 --subset --below rel_l2=1e-6
run_error 2 'field u has shape (64) in fine.h5, (32) in b.h5' $tool fine.h5 b.h5 --subset

# Trajectories: given frames are not judged; frames are found by their times.
run_status 0 sciml-gen burgers -n 6 $gen -s problem.frames=8 -o t.h5
run_status 0 $tool t.h5 t.h5 --metric rel_l2 -s eval.given_frames=2 --by time --precise
test "$(grep -c "^prediction${tab}u${tab}rel_l2${tab}t=" out)" -eq 7 || fail 'given frames were judged'
check_value 0 rel_l2
test -n "$(value rel_l2 t=0.5 persistence)" || fail 'no persistence by time'
run_error 2 'all 9 frames were given to the model' $tool t.h5 t.h5 -s eval.given_frames=9
run_error 3 'rel_l2.t=0.5 = 0 is not above 0' $tool t.h5 t.h5 --above rel_l2.t=0.5=0
run_status 0 sciml-train fno t.h5 -s train.epochs=1 -s model.modes=4 -s model.width=4 -s model.layers=1 \
	-s data.history=2 -s data.reduce_time=2 -o m.h5
run_status 0 sciml-solve m.h5 t.h5:test -o p.h5
run_status 0 $tool p.h5 t.h5:test --metric rel_l2 --by time
cut -f 4 out | sort -u | tr '\n' ' ' >parts
test "$(cat parts)" = 'all part t=0.5 t=0.75 t=1 ' || fail "frames: $(cat parts)"
# counting frames that were given would have flattered the score
run_status 0 $tool p.h5 t.h5:test --metric rel_l2 -s eval.given_frames=0 --no-baselines
flattered=$(value rel_l2)
run_status 0 $tool p.h5 t.h5:test --metric rel_l2 --no-baselines -o table.tsv
check_lines out 0
cp table.tsv out
awk "BEGIN { exit !($flattered < $(value rel_l2)) }" || fail "$flattered is not below $(value rel_l2)"
run_status 0 $tool m.h5
check_grep "^epoch${tab}lr${tab}train_loss${tab}valid_rel_l2\$" out
check_lines out 2

# Tables of tables.
run_status 0 $tool b.h5:test b.h5:test
cp out one.tsv
cp out two.tsv
run_status 0 $tool table one.tsv two.tsv --metric rel_l2 --metric vrmse
check_lines out 6
check_grep '^model  *rel_l2  *vrmse$' out
check_grep '^one  *0 ' out
check_grep '^two  *0 ' out
test "$(grep -c '^persistence' out)" -eq 1 || fail 'baselines more than once'
run_error 2 'info.txt:1: no table of an evaluation' sh -c "$tool info b.h5 >info.txt; exec $tool table info.txt"
run_error 2 'no row of mae' $tool table one.tsv --metric mae

# Conversion keeps every value.
run_status 0 $tool convert --layout pdebench t.h5 -o t.hdf5
run_status 0 $tool convert --layout native t.hdf5 -o back.h5
run_status 0 $tool t.hdf5 back.h5 --above rel_l2=-1 --below rel_l2=1e-300
run_error 2 "'torch' cannot be written (these can: native" $tool convert --layout torch t.h5 -o x.pt
run_error 2 'convert: --layout=NAME says into what' $tool convert t.h5 -o x.h5
run_error 2 'convert: -o FILE is missing' $tool convert --layout pdebench t.h5

# Pictures: of every format, equal bytes twice, refused names before any work.
for suffix in png svg pdf; do
	run_status 0 $tool p.h5 t.h5:test --plot a.$suffix
	run_status 0 $tool p.h5 t.h5:test --plot b.$suffix
	check_same a.$suffix b.$suffix
	test "$(wc -c <a.$suffix)" -gt 5000 || fail "a.$suffix is small"
done
run_status 0 $tool b.h5:test b.h5:test --plot map.png
run_status 0 $tool m.h5 --plot loss.png
run_status 0 $tool table one.tsv two.tsv --plot bars.svg
run_error 2 'a.jpg: pictures are .png, .svg or .pdf' $tool p.h5 t.h5:test --plot a.jpg
no_leftovers .

# Values at other places are compared, but not silently.
if test -e "$SCIML_SHARED/data/burgers_shock.mat"; then
	run_status 0 sciml-gen burgers-shock -n 1 -s problem.rtol=1e-4 -s problem.solve_grid.x=512 -o place.h5
	run_status 0 $tool place.h5 "$SCIML_SHARED/data/burgers_shock.mat" --metric rel_l2
	check_grep 'axis x: the points of' err
fi
