/* h5write.c: HDF5 objects written reproducibly. */
#include "io/h5write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5read.h"
#include "io/output.h"

enum { ATTRIBUTE_MAX = 32 << 10, IMAGE_STEP = 4 << 20 };
static const int64_t CHUNK_MAX = (int64_t)1 << 31;

hid_t h5_create(const char *path, const char *file, struct err *e)
{
	static unsigned long long serial;
	hid_t access = h5_access(), create = H5Pcreate(H5P_FILE_CREATE), id;
	char unique[64];

	H5Pset_obj_track_times(create, false);
	snprintf(unique, sizeof unique, "sciml-output-%llu", ++serial);
	if (!path)
		H5Pset_fapl_core(access, IMAGE_STEP, false);
	id = H5Fcreate(path ? path : unique, H5F_ACC_TRUNC, create, access);
	if (id < 0)
		h5_error(e, file, NULL);
	H5Pclose(create);
	H5Pclose(access);
	return id;
}

int h5_image(hid_t at, const char *file, void **image, size_t *n, struct err *e)
{
	ssize_t size;

	*image = NULL;
	if (H5Fflush(at, H5F_SCOPE_GLOBAL) < 0 || (size = H5Fget_file_image(at, NULL, 0)) < 0)
		return h5_error(e, file, NULL);
	*image = malloc((size_t)size + 1);
	if (!*image)
		return err_set(e, ERR_FAIL, "%s: an image of %lld bytes: out of memory", file, (long long)size);
	*n = (size_t)size;
	if (H5Fget_file_image(at, *image, *n) < 0) {
		h5_error(e, file, NULL);
		free(*image);
		*image = NULL;
		return -1;
	}
	return 0;
}

static hid_t linking(void)
{
	hid_t link = H5Pcreate(H5P_LINK_CREATE);

	H5Pset_create_intermediate_group(link, 1);
	return link;
}

int h5_put_group(hid_t at, const char *file, const char *path, struct err *e)
{
	hid_t link, create, group;

	if (h5_has(at, path))
		return 0;
	link = linking();
	create = H5Pcreate(H5P_GROUP_CREATE);
	H5Pset_obj_track_times(create, false);
	group = H5Gcreate2(at, path, link, create, H5P_DEFAULT);
	if (group < 0)
		h5_error(e, file, path);
	else
		H5Gclose(group);
	H5Pclose(create);
	H5Pclose(link);
	return group < 0 ? -1 : 0;
}

static int put_attribute(hid_t at, const char *file, const char *object, const char *name, hid_t stored, hid_t memory,
			 const void *value, struct err *e)
{
	hid_t space, attribute = -1;
	int rc = 0;

	if (h5_put_group(at, file, object, e) != 0)
		return -1;
	if (h5_has_attribute(at, object, name))
		H5Adelete_by_name(at, object, name, H5P_DEFAULT);
	space = H5Screate(H5S_SCALAR);
	attribute = H5Acreate_by_name(at, object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (attribute < 0 || H5Awrite(attribute, memory, value) < 0)
		rc = h5_error(e, file, name);
	if (attribute >= 0)
		H5Aclose(attribute);
	H5Sclose(space);
	return rc;
}

int h5_put_long(hid_t at, const char *file, const char *object, const char *name, int64_t v, struct err *e)
{
	return put_attribute(at, file, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &v, e);
}

int h5_put_double(hid_t at, const char *file, const char *object, const char *name, double v, struct err *e)
{
	return put_attribute(at, file, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &v, e);
}

int h5_put_text(hid_t at, const char *file, const char *object, const char *name, const char *text, struct err *e)
{
	size_t n = strlen(text) + 1;
	hid_t type = H5Tcopy(H5T_C_S1), array;
	const struct shape one = shape_scalar();
	char path[600];
	int rc;

	H5Tset_size(type, n);
	H5Tset_cset(type, H5T_CSET_UTF8);
	if (n <= ATTRIBUTE_MAX) {
		rc = put_attribute(at, file, object, name, type, type, text, e);
	} else {
		snprintf(path, sizeof path, "%.300s/%.200s", strcmp(object, "/") == 0 ? "" : object, name);
		array = h5_reserve(at, file, path, type, &one, 0, e);
		rc = array < 0 ? -1 : h5_put_rows(array, file, path, type, 0, 1, text, e);
		if (array >= 0)
			H5Dclose(array);
	}
	H5Tclose(type);
	return rc;
}

static hid_t space_of(const struct shape *shape)
{
	hsize_t extent[SHAPE_MAX];

	for (int k = 0; k < shape->rank; k++)
		extent[k] = (hsize_t)shape->dim[k];
	return shape->rank ? H5Screate_simple(shape->rank, extent, NULL) : H5Screate(H5S_SCALAR);
}

/* One entry of the first axis a chunk; when that is above what HDF5 allows, further axes are cut too. */
static void set_chunks(hid_t create, const struct shape *shape, size_t size, int deflate)
{
	hsize_t chunk[SHAPE_MAX];
	int64_t bytes = (int64_t)size;
	int k;

	for (k = 0; k < shape->rank; k++)
		chunk[k] = 1;
	for (k = shape->rank - 1; k > 0 && bytes <= CHUNK_MAX / shape->dim[k]; k--) {
		chunk[k] = (hsize_t)shape->dim[k];
		bytes *= shape->dim[k];
	}
	H5Pset_chunk(create, shape->rank, chunk);
	H5Pset_shuffle(create);
	H5Pset_deflate(create, (unsigned)deflate);
}

hid_t h5_reserve(hid_t at, const char *file, const char *path, hid_t type, const struct shape *shape, int deflate,
		 struct err *e)
{
	hid_t create = H5Pcreate(H5P_DATASET_CREATE), link = linking(), space = space_of(shape), array;

	H5Pset_obj_track_times(create, false);
	if (deflate > 0 && shape->rank > 0 && shape_count(shape) > 0) {
		set_chunks(create, shape, H5Tget_size(type), deflate);
	} else {
		/* Addresses are settled here, whatever is written in which order; the bytes come later. */
		H5Pset_layout(create, H5D_CONTIGUOUS);
		H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY);
		H5Pset_fill_time(create, H5D_FILL_TIME_NEVER);
	}
	array = H5Dcreate2(at, path, type, space, link, create, H5P_DEFAULT);
	if (array < 0)
		h5_error(e, file, path);
	H5Sclose(space);
	H5Pclose(link);
	H5Pclose(create);
	return array;
}

