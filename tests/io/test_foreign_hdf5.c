/* test_foreign_hdf5.c: PDEBench A to D, MATLAB 7.3 and Poseidon files, built with HDF5's own interface as their
 * producers write them, read through their layouts. */
#include <check.h>
#include <math.h>

#include "base/log.h"
#include "io/foreign.h"
#include "io/h5build.h"

extern const struct layout_class *const layout_file_layout_pdebench[], *const layout_file_layout_pdebench_groups[];
extern const struct layout_class *const layout_file_layout_pdebench_incom[], *const layout_file_layout_mat73[];
extern const struct layout_class *const layout_file_layout_poseidon[];

static hid_t create(const char *path)
{
	h5_setup();
	log_setup("test", LOG_QUIET);
	return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
}

static void open_good(struct source *s, const struct layout_class *const *list, const char *path)
{
	struct err e = { 0 };

	ck_assert_msg(foreign_open(s, list, path, &e) == 0, "%s", e.message);
}

static void done(struct source *s, const char *path)
{
	foreign_close(s);
	unlink(path);
}

static void check_split(const struct source *s, const char *name, int64_t first, int64_t last)
{
	for (int i = 0; i < s->layout.n_splits; i++)
		if (strcmp(s->layout.split[i].name, name) == 0) {
			ck_assert_int_eq(s->layout.split[i].first, first);
			ck_assert_int_eq(s->layout.split[i].last, last);
			return;
		}
	ck_abort_msg("no split %s", name);
}

static enum field_role role(const struct source *s, const char *name)
{
	int f = layout_find_field(&s->layout, name);

	ck_assert_int_ge(f, 0);
	return s->layout.field[f].role;
}

START_TEST(pdebench_scalar)
{
	const char *path = scratch("1D_Burgers.hdf5");
	hid_t file = create(path);
	struct source s;
	float part[2 * 2 * 4];
	double *u;

	build_array(file, "tensor", 0, 0, DIMS(20, 5, 4));
	build_line(file, "x-coordinate", 4, 0.125, 0.25);
	build_line(file, "t-coordinate", 6, 0, 0.01);
	build_number(file, "/", "Nu", 0.01);
	H5Fclose(file);
	open_good(&s, layout_file_layout_pdebench, path);
	ck_assert_int_eq(s.layout.n_samples, 20);
	ck_assert_str_eq(foreign_axes(&s, "tensor"), "t:5 x:4");
	ck_assert_int_eq(role(&s, "tensor"), ROLE_TRAJECTORY);
	ck_assert_double_eq_tol(foreign_axis(&s, 0, 0)->coordinate[4], 0.04, 1e-15);
	ck_assert_double_eq_tol(foreign_axis(&s, 0, 1)->length, 1, 1e-15);
	ck_assert(foreign_axis(&s, 0, 1)->periodic);
	check_split(&s, "test", 0, 2);
	check_split(&s, "train", 2, 20);
	ck_assert_int_eq(s.layout.n_params, 1);
	ck_assert_str_eq(s.layout.param[0].name, "Nu");
	ck_assert_double_eq(s.layout.param[0].value, 0.01);
	u = foreign_read(&s, "tensor", NULL);
	for (int i = 0; i < 400; i++)
		ck_assert_double_eq(u[i], i);
	free(u);
	/* Samples 7 and 8, frames 1 and 4. */
	ck_assert_int_eq(s.class->read(&s, 0, 7, 2, 1, 2, 3, DTYPE_F32, part, NULL), 0);
	ck_assert_double_eq(part[0], 7 * 20 + 4);
	ck_assert_double_eq(part[15], 8 * 20 + 19);
	done(&s, path);
}
END_TEST

START_TEST(pdebench_device_axis)
{
	const char *path = scratch("stray.hdf5");
	hid_t file = create(path);
	struct source s;
	double *u;

	build_array(file, "tensor", 0, 0, DIMS(1, 6, 5, 4));
	H5Fclose(file);
	open_good(&s, layout_file_layout_pdebench, path);
	ck_assert_int_eq(s.layout.n_samples, 6);
	ck_assert_str_eq(foreign_axes(&s, "tensor"), "t:5 x:4");
	u = foreign_read(&s, "tensor", NULL);
	ck_assert_double_eq(u[119], 119);
	free(u);
	done(&s, path);
}
END_TEST

