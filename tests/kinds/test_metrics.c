/* test_metrics.c: metrics of fields with known errors, and the laws that hold for all of them. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "pairs.h"

/* ---- fields with known errors ---- */

START_TEST(constant_error)
{
	const struct metric_shape s[] = {
		{ .n_time = 2, .n_channel = 1, .n_dims = 1, .size = { 64 } },
		{ .n_time = 1, .n_channel = 2, .n_dims = 2, .size = { 32, 32 } },
		{ .n_time = 1, .n_channel = 1, .n_dims = 3, .size = { 8, 8, 8 } },
	};
	const char *const names[] = { "rmse_pdebench", "crmse_pdebench", "brmse_pdebench", "max_pdebench", "mae" };

	pairs_draw(16);
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < SAMPLES; i++)
			for (int64_t x = 0; x < metric_count(&s[k]); x++)
				p[i][x] = y[i][x] + 0.25;
		for (size_t m = 0; m < sizeof names / sizeof *names; m++)
			ck_assert_double_lt(fabs(pairs_value(names[m], &s[k], SAMPLES) - 0.25), 1e-14);
		ck_assert_double_gt(pairs_part("frmse_pdebench", &s[k], SAMPLES, 0, "band=low"), 0.06);
		for (int band = 0; band < 2; band++) {
			double v = pairs_part("frmse_pdebench", &s[k], SAMPLES, 0, band ? "band=high" : "band=mid");

			ck_assert(isnan(v) || v < 1e-14);
		}
	}
}
END_TEST

START_TEST(sine_error)
{
	const struct metric_shape s = { .n_time = 1, .n_channel = 1, .n_dims = 1, .size = { 128 } };

	pairs_draw(17);
	for (int i = 0; i < SAMPLES; i++)
		for (int x = 0; x < 128; x++)
			p[i][x] = y[i][x] + sin(2 * acos(-1) * 8 * x / 128);
	/* one shell of the eight holds |E| / n = 1/2 */
	ck_assert_double_lt(fabs(pairs_part("frmse_pdebench", &s, SAMPLES, 0, "band=mid") - 0.5 / 8), 1e-14);
	ck_assert_double_lt(pairs_part("frmse_pdebench", &s, SAMPLES, 0, "band=low"), 1e-14);
	ck_assert_double_lt(pairs_part("frmse_pdebench", &s, SAMPLES, 0, "band=high"), 1e-14);
	ck_assert_double_lt(pairs_value("crmse_pdebench", &s, SAMPLES), 1e-15);
}
END_TEST

START_TEST(trivial_predictions)
{
	const struct metric_shape s = { .n_time = 2, .n_channel = 2, .n_dims = 1, .size = { 10 } };

	pairs_draw(18);
	memset(p, 0, sizeof p);
	ck_assert_double_eq(pairs_value("nrmse_pdebench", &s, SAMPLES), 1);
	ck_assert_double_eq(pairs_value("pinn_rel_l2", &s, SAMPLES), 1);
	ck_assert_double_eq(pairs_value("rel_l1_percent", &s, SAMPLES), 100);
	ck_assert_double_lt(fabs(pairs_value("nrmse_apebench", &s, SAMPLES) - 2), 1e-14); /* channels are summed */
	ck_assert_double_lt(fabs(pairs_value("lp_rel", &s, SAMPLES) - 2), 1e-7);
	for (int i = 0; i < SAMPLES; i++)
		for (int f = 0; f < 4; f++) {
			double mean = 0;

			for (int x = 0; x < 10; x++)
				mean += y[i][10 * f + x] / 10;
			for (int x = 0; x < 10; x++)
				p[i][10 * f + x] = mean;
		}
	ck_assert_double_lt(fabs(pairs_value("vrmse", &s, SAMPLES) - sqrt(0.9)), 1e-6);
	memset(y, 0, sizeof y);
	ck_assert(isinf(pairs_value("nrmse_pdebench", &s, SAMPLES)) ||
		  isnan(pairs_value("nrmse_pdebench", &s, SAMPLES)));
	ck_assert_double_gt(pairs_value("rel_l1_percent", &s, SAMPLES), 1e6);
}
END_TEST

/* Two frames of one channel. Predictions 0 1 2 3 4 and targets 0.5 2.5 4.5 6.5 8.5, the second frame 10 more: of both
 * sides the distribution functions are furthest apart at 4, by 1 - 2/5. In another order all stay. */
