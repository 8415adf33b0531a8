/* batch.c: samples to batches: reading, reducing, arranging channels; statistics for normalisers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "run/task_read.h"

/* Copy every stride-th point along each space axis: (outer, N...) -> (outer, N'...). */
static void thin(const struct task *t, const struct task_field *f, int64_t outer, const void *in, void *out)
{
	const struct layout *l = dataset_layout(t->data);
	const struct field *g = &l->field[f->index];
	int64_t size[SHAPE_MAX], stride[SHAPE_MAX], at[SHAPE_MAX] = { 0 }, points = 1, rows = outer;
	size_t w = dtype_size(t->real);
	int d = 0;
	char *to = out;

	for (int i = 0; i < g->n_axes; i++) {
		const struct axis *a = &l->axis[g->axis[i]];

		if (a->kind == AXIS_SPACE || a->kind == AXIS_POINT) {
			stride[d] = a->kind == AXIS_SPACE ? t->config->reduce : 1;
			size[d] = a->size;
			points *= a->size;
			if (d++ > 0)
				rows *= (size[d - 2] + stride[d - 2] - 1) / stride[d - 2];
		}
	}
	if (d == 0) {
		memcpy(out, in, (size_t)outer * w);
		return;
	}
	const char *from = in;
	for (int64_t r = 0; r < rows; r++) {
		int64_t offset = 0;
		int k = d - 2;

		for (int i = 0; i < d - 1; i++)
			offset = (offset + at[i]) * size[i + 1];
		for (int64_t x = 0; x < size[d - 1]; x += stride[d - 1], to += w)
			memcpy(to, from + (size_t)(offset + x) * w, w);
		while (k >= 0 && (at[k] += stride[k]) >= size[k])
			at[k--] = 0;
		if (k < 0)
			from += (size_t)points * w;
	}
}

static int64_t full_points(const struct task *t, const struct task_field *f)
{
	return layout_field_count(dataset_layout(t->data), f->index) / (f->n_time * f->n_channel);
}

/* Gaps of a field that has some, as the configuration wants them. */
static void fill(const struct task *t, const struct task_field *f, int64_t n, void *values)
{
	float *single = values;
	double *twice = values;

	if (t->config->missing != TASK_MISSING_ZERO || !dataset_layout(t->data)->field[f->index].missing)
		return;
	for (int64_t i = 0; i < n; i++)
		if (t->real == DTYPE_F32 && isnan(single[i]))
			single[i] = 0;
		else if (t->real == DTYPE_F64 && isnan(twice[i]))
			twice[i] = 0;
}

int task_cache(struct task *t, struct task_field *f, double *left, struct err *e)
{
	int64_t n = dataset_layout(t->data)->n_samples, count = f->n_time * f->n_channel * f->n_points;
	int64_t full = layout_field_count(dataset_layout(t->data), f->index);
	double bytes = (double)n * (double)count * (double)dtype_size(t->real);
	void *whole = NULL;
	int status = 0;

	if (bytes > *left)
		return 0;
	*left -= bytes;
	f->cache =
		mem_unset(mem_times(n, count), dtype_size(t->real), dataset_layout(t->data)->field[f->index].name, e);
	if (!f->cache)
		return -1;
	if (full != count && !(whole = mem_new(full, dtype_size(t->real), "one sample", e)))
		return -1;
	/* a few megabytes a call */
	int64_t step = full == count ? (4 << 20) / (full + 1) + 1 : 1, *index = xcalloc((size_t)step, sizeof *index);
	dataset_passing(t->data, true);
	for (int64_t i = 0; i < n && status == 0; i += step) {
		int64_t m = n - i < step ? n - i : step;
		char *to = (char *)f->cache + (size_t)(i * count) * dtype_size(t->real);

		for (int64_t k = 0; k < m; k++)
			index[k] = i + k;
		status = dataset_read(t->data, f->index, m, index, t->real, whole ? whole : to, e);
		if (status == 0 && whole)
			thin(t, f, f->n_time * f->n_channel, whole, to);
		if (status == 0)
			fill(t, f, m * count, to);
	}
	dataset_passing(t->data, false);
	free(index);
	free(whole);
	return status;
}

