/* test_texts.c: every shipped problem in text is solved as accurately as its method promises: from the same smooth
 * data, the distance to a solution on a finer grid falls by the order's factor when the grid is refined, and that to a
 * solution with finer steps when steps are halved; or it is at a floor of rounding. Noise: its statistics do not depend
 * on the step. */
#include <check.h>
#include <dirent.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "fixture.h"

enum { TEXTS = 100, SETS = 64 };
static const double floor_of_rounding = 3e-11;

/* ---- which texts --------------------------------------------------------------------------------- */

static int texts(char name[][64], int most)
{
	DIR *d = opendir(SCIML_DATA "/problem");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (str_ends(entry->d_name, ".yaml") && n < most) {
			struct conf *conf = conf_new();
			struct str path = { 0 };
			struct err e = { 0 };

			str_printf(&path, "%s/problem/%s", SCIML_DATA, entry->d_name);
			ck_assert_msg(conf_load(conf, str_text(&path), &e) == 0, "%s", e.message);
			if (conf_at(conf, "problem.equation"))
				snprintf(name[n++], 64, "%.*s", (int)strlen(entry->d_name) - 5, entry->d_name);
			str_free(&path);
			conf_free(conf);
		}
	closedir(d);
	qsort(name, (size_t)n, 64, (int (*)(const void *, const void *))strcmp);
	return n;
}

/* ---- one text ------------------------------------------------------------------------------------ */

struct text {
	const char *name;
	int n_dims, n_unknowns, order; /* order of its method in space; 0: spectral */
	bool moves, sided, noisy;
	struct str set[SETS]; /* overrides that every run has: a small grid, a short time, its parameters */
	int n_sets;
	double span;
	double *in[FIXTURE_FIELDS]; /* the first state and the coefficients on that grid */
	int64_t count;		    /* of the last states of all unknowns */
	double dt;		    /* steps that are short enough */
};

static void add_set(struct text *t, const char *format, ...)
{
	va_list ap;
	char line[300];

	ck_assert_int_lt(t->n_sets, SETS);
	va_start(ap, format);
	vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	str_add(&t->set[t->n_sets++], line);
}

static struct fixture open_text(const struct text *t, const char *const *more)
{
	const char *set[SETS + 8];
	int n = 0;

	for (; n < t->n_sets; n++)
		set[n] = str_text(&t->set[n]);
	for (; more && *more; more++)
		set[n++] = *more;
	set[n] = NULL;
	return fixture_shipped(SCIML_DATA, t->name, set);
}

/* Does an axis have walls without flux? */
static bool is_neumann(const struct fixture *f, const struct axis *axis)
{
	const struct conf_node *b = conf_at(f->conf, "problem.boundary");

	if (b && b->kind == CONF_MAP)
		b = conf_child(b, axis->name);
	return b && b->kind == CONF_SCALAR && strcmp(b->text, "neumann") == 0;
}

/* Means with neighbours along every axis: media of two phases become smooth and stay positive. Values at ends are kept,
 * or slopes there become 0, as the sides ask for. */
static void smooth(const struct fixture *f, int first_axis, int64_t points, double *a)
{
	const struct layout *l = &f->layout;
	double *old = xmalloc((size_t)points * sizeof *old);
	int64_t inner = points;

	for (int axis = first_axis; axis < l->n_axes; axis++) {
		const int64_t n = l->axis[axis].size;
		const bool periodic = l->axis[axis].periodic, even = is_neumann(f, &l->axis[axis]);

		inner /= n;
		for (int pass = 0; pass < 12; pass++) {
			memcpy(old, a, (size_t)points * sizeof *old);
			for (int64_t at = 0; at < points; at++) {
				const int64_t i = at / inner % n;
				const int64_t before = i > 0 ? i - 1 : periodic ? n - 1 : 1;
				const int64_t next = i < n - 1 ? i + 1 : periodic ? 0 : n - 2;

				if (periodic || even || (i > 0 && i < n - 1))
					a[at] = old[at] / 2 +
						(old[at + (before - i) * inner] + old[at + (next - i) * inner]) / 4;
			}
		}
	}
	free(old);
}

/* A short problem on a small grid, and sample 0 of it as data. Parameters that are drawn are fixed at what they
 * were. */
static struct text text_of(const char *name)
{
	struct text t = { .name = name, .order = 4 };
	struct fixture f = fixture_shipped(SCIML_DATA, name, NULL);
	const struct layout *l = &f.layout;
	const char *method = NULL;
	struct problem_numbers numbers = { 0 };

