/* test_parse.c: texts that are read, and where exactly the others are refused; printing and prefix tokens read back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "equation/system.h"

enum { ALL = ALLOW_FIELDS | ALLOW_NOISE | ALLOW_RANDOM };

static struct exprs *names(const char *dims)
{
	struct exprs *p = exprs_new(dims);
	struct err e = { 0 };

	ck_assert_int_eq(exprs_declare(p, SYMBOL_FIELD, "u", 1, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_FIELD, "vel", 2, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_PARAM, "nu", 1, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_PARAM, "D_u", 1, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_COEF, "a", 1, EXPR_NONE, &e), 0);
	return p;
}

/* What is refused, and the place and a part of the message. */
static const struct refusal {
	const char *text, *place, *part;
} refusals[] = {
	{ "v + u", "1:1", "unknown name 'v'" },
	{ "nu*v_xx", "1:4", "unknown field 'v'; fields are u, vel" },
	{ "u + nus", "1:5", "did you mean 'nu'?" },
	{ "sinn(u)", "1:1", "unknown function 'sinn'; did you mean 'sin'?" },
	{ "u_xq", "1:4", "'q' is no coordinate; they are x, y, t" },
	{ "u*nu_x", "1:3", "parameter 'nu' has no derivative" },
	{ "u +", "1:4", "expected a value, found the end" },
	{ "", "1:1", "expected a value" },
	{ "u u", "1:3", "expected an operator or the end, found 'u'" },
	{ "2u", "1:2", "write 2*u" },
	{ "(u + 1", "1:7", "expected ')'" },
	{ "u + 1)", "1:6", "expected an operator or the end, found ')'" },
	{ "u ** 2", "1:3", "write ^ instead of **" },
	{ "u # 2", "1:3", "'#' has no meaning here" },
	{ "u\xc3\xa9", "1:2", "byte 0xc3" },
	{ "sin(u, u)", "1:6", "sin takes 1 argument" },
	{ "min(u)", "1:6", "expected ','" },
	{ "sin", "1:4", "expected '(' after function sin" },
	{ "sin(vel)", "1:5", "sin needs a scalar" },
	{ "u + vel", "1:3", "joins values of one rank, these have 1 and 2" },
	{ "vel*vel", "1:4", "write dot(a, b)" },
	{ "vel^2", "1:4", "'^' needs scalars" },
	{ "u/vel", "1:2", "'/' needs scalars" },
	{ "grad(vel)", "1:6", "grad needs a scalar" },
	{ "div(u)", "1:5", "div needs a vector of 2 components" },
	{ "dot(u, vel)", "1:5", "argument 1 is a scalar" },
	{ "dot(vel, [u, u, u])", "1:10", "these have 2 and 3" },
	{ "[u, vel]", "1:5", "a component needs a scalar" },
	{ "[u, u, u, u]", "1:11", "2 or 3 components" },
	{ "[u]", "1:1", "2 or 3 components" },
	{ "u.x", "1:2", "a scalar has no components" },
	{ "vel.t", "1:5", "needs a spatial coordinate" },
	{ "hilbert(u)", "1:1", "hilbert needs one dimension" },
	{ "riesz(u)", "1:8", "expected ','" },
	{ "riesz(u, t)", "1:10", "needs a spatial coordinate" },
	{ "fraclap(u, x)", "1:12", "exponent of fraclap must be a number" },
	{ "where(u > 0, u, vel)", "1:17", "values of one rank" },
	{ "0 < u < 1", "1:7", "comparisons do not chain" },
	{ "u > 0 && u < 1", "1:7", "write and" },
	{ "u == 0", "1:3", "instead of ==" },
	{ "grf(gama=2)", "1:5", "no argument 'gama'; did you mean 'gamma'?" },
	{ "grf(gamma=2, gamma=3)", "1:14", "given twice" },
	{ "uniform(0, 1, 2)", "1:15", "takes 2 arguments at most" },
	{ "uniform(0, u)", "1:12", "must be a number" },
	{ "loguniform(1)", "1:1", "needs its argument high" },
	{ "(u)_", "1:5", "expected coordinates after _" },
	{ "1e999", "1:1", "too large" },
	{ "0x10", "1:1", "decimal" },
	{ "u +\nnu +\n  (v)", "3:4", "unknown name 'v'" },
	{ "u = 2", "1:3", "expected an operator or the end, found '='" },
};