START_TEST(pdebench_darcy)
{
	const char *path = scratch("2D_DarcyFlow_beta1.0_Train.hdf5");
	hid_t file = create(path);
	struct source s;
	double *u;

	build_array(file, "tensor", 500, 0, DIMS(10, 1, 4, 3));
	build_array(file, "nu", 0, 0, DIMS(10, 4, 3));
	build_line(file, "x-coordinate", 4, 0.125, 0.25);
	build_line(file, "y-coordinate", 3, 0.125, 0.25);
	build_number(file, "/", "beta", 1);
	H5Fclose(file);
	open_good(&s, layout_file_layout_pdebench, path);
	ck_assert_str_eq(foreign_axes(&s, "nu"), "x:4 y:3");
	ck_assert_str_eq(foreign_axes(&s, "tensor"), "x:4 y:3");
	ck_assert_int_eq(role(&s, "nu"), ROLE_INPUT);
	ck_assert_int_eq(role(&s, "tensor"), ROLE_TARGET);
	ck_assert(!foreign_axis(&s, 0, 0)->periodic);
	u = foreign_read(&s, "tensor", NULL);
	ck_assert_double_eq(u[119], 619);
	free(u);
	done(&s, path);
}
END_TEST

START_TEST(pdebench_flow)
{
	const char *path = scratch("2D_CFD_Rand_trans_Train.hdf5");
	hid_t file = create(path);
	struct source s;
	double *v;

	build_array(file, "Vy", 3000, 0, DIMS(4, 3, 2, 2));
	build_array(file, "Vx", 2000, 0, DIMS(4, 3, 2, 2));
	build_array(file, "density", 0, 0, DIMS(4, 3, 2, 2));
	build_array(file, "pressure", 1000, 0, DIMS(4, 3, 2, 2));
	build_line(file, "t-coordinate", 4, 0, 0.05);
	build_number(file, "/", "M", 0.1);
	H5Fclose(file);
	open_good(&s, layout_file_layout_pdebench, path);
	ck_assert_int_eq(s.layout.n_fields, 4);
	/* The reference loader's order. */
	ck_assert_str_eq(s.layout.field[0].name, "density");
	ck_assert_str_eq(s.layout.field[1].name, "pressure");
	ck_assert_str_eq(s.layout.field[2].name, "Vx");
	ck_assert_str_eq(s.layout.field[3].name, "Vy");
	ck_assert_str_eq(foreign_axes(&s, "Vy"), "t:3 x:2 y:2");
	ck_assert(!foreign_axis(&s, 0, 1)->periodic);
	v = foreign_read(&s, "Vy", NULL);
	ck_assert_double_eq(v[47], 3047);
	free(v);
	done(&s, path);
}
END_TEST

/* Seed groups with a hole and without padding, LZF: channel goes before space. */
START_TEST(pdebench_seed_groups)
{
	static const char *const seed[] = { "0", "1", "3", "10", "2" };
	const char *path = scratch("2D_diff-react_NA_NA.h5");
	hid_t file = create(path);
	struct source s;
	double *u;

	for (int i = 0; i < 5; i++) {
		char name[32];

		snprintf(name, sizeof name, "%s/data", seed[i]);
		build_array(file, name, 1000 * atoi(seed[i]), FILTER_LZF, DIMS(3, 4, 5, 2));
		snprintf(name, sizeof name, "%s/grid/x", seed[i]);
		build_line(file, name, 4, 0.125, 0.25);
		snprintf(name, sizeof name, "%s/grid/y", seed[i]);
		build_line(file, name, 5, 0.1, 0.2);
		snprintf(name, sizeof name, "%s/grid/t", seed[i]);
		build_line(file, name, 3, 0, 0.5);
	}
	H5Fclose(file);
	open_good(&s, layout_file_layout_pdebench_groups, path);
	ck_assert_int_eq(s.layout.n_samples, 5);
	ck_assert_str_eq(foreign_axes(&s, "data"), "t:3 channel:2 x:4 y:5");
	check_split(&s, "train", 0, 4);
	check_split(&s, "test", 4, 5);
	ck_assert_double_eq_tol(foreign_axis(&s, 0, 3)->length, 1, 1e-12);
	u = foreign_read(&s, "data", NULL);
	for (int i = 0; i < 5; i++) {
		static const int number[] = { 0, 1, 2, 3, 10 };

		for (int t = 0; t < 3; t++)
			for (int c = 0; c < 2; c++)
				for (int x = 0; x < 4; x++)
					for (int y = 0; y < 5; y++)
						ck_assert_double_eq(u[(((i * 3 + t) * 2 + c) * 4 + x) * 5 + y],
								    1000 * number[i] + ((t * 4 + x) * 5 + y) * 2 + c);
	}
	free(u);
	done(&s, path);
}
END_TEST

