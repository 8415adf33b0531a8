/* test_foreign_well.c: The Well's files built from its specification, and what our writers of The Well and PDEBench
 * leave on disk: read back bit-equal, and object by object against the specifications. */
#include <check.h>
#include <math.h>

#include "base/log.h"
#include "io/dataset.h"
#include "io/foreign.h"
#include "io/h5build.h"
#include "io/pdebench.h"
#include "io/well.h"

static const signed char yes = 1, no = 0;

static hid_t create(const char *path)
{
	h5_setup();
	log_setup("test", LOG_QUIET);
	return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
}

static void varying(hid_t file, const char *object, bool sample, bool time)
{
	build_flags(file, object, "sample_varying", -1, sample ? &yes : &no);
	build_flags(file, object, "time_varying", -1, time ? &yes : &no);
}

/* density, a mask along x alone, velocity, stress; 3 trajectories of 4 frames on 5 x 3. */
static void build_well(const char *path, double start, int density_rank_error)
{
	static const char *const dims[] = { "x", "y" }, *const t0[] = { "density", "mask" };
	static const char *const scalars[] = { "tcool", "drive" }, *const x_only[] = { "x" };
	hid_t file = create(path);
	long long n = 3, n_dims = 2;

	build_texts(file, "/", "dataset_name", -1, (const char *const[]){ "test" });
	build_texts(file, "/", "simulation_parameters", 1, scalars);
	build_number(file, "/", "tcool", 0.03);
	build_attribute(file, "/", "n_trajectories", H5T_NATIVE_LLONG, -1, &n);
	build_attribute(file, "/", "n_spatial_dims", H5T_NATIVE_LLONG, -1, &n_dims);
	build_line(file, "dimensions/time", 4, 0, 0.5);
	build_line(file, "dimensions/x", 5, 0, 0.2);
	build_line(file, "dimensions/y", 3, 0, 0.5);
	build_texts(file, "dimensions", "spatial_dims", 2, dims);
	build_group(file, "boundary_conditions/x_periodic");
	build_texts(file, "boundary_conditions/x_periodic", "associated_dims", 1, x_only);
	build_attribute(file, "boundary_conditions/x_periodic", "associated_fields", H5T_NATIVE_DOUBLE, 0, NULL);
	build_texts(file, "boundary_conditions/x_periodic", "bc_type", -1, (const char *const[]){ "Periodic" });
	build_array(file, "t0_fields/density", start, 0, DIMS(3, 4, 5, 3));
	build_array(file, "t0_fields/mask", 7, 0, DIMS(5));
	build_texts(file, "t0_fields", "field_names", 2, t0);
	varying(file, "t0_fields/density", true, !density_rank_error);
	build_flags(file, "t0_fields/density", "dim_varying", 2, (const signed char[]){ 1, 1 });
	varying(file, "t0_fields/mask", false, false);
	build_flags(file, "t0_fields/mask", "dim_varying", 2, (const signed char[]){ 1, 0 });
	build_array(file, "t1_fields/velocity", start, H5Z_FILTER_DEFLATE, DIMS(3, 4, 5, 3, 2));
	build_texts(file, "t1_fields", "field_names", -1, (const char *const[]){ "velocity" });
	varying(file, "t1_fields/velocity", true, true);
	build_flags(file, "t1_fields/velocity", "dim_varying", 2, (const signed char[]){ 1, 1 });
	build_array(file, "t2_fields/stress", start, 0, DIMS(3, 4, 5, 3, 2, 2));
	build_texts(file, "t2_fields", "field_names", -1, (const char *const[]){ "stress" });
	varying(file, "t2_fields/stress", true, true);
	build_flags(file, "t2_fields/stress", "dim_varying", 2, (const signed char[]){ 1, 1 });
	build_line(file, "scalars/tcool", 1, 0.03, 0);
	build_line(file, "scalars/drive", 4, 1, 2);
	build_texts(file, "scalars", "field_names", 2, scalars);
	varying(file, "scalars/tcool", false, false);
	varying(file, "scalars/drive", false, true);
	H5Fclose(file);
}

static struct dataset *open_set(const char *spec, const char *layout)
{
	struct dataset *d;
	struct err e = { 0 };

	ck_assert_msg(dataset_open(&d, spec, NULL, &e) == 0, "%s", e.message);
	ck_assert_str_eq(dataset_layout_name(d), layout);
	return d;
}

