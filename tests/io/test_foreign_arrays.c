/* test_foreign_arrays.c: .pt, .npy, .npz and .mat files built here, opened through their layouts: what becomes a
 * sample, time, channel, input, target, parameter; strides; refusals. */
#include <check.h>
#include <math.h>

#include "io/containers.h"
#include "io/foreign.h"
#include "io/npy.h"

extern const struct layout_class *const layout_file_layout_torch[], *const layout_file_layout_mat5[];
extern const struct layout_class *const layout_file_layout_numpy[], *const layout_file_layout_refuse[];

static const char *save(const char *name, struct bytes *b)
{
	const char *path = scratch(name);

	write_file(path, b->at, b->n);
	drop(b);
	return path;
}

static void save_torch(const char *path, const struct bytes *pickle, int n, const struct bytes *storage)
{
	struct zip_builder z = { 0 };
	struct bytes file;

	zip_put(&z, "any_name/data.pkl", pickle->at, pickle->n, false);
	zip_put(&z, "any_name/byteorder", "little", 6, false);
	for (int i = 0; i < n; i++) {
		char name[64];

		snprintf(name, sizeof name, "any_name/data/%d", i);
		zip_put(&z, name, storage[i].at, storage[i].n, false);
	}
	zip_put(&z, "any_name/version", "3\n", 2, false);
	file = zip_finish(&z);
	write_file(path, file.at, file.n);
	drop(&file);
}

static void open_good(struct source *s, const struct layout_class *const *list, const char *path)
{
	struct err e = { 0 };

	ck_assert_msg(foreign_open(s, list, path, &e) == 0, "%s", e.message);
}

static void open_bad(const struct layout_class *const *list, const char *path, const char *says)
{
	struct source s;
	struct err e = { 0 };

	ck_assert_int_eq(foreign_open(&s, list, path, &e), -1);
	ck_assert_msg(strstr(e.message, says) != NULL, "%s", e.message);
	ck_assert_msg(strncmp(e.message, path, strlen(path)) == 0, "%s", e.message);
	unlink(path);
}

/* burgers_test_16.pt: half-open part of a longer storage, a target with time, a 1 x 1 viscosity. */
START_TEST(torch_offset_stride_time)
{
	const int64_t n = 5, points = 4, frames = 3, before = 7;
	struct bytes pickle = { 0 }, storage[3] = { { 0 } };
	const char *path = scratch("burgers.pt");
	struct source s;
	double *x, *y;

	for (int64_t i = 0; i < n * points; i++) {
		double v = (double)i;

		put(&storage[0], &v, 8);
	}
	/* y(sample, t, x) stored as (x, t, all 12 samples), of which ours start at 7 */
	for (int64_t i = 0; i < points * frames * (n + before); i++) {
		double v = 1000 + (double)i;

		put(&storage[1], &v, 8);
	}
	put(&storage[2], &(double){ 0.01 }, 8);
	put_text(&pickle, "\x80\2}(");
	pickle_text(&pickle, "x");
	pickle_tensor(&pickle, "DoubleStorage", "0", n * points, 0, 2, (int64_t[]){ n, points },
		      (int64_t[]){ points, 1 });
	pickle_text(&pickle, "y");
	pickle_tensor(&pickle, "DoubleStorage", "1", points * frames * (n + before), before, 3,
		      (int64_t[]){ n, frames, points }, (int64_t[]){ 1, n + before, frames * (n + before) });
	pickle_text(&pickle, "visc");
	pickle_tensor(&pickle, "DoubleStorage", "2", 1, 0, 2, (int64_t[]){ 1, 1 }, (int64_t[]){ 1, 1 });
	put_text(&pickle, "u.");
	save_torch(path, &pickle, 3, storage);
	open_good(&s, layout_file_layout_torch, path);
	ck_assert_int_eq(s.layout.n_samples, n);
	ck_assert_str_eq(foreign_axes(&s, "x"), "x:4");
	ck_assert_str_eq(foreign_axes(&s, "y"), "t:3 x:4");
	ck_assert_int_eq(s.layout.n_params, 1);
	ck_assert_str_eq(s.layout.param[0].name, "visc");
	ck_assert_double_eq(s.layout.param[0].value, 0.01);
	x = foreign_read(&s, "x", NULL);
	y = foreign_read(&s, "y", NULL);
	for (int64_t i = 0; i < n; i++)
		for (int64_t t = 0; t < frames; t++)
			for (int64_t k = 0; k < points; k++) {
				ck_assert_double_eq(x[i * points + k], (double)(i * points + k));
				ck_assert_double_eq(y[(i * frames + t) * points + k],
						    (double)(1000 + before + i + (n + before) * (t + frames * k)));
			}
	free(x), free(y);
	/* A part: samples 2 and 3, frames 0 and 2. */
	y = malloc(2 * 2 * 4 * sizeof *y);
	ck_assert_int_eq(s.class->read(&s, layout_find_field(&s.layout, "y"), 2, 2, 0, 2, 2, DTYPE_F64, y, NULL), 0);
	ck_assert_double_eq(y[1 * 8 + 1 * 4 + 3], (double)(1000 + before + 3 + (n + before) * (2 + frames * 3)));
	free(y);
	foreign_close(&s);
	drop(&pickle);
	for (int i = 0; i < 3; i++)
		drop(&storage[i]);
	unlink(path);
}
END_TEST

