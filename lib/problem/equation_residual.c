/* equation_residual.c: a right-hand side evaluated node by node on stored frames, against their derivative in time. */
#include "problem/equation_residual.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/fft.h"
#include "num/stencil.h"
#include "problem/equation_physics.h"
#include "problem/spectral.h"

enum { ORDER = 6, WIDTH = 16, TERMS = 64 };

struct line { /* derivatives along one axis */
	int64_t n, inner;
	struct fft_plan *forward, *back; /* periodic axes */
};

struct equation_residual {
	struct equation_spec *spec;
	struct equation_grid grid;
	int64_t n_points, n_inside;
	bool *inside;
	bool torus; /* all axes are periodic */
	struct line line[3];
	struct spectral s; /* torus */
	double *modes, *mean_weight;
	int n_slots, capacity; /* values of nodes of one frame */
	double **slot;
	int *slot_of, n_nodes; /* by node: -1 none yet */
	/* of the sample in hand */
	const double *const *field, *const *coef;
	const double *param;
	double *velocity[EQUATION_UNKNOWNS]; /* time derivatives that stand for missing fields */
	int64_t frame;
};

/* The neighbours that a stencil of `width` uses at point i of n: its first. */
static int64_t first_neighbour(int64_t i, int64_t n, int64_t width)
{
	int64_t first = i - width / 2;

	first = first < 0 ? 0 : first;
	return first + width > n ? n - width : first;
}

/* Odd number of points that give derivative m to ORDER, at most all n. */
static int stencil_width(int m, int64_t n)
{
	const int width = (m + ORDER) | 1;

	return width < n ? width : (int)n;
}

/* Gregory's end corrections of the trapezoidal rule, order 4; n >= 6, else the plain rule. */
static double end_weight(int64_t i, int64_t n)
{
	static const double correction[3] = { 3.0 / 8, 7.0 / 6, 23.0 / 24 };
	const int64_t end = i < n - 1 - i ? i : n - 1 - i;

	if (n < 6)
		return end == 0 ? 0.5 : 1;
	return end < 3 ? correction[end] : 1;
}

static int make_axis(struct equation_residual *r, int a, struct err *e)
{
	struct line *l = &r->line[a];
	int64_t outer = r->n_points / (l->n * l->inner), half = l->n / 2 + 1;
	struct fft_shape shape = {
		.kind = FFT_REAL,
		.n_dims = 1,
		.dim = { { l->n, l->inner, l->inner } },
		.n_batch = 2,
		.batch = { { outer, l->n * l->inner, half * l->inner }, { l->inner, 1, 1 } },
	};

	if (l->n < 3)
		return err_set(e, ERR_USAGE, "axis %s has %lld points: no derivatives", r->spec->pool->axis[a],
			       (long long)l->n);
	if (!r->grid.periodic[a])
		return 0;
	l->forward = fft_plan_new(&shape, e);
	shape.kind = FFT_REAL_BACK;
	shape.batch[0] = (struct fft_axis){ outer, half * l->inner, l->n * l->inner };
	l->back = l->forward ? fft_plan_new(&shape, e) : NULL;
	return l->back ? 0 : -1;
}

static void make_points(struct equation_residual *r)
{
	for (int64_t i = 0; i < r->n_points; i++) {
		r->inside[i] = true;
		r->mean_weight[i] = 1;
		for (int a = 0; a < r->spec->n_dims; a++) {
			const int64_t n = r->line[a].n, at = i / r->line[a].inner % n;

			/* on a side rule its conditions */
			r->inside[i] &= r->grid.periodic[a] || (at > 0 && at < n - 1);
			r->mean_weight[i] *=
				r->grid.periodic[a] ? 1.0 / (double)n : end_weight(at, n) / (double)(n - 1);
		}
		r->n_inside += r->inside[i];
	}
}

