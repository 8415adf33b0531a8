/* well_write.c: a data set in the layout of The Well: float32 fields by tensor order, the attributes that its checker
 * asks for, stats.yaml from the training part. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5make.h"
#include "io/output.h"
#include "io/well.h"

/* One field on disk; a field here whose channels are no vector gives several. */
struct part {
	int field, order; /* order -1: under scalars */
	int channel;	  /* the one taken, -1: all */
	char name[80];
	bool by_time;
	int n_space, space[3]; /* layout axes */
	int64_t n_time, n_components, n_points;
};

/* Moments of one component, about the first value met so that large means cost no digits. */
struct moments {
	double origin, sum, square;
	double delta, delta_square;
	int64_t n, n_delta;
};

struct writer {
	struct h5make out;
	const struct layout *l;
	int n_space, space[3], time; /* layout axes of the set, time -1: none */
	struct part *part;
	int n_parts, capacity;
	struct moments *moments; /* 9 a part, or NULL: not of the training part */
	const struct part *now;
	char object[128];
	float *buffer;
};

/* ---- what goes where ---- */

static void add_part(struct writer *w, const struct part *p)
{
	MEM_GROW(w->part, w->n_parts, w->capacity);
	w->part[w->n_parts++] = *p;
}

static int plan_field(struct writer *w, int i, struct err *e)
{
	const struct field *f = &w->l->field[i];
	struct part p = { .field = i, .channel = -1, .n_time = 1, .n_components = 1, .n_points = 1 };
	const struct axis *channel = NULL;

	snprintf(p.name, sizeof p.name, "%s", f->name);
	for (int k = 0; k < f->n_axes; k++) {
		const struct axis *a = &w->l->axis[f->axis[k]];

		if (a->kind == AXIS_POINT || (a->kind == AXIS_CHANNEL && channel) ||
		    (a->kind == AXIS_SPACE && p.n_space == 3))
			return err_set(e, ERR_USAGE, "field %s cannot be written as The Well's: axis %s", f->name,
				       a->name);
		if (a->kind == AXIS_TIME) {
			if (f->axis[k] != w->time)
				return err_set(e, ERR_USAGE, "field %s has a time axis of its own", f->name);
			p.by_time = true;
			p.n_time = a->size;
		} else if (a->kind == AXIS_CHANNEL) {
			channel = a;
			p.n_components = a->size;
		} else {
			p.space[p.n_space++] = f->axis[k];
			p.n_points *= a->size;
		}
	}
	if (p.n_space == 0 && !channel) {
		p.order = -1;
	} else if (channel) {
		int64_t d = w->n_space;

		if (channel->size == d && (strcmp(channel->name, "vector") == 0 || strcmp(f->name, "velocity") == 0))
			p.order = 1;
		else if (channel->size == d * d && strcmp(channel->name, "tensor") == 0)
			p.order = 2;
		else if (channel->size == 1)
			p.channel = 0;
		else
			for (p.channel = 0; p.channel + 1 < channel->size; p.channel++) {
				snprintf(p.name, sizeof p.name, "%s_%d", f->name, p.channel);
				add_part(w, &p);
			}
		if (p.channel > 0)
			snprintf(p.name, sizeof p.name, "%s_%d", f->name, p.channel);
	}
	add_part(w, &p);
	return 0;
}

static int plan(struct writer *w, struct err *e)
{
	w->time = -1;
	for (int i = 0; i < w->l->n_axes; i++) {
		if (w->l->axis[i].kind == AXIS_TIME && w->time < 0)
			w->time = i;
		if (w->l->axis[i].kind != AXIS_SPACE)
			continue;
		if (w->n_space == 3)
			return err_set(e, ERR_USAGE, "layout well holds sets of one grid of up to 3 dimensions");
		w->space[w->n_space++] = i;
	}
	if (w->n_space == 0)
		return err_set(e, ERR_USAGE, "layout well holds sets on a grid, this one has no axis in space");
	for (int i = 0; i < w->l->n_fields; i++)
		if (plan_field(w, i, e) != 0)
			return -1;
	return 0;
}

/* ---- values ---- */

static void add_moments(struct moments *m, const float *u, const struct part *p, int64_t component, int64_t n_comp)
{
	if (m->n == 0)
		m->origin = (double)u[component];
	for (int64_t t = 0; t < p->n_time; t++)
		for (int64_t i = 0; i < p->n_points; i++) {
			const float *at = u + (t * p->n_points + i) * n_comp + component;
			double v = (double)*at - m->origin;

			m->sum += v;
			m->square += v * v;
			m->n++;
			if (t > 0) {
				double delta = (double)*at - (double)at[-p->n_points * n_comp];

				m->delta += delta;
				m->delta_square += delta * delta;
				m->n_delta++;
			}
		}
}