START_TEST(distances_of_sets)
{
	static const struct metric_shape s = { .n_time = 2, .n_channel = 1, .n_dims = 0 };
	double a[10], b[10], energy = 0;

	for (int i = 0; i < SAMPLES; i++)
		for (int t = 0; t < 2; t++) {
			p[i][t] = a[2 * i + t] = (i * 2) % 5 + 10 * t;
			y[i][t] = b[2 * i + t] = 2 * i + 0.5 + 10 * t;
		}
	for (int i = 0; i < 10; i++)
		for (int j = 0; j < 10; j++)
			energy += (2 * fabs(a[i] - b[j]) - fabs(a[i] - a[j]) - fabs(b[i] - b[j])) / 100;
	ck_assert_double_eq_tol(pairs_value("energy_distance", &s, SAMPLES), energy, 1e-12);
	ck_assert_double_eq_tol(pairs_value("ks_distance", &s, SAMPLES), 0.6, 1e-12);
	ck_assert_double_eq_tol(pairs_value("mean_gap", &s, SAMPLES), 2.5 / sqrt(8), 1e-12);
	ck_assert_double_eq_tol(pairs_value("std_gap", &s, SAMPLES), 0.5, 1e-12);
	ck_assert_double_eq_tol(pairs_part("ks_distance", &s, SAMPLES, METRIC_BY_TIME, "t=1"), 0.6, 1e-12);
}
END_TEST

/* Means (1, 2) and (0, 0), covariances diag(5, 5) / 2 and diag(20, 20) / 2 of equal shape: |m|^2 + 2 (sqrt(10) -
 * sqrt(2.5))^2. A shift along one of two axes: projections shift by its cosine, whose mean square is 1/2. */
START_TEST(transport)
{
	static const struct metric_shape s = { .n_time = 1, .n_channel = 2, .n_dims = 0 };
	static const double corner[5][2] = { { 2, 1 }, { -2, -1 }, { 1, -2 }, { -1, 2 }, { 0, 0 } };

	for (int i = 0; i < SAMPLES; i++)
		for (int k = 0; k < 2; k++) {
			p[i][k] = corner[i][k] + 1 + k;
			y[(i + 2) % SAMPLES][k] = 2 * corner[i][k];
		}
	ck_assert_double_eq_tol(pairs_value("frechet", &s, SAMPLES), 5 + 2 * pow(sqrt(10) - sqrt(2.5), 2), 1e-10);
	for (int i = 0; i < SAMPLES; i++)
		for (int k = 0; k < 2; k++)
			y[(i + 2) % SAMPLES][k] = p[i][k] + 3 * (k == 0);
	ck_assert_double_eq_tol(pairs_value("w1", &s, SAMPLES), 1.5, 1e-12);
	ck_assert_double_eq_tol(pairs_value("sliced_w2", &s, SAMPLES), 3 * sqrt(0.5), 0.3);
	ck_assert_double_eq_tol(pairs_value("frechet", &s, SAMPLES), 9, 1e-10);
}
END_TEST

/* ---- laws for every entry of the table ---- */

static const struct metric_class *entry(int n)
{
	for (int i = 0; metric_files[i]; i++)
		for (int k = 0; metric_files[i][k]; k++)
			if (n-- == 0)
				return metric_files[i][k];
	return NULL;
}

static int entries(void)
{
	int n = 0;

	while (entry(n))
		n++;
	return n;
}

