/* h5make.c: HDF5 objects as other projects write them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5make.h"
#include "io/h5read.h"
#include "io/output.h"

enum { BLOCK_BYTES = 1 << 24 };

int h5make_open(struct h5make *w, const char *path, int user_block, struct err *e)
{
	hid_t create = H5Pcreate(H5P_FILE_CREATE);

	*w = (struct h5make){ .path = path, .file = -1 };
	w->temporary = output_temporary(path, e);
	if (!w->temporary) {
		H5Pclose(create);
		return -1;
	}
	H5Pset_obj_track_times(create, false);
	if (user_block)
		H5Pset_userblock(create, (hsize_t)user_block);
	w->file = H5Fcreate(w->temporary, H5F_ACC_TRUNC, create, H5P_DEFAULT);
	H5Pclose(create);
	if (w->file < 0) {
		h5_error(e, path, "/");
		output_drop(w->temporary);
		return -1;
	}
	return 0;
}

int h5make_close(struct h5make *w, struct err *e)
{
	if (H5Fclose(w->file) < 0 && !w->failed) {
		h5_error(&w->error, w->path, "/");
		w->failed = true;
	}
	if (w->failed) {
		output_drop(w->temporary);
		return err_set(e, w->error.code, "%s", w->error.message);
	}
	return output_commit(w->temporary, w->path, e);
}

void h5make_fail(struct h5make *w, const struct err *why)
{
	if (!w->failed)
		w->error = *why;
	w->failed = true;
}

/* Record HDF5's own words; true: all is well. */
static bool check(struct h5make *w, bool good, const char *object)
{
	if (!good && !w->failed) {
		h5_error(&w->error, w->path, object);
		w->failed = true;
	}
	return good;
}

static hid_t links(void)
{
	hid_t l = H5Pcreate(H5P_LINK_CREATE);

	H5Pset_create_intermediate_group(l, 1);
	return l;
}

void h5make_group(struct h5make *w, const char *path)
{
	hid_t link, create, group;

	if (w->failed)
		return;
	link = links();
	create = H5Pcreate(H5P_GROUP_CREATE);
	H5Pset_obj_track_times(create, false);
	group = H5Gcreate2(w->file, path, link, create, H5P_DEFAULT);
	if (check(w, group >= 0, path))
		H5Gclose(group);
	H5Pclose(create);
	H5Pclose(link);
}

static void to_extents(int rank, const int64_t *from, hsize_t *to)
{
	for (int k = 0; k < rank; k++)
		to[k] = (hsize_t)from[k];
}

static void make_set(struct h5make *w, const char *path, hid_t stored, hid_t memory, int rank, const int64_t *dim,
		     const int64_t *chunk, const void *data)
{
	hsize_t extent[SHAPE_MAX + 1];
	hid_t link, create, space, set;

	if (w->failed)
		return;
	link = links();
	create = H5Pcreate(H5P_DATASET_CREATE);
	to_extents(rank, dim, extent);
	space = H5Screate_simple(rank, extent, NULL);
	H5Pset_obj_track_times(create, false);
	if (chunk) {
		to_extents(rank, chunk, extent);
		H5Pset_chunk(create, rank, extent);
	}
	set = H5Dcreate2(w->file, path, stored, space, link, create, H5P_DEFAULT);
	if (check(w, set >= 0, path)) {
		if (data)
			check(w, H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, path);
		H5Dclose(set);
	}
	H5Sclose(space);
	H5Pclose(create);
	H5Pclose(link);
}

void h5make_array(struct h5make *w, const char *path, enum dtype t, int rank, const int64_t *dim, const int64_t *chunk,
		  const void *data)
{
	make_set(w, path, h5_file_type(t), h5_memory_type(t), rank, dim, chunk, data);
}

