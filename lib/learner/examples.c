/* examples.c: choosing, checking and reading the fields that a generative model learns. */
#include "learner/examples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool on_grid(const struct axis *a)
{
	return a->kind == AXIS_SPACE || a->kind == AXIS_POINT;
}

static int axes_on_grid(const struct layout *l, int field)
{
	int n = 0;

	for (int i = 0; i < l->field[field].n_axes; i++)
		n += on_grid(&l->axis[l->field[field].axis[i]]);
	return n;
}

/* The grid of `field` becomes the set's (first) or must equal it. */
static int take_grid(struct examples *x, int field, bool first, struct err *e)
{
	const struct layout *l = dataset_layout(x->data);
	const struct field *f = &l->field[field];
	struct model_spec *s = &x->spec;
	int d = 0;

	for (int i = 0; i < f->n_axes; i++) {
		const struct axis *a = &l->axis[f->axis[i]];

		if (!on_grid(a))
			continue;
		if (d == 3)
			return err_set(e, ERR_USAGE, "%s: field '%s' has more than 3 space axes", dataset_name(x->data),
				       f->name);
		if (first) {
			s->size[d] = a->size;
			s->periodic[d] = a->periodic;
			s->length[d] = a->length;
		} else if (d >= s->n_dims || s->size[d] != a->size) {
			return err_set(e, ERR_USAGE,
				       "%s: field '%s' has %lld points on axis %s, the other fields have %lld",
				       dataset_name(x->data), f->name, (long long)a->size, a->name,
				       d < s->n_dims ? (long long)s->size[d] : 1LL);
		}
		d++;
	}
	if (first)
		s->n_dims = d;
	else if (d != s->n_dims)
		return err_set(e, ERR_USAGE, "%s: field '%s' has %d space axes, the other fields have %d",
			       dataset_name(x->data), f->name, d, s->n_dims);
	return 0;
}

static int named(const struct examples *x, const char *name, const char *key, struct err *e)
{
	const struct layout *l = dataset_layout(x->data);
	int k = layout_find_field(l, name);

	if (k < 0) {
		err_set(e, ERR_USAGE, "%s: data.%s: no field '%s'", dataset_name(x->data), key, name);
		return -1;
	}
	if (!l->field[k].per_sample) {
		err_set(e, ERR_USAGE, "%s: data.%s: field '%s' is one array for all samples", dataset_name(x->data),
			key, name);
		return -1;
	}
	return k;
}

static int choose_targets(struct examples *x, const struct task_config *c, struct err *e)
{
	const struct layout *l = dataset_layout(x->data);

	for (int i = 0; i < c->target.n && x->n_targets < TASK_FIELDS_MAX; i++)
		if ((x->target[x->n_targets++] = named(x, c->target.at[i], "target", e)) < 0)
			return -1;
	for (int i = 0; c->target.n == 0 && i < l->n_fields && x->n_targets < TASK_FIELDS_MAX; i++)
		if (l->field[i].per_sample && (l->field[i].role == ROLE_TARGET || l->field[i].role == ROLE_TRAJECTORY))
			x->target[x->n_targets++] = i;
	for (int i = 0; i < l->n_fields && x->n_targets == 0; i++)
		if (l->field[i].per_sample)
			x->target[x->n_targets++] = i;
	if (x->n_targets == 0)
		return err_set(e, ERR_USAGE, "%s: no field that differs between samples", dataset_name(x->data));
	for (int i = 0; i < x->n_targets; i++) {
		if (take_grid(x, x->target[i], i == 0, e) != 0)
			return -1;
		x->dim += layout_field_count(l, x->target[i]);
	}
	return 0;
}

static int choose_conditions(struct examples *x, const struct task_config *c, struct err *e)
{
	const struct layout *l = dataset_layout(x->data);

	for (int i = 0; i < c->input.n && i < TASK_FIELDS_MAX; i++) {
		int k = named(x, c->input.at[i], "input", e);

		if (k < 0)
			return -1;
		if (axes_on_grid(l, k) > 0) {
			if (take_grid(x, k, false, e) != 0)
				return -1;
			x->map[x->n_maps++] = k;
			x->map_dim += layout_field_count(l, k);
		} else {
			x->number[x->n_numbers++] = k;
			x->values += layout_field_count(l, k);
		}
	}
	if (x->classes > 0 && (x->n_numbers != 1 || x->values != 1))
		return err_set(e, ERR_USAGE, "%s: objective.classes: data.input has to name one field of labels",
			       dataset_name(x->data));
	if (x->values > 0)
		x->values = x->classes > 0 ? x->classes : x->values + 1;
	return 0;
}

int examples_open(struct examples *x, struct dataset *d, const struct task_config *c, int64_t classes, struct err *e)
{
	*x = (struct examples){ .data = d, .classes = classes, .points = 1 };
	if (choose_targets(x, c, e) != 0 || choose_conditions(x, c, e) != 0)
		return -1;
	for (int i = 0; i < x->spec.n_dims; i++)
		x->points *= x->spec.size[i];
	x->spec.n_out = x->dim / x->points;
	x->spec.n_in = x->spec.n_out + x->map_dim / x->points;
	x->spec.n_vector = 1 + x->values;
	x->n_items = dataset_layout(d)->n_samples;
	return 0;
}

