#!/bin/sh
# tables.sh: IDX files and tables of numbers as data sets: what becomes a sample, an axis, a field; compression; damage.
. "${srcdir:-.}/tests/init.sh"

# two images of 2 x 3 bytes, their labels
printf '\000\000\010\003\000\000\000\002\000\000\000\002\000\000\000\003\000\001\002\003\004\005\372\001\001\001\001\001' >t-images-idx3-ubyte
printf '\000\000\010\001\000\000\000\002\007\003' >t-labels-idx1-ubyte
run_status 0 sciml-eval stat t-images-idx3-ubyte
check_grep "^image	2	(2, 3)	0	250	" out
check_grep "^label	2	()	3	7	5	" out
gzip -k t-images-idx3-ubyte
gzip t-labels-idx1-ubyte
run_status 0 sciml-eval stat t-images-idx3-ubyte.gz
check_grep "^image	2	(2, 3)	0	250	" out
check_grep "^label	2	()	3	7	5	" out
run_status 0 sciml-eval convert t-images-idx3-ubyte.gz --layout native -o t.h5
run_status 0 sciml-eval t.h5 t-images-idx3-ubyte --metric mse --below mse=1e-30
# labels are looked for by the name of the file, not of its folders
mkdir my-images-idx3-data
printf '\000\000\010\003\000\000\000\002\000\000\000\002\000\000\000\003\000\001\002\003\004\005\372\001\001\001\001\001' >my-images-idx3-data/t-images-idx3-ubyte
printf '\000\000\010\001\000\000\000\002\007\003' >my-images-idx3-data/t-labels-idx1-ubyte
run_status 0 sciml-eval stat my-images-idx3-data/t-images-idx3-ubyte
check_grep "^label	2	()	3	7	5	" out
# extents whose product does not fit any integer
printf '\000\000\010\003\177\377\377\377\177\377\377\377\177\377\377\377\001' >vast-idx
run_error 1 'vast-idx: its extents multiply to more values than a file can hold' sciml-eval stat vast-idx
# 16-bit numbers count high bytes first: 258, -1
printf '\000\000\013\001\000\000\000\002\001\002\377\377' >short-idx
run_status 0 sciml-eval stat short-idx
check_grep "^label	2	()	-1	258	" out
head -c 20 t-images-idx3-ubyte >cut-idx
run_error 1 'its extents ask for 12 values' sciml-eval stat cut-idx
head -c 40 t-images-idx3-ubyte.gz >cut-idx.gz
run_error 1 'compressed data end too early' sciml-eval stat cut-idx.gz

# labels cut short, in the values and in the head, or of another number
cp t-images-idx3-ubyte cut-images-idx3-ubyte
for bytes in 9 6; do
	printf '\000\000\010\001\000\000\000\002\007\003' | head -c $bytes >cut-labels-idx1-ubyte
	run_error 1 'cut-labels-idx1-ubyte: ' sciml-eval stat cut-images-idx3-ubyte
done
printf '\000\000\010\001\000\000\000\001\007' >cut-labels-idx1-ubyte
run_error 1 '2 images, 1 labels' sciml-eval stat cut-images-idx3-ubyte

printf '# a comment\nu.0.0, u.0.1,u.1.0,u.1.1, a.0 a.1, b\n1,2,3,4,5,6,7\n\n8,9,10,11,12,13,-14.5\r\n' >t.csv
run_status 0 sciml-eval stat t.csv
check_grep "^u	2	(2, 2)	1	11	" out
check_grep "^a	2	(2)	5	13	9	" out
check_grep "^b	2	()	-14.5	7	" out
printf '1 2\n3 4\n5\t6\n' | gzip >t.dat.gz
run_status 0 sciml-eval stat t.dat.gz
check_grep "^x	3	(2)	1	6	3.5	" out
# columns out of order, or an index twice, are not one field; an index beyond 64 bits is a name
printf 'u.0,u.2,u.2,v.1.0,w.9223372036854775807\n1,2,2,3,4\n' >order.csv
run_error 1 "two columns 'u.2'" sciml-eval stat order.csv
printf 'u.1,u.0,w.9223372036854775807,w.4294967295.4294967295\n1,2,3,4\n' >order.csv
run_status 0 sciml-eval stat order.csv
check_grep "^u.1	1	()	1	1	1" out
check_grep "^w.9223372036854775807	1	()	3	3	3" out
# a last value may be missing like any other; a comma behind a full row is none
printf 'a,b,c\n1,,3\n4,5,\n,, \n6,7,8,\n' >gaps.csv
run_status 0 sciml-eval stat gaps.csv
check_grep "^b	4	()	5	7	6	[0-9.]*	2\$" out
check_grep "^c	4	()	3	8	5.5	[0-9.]*	2\$" out
printf '1,2,3\n4,\n' >bad.csv
run_error 1 'line 2: not 3 numbers' sciml-eval stat bad.csv
printf '1,2\n3\n' >bad.csv
run_error 1 'line 2: not 2 numbers' sciml-eval stat bad.csv
printf '1,2\n3,x\n' >bad.csv
run_error 1 "line 2: 'x' is not a number" sciml-eval stat bad.csv
printf 'a,b\n' >bad.csv
run_error 1 'no numbers' sciml-eval stat bad.csv
printf 'a,a\n1,2\n' >bad.csv
run_error 1 "two columns 'a'" sciml-eval stat bad.csv
exit 0
