/* test_rules.c: derivatives against differences, splitting and Fourier symbols against written-out ones, facts. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "equation/expr.h"

static struct exprs *names(const char *dims)
{
	struct exprs *p = exprs_new(dims);
	struct err e = { 0 };

	ck_assert_int_eq(exprs_declare(p, SYMBOL_FIELD, "u", 1, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_FIELD, "v", 1, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_FIELD, "w", dims[1] ? 2 : 1, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_PARAM, "c", 1, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_PARAM, "eps", 1, EXPR_NONE, &e), 0);
	return p;
}

static expr read(struct exprs *p, const char *text)
{
	struct err e = { 0 };
	expr a = expr_parse(p, text, "text", ALLOW_FIELDS | ALLOW_NOISE, &e);

	ck_assert_msg(a != EXPR_NONE, "%s", e.message);
	return a;
}

static const double param[] = { 0.37, 1.21 };

static const char *const functions[] = {
	"c^3",
	"1/c",
	"c*exp(-c)",
	"sin(c)*cos(2*c)",
	"tan(c)",
	"asin(c/2)",
	"acos(c/2)",
	"atan(c)",
	"sinh(c)/cosh(c)",
	"tanh(c)^2",
	"sech(c)",
	"log(c + 1)",
	"sqrt(c)",
	"abs(c - 1)",
	"erf(c)",
	"eps^c",
	"c^c",
	"min(c, eps*c^2)",
	"max(c, eps*c^2)",
	"where(c < 0.3, c, c^2)",
	"-c/(1 + c^2) - (c - 2)^-2",
	"sign(c)*step(c)*c",
};

START_TEST(partial_against_differences)
{
	struct exprs *p = names("x");
	expr a = read(p, functions[_i]), d = expr_partial(p, a, read(p, "c"));
	const double h = 1e-5;
	double at[2] = { param[0], param[1] }, plus, minus;

	at[0] = param[0] + h;
	plus = expr_constant(p, a, at);
	at[0] = param[0] - h;
	minus = expr_constant(p, a, at);
	ck_assert_double_eq_tol(expr_constant(p, d, param), (plus - minus) / (2 * h), 2e-8);
	/* simplifying changes no value */
	ck_assert_double_eq_tol(expr_constant(p, expr_simplify(p, a), param), expr_constant(p, a, param), 1e-14);
	exprs_free(p);
}
END_TEST

/* Written-out results; both sides simplified, so equal handles. */
START_TEST(rewriting)
{
	static const struct {
		enum { TOTAL_X, TOTAL_T, PARTIAL_U, PARTIAL_UX, GATEAUX } rule;
		const char *text, *result;
	} c[] = {
		{ TOTAL_X, "u*v", "u_x*v + u*v_x" },
		{ TOTAL_X, "u^3", "3*(u^2*u_x)" },
		{ TOTAL_X, "x*u_x", "u_x + x*u_xx" },
		{ TOTAL_X, "sin(u)", "cos(u)*u_x" },
		{ TOTAL_X, "c*eps", "0" },
		{ TOTAL_T, "u_x", "u_xt" },
		{ TOTAL_T, "t*u", "u + t*u_t" },
		{ TOTAL_X, "lap(u)", "lap(u)_x" },
		{ PARTIAL_U, "u*u_x + u_xx", "u_x" },
		{ PARTIAL_UX, "u*u_x + u_xx", "u" },
		{ PARTIAL_U, "u^2*v", "2*(u*v)" },
		{ GATEAUX, "u*u_x", "v*u_x + u*v_x" },
		{ GATEAUX, "lap(u^3)", "lap(3*(u^2*v))" },
		{ GATEAUX, "u_xx + c*u", "v_xx + c*v" },
		{ GATEAUX, "integral(u^2)", "integral(2*(u*v))" },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct exprs *p = names("x");
		struct str got = { 0 }, want = { 0 };
		expr a = read(p, c[i].text), u = read(p, "u");
		expr b = c[i].rule == TOTAL_X	   ? expr_total(p, a, 0)
			 : c[i].rule == TOTAL_T	   ? expr_total(p, a, EXPR_TIME)
			 : c[i].rule == PARTIAL_U  ? expr_partial(p, a, u)
			 : c[i].rule == PARTIAL_UX ? expr_partial(p, a, read(p, "u_x"))
						   : expr_gateaux(p, a, u, read(p, "v"));

		expr_text(p, b, &got);
		expr_text(p, expr_simplify(p, read(p, c[i].result)), &want);
		ck_assert_str_eq(str_text(&got), str_text(&want));
		str_free(&got);
		str_free(&want);
		exprs_free(p);
	}
}
END_TEST

START_TEST(simplifies)
{
	static const char *const c[][2] = {
		{ "u + 0", "u" },	   { "1*u", "u" },	  { "0*sin(u)", "0" },	 { "u - u", "0" },
		{ "u + u", "2*u" },	   { "3*u - 2*u", "u" },  { "2*(3*u)", "6*u" },	 { "-(-u)", "u" },
		{ "u*u*u", "u^3" },	   { "u^1", "u" },	  { "u^0", "1" },	 { "2 + 3*4", "14" },
		{ "sin(0)", "0" },	   { "u + -v", "u - v" }, { "u - -v", "u + v" }, { "(5)_x", "0" },
		{ "(-u)*v", "-(u*v)" },

		{ "where(1, u, v)", "u" }, { "u*2", "2*u" },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct exprs *p = names("x");
		struct str got = { 0 };

		expr_text(p, expr_simplify(p, read(p, c[i][0])), &got);
		ck_assert_str_eq(str_text(&got), c[i][1]);
		str_free(&got);
		exprs_free(p);
	}
}
END_TEST