/* The same region for reading and writing; *memory_space and *file_space to be closed. */
static int rows(hid_t array, int64_t first, int64_t count, hid_t *memory_space, hid_t *file_space)
{
	hsize_t start[H5S_MAX_RANK] = { 0 }, extent[H5S_MAX_RANK];
	int rank;

	*memory_space = -1;
	*file_space = H5Dget_space(array);
	rank = *file_space < 0 ? -1 : H5Sget_simple_extent_ndims(*file_space);
	if (rank < 0 || H5Sget_simple_extent_dims(*file_space, extent, NULL) < 0)
		return -1;
	if (rank == 0) {
		*memory_space = H5Scopy(*file_space);
		return *memory_space < 0 ? -1 : 0;
	}
	start[0] = (hsize_t)first;
	extent[0] = (hsize_t)count;
	*memory_space = H5Screate_simple(rank, extent, NULL);
	return *memory_space < 0 || H5Sselect_hyperslab(*file_space, H5S_SELECT_SET, start, NULL, extent, NULL) < 0 ? -1
														    : 0;
}

static void close_spaces(hid_t memory_space, hid_t file_space)
{
	if (memory_space >= 0)
		H5Sclose(memory_space);
	if (file_space >= 0)
		H5Sclose(file_space);
}

int h5_put_rows(hid_t array, const char *file, const char *object, hid_t memory, int64_t first, int64_t count,
		const void *data, struct err *e)
{
	hid_t inside, outside;
	int rc = 0;

	if (count == 0)
		return 0;
	if (rows(array, first, count, &inside, &outside) != 0 ||
	    H5Dwrite(array, memory, inside, outside, H5P_DEFAULT, data) < 0)
		rc = h5_error(e, file, object);
	close_spaces(inside, outside);
	return rc;
}

int h5_get_rows(hid_t array, const char *file, const char *object, hid_t memory, int64_t first, int64_t count,
		void *data, struct err *e)
{
	hid_t inside, outside;
	int rc = 0;

	if (count == 0)
		return 0;
	if (rows(array, first, count, &inside, &outside) != 0 ||
	    H5Dread(array, memory, inside, outside, H5P_DEFAULT, data) < 0)
		rc = h5_error(e, file, object);
	close_spaces(inside, outside);
	return rc;
}

static int put_whole(hid_t at, const char *file, const char *path, hid_t stored, hid_t memory,
		     const struct shape *shape, const void *data, int deflate, struct err *e)
{
	hid_t array = h5_reserve(at, file, path, stored, shape, deflate, e);
	int rc = 0;

	if (array < 0)
		return -1;
	if (shape_count(shape) > 0)
		rc = h5_put_rows(array, file, path, memory, 0, shape->rank ? shape->dim[0] : 1, data, e);
	H5Dclose(array);
	return rc;
}

int h5_put_tensor(hid_t at, const char *file, const char *path, const struct tensor *t, int deflate, struct err *e)
{
	return put_whole(at, file, path, h5_file_type(t->dtype), h5_memory_type(t->dtype), &t->shape, t->data, deflate,
			 e);
}

int h5_put_longs(hid_t at, const char *file, const char *path, int64_t n, const int64_t *v, struct err *e)
{
	struct shape shape = shape_of(n);

	return put_whole(at, file, path, H5T_STD_I64LE, H5T_NATIVE_INT64, &shape, v, 0, e);
}
