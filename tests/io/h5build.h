/* h5build.h: HDF5 files as other projects write them, made with the C interface of HDF5 alone. */
#ifndef SCIML_TESTS_H5BUILD_H
#define SCIML_TESTS_H5BUILD_H

#include <check.h>
#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILTER_LZF = 32000 };

static inline hid_t build_links(void)
{
	hid_t l = H5Pcreate(H5P_LINK_CREATE);

	H5Pset_create_intermediate_group(l, 1);
	return l;
}

/* A float32 data set whose element i is start + i; filter 0, H5Z_FILTER_DEFLATE or FILTER_LZF with one chunk an entry
 * of the first axis. */
static inline void build_array(hid_t file, const char *path, double start, int filter, int rank, const hsize_t *dim)
{
	hid_t link = build_links(), create = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(rank, dim, NULL),
	      set;
	hsize_t n = 1, chunk[H5S_MAX_RANK];
	float *v;

	for (int k = 0; k < rank; k++) {
		n *= dim[k];
		chunk[k] = k ? dim[k] : 1;
	}
	if (filter) {
		H5Pset_chunk(create, rank, chunk);
		H5Pset_shuffle(create);
		if (filter == FILTER_LZF)
			ck_assert_int_ge(H5Pset_filter(create, FILTER_LZF, H5Z_FLAG_OPTIONAL, 0, NULL), 0);
		else
			H5Pset_deflate(create, 6);
	}
	v = malloc(n * sizeof *v);
	for (hsize_t i = 0; i < n; i++)
		v[i] = (float)(start + (double)i);
	set = H5Dcreate2(file, path, H5T_IEEE_F32LE, space, link, create, H5P_DEFAULT);
	ck_assert_int_ge(set, 0);
	ck_assert_int_ge(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, v), 0);
	free(v);
	H5Dclose(set);
	H5Sclose(space);
	H5Pclose(create);
	H5Pclose(link);
}

#define DIMS(...)                                                                                                      \
	(int)(sizeof((hsize_t[]){ __VA_ARGS__ }) / sizeof(hsize_t)), (hsize_t[])                                       \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}

/* n doubles start, start + step, ... */
static inline void build_line(hid_t file, const char *path, hsize_t n, double start, double step)
{
	hid_t link = build_links(), space = H5Screate_simple(1, &n, NULL), set;
	double *v = malloc(n * sizeof *v);

	for (hsize_t i = 0; i < n; i++)
		v[i] = start + step * (double)i;
	set = H5Dcreate2(file, path, H5T_IEEE_F64LE, space, link, H5P_DEFAULT, H5P_DEFAULT);
	ck_assert_int_ge(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v), 0);
	free(v);
	H5Dclose(set);
	H5Sclose(space);
	H5Pclose(link);
}

static inline void build_group(hid_t file, const char *path)
{
	hid_t link = build_links();

	H5Gclose(H5Gcreate2(file, path, link, H5P_DEFAULT, H5P_DEFAULT));
	H5Pclose(link);
}

/* n < 0: a scalar attribute. */
static inline void build_attribute(hid_t file, const char *object, const char *name, hid_t type, int n,
				   const void *value)
{
	hsize_t dim = n < 0 ? 1 : (hsize_t)n;
	hid_t space = n < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &dim, NULL);
	hid_t a = H5Acreate_by_name(file, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

	ck_assert_int_ge(a, 0);
	if (n != 0)
		ck_assert_int_ge(H5Awrite(a, type, value), 0);
	H5Aclose(a);
	H5Sclose(space);
}

static inline void build_number(hid_t file, const char *object, const char *name, double v)
{
	build_attribute(file, object, name, H5T_NATIVE_DOUBLE, -1, &v);
}

static inline void build_texts(hid_t file, const char *object, const char *name, int n, const char *const *v)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	H5Tset_size(type, H5T_VARIABLE);
	H5Tset_cset(type, H5T_CSET_UTF8);
	build_attribute(file, object, name, type, n, v);
	H5Tclose(type);
}

/* Fixed length, as MATLAB has it. */
static inline void build_fixed_text(hid_t file, const char *object, const char *name, const char *v)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	H5Tset_size(type, strlen(v));
	build_attribute(file, object, name, type, -1, v);
	H5Tclose(type);
}

/* NumPy booleans. */
static inline hid_t build_bool_type(void)
{
	hid_t type = H5Tenum_create(H5T_STD_I8LE);
	signed char no = 0, yes = 1;

	H5Tenum_insert(type, "FALSE", &no);
	H5Tenum_insert(type, "TRUE", &yes);
	return type;
}

static inline void build_flags(hid_t file, const char *object, const char *name, int n, const signed char *v)
{
	hid_t type = build_bool_type();

	build_attribute(file, object, name, type, n, v);
	H5Tclose(type);
}

#endif