void equation_residual_free(struct equation_residual *r)
{
	if (!r)
		return;
	for (int a = 0; a < 3; a++) {
		fft_plan_free(r->line[a].forward);
		fft_plan_free(r->line[a].back);
	}
	for (int k = 0; k < r->capacity; k++)
		free(r->slot[k]);
	for (int k = 0; k < EQUATION_UNKNOWNS; k++)
		free(r->velocity[k]);
	if (r->torus)
		spectral_clear(&r->s);
	free(r->slot);
	free(r->slot_of);
	free(r->inside);
	free(r->mean_weight);
	free(r->modes);
	free(r);
}

int equation_residual_new(struct equation_residual **out, struct equation_spec *s, const struct equation_grid *grid,
			  struct err *e)
{
	struct equation_residual *r = xcalloc(1, sizeof *r);
	int64_t most = 0;

	r->spec = s;
	r->grid = *grid;
	r->n_points = 1;
	r->torus = true;
	for (int a = s->n_dims - 1; a >= 0; a--) {
		r->line[a] = (struct line){ .n = grid->size[a], .inner = r->n_points };
		r->n_points *= grid->size[a];
		r->torus &= grid->periodic[a];
	}
	if (s->n_noises > 0) {
		err_set(e, ERR_USAGE, "an equation with noise has no residual");
		goto fail;
	}
	if (!s->stationary && grid->n_times < 3) {
		err_set(e, ERR_USAGE, "%lld frames: derivatives in time need 3 at least", (long long)grid->n_times);
		goto fail;
	}
	for (int a = 0; a < s->n_dims; a++) {
		const int64_t modes = r->n_points / grid->size[a] * (grid->size[a] / 2 + 1);

		if (make_axis(r, a, e) != 0)
			goto fail;
		most = modes > most ? modes : most;
	}
	if (r->torus && spectral_init(&r->s, s->n_dims, grid->size, e) != 0) {
		r->torus = false;
		goto fail;
	}
	most = r->torus && r->s.n_modes > most ? r->s.n_modes : most;
	r->modes = mem_new(most, 2 * sizeof(double), "modes", e);
	r->inside = mem_new(r->n_points, sizeof *r->inside, "points", e);
	r->mean_weight = mem_new(r->n_points, sizeof *r->mean_weight, "points", e);
	if (!r->modes || !r->inside || !r->mean_weight)
		goto fail;
	make_points(r);
	*out = r;
	return 0;
fail:
	equation_residual_free(r);
	return -1;
}

/* ---- operators ----------------------------------------------------------------------------------- */

/* Derivative m along a periodic axis: (i k)^m for every mode; odd ones of the mode that has no partner are 0. */
static void derive_periodic(struct equation_residual *r, int a, int m, const double *in, double *out)
{
	const struct line *l = &r->line[a];
	const int64_t half = l->n / 2 + 1, rows = r->n_points / l->n / l->inner;
	const double unit = 2 * M_PI / r->grid.length[a];

	fft_run(l->forward, (void *)(uintptr_t)in, r->modes);
	for (int64_t j = 0; j < half; j++) {
		const double size = pow(unit * (double)j, m) / (double)l->n;
		const double factor = 2 * j == l->n && m % 2 == 1 ? 0 : m % 4 == 0 || m % 4 == 1 ? size : -size;

		for (int64_t i = 0; i < rows; i++)
			for (int64_t k = 0; k < l->inner; k++) {
				double *z = r->modes + 2 * ((i * half + j) * l->inner + k);
				const double re = z[0], im = z[1];

				z[0] = factor * (m % 2 ? -im : re);
				z[1] = factor * (m % 2 ? re : im);
			}
	}
	fft_run(l->back, r->modes, out);
}

static void derive_differences(const struct equation_residual *r, int a, int m, const double *in, double *out)
{
	const struct line *l = &r->line[a];
	const int width = stencil_width(m, l->n);
	const int64_t rows = r->n_points / l->n / l->inner;
	double w[(WIDTH + 1) * WIDTH];

	for (int64_t j = 0; j < l->n; j++) {
		const int64_t first = first_neighbour(j, l->n, width);

		stencil_weights(r->grid.x[a][j], width, r->grid.x[a] + first, m, w);
		for (int64_t i = 0; i < rows; i++)
			for (int64_t k = 0; k < l->inner; k++) {
				double sum = 0;

				for (int p = 0; p < width; p++)
					sum += w[m * width + p] * in[(i * l->n + first + p) * l->inner + k];
				out[(i * l->n + j) * l->inner + k] = sum;
			}
	}
}

