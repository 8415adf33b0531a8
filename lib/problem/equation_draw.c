/* equation_draw.c: random parameters and fields of formulas. */
#include "problem/equation_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "equation/program.h"
#include "num/blas.h"
#include "num/collocation.h"
#include "num/field.h"
#include "problem/equation_given.h"

enum { SOURCES = 64, SINES_MAX = 1000 };

/* A law's arguments; they may use parameters. */
static void arguments(const struct equation_spec *s, const struct expr_node *n, const double *param, double *v)
{
	for (int i = 0; i < EXPR_ARGS; i++)
		v[i] = i < n->n_args ? expr_constant(s->pool, n->arg[i], param) : 0;
}

static int draw_number(const struct equation_spec *s, const struct expr_node *n, const double *param, struct rng r,
		       double *value, struct err *e)
{
	double v[EXPR_ARGS];

	arguments(s, n, param, v);
	switch (n->op) {
	case EX_UNIFORM:
		*value = v[0] + (v[1] - v[0]) * rng_uniform_at(r, 0);
		return v[0] <= v[1] ? 0
				    : err_set(e, ERR_USAGE, "uniform(%g, %g): the bounds are exchanged", v[0], v[1]);
	case EX_LOGUNIFORM:
		*value = v[0] * exp(log(v[1] / v[0]) * rng_uniform_at(r, 0));
		return v[0] > 0 && v[0] <= v[1]
			       ? 0
			       : err_set(e, ERR_USAGE, "loguniform(%g, %g): needs 0 < low <= high", v[0], v[1]);
	default:
		*value = v[0] + v[1] * rng_normal_at(r, 0);
		return v[1] >= 0 ? 0 : err_set(e, ERR_USAGE, "normal(%g, %g): std is negative", v[0], v[1]);
	}
}

static struct rng stream(const struct expr_node *n, uint64_t seed, int64_t sample)
{
	return rng_stream(seed, "equation", (uint64_t)n->index, (uint64_t)sample);
}

/* Value of a law of a number: its random parts drawn, the rest as written. */
static int draw_tree(const struct equation_spec *s, expr a, const double *param, uint64_t seed, int64_t sample,
		     double *value, struct err *e)
{
	const struct expr_node *n = expr_at(s->pool, a);
	double v[3] = { 0 };

	if (expr_op_is_random(n->op))
		return draw_number(s, n, param, stream(n, seed, sample), value, e);
	if (expr_is_constant(s->pool, a)) {
		*value = expr_constant(s->pool, a, param);
		return 0;
	}
	for (int i = 0; i < n->n_args && i < 3; i++)
		if (draw_tree(s, n->arg[i], param, seed, sample, &v[i], e) != 0)
			return -1;
	*value = expr_op_value(n->op, v[0], v[1], v[2]);
	return 0;
}

int equation_draw_params(const struct equation_spec *s, uint64_t seed, int64_t sample, double *param, struct err *e)
{
	for (int k = 0; k < s->n_params; k++) {
		const char *name = exprs_name(s->pool, SYMBOL_PARAM, k);

		if (draw_tree(s, s->param[k], param, seed, sample, &param[k], e) != 0)
			return err_in(e, "param.%s", name);
		if (!isfinite(param[k]))
			return err_set(e, ERR_FAIL, "param.%s is not finite", name);
	}
	return 0;
}

/* Positions of all points in 0..1 of an axis. */
double equation_place(const struct equation_spec *s, const struct equation_points *g, int axis, int64_t i)
{
	if (g->place && g->place[axis])
		return g->place[axis][i];
	return (double)i / (double)(g->size[axis] - s->closed[axis]);
}

static int64_t grid_points(const struct equation_spec *s, const struct equation_points *g)
{
	int64_t n = 1;

	for (int a = 0; a < s->n_dims; a++)
		n *= g->size[a];
	return n;
}

/* Place of point i, axis by axis. */
static void point(const struct equation_spec *s, const struct equation_points *g, int64_t i, double *x)
{
	for (int a = s->n_dims - 1; a >= 0; a--) {
		x[a] = equation_place(s, g, a, i % g->size[a]);
		i /= g->size[a];
	}
}

