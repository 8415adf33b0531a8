/* h5source.c: fields of foreign HDF5 files, read by hyperslabs and brought into canonical axis order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/h5source.h"
#include "io/output.h"

struct h5source *h5source_new(struct source *s)
{
	struct h5source *h = xcalloc(1, sizeof *h);

	s->state = h;
	if (s->file >= 0) {
		h5source_add_piece(h, s->path, s->file, 0);
		h->piece[0].owned = false;
	}
	return h;
}

void h5source_add_piece(struct h5source *h, const char *path, hid_t file, int64_t count)
{
	int64_t first = h->n_pieces ? h->piece[h->n_pieces - 1].first + h->piece[h->n_pieces - 1].count : 0;

	h->piece = xrealloc(h->piece, (size_t)(h->n_pieces + 1) * sizeof *h->piece);
	h->piece[h->n_pieces++] = (struct h5piece){ xstrdup(path), file, true, first, count };
}

void h5source_close(struct source *s)
{
	struct h5source *h = s->state;

	if (!h)
		return;
	for (int i = 0; i < h->n_views; i++)
		if (h->view[i].set >= 0)
			H5Dclose(h->view[i].set);
	for (int i = 0; i < h->n_pieces; i++) {
		if (h->piece[i].owned)
			H5Fclose(h->piece[i].file);
		free(h->piece[i].path);
	}
	if (h->group)
		h5_names_free(h->n_groups, h->group);
	free(h->view);
	free(h->piece);
	free(h);
	s->state = NULL;
}

hid_t h5source_place(const struct h5source *h)
{
	return H5Oopen(h->piece[0].file, h->n_groups ? h->group[0] : "/", H5P_DEFAULT);
}

/* scale_factor, add_offset, _FillValue as netCDF has them. */
static int read_packing(hid_t at, const char *file, struct h5view *v, struct err *e)
{
	v->scale = 1;
	if (h5_has_attribute(at, v->path, "scale_factor")) {
		v->packed = true;
		if (h5_attribute_double(at, file, v->path, "scale_factor", &v->scale, e) != 0)
			return -1;
	}
	if (h5_has_attribute(at, v->path, "add_offset")) {
		v->packed = true;
		if (h5_attribute_double(at, file, v->path, "add_offset", &v->offset, e) != 0)
			return -1;
	}
	if (h5_has_attribute(at, v->path, "_FillValue")) {
		v->packed = v->has_fill = true;
		if (h5_attribute_double(at, file, v->path, "_FillValue", &v->fill, e) != 0)
			return -1;
	}
	return 0;
}

static int check_extents(const struct source *s, const struct h5view *v, const char *name, const int *axes,
			 struct err *e)
{
	char text[SHAPE_TEXT];

	if (v->form.kind == H5_TEXT || v->form.kind == H5_OTHER)
		return err_set(e, ERR_USAGE, "%s: %s holds no numbers", s->path, v->path);
	for (int k = 0; k < v->map.n; k++) {
		const struct axis *a = &s->layout.axis[axes[k]];
		int at = v->map.axis[k];
		int64_t there = -1;

		if (at == v->form.shape.rank && v->form.kind == H5_COMPLEX)
			there = 2;
		else if (v->merged && at == v->form.shape.rank - 2)
			there = v->form.shape.dim[at] * v->form.shape.dim[at + 1];
		else if (at < v->form.shape.rank)
			there = v->form.shape.dim[at];

		if (there != a->size)
			return err_set(e, ERR_USAGE, "%s: %s is %s, but axis %s of field %s has %lld points", s->path,
				       v->path, shape_text(text, &v->form.shape), a->name, name, (long long)a->size);
	}
	return 0;
}

