/* eval_match.c: fields of a prediction beside those of the reference: same names, channels and points; frames by their
 * times where both files tell them, else by count; frames that were given to the model are not judged. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "run/eval_inside.h"

static const struct axis *axis_of(const struct layout *l, int field, enum axis_kind kind, int which)
{
	const struct field *f = &l->field[field];

	for (int i = 0; i < f->n_axes; i++)
		if (l->axis[f->axis[i]].kind == kind && which-- == 0)
			return &l->axis[f->axis[i]];
	return NULL;
}

static int64_t extent(const struct layout *l, int field, enum axis_kind kind)
{
	const struct axis *a = axis_of(l, field, kind, 0);

	return a ? a->size : 1;
}

static int shapes_differ(const struct eval_pair *m, const struct eval_field *f, const char *hint, struct err *e)
{
	struct shape a = layout_field_shape(dataset_layout(m->prediction), f->prediction),
		     b = layout_field_shape(dataset_layout(m->reference), f->reference);
	char first[SHAPE_TEXT], second[SHAPE_TEXT];

	return err_set(e, ERR_USAGE, "field %s has shape %s in %s, %s in %s%s", f->name, shape_text(first, &a),
		       dataset_name(m->prediction), shape_text(second, &b), dataset_name(m->reference), hint);
}

static bool near(double a, double b, double step)
{
	return fabs(a - b) <= 1e-3 * fabs(step) + 1e-12 * fabs(b);
}

/* Every how many of the reference's points are the prediction's: 1 for equal grids, 0: no such number. */
static int64_t subset_step(const struct axis *p, const struct axis *r)
{
	if (p->size == r->size)
		return 1;
	int64_t step = p->size > 1 ? (r->size - (p->periodic ? 0 : 1)) / (p->size - (p->periodic ? 0 : 1)) : 1;

	if (!p->coordinate || !r->coordinate || r->size < p->size || r->size < 2)
		return 0;
	for (; step > 0; step--) {
		int64_t i = 0;

		while (i < p->size && i * step < r->size &&
		       near(p->coordinate[i], r->coordinate[i * step], r->coordinate[1] - r->coordinate[0]))
			i++;
		if (i == p->size)
			return step;
	}
	return 0;
}

/* Values at other places are compared all the same (cell centres against nodes is common), but not silently. */
static void warn_of_places(const struct eval_pair *m, const struct axis *p, const struct axis *r)
{
	int64_t last = p->size - 1;

	if (p->size != r->size || last < 1 || !p->coordinate || !r->coordinate)
		return;
	double step = r->coordinate[1] - r->coordinate[0];
	if (!near(p->coordinate[0], r->coordinate[0], step) || !near(p->coordinate[last], r->coordinate[last], step))
		log_warn("axis %s: the points of %s (%g to %g) are not those of %s (%g to %g)", p->name,
			 dataset_name(m->prediction), p->coordinate[0], p->coordinate[last], dataset_name(m->reference),
			 r->coordinate[0], r->coordinate[last]);
}

static int match_space(struct eval_pair *m, struct eval_field *f, bool subset, struct err *e)
{
	const struct layout *lp = dataset_layout(m->prediction), *lr = dataset_layout(m->reference);
	const struct axis *p, *r;

	f->grid = true;
	for (int d = 0; d <= 3; d++) {
		p = axis_of(lp, f->prediction, AXIS_SPACE, d);
		r = axis_of(lr, f->reference, AXIS_SPACE, d);
		if (!p && !r)
			break;
		if (!p || !r)
			return shapes_differ(m, f, "", e);
		if (d == 3)
			return err_set(e, ERR_USAGE, "field %s has more than 3 space axes", f->name);
		f->step[d] = subset_step(p, r);
		f->size[d] = r->size;
		if (f->step[d] == 0)
			return shapes_differ(m, f, "", e);
		if (p->size != r->size && !subset)
			return shapes_differ(
				m, f, ", where its points are some of the reference's: --subset compares there", e);
		warn_of_places(m, p, r);
		f->shape.size[d] = p->size;
		f->shape.length[d] = r->length > 0 ? r->length : p->length;
		f->shape.periodic[d] = r->periodic;
		f->shape.n_dims = d + 1;
	}
	p = axis_of(lp, f->prediction, AXIS_POINT, 0);
	r = axis_of(lr, f->reference, AXIS_POINT, 0);
	if (p || r) {
		if (!p || !r || p->size != r->size || f->shape.n_dims > 0)
			return shapes_differ(m, f, "", e);
		f->shape.n_dims = 1;
		f->shape.size[0] = f->size[0] = p->size;
		f->step[0] = 1;
		f->grid = false;
	}
	f->grid = f->grid && f->shape.n_dims > 0;
	return 0;
}