/* All samples of a field as float32. */
static float *read_all(struct dataset *d, const char *name, int64_t *size)
{
	const struct layout *l = dataset_layout(d);
	int f = layout_find_field(l, name);
	int64_t index[64], n = l->n_samples, count;
	float *out;
	struct err e = { 0 };

	ck_assert_msg(f >= 0, "no field %s", name);
	ck_assert_int_le(n, 64);
	count = layout_field_count(l, f);
	for (int64_t i = 0; i < n; i++)
		index[i] = i;
	out = calloc((size_t)(n * count), sizeof *out);
	ck_assert_msg(dataset_read(d, f, n, index, DTYPE_F32, out, &e) == 0, "%s", e.message);
	if (size)
		*size = n * count;
	return out;
}

static const struct axis *axis_of(const struct layout *l, const char *name)
{
	for (int i = 0; i < l->n_axes; i++)
		if (strcmp(l->axis[i].name, name) == 0)
			return &l->axis[i];
	ck_abort_msg("no axis %s", name);
	return NULL;
}

START_TEST(reads_every_kind_of_field)
{
	const char *path = scratch("turbulence.hdf5");
	struct dataset *d;
	const struct layout *l;
	float *u, *v, *s, *m, *drive;

	build_well(path, 0, 0);
	d = open_set(path, "well");
	l = dataset_layout(d);
	ck_assert_int_eq(l->n_samples, 3);
	ck_assert_int_eq(l->n_fields, 5);
	ck_assert(axis_of(l, "x")->periodic);
	ck_assert_double_eq_tol(axis_of(l, "x")->length, 1, 1e-12);
	ck_assert(!axis_of(l, "y")->periodic);
	ck_assert_double_eq_tol(axis_of(l, "y")->length, 1, 1e-12);
	ck_assert_int_eq(l->n_params, 1);
	ck_assert_double_eq(l->param[0].value, 0.03);
	ck_assert(!l->field[layout_find_field(l, "mask")].per_sample);
	u = read_all(d, "density", NULL);
	v = read_all(d, "velocity", NULL);
	s = read_all(d, "stress", NULL);
	m = read_all(d, "mask", NULL);
	drive = read_all(d, "drive", NULL);
	ck_assert_double_eq(m[4], 11);
	ck_assert_double_eq(drive[3], 7);
	for (int b = 0; b < 3; b++)
		for (int t = 0; t < 4; t++)
			for (int p = 0; p < 15; p++) {
				int at = (b * 4 + t) * 15 + p;

				ck_assert_double_eq(u[at], at);
				for (int c = 0; c < 2; c++)
					ck_assert_double_eq(v[((b * 4 + t) * 2 + c) * 15 + p], at * 2 + c);
				for (int c = 0; c < 4; c++)
					ck_assert_double_eq(s[((b * 4 + t) * 4 + c) * 15 + p], at * 4 + c);
			}
	free(u), free(v), free(s), free(m), free(drive);
	dataset_close(d);
	/* Attributes that disagree with the extents. */
	build_well(path, 0, 1);
	{
		struct err e = { 0 };

		ck_assert_int_eq(dataset_open(&d, path, NULL, &e), -1);
		ck_assert_msg(strstr(e.message, "promise (3, 5, 3)") != NULL, "%s", e.message);
		ck_assert_msg(strstr(e.message, "(3, 4, 5, 3)") != NULL, "%s", e.message);
	}
	unlink(path);
}
END_TEST

START_TEST(reads_a_directory)
{
	char folder[512], file[600];
	static const char *const part[] = { "data", "data/train", "data/test" };
	struct dataset *d, *test;
	struct err e = { 0 };
	float *u;

	snprintf(folder, sizeof folder, "%s", scratch("gas"));
	ck_assert_int_eq(mkdir(folder, 0777), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(file, sizeof file, "%s/%s", folder, part[i]);
		ck_assert_int_eq(mkdir(file, 0777), 0);
	}
	for (int i = 0; i < 3; i++) {
		snprintf(file, sizeof file, "%s/data/%s/part_%d.hdf5", folder, i < 2 ? "train" : "test", i);
		build_well(file, 1000 * i, 0);
	}
	d = open_set(folder, "well");
	ck_assert_int_eq(dataset_layout(d)->n_samples, 9);
	u = read_all(d, "density", NULL);
	for (int i = 0; i < 9; i++)
		ck_assert_double_eq(u[i * 60], 1000 * (i / 3) + 60 * (i % 3));
	free(u);
	ck_assert_int_eq(dataset_select(&test, d, "test", &e), 0);
	ck_assert_int_eq(dataset_layout(test)->n_samples, 3);
	u = read_all(test, "density", NULL);
	ck_assert_double_eq(u[0], 2000);
	free(u);
	dataset_close(test);
	dataset_close(d);
	for (int i = 0; i < 3; i++) {
		snprintf(file, sizeof file, "%s/data/%s/part_%d.hdf5", folder, i < 2 ? "train" : "test", i);
		unlink(file);
	}
	for (int i = 2; i >= 0; i--) {
		snprintf(file, sizeof file, "%s/%s", folder, part[i]);
		rmdir(file);
	}
	rmdir(folder);
}
END_TEST