/* mini_car.pt: an item of the list is a sample. */
START_TEST(torch_list_of_samples)
{
	const char *path = scratch("cars.pt");
	struct bytes pickle = { 0 }, storage = { 0 };
	struct source s;
	double *v;

	for (int i = 0; i < 3 * 12; i++)
		put(&storage, &(float){ (float)i }, 4);
	put_text(&pickle, "\x80\2](");
	for (int i = 0; i < 3; i++) {
		put_text(&pickle, "}(");
		pickle_text(&pickle, "vertices");
		pickle_tensor(&pickle, "FloatStorage", "0", 36, 12 * i, 2, (int64_t[]){ 4, 3 }, (int64_t[]){ 3, 1 });
		pickle_text(&pickle, "press");
		pickle_tensor(&pickle, "FloatStorage", "0", 36, 12 * i, 2, (int64_t[]){ 1, 5 }, (int64_t[]){ 5, 1 });
		put_text(&pickle, "u");
	}
	put_text(&pickle, "e.");
	save_torch(path, &pickle, 1, &storage);
	open_good(&s, layout_file_layout_torch, path);
	ck_assert_int_eq(s.layout.n_samples, 3);
	ck_assert_str_eq(foreign_axes(&s, "vertices"), "channel:3 point:4");
	ck_assert_str_eq(foreign_axes(&s, "press"), "channel1:1 point5:5");
	v = foreign_read(&s, "vertices", NULL);
	for (int i = 0; i < 3; i++)
		for (int c = 0; c < 3; c++)
			for (int p = 0; p < 4; p++)
				ck_assert_double_eq(v[i * 12 + c * 4 + p], 12 * i + 3 * p + c);
	free(v);
	foreign_close(&s);
	drop(&pickle), drop(&storage);
	unlink(path);
}
END_TEST

START_TEST(torch_refusals)
{
	const char *path = scratch("bad.pt");
	struct bytes pickle = { 0 }, storage = { 0 };
	struct zip_builder z = { 0 };
	struct bytes file;

	put(&storage, "\0\0\0\0\0\0\0\0", 8);
	put_text(&pickle, "\x80\2cmypackage.models\nNet\n.");
	save_torch(path, &pickle, 1, &storage);
	open_bad(layout_file_layout_torch, path, "mypackage.models.Net");
	drop(&pickle);
	/* Beyond its storage, and a storage that is not there. */
	put_text(&pickle, "\x80\2}(");
	pickle_text(&pickle, "x");
	pickle_tensor(&pickle, "FloatStorage", "0", 2, 1, 1, (int64_t[]){ 2 }, (int64_t[]){ 1 });
	put_text(&pickle, "u.");
	save_torch(path, &pickle, 1, &storage);
	open_bad(layout_file_layout_torch, path, "beyond");
	save_torch(path, &pickle, 0, &storage);
	open_bad(layout_file_layout_torch, path, "missing");
	drop(&pickle);
	zip_put(&z, "archive/data.pkl", "N.", 2, true);
	file = zip_finish(&z);
	open_bad(layout_file_layout_torch, save("none.pt", &file), "no array");
	drop(&storage);
}
END_TEST

