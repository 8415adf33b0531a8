/* darcy.c: steady flow through a random medium, -div(a grad u) = f on the unit square, u = 0 on its sides. Five-point
 * scheme on n^2 nodes, sides included, with the arithmetic mean of two nodes as coefficient of the face between them;
 * sparse Cholesky, whose ordering serves all samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/field.h"
#include "num/sparse.h"
#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/spectral.h"

enum { COEFFICIENT_PIECEWISE, COEFFICIENT_LOGNORMAL };
static const char *const coefficients[] = { "piecewise", "lognormal", NULL };

struct darcy {
	double a_low, a_high, f, gamma, tau, sigma;
	int64_t grid, solve_grid;
	int coefficient;
};

/* The linear system of one grid: its pattern, and the factor of the last coefficient. */
struct grid {
	int64_t n, *start, *column; /* n nodes an axis; rows of the lower triangle over (n-2)^2 unknowns */
	double *value, *x;
	struct sparse_factor *factor;
};

struct work {
	struct field_sampler *law;
	struct grid fine, coarse;
	double *a, *u; /* on the solver's grid */
};

static int check(const void *config, struct err *e)
{
	const struct darcy *c = config;

	if ((c->solve_grid - 1) % (c->grid - 1) != 0)
		return err_set(
			e, ERR_USAGE,
			"grid: %lld nodes are not a subset of solve_grid's %lld (intervals must divide: %lld, %lld)",
			(long long)c->grid, (long long)c->solve_grid, (long long)c->grid - 1,
			(long long)c->solve_grid - 1);
	return 0;
}

static void layout(const void *config, struct layout *l)
{
	const struct darcy *c = config;
	int axis[2];

	axis[0] = problem_closed_axis(l, "x", c->grid, 1);
	axis[1] = problem_closed_axis(l, "y", c->grid, 1);
	layout_add_field(l, "a", DTYPE_F32, ROLE_INPUT, 2, axis);
	layout_add_field(l, "u", DTYPE_F32, ROLE_TARGET, 2, axis);
	layout_add_param(l, "f", c->f);
}

static void grid_clear(struct grid *g)
{
	free(g->start);
	free(g->column);
	free(g->value);
	free(g->x);
	sparse_factor_free(g->factor);
	*g = (struct grid){ 0 };
}

static int grid_init(struct grid *g, int64_t n, struct err *e)
{
	const int64_t m = n - 2;

	g->n = n;
	g->start = mem_new(m * m + 1, sizeof *g->start, "solve_grid", e);
	g->column = g->start ? mem_new(3 * m * m, sizeof *g->column, "solve_grid", e) : NULL;
	g->value = g->column ? mem_new(3 * m * m, sizeof *g->value, "solve_grid", e) : NULL;
	g->x = g->value ? mem_new(m * m, sizeof *g->x, "solve_grid", e) : NULL;
	return g->x ? 0 : -1;
}