/* sum of A_i sin(2 pi k_i.(x - low)/length + phase_i): whole k_i uniform in 1..kmax (in more dimensions each part in
 * -kmax..kmax, not all 0), A_i uniform in [0, amplitude] times |k_i|^-decay, phases uniform. */
static int draw_sines(const struct equation_spec *s, const double *v, const struct equation_points *g, struct rng r,
		      double *out, struct err *e)
{
	const int64_t n = grid_points(s, g);
	uint64_t at = 0;

	if (!(v[0] >= 1 && v[0] <= SINES_MAX && v[1] >= 1 && v[1] <= 1e6))
		return err_set(e, ERR_USAGE, "sines(%g, %g): count from 1 to %d, kmax at least 1", v[0], v[1],
			       SINES_MAX);
	memset(out, 0, (size_t)n * sizeof *out);
	for (int i = 0; i < (int)v[0]; i++) {
		double k[3] = { 0 }, square = 0, amplitude, phase;

		while (square == 0)
			for (int a = 0; a < s->n_dims; a++) {
				double u = rng_uniform_at(r, at++);

				k[a] = s->n_dims == 1 ? 1 + floor(u * floor(v[1]))
						      : floor(u * (2 * floor(v[1]) + 1)) - floor(v[1]);
				square += k[a] * k[a];
			}
		amplitude = v[2] * rng_uniform_at(r, at++) * pow(square, -0.5 * v[3]);
		phase = 2 * M_PI * rng_uniform_at(r, at++);
		for (int64_t j = 0; j < n; j++) {
			double angle = phase, x[3];

			point(s, g, j, x);
			for (int a = s->n_dims - 1; a >= 0; a--)
				angle += 2 * M_PI * k[a] * x[a];
			out[j] += amplitude * sin(angle);
		}
	}
	return 0;
}

/* sum of A_i exp(-|x - c_i|^2 / (2 w_i^2)): centres uniform in the box, widths uniform in low..high of its shortest
 * side, A_i uniform in [0, amplitude]; around periodic axes the nearest image counts. */
static int draw_gaussians(const struct equation_spec *s, const double *v, const struct equation_points *g, struct rng r,
			  double *out, struct err *e)
{
	const int64_t n = grid_points(s, g);
	double shortest = INFINITY;
	uint64_t at = 0;

	if (!(v[0] >= 1 && v[0] <= SINES_MAX && v[1] > 0 && v[1] <= v[2]))
		return err_set(e, ERR_USAGE, "gaussians(%g, %g, %g): count from 1 to %d, 0 < low <= high", v[0], v[1],
			       v[2], SINES_MAX);
	for (int a = 0; a < s->n_dims; a++)
		shortest = fmin(shortest, s->length[a]);
	memset(out, 0, (size_t)n * sizeof *out);
	for (int i = 0; i < (int)v[0]; i++) {
		const double width = shortest * (v[1] + (v[2] - v[1]) * rng_uniform_at(r, at));
		const double amplitude = v[3] * rng_uniform_at(r, at + 1);

		for (int64_t j = 0; j < n; j++) {
			double x[3], square = 0;

			point(s, g, j, x);
			for (int a = 0; a < s->n_dims; a++) {
				double far = fabs(x[a] - rng_uniform_at(r, at + 2 + (uint64_t)a));

				far = s->length[a] * (s->closed[a] ? far : fmin(far, 1 - far));
				square += far * far;
			}
			out[j] += amplitude * exp(-square / (2 * width * width));
		}
		at += 2 + EXPR_DIMS;
	}
	return 0;
}

/* The series of a field on equidistant points, summed at other places along the axes that have any. */
static int move_points(const struct equation_spec *s, bool even, const struct equation_points *g, double *field,
		       struct err *e)
{
	const int64_t n = grid_points(s, g);
	int64_t inner = n;
	double *copy = mem_unset(n, sizeof *copy, "a drawn field", e);
	int status = copy ? 0 : -1;