	t.moves = l->axis[0].kind == AXIS_TIME;
	t.n_dims = l->n_axes - t.moves;
	t.noisy = strstr(l->equation, "dW") != NULL;
	for (int a = 0; a < l->n_axes; a++)
		t.sided |= l->axis[a].kind == AXIS_SPACE && !l->axis[a].periodic;
	for (int k = 0; k < l->n_fields; k++)
		t.n_unknowns += l->field[k].role != ROLE_INPUT;
	if (conf_at(f.conf, "problem.method"))
		method = conf_at(f.conf, "problem.method")->text;
	if (conf_at(f.conf, "problem.order"))
		t.order = atoi(conf_at(f.conf, "problem.order")->text);
	if (method ? strcmp(method, "differences") != 0 : !t.sided)
		t.order = 0;
	if (t.n_dims > 0)
		add_set(&t, "problem.grid=%d", (t.n_dims > 1 ? 16 : 32) + t.sided);
	if (t.moves) {
		/* a quarter of a frame is short enough for each, and long enough for something to happen */
		t.span = (l->axis[0].coordinate[1] - l->axis[0].coordinate[0]) / 4;
		add_set(&t, "problem.domain.t=[%.17g, %.17g]", l->axis[0].coordinate[0],
			l->axis[0].coordinate[0] + t.span);
		add_set(&t, "problem.frames=1");
	}
	fixture_free(&f);
	f = open_text(&t, NULL);
	f.problem->numbers(f.config, &numbers);
	fixture_generate(&f, 0, 0);
	for (int k = 0; k < numbers.n; k++) {
		struct str key = { 0 };

		str_printf(&key, "problem.param.%s", numbers.name[k]);
		if (conf_at(f.conf, str_text(&key)))
			add_set(&t, "%s=%.17g", str_text(&key), f.number[k]);
		str_free(&key);
	}
	int64_t points = 1;
	for (int a = t.moves; a < f.layout.n_axes; a++)
		points *= f.layout.axis[a].size;
	for (int k = 0, n = 0; k < f.layout.n_fields; k++)
		if (t.moves || f.layout.field[k].role == ROLE_INPUT) {
			t.in[n] = xmalloc((size_t)points * sizeof **t.in);
			memcpy(t.in[n], f.field[k], (size_t)points * sizeof **t.in);
			if (f.layout.field[k].role == ROLE_INPUT || t.sided) /* without waves, polynomials fill gaps */
				smooth(&f, t.moves, points, t.in[n]);
			n++;
		}
	t.count = points * t.n_unknowns;
	fixture_free(&f);
	return t;
}

static void text_clear(struct text *t)
{
	for (int k = 0; k < t->n_sets; k++)
		str_free(&t->set[k]);
	for (int k = 0; k < FIXTURE_FIELDS; k++)
		free(t->in[k]);
}

/* The last state from the data, with overrides; NULL: the solver gave up. */
static double *solved(const struct text *t, const char *const *more)
{
	struct fixture f = open_text(t, more);
	const int64_t points = t->count / t->n_unknowns;
	double *out = xmalloc((size_t)t->count * sizeof *out);
	struct err e = { 0 };

	if (f.problem->march(f.config, f.work, 0, (const double *const *)t->in, f.field, f.number, &e) != 0) {
		free(out);
		out = NULL;
	}
	for (int k = 0; k < t->n_unknowns && out; k++)
		memcpy(out + k * points, f.field[k] + (t->moves ? points : 0), (size_t)points * sizeof *out);
	fixture_free(&f);
	return out;
}

/* Relative distance, unknown by unknown, that of the worst. */
static double distance(const struct text *t, const double *a, const double *b)
{
	const int64_t points = t->count / t->n_unknowns;
	double worst = 0;

	for (int k = 0; k < t->n_unknowns; k++) {
		double sum = 0, size = 0;

		for (int64_t i = k * points; i < (k + 1) * points; i++) {
			sum += (a[i] - b[i]) * (a[i] - b[i]);
			size += b[i] * b[i];
		}
		worst = fmax(worst, sqrt(sum / (size > 0 ? size : 1)));
	}
	return worst;
}

/* ---- time ---------------------------------------------------------------------------------------- */