/* u with u = 0 on the sides; a at the nodes. */
static int grid_solve(struct grid *g, const double *a, double f, double *u, struct err *e)
{
	const int64_t n = g->n, m = n - 2;
	const double h = 1 / (double)(n - 1);
	int64_t at = 0;

	for (int64_t i = 1; i <= m; i++)
		for (int64_t j = 1; j <= m; j++) {
			const double *c = a + i * n + j;
			const double west = 0.5 * (c[0] + c[-n]), east = 0.5 * (c[0] + c[n]);
			const double south = 0.5 * (c[0] + c[-1]), north = 0.5 * (c[0] + c[1]);
			const int64_t row = (i - 1) * m + j - 1;

			g->start[row] = at;
			if (i > 1) {
				g->column[at] = row - m;
				g->value[at++] = -west;
			}
			if (j > 1) {
				g->column[at] = row - 1;
				g->value[at++] = -south;
			}
			g->column[at] = row;
			g->value[at++] = west + east + south + north;
			g->x[row] = f * h * h;
		}
	g->start[m * m] = at;
	if (!g->factor)
		g->factor = sparse_factor_new(m * m, g->start, g->column, g->value, e);
	else if (sparse_factor_again(g->factor, g->value, e) != 0)
		return -1;
	if (!g->factor || sparse_solve(g->factor, 1, g->x, g->x, e) != 0)
		return -1;
	memset(u, 0, (size_t)(n * n) * sizeof *u);
	for (int64_t i = 1; i <= m; i++)
		memcpy(u + i * n + 1, g->x + (i - 1) * m, (size_t)m * sizeof *u);
	return 0;
}

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	field_sampler_free(w->law);
	grid_clear(&w->fine);
	grid_clear(&w->coarse);
	free(w->a);
	free(w->u);
	free(w);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct darcy *c = config;
	const struct field_law law = { .n_dims = 2,
				       .size = { c->solve_grid, c->solve_grid },
				       .boundary = FIELD_NEUMANN,
				       .gamma = c->gamma,
				       .tau = c->tau,
				       .sigma = c->sigma };
	struct work *w = xcalloc(1, sizeof *w);

	if (field_sampler_new(&w->law, &law, e) != 0 || grid_init(&w->fine, c->solve_grid, e) != 0 ||
	    (w->a = mem_new(c->solve_grid * c->solve_grid, sizeof *w->a, "solve_grid", e)) == NULL ||
	    (w->u = mem_new(c->solve_grid * c->solve_grid, sizeof *w->u, "solve_grid", e)) == NULL) {
		release(w);
		return -1;
	}
	*work = w;
	return 0;
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	const struct darcy *c = config;
	struct work *w = work;
	const int64_t n = c->solve_grid * c->solve_grid, stride = (c->solve_grid - 1) / (c->grid - 1);
	const int64_t size[2] = { c->solve_grid, c->solve_grid };

	(void)number;
	field_draw(w->law, rng_stream(seed, "darcy", 0, (uint64_t)sample), w->a);
	for (int64_t i = 0; i < n; i++) {
		if (c->coefficient == COEFFICIENT_PIECEWISE)
			w->a[i] = w->a[i] >= 0 ? c->a_high : c->a_low;
		else
			w->a[i] = exp(w->a[i]);
	}
	if (grid_solve(&w->fine, w->a, c->f, w->u, e) != 0)
		return problem_sample_error(e, sample);
	spectral_subsample(2, size, stride, w->a, field[0]);
	spectral_subsample(2, size, stride, w->u, field[1]);
	return 0;
}

/* Solves on the grid of the coefficient that is given: between its nodes nothing is known. */
static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct darcy *c = config;
	struct work *w = work;
	struct grid *g = c->grid == c->solve_grid ? &w->fine : &w->coarse;

	(void)number;
	if (!g->n && grid_init(g, c->grid, e) != 0)
		return -1;
	for (int64_t i = 0; i < c->grid * c->grid; i++) {
		field[0][i] = in[0][i];
		if (!(in[0][i] > 0)) {
			err_set(e, ERR_USAGE, "a is %g at node (%lld, %lld), it must be positive", in[0][i],
				(long long)(i / c->grid), (long long)(i % c->grid));
			return problem_sample_error(e, sample);
		}
	}
	if (grid_solve(g, field[0], c->f, field[1], e) != 0)
		return problem_sample_error(e, sample);
	return 0;
}

static const struct key keys[] = {
	KEY_INT(struct darcy, grid, "85", 3, 1e5, "nodes an axis that are kept, sides included"),
	KEY_INT(struct darcy, solve_grid, "85", 3, 1e5,
		"nodes an axis of the solver; (solve_grid - 1) / (grid - 1) is whole"),
	KEY_ONE_OF(struct darcy, coefficient, "piecewise", coefficients,
		   "a_high where the random field g is positive, else a_low; or exp(g)"),
	KEY_REAL(struct darcy, a_low, "3", 1e-12, 1e12, "coefficient where g < 0"),
	KEY_REAL(struct darcy, a_high, "12", 1e-12, 1e12, "coefficient where g >= 0"),
	KEY_REAL(struct darcy, f, "1", -1e12, 1e12, "source, constant"),
	KEY_REAL(struct darcy, gamma, "2", 0, 100,
		 "g ~ N(0, sigma^2 (-Laplace + tau^2)^-gamma) with Neumann sides: gamma"),
	KEY_REAL(struct darcy, tau, "3", 0, 1e6, "its tau"),
	KEY_REAL(struct darcy, sigma, "3", 0, 1e9, "its sigma (matters for exp(g) only)"),
	KEY_END,
};

static const struct problem_class darcy = {
	.name = "darcy",
	.summary = "steady flow through a two-phase random medium",
	.equation = "div(a*grad(u)) = -f",
	.source = "Li et al., Fourier Neural Operator (2021), section 5.2",
	.notes = "five-point finite differences, arithmetic face means, sparse Cholesky; order 2 for smooth a, 1 "
		 "across jumps. "
		 "Marching solves on the grid of the given a",
	.config_size = sizeof(struct darcy),
	.keys = keys,
	.check = check,
	.layout = layout,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.march = march,
	.march_input = problem_march_a,
	.test_config = "grid: 13\nsolve_grid: 13\n",
};

const struct problem_class *const problem_file_darcy[] = { &darcy, NULL };
