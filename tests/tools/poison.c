/* poison FILE DATASET SAMPLE: put a NaN into the first value of a sample, for the tests of error paths: the checksums
 * of the file are made anew, so that what is behind them is met. */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/h5sum.h"

int main(int argc, char **argv)
{
	double nan_value = NAN;
	hsize_t start[8] = { 0 }, count[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

	if (argc != 4)
		return 2;
	hid_t file = H5Fopen(argv[1], H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, argv[2], H5P_DEFAULT);
	hid_t space = H5Dget_space(set), one = H5Screate(H5S_SCALAR);
	start[0] = (hsize_t)atoi(argv[3]);
	H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
	herr_t bad = H5Dwrite(set, H5T_NATIVE_DOUBLE, one, space, H5P_DEFAULT, &nan_value);
	H5Sclose(one);
	H5Sclose(space);
	H5Dclose(set);
	struct err why = { 0 };

	if (h5sum_write(file, argv[1], &why) != 0)
		fprintf(stderr, "poison: %s\n", why.message);
	return bad < 0 || why.code != 0 || H5Fclose(file) < 0;
}