/* Steps of equal length, halved three times from the longest that give two digits; the last stand for the truth. */
static void refine_time(struct text *t)
{
	double *u[4] = { NULL }, error[3] = { 1, 1, 1 };
	char set[80];
	const char *const more[] = { set, NULL };
	int steps = 1;

	while (steps < 8192 && !(error[0] < 1e-2 && error[1] < 1e-2)) {
		steps *= 2;
		for (int k = 0; k < 4; k++) {
			free(u[k]);
			snprintf(set, sizeof set, "problem.dt=%.17g", t->span / (steps << k));
			u[k] = solved(t, more);
		}
		for (int k = 0; k < 3; k++)
			error[k] = u[k] && u[3] ? distance(t, u[k], u[3]) : INFINITY;
	}
	printf("%-24s time  %.2e %.2e %.2e, order %.2f, from %d steps\n", t->name, error[0], error[1], error[2],
	       log2(error[1] / error[2] - 1), steps);
	/* order 4; where the linear part is stiff and does not commute with the rest, 3 is left */
	ck_assert_msg(error[2] < floor_of_rounding || error[1] / error[2] > exp2(2.7) + 1, "%s: %g, %g, %g", t->name,
		      error[0], error[1], error[2]);
	t->dt = t->span / (steps << 1);
	/* and the choice of steps keeps its promise */
	for (double rtol = 1e-3; rtol > 1e-7; rtol /= 1000) {
		double *v, far;

		snprintf(set, sizeof set, "problem.rtol=%g", rtol);
		v = solved(t, more);
		ck_assert_ptr_nonnull(v);
		far = distance(t, v, u[3]);
		ck_assert_msg(far < 30 * rtol + error[2], "%s: rtol %g gives %g", t->name, rtol, far);
		free(v);
	}
	for (int k = 0; k < 4; k++)
		free(u[k]);
}

/* ---- space --------------------------------------------------------------------------------------- */

/* Grids of n, 2n and 4n intervals, the coarsest that resolve the solution: where the last stands for the truth, errors
 * of order p have the ratio 2^p + 1. */
static void refine_space(const struct text *t)
{
	double *u[3] = { NULL }, error[2] = { 1, 1 };
	char grid[80], step[80];

	/* equal steps err alike; explicit ones between sides must be chosen by the grid */
	snprintf(step, sizeof step, t->sided || !t->moves ? "problem.rtol=1e-8" : "problem.dt=%.17g", t->dt);

	for (int first = t->n_dims > 1 ? 16 : 32; first <= 256 && error[1] > 0.03; first *= 2) {
		for (int k = 0; k < 3; k++) {
			const char *const more[] = { grid, step, NULL };

			free(u[k]);
			snprintf(grid, sizeof grid, "problem.solve_grid=%d", (first << k) + t->sided);
			u[k] = solved(t, more);
			ck_assert_msg(u[k] != NULL, "%s: no solution with %s", t->name, grid);
		}
		for (int k = 0; k < 2; k++)
			error[k] = distance(t, u[k], u[2]);
	}
	printf("%-24s space %.2e %.2e, order %.2f (%d)\n", t->name, error[0], error[1], log2(error[0] / error[1] - 1),
	       t->order);
	/* spectral: faster than the default order of differences, also where the solution is barely resolved */
	ck_assert_msg(error[1] < floor_of_rounding || error[0] / error[1] > (t->order ? exp2(t->order - 0.7) + 1 : 17),
		      "%s: %g then %g", t->name, error[0], error[1]);
	for (int k = 0; k < 3; k++)
		free(u[k]);
}

/* ---- noise --------------------------------------------------------------------------------------- */

/* Mean square of the last state over many paths, with steps h and h/4: they differ by chance alone. */
static void refine_noise(const struct text *t)
{
	enum { PATHS = 400 };
	double mean[2] = { 0 }, variance = 0;
	char dt[80];

	for (int k = 0; k < 2; k++) {
		const char *const more[] = { dt, NULL };

		snprintf(dt, sizeof dt, "problem.dt=%.17g", t->span / (k ? 40 : 10));
		struct fixture f = open_text(t, more);
		for (int path = 0; path < PATHS; path++) {
			double square = 0;

			fixture_generate(&f, (uint64_t)k + 1, path);
			for (int64_t i = 0; i < t->count; i++)
				square += f.field[0][t->count + i] * f.field[0][t->count + i] / (double)t->count;
			mean[k] += square / PATHS;
			variance += square * square / PATHS;
		}
		variance -= mean[k] * mean[k];
		fixture_free(&f);
	}
	printf("%-24s noise %.4g %.4g, deviation of their difference %.2g\n", t->name, mean[0], mean[1],
	       sqrt(variance / PATHS));
	ck_assert_msg(mean[0] > 0 && fabs(mean[1] - mean[0]) < 4 * sqrt(variance / PATHS) + 0.02 * mean[0],
		      "%s: %g and %g", t->name, mean[0], mean[1]);
}

START_TEST(texts_converge)
{
	char name[TEXTS][64];
	const int n = texts(name, TEXTS);

	ck_assert_int_ge(n, 20);
	for (int k = 0; k < n; k++) {
		const clock_t start = clock();
		struct text t = text_of(name[k]);

		if (t.noisy) {
			refine_noise(&t);
		} else {
			if (t.moves)
				refine_time(&t);
			if (t.n_dims > 0)
				refine_space(&t);
		}
		text_clear(&t);
		printf("%.2f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shipped texts");
	TCase *t = tcase_create("texts");
	SRunner *r = srunner_create(s);
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, texts_converge);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
