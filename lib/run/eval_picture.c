/* eval_picture.c: a comparison as a page: the first sample and the worst one, errors by frame and by wavenumber, errors
 * of all samples in order. One channel is shown, of three space axes the middle plane. */
#include "run/eval_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plot/plot.h"
#include "run/trainer.h"

struct shown {
	int64_t sample;
	double error;			     /* relative, of the whole sample */
	double *prediction, *truth, *before; /* judged frames; before: given frame or input, NULL: none */
};
struct eval_picture {
	const struct eval_pair *pair;
	const struct eval_field *field;
	int64_t n_times, count;
	struct shown first, worst;
	struct metric_run *by_time, *still_by_time, *by_wavenumber;
	int64_t n, capacity;
	double *error; /* of every sample */
	/* what is drawn of a frame: nx x ny */
	int n_dims;
	int64_t nx, ny;
	double *x; /* coordinates of the first axis */
};

static bool is_points(const struct eval_picture *w)
{
	return w->field->shape.n_dims > 0 && !w->field->grid;
}

static void set_axes(struct eval_picture *w)
{
	const struct metric_shape *s = &w->field->shape;
	const struct layout *l = dataset_layout(w->pair->prediction);
	const struct field *f = &l->field[w->field->prediction];
	const struct axis *axis = NULL;

	w->n_dims = s->n_dims > 2 ? 2 : s->n_dims;
	w->nx = s->n_dims > 0 ? s->size[0] : 1;
	w->ny = s->n_dims > 1 ? s->size[1] : 1;
	for (int i = f->n_axes - 1; i >= 0; i--)
		if (l->axis[f->axis[i]].kind == AXIS_SPACE)
			axis = &l->axis[f->axis[i]];
	w->x = xcalloc((size_t)w->nx + 1, sizeof *w->x);
	for (int64_t i = 0; i < w->nx; i++)
		w->x[i] = axis && axis->coordinate ? axis->coordinate[i]
			  : s->n_dims > 0 && s->length[0] > 0 && !is_points(w)
				  ? s->length[0] * (double)i / (double)(w->nx - !s->periodic[0])
				  : (double)i;
}

struct eval_picture *eval_picture_new(const struct eval_pair *m, const struct eval_config *c)
{
	struct eval_picture *w = xcalloc(1, sizeof *w);

	w->pair = m;
	w->field = &m->field[0];
	w->n_times = c->plot_times;
	w->count = metric_count(&w->field->shape);
	w->by_time = metric_run_new(metric_find("rel_l2"), &w->field->shape, METRIC_BY_TIME);
	if (w->field->grid)
		w->by_wavenumber = metric_run_new(metric_find("spectrum_error"), &w->field->shape, 0);
	set_axes(w);
	return w;
}

static void shown_free(struct shown *s)
{
	free(s->prediction);
	free(s->truth);
	free(s->before);
}

static void run_drop(struct metric_run *m)
{
	struct metric_result r;

	if (!m)
		return;
	metric_run_end(m, &r);
	metric_result_free(&r);
}

void eval_picture_free(struct eval_picture *w)
{
	if (!w)
		return;
	shown_free(&w->first);
	shown_free(&w->worst);
	run_drop(w->by_time);
	run_drop(w->still_by_time);
	run_drop(w->by_wavenumber);
	free(w->error);
	free(w->x);
	free(w);
}

static void keep(const struct eval_picture *w, struct shown *s, int64_t sample, double error, const double *prediction,
		 const double *truth, const double *before)
{
	size_t size = (size_t)w->count * sizeof(double);

	if (!s->prediction) {
		s->prediction = xmalloc(size);
		s->truth = xmalloc(size);
		s->before = before ? xmalloc(size) : NULL;
	}
	s->sample = sample;
	s->error = error;
	memcpy(s->prediction, prediction, size);
	memcpy(s->truth, truth, size);
	if (before)
		memcpy(s->before, before, size);
}