/* A set in memory: values that need every bit of a float32. */
static struct dataset *make_set(int n_channels, bool flow)
{
	static const char *const names[] = { "density", "pressure", "Vx", "Vy" };
	const double x[4] = { 0.125, 0.375, 0.625, 0.875 }, y[3] = { 0.25, 0.5, 0.75 }, t[5] = { 0, 0.5, 1, 1.5, 2 };
	struct layout l = { .n_samples = 20 };
	struct dataset *d;
	struct err e = { 0 };
	int axes[4], n = 0;
	void *data[4];

	axes[n++] = layout_add_axis(&l, "t", AXIS_TIME, 5, t, false, 0);
	if (n_channels)
		axes[n++] = layout_add_axis(&l, "vector", AXIS_CHANNEL, n_channels, NULL, false, 0);
	axes[n++] = layout_add_axis(&l, "x", AXIS_SPACE, 4, x, true, 1);
	axes[n++] = layout_add_axis(&l, "y", AXIS_SPACE, 3, y, false, 1);
	for (int i = 0; i < (flow ? 4 : 1); i++) {
		int64_t count = 20 * 5 * 12 * (n_channels ? n_channels : 1);
		float *v = malloc((size_t)count * sizeof *v);

		layout_add_field(&l, flow ? names[i] : "u", DTYPE_F32, ROLE_TRAJECTORY, n, axes);
		for (int64_t k = 0; k < count; k++)
			v[k] = (float)sin(1.0 + 0.37 * (double)k + i);
		data[i] = v;
	}
	layout_add_param(&l, "nu", 0.1);
	layout_add_split(&l, "train", 0, 15);
	layout_add_split(&l, "test", 15, 20);
	ck_assert_int_eq(dataset_from_memory(&d, "made", "memory", &l, data, &e), 0);
	return d;
}

static void same_values(struct dataset *a, struct dataset *b, const char *in_a, const char *in_b)
{
	int64_t n, m;
	float *u = read_all(a, in_a, &n), *v = read_all(b, in_b, &m);

	ck_assert_int_eq(n, m);
	ck_assert_mem_eq(u, v, (size_t)n * sizeof *u);
	free(u), free(v);
}

static void check_extents(hid_t file, const char *name, int rank, const hsize_t *want)
{
	hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);
	hsize_t dim[H5S_MAX_RANK];

	ck_assert_int_eq(H5Sget_simple_extent_dims(space, dim, NULL), rank);
	for (int k = 0; k < rank; k++)
		ck_assert_uint_eq(dim[k], want[k]);
	H5Sclose(space);
	H5Dclose(set);
}