static int derive(struct equation_residual *r, int a, int m, const double *in, double *out, struct err *e)
{
	if (r->grid.periodic[a])
		derive_periodic(r, a, m, in, out);
	else if (m + 1 > r->line[a].n || m > 8)
		return err_set(e, ERR_USAGE, "derivative %d along %s: too few points", m, r->spec->pool->axis[a]);
	else
		derive_differences(r, a, m, in, out);
	return 0;
}

/* Operators that are a factor for every mode of a box that is periodic in all directions. */
static int by_modes(struct equation_residual *r, const struct expr_node *n, const double *in, double *out,
		    struct err *e)
{
	const double power = n->op == EX_FRACLAP ? expr_constant(r->spec->pool, n->arg[1], r->param) : 0;

	if (!r->torus)
		return err_set(e, ERR_USAGE, "%s needs periodic axes", expr_classes[n->op].name);
	spectral_forward(&r->s, in, r->modes);
	for (int64_t m = 0; m < r->s.n_modes; m++) {
		int64_t wave[3];
		double k[3], square = 0, re = 0, im = 0;

		spectral_wave(&r->s, m, wave);
		for (int a = 0; a < r->spec->n_dims; a++) {
			k[a] = 2 * M_PI * (double)wave[a] / r->grid.length[a];
			square += k[a] * k[a];
		}
		if (n->op == EX_INVLAP)
			re = square > 0 ? -1 / square : 0;
		else if (n->op == EX_FRACLAP)
			re = square > 0 ? pow(square, 0.5 * power) : power == 0;
		else if (n->op == EX_HILBERT)
			im = k[0] > 0 ? -1 : k[0] < 0 ? 1 : 0;
		else
			im = square > 0 ? -k[n->index] / sqrt(square) : 0;
		const double a = r->modes[2 * m], b = r->modes[2 * m + 1];

		r->modes[2 * m] = a * re - b * im;
		r->modes[2 * m + 1] = a * im + b * re;
	}
	spectral_inverse(&r->s, r->modes, out);
	return 0;
}

/* ---- one frame ----------------------------------------------------------------------------------- */

static double *new_slot(struct equation_residual *r, expr a, struct err *e)
{
	if (r->n_slots == r->capacity) {
		MEM_GROW(r->slot, r->n_slots, r->capacity);
		for (int k = r->n_slots; k < r->capacity; k++)
			r->slot[k] = NULL;
	}
	if (!r->slot[r->n_slots] && !(r->slot[r->n_slots] = mem_new(r->n_points, sizeof(double), "a frame", e)))
		return NULL;
	r->slot_of[a] = r->n_slots;
	return r->slot[r->n_slots++];
}

static const double *unknown_frame(const struct equation_residual *r, int k)
{
	return (r->field[k] ? r->field[k] : r->velocity[k]) + r->frame * r->n_points;
}

static const double *value_of(struct equation_residual *r, expr a, struct err *e);

static int apply(struct equation_residual *r, const struct expr_node *n, const double *const *in, double *out,
		 struct err *e)
{
	double sum = 0, *part;
	int status = 0;

	switch (n->op) {
	case EX_LAP:
		if (!(part = mem_new(r->n_points, sizeof *part, "a frame", e)))
			return -1;
		memset(out, 0, (size_t)r->n_points * sizeof *out);
		for (int d = 0; d < r->spec->n_dims && status == 0; d++) {
			status = derive(r, d, 2, in[0], part, e);
			for (int64_t i = 0; i < r->n_points && status == 0; i++)
				out[i] += part[i];
		}
		free(part);
		return status;
	case EX_INVLAP:
	case EX_FRACLAP:
	case EX_HILBERT:
	case EX_RIESZ:
		return by_modes(r, n, in[0], out, e);
	case EX_INTEGRAL:
	case EX_MEAN:
		for (int64_t i = 0; i < r->n_points; i++)
			sum += r->mean_weight[i] * in[0][i];
		for (int d = 0; d < r->spec->n_dims && n->op == EX_INTEGRAL; d++)
			sum *= r->grid.periodic[d] ? r->grid.length[d]
						   : r->grid.x[d][r->line[d].n - 1] - r->grid.x[d][0];
		for (int64_t i = 0; i < r->n_points; i++)
			out[i] = sum;
		return 0;
	default:
		for (int64_t i = 0; i < r->n_points; i++)
			out[i] = expr_op_value(n->op, in[0][i], in[1] ? in[1][i] : 0, in[2] ? in[2][i] : 0);
		return 0;
	}
}