void eval_picture_add(struct eval_picture *w, const struct eval_field *f, int64_t sample, const double *prediction,
		      const double *truth, const double *before)
{
	double num = 0, den = 0, error;

	if (f != w->field)
		return;
	for (int64_t i = 0; i < w->count; i++) {
		num += (prediction[i] - truth[i]) * (prediction[i] - truth[i]);
		den += truth[i] * truth[i];
	}
	error = sqrt(num) / (sqrt(den) + 1e-8);
	MEM_GROW(w->error, w->n, w->capacity);
	w->error[w->n++] = error;
	if (sample == 0)
		keep(w, &w->first, sample, error, prediction, truth, before);
	if (sample == 0 || (!isnan(w->worst.error) && !(error <= w->worst.error)))
		keep(w, &w->worst, sample, error, prediction, truth, before);
	metric_run_add(w->by_time, prediction, truth);
	if (w->by_wavenumber)
		metric_run_add(w->by_wavenumber, prediction, truth);
	if (before && f->shape.n_time > 1) {
		if (!w->still_by_time)
			w->still_by_time = metric_run_new(metric_find("rel_l2"), &f->shape, METRIC_BY_TIME);
		metric_run_add(w->still_by_time, before, truth);
	}
}

/* Channel 0 of a frame as nx x ny; minus: subtracted, or NULL. The caller frees. */
static double *plane(const struct eval_picture *w, int64_t frame, const double *v, const double *minus)
{
	const struct metric_shape *s = &w->field->shape;
	int64_t depth = s->n_dims > 2 ? s->size[2] : 1, at = frame * w->field->n_frame;
	double *out = xmalloc((size_t)(w->nx * w->ny) * sizeof *out);

	for (int64_t i = 0; i < w->nx * w->ny; i++) {
		int64_t k = at + i * depth + depth / 2;

		out[i] = minus ? v[k] - minus[k] : v[k];
	}
	return out;
}

/* Panels of reference and prediction share their colours. */
static void widen(double *lo, double *hi, int64_t n, const double *v)
{
	for (int64_t i = 0; i < n; i++)
		if (isfinite(v[i])) {
			*lo = fmin(*lo, v[i]);
			*hi = fmax(*hi, v[i]);
		}
}

static void draw_plane(struct plot *p, int row, int column, const char *title, const struct eval_picture *w,
		       int64_t frame, const double *v, const double *minus, double lo, double hi)
{
	double *values = plane(w, frame, v, minus);

	plot_field(p, row, column, title, w->nx, w->ny, values, lo, hi, minus ? PLOT_DIVERGING : PLOT_SEQUENTIAL);
	free(values);
}

static void reference_range(const struct eval_picture *w, const struct shown *s, int64_t frame, double *lo, double *hi)
{
	double *t = plane(w, frame, s->truth, NULL);

	*lo = INFINITY;
	*hi = -INFINITY;
	widen(lo, hi, w->nx * w->ny, t);
	free(t);
	if (!(*lo < *hi))
		*lo = *hi = 0;
}

static int64_t frame_of(const struct eval_picture *w, int64_t k)
{
	int64_t n = w->field->shape.n_time, m = w->n_times < n ? w->n_times : n;

	return m > 1 ? k * (n - 1) / (m - 1) : n - 1;
}

static void frame_name(char *text, size_t room, const struct eval_picture *w, int64_t frame)
{
	if (w->field->time)
		snprintf(text, room, "t = %.4g", w->field->time[frame]);
	else
		snprintf(text, room, "frame %lld", (long long)(frame + w->field->n_given));
}

static void sample_name(char *text, size_t room, const struct eval_picture *w, const struct shown *s, const char *what)
{
	(void)w;
	snprintf(text, room, "sample %lld%s, %s", (long long)s->sample, s->sample > 0 ? " (worst)" : "", what);
}