/* Frames t0, t0 + stride, ... (n of them) of one sample: (n, channel, points) into out. */
static int fetch(struct task *t, const struct task_field *f, int64_t sample, int64_t t0, int64_t n, int64_t stride,
		 void *out, struct err *e)
{
	size_t frame = (size_t)(f->n_channel * f->n_points) * dtype_size(t->real);

	if (f->cache) {
		const char *from = (const char *)f->cache + (size_t)(sample * f->n_time + t0) * frame;

		for (int64_t i = 0; i < n; i++)
			memcpy((char *)out + (size_t)i * frame, from + (size_t)(i * stride) * frame, frame);
		return 0;
	}
	bool whole = full_points(t, f) == f->n_points;
	void *to = whole ? out : t->row;
	int status = f->has_time ? dataset_read_frames(t->data, f->index, sample, t0, n, stride, t->real, to, e)
				 : dataset_read(t->data, f->index, 1, &sample, t->real, to, e);
	if (status == 0 && !whole)
		thin(t, f, n * f->n_channel, to, out);
	if (status == 0)
		fill(t, f, n * f->n_channel * f->n_points, out);
	return status;
}

int64_t task_input_count(const struct task *t)
{
	int64_t n = t->spec.n_in;

	for (int d = 0; d < t->spec.n_dims; d++)
		n *= t->spec.size[d];
	return n;
}

int64_t task_query_count(const struct task *t)
{
	return t->n_queries ? t->spec.n_query * t->spec.query_dims : 0;
}

int64_t task_target_count(const struct task *t)
{
	int64_t n = t->spec.n_out;

	if (t->spec.n_query > 0)
		return n * t->spec.n_query;
	for (int d = 0; d < t->spec.n_dims; d++)
		n *= t->spec.size[d];
	return n;
}

/* (rows, columns) -> (columns, rows) of elements w bytes wide. */
static void transpose(int64_t rows, int64_t columns, size_t w, const void *in, void *out)
{
	for (int64_t r = 0; r < rows; r++)
		for (int64_t c = 0; c < columns; c++)
			memcpy((char *)out + (size_t)(c * rows + r) * w,
			       (const char *)in + (size_t)(r * columns + c) * w, w);
}

/* All of a field of one sample into a batch row: point fields as (point, channel), others as they are. */
static int whole(struct task *t, const struct task_field *f, int64_t sample, bool points_first, char *out,
		 struct err *e)
{
	if (!points_first || f->n_channel * f->n_time == 1)
		return fetch(t, f, sample, 0, f->n_time, 1, out, e);
	size_t w = dtype_size(t->real);
	void *flat = mem_unset(f->n_channel * f->n_time * f->n_points, w, "one sample", e);
	int status = flat ? fetch(t, f, sample, 0, f->n_time, 1, flat, e) : -1;
	if (status == 0)
		transpose(f->n_channel * f->n_time, f->n_points, w, flat, out);
	free(flat);
	return status;
}

/* Points of the grid that inputs are given on; of a space-time block without its time. */
static int64_t grid_points(const struct task *t)
{
	int64_t n = 1;

	for (int d = 0; d < t->spec.n_dims - (t->kind == TASK_SPACETIME); d++)
		n *= t->spec.size[d];
	return n;
}

/* An input field as channels on the grid: a field without space axes is the same everywhere. Returns what was written,
 * 0 on failure. */
static size_t channels(struct task *t, const struct task_field *f, int64_t sample, char *out, struct err *e)
{
	size_t w = dtype_size(t->real), n = (size_t)(f->n_time * f->n_channel), points = (size_t)grid_points(t);

	if (whole(t, f, sample, false, out, e) != 0)
		return 0;
	if (f->n_points == (int64_t)points)
		return n * points * w;
	for (size_t i = n * points; i-- > 0;) /* backwards: in place */
		memmove(out + i * w, out + i / points * w, w);
	return n * points * w;
}

static int load_map(struct task *t, int64_t sample, char *field, char *query, char *target, struct err *e)
{
	size_t w = dtype_size(t->real);

	for (int i = 0; i < t->n_inputs; i++) {
		size_t bytes = channels(t, &t->input[i], sample, field, e);

		if (bytes == 0)
			return -1;
		field += bytes;
	}
	if (t->n_queries && query && whole(t, &t->query, sample, true, query, e) != 0)
		return -1;
	for (int i = 0; target && i < t->n_targets; i++) {
		if (whole(t, &t->target[i], sample, t->spec.n_query > 0, target, e) != 0)
			return -1;
		target += (size_t)(t->target[i].n_time * t->target[i].n_channel * t->target[i].n_points) * w;
	}
	return 0;
}