static struct h5view *add_view(struct source *s, const char *path, const char *name, enum field_role role,
			       const struct axis_map *m, const int *axes, bool merged, struct err *e)
{
	struct h5source *h = s->state;
	struct h5view v = { .map = *m, .set = -1, .merged = merged };
	hid_t at = h5source_place(h);

	snprintf(v.path, sizeof v.path, "%s", path);
	if (at < 0) {
		h5_error(e, s->path, path);
		return NULL;
	}
	if (h5_describe(at, s->path, path, &v.form, e) != 0 || check_extents(s, &v, name, axes, e) != 0 ||
	    read_packing(at, s->path, &v, e) != 0) {
		H5Oclose(at);
		return NULL;
	}
	H5Oclose(at);
	/* Integers that are scaled become fractions. */
	layout_add_field(&s->layout, name, v.packed && v.form.dtype == DTYPE_I32 ? DTYPE_F64 : v.form.dtype, role, m->n,
			 axes);
	h->view = xrealloc(h->view, (size_t)(h->n_views + 1) * sizeof *h->view);
	h->view[h->n_views] = v;
	return &h->view[h->n_views++];
}

struct h5view *h5source_field(struct source *s, const char *path, const char *name, enum field_role role,
			      const struct axis_map *m, const int *axes, struct err *e)
{
	return add_view(s, path, name, role, m, axes, false, e);
}

struct h5view *h5source_field_merged(struct source *s, const char *path, const char *name, enum field_role role,
				     const struct axis_map *m, const int *axes, struct err *e)
{
	return add_view(s, path, name, role, m, axes, true, e);
}

void h5source_coordinate(struct source *s, hid_t at, const char *path, int axis, bool cells)
{
	struct axis *a = &s->layout.axis[axis];
	struct err e = { 0 };
	int64_t n = 0;
	double *x = NULL, dx;

	if (!h5_is_array(at, path))
		return;
	if (h5_read_doubles(at, s->path, path, &n, &x, &e) != 0) {
		log_warn("%s", e.message);
		return;
	}
	if (n < a->size || a->size < 1 || (a->kind != AXIS_TIME && n != a->size)) {
		log_warn("%s: %s has %lld values for an axis of %lld: left out", s->path, path, (long long)n,
			 (long long)a->size);
		free(x);
		return;
	}
	free(a->coordinate);
	a->coordinate = xmalloc((size_t)a->size * sizeof *x);
	memcpy(a->coordinate, x, (size_t)a->size * sizeof *x);
	dx = a->size > 1 ? (x[a->size - 1] - x[0]) / (double)(a->size - 1) : 0;
	if (a->kind == AXIS_SPACE)
		a->length = fabs(dx) * (double)(cells ? a->size : a->size - 1);
	free(x);
}

void h5source_params(struct source *s, hid_t at, const char *object)
{
	char **name;
	int n;

	if (h5_attribute_names(at, s->path, object, &n, &name, NULL) != 0)
		return;
	for (int i = 0; i < n; i++) {
		double v;

		if (h5_attribute_double(at, s->path, object, name[i], &v, NULL) == 0)
			layout_add_param(&s->layout, name[i], v);
	}
	h5_names_free(n, name);
}

/* ---- reading ---- */

/* The data set of a view in a piece, or in a group of it. */
static hid_t open_set(struct h5source *h, struct h5view *v, int piece, int64_t sample, struct err *e)
{
	char path[600];
	struct h5_array form;
	hid_t at = h->piece[piece].file;
	const char *file = h->piece[piece].path;

	if (!h->n_groups && v->set >= 0 && v->set_piece == piece)
		return v->set;
	if (v->set >= 0)
		H5Dclose(v->set);
	v->set = -1;
	if (h->n_groups)
		snprintf(path, sizeof path, "%.300s/%s", h->group[sample], v->path);
	else
		snprintf(path, sizeof path, "%s", v->path);
	if (h5_describe(at, file, path, &form, e) != 0)
		return -1;
	for (int k = 0; k < form.shape.rank || k < v->form.shape.rank; k++) {
		bool free_axis = !h->n_groups && k == v->map.sample;
		char is[SHAPE_TEXT], was[SHAPE_TEXT];

		if (form.kind != v->form.kind || form.shape.rank != v->form.shape.rank ||
		    (!free_axis && form.shape.dim[k] != v->form.shape.dim[k])) {
			err_set(e, ERR_USAGE, "%s: %s is %s, the first one is %s", file, path,
				shape_text(is, &form.shape), shape_text(was, &v->form.shape));
			return -1;
		}
	}
	v->set = H5Dopen2(at, path, H5P_DEFAULT);
	if (v->set < 0)
		h5_error(e, file, path);
	v->set_piece = piece;
	return v->set;
}