START_TEST(errors_point_at_the_character)
{
	const struct refusal *c = &refusals[_i];
	struct exprs *p = names("xy");
	struct err e = { 0 };
	char place[32];

	ck_assert_int_eq(expr_parse(p, c->text, "text", ALL, &e), EXPR_NONE);
	snprintf(place, sizeof place, "text:%s: ", c->place);
	ck_assert_msg(strncmp(e.message, place, strlen(place)) == 0, "'%s': %s, not at %s", c->text, e.message,
		      c->place);
	ck_assert_msg(strstr(e.message, c->part) != NULL, "'%s': '%s' lacks '%s'", c->text, e.message, c->part);
	ck_assert_int_eq(e.code, ERR_USAGE);
	exprs_free(p);
}
END_TEST

static const struct {
	const char *text, *place, *part;
} wrong_systems[] = {
	{ "w_t = -w\nw_t = w", "2:1", "'w' has an equation already" },
	{ "w_t", "1:4", "expected an operator or '='" },
	{ "w_t = u_t", "1:1", "time derivatives of one field" },
	{ "w*w_t = 1", "1:1", "its factor must be a constant" },
	{ "sin(w_t) = 1", "1:1", "must be a constant" },
	{ "w_t - lap(w_t) = w", "1:1", "inside another operator" },
	{ "w_t = w; w_t = vv", "1:16", "unknown name 'vv'" },
	{ "w_t = vel", "1:5", "left side has 1 component, the right 2" },
	{ "", "1:1", "there is no equation" },
	{ "w_t = w = 1", "1:9", "expected an operator, ';' or the end" },
	{ "w_t = grf()", "1:7", "belongs to initial data" },
	{ "sin_t = 1", "1:1", "has a meaning" },
	{ "w_ttt = 1", "1:1", "unknown field 'w'" },
};

START_TEST(systems_refused)
{
	struct exprs *p = names("xy");
	struct equations s = { 0 };
	struct err e = { 0 };
	char place[32];
	int status = equations_fields(p, wrong_systems[_i].text, "text", &e);

	if (status == 0)
		status = equations_parse(p, &s, wrong_systems[_i].text, "text", &e);
	ck_assert_int_ne(status, 0);
	snprintf(place, sizeof place, "text:%s: ", wrong_systems[_i].place);
	ck_assert_msg(strncmp(e.message, place, strlen(place)) == 0, "'%s': %s, not at %s", wrong_systems[_i].text,
		      e.message, place);
	ck_assert_msg(strstr(e.message, wrong_systems[_i].part) != NULL, "%s", e.message);
	equations_free(&s);
	exprs_free(p);
}
END_TEST

/* Text, how it is printed (NULL: the same), its prefix tokens. */
static const struct {
	const char *text, *printed, *prefix;
} good[] = {
	{ "u", NULL, "u" },
	{ "nu*u_xx - u*u_x", NULL, "sub mul nu d_x d_x u mul u d_x u" },
	{ "u_yx", "u_xy", "d_y d_x u" },
	{ "-u^2", NULL, "neg pow u 2" },
	{ "(-u)^2", NULL, "pow neg u 2" },
	{ "-3", NULL, "-3" },
	{ "(-3)^2", NULL, "pow -3 2" },
	{ "-(3)", "-3", "-3" },
	{ "- -3", "-(-3)", "neg -3" },
	{ "2^-3", NULL, "pow 2 -3" },
	{ "2^3^2", NULL, "pow 2 pow 3 2" },
	{ "(2^3)^2", NULL, "pow pow 2 3 2" },
	{ "u - (nu - 1)", NULL, "sub u sub nu 1" },
	{ "u - nu - 1", NULL, "sub sub u nu 1" },
	{ "u/(nu*2)", NULL, "divide u mul nu 2" },
	{ "u/nu*2", NULL, "mul divide u nu 2" },
	{ "u*(nu/2)", NULL, "mul u divide nu 2" },
	{ "-u*nu", NULL, "mul neg u nu" },
	{ "-(u*nu)", NULL, "neg mul u nu" },
	{ "+u", "u", "u" },
	{ "1.5e-3*u", "0.0015*u", "mul 0.0015 u" },
	{ ".5 + 1.", "0.5 + 1", "add 0.5 1" },
	{ "(u^2/2)_x", NULL, "d_x divide pow u 2 2" },
	{ "(u_x)_y", "u_xy", "d_y d_x u" },
	{ "sin(u)_xt", NULL, "d_t d_x sin u" },
	{ "D_u*a_x", NULL, "mul D_u d_x a" },
	{ "lap(u) + fraclap(u, 1.5)", NULL, "add lap u fraclap u 1.5" },
	{ "riesz(u, y) + invlap(u)", NULL, "add riesz_y u invlap u" },
	{ "integral(u^2) - mean(u)", NULL, "sub integral pow u 2 mean u" },
	{ "dot(vel, grad(u)) + div(vel)", NULL, "add dot vel grad u div vel" },
	{ "vel.x*curl(vel)", NULL, "mul part_x vel curl vel" },
	{ "[u, -u] + 2*vel", NULL, "add vector2 u neg u mul 2 vel" },
	{ "where(x < 0.5 and not y >= t, 1, u)", NULL, "where and lt x 0.5 not ge y t 1 u" },
	{ "x < 1 or y < 1 and t < 1", NULL, "or lt x 1 and lt y 1 lt t 1" },
	{ "(u < 1) < 2", NULL, "lt lt u 1 2" },
	{ "u < (1 < 2)", NULL, "lt u lt 1 2" },
	{ "(x < 1 or y < 1) and t < 1", NULL, "and or lt x 1 lt y 1 lt t 1" },
	{ "min(u, max(1, pi))", NULL, "min u max 1 pi" },
	{ "grf(tau=3)", "grf(2, 3, 25, 0)", "grf 2 3 25 0" },
	{ "sines(3) + uniform()", "sines(3, 8, 1, 0) + uniform(0, 1)", "add sines 3 8 1 0 uniform 0 1" },
	{ "u + dW", NULL, "add u dW" },
	{ "(u\n + nu)", "u + nu", "add u nu" },
	{ "u +\n nu", "u + nu", "add u nu" },
	{ "0.1 + 0.2", NULL, "add 0.1 0.2" },
};