/* Every byte of the pickle changed, inside an archive whose checksums agree: nothing but errors and successes. */
START_TEST(torch_damaged_pickle)
{
	const char *path = scratch("fuzz.pt");
	struct bytes pickle = { 0 }, storage = { 0 };

	for (int i = 0; i < 12; i++)
		put(&storage, &(float){ (float)i }, 4);
	put_text(&pickle, "\x80\2}(");
	pickle_text(&pickle, "x");
	pickle_tensor(&pickle, "FloatStorage", "0", 12, 0, 2, (int64_t[]){ 3, 4 }, (int64_t[]){ 4, 1 });
	pickle_text(&pickle, "y");
	pickle_tensor(&pickle, "HalfStorage", "0", 24, 2, 2, (int64_t[]){ 3, 4 }, (int64_t[]){ 1, 3 });
	put_text(&pickle, "u.");
	for (size_t i = 0; i < pickle.n; i++)
		for (int change = 0; change < 4; change++) {
			struct source s;
			unsigned char old = pickle.at[i];

			pickle.at[i] = (unsigned char)(change == 0   ? 0
						       : change == 1 ? 255
								     : old ^ (change == 2 ? 1 : 64));
			save_torch(path, &pickle, 1, &storage);
			if (foreign_open(&s, layout_file_layout_torch, path, NULL) == 0) {
				for (int f = 0; f < s.layout.n_fields; f++) {
					int64_t n = foreign_count(&s, f);
					double *out = n > 0 && n < 10000 ? malloc((size_t)n * 8) : NULL;

					if (out && s.layout.n_samples > 0)
						s.class->read(&s, f, s.layout.n_samples - 1, 1, 0,
							      foreign_frames(&s, f), 1, DTYPE_F64, out, NULL);
					free(out);
				}
				foreign_close(&s);
			}
			pickle.at[i] = old;
		}
	drop(&pickle), drop(&storage);
	unlink(path);
}
END_TEST

static struct bytes npy_of(const struct shape *shape, double start)
{
	struct bytes b = { 0 };
	size_t n;
	void *header = npy_header(DTYPE_F64, shape, &n);

	put(&b, header, n);
	free(header);
	for (int64_t i = 0; i < shape_count(shape); i++)
		put(&b, &(double){ start + (double)i }, 8);
	return b;
}

START_TEST(numpy_layouts)
{
	struct shape ape = shape_of(4, 3, 2, 5), plain = shape_of(4, 2, 5, 6), cell = shape_of(6, 2, 3);
	struct bytes b = npy_of(&ape, 0);
	const char *path = save("advection_train.npy", &b);
	struct source s;
	double *u;

	open_good(&s, layout_file_layout_numpy, path);
	ck_assert_str_eq(foreign_axes(&s, "u"), "t:3 channel:2 x:5");
	ck_assert_int_eq(s.layout.n_samples, 4);
	ck_assert_int_eq(s.layout.field[0].role, ROLE_TRAJECTORY);
	ck_assert(foreign_axis(&s, 0, 2)->periodic);
	u = foreign_read(&s, "u", NULL);
	for (int i = 0; i < 120; i++)
		ck_assert_double_eq(u[i], i);
	free(u);
	foreign_close(&s);
	unlink(path);
	b = npy_of(&plain, 0);
	path = save("any.npy", &b);
	open_good(&s, layout_file_layout_numpy, path);
	ck_assert_str_eq(foreign_axes(&s, s.layout.field[0].name), "channel:2 x:5 y:6");
	foreign_close(&s);
	unlink(path);
	/* Elasticity: samples on the last axis. */
	b = npy_of(&cell, 0);
	path = save("Random_UnitCell_XY_10.npy", &b);
	open_good(&s, layout_file_layout_numpy, path);
	ck_assert_int_eq(s.layout.n_samples, 3);
	u = foreign_read(&s, s.layout.field[0].name, NULL);
	ck_assert_double_eq(u[1 * 12 + 1 * 6 + 4], 4 * 6 + 1 * 3 + 1);
	free(u);
	foreign_close(&s);
	unlink(path);
}
END_TEST