/* Complex numbers come as pairs of t. */
static int read_complex(hid_t set, const char *file, const struct h5view *v, const int64_t *start, const int64_t *count,
			const int64_t *stride, enum dtype t, void *out, struct err *e)
{
	hsize_t first[SHAPE_MAX], extent[SHAPE_MAX], step[SHAPE_MAX];
	hid_t type = H5Dget_type(set), space = H5Dget_space(set), memory = -1, pair = -1;
	int rank = v->form.shape.rank, status = -1;

	for (int k = 0; k < rank; k++) {
		first[k] = (hsize_t)start[k];
		extent[k] = (hsize_t)count[k];
		step[k] = (hsize_t)(count[k] > 1 ? stride[k] : 1);
	}
	pair = H5Tcreate(H5T_COMPOUND, 2 * dtype_size(t));
	for (unsigned k = 0; k < 2 && type >= 0; k++) {
		char *name = H5Tget_member_name(type, k);

		if (name)
			H5Tinsert(pair, name, k * dtype_size(t), h5_memory_type(t));
		H5free_memory(name);
	}
	memory = H5Screate_simple(rank, extent, NULL);
	if (type < 0 || space < 0 || memory < 0 ||
	    (rank > 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, first, step, extent, NULL) < 0) ||
	    H5Dread(set, pair, memory, space, H5P_DEFAULT, out) < 0)
		h5_error(e, file, v->path);
	else
		status = 0;
	H5Sclose(memory);
	H5Tclose(pair);
	H5Sclose(space);
	H5Tclose(type);
	return status;
}

static void unpack(const struct h5view *v, enum dtype t, void *out, int64_t n)
{
	float *single = out;
	double *real = out;

	for (int64_t i = 0; t == DTYPE_F64 && i < n; i++)
		real[i] = v->has_fill && real[i] == v->fill ? (double)NAN : real[i] * v->scale + v->offset;
	for (int64_t i = 0; t == DTYPE_F32 && i < n; i++)
		single[i] =
			v->has_fill && single[i] == (float)v->fill ? NAN : (float)(single[i] * v->scale + v->offset);
}

/* Are the field's axes in the order of the file? */
static bool in_order(const struct h5view *v)
{
	int last = v->map.sample;

	if (v->form.kind == H5_COMPLEX)
		return false;
	for (int k = 0; k < v->map.n; k++) {
		if (v->map.axis[k] <= last)
			return false;
		last = v->map.axis[k];
	}
	return true;
}

/* A box given on the axes of the data set, to the canonical order of the field. */
static int read_box(hid_t set, const char *file, const struct h5view *v, const int64_t *start, const int64_t *count,
		    const int64_t *stride, enum dtype t, void *out, struct err *e)
{
	static const enum array_type type[] = { ARRAY_F32, ARRAY_F64, ARRAY_I32 };
	struct array box = { .type = type[t], .big_endian = array_host_is_big(), .rank = v->form.shape.rank };
	int64_t extent[ARRAY_RANK_MAX], step[ARRAY_RANK_MAX], n = 1;
	int rank = 0, status;

	memcpy(box.dim, count, (size_t)box.rank * sizeof *count);
	if (v->form.kind == H5_COMPLEX)
		box.dim[box.rank++] = 2;
	if (v->merged) {
		box.dim[box.rank - 2] *= box.dim[box.rank - 1];
		box.rank--;
	}
	for (int k = 0; k < box.rank; k++)
		n *= box.dim[k];
	if (in_order(v)) {
		if (h5_read_slab_of(set, file, v->path, start, count, stride, t, out, e) != 0)
			return -1;
		if (v->packed)
			unpack(v, t, out, n);
		return 0;
	}
	box.owned = mem_new(n, dtype_size(t), v->path, e);
	if (!box.owned)
		return -1;
	if (v->form.kind == H5_COMPLEX)
		status = read_complex(set, file, v, start, count, stride, t, box.owned, e);
	else
		status = h5_read_slab_of(set, file, v->path, start, count, stride, t, box.owned, e);
	if (status == 0) {
		if (v->packed)
			unpack(v, t, box.owned, n);
		box.data = box.owned;
		array_set_strides(&box, false);
		for (int k = -1; k < v->map.n; k++) {
			int axis = k < 0 ? v->map.sample : v->map.axis[k];

			if (axis < 0)
				continue;
			extent[rank] = box.dim[axis];
			step[rank++] = box.stride[axis];
		}
		array_gather(&box, 0, rank, extent, step, t, out);
	}
	free(box.owned);
	return status;
}

