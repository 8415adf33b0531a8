/* test_physics.c: residuals of texts for functions in a graph: derivatives of networks against Taylor arithmetic, exact
 * solutions put into residuals, gradients against differences, growth of memory, constraints that hold exactly,
 * refusals. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/plan.h"
#include "nn/nn.h"
#include "problem/equation_input.h"
#include "problem/equation_physics.h"
#include "problem/problem.h"

enum { POINTS = 7 };

/* A text and columns of points in its domain. */
struct scene {
	struct conf *conf;
	struct cfg *reader;
	struct equation_config *config;
	struct equation_spec *spec;
	struct graph *g;
	struct equation_fields f;
	struct tensor x[EXPR_TIME + 1];
};

static void read_text(struct scene *s, const char *keys)
{
	const struct problem_class *c = problem_find("equation");
	struct err e = { 0 };

	memset(s, 0, sizeof *s);
	s->conf = conf_new();
	ck_assert_msg(conf_load_text(s->conf, keys, "test", &e) == 0, "%s", e.message);
	s->reader = cfg_new(s->conf);
	s->config = calloc(1, c->config_size);
	cfg_section(s->reader, "problem", 1, &(struct key_table){ c->keys, s->config });
	ck_assert_msg(cfg_done(s->reader, &e) == 0, "%s", e.message);
	ck_assert_msg(equation_spec_new(&s->spec, s->config, &e) == 0, "%s", e.message);
}

static void open_scene(struct scene *s, const char *keys)
{
	const struct shape line = shape_of(POINTS, 1);

	read_text(s, keys);
	s->g = graph_new(DTYPE_F64);
	s->f = (struct equation_fields){ .g = s->g, .spec = s->spec };
	for (int a = 0; a <= EXPR_TIME; a++) {
		const bool time = a == EXPR_TIME;
		const double low = time ? s->spec->t0 : s->spec->low[a],
			     length = time ? s->spec->t1 - s->spec->t0 : s->spec->length[a];

		s->f.coordinate[a] = NODE_NONE;
		if (!time && a >= s->spec->n_dims)
			continue;
		s->f.coordinate[a] = graph_input(s->g, "x", DTYPE_F64, &line);
		s->x[a] = tensor_new(DTYPE_F64, &line);
		for (int64_t i = 0; i < POINTS; i++)
			tensor_set(&s->x[a], i, low + length * fmod(0.1 + 0.37 * (double)i + 0.21 * a, 1));
	}
	for (int k = 0; k < s->spec->n_params; k++)
		s->f.param[k] = graph_scalar(s->g, expr_constant(s->spec->pool, s->spec->param[k], NULL));
}

static void close_scene(struct scene *s)
{
	graph_free(s->g);
	equation_spec_free(s->spec);
	free(s->config);
	cfg_free(s->reader);
	conf_free(s->conf);
	for (int a = 0; a <= EXPR_TIME; a++)
		tensor_free(&s->x[a]);
}

/* Values of a node at the points; params: bound by nn (NULL: none). */
static void values(struct scene *s, node n, const struct nn *nn, double *out)
{
	const struct shape line = shape_of(POINTS, 1);
	struct err e = { 0 };

	n = op_broadcast(s->g, n, &line);
	struct plan *p = plan_new(s->g, 1, &n, &e);
	ck_assert_msg(p != NULL, "%s", e.message);
	for (int a = 0; a <= EXPR_TIME; a++)
		if (node_is(s->f.coordinate[a]))
			plan_bind(p, s->f.coordinate[a], s->x[a].data);
	for (int i = 0; nn && i < nn->n_nodes; i++)
		plan_bind(p, nn->node[i], nn->params->at[i].value.data);
	ck_assert_msg(plan_run(p, &e) == 0, "%s", e.message);
	const struct tensor t = plan_out(p, 0);
	for (int64_t i = 0; i < POINTS; i++)
		out[i] = tensor_get(&t, i);
	plan_free(p);
}