START_TEST(reads_back)
{
	struct exprs *p = names("xy");
	struct err e = { 0 };
	struct str text = { 0 }, prefix = { 0 }, again = { 0 };
	expr a = expr_parse(p, good[_i].text, "text", ALL, &e), b;
	bool chance;

	ck_assert_msg(a != EXPR_NONE, "%s", e.message);
	chance = strstr(good[_i].text, "grf") || strstr(good[_i].text, "uniform") || strstr(good[_i].text, "dW");
	expr_text(p, a, &text);
	ck_assert_str_eq(str_text(&text), good[_i].printed ? good[_i].printed : good[_i].text);
	b = expr_parse(p, str_text(&text), "again", ALL, &e);
	ck_assert_msg(b != EXPR_NONE, "%s", e.message);
	ck_assert(chance || a == b);
	expr_prefix(p, a, &prefix);
	ck_assert_str_eq(str_text(&prefix), good[_i].prefix);
	b = expr_from_prefix(p, str_text(&prefix), &e);
	ck_assert_msg(b != EXPR_NONE, "%s", e.message);
	ck_assert(chance || a == b);
	expr_text(p, b, &again);
	ck_assert_str_eq(str_text(&again), str_text(&text));
	str_free(&text);
	str_free(&prefix);
	str_free(&again);
	exprs_free(p);
}
END_TEST

/* What rules walk by recursion is bounded: levels, and nodes where definitions are written out. */
START_TEST(limits)
{
	struct exprs *p = names("xy");
	struct str text = { 0 };
	struct err e = { 0 };
	char name[16], meaning[32];
	expr a;

	str_add(&text, "u");
	for (int i = 0; i < EXPR_DEPTH - 1; i++)
		str_add(&text, i % 2 == 0 ? " + u" : "*nu");
	a = expr_parse(p, str_text(&text), "text", ALL, &e);
	ck_assert_msg(a != EXPR_NONE, "%s", e.message);
	for (int i = 0; i < 300000; i++)
		str_add(&text, " + u");
	ck_assert_int_eq(expr_parse(p, str_text(&text), "text", ALL, &e), EXPR_NONE);
	ck_assert_msg(strstr(e.message, "1000 operators on one another") != NULL, "%s", e.message);
	str_free(&text);
	e = (struct err){ 0 };
	a = expr_parse(p, "u*u", "text", ALL, &e);
	for (int i = 0; a != EXPR_NONE && i < 100; i++) {
		snprintf(name, sizeof name, "twice%d", i);
		ck_assert_int_eq(exprs_declare(p, SYMBOL_DEFINITION, name, 1, a, &e), 0);
		snprintf(meaning, sizeof meaning, "%s*%s", name, name);
		a = expr_parse(p, meaning, "text", ALL, &e);
	}
	ck_assert_int_eq(a, EXPR_NONE);
	ck_assert_msg(strstr(e.message, "100000 operations") != NULL, "%s", e.message);
	exprs_free(p);
}
END_TEST