/* `count` samples of one file or one group. */
static int read_piece(struct source *s, int field, int piece, int64_t first, int64_t count, int64_t t0, int64_t n_t,
		      int64_t stride, enum dtype t, void *out, struct err *e)
{
	struct h5source *h = s->state;
	struct h5view *v = &h->view[field];
	const struct field *f = &s->layout.field[field];
	int64_t start[SHAPE_MAX], extent[SHAPE_MAX], step[SHAPE_MAX], size = 1;
	hid_t set = open_set(h, v, piece, first, e);

	if (set < 0)
		return -1;
	for (int k = 0; k < v->form.shape.rank; k++) {
		start[k] = v->fixed[k];
		extent[k] = 1;
		step[k] = 1;
	}
	if (v->map.sample >= 0) {
		start[v->map.sample] = first - h->piece[piece].first;
		extent[v->map.sample] = count;
	}
	for (int k = 0; k < v->map.n; k++) {
		const struct axis *a = &s->layout.axis[f->axis[k]];
		int at = v->map.axis[k];

		size *= a->kind == AXIS_TIME ? n_t : a->size;
		if (at >= v->form.shape.rank)
			continue;
		start[at] = a->kind == AXIS_TIME ? t0 : 0;
		extent[at] = a->kind == AXIS_TIME ? n_t : a->size;
		step[at] = a->kind == AXIS_TIME ? stride : 1;
		if (v->merged && at == v->form.shape.rank - 2) {
			extent[at] = v->form.shape.dim[at];
			extent[at + 1] = v->form.shape.dim[at + 1];
		}
	}
	if (read_box(set, h->piece[piece].path, v, start, extent, step, t, out, e) != 0)
		return -1;
	/* One array for all samples: repeated. */
	for (int64_t i = 1; v->map.sample < 0 && i < count; i++)
		memcpy((char *)out + (size_t)(i * size) * dtype_size(t), out, (size_t)size * dtype_size(t));
	return 0;
}

int h5source_read(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t, int64_t stride,
		  enum dtype t, void *out, struct err *e)
{
	const struct h5source *h = s->state;
	const struct field *f = &s->layout.field[field];
	int64_t size = 1, done = 0;

	for (int k = 0; k < f->n_axes; k++) {
		const struct axis *a = &s->layout.axis[f->axis[k]];

		size *= a->kind == AXIS_TIME ? n_t : a->size;
	}
	while (done < count) {
		int64_t now = count - done, sample = first + done;
		int piece = 0;

		if (h->n_groups) {
			now = 1;
		} else if (h->n_pieces > 1) {
			while (piece + 1 < h->n_pieces && sample >= h->piece[piece + 1].first)
				piece++;
			if (now > h->piece[piece].first + h->piece[piece].count - sample)
				now = h->piece[piece].first + h->piece[piece].count - sample;
		}
		if (read_piece(s, field, piece, sample, now, t0, n_t, stride, t,
			       (char *)out + (size_t)(done * size) * dtype_size(t), e) != 0)
			return -1;
		done += now;
	}
	return 0;
}