START_TEST(pdebench_unequal_groups)
{
	const char *path = scratch("uneven.h5");
	hid_t file = create(path);
	struct source s;
	struct err e = { 0 };
	float out[100];

	build_array(file, "0000/data", 0, 0, DIMS(3, 4, 1));
	build_line(file, "0000/grid/x", 4, 0, 1);
	build_array(file, "0001/data", 0, 0, DIMS(3, 5, 1));
	build_line(file, "0001/grid/x", 5, 0, 1);
	H5Fclose(file);
	open_good(&s, layout_file_layout_pdebench_groups, path);
	ck_assert_int_eq(s.class->read(&s, 0, 1, 1, 0, 3, 1, DTYPE_F32, out, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "(3, 5, 1)"));
	ck_assert_ptr_nonnull(strstr(e.message, "(3, 4, 1)"));
	done(&s, path);
}
END_TEST

START_TEST(pdebench_incompressible)
{
	const char *path = scratch("ns_incom.h5");
	hid_t file = create(path);
	struct source s;
	long long latest = 3;
	double *v;

	build_array(file, "velocity", 0, FILTER_LZF, DIMS(4, 6, 3, 2, 2));
	build_array(file, "particles", 0, FILTER_LZF, DIMS(4, 6, 3, 2, 1));
	build_array(file, "force", 0, FILTER_LZF, DIMS(4, 3, 2, 2));
	build_array(file, "t", 0, 0, DIMS(4, 6));
	build_attribute(file, "/", "latestIndex", H5T_NATIVE_LLONG, -1, &latest);
	H5Fclose(file);
	open_good(&s, layout_file_layout_pdebench_incom, path);
	/* Unfinished: frames 0 to 3 of 6. */
	ck_assert_str_eq(foreign_axes(&s, "velocity"), "t:4 channel:2 x:3 y:2");
	ck_assert_str_eq(foreign_axes(&s, "particles"), "t:4 channel1:1 x:3 y:2");
	ck_assert_str_eq(foreign_axes(&s, "force"), "channel:2 x:3 y:2");
	ck_assert_int_eq(role(&s, "force"), ROLE_INPUT);
	v = foreign_read(&s, "velocity", NULL);
	for (int i = 0; i < 4; i++)
		for (int t = 0; t < 4; t++)
			for (int c = 0; c < 2; c++)
				for (int p = 0; p < 6; p++)
					ck_assert_double_eq(v[((i * 4 + t) * 2 + c) * 6 + p],
							    ((i * 6 + t) * 6 + p) * 2 + c);
	free(v);
	done(&s, path);
}
END_TEST

static hid_t create_mat73(const char *path)
{
	hid_t how = H5Pcreate(H5P_FILE_CREATE), file;

	h5_setup();
	H5Pset_userblock(how, 512);
	file = H5Fcreate(path, H5F_ACC_TRUNC, how, H5P_DEFAULT);
	H5Pclose(how);
	return file;
}

static void write_user_block(const char *path)
{
	char text[512] = "MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .";
	FILE *f = fopen(path, "r+b");

	text[125] = 2;
	memcpy(text + 126, "IM", 2);
	ck_assert_uint_eq(fwrite(text, 1, sizeof text, f), sizeof text);
	fclose(f);
}

