#!/bin/sh
# polytope.sh: predictions under hard constraints: three fractions of a whole keep their sum and their signs, in training and after, and
# without the constraint they do not; rows that do not fit are told.
. "${srcdir:-.}/tests/init.sh"

awk 'BEGIN { print "a,p.0,p.1,p.2"; for (i = 0; i < 120; i++) { a = (i * 37 % 120) / 60 - 1
	u = a > -0.3 ? (a + 0.3) / 2 : 0; v = a < 0.3 ? (0.3 - a) / 2 : 0
	printf "%.17g,%.17g,%.17g,%.17g\n", a, u, v, 1 - u - v } }' >p.csv
train="sciml-train -q mlp p.csv -s data.input=a -s data.target=p -s model.width=16 -s objective=mse -s train.epochs=60 -s train.lr=1e-2"
rows="-s data.equal=[[1,1,1,1]] -s data.at_most=[[-1,0,0,0],[0,-1,0,0],[0,0,-1,0]]"

# largest deviation of the sums from 1, and least fraction, of a prediction
worst() {
	run_status 0 sciml-solve -q "$1" p.csv -o pred.h5
	run_status 0 sciml-eval convert --layout npy pred.h5 -o pred.npy
	od -An -v -t f4 -w12 -j 128 pred.npy | awk '{ s = $1 + $2 + $3 - 1; s = s < 0 ? -s : s; m = s > m ? s : m
		for (i = 1; i <= 3; i++) l = $i < l ? $i : l } END { print NR, m + 0, l + 0 }'
}
run_status 0 $train $rows -o kept.h5
worst kept.h5 | awk '{ exit !($1 == 120 && $2 < 1e-6 && $3 > -1e-6) }' || fail "not kept: $(worst kept.h5)"
run_status 0 sciml-eval -q pred.h5 p.csv --metric rel_l2 --below rel_l2=0.03
run_status 0 $train -o free.h5
worst free.h5 | awk '{ exit !($2 > 1e-3 && $3 < -1e-3) }' || fail "kept without being told to: $(worst free.h5)"

run_error 2 'data.equal: row 1 is not 4 numbers' $train -s 'data.equal=[[1,1,1]]' -o x.h5
run_error 2 'data.at_most: is no list' $train -s data.at_most=1 -o x.h5
run_error 2 'data.at_most: row 2' $train -s 'data.at_most=[[1,0,0,1],[1,0,b,1]]' -o x.h5
run_error 2 'data.encoded_loss' $train $rows -s data.encoded_loss=true -s data.normalise_target=channel -o x.h5
# rows that nothing keeps, and one row twice
run_error 2 'data.equal: no outputs are found' $train -s 'data.equal=[[1,1,1,1],[1,1,1,2]]' -o x.h5
run_error 2 'data.equal: no outputs are found' $train -s 'data.equal=[[1,1,1,1],[1,1,1,1]]' -o x.h5
run_error 2 'data.at_most: no outputs are found' $train -s 'data.at_most=[[1,0,0,-1],[-1,0,0,-1]]' -o x.h5
# where predictions are made in another way nothing would keep them
run_error 2 'data.equal: objective denoise does not keep constraints' sciml-train ddpm-mlp p.csv -s data.target=p \
	-s 'data.equal=[[1,1,1,1]]' -o x.h5
run_error 2 'data.at_most: objective symbolic does not' sciml-train formula p.csv -s objective=symbolic \
	-s data.target=p -s data.input=a -s 'data.at_most=[[1,0]]' -o x.h5