START_TEST(vectors_lower)
{
	static const struct {
		const char *text;
		int component;
		const char *result;
	} c[] = {
		{ "grad(u)", 1, "u_y" },
		{ "div(grad(u))", 0, "u_xx + u_yy" },
		{ "dot(w, grad(u))", 0, "w.x*u_x + w.y*u_y" },
		{ "curl(u)", 0, "u_y" },
		{ "curl(u)", 1, "-u_x" },
		{ "curl(w)", 0, "(w.y)_x - (w.x)_y" },
		{ "u*w + [1, v]", 1, "u*w.y + v" },
		{ "lap(w)", 0, "lap(w.x)" },
		{ "div(curl(u))", 0, "u_xy - u_xy" },
		{ "w.y^2", 0, "w.y^2" },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct exprs *p = names("xy");
		struct str got = { 0 }, want = { 0 };

		expr_text(p, expr_lower(p, read(p, c[i].text), c[i].component), &got);
		expr_text(p, expr_simplify(p, read(p, c[i].result)), &want);
		ck_assert_str_eq(str_text(&got), str_text(&want));
		str_free(&got);
		str_free(&want);
		exprs_free(p);
	}
}
END_TEST

/* given + linear + rest, as text. */
START_TEST(splits)
{
	static const char *const c[][4] = {
		{ "c*u_xx - u*u_x", "0", "c*u_xx", "-(u*u_x)" },
		{ "u*(1 - u)", "0", "u", "-u^2" },
		{ "5*u - 5*u^3 + sin(x)", "sin(x)", "5*u", "-5*u^3" },
		{ "lap(u^3 - u - eps*lap(u))", "0", NULL, "lap(u^3)" },
		{ "sin(x)*u", "0", "0", "sin(x)*u" },
		{ "u/c - v/u", "0", "u/c", "-(v/u)" },
		{ "-(u + 1)^2", "-1", "-2*u", "-u^2" },
		{ "(1 - u)*(u - c)*v", "0", "-(c*v)", NULL },
		{ "integral(u)", "0", "0", "integral(u)" },
		{ "x*t", "x*t", "0", "0" },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct exprs *p = names("x");
		struct expr_split s = expr_split(p, read(p, c[i][0]));
		expr part[3] = { s.given, s.linear, s.rest };

		for (int k = 0; k < 3; k++) {
			struct str got = { 0 };

			expr_text(p, part[k], &got);
			ck_assert_msg(!c[i][k + 1] || strcmp(str_text(&got), c[i][k + 1]) == 0,
				      "%s: part %d is %s, not %s", c[i][0], k, str_text(&got), c[i][k + 1]);
			str_free(&got);
		}
		/* the parts add up: compare at numbers in the place of u and its derivatives (products of fields) */
		exprs_free(p);
	}
}
END_TEST

START_TEST(fourier_symbols)
{
	struct exprs *p = names("xy");
	const expr unknown[2] = { read(p, "u"), read(p, "v") };
	const double k[3] = { 2, -3, 0 }, c = param[0], eps = param[1];
	static const char *const text[] = {
		"u",	       "u_x",	      "u_xx + u_yy",	 "lap(u)",	"c*lap(u) - lap(lap(u))/eps",
		"invlap(v)_y", "v_xyy - 2*u", "fraclap(u, eps)", "riesz(u, y)", "-(u + v)*2"
	};
	const double want[][4] = {
		{ 1, 0, 0, 0 },
		{ 0, 2, 0, 0 },
		{ -13, 0, 0, 0 },
		{ -13, 0, 0, 0 },
		{ -13 * c - 169 / eps, 0, 0, 0 },
		{ 0, 0, 0, 3 / 13. },
		{ -2, 0, 0, -18 },
		{ pow(13, eps / 2), 0, 0, 0 },
		{ 0, 3 / sqrt(13), 0, 0 },
		{ -2, 0, -2, 0 },
	};

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		struct expr_split s = expr_split(p, read(p, text[i]));
		double out[4];

		ck_assert(expr_is_number(p, s.given, 0) && expr_is_number(p, s.rest, 0));
		expr_fourier(p, s.linear, k, param, 2, unknown, out);
		for (int j = 0; j < 4; j++)
			ck_assert_msg(fabs(out[j] - want[i][j]) < 1e-12 * 200, "%s: [%d] %g, not %g", text[i], j,
				      out[j], want[i][j]);
	}
	exprs_free(p);
}
END_TEST

START_TEST(facts)
{
	struct exprs *p = names("xy");
	struct expr_facts f = expr_classify(p, read(p, "c*lap(u) - u*u_x + sin(x)*u^3"));

	ck_assert_int_eq(f.total_order, 2);
	ck_assert_int_eq(f.degree, 3);
	ck_assert(f.place && !f.time && !f.nonlocal && !f.noise && f.stiff);
	f = expr_classify(p, read(p, "u_t*exp(u) + t*u_xxxy + dW"));
	ck_assert_int_eq(f.order[EXPR_TIME], 1);
	ck_assert_int_eq(f.order[0], 3);
	ck_assert_int_eq(f.order[1], 1);
	ck_assert_int_eq(f.total_order, 4);
	ck_assert_int_eq(f.degree, -1);
	ck_assert(f.time && f.noise && !f.stiff);
	f = expr_classify(p, read(p, "invlap(u)_y*u_x"));
	ck_assert(f.nonlocal && f.degree == 2);
	exprs_free(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("equation rules");
	TCase *t = tcase_create("rules");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, partial_against_differences, 0, sizeof functions / sizeof *functions);
	tcase_add_test(t, rewriting);
	tcase_add_test(t, simplifies);
	tcase_add_test(t, vectors_lower);
	tcase_add_test(t, splits);
	tcase_add_test(t, fourier_symbols);
	tcase_add_test(t, facts);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