static expr parse(struct scene *s, const char *text)
{
	struct err e = { 0 };
	const expr a = expr_parse(s->spec->pool, text, "test", ALLOW_FIELDS, &e);

	ck_assert_msg(a != EXPR_NONE, "%s", e.message);
	return a;
}

/* ---- networks against Taylor arithmetic ---------------------------------------------------------- */

enum { ORDER = 4, WIDTH = 6, LAYERS = 4 };

/* Coefficients of tanh(z(h)) from those of z: y' = (1 - y^2) z'. */
static void tanh_series(const long double *z, long double *y)
{
	y[0] = tanhl(z[0]);
	for (int k = 1; k <= ORDER; k++) {
		y[k] = 0;
		for (int i = 1; i <= k; i++) { /* k y_k = sum_i i z_i w_{k-i}, w = 1 - y^2 */
			long double w = i == k ? 1 : 0;

			for (int j = 0; j <= k - i; j++)
				w -= y[j] * y[k - i - j];
			y[k] += i * z[i] * w / k;
		}
	}
}

static const struct tensor *array(const struct params *p, const char *format, int layer)
{
	char name[64];

	snprintf(name, sizeof name, format, layer);
	const int k = params_find(p, name);
	ck_assert_msg(k >= 0, "no %s", name);
	return &p->at[k].value;
}

/* Derivatives 0 .. ORDER along x of the network at (x, t). */
static void by_series(const struct params *p, double x, double t, double *out)
{
	long double h[WIDTH][ORDER + 1] = { { x, 1 }, { t } }, z[WIDTH][ORDER + 1];
	int n = 2;

	for (int layer = 0; layer <= LAYERS; layer++) {
		const bool last = layer == LAYERS;
		const struct tensor *w = array(p, last ? "mlp.out.weight" : "mlp.hidden%d.weight", layer),
				    *b = array(p, last ? "mlp.out.bias" : "mlp.hidden%d.bias", layer);
		const int m = last ? 1 : WIDTH;

		for (int j = 0; j < m; j++)
			for (int k = 0; k <= ORDER; k++) {
				z[j][k] = k == 0 ? (long double)tensor_get(b, j) : 0;
				for (int i = 0; i < n; i++)
					z[j][k] += (long double)tensor_get(w, i * m + j) * h[i][k];
			}
		for (int j = 0; j < m && !last; j++)
			tanh_series(z[j], h[j]);
		n = m;
	}
	for (long double k = 0, factorial = 1; k <= ORDER; k++, factorial *= k)
		out[(int)k] = (double)(z[0][(int)k] * factorial);
}

START_TEST(derivatives_are_taylor_coefficients)
{
	static const char *const text[ORDER + 1] = { "u", "u_x", "u_xx", "u_xxx", "u_xxxx" };
	struct params params = { 0 };
	struct scene s;
	struct nn nn;
	double got[ORDER + 1][POINTS], want[ORDER + 1];

	open_scene(&s, "problem: {equation: \"u_t = u_xxxx\", domain: {x: [-1, 1], t: [0, 1]}}");
	nn_begin(&nn, s.g, &params, true);
	s.f.value[0] =
		nn_mlp(&nn, "mlp", op_concat(s.g, 2, (node[]){ s.f.coordinate[0], s.f.coordinate[EXPR_TIME] }, 1),
		       WIDTH, LAYERS, 1, NN_TANH);
	params_init(&params, 11);
	for (int i = 0; i < params.n; i++) /* weights large enough for all orders to count */
		for (int64_t j = 0; j < shape_count(&params.at[i].value.shape); j++)
			tensor_set(&params.at[i].value, j, 2 * tensor_get(&params.at[i].value, j));
	for (int k = 0; k <= ORDER; k++)
		values(&s, equation_value(&s.f, parse(&s, text[k])), &nn, got[k]);
	for (int i = 0; i < POINTS; i++) {
		by_series(&params, tensor_get(&s.x[0], i), tensor_get(&s.x[EXPR_TIME], i), want);
		for (int k = 0; k <= ORDER; k++)
			ck_assert_msg(fabs(got[k][i] - want[k]) <= 1e-10 * (1 + fabs(want[k])),
				      "order %d: %.15g, not %.15g", k, got[k][i], want[k]);
	}
	nn_end(&nn);
	params_free(&params);
	close_scene(&s);
}
END_TEST