/* The reference's frame at a time; -1: none. */
static int64_t frame_at(const struct axis *r, double t)
{
	double step = r->size > 1 ? (r->coordinate[r->size - 1] - r->coordinate[0]) / (double)(r->size - 1) : 1;

	for (int64_t i = 0; i < r->size; i++)
		if (near(t, r->coordinate[i], step))
			return i;
	return -1;
}

static int match_time(struct eval_pair *m, struct eval_field *f, int64_t given, struct err *e)
{
	const struct layout *lp = dataset_layout(m->prediction), *lr = dataset_layout(m->reference);
	const struct axis *p = axis_of(lp, f->prediction, AXIS_TIME, 0), *r = axis_of(lr, f->reference, AXIS_TIME, 0);
	int64_t n = p ? p->size : 1;

	f->last_given = -1;
	if (!p != !r)
		return shapes_differ(m, f, ": only one of them has a time axis", e);
	f->n_given = p ? given : 0;
	if (f->n_given >= n)
		return err_set(e, ERR_USAGE, "%s: field %s: all %lld frames were given to the model, none is predicted",
			       dataset_name(m->prediction), f->name, (long long)n);
	f->shape.n_time = n - f->n_given;
	f->frame = xcalloc((size_t)f->shape.n_time, sizeof *f->frame);
	if (!p)
		return 0;
	const double *times = p->coordinate ? p->coordinate : NULL;
	bool by_time = times && r->coordinate;
	if (!by_time && n > r->size)
		return shapes_differ(m, f, "", e);
	for (int64_t i = 0; i < n; i++) {
		int64_t at = by_time ? frame_at(r, times[i]) : i;

		if (at < 0 && i >= f->n_given)
			return err_set(
				e, ERR_USAGE,
				"%s: field %s: frame %lld is at time %g, where %s has none (%lld frames, %g to %g)",
				dataset_name(m->prediction), f->name, (long long)i, times[i],
				dataset_name(m->reference), (long long)r->size, r->coordinate[0],
				r->coordinate[r->size - 1]);
		if (i >= f->n_given)
			f->frame[i - f->n_given] = at;
		else
			f->last_given = at;
	}
	if (f->n_given == 0 && f->frame[0] > 0)
		f->last_given = f->frame[0] - 1;
	if (times || r->coordinate) {
		f->time = xcalloc((size_t)f->shape.n_time, sizeof *f->time);
		for (int64_t i = 0; i < f->shape.n_time; i++)
			f->time[i] = times ? times[f->n_given + i] : r->coordinate[f->frame[i]];
	}
	f->shape.time = f->time;
	return 0;
}

/* For maps: an input of the target's shape. */
static int find_input(const struct layout *l, int target)
{
	struct shape want = layout_field_shape(l, target);

	for (int i = 0; i < l->n_fields; i++) {
		struct shape s = layout_field_shape(l, i);

		if (l->field[i].role == ROLE_INPUT && i != target && l->field[i].per_sample && shape_equal(&s, &want))
			return i;
	}
	return -1;
}

static int match_field(struct eval_pair *m, int prediction, int reference, const struct eval_options *o, int64_t given,
		       struct err *e)
{
	const struct layout *lp = dataset_layout(m->prediction), *lr = dataset_layout(m->reference);
	struct eval_field *f = &m->field[m->n_fields++];

	*f = (struct eval_field){ .name = lp->field[prediction].name,
				  .prediction = prediction,
				  .reference = reference };
	f->shape.n_channel = extent(lp, prediction, AXIS_CHANNEL);
	if (f->shape.n_channel != extent(lr, reference, AXIS_CHANNEL))
		return shapes_differ(m, f, "", e);
	if (match_space(m, f, o->subset, e) != 0 || match_time(m, f, given, e) != 0)
		return -1;
	f->input = axis_of(lr, reference, AXIS_TIME, 0) ? -1 : find_input(lr, reference);
	f->n_prediction = layout_field_count(lp, prediction);
	f->n_reference = layout_field_count(lr, reference);
	f->n_frame = metric_count(&f->shape) / f->shape.n_time;
	f->p = mem_new(f->n_prediction, sizeof *f->p, f->name, e);
	f->r = f->p ? mem_new(f->n_reference, sizeof *f->r, f->name, e) : NULL;
	return f->r ? 0 : -1;
}