	for (int a = 0; a < s->n_dims && status == 0; a++) {
		const int64_t size = g->size[a];

		inner /= size;
		if (!g->place || !g->place[a] || !s->closed[a])
			continue;
		double *matrix = mem_unset(size > INT32_MAX ? INT64_MAX : size * size, sizeof *matrix,
					   "points of a drawn field", e);
		status = matrix ? cosine_interpolation(even, size, size, g->place[a], matrix, e) : -1;
		memcpy(copy, field, (size_t)n * sizeof *copy);
		for (int64_t outer = 0; outer < n / inner / size && status == 0; outer++)
			num_gemm_d(false, false, size, inner, size, 1, matrix, size, copy + outer * size * inner, inner,
				   0, field + outer * size * inner, inner);
		free(matrix);
	}
	free(copy);
	return status;
}

static int draw_grf(const struct equation_spec *s, bool cosines, const double *v, const struct equation_points *g,
		    struct rng r, double *out, struct err *e)
{
	struct field_law law = { .n_dims = s->n_dims, .gamma = v[0], .tau = v[1], .sigma = v[2] };
	struct field_sampler *sampler;

	if (!(v[0] >= 0 && v[1] >= 0 && v[2] >= 0))
		return err_set(e, ERR_USAGE, "%s(%g, %g, %g): gamma, tau and sigma are not negative",
			       cosines ? "cosines" : "grf", v[0], v[1], v[2]);
	law.mean_mode = v[1] > 0;
	if (cosines && !s->sided)
		return err_set(e, ERR_USAGE, "cosines(...): periodic axes have no ends; grf is for them");
	if (s->sided) {
		law.boundary = cosines ? FIELD_NEUMANN : FIELD_DIRICHLET;
		for (int a = 0; a < s->n_dims; a++) {
			if (!s->closed[a])
				return err_set(e, ERR_USAGE, "grf needs all axes periodic or none");
			for (int j = 0; j < 2 * s->n_unknowns; j++) {
				const struct equation_side *side = &s->side[a][j % 2][j / 2];

				if (!side->given || !expr_is_number(s->pool, side->of_slope, 0) ||
				    !expr_is_number(s->pool, side->value, 0))
					law.boundary = FIELD_NEUMANN;
			}
		}
	}
	for (int a = 0; a < s->n_dims; a++)
		law.size[a] = g->size[a];
	if (field_sampler_new(&sampler, &law, e) != 0)
		return -1;
	field_draw(sampler, r, out);
	const int status = move_points(s, law.boundary == FIELD_NEUMANN, g, out, e);
	for (int64_t i = 0; i < grid_points(s, g); i++)
		out[i] += v[3];
	field_sampler_free(sampler);
	return status;
}

struct drawing { /* a formula at points: inputs of its program, and what they are drawn from */
	const struct equation_spec *s;
	const struct equation_points *g;
	const double *const *coef;
	const double *param;
	uint64_t seed;
	int64_t sample;
	int n;
	struct program_input input[SOURCES];
	double *value[SOURCES]; /* owned */
	const double *at[SOURCES];
};

void equation_coordinate(const struct equation_spec *s, int axis, const struct equation_points *g, double *out)
{
	const int64_t n = grid_points(s, g);

	for (int64_t i = 0; i < n; i++) {
		double x[3];

		point(s, g, i, x);
		out[i] = s->low[axis] + s->length[axis] * x[axis];
	}
}

/* Integral over the box in units of its volume, by the trapezoidal rule. */
static double mean(const struct equation_spec *s, const struct equation_points *g, const double *a)
{
	const int64_t n = grid_points(s, g);
	double sum = 0;

	for (int64_t i = 0; i < n; i++) {
		double weight = 1;
		int64_t rest = i;

		for (int axis = s->n_dims - 1; axis >= 0; axis--) {
			const int64_t k = rest % g->size[axis], last = g->size[axis] - 1;

			rest /= g->size[axis];
			weight *= s->closed[axis] ? (equation_place(s, g, axis, k < last ? k + 1 : last) -
						     equation_place(s, g, axis, k > 0 ? k - 1 : 0)) /
							    2
						  : 1. / (double)(last + 1);
		}
		sum += weight * a[i];
	}
	return sum;
}

/* mean and integral, of a formula that is drawn with the same streams. */
static int draw_mean(const struct drawing *k, const struct expr_node *n, double *out, struct err *e)
{
	double *inner = mem_new(grid_points(k->s, k->g), sizeof *inner, "initial data", e);

	if (!inner ||
	    equation_draw_field(k->s, n->arg[0], k->g, k->coef, k->param, k->seed, k->sample, inner, e) != 0) {
		free(inner);
		return -1;
	}
	*out = mean(k->s, k->g, inner);
	for (int a = 0; a < k->s->n_dims && n->op == EX_INTEGRAL; a++)
		*out *= k->s->length[a];
	free(inner);
	return 0;
}