void h5make_rows(struct h5make *w, const char *path, int64_t first, int64_t count, enum dtype t, const void *data)
{
	hsize_t extent[SHAPE_MAX + 1], start[SHAPE_MAX + 1] = { 0 };
	hid_t set, space, memory;
	int rank;

	if (w->failed)
		return;
	set = H5Dopen2(w->file, path, H5P_DEFAULT);
	if (!check(w, set >= 0, path))
		return;
	space = H5Dget_space(set);
	rank = H5Sget_simple_extent_dims(space, extent, NULL);
	start[0] = (hsize_t)first;
	extent[0] = (hsize_t)count;
	memory = H5Screate_simple(rank, extent, NULL);
	check(w,
	      H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL) >= 0 &&
		      H5Dwrite(set, h5_memory_type(t), memory, space, H5P_DEFAULT, data) >= 0,
	      path);
	H5Sclose(memory);
	H5Sclose(space);
	H5Dclose(set);
}

static hid_t bool_type(void)
{
	hid_t type = H5Tenum_create(H5T_STD_I8LE);
	signed char no = 0, yes = 1;

	H5Tenum_insert(type, "FALSE", &no);
	H5Tenum_insert(type, "TRUE", &yes);
	return type;
}

void h5make_bools(struct h5make *w, const char *path, int rank, const int64_t *dim, const bool *data)
{
	hid_t type = bool_type();

	/* A C bool of value 0 or 1 is the same byte as the enumeration's. */
	make_set(w, path, type, type, rank, dim, NULL, data);
	H5Tclose(type);
}

/* n < 0: a scalar. */
static void attribute(struct h5make *w, const char *object, const char *name, hid_t stored, hid_t memory, int n,
		      const void *value)
{
	hsize_t extent = n < 0 ? 1 : (hsize_t)n;
	hid_t space, a;

	if (w->failed)
		return;
	space = n < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, NULL);
	a = H5Acreate_by_name(w->file, object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (check(w, a >= 0, object)) {
		if (n != 0)
			check(w, H5Awrite(a, memory, value) >= 0, object);
		H5Aclose(a);
	}
	H5Sclose(space);
}

static hid_t text_type(void)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	H5Tset_size(type, H5T_VARIABLE);
	H5Tset_cset(type, H5T_CSET_UTF8);
	return type;
}

void h5make_text(struct h5make *w, const char *object, const char *name, const char *value)
{
	hid_t type = text_type();

	attribute(w, object, name, type, type, -1, &value);
	H5Tclose(type);
}

void h5make_texts(struct h5make *w, const char *object, const char *name, int n, const char *const *value)
{
	hid_t type = text_type();

	attribute(w, object, name, type, type, n, value);
	H5Tclose(type);
}

void h5make_double(struct h5make *w, const char *object, const char *name, double value)
{
	attribute(w, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, -1, &value);
}

void h5make_long(struct h5make *w, const char *object, const char *name, int64_t value)
{
	attribute(w, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, -1, &value);
}

void h5make_flag(struct h5make *w, const char *object, const char *name, bool value)
{
	h5make_flags(w, object, name, -1, &value);
}

void h5make_flags(struct h5make *w, const char *object, const char *name, int n, const bool *value)
{
	hid_t type = bool_type();

	attribute(w, object, name, type, type, n, value);
	H5Tclose(type);
}

int h5make_each_block(struct dataset *d, int field, int64_t first, int64_t n,
		      void (*store)(void *arg, int64_t first, int64_t count, const float *values), void *arg,
		      struct err *e)
{
	int64_t size = layout_field_count(dataset_layout(d), field);
	int64_t block = size > 0 ? BLOCK_BYTES / (4 * size) : n;
	int64_t *index;
	float *values;
	int status = 0;

	block = block < 1 ? 1 : block > n ? n : block;
	index = xcalloc((size_t)block + 1, sizeof *index);
	values = mem_new(block * size + 1, sizeof *values, dataset_layout(d)->field[field].name, e);
	if (!values) {
		free(index);
		return -1;
	}
	for (int64_t done = 0; done < n && status == 0; done += block) {
		int64_t now = n - done < block ? n - done : block;

		for (int64_t i = 0; i < now; i++)
			index[i] = first + done + i;
		status = dataset_read(d, field, now, index, DTYPE_F32, values, e);
		if (status == 0)
			store(arg, done, now, values);
	}
	free(values);
	free(index);
	return status;
}