/* Gradient of the mean squared residual with respect to every weight, against central differences. */
START_TEST(gradients_are_differences)
{
	struct params params = { 0 };
	struct err e = { 0 };
	struct scene s;
	struct nn nn;

	open_scene(&s, "problem: {equation: \"u_t + u*u_x + 0.1*u_xxx = nu*u_xx\", param: {nu: 0.03},"
		       " domain: {x: [-1, 1], t: [0, 1]}}");
	nn_begin(&nn, s.g, &params, true);
	s.f.value[0] =
		nn_mlp(&nn, "mlp", op_concat(s.g, 2, (node[]){ s.f.coordinate[0], s.f.coordinate[EXPR_TIME] }, 1),
		       WIDTH, 3, 1, NN_TANH);
	params_init(&params, 5);
	node out[20] = { op_mean_all(s.g, op_square(s.g, equation_residual(&s.f, 0))) };
	ck_assert_int_lt(params.n, 19);
	ck_assert_int_eq(graph_gradient(s.g, out[0], params.n, nn.node, out + 1), 0);
	struct plan *p = plan_new(s.g, 1 + params.n, out, &e);
	ck_assert_msg(p != NULL, "%s", e.message);
	plan_bind(p, s.f.coordinate[0], s.x[0].data);
	plan_bind(p, s.f.coordinate[EXPR_TIME], s.x[EXPR_TIME].data);
	for (int i = 0; i < params.n; i++)
		plan_bind(p, nn.node[i], params.at[i].value.data);
	ck_assert_int_eq(plan_run(p, &e), 0);
	double largest = 0, *gradient[20];
	for (int i = 0; i < params.n; i++) {
		const struct tensor t = plan_out(p, 1 + i);

		gradient[i] = malloc((size_t)shape_count(&t.shape) * sizeof(double));
		for (int64_t j = 0; j < shape_count(&t.shape); j++) {
			gradient[i][j] = tensor_get(&t, j);
			largest = fmax(largest, fabs(gradient[i][j]));
		}
	}
	for (int i = 0; i < params.n; i++) {
		for (int64_t j = 0; j < shape_count(&params.at[i].value.shape); j++) {
			double loss[4], value = tensor_get(&params.at[i].value, j), h = 1e-3;

			for (int k = 0; k < 4; k++) {
				const double step[4] = { -2, -1, 1, 2 };

				tensor_set(&params.at[i].value, j, value + step[k] * h);
				plan_run(p, &e);
				const struct tensor t = plan_out(p, 0);
				loss[k] = tensor_get(&t, 0);
			}
			tensor_set(&params.at[i].value, j, value);
			const double slope = (loss[0] - 8 * loss[1] + 8 * loss[2] - loss[3]) / (12 * h);
			ck_assert_msg(fabs(slope - gradient[i][j]) <= 1e-6 * largest, "%s: %.12g, not %.12g",
				      params.at[i].name, gradient[i][j], slope);
		}
		free(gradient[i]);
	}
	plan_free(p);
	nn_end(&nn);
	params_free(&params);
	close_scene(&s);
}
END_TEST

