/* equation_draw.c: random parameters and fields of formulas. */
#include "problem/equation_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "equation/program.h"
#include "num/field.h"

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

/* sum of A_i sin(2 pi k_i.(x - low)/length + phase_i): whole k_i uniform in 1..kmax (in more dimensions each part in
 * -kmax..kmax, not all 0), A_i uniform in [0, amplitude] times |k_i|^-decay, phases uniform. */
static int draw_sines(const struct equation_spec *s, const double *v, const int64_t *size, struct rng r, double *out,
		      struct err *e)
{
	int64_t n = 1;
	uint64_t at = 0;

	if (!(v[0] >= 1 && v[0] <= SINES_MAX && v[1] >= 1 && v[1] <= 1e6))
		return err_set(e, ERR_USAGE, "sines(%g, %g): count from 1 to %d, kmax at least 1", v[0], v[1],
			       SINES_MAX);
	for (int a = 0; a < s->n_dims; a++)
		n *= size[a];
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
			double angle = phase;
			int64_t rest = j;

			for (int a = s->n_dims - 1; a >= 0; a--) {
				angle += 2 * M_PI * k[a] * (double)(rest % size[a]) / (double)(size[a] - s->closed[a]);
				rest /= size[a];
			}
			out[j] += amplitude * sin(angle);
		}
	}
	return 0;
}

static int draw_grf(const struct equation_spec *s, const double *v, const int64_t *size, struct rng r, double *out,
		    struct err *e)
{
	struct field_law law = { .n_dims = s->n_dims, .gamma = v[0], .tau = v[1], .sigma = v[2], .mean = v[3] };
	struct field_sampler *sampler;

	if (!(v[0] >= 0 && v[1] >= 0 && v[2] >= 0))
		return err_set(e, ERR_USAGE, "grf(%g, %g, %g): gamma, tau and sigma are not negative", v[0], v[1],
			       v[2]);
	law.mean_mode = v[1] > 0;
	if (s->sided) {
		law.boundary = FIELD_DIRICHLET;
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
		law.size[a] = size[a];
	if (field_sampler_new(&sampler, &law, e) != 0)
		return -1;
	field_draw(sampler, r, out);
	field_sampler_free(sampler);
	return 0;
}

struct sources { /* inputs of the formula's program */
	int n;
	struct program_input input[SOURCES];
	double *value[SOURCES]; /* owned */
	const double *at[SOURCES];
};

void equation_coordinate(const struct equation_spec *s, int axis, const int64_t *size, double *out)
{
	int64_t inner = 1, n = 1;

	for (int a = 0; a < s->n_dims; a++)
		n *= size[a];
	for (int a = axis + 1; a < s->n_dims; a++)
		inner *= size[a];
	for (int64_t i = 0; i < n; i++)
		out[i] = s->low[axis] +
			 s->length[axis] * ((double)(i / inner % size[axis]) / (double)(size[axis] - s->closed[axis]));
}

static int collect(const struct equation_spec *s, expr a, const int64_t *size, int64_t n_points,
		   const double *const *coef, const double *param, uint64_t seed, int64_t sample, struct sources *k,
		   struct err *e)
{
	const struct expr_node *n = expr_at(s->pool, a);
	const bool number = n->op == EX_UNIFORM || n->op == EX_LOGUNIFORM || n->op == EX_NORMAL ||
			    (n->op == EX_COORD && n->index == EXPR_TIME);
	double v[EXPR_ARGS];
	int status = 0;

	for (int i = 0; i < k->n; i++)
		if (k->input[i].node == a)
			return 0;
	if (!expr_op_is_random(n->op) && n->op != EX_COORD && n->op != EX_COEF) {
		for (int i = 0; i < n->n_args && status == 0; i++)
			status = collect(s, n->arg[i], size, n_points, coef, param, seed, sample, k, e);
		return status;
	}
	if (k->n == SOURCES)
		return err_set(e, ERR_USAGE, "a formula has more than %d random parts", SOURCES - 4);
	k->input[k->n] = (struct program_input){ a, number };
	if (n->op == EX_COEF) {
		k->at[k->n++] = coef[n->index];
		return 0;
	}
	double *out = mem_new(number ? 1 : n_points, sizeof *out, "initial data", e);
	if (!out)
		return -1;
	k->at[k->n] = k->value[k->n] = out;
	k->n++;
	arguments(s, n, param, v);
	if (n->op == EX_COORD && n->index == EXPR_TIME)
		*out = s->t0;
	else if (n->op == EX_COORD)
		equation_coordinate(s, n->index, size, out);
	else if (number)
		return draw_number(s, n, param, stream(n, seed, sample), out, e);
	else
		return (n->op == EX_GRF ? draw_grf : draw_sines)(s, v, size, stream(n, seed, sample), out, e);
	return 0;
}

int equation_draw_field(const struct equation_spec *s, expr formula, const int64_t *size, const double *const *coef,
			const double *param, uint64_t seed, int64_t sample, double *out, struct err *e)
{
	struct sources *k = xcalloc(1, sizeof *k);
	struct program *g = NULL;
	int64_t n = 1;
	int status;

	for (int a = 0; a < s->n_dims; a++)
		n *= size[a];
	status = collect(s, formula, size, n, coef, param, seed, sample, k, e);
	if (status == 0)
		status = program_new(&g, s->pool, 1, &formula, k->n, k->input, e);
	if (status == 0)
		program_run(g, n, k->at, param, &out);
	program_free(g);
	for (int i = 0; i < k->n; i++)
		free(k->value[i]);
	free(k);
	return status;
}
