/* test_program.c: compiled evaluation against the tree evaluated point by point, and graph nodes against both. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "equation/program.h"
#include "op/evaluate.h"
#include "nn/expression.h"

enum { N = 600 }; /* more than two blocks */

static const char *const texts[] = {
	"u",
	"u + v",
	"3",
	"nu",
	"nu*u_x - u*u_x",
	"u*u_x + (u*u_x)^2 - u*u_x/v",
	"((u + v)*(u - v))*((u*v) + (u/v)) - ((u + 1)*(v + 2))*((u + 3)*(v + 4))",
	"sin(u)*cos(v) + exp(-u^2)",
	"tanh(u) + sqrt(v) + abs(u) - log(v)",
	"u^3 + u^4 - u^-2 + v^1.5 + v^u + 2^u",
	"where(u < 0 and v > 1, u, where(not u >= 0.5 or v <= 1.2, v, nu))",
	"min(u, v) + max(u, 0) + step(u) + sign(u) + min(nu, u)",
	"tan(u) + sinh(u) - cosh(v)*sech(u) + erf(u)",
	"atan(u) - asin(0.9*sin(u)) + acos(0.9*cos(v))",
	"nu^2*pi + nu/3 + u*0",
	"-(u - -v)",
	"u_x + u_x^2 - (nu + 1)*(nu + 2)",
	"1/u + nu/v - u/nu + 2 - u",
	"u/2 - v/3 + u_x/0.125 + u/-4",
};

static struct exprs *names(void)
{
	struct exprs *p = exprs_new("x");
	struct err e = { 0 };

	exprs_declare(p, SYMBOL_FIELD, "u", 1, EXPR_NONE, &e);
	exprs_declare(p, SYMBOL_FIELD, "v", 1, EXPR_NONE, &e);
	exprs_declare(p, SYMBOL_PARAM, "nu", 1, EXPR_NONE, &e);
	return p;
}

static expr read(struct exprs *p, const char *text)
{
	struct err e = { 0 };
	expr a = expr_parse(p, text, "text", ALLOW_FIELDS, &e);

	ck_assert_msg(a != EXPR_NONE, "%s", e.message);
	return a;
}

struct data {
	double u[N], v[N], u_x[N];
};

static void fill(struct data *d)
{
	rng_uniform(rng_stream(1, "u", 0, 0), 0, N, d->u);
	rng_uniform(rng_stream(1, "v", 0, 0), 0, N, d->v);
	rng_normal(rng_stream(1, "u_x", 0, 0), 0, N, d->u_x);
	for (int i = 0; i < N; i++) {
		d->u[i] = 2.4 * d->u[i] - 1.2;
		d->v[i] = 0.5 + d->v[i];
	}
}

/* The expression with numbers in the place of the inputs. */
static double at_point(struct exprs *p, expr a, const struct data *d, int i, double nu)
{
	a = expr_replace(p, a, read(p, "u_x"), expr_number(p, d->u_x[i]));
	a = expr_replace(p, a, read(p, "u"), expr_number(p, d->u[i]));
	a = expr_replace(p, a, read(p, "v"), expr_number(p, d->v[i]));
	return expr_constant(p, a, &nu);
}

START_TEST(programs_agree_with_trees)
{
	struct exprs *p = names();
	struct data *d = xmalloc(sizeof *d);
	const expr a = read(p, texts[_i]), both[2] = { a, read(p, "u*u_x") };
	const struct program_input input[3] = { { read(p, "u"), false },
						{ read(p, "v"), false },
						{ read(p, "u_x"), false } };
	const double nu = 0.3;
	double *out[2] = { xmalloc(N * sizeof(double)), xmalloc(N * sizeof(double)) };
	struct program *g;
	struct err e = { 0 };

	fill(d);
	ck_assert_msg(program_new(&g, p, 2, both, 3, input, &e) == 0, "%s", e.message);
	program_run(g, N, (const double *[]){ d->u, d->v, d->u_x }, &nu, out);
	for (int i = 0; i < N; i += 7) {
		double want = at_point(p, a, d, i, nu);

		ck_assert_msg(fabs(out[0][i] - want) <= 1e-13 * (1 + fabs(want)), "%s at %d: %.17g, not %.17g",
			      texts[_i], i, out[0][i], want);
		ck_assert_double_eq_tol(out[1][i], d->u[i] * d->u_x[i], 1e-15);
	}
	program_free(g);
	free(out[0]);
	free(out[1]);
	free(d);
	exprs_free(p);
}
END_TEST