/* Bytes that a step of loss and gradient needs for a residual that holds the derivative `text`. */
static double step_bytes(int depth, const char *text)
{
	const struct shape line = shape_of(256, 1);
	struct params params = { 0 };
	struct err e = { 0 };
	char keys[200];
	struct scene s;
	struct nn nn;

	snprintf(keys, sizeof keys, "problem: {equation: \"u_t = %s\", domain: {x: [-1, 1], t: [0, 1]}}", text);
	open_scene(&s, keys);
	s.f.coordinate[0] = graph_input(s.g, "x", DTYPE_F64, &line);
	s.f.coordinate[EXPR_TIME] = graph_input(s.g, "t", DTYPE_F64, &line);
	nn_begin(&nn, s.g, &params, true);
	s.f.value[0] =
		nn_mlp(&nn, "mlp", op_concat(s.g, 2, (node[]){ s.f.coordinate[0], s.f.coordinate[EXPR_TIME] }, 1), 20,
		       depth, 1, NN_TANH);
	node *out = calloc((size_t)nn.n_nodes + 1, sizeof *out);
	out[0] = op_mean_all(s.g, op_square(s.g, equation_residual(&s.f, 0)));
	ck_assert_int_eq(graph_gradient(s.g, out[0], nn.n_nodes, nn.node, out + 1), 0);
	struct plan *p = plan_new(s.g, 1 + nn.n_nodes, out, &e);
	ck_assert_msg(p != NULL, "%s", e.message);
	const double bytes = (double)plan_stats(p).buffer_bytes;
	plan_free(p);
	free(out);
	nn_end(&nn);
	params_free(&params);
	close_scene(&s);
	return bytes;
}

START_TEST(memory_is_linear_in_depth)
{
	static const char *const text[] = { "u_x", "u_xx", "u_xxx", "u_xxxx" };
	double deep[4];

	/* four times the layers: four times the bytes, up to how the plan cuts its stages; not four to the power of
	 * anything */
	for (int k = 0; k < 4; k++) {
		const double shallow = step_bytes(16, text[k]);

		deep[k] = step_bytes(64, text[k]);
		ck_assert_msg(deep[k] <= 6 * shallow, "%s: %g and %g bytes for 16 and 64 layers", text[k], shallow,
			      deep[k]);
	}
	ck_assert_msg(deep[3] <= 3 * deep[0], "bytes for orders 1 to 4: %g %g %g %g", deep[0], deep[1], deep[2],
		      deep[3]);
}
END_TEST

/* ---- exact solutions ----------------------------------------------------------------------------- */

/* texts with closed solutions by unknown; a text's residuals vanish for them at every point */
static const struct {
	const char *keys;
	const char *solution[3];
} exact[] = {
	{ "{equation: \"0 = lap(u) + 2*pi^2*sin(pi*x)*sin(pi*y)\", fields: {u: scalar}, domain: {x: [0, 1], y: [0, "
	  "1]}}",
	  { "sin(pi*x)*sin(pi*y)" } },
	{ "{equation: \"u_xx + u_yy + u = (1 - 17*pi^2)*sin(4*pi*y)*sin(pi*x)\", fields: {u: scalar},"
	  " domain: {x: [-1, 1], y: [-1, 1]}}",
	  { "sin(4*pi*y)*sin(pi*x)" } },
	{ "{equation: \"u_tt = u_xx - u^3 + f\","
	  " define: {f: \"-25*pi^2*x*cos(5*pi*t) + 6*t*x^3 - 6*x*t^3 + (x*cos(5*pi*t) + (x*t)^3)^3\"},"
	  " domain: {x: [0, 1], t: [0, 1]}}",
	  { "x*cos(5*pi*t) + (x*t)^3" } },
	{ "{equation: \"u_t + 30*u_x = 0\", domain: {x: [0, 2*pi], t: [0, 1]}}", { "sin(x - 30*t)" } },
	{ "{equation: \"u_t = -6*u*u_x - u_xxx\", domain: {x: [-5, 5], t: [0, 1]}}", { "0.5*sech(0.5*(x - t))^2" } },
	{ "{equation: \"u_t + a*u_xxxx = v\\nv_t = lap(v) + u\", param: {a: 0.5}, domain: {x: [0, 2*pi], t: [0, 1]}}",
	  /* u = e^(s t) cos x with (s + a)(s + 1) = 1 */
	  { "exp((sqrt(4.25) - 1.5)/2*t)*cos(x)", "((sqrt(4.25) - 1.5)/2 + 0.5)*exp((sqrt(4.25) - 1.5)/2*t)*cos(x)" } },
	{ "{equation: \"v_t = nu*lap(v) - grad(p) - [dot(v, grad(v.x)), dot(v, grad(v.y))]\","
	  " fields: {v: vector}, param: {nu: 0.1}, domain: {x: [0, 2*pi], y: [0, 2*pi], t: [0, 1]},"
	  " define: {p: \"-(cos(2*x) + cos(2*y))/4*exp(-4*nu*t)\"}}",
	  { "-cos(x)*sin(y)*exp(-2*nu*t)", "sin(x)*cos(y)*exp(-2*nu*t)" } },
};