START_TEST(writes_pdebench)
{
	const char *path = scratch("out.hdf5");
	struct dataset *d = make_set(0, false), *back;
	struct err e = { 0 };
	hid_t file, set, type;
	double t[6], nu;

	h5_setup();
	ck_assert_msg(pdebench_write(d, path, "a: 1\n", &e) == 0, "%s", e.message);
	back = open_set(path, "pdebench");
	ck_assert_int_eq(dataset_layout(back)->n_samples, 20);
	same_values(d, back, "u", "tensor");
	ck_assert_double_eq(axis_of(dataset_layout(back), "x")->coordinate[3], 0.875);
	ck_assert_double_eq(axis_of(dataset_layout(back), "t")->coordinate[4], 2);
	dataset_close(back);
	file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	check_extents(file, "tensor", DIMS(20, 5, 4, 3));
	check_extents(file, "t-coordinate", DIMS(6));
	set = H5Dopen2(file, "tensor", H5P_DEFAULT);
	type = H5Dget_type(set);
	ck_assert_int_gt(H5Tequal(type, H5T_IEEE_F32LE), 0);
	H5Tclose(type);
	H5Dclose(set);
	set = H5Dopen2(file, "t-coordinate", H5P_DEFAULT);
	H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, t);
	ck_assert_double_eq(t[5], 2.5);
	H5Dclose(set);
	set = H5Aopen(file, "nu", H5P_DEFAULT);
	H5Aread(set, H5T_NATIVE_DOUBLE, &nu);
	ck_assert_double_eq(nu, 0.1);
	H5Aclose(set);
	ck_assert_int_gt(H5Aexists(file, "config"), 0);
	H5Fclose(file);
	dataset_close(d);
	d = make_set(0, true);
	ck_assert_msg(pdebench_write(d, path, NULL, &e) == 0, "%s", e.message);
	back = open_set(path, "pdebench");
	same_values(d, back, "Vy", "Vy");
	same_values(d, back, "density", "density");
	dataset_close(back);
	dataset_close(d);
	/* Several channels have no place there. */
	d = make_set(2, false);
	ck_assert_int_eq(pdebench_write(d, path, NULL, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "one channel"));
	dataset_close(d);
	unlink(path);
}
END_TEST

/* NumPy's booleans: an enumeration over int8 of FALSE = 0 and TRUE = 1. */
static void check_bool_type(hid_t type)
{
	signed char v = -1;

	ck_assert_int_eq(H5Tget_class(type), H5T_ENUM);
	ck_assert_uint_eq(H5Tget_size(type), 1);
	ck_assert_int_eq(H5Tget_nmembers(type), 2);
	ck_assert_int_ge(H5Tenum_valueof(type, "TRUE", &v), 0);
	ck_assert_int_eq(v, 1);
	ck_assert_int_ge(H5Tenum_valueof(type, "FALSE", &v), 0);
	ck_assert_int_eq(v, 0);
}

static herr_t check_object(hid_t file, const char *name, const H5O_info_t *info, void *count)
{
	static const char *const flag[] = { "sample_varying", "time_varying" };

	if (info->type != H5O_TYPE_DATASET)
		return 0;
	++*(int *)count;
	for (int k = 0; k < 2; k++) {
		hid_t a = H5Aopen_by_name(file, name, flag[k], H5P_DEFAULT, H5P_DEFAULT), type;

		ck_assert_msg(a >= 0, "%s has no %s", name, flag[k]);
		type = H5Aget_type(a);
		check_bool_type(type);
		H5Tclose(type);
		H5Aclose(a);
	}
	if (strncmp(name, "t0_", 3) == 0 || strncmp(name, "t1_", 3) == 0)
		ck_assert_int_gt(H5Aexists_by_name(file, name, "dim_varying", H5P_DEFAULT), 0);
	return 0;
}