/* A map of two or three dimensions: input, reference, prediction, error in a row. */
static void draw_map(struct plot *p, int row, const struct eval_picture *w, const struct shown *s)
{
	double lo, hi;
	int column = 0;
	char title[80];

	reference_range(w, s, 0, &lo, &hi);
	if (s->before) {
		sample_name(title, sizeof title, w, s, "input");
		draw_plane(p, row, column++, title, w, 0, s->before, NULL, 0, 0);
	}
	sample_name(title, sizeof title, w, s, "reference");
	draw_plane(p, row, column++, title, w, 0, s->truth, NULL, lo, hi);
	snprintf(title, sizeof title, "prediction, rel_l2 %.3g", s->error);
	draw_plane(p, row, column++, title, w, 0, s->prediction, NULL, lo, hi);
	draw_plane(p, row, column, "prediction - reference", w, 0, s->prediction, s->truth, 0, 0);
}

/* A trajectory of planes: rows reference, prediction, error; columns frames, the given one before them. */
static void draw_frames(struct plot *p, int row, const struct eval_picture *w, const struct shown *s)
{
	int64_t n = w->field->shape.n_time, m = w->n_times < n ? w->n_times : n;
	int first = s->before ? 1 : 0;
	char name[40], title[120];

	if (s->before) {
		sample_name(title, sizeof title, w, s, "last given");
		draw_plane(p, row, 0, title, w, 0, s->before, NULL, 0, 0);
	}
	for (int64_t k = 0; k < m; k++) {
		int64_t frame = frame_of(w, k);
		int column = first + (int)k;
		double lo, hi;

		reference_range(w, s, frame, &lo, &hi);
		frame_name(name, sizeof name, w, frame);
		snprintf(title, sizeof title, "reference, %s", name);
		draw_plane(p, row, column, title, w, frame, s->truth, NULL, lo, hi);
		snprintf(title, sizeof title, "prediction, %s", name);
		draw_plane(p, row + 1, column, title, w, frame, s->prediction, NULL, lo, hi);
		draw_plane(p, row + 2, column, "prediction - reference", w, frame, s->prediction, s->truth, 0, 0);
	}
}

/* Curves over one axis: frames of a trajectory, or a map with its error. */
static void draw_lines(struct plot *p, int row, const struct eval_picture *w, const struct shown *s)
{
	int64_t n = w->field->shape.n_time, m = w->n_times < n ? w->n_times : n;
	const char *x_label = is_points(w) ? "point" : "x";
	char title[120], name[40], what[60];

	for (int64_t k = 0; k < m; k++) {
		int64_t frame = frame_of(w, k);
		double *t = plane(w, frame, s->truth, NULL), *v = plane(w, frame, s->prediction, NULL);

		frame_name(name, sizeof name, w, frame);
		snprintf(what, sizeof what, "rel_l2 %.3g", s->error);
		sample_name(title, sizeof title, w, s, n > 1 ? name : what);
		plot_axes(p, row, (int)k, &(struct plot_axes){ title, x_label, w->field->name, false, false });
		plot_curve(p, row, (int)k, "reference", w->nx, w->x, t, is_points(w));
		plot_curve(p, row, (int)k, "prediction", w->nx, w->x, v, is_points(w));
		if (s->before) {
			double *b = plane(w, frame, s->before, NULL);

			plot_curve(p, row, (int)k, n > 1 ? "last given" : "input", w->nx, w->x, b, false);
			free(b);
		}
		free(t);
		free(v);
	}
	if (n == 1) {
		double *d = plane(w, 0, s->prediction, s->truth);

		plot_axes(p, row, 1, &(struct plot_axes){ "prediction - reference", x_label, "error", false, false });
		plot_curve(p, row, 1, NULL, w->nx, w->x, d, false);
		free(d);
	}
}

/* A trajectory over one axis as three images, time upwards. */
static void draw_history(struct plot *p, int row, const struct eval_picture *w, const struct shown *s)
{
	int64_t n = w->field->shape.n_time;
	double *image[3], lo = INFINITY, hi = -INFINITY;
	char title[3][80] = { "", "prediction (x right, t up)", "prediction - reference" };

	for (int k = 0; k < 3; k++) {
		image[k] = xmalloc((size_t)(w->nx * n) * sizeof **image);
		for (int64_t t = 0; t < n; t++) {
			double *v = plane(w, t, k == 0 ? s->truth : s->prediction, k == 2 ? s->truth : NULL);

			for (int64_t i = 0; i < w->nx; i++)
				image[k][i * n + t] = v[i];
			free(v);
		}
	}
	widen(&lo, &hi, w->nx * n, image[0]);
	if (!(lo < hi))
		lo = hi = 0;
	sample_name(title[0], sizeof title[0], w, s, "reference");
	for (int k = 0; k < 3; k++) {
		plot_field(p, row, k, title[k], w->nx, n, image[k], k < 2 ? lo : 0, k < 2 ? hi : 0,
			   k == 2 ? PLOT_DIVERGING : PLOT_SEQUENTIAL);
		free(image[k]);
	}
}