/* Burgers.npz: x, t and usol(x, t), deflated. */
START_TEST(npz_reference_solution)
{
	struct zip_builder z = { 0 };
	struct shape nx = shape_of(6, 1), nt = shape_of(4, 1), both = shape_of(6, 4), lone = shape_of(5, 3);
	struct bytes x = npy_of(&nx, -3), t = npy_of(&nt, 0), u = npy_of(&both, 100), n = npy_of(&lone, 0), file;
	const char *path;
	struct source s;
	double *v;

	zip_put(&z, "usol.npy", u.at, u.n, true);
	zip_put(&z, "t.npy", t.at, t.n, true);
	zip_put(&z, "x.npy", x.at, x.n, false);
	file = zip_finish(&z);
	path = save("Burgers.npz", &file);
	open_good(&s, layout_file_layout_numpy, path);
	ck_assert_str_eq(foreign_axes(&s, "u"), "t:4 x:6");
	ck_assert(foreign_axis(&s, 0, 1)->periodic); /* -3 .. 2, of -3 .. 3 */
	ck_assert_double_eq(foreign_axis(&s, 0, 1)->length, 6);
	v = foreign_read(&s, "u", NULL);
	ck_assert_double_eq(v[3 * 6 + 5], 100 + 5 * 4 + 3);
	ck_assert_double_eq(v[2 * 6 + 1], 100 + 1 * 4 + 2);
	free(v);
	foreign_close(&s);
	unlink(path);
	/* Nothing tells x from t when both have the same length. */
	z = (struct zip_builder){ 0 };
	zip_put(&z, "t.npy", t.at, t.n, true);
	zip_put(&z, "x.npy", t.at, t.n, true);
	drop(&u);
	both = shape_of(4, 4);
	u = npy_of(&both, 0);
	zip_put(&z, "usol.npy", u.at, u.n, true);
	file = zip_finish(&z);
	open_bad(layout_file_layout_numpy, save("square.npz", &file), "same length");
	drop(&x), drop(&t), drop(&u), drop(&n);
}
END_TEST

/* Doubles counting up in MATLAB's order, first axis fastest. */
static void add_matrix(struct bytes *b, const char *name, int rank, const int32_t *dim)
{
	struct bytes m = mat_matrix(name, 6, rank, dim, false), values = { 0 };
	int64_t n = 1;

	for (int k = 0; k < rank; k++)
		n *= dim[k];
	for (int64_t i = 0; i < n; i++)
		put(&values, &(double){ (double)i }, 8);
	mat_element(&m, 9, values.at, values.n, false);
	mat_packed(b, &m, false);
	drop(&values), drop(&m);
}

START_TEST(fno_navier_stokes)
{
	struct bytes b = { 0 };
	const char *path;
	struct source s;
	double *u;

	mat_header(&b, false);
	add_matrix(&b, "u", 4, (int32_t[]){ 15, 3, 4, 5 });
	add_matrix(&b, "a", 3, (int32_t[]){ 15, 3, 4 });
	add_matrix(&b, "t", 2, (int32_t[]){ 1, 5 });
	path = save("ns.mat", &b);
	open_good(&s, layout_file_layout_mat5, path);
	ck_assert_int_eq(s.layout.n_samples, 15);
	ck_assert_str_eq(foreign_axes(&s, "a"), "x:3 y:4");
	ck_assert_str_eq(foreign_axes(&s, "u"), "t:5 x:3 y:4");
	ck_assert_int_eq(s.layout.field[layout_find_field(&s.layout, "a")].role, ROLE_INPUT);
	ck_assert_int_eq(s.layout.field[layout_find_field(&s.layout, "u")].role, ROLE_TRAJECTORY);
	/* 1000 and 200 of 1200: the last sixth is the test set. */
	ck_assert_int_eq(s.layout.n_splits, 2);
	ck_assert_str_eq(s.layout.split[0].name, "train");
	ck_assert_int_eq(s.layout.split[0].last, 13);
	ck_assert_int_eq(s.layout.split[1].first, 13);
	ck_assert_int_eq(s.layout.split[1].last, 15);
	u = foreign_read(&s, "u", NULL);
	for (int i = 0; i < 15; i++)
		for (int t = 0; t < 5; t++)
			for (int x = 0; x < 3; x++)
				for (int y = 0; y < 4; y++)
					ck_assert_double_eq(u[((i * 5 + t) * 3 + x) * 4 + y],
							    i + 15 * (x + 3 * (y + 4 * t)));
	free(u);
	foreign_close(&s);
	unlink(path);
}
END_TEST