START_TEST(exact_solutions_leave_no_residual)
{
	char keys[800];
	struct scene s;
	double r[POINTS];
	int n = 0;

	snprintf(keys, sizeof keys, "problem: %s", exact[_i].keys);
	open_scene(&s, keys);
	for (int k = 0; k < s.spec->n_unknowns; k++)
		if (equation_velocity_of(s.spec, k) < 0)
			s.f.value[k] = equation_value(&s.f, parse(&s, exact[_i].solution[n++]));
	for (int i = 0; i < equation_residual_count(s.spec); i++) {
		values(&s, equation_residual(&s.f, i), NULL, r);
		for (int j = 0; j < POINTS; j++)
			ck_assert_msg(fabs(r[j]) < 1e-10, "residual %d: %g", i, r[j]);
	}
	/* and another function does */
	for (int k = 0; k < s.spec->n_unknowns; k++)
		if (equation_velocity_of(s.spec, k) < 0)
			s.f.value[k] = equation_value(&s.f, parse(&s, "1 + x^3 + 2*exp(x*t)"));
	values(&s, equation_residual(&s.f, 0), NULL, r);
	ck_assert_double_gt(fabs(r[0]), 1e-3);
	close_scene(&s);
}
END_TEST

/* ---- constraints --------------------------------------------------------------------------------- */

/* Points moved to one end of an axis. */
static void move(struct scene *s, int axis, double to)
{
	tensor_fill(&s->x[axis], to);
}

static void near_all(struct scene *s, node n, double tol, const char *what)
{
	double v[POINTS];

	values(s, n, NULL, v);
	for (int i = 0; i < POINTS; i++)
		ck_assert_msg(fabs(v[i]) <= tol, "%s: %g", what, v[i]);
}

START_TEST(constraints_hold_exactly)
{
	static const char keys[] =
		"problem: {equation: \"u_tt = lap(u)\", domain: {x: [-1, 1], y: [0, 2], t: [0.5, 2]},"
		" boundary: {x: [\"u = sin(t); u_t = cos(t)\", \"u = sin(t); u_t = cos(t)\"], y: [\"u = sin(t)\", "
		"\"u_y + u = 3\"]},"
		" initial: {u: \"sin(0.5) + (1 - x^2)*y\", u_t: \"cos(0.5) + x*(1 - x^2)*y\"}}";
	const unsigned hard = EQUATION_HARD_INITIAL | EQUATION_HARD_SIDES;
	struct scene s;
	node raw[EQUATION_UNKNOWNS];

	open_scene(&s, keys);
	for (int k = 0; k < s.spec->n_unknowns; k++) /* any function stands for the network */
		raw[k] = equation_value(&s.f, parse(&s, "cos(3*x + y) + t^2*x*y + 1"));
	equation_constrain(&s.f, hard, raw);
	const struct tensor x = tensor_copy(&s.x[0]), y = tensor_copy(&s.x[1]), t = tensor_copy(&s.x[EXPR_TIME]);
	move(&s, EXPR_TIME, 0.5);
	near_all(&s, equation_initial_residual(&s.f, 0), 1e-14, "initial u");
	near_all(&s, equation_initial_residual(&s.f, 1), 1e-13, "initial u_t");
	memcpy(s.x[EXPR_TIME].data, t.data, tensor_bytes(&t));
	for (int end = 0; end < 2; end++) {
		move(&s, 0, end ? 1 : -1);
		ck_assert(equation_side_is_hard(s.spec, hard, 0, end, 0));
		near_all(&s, equation_side_residual(&s.f, 0, end, 0), 1e-14, "side in x");
		memcpy(s.x[0].data, x.data, tensor_bytes(&x));
	}
	move(&s, 1, 0);
	near_all(&s, equation_side_residual(&s.f, 1, 0, 0), 1e-14, "lower side in y");
	move(&s, 1, 2);
	ck_assert(!equation_side_is_hard(s.spec, hard, 1, 1, 0));
	double v[POINTS];
	values(&s, equation_side_residual(&s.f, 1, 1, 0), NULL, v);
	ck_assert_double_gt(fabs(v[0]), 1e-3); /* left to the loss */
	memcpy(s.x[1].data, y.data, tensor_bytes(&y));
	tensor_free((struct tensor *)&x);
	tensor_free((struct tensor *)&y);
	tensor_free((struct tensor *)&t);
	close_scene(&s);
}
END_TEST