/* No space axes: channels over time. */
static void draw_channels(struct plot *p, int row, const struct eval_picture *w, const struct shown *s)
{
	const struct metric_shape *m = &w->field->shape;
	double *t = xcalloc((size_t)m->n_time, sizeof *t), *a = xcalloc((size_t)m->n_time, sizeof *a),
	       *b = xcalloc((size_t)m->n_time, sizeof *b);

	for (int64_t c = 0; c < m->n_channel && c < 3; c++) {
		char title[80], what[40];

		for (int64_t i = 0; i < m->n_time; i++) {
			t[i] = w->field->time ? w->field->time[i] : (double)i;
			a[i] = s->truth[i * m->n_channel + c];
			b[i] = s->prediction[i * m->n_channel + c];
		}
		snprintf(what, sizeof what, "channel %lld", (long long)c);
		sample_name(title, sizeof title, w, s, what);
		plot_axes(p, row, (int)c, &(struct plot_axes){ title, "t", w->field->name, false, false });
		plot_curve(p, row, (int)c, "reference", m->n_time, t, a, m->n_time == 1);
		plot_curve(p, row, (int)c, "prediction", m->n_time, t, b, m->n_time == 1);
	}
	free(t);
	free(a);
	free(b);
}

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Rows of a result whose part starts so, as a curve over the number behind it. */
static void result_curve(struct plot *p, int row, int column, const char *label, const struct metric_result *r,
			 const char *prefix, bool markers)
{
	double *x = xcalloc((size_t)r->n + 1, sizeof *x), *y = xcalloc((size_t)r->n + 1, sizeof *y);
	int64_t n = 0;

	for (int i = 0; i < r->n; i++)
		if (strncmp(r->row[i].part, prefix, strlen(prefix)) == 0) {
			x[n] = strtod(r->row[i].part + strlen(prefix), NULL);
			y[n++] = r->row[i].value;
		}
	plot_curve(p, row, column, label, n, x, y, markers);
	free(x);
	free(y);
}

/* The last row: errors of samples in order, by wavenumber, by frame. Ends the runs. */
static void draw_errors(struct plot *p, int row, struct eval_picture *w)
{
	int64_t n_time = w->field->shape.n_time;
	double *number = xcalloc((size_t)w->n + 1, sizeof *number);
	struct metric_result r = { 0 };
	int column = 0;

	qsort(w->error, (size_t)w->n, sizeof *w->error, rising);
	for (int64_t i = 0; i < w->n; i++)
		number[i] = w->n > 1 ? 100 * (double)i / (double)(w->n - 1) : 50;
	plot_axes(p, row, column,
		  &(struct plot_axes){ "error of the samples, in order", "samples below, %", "rel_l2", false, true });
	plot_curve(p, row, column++, NULL, w->n, number, w->error, w->n < 50);
	free(number);
	if (w->by_wavenumber) {
		metric_run_end(w->by_wavenumber, &r);
		plot_axes(p, row, column,
			  &(struct plot_axes){ "error by wavenumber", "k", "spectrum_error", false, true });
		result_curve(p, row, column++, NULL, &r, "k=", false);
		metric_result_free(&r);
		w->by_wavenumber = NULL;
	}
	if (n_time < 2)
		return;
	metric_run_end(w->by_time, &r);
	w->by_time = NULL;
	plot_axes(p, row, column,
		  &(struct plot_axes){ "error by frame", w->field->time ? "t" : "frame", "rel_l2", false, true });
	result_curve(p, row, column, w->still_by_time ? "prediction" : NULL, &r, "t=", n_time < 30);
	metric_result_free(&r);
	if (!w->still_by_time)
		return;
	metric_run_end(w->still_by_time, &r);
	w->still_by_time = NULL;
	result_curve(p, row, column, "persistence", &r, "t=", n_time < 30);
	metric_result_free(&r);
}