/* One frame of all states: (channels, points). */
static int load_frame(struct task *t, int64_t sample, int64_t frame, char *out, struct err *e)
{
	for (int i = 0; i < t->n_states; i++) {
		int64_t at = t->first_frame + frame * t->config->reduce_time;

		if (fetch(t, &t->state[i], sample, at, 1, 1, out, e) != 0)
			return -1;
		out += (size_t)(t->state[i].n_channel * t->state[i].n_points) * dtype_size(t->real);
	}
	return 0;
}

static int load_step(struct task *t, int64_t sample, int64_t window, int64_t k, char *field, void *const *target,
		     struct err *e)
{
	size_t w = dtype_size(t->real), frame = (size_t)task_target_count(t) * w;

	for (int i = 0; i < t->n_inputs; i++) {
		size_t bytes = channels(t, &t->input[i], sample, field, e);

		if (bytes == 0)
			return -1;
		field += bytes;
	}
	for (int64_t h = 0; h < t->config->history; h++, field += frame)
		if (load_frame(t, sample, window + h, field, e) != 0)
			return -1;
	int64_t steps = t->n_frames - t->config->history - t->n_windows + 1;
	for (int64_t s = 0; target && s < steps; s++)
		if (target[s] && load_frame(t, sample, window + t->config->history + s,
					    (char *)target[s] + (size_t)k * frame, e) != 0)
			return -1;
	return 0;
}

/* (frames, channel, points) -> (channel, points, frames), inputs repeated along the frames. */
static int load_spacetime(struct task *t, int64_t sample, char *field, char *target, struct err *e)
{
	size_t w = dtype_size(t->real);
	int64_t later = t->spec.size[t->spec.n_dims - 1], frame = task_target_count(t) / later;
	char *flat = xmalloc((size_t)(frame * later) * w + (size_t)task_input_count(t) * w);
	int status = 0;

	for (int i = 0; i < t->n_inputs && status == 0; i++) {
		int64_t n = t->input[i].n_channel * grid_points(t);

		status = channels(t, &t->input[i], sample, flat, e) > 0 ? 0 : -1;
		for (int64_t p = 0; p < n * later; p++, field += w)
			memcpy(field, flat + (size_t)(p / later) * w, w);
	}
	for (int64_t h = 0; h < t->config->history && status == 0; h++) {
		status = load_frame(t, sample, h, flat, e);
		for (int64_t p = 0; p < frame * later; p++, field += w)
			memcpy(field, flat + (size_t)(p / later) * w, w);
	}
	for (int64_t s = 0; target && s < later && status == 0; s++)
		status = load_frame(t, sample, t->config->history + s, flat + (size_t)(s * frame) * w, e);
	if (target && status == 0)
		transpose(later, frame, w, flat, target);
	free(flat);
	return status;
}

int task_load(struct task *t, int64_t n, const int64_t *item, void *field, void *query, void *const *target,
	      struct err *e)
{
	size_t w = dtype_size(t->real);
	size_t in = (size_t)task_input_count(t) * w, q = (size_t)task_query_count(t) * w,
	       out = (size_t)task_target_count(t) * w;

	for (int64_t k = 0; k < n; k++) {
		int64_t sample = item[k] / t->n_windows, window = item[k] % t->n_windows;
		char *x = (char *)field + (size_t)k * in,
		     *y = target && target[0] ? (char *)target[0] + (size_t)k * out : NULL;
		int status;

		if (t->kind == TASK_MAP)
			status = load_map(t, sample, x, query ? (char *)query + (size_t)k * q : NULL, y, e);
		else if (t->kind == TASK_STEP)
			status = load_step(t, sample, window, k, x, target, e);
		else
			status = load_spacetime(t, sample, x, y, e);
		if (status != 0)
			return -1;
	}
	return 0;
}

/* Welford's update, one value at a time, in the order of samples. */
struct moments {
	double n, mean, m2;
};

static void take(struct moments *m, double x)
{
	double d = x - m->mean;

	m->n++;
	m->mean += d / m->n;
	m->m2 += d * (x - m->mean);
}