/* From (time, component, points) to (time, points, component), or one component alone. */
static void store(void *arg, int64_t first, int64_t count, const float *values)
{
	struct writer *w = arg;
	const struct part *p = w->now;
	int64_t n_out = p->channel < 0 ? p->n_components : 1, size = p->n_time * p->n_points * n_out;

	w->buffer = xrealloc(w->buffer, (size_t)(count * size + 1) * sizeof(float));
	for (int64_t s = 0; s < count; s++) {
		const float *from = values + s * p->n_time * p->n_components * p->n_points;
		float *to = w->buffer + s * size;

		for (int64_t t = 0; t < p->n_time; t++)
			for (int64_t c = 0; c < n_out; c++)
				for (int64_t i = 0; i < p->n_points; i++) {
					int64_t channel = p->channel < 0 ? c : p->channel;

					to[(t * p->n_points + i) * n_out + c] =
						from[(t * p->n_components + channel) * p->n_points + i];
				}
		for (int64_t c = 0; w->moments && p->order >= 0 && c < n_out && c < 9; c++)
			add_moments(&w->moments[(p - w->part) * 9 + c], to, p, c, n_out);
	}
	if (w->l->field[p->field].per_sample)
		h5make_rows(&w->out, w->object, first, count, DTYPE_F32, w->buffer);
}

static int write_part(struct writer *w, struct dataset *d, const struct part *p, int64_t first, int64_t n,
		      struct err *e)
{
	static const char *const group[] = { "scalars", "t0_fields", "t1_fields", "t2_fields" };
	bool by_sample = w->l->field[p->field].per_sample, varying[3] = { false, false, false };
	int64_t dim[SHAPE_MAX + 4];
	int rank = 0;

	snprintf(w->object, sizeof w->object, "%s/%s", group[p->order + 1], p->name);
	if (by_sample)
		dim[rank++] = n;
	if (p->by_time)
		dim[rank++] = p->n_time;
	for (int k = 0; k < w->n_space; k++)
		for (int j = 0; j < p->n_space; j++)
			if (p->space[j] == w->space[k]) {
				varying[k] = true;
				dim[rank++] = w->l->axis[w->space[k]].size;
			}
	for (int k = 0; k < p->order; k++)
		dim[rank++] = w->n_space;
	w->now = p;
	if (by_sample)
		h5make_array(&w->out, w->object, DTYPE_F32, rank, dim, NULL, NULL);
	if (h5make_each_block(d, p->field, first, by_sample ? n : 1, store, w, e) != 0)
		return -1;
	if (!by_sample)
		h5make_array(&w->out, w->object, DTYPE_F32, rank, dim, NULL, w->buffer);
	h5make_flag(&w->out, w->object, "sample_varying", by_sample);
	h5make_flag(&w->out, w->object, "time_varying", p->by_time);
	if (p->order >= 0)
		h5make_flags(&w->out, w->object, "dim_varying", w->n_space, varying);
	if (p->order == 2) {
		h5make_flag(&w->out, w->object, "symmetric", false);
		h5make_flag(&w->out, w->object, "antisymmetric", false);
	}
	return 0;
}

/* ---- structure ---- */

static void write_coordinate(struct writer *w, const struct axis *a, const char *name)
{
	float *x = xcalloc((size_t)a->size + 1, sizeof *x);
	double step = a->kind == AXIS_TIME ? 1 : (a->length > 0 ? a->length : 1) / (double)a->size;
	char object[64];

	for (int64_t i = 0; i < a->size; i++)
		x[i] = (float)(a->coordinate ? a->coordinate[i] : (double)i * step);
	snprintf(object, sizeof object, "dimensions/%s", name);
	h5make_array(&w->out, object, DTYPE_F32, 1, &a->size, NULL, x);
	h5make_flag(&w->out, object, "sample_varying", false);
	h5make_flag(&w->out, object, "time_varying", false);
	free(x);
}