START_TEST(laws)
{
	const struct metric_class *c = entry(_i);
	/* an absolute error grows with the data, some with its square; a relative one stays */
	bool frechet = strcmp(c->name, "frechet") == 0, square = frechet || strncmp(c->name, "mse", 3) == 0,
	     absolute = square || strcmp(c->name, "mae") == 0 || strcmp(c->name, "energy_distance") == 0 ||
			strcmp(c->name, "sliced_w2") == 0 || strcmp(c->name, "w1") == 0;
	/* roots of eigenvalues that should vanish */
	const double rounding = frechet ? 1e-6 : 1e-12;

	ck_assert(c->name && c->formula && c->source && c->begin && c->add && c->end);
	ck_assert_ptr_eq(metric_find(c->name), c);
	/* the largest number stays the largest only if signs do */
	const double factor = strcmp(c->name, "accuracy") == 0 ? 1000 : -1000;
	absolute = absolute || (strstr(c->name, "_pdebench") && strcmp(c->name, "nrmse_pdebench") != 0);
	for (int k = 0; k < SHAPES; k++) {
		const struct metric_shape *s = &pairs_shape[k];
		double before, after, wanted;

		if (!pairs_fits(c, s))
			continue;
		pairs_draw(20);
		before = pairs_value(c->name, s, SAMPLES);
		ck_assert(before > 0 || c->higher_is_better); /* few classes are met by chance */
		for (int i = 0; i < SAMPLES; i++)
			for (int x = 0; x < MOST; x++) {
				p[i][x] *= factor;
				y[i][x] *= factor;
			}
		after = pairs_value(c->name, s, SAMPLES);
		wanted = before * (square ? 1e6 : absolute ? 1e3 : 1);
		ck_assert_msg(fabs(after - wanted) <= 1e-4 * wanted, "%s scales to %g, not %g", c->name, after, wanted);
		/* samples in another order */
		for (int x = 0; x < MOST; x++) {
			double t = p[0][x], u = y[0][x];

			p[0][x] = p[3][x];
			y[0][x] = y[3][x];
			p[3][x] = t;
			y[3][x] = u;
		}
		ck_assert_double_le(fabs(pairs_value(c->name, s, SAMPLES) - after), rounding * after);
		/* one value that is no number spoils the metric, wherever it is */
		for (int x = 0; x < metric_count(s); x += 1 + (int)metric_count(s) / 7) {
			double kept = p[1][x];
			bool inner = strcmp(c->name, "brmse_pdebench") == 0;

			p[1][x] = NAN;
			ck_assert_msg(isnan(pairs_value(c->name, s, SAMPLES)) || inner, "%s overlooks NaN at %d",
				      c->name, x);
			p[1][x] = kept;
		}
		memcpy(p, y, sizeof p);
		ck_assert_double_le(fabs(pairs_value(c->name, s, SAMPLES) - c->higher_is_better),
				    frechet ? rounding * after : 0);
	}
}
END_TEST

/* Rows by frame and channel are the metric of that part alone. */
START_TEST(parts)
{
	const struct metric_class *c = entry(_i);
	const struct metric_shape *s = &pairs_shape[2];
	static const double times[] = { 0.25, 1.5 };
	static const char *const channels[] = { "Vx", "Vy" };
	struct metric_shape named = *s, one = *s;
	int64_t n = metric_points(s);

	named.time = times;
	named.channel_name = channels;
	one.n_time = 1;
	pairs_draw(21);
	double second = pairs_part(c->name, s, SAMPLES, METRIC_BY_TIME, "t=1"),
	       by_name = pairs_part(c->name, &named, SAMPLES, METRIC_BY_TIME, "t=1.5"),
	       channel = pairs_part(c->name, &named, SAMPLES, METRIC_BY_CHANNEL, "channel=Vy");
	ck_assert_double_eq(second, by_name);
	ck_assert(isnan(pairs_part(c->name, s, SAMPLES, 0, "t=1")));
	for (int i = 0; i < SAMPLES; i++) {
		memmove(p[i], p[i] + 2 * n, (size_t)(2 * n) * sizeof(double));
		memmove(y[i], y[i] + 2 * n, (size_t)(2 * n) * sizeof(double));
	}
	ck_assert_double_eq(pairs_value(c->name, &one, SAMPLES), second);
	pairs_draw(21);
	one = *s;
	one.n_channel = 1;
	for (int i = 0; i < SAMPLES; i++)
		for (int64_t t = 0; t < 2; t++) {
			memmove(p[i] + t * n, p[i] + (2 * t + 1) * n, (size_t)n * sizeof(double));
			memmove(y[i] + t * n, y[i] + (2 * t + 1) * n, (size_t)n * sizeof(double));
		}
	ck_assert_double_eq(pairs_value(c->name, &one, SAMPLES), channel);
}
END_TEST

START_TEST(names)
{
	ck_assert_ptr_null(metric_find("rel_l3"));
	ck_assert_str_eq(metric_nearest("rel_l3"), "rel_l2");
	ck_assert_ptr_null(metric_nearest("something quite different"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metrics");
	TCase *t = tcase_create("metrics");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, constant_error);
	tcase_add_test(t, sine_error);
	tcase_add_test(t, trivial_predictions);
	tcase_add_test(t, distances_of_sets);
	tcase_add_test(t, transport);
	tcase_add_loop_test(t, laws, 0, entries());
	tcase_add_loop_test(t, parts, 0, entries());
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
