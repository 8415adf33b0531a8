/* test_foreign_shared.c: the published files among the reference data, against facts known from elsewhere: statistics
 * measured with the producer's own reader, the same set in another container, closed forms of initial states. */
#include <check.h>
#include <math.h>

#include "io/foreign.h"

extern const struct layout_class *const layout_file_layout_torch[], *const layout_file_layout_mat5[];

static double h5_value(hid_t file, const char *name, double *out, size_t n)
{
	hid_t set = H5Dopen2(file, name, H5P_DEFAULT);

	ck_assert_int_ge(set, 0);
	ck_assert_int_eq((hssize_t)n, H5Sget_simple_extent_npoints(H5Dget_space(set)));
	ck_assert_int_ge(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out), 0);
	H5Dclose(set);
	return out[0];
}

START_TEST(darcy_container_agrees_with_hdf5)
{
	const char *pt = shared("darcy_test_16.pt"), *h5 = shared("darcy16.h5");
	const size_t n = 50 * 16 * 16;
	struct source s;
	struct err e = { 0 };
	double *x, *y, *reference, sum = 0, square = 0, low = INFINITY, high = -INFINITY, x_sum = 0;
	hid_t file;

	if (!pt || !h5)
		return;
	ck_assert_msg(foreign_open(&s, layout_file_layout_torch, pt, &e) == 0, "%s", e.message);
	ck_assert_int_eq(s.layout.n_samples, 50);
	ck_assert_int_eq(s.layout.n_fields, 2);
	ck_assert_int_eq(s.layout.n_splits, 0);
	ck_assert_str_eq(foreign_axes(&s, "x"), "x:16 y:16");
	ck_assert_str_eq(foreign_axes(&s, "y"), "x:16 y:16");
	ck_assert_int_eq(s.layout.field[layout_find_field(&s.layout, "x")].role, ROLE_INPUT);
	ck_assert_int_eq(s.layout.field[layout_find_field(&s.layout, "y")].role, ROLE_TARGET);
	x = foreign_read(&s, "x", NULL);
	y = foreign_read(&s, "y", NULL);
	for (size_t i = 0; i < n; i++) {
		ck_assert(x[i] == 0 || x[i] == 1);
		x_sum += x[i];
		sum += y[i];
		square += y[i] * y[i];
		low = fmin(low, y[i]);
		high = fmax(high, y[i]);
	}
	ck_assert_double_eq(x_sum, 6298); /* of 12800 */
	reference = malloc(n * sizeof *reference);
	file = H5Fopen(h5, H5F_ACC_RDONLY, H5P_DEFAULT);
	h5_value(file, "test/x", reference, n);
	ck_assert_mem_eq(x, reference, n * sizeof *x);
	h5_value(file, "test/y", reference, n);
	ck_assert_mem_eq(y, reference, n * sizeof *y);
	H5Fclose(file);
	/* As h5dump shows the same set in HDF5; the strides put the sample axis innermost. */
	ck_assert_double_eq_tol(low, -0.11912135, 1e-7);
	ck_assert_double_eq_tol(high, 1.90150821, 1e-7);
	ck_assert_double_eq_tol(sum / (double)n, 0.398506779, 1e-8);
	ck_assert_double_eq_tol(sqrt(square / (double)n - pow(sum / (double)n, 2)), 0.347380677, 1e-8);
	ck_assert_double_eq_tol(y[8 * 16 + 8], 0.517728627, 1e-8);
	free(reference);
	free(x);
	free(y);
	foreign_close(&s);
}
END_TEST

START_TEST(burgers_initial_state)
{
	const char *path = shared("burgers_shock.mat");
	struct source s;
	struct err e = { 0 };
	const struct axis *t, *x;
	double *u;

	if (!path)
		return;
	ck_assert_msg(foreign_open(&s, layout_file_layout_mat5, path, &e) == 0, "%s", e.message);
	ck_assert_int_eq(s.layout.n_samples, 1);
	ck_assert_str_eq(foreign_axes(&s, "u"), "t:100 x:256");
	ck_assert_int_eq(s.layout.field[0].role, ROLE_TRAJECTORY);
	t = foreign_axis(&s, 0, 0);
	x = foreign_axis(&s, 0, 1);
	ck_assert_double_eq(x->coordinate[0], -1);
	ck_assert_double_eq(x->coordinate[255], 1);
	ck_assert(!x->periodic);
	ck_assert_double_eq_tol(t->coordinate[99], 0.99, 1e-12);
	u = foreign_read(&s, "u", NULL);
	for (int i = 0; i < 256; i++)
		ck_assert_double_eq_tol(u[i], -sin(acos(-1) * x->coordinate[i]), 2e-16);
	/* Boundary values stay 0 in time, the shock stands at 0. */
	for (int k = 0; k < 100; k++) {
		ck_assert_double_eq_tol(u[k * 256], 0, 1e-9);
		ck_assert_double_eq_tol(u[k * 256 + 127], -u[k * 256 + 128], 1e-9);
	}
	free(u);
	foreign_close(&s);
}
END_TEST

START_TEST(allen_cahn_initial_state)
{
	const char *path = shared("AC.mat");
	struct source s;
	struct err e = { 0 };
	const struct axis *x;
	double *u, frames[3 * 512];

	if (!path)
		return;
	ck_assert_msg(foreign_open(&s, layout_file_layout_mat5, path, &e) == 0, "%s", e.message);
	ck_assert_str_eq(foreign_axes(&s, "u"), "t:201 x:512");
	x = foreign_axis(&s, 0, 1);
	ck_assert(x->periodic);
	ck_assert_double_eq_tol(x->length, 2, 1e-12);
	ck_assert_double_eq_tol(foreign_axis(&s, 0, 0)->coordinate[200], 1, 1e-12);
	u = foreign_read(&s, "u", NULL);
	for (int i = 0; i < 512; i++) {
		double z = x->coordinate[i];

		ck_assert_double_eq_tol(u[i], z * z * cos(acos(-1) * z), 1e-15);
	}
	/* Frames 5, 55, 105 alone, in single precision and back. */
	ck_assert_int_eq(s.class->read(&s, 0, 0, 1, 5, 3, 50, DTYPE_F64, frames, &e), 0);
	for (int k = 0; k < 3; k++)
		ck_assert_mem_eq(frames + (size_t)k * 512, u + (size_t)(5 + 50 * k) * 512, 512 * sizeof *u);
	free(u);
	foreign_close(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("foreign files of the reference data");
	TCase *t = tcase_create("shared");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, darcy_container_agrees_with_hdf5);
	tcase_add_test(t, burgers_initial_state);
	tcase_add_test(t, allen_cahn_initial_state);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
