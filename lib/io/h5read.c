/* h5read.c: existence, description and hyperslabs of HDF5 data sets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5read.h"
#include "io/output.h"

enum { PATH_ROOM = 1024 };

bool h5_has(hid_t at, const char *path)
{
	char part[PATH_ROOM];
	size_t n = strlen(path);

	while (*path == '/' && n > 1)
		path++, n--;
	if (n == 0 || strcmp(path, ".") == 0 || strcmp(path, "/") == 0)
		return true;
	if (n >= sizeof part)
		return false;
	/* H5Lexists wants every link before the last to exist. */
	for (size_t i = 1; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (H5Lexists(at, part, H5P_DEFAULT) <= 0 || H5Oexists_by_name(at, part, H5P_DEFAULT) <= 0)
			return false;
	}
	return true;
}

static H5O_type_t object_type(hid_t at, const char *path)
{
	H5O_info_t info;

	if (!h5_has(at, path) || H5Oget_info_by_name1(at, path, &info, H5P_DEFAULT) < 0)
		return H5O_TYPE_UNKNOWN;
	return info.type;
}

bool h5_is_group(hid_t at, const char *path)
{
	return object_type(at, path) == H5O_TYPE_GROUP;
}

bool h5_is_array(hid_t at, const char *path)
{
	return object_type(at, path) == H5O_TYPE_DATASET;
}

hid_t h5_open_array(hid_t at, const char *file, const char *path, struct err *e)
{
	hid_t array, create;
	bool outside;

	if (!h5_has(at, path))
		return err_set(e, ERR_FAIL, "%s: no data set %s", file, path);
	array = H5Dopen2(at, path, H5P_DEFAULT);
	if (array < 0)
		return h5_error(e, file, path);
	create = H5Dget_create_plist(array);
	outside = create >= 0 && (H5Pget_external_count(create) > 0 || H5Pget_layout(create) == H5D_VIRTUAL);
	if (create >= 0)
		H5Pclose(create);
	if (outside) {
		H5Dclose(array);
		return err_set(e, ERR_FAIL, "%s: %s keeps its values in other files, which are not followed", file,
			       path);
	}
	return array;
}

static bool is_complex(hid_t type)
{
	bool yes = H5Tget_class(type) == H5T_COMPOUND && H5Tget_nmembers(type) == 2;

	for (unsigned k = 0; yes && k < 2; k++)
		yes = H5Tget_member_class(type, k) == H5T_FLOAT;
	return yes;
}

static void describe_type(hid_t type, struct h5_array *a)
{
	size_t size = H5Tget_size(type);

	switch (H5Tget_class(type)) {
	case H5T_FLOAT:
		a->kind = H5_FLOAT;
		a->dtype = size <= 4 ? DTYPE_F32 : DTYPE_F64;
		break;
	case H5T_INTEGER:
		a->kind = H5_INTEGER;
		a->dtype = size <= 2 ? DTYPE_F32 : size == 4 && H5Tget_sign(type) == H5T_SGN_2 ? DTYPE_I32 : DTYPE_F64;
		break;
	case H5T_ENUM:
		a->kind = H5_BOOL;
		a->dtype = size <= 2 ? DTYPE_F32 : DTYPE_F64;
		break;
	case H5T_STRING:
		a->kind = H5_TEXT;
		break;
	default:
		a->kind = is_complex(type) ? H5_COMPLEX : H5_OTHER;
		if (a->kind == H5_COMPLEX)
			a->dtype = size <= 8 ? DTYPE_F32 : DTYPE_F64;
	}
}

/* Damaged extents must not cost the machine's memory: what a contiguous array claims it stores, and no compression
 * gains a factor of 1e5 on anything large. */
static bool is_plausible(hid_t array, hid_t type, double count)
{
	hid_t create = H5Dget_create_plist(array);
	double stored = (double)H5Dget_storage_size(array), claimed = count * (double)H5Tget_size(type);
	H5D_layout_t layout = create < 0 ? H5D_CHUNKED : H5Pget_layout(create);

	if (create >= 0)
		H5Pclose(create);
	if (layout != H5D_CHUNKED && layout != H5D_VIRTUAL && stored > 0 && stored != claimed)
		return false;
	return claimed < 1073741824.0 || stored * 1e5 >= claimed;
}

int h5_describe_of(hid_t array, const char *file, const char *path, struct h5_array *a, struct err *e)
{
	hsize_t extent[H5S_MAX_RANK];
	hid_t space = H5Dget_space(array), type = H5Dget_type(array);
	double count = 1;
	int rank, rc = -1;

	memset(a, 0, sizeof *a);
	if (space < 0 || type < 0) {
		h5_error(e, file, path);
		goto out;
	}
	describe_type(type, a);
	rank = H5Sget_simple_extent_ndims(space);
	if (rank < 0 || rank > H5S_MAX_RANK || H5Sget_simple_extent_dims(space, extent, NULL) < 0) {
		h5_error(e, file, path);
		goto out;
	}
	if (rank > SHAPE_MAX) {
		err_set(e, ERR_FAIL, "%s: %s has %d axes, at most %d are handled", file, path, rank, SHAPE_MAX);
		goto out;
	}
	for (int k = 0; k < rank; k++)
		count *= (double)extent[k];
	if (count > 281474976710656.0) {
		err_set(e, ERR_FAIL, "%s: %s claims %.3g elements", file, path, count);
		goto out;
	}
	if (H5Sget_simple_extent_type(space) != H5S_NULL && !is_plausible(array, type, count)) {
		err_set(e, ERR_FAIL, "%s: %s is damaged: it claims %.3g elements, its storage differs", file, path,
			count);
		goto out;
	}
	if (H5Sget_simple_extent_type(space) == H5S_NULL) {
		rank = 1;
		extent[0] = 0;
	}
	a->shape.rank = rank;
	for (int k = 0; k < rank; k++) {
		if (extent[k] > 281474976710656ULL) {
			err_set(e, ERR_FAIL, "%s: %s has an axis of %llu points", file, path,
				(unsigned long long)extent[k]);
			goto out;
		}
		a->shape.dim[k] = (int64_t)extent[k];
	}
	rc = 0;
out:
	if (space >= 0)
		H5Sclose(space);
	if (type >= 0)
		H5Tclose(type);
	return rc;
}