static void write_dimensions(struct writer *w)
{
	const struct axis none = { .name = "t", .kind = AXIS_TIME, .size = 1 };
	const char *name[3];

	h5make_group(&w->out, "dimensions");
	for (int k = 0; k < w->n_space; k++)
		name[k] = w->l->axis[w->space[k]].name;
	h5make_texts(&w->out, "dimensions", "spatial_dims", w->n_space, name);
	write_coordinate(w, w->time < 0 ? &none : &w->l->axis[w->time], "time");
	for (int k = 0; k < w->n_space; k++)
		write_coordinate(w, &w->l->axis[w->space[k]], name[k]);
}

static void write_boundaries(struct writer *w)
{
	h5make_group(&w->out, "boundary_conditions");
	for (int k = 0; k < w->n_space; k++) {
		const struct axis *a = &w->l->axis[w->space[k]];
		const char *dim = a->name;
		bool *mask = xcalloc((size_t)a->size + 1, sizeof *mask);
		char object[96], values[112];

		snprintf(object, sizeof object, "boundary_conditions/%s_%s", a->name,
			 a->periodic ? "periodic" : "open");
		snprintf(values, sizeof values, "%s/mask", object);
		h5make_group(&w->out, object);
		h5make_text(&w->out, object, "bc_type", a->periodic ? "PERIODIC" : "OPEN");
		h5make_texts(&w->out, object, "associated_dims", 1, &dim);
		h5make_texts(&w->out, object, "associated_fields", 0, NULL);
		h5make_flag(&w->out, object, "sample_varying", false);
		h5make_flag(&w->out, object, "time_varying", false);
		mask[0] = mask[a->size > 0 ? a->size - 1 : 0] = true;
		h5make_bools(&w->out, values, 1, &a->size, mask);
		h5make_flag(&w->out, values, "sample_varying", false);
		h5make_flag(&w->out, values, "time_varying", false);
		free(mask);
	}
}

/* Parameters, each a root attribute and a data set under scalars; then the names of every group. */
static void write_names(struct writer *w)
{
	static const char *const group[] = { "scalars", "t0_fields", "t1_fields", "t2_fields" };
	const struct layout *l = w->l;
	const char **name = xcalloc((size_t)(l->n_params + w->n_parts) + 1, sizeof *name);

	for (int i = 0; i < l->n_params; i++) {
		char object[96];
		float value = (float)l->param[i].value;

		name[i] = l->param[i].name;
		h5make_double(&w->out, "/", name[i], l->param[i].value);
		snprintf(object, sizeof object, "scalars/%s", name[i]);
		h5make_array(&w->out, object, DTYPE_F32, 0, NULL, NULL, &value);
		h5make_flag(&w->out, object, "sample_varying", false);
		h5make_flag(&w->out, object, "time_varying", false);
	}
	h5make_texts(&w->out, "/", "simulation_parameters", l->n_params, name);
	for (int order = -1; order < 3; order++) {
		int n = order < 0 ? l->n_params : 0;

		for (int i = 0; i < w->n_parts; i++)
			if (w->part[i].order == order)
				name[n++] = w->part[i].name;
		h5make_texts(&w->out, group[order + 1], "field_names", n, name);
	}
	free(name);
}

static const char *stem(const char *path, char *buffer, size_t room)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	snprintf(buffer, room, "%.*s", (int)(dot && dot != name ? dot - name : (ptrdiff_t)strlen(name)), name);
	return buffer;
}

/* Samples first .. first+n-1 as one file. */
static int write_file(struct writer *w, struct dataset *d, const char *path, const char *name, const char *config,
		      int64_t first, int64_t n, struct err *e)
{
	static const char *const group[] = { "scalars", "t0_fields", "t1_fields", "t2_fields" };
	struct err why = { 0 };

	if (h5make_open(&w->out, path, 0, e) != 0)
		return -1;
	h5make_text(&w->out, "/", "dataset_name", name);
	h5make_text(&w->out, "/", "grid_type", "cartesian");
	h5make_long(&w->out, "/", "n_spatial_dims", w->n_space);
	h5make_long(&w->out, "/", "n_trajectories", n);
	if (config)
		h5make_text(&w->out, "/", "config", config);
	write_dimensions(w);
	write_boundaries(w);
	for (int i = 0; i < 4; i++)
		h5make_group(&w->out, group[i]);
	write_names(w);
	for (int i = 0; i < w->n_parts; i++)
		if (write_part(w, d, &w->part[i], first, n, &why) != 0) {
			err_in(&why, "%s", path);
			h5make_fail(&w->out, &why);
			break;
		}
	return h5make_close(&w->out, e);
}

/* ---- stats.yaml ---- */