START_TEST(uniform_inputs)
{
	struct exprs *p = names();
	struct data *d = xmalloc(sizeof *d);
	const expr a = read(p, "u*integral(u^2) + integral(u^2)^2");
	const struct program_input input[2] = { { read(p, "u"), false }, { read(p, "integral(u^2)"), true } };
	const double energy = 1.7;
	double *out = xmalloc(N * sizeof *out);
	struct program *g;
	struct err e = { 0 };

	fill(d);
	ck_assert_msg(program_new(&g, p, 1, &a, 2, input, &e) == 0, "%s", e.message);
	program_run(g, N, (const double *[]){ d->u, &energy }, NULL, &out);
	for (int i = 0; i < N; i++)
		ck_assert_double_eq_tol(out[i], d->u[i] * energy + energy * energy, 1e-14);
	program_free(g);
	ck_assert_int_ne(program_new(&g, p, 1, &a, 1, input, &e), 0);
	ck_assert_str_eq(e.message, "'integral(u^2)' has no value here");
	free(out);
	free(d);
	exprs_free(p);
}
END_TEST

struct leaves {
	struct exprs *p;
	struct graph *g;
	node u, v, u_x, u_xx, nu;
};

static node leaf(void *context, expr a)
{
	const struct leaves *l = context;

	return a == read(l->p, "u")	 ? l->u
	       : a == read(l->p, "v")	 ? l->v
	       : a == read(l->p, "u_x")	 ? l->u_x
	       : a == read(l->p, "u_xx") ? l->u_xx
	       : a == read(l->p, "nu")	 ? l->nu
					 : NODE_NONE;
}

static struct tensor column(const double *from)
{
	struct shape s = { 1, { N } };
	struct tensor t = tensor_new(DTYPE_F64, &s);

	memcpy(t.data, from, N * sizeof *from);
	return t;
}

static struct feed open(struct leaves *l, const struct data *d)
{
	struct feed f = feed_new(DTYPE_F64);

	*l = (struct leaves){ .p = names(), .g = f.g };
	l->u = feed_value(&f, "u", column(d->u));
	l->v = feed_value(&f, "v", column(d->v));
	l->u_x = feed_value(&f, "u_x", column(d->u_x));
	l->u_xx = feed_value(&f, "u_xx", column(d->v));
	l->nu = graph_scalar(f.g, 0.3);
	return f;
}

START_TEST(graphs_agree_with_trees)
{
	struct data *d = xmalloc(sizeof *d);
	struct leaves l;
	struct feed f;
	expr a;

	fill(d);
	f = open(&l, d);
	a = read(l.p, texts[_i]);
	/* broadcast over the points, for texts that are constants */
	node out = op_add(f.g, nn_expression(f.g, l.p, a, leaf, &l), op_zeros_like(f.g, l.u));
	struct tensor t = feed_run(&f, out);
	for (int i = 0; i < N; i += 7) {
		double want = at_point(l.p, a, d, i, 0.3), got = ((const double *)t.data)[i];

		/* a power of a negative base is not a number in both */
		ck_assert_msg(fabs(got - want) <= 1e-12 * (1 + fabs(want)), "%s at %d: %.17g, not %.17g", texts[_i], i,
			      got, want);
	}
	tensor_free(&t);
	feed_free(&f);
	exprs_free(l.p);
	free(d);
}
END_TEST

START_TEST(graphs_write_operators_out)
{
	struct data *d = xmalloc(sizeof *d);
	struct leaves l;
	struct feed f;

	fill(d);
	f = open(&l, d);
	/* (u^2/2)_x = u u_x; lap(u^2) = 2 u_x^2 + 2 u u_xx */
	node a = nn_expression(f.g, l.p, read(l.p, "(u^2/2)_x"), leaf, &l);
	node b = nn_expression(f.g, l.p, read(l.p, "lap(u^2)"), leaf, &l);
	struct tensor x = feed_run(&f, a), y = feed_run(&f, b);
	for (int i = 0; i < N; i++) {
		ck_assert_double_eq_tol(((const double *)x.data)[i], d->u[i] * d->u_x[i], 1e-14);
		ck_assert_double_eq_tol(((const double *)y.data)[i], 2 * d->u_x[i] * d->u_x[i] + 2 * d->u[i] * d->v[i],
					1e-13);
	}
	tensor_free(&x);
	tensor_free(&y);
	ck_assert(!node_is(nn_expression(f.g, l.p, read(l.p, "u + u_xxx"), leaf, &l)));
	ck_assert_ptr_nonnull(graph_error(f.g));
	ck_assert_msg(strstr(graph_error(f.g)->message, "'u_xxx' has no value here"), "%s", graph_error(f.g)->message);
	feed_free(&f);
	exprs_free(l.p);
	free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("equation programs");
	TCase *t = tcase_create("programs");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, programs_agree_with_trees, 0, sizeof texts / sizeof *texts);
	tcase_add_test(t, uniform_inputs);
	tcase_add_loop_test(t, graphs_agree_with_trees, 0, sizeof texts / sizeof *texts);
	tcase_add_test(t, graphs_write_operators_out);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