/* Independent values at the points of the solver's grid. */
static int draw_white(const struct drawing *k, const double *v, struct rng r, double *out, struct err *e)
{
	const int64_t n = grid_points(k->s, k->g);

	if (!(v[0] >= 0))
		return err_set(e, ERR_USAGE, "white(%g, %g): std is negative", v[0], v[1]);
	rng_normal(r, 0, (size_t)n, out);
	for (int64_t i = 0; i < n; i++)
		out[i] = v[1] + v[0] * out[i];
	return 0;
}

static int draw_source(const struct drawing *k, const struct expr_node *n, double *out, struct err *e)
{
	const struct rng r = stream(n, k->seed, k->sample);
	double v[EXPR_ARGS];

	arguments(k->s, n, k->param, v);
	switch (n->op) {
	case EX_COORD:
		if (n->index == EXPR_TIME)
			*out = k->s->t0;
		else
			equation_coordinate(k->s, n->index, k->g, out);
		return 0;
	case EX_MEAN:
	case EX_INTEGRAL:
		return draw_mean(k, n, out, e);
	case EX_GRF:
	case EX_COSINES:
		return draw_grf(k->s, n->op == EX_COSINES, v, k->g, r, out, e);
	case EX_SINES:
		return draw_sines(k->s, v, k->g, r, out, e);
	case EX_GAUSSIANS:
		return draw_gaussians(k->s, v, k->g, r, out, e);
	case EX_WHITE:
		return draw_white(k, v, r, out, e);
	case EX_DATA:
		return equation_given_read(k->s->given[n->index], k->s, k->g, k->sample, out, e);
	default:
		return draw_number(k->s, n, k->param, r, out, e);
	}
}

static int collect(struct drawing *k, expr a, struct err *e)
{
	const struct expr_node *n = expr_at(k->s->pool, a);
	const bool field = n->op == EX_GRF || n->op == EX_SINES || n->op == EX_GAUSSIANS || n->op == EX_WHITE ||
			   n->op == EX_DATA || n->op == EX_COSINES || (n->op == EX_COORD && n->index != EXPR_TIME);
	const bool known = expr_op_is_random(n->op) || n->op == EX_COORD || n->op == EX_COEF || n->op == EX_MEAN ||
			   n->op == EX_INTEGRAL;
	int status = 0;

	for (int i = 0; i < k->n; i++)
		if (k->input[i].node == a)
			return 0;
	if (!known) {
		for (int i = 0; i < n->n_args && status == 0; i++)
			status = collect(k, n->arg[i], e);
		return status;
	}
	if (k->n == SOURCES)
		return err_set(e, ERR_USAGE, "a formula has more than %d random parts", SOURCES - 4);
	k->input[k->n] = (struct program_input){ a, !field && n->op != EX_COEF };
	if (n->op == EX_COEF) {
		k->at[k->n++] = k->coef[n->index];
		return 0;
	}
	double *out = mem_new(field ? grid_points(k->s, k->g) : 1, sizeof *out, "initial data", e);
	if (!out)
		return -1;
	k->at[k->n] = k->value[k->n] = out;
	k->n++;
	return draw_source(k, n, out, e);
}

int equation_draw_field(const struct equation_spec *s, expr formula, const struct equation_points *grid,
			const double *const *coef, const double *param, uint64_t seed, int64_t sample, double *out,
			struct err *e)
{
	struct drawing *k = xcalloc(1, sizeof *k);
	struct program *g = NULL;
	int status;

	k->s = s;
	k->g = grid;
	k->coef = coef;
	k->param = param;
	k->seed = seed;
	k->sample = sample;
	status = collect(k, formula, e);
	if (status == 0)
		status = program_new(&g, s->pool, 1, &formula, k->n, k->input, e);
	if (status == 0)
		program_run(g, grid_points(s, grid), k->at, param, &out);
	program_free(g);
	for (int i = 0; i < k->n; i++)
		free(k->value[i]);
	free(k);
	return status;
}
