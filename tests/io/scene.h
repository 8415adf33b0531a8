/* scene.h: what the tests of lib/io share: a private folder, a small layout and closed-form values for it. */
#ifndef SCIML_TESTS_IO_SCENE_H
#define SCIML_TESTS_IO_SCENE_H

#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/dataset.h"
#include "io/h5out.h"
#include "io/output.h"

static char scene_folder[64];

static inline void scene_enter(void)
{
	strcpy(scene_folder, "/tmp/sciml-io-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scene_folder));
	ck_assert_int_eq(chdir(scene_folder), 0);
}

/* Number of names in the folder, hidden ones included. */
static inline int scene_files(void)
{
	DIR *folder = opendir(".");
	int n = 0;

	for (struct dirent *entry; (entry = readdir(folder));)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(folder);
	return n;
}

static inline void scene_leave(void)
{
	DIR *folder = opendir(scene_folder);

	ck_assert_int_eq(chdir(scene_folder), 0);
	for (struct dirent *entry; (entry = readdir(folder));)
		remove(entry->d_name);
	closedir(folder);
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(scene_folder);
}

/* a(sample, x) in float32, u(sample, t, x) in float64, mask(x) for all samples. */
static inline struct layout scene_layout(int64_t samples, int64_t times, int64_t points)
{
	struct layout l = { .n_samples = samples };
	double *x = xcalloc((size_t)points, sizeof *x);
	int t_axis, x_axis;

	for (int64_t i = 0; i < points; i++)
		x[i] = (double)i / (double)points;
	t_axis = layout_add_axis(&l, "t", AXIS_TIME, times, NULL, false, 0);
	x_axis = layout_add_axis(&l, "x", AXIS_SPACE, points, x, true, 1);
	layout_add_field(&l, "a", DTYPE_F32, ROLE_INPUT, 1, (int[]){ x_axis });
	layout_add_field(&l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, (int[]){ t_axis, x_axis });
	layout_add_field(&l, "mask", DTYPE_F32, ROLE_NONE, 1, (int[]){ x_axis });
	l.field[2].per_sample = false;
	layout_add_split(&l, "train", 0, samples - samples / 4);
	layout_add_split(&l, "test", samples - samples / 4, samples);
	layout_add_param(&l, "nu", 0.1);
	l.equation = xstrdup("u_t = nu*u_xx - u*u_x");
	free(x);
	return l;
}

static inline double scene_value(int field, int64_t sample, int64_t element)
{
	return field == 2 ? (double)(element % 2) : sin(0.1 * (double)(sample * 1000 + element) + field);
}

/* Samples first .. first+count-1 of a field as doubles. */
static inline double *scene_values(const struct layout *l, int field, int64_t first, int64_t count)
{
	int64_t n = layout_field_count(l, field);
	double *v = xcalloc((size_t)(count * n), sizeof *v);

	for (int64_t i = 0; i < count; i++)
		for (int64_t k = 0; k < n; k++)
			v[i * n + k] = scene_value(field, first + i, k);
	return v;
}

static inline struct h5_meta scene_meta(void)
{
	return (struct h5_meta){ .command = "sciml-gen burgers",
				 .config = "problem:\n  name: burgers\n  n: 64\n",
				 .kind = "data",
				 .inputs = "",
				 .seed = 7 };
}

static inline void scene_write(struct h5out *w, const struct layout *l)
{
	struct h5_meta m = scene_meta();

	h5out_fields(w, l);
	for (int f = 0; f < l->n_fields; f++) {
		int64_t n = l->field[f].per_sample ? l->n_samples : 1;
		double *v = scene_values(l, f, 0, n);

		h5out_samples(w, f, 0, n, DTYPE_F64, v);
		free(v);
	}
	h5out_meta(w, &m);
}

static inline void scene_file(const char *path, int64_t samples, int64_t times, int64_t points)
{
	struct layout l = scene_layout(samples, times, points);
	struct err e = { 0 };
	struct h5out *w = h5out_open(path, &e);

	ck_assert_msg(w != NULL, "%s", e.message);
	scene_write(w, &l);
	ck_assert_msg(h5out_close(w, &e) == 0, "%s", e.message);
	layout_free(&l);
}

static inline char *scene_slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	struct stat info;
	char *data;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fstat(fileno(f), &info), 0);
	*n = (size_t)info.st_size;
	data = xmalloc(*n + 1);
	ck_assert_uint_eq(fread(data, 1, *n, f), *n);
	fclose(f);
	return data;
}

static inline void scene_spill(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, n, f), n);
	fclose(f);
}

static inline bool scene_same(const char *path, const char *other)
{
	size_t n, m;
	char *a = scene_slurp(path, &n), *b = scene_slurp(other, &m);
	bool same = n == m && memcmp(a, b, n) == 0;

	free(a);
	free(b);
	return same;
}

/* Every value of a set equals the closed form; first: the file's sample that the set's sample 0 is. */
static inline void scene_check(struct dataset *d, int64_t first)
{
	const struct layout *l = dataset_layout(d);
	struct err e = { 0 };

	for (int f = 0; f < l->n_fields; f++) {
		int64_t n = layout_field_count(l, f), *index = xcalloc((size_t)l->n_samples, sizeof *index);
		double *v = xcalloc((size_t)(l->n_samples * n), sizeof *v);

		for (int64_t i = 0; i < l->n_samples; i++)
			index[i] = i;
		ck_assert_msg(dataset_read(d, f, l->n_samples, index, DTYPE_F64, v, &e) == 0, "%s", e.message);
		for (int64_t i = 0; i < l->n_samples * n; i++) {
			double want = scene_value(f, first + i / n, i % n);

			if (l->field[f].dtype == DTYPE_F32)
				want = (float)want;
			ck_assert_msg(v[i] == want, "field %d, element %lld: %g, not %g", f, (long long)i, v[i], want);
		}
		free(v);
		free(index);
	}
}

static inline struct dataset *scene_open(const char *spec)
{
	struct err e = { 0 };
	struct dataset *d;

	ck_assert_msg(dataset_open(&d, spec, NULL, &e) == 0, "%s", e.message);
	return d;
}

/* Opening fails with this code and message. */
static inline void scene_refuses(const char *spec, enum err_code code, const char *message)
{
	struct err e = { 0 };
	struct dataset *d;

	ck_assert_int_eq(dataset_open(&d, spec, NULL, &e), -1);
	ck_assert_str_eq(e.message, message);
	ck_assert_int_eq(e.code, code);
	ck_assert_ptr_null(d);
}

/* First value of field u of each sample, which tells the samples apart. */
static inline void scene_samples(struct dataset *d, int n, const int *sample)
{
	struct err e = { 0 };
	double v[200];

	ck_assert_int_eq(dataset_layout(d)->n_samples, n);
	for (int64_t i = 0; i < n; i++) {
		ck_assert_msg(dataset_read_frames(d, 1, i, 0, 1, 1, DTYPE_F64, v, &e) == 0, "%s", e.message);
		ck_assert_double_eq(v[0], scene_value(1, sample[i], 0));
	}
}

/* Run the one suite of a program. */
static inline int scene_run(const char *name, int n, const TTest *const *tests, double seconds)
{
	Suite *s = suite_create(name);
	TCase *c = tcase_create(name);
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, seconds);
	tcase_add_checked_fixture(c, scene_enter, scene_leave);
	for (int i = 0; i < n; i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