static int match_fields(struct eval_pair *m, const struct eval_options *o, int64_t given, struct err *e)
{
	const struct layout *lp = dataset_layout(m->prediction), *lr = dataset_layout(m->reference);
	bool targets = false;

	m->field = xcalloc((size_t)lp->n_fields + 1, sizeof *m->field);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < lp->n_fields; i++) {
			int k = layout_find_field(lr, lp->field[i].name);
			bool input = k >= 0 && (lp->field[i].role == ROLE_INPUT || lr->field[k].role == ROLE_INPUT);

			if (k < 0 || !lp->field[i].per_sample || !lr->field[k].per_sample)
				continue;
			targets = targets || !input;
			/* inputs are judged only where there is nothing else */
			if (pass == 1 && (!input || !targets) && match_field(m, i, k, o, given, e) != 0)
				return -1;
		}
	if (m->n_fields > 0)
		return 0;
	struct str have = { 0 }, want = { 0 };
	for (int i = 0; i < lp->n_fields; i++)
		str_printf(&have, "%s%s", i ? ", " : "", lp->field[i].name);
	for (int i = 0; i < lr->n_fields; i++)
		str_printf(&want, "%s%s", i ? ", " : "", lr->field[i].name);
	err_set(e, ERR_USAGE, "no field in common: %s has %s, %s has %s", dataset_name(m->prediction), str_text(&have),
		dataset_name(m->reference), str_text(&want));
	str_free(&have);
	str_free(&want);
	return -1;
}

/* How many frames the model saw: the configuration's word, else the prediction file's. */
static int64_t given_frames(const struct layout *l, const struct eval_config *c)
{
	if (c->given_frames >= 0)
		return c->given_frames;
	for (int i = 0; i < l->n_params; i++)
		if (strcmp(l->param[i].name, "given_frames") == 0 && l->param[i].value > 0)
			return (int64_t)l->param[i].value;
	return 0;
}

int eval_pair_open(struct eval_pair *m, const struct eval_options *o, const struct eval_config *c,
		   const char *prediction, const char *reference, struct err *e)
{
	int64_t np, nr;

	*m = (struct eval_pair){ 0 };
	if (strcmp(prediction, "-") == 0 && strcmp(reference, "-") == 0)
		return err_set(e, ERR_USAGE, "only one of PREDICTION and REFERENCE can be standard input");
	if (dataset_open(&m->prediction, prediction, o->layout, e) != 0 ||
	    dataset_open(&m->reference, reference, o->layout, e) != 0)
		return -1;
	dataset_allow_nonfinite(m->prediction, true);
	for (int f = 0; f < dataset_layout(m->reference)->n_fields; f++)
		if (dataset_layout(m->reference)->field[f].missing)
			dataset_allow_nonfinite(m->reference, true);
	np = dataset_layout(m->prediction)->n_samples;
	nr = dataset_layout(m->reference)->n_samples;
	if (np != nr)
		return err_set(e, ERR_USAGE,
			       "%s has %lld samples, %s has %lld; a split or range (FILE:test, FILE:0-99) "
			       "selects some",
			       prediction, (long long)np, reference, (long long)nr);
	return match_fields(m, o, given_frames(dataset_layout(m->prediction), c), e);
}

void eval_pair_close(struct eval_pair *m)
{
	for (int i = 0; i < m->n_fields; i++) {
		free(m->field[i].frame);
		free(m->field[i].time);
		free(m->field[i].p);
		free(m->field[i].r);
	}
	free(m->field);
	dataset_close(m->prediction);
	dataset_close(m->reference);
	memset(m, 0, sizeof *m);
}

int eval_read_prediction(struct eval_pair *m, struct eval_field *f, int64_t sample, double *out, struct err *e)
{
	if (dataset_read(m->prediction, f->prediction, 1, &sample, DTYPE_F64, f->p, e) != 0)
		return -1;
	memcpy(out, f->p + f->n_given * f->n_frame, (size_t)metric_count(&f->shape) * sizeof *out);
	return 0;
}

/* One channel of one frame, every step-th point. */
static void gather(const struct eval_field *f, const double *from, double *to)
{
	const struct metric_shape *s = &f->shape;
	int64_t n[3] = { 1, 1, 1 }, step[3] = { 1, 1, 1 }, stride[3] = { 0, 0, 0 }, width = 1;

	for (int d = s->n_dims - 1; d >= 0; d--) {
		n[d] = s->size[d];
		step[d] = f->step[d];
		stride[d] = width;
		width *= f->size[d];
	}
	for (int64_t i = 0; i < n[0]; i++)
		for (int64_t j = 0; j < n[1]; j++)
			for (int64_t k = 0; k < n[2]; k++)
				*to++ = from[i * step[0] * stride[0] + j * step[1] * stride[1] +
					     k * step[2] * stride[2]];
}

int eval_read_reference(struct dataset *d, int field, struct eval_field *f, int64_t sample, int64_t n_frames,
			const int64_t *frame, double *out, struct err *e)
{
	int64_t points = 1, n = metric_points(&f->shape);

	for (int k = 0; k < f->shape.n_dims; k++)
		points *= f->size[k];
	if (dataset_read(d, field, 1, &sample, DTYPE_F64, f->r, e) != 0)
		return -1;
	for (int64_t t = 0; t < n_frames; t++)
		for (int64_t c = 0; c < f->shape.n_channel; c++)
			gather(f, f->r + (frame[t] * f->shape.n_channel + c) * points,
			       out + (t * f->shape.n_channel + c) * n);
	return 0;
}