int eval_picture_write(struct eval_picture *w, const char *path, struct err *e)
{
	int64_t n = w->field->shape.n_time, m = w->n_times < n ? w->n_times : n;
	bool planes = w->n_dims == 2, lines = w->n_dims == 1, two = w->worst.sample != w->first.sample;
	int a_sample = planes && n > 1 ? 3 : lines && n > 1 && !is_points(w) ? 2 : 1, columns = n > 1 ? 3 : 2;
	char title[200];

	if (planes)
		columns = n > 1 ? (int)m + (w->first.before != NULL) : 3 + (w->first.before != NULL);
	else if (lines && m > columns)
		columns = (int)m;
	else if (w->n_dims == 0)
		columns = 3;
	columns = columns < 3 && n > 1 ? 3 : columns;
	snprintf(title, sizeof title, "%.60s: field %.40s%s", dataset_name(w->pair->prediction), w->field->name,
		 w->field->shape.n_channel > 1 && w->n_dims > 0 ? ", channel 0" : "");
	struct plot *p = plot_new(a_sample * (two ? 2 : 1) + 1, columns, title);
	for (int k = 0; k < (two ? 2 : 1); k++) {
		const struct shown *s = k ? &w->worst : &w->first;
		int row = k * a_sample;

		if (planes && n > 1)
			draw_frames(p, row, w, s);
		else if (planes)
			draw_map(p, row, w, s);
		else if (lines)
			draw_lines(p, row, w, s);
		else
			draw_channels(p, row, w, s);
		if (lines && a_sample == 2)
			draw_history(p, row + 1, w, s);
	}
	draw_errors(p, a_sample * (two ? 2 : 1), w);
	int status = plot_write(p, path, e);
	plot_free(p);
	return status;
}

int eval_picture_history(const char *name, const struct history *h, const char *path, struct err *e)
{
	const int64_t n = h->n_rows;
	double *epoch = xcalloc((size_t)n + 1, sizeof *epoch), *column = xcalloc((size_t)n + 1, sizeof *column);
	struct plot *p = plot_new(1, 2, name);
	static const struct plot_axes axes[2] = { { "loss", "epoch", NULL, false, true },
						  { "learning rate", "epoch", NULL, false, false } };

	for (int64_t i = 0; i < n; i++)
		epoch[i] = history_row(h, i)[HISTORY_EPOCH];
	plot_axes(p, 0, 0, &axes[0]);
	plot_axes(p, 0, 1, &axes[1]);
	for (int k = HISTORY_LOSS; k >= HISTORY_LR; k--) {
		for (int64_t i = 0; i < n; i++)
			column[i] = history_row(h, i)[k];
		plot_curve(p, 0, k == HISTORY_LR, k == HISTORY_LR ? NULL : h->name[k], n, epoch, column, n < 30);
	}
	bool valid = false;
	for (int64_t i = 0; i < n; i++) {
		column[i] = history_row(h, i)[HISTORY_SCORE];
		valid = valid || isfinite(column[i]);
	}
	if (valid)
		plot_curve(p, 0, 0, h->name[HISTORY_SCORE], n, epoch, column, true);
	free(epoch);
	free(column);
	int status = plot_write(p, path, e);
	plot_free(p);
	return status;
}

int eval_picture_bars(int n_titles, const char *const *title, int n, const char *const *name, const double *value,
		      const char *path, struct err *e)
{
	int columns = n_titles < 3 ? n_titles : 3;
	struct plot *p = plot_new((n_titles + columns - 1) / columns, columns, NULL);

	for (int k = 0; k < n_titles; k++)
		plot_bars(p, k / columns, k % columns, title[k], n, name, value + (int64_t)k * n);
	int status = plot_write(p, path, e);
	plot_free(p);
	return status;
}