/* u (N, x, y, T) is stored (T, y, x, N). */
START_TEST(matlab_73)
{
	const char *path = scratch("ns_V1e-3_N12_T5.mat");
	hid_t file = create_mat73(path), pair, space, set;
	hsize_t four = 4;
	double z[8] = { 1, 10, 2, 20, 3, 30, 4, 40 };
	struct source s;
	double *u, *a, *part;
	struct err e = { 0 };

	build_array(file, "u", 0, H5Z_FILTER_DEFLATE, DIMS(5, 4, 3, 12));
	build_array(file, "a", 0, H5Z_FILTER_DEFLATE, DIMS(4, 3, 12));
	build_array(file, "t", 1, 0, DIMS(5, 1));
	build_array(file, "note", 0, 0, DIMS(1, 3));
	build_group(file, "#refs#");
	build_fixed_text(file, "u", "MATLAB_class", "double");
	build_fixed_text(file, "a", "MATLAB_class", "double");
	build_fixed_text(file, "t", "MATLAB_class", "double");
	build_fixed_text(file, "note", "MATLAB_class", "char");
	pair = H5Tcreate(H5T_COMPOUND, 16);
	H5Tinsert(pair, "real", 0, H5T_NATIVE_DOUBLE);
	H5Tinsert(pair, "imag", 8, H5T_NATIVE_DOUBLE);
	space = H5Screate_simple(1, &four, NULL);
	set = H5Dcreate2(file, "z", pair, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	H5Dwrite(set, pair, H5S_ALL, H5S_ALL, H5P_DEFAULT, z);
	H5Dclose(set);
	H5Sclose(space);
	H5Tclose(pair);
	build_fixed_text(file, "z", "MATLAB_class", "double");
	H5Fclose(file);
	write_user_block(path);
	open_good(&s, layout_file_layout_mat73, path);
	ck_assert_int_eq(s.layout.n_samples, 12);
	ck_assert_str_eq(foreign_axes(&s, "u"), "t:5 x:3 y:4");
	ck_assert_str_eq(foreign_axes(&s, "a"), "x:3 y:4");
	ck_assert_int_eq(layout_find_field(&s.layout, "note"), -1);
	ck_assert_int_eq(role(&s, "u"), ROLE_TRAJECTORY);
	check_split(&s, "test", 10, 12);
	ck_assert_double_eq(foreign_axis(&s, layout_find_field(&s.layout, "u"), 0)->coordinate[4], 5);
	ck_assert(foreign_axis(&s, layout_find_field(&s.layout, "u"), 1)->periodic); /* ns_*: unit torus */
	u = foreign_read(&s, "u", NULL);
	a = foreign_read(&s, "a", NULL);
	part = calloc(2 * 2 * 12, sizeof *part);
	/* Samples 6 and 7, frames 1 and 3. */
	ck_assert_int_eq(s.class->read(&s, layout_find_field(&s.layout, "u"), 6, 2, 1, 2, 2, DTYPE_F64, part, &e), 0);
	for (int i = 0; i < 12; i++)
		for (int x = 0; x < 3; x++)
			for (int y = 0; y < 4; y++) {
				ck_assert_double_eq(a[(i * 3 + x) * 4 + y], (y * 3 + x) * 12 + i);
				for (int t = 0; t < 5; t++)
					ck_assert_double_eq(u[((i * 5 + t) * 3 + x) * 4 + y],
							    ((t * 4 + y) * 3 + x) * 12 + i);
				if (i == 6 || i == 7)
					ck_assert_double_eq(part[((i - 6) * 2 + 1) * 12 + x * 4 + y],
							    ((3 * 4 + y) * 3 + x) * 12 + i);
			}
	free(u), free(a), free(part);
	ck_assert_str_eq(foreign_axes(&s, "z"), "channel:2 x4:4");
	ck_assert_int_eq(s.class->read(&s, layout_find_field(&s.layout, "z"), 0, 1, 0, 1, 1, DTYPE_F64, z, &e), 0);
	ck_assert_double_eq(z[3], 4);
	ck_assert_double_eq(z[7], 40);
	done(&s, path);
}
END_TEST

START_TEST(poseidon_trajectories)
{
	const char *path = scratch("NS-Sines.nc");
	hid_t file = create(path);
	struct source s;
	double *u;

	build_array(file, "velocity", 0, H5Z_FILTER_DEFLATE, DIMS(200, 3, 2, 2, 2));
	H5Fclose(file);
	open_good(&s, layout_file_layout_poseidon, path);
	ck_assert_str_eq(foreign_axes(&s, "velocity"), "t:3 channel:2 x:2 y:2");
	ck_assert_double_eq(foreign_axis(&s, 0, 0)->coordinate[2], 0.1);
	/* 120 and 240 of 20000: 2 and 3 of 200, at the end. */
	check_split(&s, "train", 0, 195);
	check_split(&s, "valid", 195, 197);
	check_split(&s, "test", 197, 200);
	u = foreign_read(&s, "velocity", NULL);
	ck_assert_double_eq(u[4799], 4799);
	free(u);
	done(&s, path);
}
END_TEST

START_TEST(poseidon_kinds)
{
	const char *path = scratch("SE-AF.nc");
	hid_t file = create(path);
	struct source s;
	double *u, *m;

	build_array(file, "solution", 0, 0, DIMS(5, 2, 3, 3));
	H5Fclose(file);
	open_good(&s, layout_file_layout_poseidon, path);
	ck_assert_int_eq(role(&s, "mask"), ROLE_INPUT);
	ck_assert_int_eq(role(&s, "density"), ROLE_TARGET);
	m = foreign_read(&s, "mask", NULL);
	u = foreign_read(&s, "density", NULL);
	ck_assert_double_eq(m[2 * 9 + 4], 2 * 18 + 4);
	ck_assert_double_eq(u[2 * 9 + 4], 2 * 18 + 9 + 4);
	free(u), free(m);
	done(&s, path);

	path = scratch("Wave-Gauss.nc");
	file = create(path);
	build_array(file, "solution", 0, 0, DIMS(5, 4, 3, 3));
	build_array(file, "c", 0, 0, DIMS(5, 3, 3));
	H5Fclose(file);
	open_good(&s, layout_file_layout_poseidon, path);
	ck_assert_str_eq(foreign_axes(&s, "solution"), "t:4 x:3 y:3");
	ck_assert_str_eq(foreign_axes(&s, "c"), "x:3 y:3");
	ck_assert_int_eq(role(&s, "c"), ROLE_INPUT);
	done(&s, path);

	path = scratch("Helmholtz.h5");
	file = create(path);
	for (int i = 0; i < 11; i++) {
		char name[32];

		snprintf(name, sizeof name, "Sample_%d/a", i);
		build_array(file, name, 100 * i, 0, DIMS(3, 3));
		snprintf(name, sizeof name, "Sample_%d/u", i);
		build_array(file, name, 100 * i + 50, 0, DIMS(3, 3));
		snprintf(name, sizeof name, "Sample_%d/bc", i);
		build_array(file, name, i, 0, 0, NULL);
	}
	H5Fclose(file);
	open_good(&s, layout_file_layout_poseidon, path);
	ck_assert_int_eq(s.layout.n_samples, 11);
	ck_assert_str_eq(foreign_axes(&s, "u"), "x:3 y:3");
	ck_assert_str_eq(foreign_axes(&s, "bc"), "");
	u = foreign_read(&s, "u", NULL);
	m = foreign_read(&s, "bc", NULL);
	ck_assert_double_eq(u[10 * 9 + 8], 1058);
	ck_assert_double_eq(m[10], 10);
	free(u), free(m);
	done(&s, path);
}
END_TEST

/* netCDF packing: value = stored * scale_factor + add_offset, _FillValue becomes NaN. */
START_TEST(netcdf_packing)
{
	const char *path = scratch("packed.nc");
	hid_t file = create(path);
	struct source s;
	double *u;

	build_array(file, "data", 0, 0, DIMS(2, 2, 1, 2, 2));
	build_number(file, "data", "scale_factor", 0.5);
	build_number(file, "data", "add_offset", 10);
	build_number(file, "data", "_FillValue", 3);
	H5Fclose(file);
	open_good(&s, layout_file_layout_poseidon, path);
	u = foreign_read(&s, "data", NULL);
	ck_assert_double_eq(u[0], 10);
	ck_assert_double_eq(u[2], 11);
	ck_assert(isnan(u[3]));
	ck_assert_double_eq(u[15], 17.5);
	free(u);
	done(&s, path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("foreign layouts in HDF5");
	TCase *t = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, pdebench_scalar);
	tcase_add_test(t, pdebench_device_axis);
	tcase_add_test(t, pdebench_darcy);
	tcase_add_test(t, pdebench_flow);
	tcase_add_test(t, pdebench_seed_groups);
	tcase_add_test(t, pdebench_unequal_groups);
	tcase_add_test(t, pdebench_incompressible);
	tcase_add_test(t, matlab_73);
	tcase_add_test(t, poseidon_trajectories);
	tcase_add_test(t, poseidon_kinds);
	tcase_add_test(t, netcdf_packing);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