START_TEST(fno_darcy_names)
{
	struct bytes b = { 0 };
	struct source s;
	const struct axis *x;
	const char *path;

	mat_header(&b, false);
	add_matrix(&b, "coeff", 3, (int32_t[]){ 6, 5, 5 });
	add_matrix(&b, "sol", 3, (int32_t[]){ 6, 5, 5 });
	add_matrix(&b, "Kcoeff", 3, (int32_t[]){ 6, 5, 5 });
	path = save("piececonst_r5_N6_smooth2.mat", &b);
	open_good(&s, layout_file_layout_mat5, path);
	ck_assert_str_eq(foreign_axes(&s, "sol"), "x:5 y:5");
	ck_assert_int_eq(s.layout.field[layout_find_field(&s.layout, "coeff")].role, ROLE_INPUT);
	ck_assert_int_eq(s.layout.field[layout_find_field(&s.layout, "sol")].role, ROLE_TARGET);
	ck_assert_int_eq(s.layout.field[layout_find_field(&s.layout, "Kcoeff")].role, ROLE_NONE);
	ck_assert_int_eq(s.layout.n_splits, 1);
	ck_assert_str_eq(s.layout.split[0].name, "test");
	x = foreign_axis(&s, 0, 0);
	ck_assert(!x->periodic);
	ck_assert_double_eq(x->coordinate[4], 1); /* points include the boundary */
	foreign_close(&s);
	unlink(path);
	/* One matrix under a name of its own (py2d) is one field. */
	mat_header(&b, false);
	add_matrix(&b, "Omega", 2, (int32_t[]){ 4, 6 });
	path = save("1.mat", &b);
	open_good(&s, layout_file_layout_mat5, path);
	ck_assert_int_eq(s.layout.n_samples, 1);
	ck_assert_str_eq(foreign_axes(&s, "Omega"), "x:4 y:6");
	foreign_close(&s);
	unlink(path);
}
END_TEST

/* NLS.mat: a complex solution gets a channel axis of real and imaginary part. */
START_TEST(complex_solution)
{
	struct bytes b = { 0 }, m, values = { 0 };
	struct source s;
	const char *path;
	double *u;

	mat_header(&b, false);
	add_matrix(&b, "x", 2, (int32_t[]){ 1, 4 });
	add_matrix(&b, "tt", 2, (int32_t[]){ 1, 3 });
	m = mat_matrix("uu", 6 | 0x800, 2, (int32_t[]){ 4, 3 }, false);
	for (int i = 0; i < 12; i++)
		put(&values, &(double){ i }, 8);
	mat_element(&m, 9, values.at, values.n, false);
	for (int i = 0; i < 12; i++)
		((double *)(void *)values.at)[i] = -i;
	mat_element(&m, 9, values.at, values.n, false);
	mat_element(&b, 14, m.at, m.n, false);
	drop(&m), drop(&values);
	path = save("NLS.mat", &b);
	open_good(&s, layout_file_layout_mat5, path);
	ck_assert_str_eq(foreign_axes(&s, "u"), "t:3 channel:2 x:4");
	u = foreign_read(&s, "u", NULL);
	for (int t = 0; t < 3; t++)
		for (int x = 0; x < 4; x++) {
			ck_assert_double_eq(u[(t * 2 + 0) * 4 + x], x + 4 * t);
			ck_assert_double_eq(u[(t * 2 + 1) * 4 + x], -(x + 4 * t));
		}
	free(u);
	foreign_close(&s);
	unlink(path);
}
END_TEST

START_TEST(formats_refused_by_name)
{
	static const struct {
		const char *head;
		size_t n;
		const char *says;
	} table[] = {
		{ "CDF\1\0\0\0\0", 8, "nccopy" },
		{ "CDF\5\0\0\0\0", 8, "classic netCDF" },
		{ "GRIB\0\0\0\1", 8, "cdo" },
		{ "% comment\n\n@RELATION iris\n", 26, "ARFF" },
		{ "#c\n@problemName BasicMotions\n", 29, "sktime" },
		{ "\x1f\x8b\x08\0", 4, "gunzip" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const char *path = scratch("refused");

		write_file(path, table[i].head, table[i].n);
		open_bad(layout_file_layout_refuse, path, table[i].says);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("foreign layouts that hold plain arrays");
	TCase *t = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, torch_offset_stride_time);
	tcase_add_test(t, torch_list_of_samples);
	tcase_add_test(t, torch_refusals);
	tcase_add_test(t, torch_damaged_pickle);
	tcase_add_test(t, numpy_layouts);
	tcase_add_test(t, npz_reference_solution);
	tcase_add_test(t, fno_navier_stokes);
	tcase_add_test(t, fno_darcy_names);
	tcase_add_test(t, complex_solution);
	tcase_add_test(t, formats_refused_by_name);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