START_TEST(writes_the_well)
{
	const char *path = scratch("made.hdf5");
	char stats[512];
	struct dataset *d = make_set(2, false), *back;
	struct err e = { 0 };
	hid_t file, set, type;
	int n_sets = 0;
	size_t n;
	char *text;
	double sum = 0, rms = 0, mean;
	float *u;

	h5_setup();
	ck_assert_msg(well_write(d, path, NULL, &e) == 0, "%s", e.message);
	back = open_set(path, "well");
	same_values(d, back, "u", "u");
	ck_assert(axis_of(dataset_layout(back), "x")->periodic);
	ck_assert_double_eq(axis_of(dataset_layout(back), "x")->coordinate[3], 0.875);
	ck_assert_double_eq(dataset_layout(back)->param[0].value, 0.1);
	dataset_close(back);
	file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	check_extents(file, "t1_fields/u", DIMS(20, 5, 4, 3, 2));
	ck_assert_int_gt(H5Lexists(file, "t0_fields", H5P_DEFAULT), 0);
	ck_assert_int_gt(H5Lexists(file, "t2_fields", H5P_DEFAULT), 0);
	ck_assert_int_gt(H5Lexists(file, "scalars/nu", H5P_DEFAULT), 0);
	ck_assert_int_gt(H5Aexists(file, "nu"), 0);
	ck_assert_int_gt(H5Aexists(file, "simulation_parameters"), 0);
	set = H5Dopen2(file, "boundary_conditions/x_periodic/mask", H5P_DEFAULT);
	ck_assert_int_ge(set, 0);
	type = H5Dget_type(set);
	check_bool_type(type);
	H5Tclose(type);
	H5Dclose(set);
	ck_assert_int_gt(H5Lexists(file, "boundary_conditions/y_open/mask", H5P_DEFAULT), 0);
	H5Ovisit1(file, H5_INDEX_NAME, H5_ITER_INC, check_object, &n_sets);
	ck_assert_int_eq(n_sets, 3 + 2 + 1 + 1); /* dimensions, masks, parameter, field */
	H5Fclose(file);
	/* stats.yaml of component 0, against sums made here. */
	u = read_all(d, "u", NULL);
	for (int i = 0; i < 100; i++)
		for (int p = 0; p < 12; p++) {
			sum += (double)u[i * 24 + p];
			rms += (double)u[i * 24 + p] * (double)u[i * 24 + p];
		}
	free(u);
	mean = sum / 1200;
	snprintf(stats, sizeof stats, "%s", scratch("stats.yaml"));
	text = (char *)read_file(stats, &n);
	text[n] = 0;
	{
		char want[64];

		snprintf(want, sizeof want, "mean:\n  u:\n  - %.4e\n", mean);
		ck_assert_msg(strncmp(text, want, strlen(want)) == 0, "%s", text);
		snprintf(want, sizeof want, "std:\n  u:\n  - %.4e\n", sqrt(rms / 1200 - mean * mean));
		ck_assert_msg(strstr(text, want) != NULL, "%s", text);
		snprintf(want, sizeof want, "rms:\n  u:\n  - %.4e\n", sqrt(rms / 1200));
		ck_assert_msg(strstr(text, want) != NULL, "%s", text);
		ck_assert_ptr_nonnull(strstr(text, "rms_delta:\n"));
	}
	free(text);
	dataset_close(d);
	unlink(stats);
	unlink(path);
}
END_TEST

START_TEST(writes_npy)
{
	const char *path = scratch("u_train.npy");
	struct dataset *d = make_set(2, false), *back;
	const struct layout_class *npy = layout_find("npy");
	struct err e = { 0 };
	size_t n;
	unsigned char *bytes;

	h5_setup();
	ck_assert_msg(npy->write(d, path, NULL, &e) == 0, "%s", e.message);
	back = open_set(path, "npy");
	same_values(d, back, "u", "u");
	ck_assert_int_eq(layout_field_count(dataset_layout(back), 0), 5 * 2 * 12);
	bytes = read_file(path, &n);
	ck_assert_uint_eq(n, 128 + 20 * 5 * 2 * 12 * 4);
	free(bytes);
	dataset_close(back);
	dataset_close(d);
	/* Four trajectories are no single array. */
	d = make_set(0, true);
	ck_assert_int_eq(npy->write(d, path, NULL, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "4 fields"));
	dataset_close(d);
	unlink(path);
}
END_TEST

START_TEST(writes_a_directory_by_splits)
{
	static const char *const left[] = {
		"data/train/set.hdf5", "data/test/set.hdf5", "stats.yaml", "data/train", "data/test", "data", ""
	};
	char folder[512], file[600];
	struct dataset *d = make_set(0, false), *back, *test;
	struct err e = { 0 };
	int64_t n;
	float *u, *v;

	snprintf(folder, sizeof folder, "%s", scratch("set"));
	h5_setup();
	ck_assert_msg(well_write(d, folder, NULL, &e) == 0, "%s", e.message);
	back = open_set(folder, "well");
	same_values(d, back, "u", "u");
	ck_assert_int_eq(dataset_select(&test, back, "test", &e), 0);
	ck_assert_int_eq(dataset_layout(test)->n_samples, 5);
	u = read_all(test, "u", &n);
	v = read_all(d, "u", NULL);
	ck_assert_mem_eq(u, v + (size_t)15 * 60, (size_t)n * sizeof *u);
	free(u), free(v);
	dataset_close(test);
	dataset_close(back);
	dataset_close(d);
	for (int i = 0; i < 7; i++) {
		snprintf(file, sizeof file, "%s/%s", folder, left[i]);
		ck_assert_msg((i < 3 ? unlink(file) : rmdir(file)) == 0, "%s", file);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("The Well, and writers of foreign layouts");
	TCase *t = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, reads_every_kind_of_field);
	tcase_add_test(t, reads_a_directory);
	tcase_add_test(t, writes_pdebench);
	tcase_add_test(t, writes_the_well);
	tcase_add_test(t, writes_npy);
	tcase_add_test(t, writes_a_directory_by_splits);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
