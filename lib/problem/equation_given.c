/* equation_given.c: fields of files on the grids of solvers. Data sets are shared by all who name them, and read under
 * a lock: HDF5 knows no threads. */
#include "problem/equation_given.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/dataset.h"
#include "num/stencil.h"
#include "problem/equation_spec_inside.h"
#include "problem/spectral.h"

enum { WIDTH = 6 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shared {
	char *spec;
	struct dataset *data;
	int references;
	struct shared *next;
} * all;

struct equation_given {
	struct shared *from;
	char *what;
	int field;
	int64_t frame, n_points;
	bool moving, repeat, smooth, torus;
	int axis[3]; /* of the data set's layout */
};

static struct shared *hold(const char *spec, struct err *e)
{
	struct shared *s = all;

	while (s && strcmp(s->spec, spec) != 0)
		s = s->next;
	if (!s) {
		struct dataset *d;

		if (dataset_open(&d, spec, NULL, e) != 0)
			return NULL;
		s = xcalloc(1, sizeof *s);
		*s = (struct shared){ .spec = xstrdup(spec), .data = d, .next = all };
		all = s;
	}
	s->references++;
	return s;
}

static void release(struct shared *s)
{
	if (--s->references > 0)
		return;
	for (struct shared **at = &all; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	dataset_close(s->data);
	free(s->spec);
	free(s);
}

/* ---- reading the map ----------------------------------------------------------------------------- */

struct keys {
	const char *file, *field;
	int64_t frame;
	bool repeat, smooth;
};

static int read_flag(const struct conf_node *n, bool *v)
{
	const bool yes = n->kind == CONF_SCALAR && strcmp(n->text, "true") == 0;

	*v = yes;
	return yes || (n->kind == CONF_SCALAR && strcmp(n->text, "false") == 0) ? 0 : -1;
}

static int read_keys(struct keys *k, const struct conf_node *n, const char *what, struct err *e)
{
	static const char *const known[] = { "file", "field", "frame", "repeat", "smooth" };

	for (int i = 0; i < n->n; i++) {
		const struct conf_node *v = n->child[i];
		const char *key = n->key[i], *near = str_nearest(key, 5, known);
		int bad = v->kind != CONF_SCALAR;

		if (strcmp(key, "file") == 0)
			k->file = v->text;
		else if (strcmp(key, "field") == 0)
			k->field = v->text;
		else if (strcmp(key, "frame") == 0)
			bad |= !v->text || !str_to_int(v->text, &k->frame);
		else if (strcmp(key, "repeat") == 0)
			bad |= read_flag(v, &k->repeat) != 0;
		else if (strcmp(key, "smooth") == 0)
			bad |= read_flag(v, &k->smooth) != 0;
		else
			return equation_spec_fail(e, v, what, "there is no key '%s' here%s%s%s", key,
						  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		if (bad)
			return equation_spec_fail(e, v, what, "%s cannot be read", key);
	}
	return k->file ? 0 : equation_spec_fail(e, n, what, "which file?");
}

static int find_field(struct equation_given *g, const struct equation_spec *s, const struct keys *k, struct err *e)
{
	const struct layout *l = dataset_layout(g->from->data);
	const struct field *f;
	int n = 0;

	g->field = layout_find_field(l, k->field);
	if (g->field < 0)
		return err_set(e, ERR_USAGE, "%s: no field '%s'", g->from->spec, k->field);
	f = &l->field[g->field];
	g->torus = true;
	g->n_points = 1;
	for (int i = 0; i < f->n_axes; i++) {
		const struct axis *a = &l->axis[f->axis[i]];

		if (a->kind == AXIS_TIME) {
			g->moving = true;
			g->frame = k->frame < 0 ? a->size + k->frame : k->frame;
			if (g->frame < 0 || g->frame >= a->size)
				return err_set(e, ERR_USAGE, "%s: frame %lld of %lld", g->from->spec,
					       (long long)k->frame, (long long)a->size);
			continue;
		}
		if (n == s->n_dims || a->kind != AXIS_SPACE || strcmp(a->name, s->pool->axis[n]) != 0)
			return err_set(e, ERR_USAGE, "%s: field '%s' has an axis %s where the equation has %s",
				       g->from->spec, k->field, a->name, n < s->n_dims ? s->pool->axis[n] : "none");
		if (!a->coordinate || a->size < 2)
			return err_set(e, ERR_USAGE, "%s: axis %s has no coordinates", g->from->spec, a->name);
		const double step = (a->coordinate[a->size - 1] - a->coordinate[0]) / (double)(a->size - 1);
		const double high =
			a->coordinate[0] + (a->periodic ? a->length : a->coordinate[a->size - 1] - a->coordinate[0]);

		/* cell centres end half a cell before the side */
		if (fabs(a->coordinate[0] - s->low[n]) > 0.51 * fabs(step) ||
		    fabs(high - s->low[n] - s->length[n]) > 0.51 * fabs(step))
			return err_set(e, ERR_USAGE, "%s: axis %s goes from %g to %g, the domain from %g to %g",
				       g->from->spec, a->name, a->coordinate[0], high, s->low[n],
				       s->low[n] + s->length[n]);
		g->torus &= a->periodic && !s->closed[n] && fabs(a->coordinate[0] - s->low[n]) < 1e-6 * s->length[n];
		g->n_points *= a->size;
		g->axis[n++] = f->axis[i];
	}
	return n == s->n_dims ? 0
			      : err_set(e, ERR_USAGE, "%s: field '%s' has %d axes of space, the equation %d",
					g->from->spec, k->field, n, s->n_dims);
}

int equation_given_open(struct equation_given **out, const struct equation_spec *s, const struct conf_node *n,
			const char *what, const char *name, struct err *e)
{
	struct keys k = { .field = name, .smooth = true };
	struct equation_given *g;
	struct err why = { 0 };
	int status;

	*out = NULL;
	if (read_keys(&k, n, what, e) != 0)
		return -1;
	g = xcalloc(1, sizeof *g);
	g->repeat = k.repeat;
	g->smooth = k.smooth;
	g->what = xstrdup(what);
	pthread_mutex_lock(&lock);
	g->from = hold(k.file, &why);
	status = g->from ? find_field(g, s, &k, &why) : -1;
	pthread_mutex_unlock(&lock);
	if (status != 0) {
		equation_given_close(g);
		return equation_spec_fail(e, n, what, "%s", why.message);
	}
	*out = g;
	return 0;
}

void equation_given_close(struct equation_given *g)
{
	if (!g)
		return;
	if (g->from) {
		pthread_mutex_lock(&lock);
		release(g->from);
		pthread_mutex_unlock(&lock);
	}
	free(g->what);
	free(g);
}

char *equation_given_identity(const struct equation_given *g)
{
	char *text;

	pthread_mutex_lock(&lock);
	text = dataset_identity(g->from->data);
	pthread_mutex_unlock(&lock);
	return text;
}

/* ---- values -------------------------------------------------------------------------------------- */

static int read_frame(struct equation_given *g, int64_t sample, double *to, struct err *e)
{
	const struct layout *l = dataset_layout(g->from->data);
	const int64_t n = l->field[g->field].per_sample ? l->n_samples : INT64_MAX;
	int status;

	if (sample >= n && !g->repeat)
		return err_set(e, ERR_USAGE, "%s: %s has %lld samples; repeat: true starts over", g->what,
			       g->from->spec, (long long)n);
	sample %= n;
	pthread_mutex_lock(&lock);
	status = g->moving ? dataset_read_frames(g->from->data, g->field, sample, g->frame, 1, 1, DTYPE_F64, to, e)
			   : dataset_read(g->from->data, g->field, 1, &sample, DTYPE_F64, to, e);
	pthread_mutex_unlock(&lock);
	return status;
}

/* The same points? */
static bool same_grid(const struct equation_given *g, const struct equation_spec *s, const struct equation_points *to)
{
	for (int d = 0; d < s->n_dims; d++) {
		const struct axis *a = &dataset_layout(g->from->data)->axis[g->axis[d]];

		if (a->size != to->size[d])
			return false;
		for (int64_t k = 0; k < a->size; k++)
			if (fabs(a->coordinate[k] - s->low[d] - s->length[d] * equation_place(s, to, d, k)) >
			    1e-9 * s->length[d])
				return false;
	}
	return true;
}

static int by_series(const struct equation_given *g, const struct equation_spec *s, const struct equation_points *to,
		     const double *values, double *out, struct err *e)
{
	struct spectral from = { 0 }, onto = { 0 };
	int64_t size[3];
	double *modes = NULL;
	int status;

	for (int d = 0; d < s->n_dims; d++)
		size[d] = dataset_layout(g->from->data)->axis[g->axis[d]].size;
	status = spectral_init(&from, s->n_dims, size, e) != 0 || spectral_init(&onto, s->n_dims, to->size, e) != 0 ? -1
														    : 0;
	if (status == 0 && (modes = mem_new(from.n_modes + onto.n_modes, 2 * sizeof *modes, g->what, e)) != NULL) {
		spectral_forward(&from, values, modes);
		spectral_resize(&from, modes, &onto, modes + 2 * from.n_modes);
		spectral_inverse(&onto, modes + 2 * from.n_modes, out);
	}
	spectral_clear(&from);
	spectral_clear(&onto);
	free(modes);
	return modes ? 0 : -1;
}

/* Axis after axis: each turns n_from points into n_to. */
static int by_stencils(const struct equation_given *g, const struct equation_spec *s, const struct equation_points *to,
		       const double *values, double *out, struct err *e)
{
	int64_t size[3], outer = 1, inner = g->n_points;
	double *now = NULL;
	int status = 0;

	for (int d = 0; d < s->n_dims; d++)
		size[d] = dataset_layout(g->from->data)->axis[g->axis[d]].size;
	for (int d = 0; d < s->n_dims && status == 0; d++) {
		const struct axis *a = &dataset_layout(g->from->data)->axis[g->axis[d]];
		const int wanted = g->smooth ? WIDTH : 2, width = a->size < wanted ? (int)a->size : wanted;
		const double *in = now ? now : values;
		int64_t point[WIDTH];
		double w[WIDTH], *next;

		inner /= size[d];
		next = mem_new(outer * to->size[d] * inner, sizeof *next, g->what, e);
		status = next ? 0 : -1;
		for (int64_t k = 0; k < to->size[d] && next; k++) {
			stencil_interpolate(s->low[d] + s->length[d] * equation_place(s, to, d, k), a->size,
					    a->coordinate, a->periodic ? a->length : 0, width, point, w);
			for (int64_t o = 0; o < outer; o++)
				for (int64_t i = 0; i < inner; i++) {
					double sum = 0;

					for (int j = 0; j < width; j++)
						sum += w[j] * in[(o * size[d] + point[j]) * inner + i];
					next[(o * to->size[d] + k) * inner + i] = sum;
				}
		}
		free(now);
		now = next;
		outer *= to->size[d];
	}
	if (status == 0)
		memcpy(out, now, (size_t)outer * sizeof *out);
	free(now);
	return status;
}

int equation_given_read(struct equation_given *g, const struct equation_spec *s, const struct equation_points *grid,
			int64_t sample, double *out, struct err *e)
{
	double *values = mem_new(g->n_points, sizeof *values, g->what, e);
	int status = values ? read_frame(g, sample, values, e) : -1;

	if (status == 0 && same_grid(g, s, grid))
		memcpy(out, values, (size_t)g->n_points * sizeof *out);
	else if (status == 0)
		status = (g->torus && g->smooth ? by_series : by_stencils)(g, s, grid, values, out, e);
	free(values);
	return status;
}