int task_statistics(struct task *t, bool of_target, bool pixel, double *mean, double *std, struct err *e)
{
	int64_t channels = of_target ? t->spec.n_out : t->spec.n_in;
	int64_t count = of_target ? task_target_count(t) : task_input_count(t), points = count / channels;
	bool last = of_target && t->spec.n_query > 0; /* channels are the last axis */
	struct moments *m = xcalloc((size_t)(pixel ? count : channels), sizeof *m);
	struct shape xs = shape_of(task_input_count(t)), qs = shape_of(task_query_count(t) + 1);
	struct shape ys = shape_of(task_target_count(t));
	struct tensor x = tensor_new(t->real, &xs), q = tensor_new(t->real, &qs), y = tensor_new(t->real, &ys);
	const struct tensor *v = of_target ? &y : &x;
	int64_t steps = t->kind == TASK_STEP ? t->n_frames - t->config->history - t->n_windows + 1 : 1;
	void **targets = xcalloc((size_t)steps, sizeof *targets);
	int status = 0;

	targets[0] = y.data;
	for (int64_t i = 0; i < t->n_items && status == 0; i++) {
		status = task_load(t, 1, &i, x.data, q.data, targets, e);
		for (int64_t k = 0; k < count && status == 0; k++)
			take(&m[pixel ? k : last ? k % channels : k / points], tensor_get(v, k));
	}
	for (int64_t k = 0; k < (pixel ? count : channels); k++) {
		mean[k] = m[k].mean;
		std[k] = m[k].n > 1 ? sqrt(m[k].m2 / (m[k].n - 1)) : 0;
	}
	free(targets);
	free(m);
	tensor_free(&x);
	tensor_free(&q);
	tensor_free(&y);
	return status;
}

static void add_blind_field(const struct task *t, struct layout *out, const int *axis_of_new)
{
	const struct layout *l = dataset_layout(t->data);
	int k = 0;
	while (k < t->n_inputs - 1 && t->input[k].n_points != grid_points(t))
		k++;
	const struct field *f = &l->field[t->n_queries ? t->query.index : t->input[k].index];
	int axes[SHAPE_MAX], n = 0;

	if (t->spec.n_out > 1)
		axes[n++] = layout_add_axis(out, "output", AXIS_CHANNEL, t->spec.n_out, NULL, false, 0);
	for (int a = 0; a < f->n_axes; a++)
		if (l->axis[f->axis[a]].kind == AXIS_SPACE || l->axis[f->axis[a]].kind == AXIS_POINT)
			axes[n++] = axis_of_new[f->axis[a]];
	layout_add_field(out, "prediction", DTYPE_F32, ROLE_TARGET, n, axes);
}

struct layout task_prediction_layout(const struct task *t, int64_t n_frames)
{
	const struct layout *l = dataset_layout(t->data);
	const struct task_field *list = t->kind == TASK_MAP ? t->target : t->state;
	int n = t->kind == TASK_MAP ? t->n_targets : t->n_states;
	int *axis_of_new = xcalloc((size_t)l->n_axes + 1, sizeof(int));
	struct layout out = { .n_samples = l->n_samples };

	for (int a = 0; a < l->n_axes; a++) {
		int64_t stride = l->axis[a].kind == AXIS_SPACE ? t->config->reduce : 1,
			size = (l->axis[a].size + stride - 1) / stride;
		int64_t from = 0;

		if (l->axis[a].kind == AXIS_TIME && t->kind != TASK_MAP) {
			stride = t->config->reduce_time;
			from = t->first_frame;
			size = n_frames;
		}
		double *c = l->axis[a].coordinate ? xcalloc((size_t)size, sizeof *c) : NULL;
		for (int64_t i = 0; c && i < size; i++)
			c[i] = l->axis[a].coordinate[from + i * stride];
		axis_of_new[a] = layout_add_axis(&out, l->axis[a].name, l->axis[a].kind, size, c, l->axis[a].periodic,
						 l->axis[a].length);
		free(c);
	}
	for (int i = 0; i < n; i++) {
		const struct field *f = &l->field[list[i].index];
		int axes[SHAPE_MAX];

		for (int a = 0; a < f->n_axes; a++)
			axes[a] = axis_of_new[f->axis[a]];
		layout_add_field(&out, f->name, DTYPE_F32, f->role, f->n_axes, axes);
	}
	if (n == 0) /* nothing to compare with: values on the input's axes */
		add_blind_field(t, &out, axis_of_new);
	free(axis_of_new);
	return out;
}