/* mean, std (over n), rms of the values and of the differences between frames. */
static double statistic(const struct moments *m, int which)
{
	bool delta = which >= 3;
	double n = (double)(delta ? m->n_delta : m->n), mean, square;

	if (n == 0)
		return 0;
	mean = (delta ? m->delta : m->sum) / n;
	square = (delta ? m->delta_square : m->square) / n;
	switch (which % 3) {
	case 0:
		return mean + (delta ? 0 : m->origin);
	case 1:
		return sqrt(fmax(square - mean * mean, 0));
	default:
		mean += delta ? 0 : m->origin;
		square = delta ? square : fmax(square - (mean - m->origin) * (mean - m->origin), 0) + mean * mean;
		return sqrt(square);
	}
}

static int write_statistics(const struct writer *w, const char *folder, struct err *e)
{
	static const char *const key[] = { "mean", "std", "rms", "mean_delta", "std_delta", "rms_delta" };
	struct str text = { 0 }, path = { 0 };
	int status;

	for (int which = 0; which < 6; which++) {
		str_printf(&text, "%s:\n", key[which]);
		for (int i = 0; i < w->n_parts; i++) {
			const struct part *p = &w->part[i];
			int64_t n = p->order > 0 ? p->n_components : 1;

			if (p->order < 0 || (which >= 3 && !p->by_time))
				continue;
			str_printf(&text, "  %s:", p->name);
			for (int64_t c = 0; c < n && c < 9; c++)
				str_printf(&text, n > 1 || p->order ? "\n  - %.4e" : " %.4e",
					   statistic(&w->moments[i * 9 + c], which));
			str_add(&text, "\n");
		}
	}
	str_printf(&path, "%sstats.yaml", folder);
	status = output_write(str_text(&path), text.text, text.length, e);
	str_free(&path);
	str_free(&text);
	return status;
}

/* ---- one file, or a directory by splits ---- */

static int make_folder(const char *path, struct err *e)
{
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return err_errno(e, "%s", path);
	return 0;
}

/* Only one range a split is written: what a selection of several ranges would be called is nobody's convention. */
static int write_directory(struct writer *w, struct dataset *d, const char *path, const char *config, struct err *e)
{
	struct moments *moments = w->moments;
	struct split_range all = { .name = "train", .first = 0, .last = w->l->n_samples };
	int n = w->l->n_splits ? w->l->n_splits : 1, status = 0;
	char name[128], folder[4096], file[4400];

	stem(path, name, sizeof name);
	snprintf(folder, sizeof folder, "%s/data", path);
	if (make_folder(path, e) != 0 || make_folder(folder, e) != 0)
		return -1;
	for (int i = 0; i < n && status == 0; i++) {
		const struct split_range *r = w->l->n_splits ? &w->l->split[i] : &all;

		if (r->last <= r->first)
			continue;
		snprintf(folder, sizeof folder, "%.3800s/data/%s", path, r->name);
		if (make_folder(folder, e) != 0)
			return -1;
		if (w->l->n_splits > 3)
			snprintf(file, sizeof file, "%s/%s_%d.hdf5", folder, name, i);
		else
			snprintf(file, sizeof file, "%s/%s.hdf5", folder, name);
		w->moments = strcmp(r->name, "train") == 0 ? moments : NULL;
		status = write_file(w, d, file, name, config, r->first, r->last - r->first, e);
	}
	w->moments = moments;
	snprintf(folder, sizeof folder, "%.4000s/", path);
	return status == 0 ? write_statistics(w, folder, e) : -1;
}

int well_write(struct dataset *d, const char *path, const char *config, struct err *e)
{
	struct writer w = { .l = dataset_layout(d) };
	const char *slash = strrchr(path, '/');
	char name[128], folder[4096] = "";
	int status;

	status = plan(&w, e);
	if (status != 0) {
		free(w.part);
		return err_in(e, "%s", path);
	}
	w.moments = xcalloc((size_t)w.n_parts * 9 + 1, sizeof *w.moments);
	if (str_ends(path, ".hdf5") || str_ends(path, ".h5")) {
		if (slash)
			snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
		status = write_file(&w, d, path, stem(path, name, sizeof name), config, 0, w.l->n_samples, e);
		if (status == 0)
			status = write_statistics(&w, folder, e);
	} else {
		status = write_directory(&w, d, path, config, e);
	}
	free(w.moments);
	free(w.part);
	free(w.buffer);
	return status;
}