int examples_open_conditions(struct examples *x, struct dataset *d, const struct task_config *c, int64_t classes,
			     const struct model_spec *of, struct err *e)
{
	*x = (struct examples){ .data = d, .classes = classes, .points = 1, .spec = *of };
	x->n_items = dataset_layout(d)->n_samples;
	if (choose_conditions(x, c, e) != 0)
		return -1;
	for (int i = 0; i < of->n_dims; i++)
		x->points *= of->size[i];
	if (1 + x->values != of->n_vector || x->map_dim != (of->n_in - of->n_out) * x->points)
		return err_set(e, ERR_USAGE,
			       "%s: conditions of %lld numbers and %lld elements, the model takes %lld and %lld",
			       dataset_name(d), (long long)x->values, (long long)x->map_dim,
			       (long long)of->n_vector - 1, (long long)((of->n_in - of->n_out) * x->points));
	return 0;
}

/* Fields side by side: (n, width). */
static int read_fields(const struct examples *x, int n_fields, const int *field, int64_t width, int64_t n,
		       const int64_t *item, double *out, struct err *e)
{
	const struct layout *l = dataset_layout(x->data);
	int64_t at = 0;

	if (n_fields == 1)
		return dataset_read(x->data, field[0], n, item, DTYPE_F64, out, e);
	for (int k = 0; k < n_fields; k++) {
		const int64_t count = layout_field_count(l, field[k]);
		double *part = mem_new(mem_times(n, count), sizeof *part, "a batch of samples", e);

		if (!part || dataset_read(x->data, field[k], n, item, DTYPE_F64, part, e) != 0) {
			free(part);
			return -1;
		}
		for (int64_t i = 0; i < n; i++)
			memcpy(out + i * width + at, part + i * count, (size_t)count * sizeof *out);
		at += count;
		free(part);
	}
	return 0;
}

int examples_targets(const struct examples *x, int64_t n, const int64_t *item, double *out, struct err *e)
{
	return read_fields(x, x->n_targets, x->target, x->dim, n, item, out, e);
}

int examples_maps(const struct examples *x, int64_t n, const int64_t *item, double *out, struct err *e)
{
	return read_fields(x, x->n_maps, x->map, x->map_dim, n, item, out, e);
}

int examples_values(const struct examples *x, int64_t n, const int64_t *item, double *out, struct err *e)
{
	const int64_t width = x->classes > 0 ? 1 : x->values - 1;
	double *raw;
	int status;

	if (x->values == 0)
		return 0;
	raw = mem_new(mem_times(n, width), sizeof *raw, "conditions", e);
	status = raw ? read_fields(x, x->n_numbers, x->number, width, n, item, raw, e) : -1;
	for (int64_t i = 0; i < n && status == 0; i++) {
		double *row = out + i * x->values;

		memset(row, 0, (size_t)x->values * sizeof *row);
		if (x->classes == 0) {
			memcpy(row, raw + i * width, (size_t)width * sizeof *row);
			row[width] = 1;
		} else if (raw[i] >= 0 && raw[i] < (double)x->classes && raw[i] == floor(raw[i])) {
			row[(int64_t)raw[i]] = 1;
		} else {
			status = err_set(e, ERR_USAGE, "%s: sample %lld: %g is not a label 0 to %lld",
					 dataset_name(x->data), (long long)item[i], raw[i], (long long)x->classes - 1);
		}
	}
	free(raw);
	return status;
}

/* One pass over all items; of the squared distances to mean when that is known. */
static int pass(const struct examples *x, bool pixel, const double *mean, double *sum, struct err *e)
{
	enum { CHUNK = 256 };
	double *row = mem_new(CHUNK * x->dim, sizeof *row, "samples", e);
	int64_t item[CHUNK];
	int status = row ? 0 : -1;

	for (int64_t at = 0; at < x->n_items && status == 0; at += CHUNK) {
		const int64_t n = x->n_items - at < CHUNK ? x->n_items - at : CHUNK;

		for (int64_t i = 0; i < n; i++)
			item[i] = at + i;
		status = examples_targets(x, n, item, row, e);
		for (int64_t i = 0; i < n * x->dim && status == 0; i++) {
			const int64_t k = pixel ? i % x->dim : i % x->dim / x->points;
			const double d = row[i] - (mean ? mean[k] : 0);

			sum[k] += mean ? d * d : d;
		}
	}
	free(row);
	return status;
}

int examples_moments(const struct examples *x, bool pixel, double *mean, double *std, struct err *e)
{
	const int64_t n = pixel ? x->dim : x->spec.n_out;
	const double count = (double)(x->n_items * (pixel ? 1 : x->points));

	memset(mean, 0, (size_t)n * sizeof *mean);
	memset(std, 0, (size_t)n * sizeof *std);
	if (pass(x, pixel, NULL, mean, e) != 0)
		return -1;
	for (int64_t k = 0; k < n; k++)
		mean[k] /= count;
	if (pass(x, pixel, mean, std, e) != 0)
		return -1;
	for (int64_t k = 0; k < n; k++) {
		std[k] = count > 1 ? sqrt(std[k] / (count - 1)) : 0;
		if (!(std[k] > 0))
			std[k] = 1;
	}
	return 0;
}

struct layout examples_layout(const struct examples *x)
{
	const struct layout *l = dataset_layout(x->data);
	struct layout out = { 0 };

	for (int k = 0; k < x->n_targets; k++) {
		const struct field *f = &l->field[x->target[k]];
		int axis[SHAPE_MAX - 1];

		for (int i = 0; i < f->n_axes; i++) {
			const struct axis *a = &l->axis[f->axis[i]];
			int have = 0;

			while (have < out.n_axes && strcmp(out.axis[have].name, a->name) != 0)
				have++;
			axis[i] = have < out.n_axes ? have
						    : layout_add_axis(&out, a->name, a->kind, a->size, a->coordinate,
								      a->periodic, a->length);
		}
		layout_add_field(&out, f->name, f->dtype == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32, ROLE_TARGET, f->n_axes,
				 axis);
	}
	return out;
}