START_TEST(prefix_refused)
{
	static const struct {
		const char *text, *part;
	} c[] = { { "add u", "token 3: the expression ends" },
		  { "u u", "token 2: nothing is left" },
		  { "add u foo", "token 3: unknown word 'foo'" },
		  { "d_q u", "token 1: unknown word" },
		  { "sin vel", "token 2: argument 1 of sin is a vector" },
		  { "dot u vel", "token 2: argument 1 of dot is a scalar" },
		  { "part_z vector2 u u", "token 2: the vector has no such" } };

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct exprs *p = names("xyz");
		struct err e = { 0 };

		ck_assert_int_eq(expr_from_prefix(p, c[i].text, &e), EXPR_NONE);
		ck_assert_msg(strstr(e.message, c[i].part) != NULL, "%s: %s", c[i].text, e.message);
		exprs_free(p);
	}
}
END_TEST

START_TEST(writes_tex)
{
	static const struct {
		const char *text, *tex;
	} c[] = { { "nu*u_xx - u*u_x", "\\nu \\, {u}_{xx} - u \\, {u}_{x}" },
		  { "(u + 1)/2", "\\frac{u + 1}{2}" },
		  { "(u^2/2)_x", "\\partial_x \\left(\\frac{u^{2}}{2}\\right)" },
		  { "lap(u)*D_u", "\\Delta u \\, D_{u}" },
		  { "-(u + nu)", "-\\left(u + \\nu\\right)" } };

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct exprs *p = names("xy");
		struct str out = { 0 };
		struct err e = { 0 };

		expr_tex(p, expr_parse(p, c[i].text, "text", ALL, &e), &out);
		ck_assert_str_eq(str_text(&out), c[i].tex);
		str_free(&out);
		exprs_free(p);
	}
}
END_TEST

static const struct {
	const char *text, *rate;
	int order;
} solved[] = {
	{ "w_t = nu*w_xx", "nu*w_xx", 1 }, { "w_t + w*w_x = nu*w_xx", "-(w*w_x - nu*w_xx)", 1 },
	{ "2*w_t = w", "w/2", 1 },	   { "w_tt = lap(w) - 0.1*w_t", "lap(w) - 0.1*w_t", 2 },
	{ "-w_t = w", "-w", 1 },
};

START_TEST(solves_for_the_time_derivative)
{
	struct exprs *p = names("xy");
	struct equations s = { 0 };
	struct err e = { 0 };
	double at[] = { 0.3 };

	ck_assert_int_eq(equations_fields(p, solved[_i].text, "text", &e), 0);
	ck_assert_msg(equations_parse(p, &s, solved[_i].text, "text", &e) == 0, "%s", e.message);
	ck_assert_int_eq(s.n, 1);
	ck_assert_int_eq(s.at[0].time_order, solved[_i].order);
	ck_assert_str_eq(exprs_name(p, SYMBOL_FIELD, s.at[0].field), "w");
	/* equal as functions: the difference vanishes with a number in the place of every field */
	expr want = expr_parse(p, solved[_i].rate, "rate", ALL, &e), got = s.at[0].rate;
	static const char *const jet[] = { "w_xx", "w_x", "w_t", "lap(w)", "w" };
	for (int i = 0; i < 5; i++) {
		expr node = expr_parse(p, jet[i], "jet", ALL, &e);

		want = expr_replace(p, want, node, expr_number(p, 0.7 + 0.31 * i));
		got = expr_replace(p, got, node, expr_number(p, 0.7 + 0.31 * i));
	}
	ck_assert_double_eq_tol(expr_constant(p, got, at), expr_constant(p, want, at), 1e-14);
	equations_free(&s);
	exprs_free(p);
}
END_TEST

START_TEST(names_are_checked)
{
	struct exprs *p = names("xy");
	struct err e = { 0 };
	static const char *const bad[] = { "", "2u", "u v", "x", "t", "pi", "sin", "u", "nu", "and", "dW", "grf" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(exprs_declare(p, SYMBOL_PARAM, bad[i], 1, EXPR_NONE, &e) != 0, "'%s'", bad[i]);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_PARAM, "d", 1, EXPR_NONE, &e), 0);
	ck_assert_int_eq(exprs_declare(p, SYMBOL_PARAM, "z", 1, EXPR_NONE, &e), 0);
	exprs_free(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("equation texts");
	TCase *t = tcase_create("parse");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, errors_point_at_the_character, 0, sizeof refusals / sizeof *refusals);
	tcase_add_loop_test(t, systems_refused, 0, sizeof wrong_systems / sizeof *wrong_systems);
	tcase_add_loop_test(t, reads_back, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(t, solves_for_the_time_derivative, 0, sizeof solved / sizeof *solved);
	tcase_add_test(t, prefix_refused);
	tcase_add_test(t, limits);
	tcase_add_test(t, writes_tex);
	tcase_add_test(t, names_are_checked);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
