/* pdebench_write.c: a data set as one PDEBench file (DATA-LAYOUTS of the project: one data set a variable, float32,
 * cell centres, one time more than frames, parameters as attributes). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5make.h"
#include "io/pdebench.h"

enum { CHUNK_BYTES = 1 << 20 };

struct writer {
	struct h5make out;
	const char *set; /* the data set being filled */
};

static void store(void *arg, int64_t first, int64_t count, const float *values)
{
	struct writer *w = arg;

	h5make_rows(&w->out, w->set, first, count, DTYPE_F32, values);
}

/* Extents on disk: samples, time (frames 1 if `frame` asks for a time axis that the field lacks), space. -1: other
 * axes. */
static int extents(const struct layout *l, int field, bool frame, int64_t *dim)
{
	const struct field *f = &l->field[field];
	int n = 0;
	bool time = false;

	dim[n++] = l->n_samples;
	for (int k = 0; k < f->n_axes; k++)
		time = time || l->axis[f->axis[k]].kind == AXIS_TIME;
	if (frame && !time)
		dim[n++] = 1;
	for (int k = 0; k < f->n_axes; k++) {
		const struct axis *a = &l->axis[f->axis[k]];

		/* One channel is no axis on disk. */
		if (a->kind == AXIS_CHANNEL && a->size == 1)
			continue;
		if (a->kind == AXIS_CHANNEL || a->kind == AXIS_POINT)
			return -1;
		dim[n++] = a->size;
	}
	return n <= SHAPE_MAX ? n : -1;
}

static int write_field(struct writer *w, struct dataset *d, int field, const char *name, bool frame, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	int64_t dim[SHAPE_MAX + 2], chunk[SHAPE_MAX + 2], bytes = 4;
	int rank = extents(l, field, frame, dim);

	if (rank < 2)
		return err_set(
			e, ERR_USAGE,
			"field %s cannot be written as PDEBench's %s: it must have axes in space and one channel",
			l->field[field].name, name);
	memcpy(chunk, dim, sizeof chunk);
	chunk[0] = 1;
	for (int k = 1; k < rank; k++)
		bytes *= dim[k];
	if (bytes > CHUNK_BYTES && rank > 2)
		chunk[1] = 1;
	h5make_array(&w->out, name, DTYPE_F32, rank, dim, chunk, NULL);
	w->set = name;
	return h5make_each_block(d, field, 0, l->n_samples, store, w, e);
}

/* Stored coordinates, or cell centres; times go one step further than the frames. */
static void write_axis(struct writer *w, const struct axis *a)
{
	int64_t n = a->size + (a->kind == AXIS_TIME ? 1 : 0);
	double *x = xcalloc((size_t)n + 1, sizeof *x), step = (a->length > 0 ? a->length : 1) / (double)a->size;
	char name[64];

	for (int64_t i = 0; i < n; i++) {
		if (a->coordinate && i < a->size)
			x[i] = a->coordinate[i];
		else if (a->kind == AXIS_TIME && a->coordinate && i > 0)
			x[i] = x[i - 1] + (i > 1 ? x[i - 1] - x[i - 2] : 1);
		else
			x[i] = a->kind == AXIS_TIME ? (double)i : ((double)i + 0.5) * step;
	}
	snprintf(name, sizeof name, "%s-coordinate", a->name);
	h5make_array(&w->out, name, DTYPE_F64, 1, &n, NULL, x);
	free(x);
}

static int only_field(const struct layout *l, enum field_role role, bool time)
{
	int found = -1;

	for (int i = 0; i < l->n_fields; i++) {
		bool has_time = false;

		for (int k = 0; k < l->field[i].n_axes; k++)
			has_time = has_time || l->axis[l->field[i].axis[k]].kind == AXIS_TIME;
		if (l->field[i].role != role || has_time != time)
			continue;
		if (found >= 0)
			return -1;
		found = i;
	}
	return found;
}

static int write_fields(struct writer *w, struct dataset *d, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	int u = only_field(l, ROLE_TRAJECTORY, true), in = only_field(l, ROLE_INPUT, false);
	int out = only_field(l, ROLE_TARGET, false);

	if (layout_find_field(l, "density") >= 0 && layout_find_field(l, "Vx") >= 0) {
		for (int i = 0; i < 5; i++) {
			int field = layout_find_field(l, pdebench_flow[i]);

			if (field >= 0 && write_field(w, d, field, pdebench_flow[i], true, e) != 0)
				return -1;
		}
		return 0;
	}
	if (u >= 0)
		return write_field(w, d, u, "tensor", true, e);
	if (in >= 0 && out >= 0)
		return write_field(w, d, in, "nu", false, e) != 0 ? -1 : write_field(w, d, out, "tensor", true, e);
	return err_set(e, ERR_USAGE,
		       "layout pdebench holds one trajectory, one input and one target, or density, pressure, Vx, ...: "
		       "this set has none of these");
}

/* x, y, z by kind, whatever their names are here. */
static void write_axes(struct writer *w, const struct layout *l)
{
	int n_space = 0;
	bool time = false;

	for (int i = 0; i < l->n_axes; i++) {
		struct axis a = l->axis[i];

		if (a.kind == AXIS_SPACE && n_space < 3)
			snprintf(a.name, sizeof a.name, "%s", pdebench_space[n_space++]);
		else if (a.kind == AXIS_TIME && !time)
			snprintf(a.name, sizeof a.name, "t");
		else
			continue;
		time = time || a.kind == AXIS_TIME;
		write_axis(w, &a);
	}
}

int pdebench_write(struct dataset *d, const char *path, const char *config, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	struct writer w = { .set = NULL };
	struct err why = { 0 };

	if (h5make_open(&w.out, path, 0, e) != 0)
		return -1;
	if (write_fields(&w, d, &why) != 0) {
		err_in(&why, "%s", path);
		h5make_fail(&w.out, &why);
	}
	write_axes(&w, l);
	for (int i = 0; i < l->n_params; i++)
		h5make_double(&w.out, "/", l->param[i].name, l->param[i].value);
	if (config)
		h5make_text(&w.out, "/", "config", config);
	return h5make_close(&w.out, e);
}