int h5_describe(hid_t at, const char *file, const char *path, struct h5_array *a, struct err *e)
{
	hid_t array = h5_open_array(at, file, path, e);
	int rc;

	if (array < 0)
		return -1;
	rc = h5_describe_of(array, file, path, a, e);
	H5Dclose(array);
	return rc;
}

int h5_read_slab_of(hid_t array, const char *file, const char *object, const int64_t *start, const int64_t *count,
		    const int64_t *stride, enum dtype t, void *out, struct err *e)
{
	hsize_t first[SHAPE_MAX], extent[SHAPE_MAX], step[SHAPE_MAX], total[SHAPE_MAX];
	hid_t space = H5Dget_space(array), memory = -1;
	int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space), rc = -1;

	if (rank < 0 || rank > SHAPE_MAX || H5Sget_simple_extent_dims(space, total, NULL) < 0) {
		h5_error(e, file, object);
		goto out;
	}
	for (int k = 0; k < rank; k++) {
		first[k] = (hsize_t)start[k];
		extent[k] = (hsize_t)count[k];
		step[k] = stride && count[k] > 1 ? (hsize_t)stride[k] : 1;
		if (count[k] == 0) {
			rc = 0;
			goto out;
		}
		if (start[k] < 0 || count[k] < 0 || step[k] < 1 || first[k] + (extent[k] - 1) * step[k] >= total[k]) {
			err_set(e, ERR_FAIL, "%s: %s: axis %d has %llu points, asked for %lld from %lld", file, object,
				k, (unsigned long long)total[k], (long long)count[k], (long long)start[k]);
			goto out;
		}
	}
	if (rank > 0) {
		memory = H5Screate_simple(rank, extent, NULL);
		if (memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, first, step, extent, NULL) < 0) {
			h5_error(e, file, object);
			goto out;
		}
	}
	if (H5Dread(array, h5_memory_type(t), rank > 0 ? memory : H5S_ALL, rank > 0 ? space : H5S_ALL, H5P_DEFAULT,
		    out) < 0) {
		h5_error(e, file, object);
		goto out;
	}
	rc = 0;
out:
	if (memory >= 0)
		H5Sclose(memory);
	if (space >= 0)
		H5Sclose(space);
	return rc;
}

static int numeric(hid_t array, const char *file, const char *path, struct h5_array *a, struct err *e)
{
	if (h5_describe_of(array, file, path, a, e) != 0)
		return -1;
	if (a->kind == H5_TEXT || a->kind == H5_COMPLEX || a->kind == H5_OTHER)
		return err_set(e, ERR_FAIL, "%s: %s holds %s, numbers are needed", file, path,
			       a->kind == H5_TEXT      ? "text"
			       : a->kind == H5_COMPLEX ? "complex numbers"
						       : "records or references");
	return 0;
}

int h5_read_slab(hid_t at, const char *file, const char *path, const int64_t *start, const int64_t *count,
		 const int64_t *stride, enum dtype t, void *out, struct err *e)
{
	struct h5_array a;
	hid_t array = h5_open_array(at, file, path, e);
	int rc = -1;

	if (array < 0)
		return -1;
	if (numeric(array, file, path, &a, e) == 0)
		rc = h5_read_slab_of(array, file, path, start, count, stride, t, out, e);
	H5Dclose(array);
	return rc;
}

/* All of it; t < 0: in its own type. */
static int read_whole(hid_t at, const char *file, const char *path, int t, struct h5_array *a, void **out,
		      struct err *e)
{
	int64_t start[SHAPE_MAX] = { 0 };
	hid_t array = h5_open_array(at, file, path, e);
	char what[300];
	int rc = -1;

	*out = NULL;
	if (array < 0)
		return -1;
	if (numeric(array, file, path, a, e) != 0)
		goto out;
	if (t >= 0)
		a->dtype = (enum dtype)t;
	snprintf(what, sizeof what, "%.140s: %.140s", file, path);
	/* One element at least, so that an empty array has an address. */
	*out = mem_new(shape_count(&a->shape) + 1, dtype_size(a->dtype), what, e);
	if (*out)
		rc = h5_read_slab_of(array, file, path, start, a->shape.dim, NULL, a->dtype, *out, e);
	if (rc != 0) {
		free(*out);
		*out = NULL;
	}
out:
	H5Dclose(array);
	return rc;
}

int h5_read_tensor(hid_t at, const char *file, const char *path, struct tensor *out, struct err *e)
{
	struct h5_array a;
	void *data;

	if (read_whole(at, file, path, -1, &a, &data, e) != 0)
		return -1;
	*out = tensor_view(a.dtype, &a.shape, data);
	out->owns = true;
	return 0;
}

int h5_read_doubles(hid_t at, const char *file, const char *path, int64_t *n, double **values, struct err *e)
{
	struct h5_array a;
	void *data;

	if (read_whole(at, file, path, DTYPE_F64, &a, &data, e) != 0)
		return -1;
	*n = shape_count(&a.shape);
	*values = data;
	return 0;
}