static const double *value_of(struct equation_residual *r, expr a, struct err *e);

static const double *operate(struct equation_residual *r, expr a, struct err *e)
{
	const struct exprs *p = r->spec->pool;
	const struct expr_node n = *expr_at(p, a);
	const double *in[3] = { NULL };
	double *out;
	expr inner = n.arg[0];
	int m = 1;

	/* a chain of derivatives along one axis is one derivative */
	for (; n.op == EX_D && expr_at(p, inner)->op == EX_D && expr_at(p, inner)->index == n.index; m++)
		inner = expr_at(p, inner)->arg[0];
	if (!(in[0] = value_of(r, inner, e)))
		return NULL;
	for (int i = 1; i < n.n_args && i < 3 && n.op != EX_FRACLAP; i++)
		if (!(in[i] = value_of(r, n.arg[i], e)))
			return NULL;
	if (!(out = new_slot(r, a, e)) ||
	    (n.op == EX_D ? derive(r, n.index, m, in[0], out, e) : apply(r, &n, in, out, e)) != 0)
		return NULL;
	return out;
}

/* Values of a node at the points of the frame in hand; computed once. */
static const double *value_of(struct equation_residual *r, expr a, struct err *e)
{
	const struct exprs *p = r->spec->pool;
	const struct expr_node n = *expr_at(p, a);
	const bool place = n.op == EX_COORD && n.index != EXPR_TIME;
	double *out, constant;

	for (int k = 0; k < r->spec->n_unknowns; k++)
		if (r->spec->unknown[k].node == a)
			return unknown_frame(r, k);
	if (n.op == EX_COEF)
		return r->coef[n.index];
	if (r->slot_of[a] >= 0)
		return r->slot[r->slot_of[a]];
	if (n.op == EX_FIELD || n.op == EX_NOISE || expr_op_is_random(n.op) || n.op == EX_VECTOR) {
		err_set(e, ERR_FAIL, "%s has no value in stored data",
			n.op == EX_FIELD ? exprs_name(p, SYMBOL_FIELD, n.index) : expr_classes[n.op].name);
		return NULL;
	}
	if (!expr_is_constant(p, a) && n.op != EX_COORD)
		return operate(r, a, e);
	if (!(out = new_slot(r, a, e)))
		return NULL;
	constant = n.op == EX_COORD ? r->grid.time[r->frame] : expr_constant(p, a, r->param);
	for (int64_t i = 0; i < r->n_points; i++)
		out[i] = place ? r->grid.x[n.index][i / r->line[n.index].inner % r->line[n.index].n] : constant;
	return out;
}

/* The terms of a sum. */
static int split(const struct exprs *p, expr a, expr *term, int n)
{
	const struct expr_node *at = expr_at(p, a);

	if (at->op == EX_ADD || at->op == EX_SUB)
		return split(p, at->arg[1], term, split(p, at->arg[0], term, n));
	if (at->op == EX_NEG)
		return split(p, at->arg[0], term, n);
	if (n < TERMS && !expr_is_number(p, a, 0))
		term[n++] = a;
	return n;
}

static double sum_squares(const struct equation_residual *r, const double *v)
{
	double sum = 0;

	for (int64_t i = 0; i < r->n_points; i++)
		sum += r->inside[i] ? v[i] * v[i] : 0;
	return sum;
}