/* Features of a periodic axis agree at both ends; others run from -1 to 1. */
START_TEST(features_are_periodic)
{
	struct scene s;
	double low[4][POINTS], high[POINTS];

	open_scene(&s, "problem: {equation: \"u_t = lap(u)\", domain: {x: [2, 5], y: [0, 1], t: [0, 3]},"
		       " boundary: {x: periodic, y: dirichlet}}");
	struct equation_input c = equation_input_all(s.spec);
	ck_assert_int_eq(equation_input_count(s.spec, &c), 4);
	node all = equation_input(&s.f, &c);
	for (int end = 0; end < 2; end++) {
		move(&s, 0, end ? 5 : 2);
		for (int k = 1; k < 3; k++) {
			values(&s, op_slice(s.g, all, 1, k, 1, 1), NULL, end ? high : low[k]);
			for (int i = 0; i < POINTS && end; i++)
				ck_assert_double_eq_tol(low[k][i], high[i], 1e-14);
		}
	}
	move(&s, 1, 1);
	near_all(&s, op_shift(s.g, op_slice(s.g, all, 1, 3, 1, 1), -1), 1e-15, "y");
	move(&s, EXPR_TIME, 0);
	near_all(&s, op_shift(s.g, op_slice(s.g, all, 1, 0, 1, 1), 1), 1e-15, "t");
	close_scene(&s);
}
END_TEST

START_TEST(what_has_no_value_at_a_point_is_refused)
{
	static const struct {
		const char *keys, *part;
	} cases[] = {
		{ "{equation: \"u_t = u_xx + dW\"}", "noise" },
		{ "{equation: \"u_t = hilbert(u)\"}", "'hilbert(u)' has no value" },
		{ "{equation: \"u_t = u_xx - mean(u)\"}", "'mean(u)' has no value" },
		{ "{equation: \"u_t = u_xx\"}", "initial.u" },
		{ "{equation: \"u_t = a*u_xx\", coefficient: {a: \"exp(grf())\"}, initial: {u: \"x\"}}",
		  "coefficient.a" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = { 0 };
		char keys[300];
		struct scene s;

		snprintf(keys, sizeof keys, "problem: %s", cases[i].keys);
		read_text(&s, keys);
		ck_assert_int_ne(equation_check_pointwise(s.spec, true, &e), 0);
		ck_assert_msg(strstr(e.message, cases[i].part) != NULL, "%s", e.message);
		close_scene(&s);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("physics");
	TCase *c = tcase_create("physics");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, derivatives_are_taylor_coefficients);
	tcase_add_test(c, gradients_are_differences);
	tcase_add_test(c, memory_is_linear_in_depth);
	tcase_add_loop_test(c, exact_solutions_leave_no_residual, 0, (int)(sizeof exact / sizeof *exact));
	tcase_add_test(c, constraints_hold_exactly);
	tcase_add_test(c, features_are_periodic);
	tcase_add_test(c, what_has_no_value_at_a_point_is_refused);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