/* d field / dt at frame i from its neighbours in time: `order` of the stencil, as far as there are frames. */
static void time_derivative(const struct equation_residual *r, const double *field, int64_t i, int order, double *out)
{
	const int64_t n = r->grid.n_times;
	const int width = order + 1 < n ? order + 1 : (int)n;
	const int64_t first = first_neighbour(i, n, width);
	double w[2 * WIDTH];

	stencil_weights(r->grid.time[i], width, r->grid.time + first, 1, w);
	memset(out, 0, (size_t)r->n_points * sizeof *out);
	for (int p = 0; p < width; p++)
		for (int64_t k = 0; k < r->n_points; k++)
			out[k] += w[width + p] * field[(first + p) * r->n_points + k];
}

static int one_frame(struct equation_residual *r, double *rate, double *low, struct equation_defect *defect,
		     struct err *e)
{
	const struct equation_spec *s = r->spec;
	expr term[TERMS];

	r->n_slots = 0;
	for (int a = 0; a < r->n_nodes; a++)
		r->slot_of[a] = -1;
	for (int k = 0; k < s->n_unknowns; k++) {
		struct equation_defect *d = &defect[k * r->grid.n_times + r->frame];
		const double *right = value_of(r, s->unknown[k].rate, e);
		const int n = split(s->pool, s->unknown[k].rate, term, 0);

		*d = (struct equation_defect){ 0 };
		if (!right)
			return -1;
		memset(rate, 0, (size_t)r->n_points * sizeof *rate);
		if (!s->stationary) {
			const double *field = r->field[k] ? r->field[k] : r->velocity[k];

			time_derivative(r, field, r->frame, ORDER, rate);
			time_derivative(r, field, r->frame, r->grid.n_times > ORDER ? ORDER - 2 : 1, low);
			d->terms = sum_squares(r, rate);
			for (int64_t i = 0; i < r->n_points; i++)
				low[i] -= rate[i];
			d->blur = sum_squares(r, low);
		}
		for (int64_t i = 0; i < r->n_points; i++)
			rate[i] -= right[i];
		d->residual = sum_squares(r, rate);
		for (int i = 0; i < n; i++) {
			const double *v = value_of(r, term[i], e);

			if (!v)
				return -1;
			d->terms += sum_squares(r, v);
		}
	}
	return 0;
}

/* u_t from u where it is not stored: its unknown is the whole rate of another. */
static int find_velocities(struct equation_residual *r, struct err *e)
{
	const struct equation_spec *s = r->spec;

	for (int k = 0; k < s->n_unknowns; k++) {
		const int of = equation_velocity_of(s, k);

		if (r->field[k])
			continue;
		if (of < 0 || !r->field[of])
			return err_set(e, ERR_USAGE, "no field '%s'", s->unknown[k].name);
		if (!r->velocity[k] &&
		    !(r->velocity[k] = mem_new(r->n_points * r->grid.n_times, sizeof(double), s->unknown[k].name, e)))
			return -1;
		for (int64_t i = 0; i < r->grid.n_times; i++)
			time_derivative(r, r->field[of], i, ORDER, r->velocity[k] + i * r->n_points);
	}
	return 0;
}

int equation_residual_run(struct equation_residual *r, const double *const *field, const double *const *coef,
			  const double *param, struct equation_defect *defect, struct err *e)
{
	double *rate, *low;
	int status;

	r->field = field;
	r->coef = coef;
	r->param = param;
	if (find_velocities(r, e) != 0)
		return -1;
	if (r->n_nodes < r->spec->pool->n_nodes) {
		r->n_nodes = r->spec->pool->n_nodes;
		r->slot_of = xrealloc(r->slot_of, (size_t)r->n_nodes * sizeof *r->slot_of);
	}
	rate = mem_new(2 * r->n_points, sizeof *rate, "a frame", e);
	low = rate ? rate + r->n_points : NULL;
	status = rate ? 0 : -1;
	for (r->frame = 0; r->frame < r->grid.n_times && status == 0; r->frame++)
		status = one_frame(r, rate, low, defect, e);
	free(rate);
	for (int k = 0; k < r->spec->n_unknowns; k++)
		if (!field[k])
			memset(defect + equation_velocity_of(r->spec, k) * r->grid.n_times, 0,
			       (size_t)r->grid.n_times * sizeof *defect);
	return status;
}
