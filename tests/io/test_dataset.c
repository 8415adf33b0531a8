/* test_dataset.c: opening, selecting, joining, reading in any order, filters, plain and foreign files. */
#include <lzf.h>

#include "io/h5lzf.h"
#include "io/h5read.h"
#include "io/h5write.h"
#include "io/layout.h"
#include "scene.h"

START_TEST(selections)
{
	struct dataset *d, *view, *inner;
	struct err e = { 0 };

	scene_file("a.h5", 12, 3, 8);
	d = scene_open("a.h5:train");
	ck_assert_int_eq(dataset_layout(d)->n_samples, 9);
	ck_assert(dataset_has_split(d, "test"));
	dataset_close(d);
	d = scene_open("a.h5:test");
	scene_samples(d, 3, (int[]){ 9, 10, 11 });
	dataset_close(d);
	d = scene_open("a.h5:0,5,7-9");
	scene_samples(d, 5, (int[]){ 0, 5, 7, 8, 9 });
	/* Splits of a selection keep their meaning. */
	ck_assert_int_eq(dataset_select(&view, d, "test", &e), 0);
	scene_samples(view, 1, (int[]){ 9 });
	ck_assert_int_eq(dataset_select(&inner, d, "train", &e), 0);
	scene_samples(inner, 4, (int[]){ 0, 5, 7, 8 });
	dataset_close(inner);
	ck_assert_int_eq(dataset_select(&inner, d, "3-", &e), 0);
	scene_samples(inner, 2, (int[]){ 8, 9 });
	dataset_close(d); /* views hold the file themselves */
	scene_samples(view, 1, (int[]){ 9 });
	dataset_close(view);
	scene_samples(inner, 2, (int[]){ 8, 9 });
	dataset_close(inner);
	d = scene_open("a.h5:test,0");
	scene_samples(d, 4, (int[]){ 9, 10, 11, 0 });
	dataset_close(d);
	scene_refuses("a.h5:tset", ERR_USAGE, "a.h5: no split 'tset' (there are: train, test)");
	scene_refuses("a.h5:0-12", ERR_USAGE, "a.h5: samples 0-12: there are 12 (0-11)");
	scene_refuses("a.h5:5-3", ERR_USAGE, "a.h5: samples 5-3: the range runs backwards");
	scene_refuses("a.h5:1x", ERR_USAGE, "a.h5: '1x' is no selection of samples (a split, 5, 0-99 or 100-)");
	scene_refuses("a.h5:1,,2", ERR_USAGE, "a.h5: '1,,2' is no selection of samples (an empty item)");
	scene_refuses("b.h5", ERR_FAIL, "b.h5: no such file or directory");
	ck_assert_int_eq(rename("a.h5", "a:test"), 0);
	d = scene_open("a:test");
	ck_assert_int_eq(dataset_layout(d)->n_samples, 12);
	dataset_close(d);
	d = scene_open("a:test:test");
	ck_assert_int_eq(dataset_layout(d)->n_samples, 3);
	dataset_close(d);
}
END_TEST

START_TEST(joined)
{
	const char *const specs[] = { "a.h5:8-11", "a.h5:test", "b.h5:0" };
	const char *const wrong[] = { "a.h5", "c.h5" };
	struct dataset *d, *view;
	struct err e = { 0 };
	char *one, *two;

	scene_file("a.h5", 12, 3, 8);
	scene_file("b.h5", 4, 3, 8);
	scene_file("c.h5", 4, 3, 9);
	ck_assert_msg(dataset_open_all(&d, 3, specs, NULL, &e) == 0, "%s", e.message);
	scene_samples(d, 8, (int[]){ 8, 9, 10, 11, 9, 10, 11, 0 });
	ck_assert_int_eq(dataset_select(&view, d, "test", &e), 0);
	scene_samples(view, 6, (int[]){ 9, 10, 11, 9, 10, 11 });
	one = dataset_identity(view);
	two = dataset_identity(d);
	ck_assert_str_ne(one, two);
	free(one);
	free(two);
	dataset_close(view);
	dataset_close(d);
	ck_assert_int_eq(dataset_open_all(&d, 2, wrong, NULL, &e), -1);
	ck_assert_str_eq(e.message, "c.h5: field a has shape (9), in a.h5 it is (8)");
	ck_assert_int_eq(e.code, ERR_USAGE);
}
END_TEST

START_TEST(any_order)
{
	const int64_t index[] = { 11, 3, 3, 0, 7, 2, 1, 11, 10 };
	struct dataset *d, *fresh;
	struct err e = { 0 };
	float v[9 * 8], frames[2 * 8];

	scene_file("a.h5", 12, 5, 8);
	d = scene_open("a.h5");
	ck_assert_int_eq(dataset_read(d, 0, 9, index, DTYPE_F32, v, &e), 0);
	for (int i = 0; i < 9; i++)
		for (int k = 0; k < 8; k++)
			ck_assert_float_eq(v[i * 8 + k], (float)scene_value(0, index[i], k));
	fresh = scene_open("a.h5");
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(dataset_read_frames(fresh, 1, 6, 1, 2, 3, DTYPE_F32, frames, &e), 0);
		for (int k = 0; k < 16; k++)
			ck_assert_float_eq(frames[k], (float)scene_value(1, 6, (k / 8 * 3 + 1) * 8 + k % 8));
	}
	ck_assert_int_eq(dataset_read_frames(fresh, 1, 6, 1, 3, 3, DTYPE_F32, frames, &e), -1);
	ck_assert_str_eq(e.message, "a.h5: field u has 5 times, asked for 3 from 1 by 3");
	ck_assert_int_eq(dataset_read(d, 0, 1, &(int64_t){ 12 }, DTYPE_F32, v, &e), -1);
	ck_assert_str_eq(e.message, "a.h5: no sample 12, there are 12");
	dataset_close(fresh);
	dataset_close(d);
}
END_TEST

static void set_value(const char *path, const char *array, int64_t at, double value)
{
	struct err e = { 0 };
	struct tensor t;
	hid_t list = h5_access(), file = H5Fopen(path, H5F_ACC_RDWR, list), id = H5Dopen2(file, array, H5P_DEFAULT);

	ck_assert_int_eq(h5_read_tensor(file, path, array, &t, &e), 0);
	tensor_set(&t, at, value);
	ck_assert_int_ge(H5Dwrite(id, h5_memory_type(t.dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT, t.data), 0);
	tensor_free(&t);
	H5Dclose(id);
	H5Fclose(file);
	H5Pclose(list);
}

/* passing: as for a reader who keeps what it reads; the same values and messages. */
static void check_not_finite(bool passing)
{
	struct dataset *d;
	struct err e = { 0 };
	double v[5 * 8], kept[5 * 8];

	scene_file("a.h5", 12, 5, 8);
	set_value("a.h5", "/data/u", (7 * 5 + 3) * 8 + 2, NAN);
	set_value("a.h5", "/data/a", 4 * 8, INFINITY);
	d = scene_open("a.h5");
	dataset_passing(d, passing);
	ck_assert_int_eq(dataset_read(d, 1, 1, &(int64_t){ 6 }, DTYPE_F64, v, &e), 0);
	dataset_passing(d, false);
	ck_assert_int_eq(dataset_read(d, 1, 1, &(int64_t){ 6 }, DTYPE_F64, kept, &e), 0);
	ck_assert_mem_eq(v, kept, sizeof v);
	dataset_passing(d, passing);
	ck_assert_int_eq(dataset_read(d, 1, 1, &(int64_t){ 7 }, DTYPE_F64, v, &e), -1);
	ck_assert_str_eq(e.message, "a.h5: field u: sample 7, time index 3: the value is NaN");
	ck_assert_int_eq(dataset_read_frames(d, 1, 7, 1, 2, 2, DTYPE_F64, v, &e), -1);
	ck_assert_str_eq(e.message, "a.h5: field u: sample 7, time index 3: the value is NaN");
	ck_assert_int_eq(dataset_read_frames(d, 1, 7, 0, 2, 2, DTYPE_F64, v, &e), 0);
	ck_assert_int_eq(dataset_read(d, 0, 1, &(int64_t){ 4 }, DTYPE_F64, v, &e), -1);
	ck_assert_str_eq(e.message, "a.h5: field a: sample 4: the value is infinite");
	dataset_allow_nonfinite(d, true);
	ck_assert_int_eq(dataset_read(d, 1, 1, &(int64_t){ 7 }, DTYPE_F64, v, &e), 0);
	ck_assert_double_nan(v[3 * 8 + 2]);
	dataset_close(d);
}
START_TEST(not_finite)
{
	check_not_finite(true);
	check_not_finite(false);
}
END_TEST

START_TEST(in_memory)
{
	struct layout l = scene_layout(6, 3, 8);
	struct layout of = layout_copy(&l);
	void *data[3];
	struct dataset *d;
	struct err e = { 0 };

	for (int f = 0; f < 3; f++) {
		int64_t n = layout_field_count(&l, f) * (f == 2 ? 1 : 6);
		double *v = scene_values(&l, f, 0, f == 2 ? 1 : 6);

		data[f] = xcalloc((size_t)n, sizeof(double));
		tensor_convert(DTYPE_F64, v, l.field[f].dtype, data[f], n);
		free(v);
	}
	ck_assert_int_eq(dataset_from_memory(&d, "set", "memory", &of, data, &e), 0);
	ck_assert_int_eq(of.n_fields, 0);
	ck_assert_ptr_null(dataset_meta(d, "config"));
	scene_check(d, 0);
	scene_samples(d, 6, (int[]){ 0, 1, 2, 3, 4, 5 });
	dataset_close(d);
	layout_free(&l);
}
END_TEST

/* A chunk compressed with liblzf itself, stored under filter 32000 past the filter, as h5py would have. */
START_TEST(lzf)
{
	enum { N = 4096 };
	float values[2][N], back[2][N];
	char packed[sizeof values[0]];
	const hsize_t extent[] = { 2, N }, chunk[] = { 1, N };
	const unsigned client[] = { 4, 0x0105, sizeof values[0] };
	struct err e = { 0 };
	unsigned bytes;
	hid_t file, create, space, array;
	hsize_t offset[] = { 0, 0 };

	for (int i = 0; i < 2; i++)
		for (int k = 0; k < N; k++)
			values[i][k] = (float)(k / 64 + i);
	h5_setup();
	file = h5_create("z.h5", "z.h5", &e);
	create = H5Pcreate(H5P_DATASET_CREATE);
	H5Pset_chunk(create, 2, chunk);
	ck_assert_int_ge(H5Pset_filter(create, H5LZF_FILTER, H5Z_FLAG_OPTIONAL, 3, client), 0);
	space = H5Screate_simple(2, extent, NULL);
	array = H5Dcreate2(file, "u", H5T_IEEE_F32LE, space, H5P_DEFAULT, create, H5P_DEFAULT);
	ck_assert_int_ge(array, 0);
	bytes = lzf_compress(values[0], sizeof values[0], packed, sizeof packed);
	ck_assert_uint_gt(bytes, 0);
	ck_assert_uint_lt(bytes, sizeof packed / 4);
	ck_assert_int_ge(H5Dwrite_chunk(array, H5P_DEFAULT, 0, offset, bytes, packed), 0);
	offset[0] = 1; /* one that did not shrink is stored with the filter masked out */
	ck_assert_int_ge(H5Dwrite_chunk(array, H5P_DEFAULT, 1, offset, sizeof values[1], values[1]), 0);
	H5Dclose(array);
	H5Dclose(H5Dcreate2(file, "again", H5T_IEEE_F32LE, space, H5P_DEFAULT, create, H5P_DEFAULT));
	array = H5Dopen2(file, "again", H5P_DEFAULT);
	ck_assert_int_ge(H5Dwrite(array, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
	H5Dclose(array);
	H5Fclose(file);
	H5Sclose(space);
	H5Pclose(create);
	file = H5Fopen("z.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
	for (int k = 0; k < 2; k++) {
		memset(back, 0, sizeof back);
		ck_assert_msg(h5_read_slab(file, "z.h5", k ? "again" : "u", (int64_t[]){ 0, 0 }, (int64_t[]){ 2, N },
					   NULL, DTYPE_F32, back, &e) == 0,
			      "%s", e.message);
		ck_assert_mem_eq(back, values, sizeof values);
	}
	array = H5Dopen2(file, "again", H5P_DEFAULT);
	ck_assert_uint_lt(H5Dget_storage_size(array), sizeof values / 4); /* the filter packs too */
	H5Dclose(array);
	H5Fclose(file);
}
END_TEST

static void put_plain(hid_t file, const char *path, hid_t type, int rank, const int64_t *dim)
{
	struct err e = { 0 };
	struct shape shape = shape_make(rank, dim);
	struct tensor t = tensor_new(DTYPE_F64, &shape);
	hid_t array;

	for (int64_t i = 0; i < shape_count(&shape); i++)
		tensor_set(&t, i, (double)(i % 200));
	array = h5_reserve(file, "p.h5", path, type, &shape, 0, &e);
	ck_assert_int_ge(array, 0);
	ck_assert_int_eq(h5_put_rows(array, "p.h5", path, H5T_NATIVE_DOUBLE, 0, dim[0], t.data, &e), 0);
	H5Dclose(array);
	tensor_free(&t);
}

START_TEST(plain_groups)
{
	struct dataset *d, *test;
	struct err e = { 0 };
	const struct layout *l;
	double v[4];
	int f;
	hid_t file;

	h5_setup();
	file = h5_create("p.h5", "p.h5", &e);
	for (int k = 0; k < 2; k++) {
		const char *group = k ? "test" : "train";
		int64_t n = k ? 3 : 5;
		char path[40];

		/* PDEArena: trajectories with their times and coordinates per sample. */
		snprintf(path, sizeof path, "%s/u", group);
		put_plain(file, path, H5T_IEEE_F64LE, 4, (int64_t[]){ n, 6, 10, 12 });
		snprintf(path, sizeof path, "%s/t", group);
		put_plain(file, path, H5T_IEEE_F64LE, 2, (int64_t[]){ n, 6 });
		snprintf(path, sizeof path, "%s/x", group);
		put_plain(file, path, H5T_IEEE_F64LE, 2, (int64_t[]){ n, 10 });
		snprintf(path, sizeof path, "%s/y", group);
		put_plain(file, path, H5T_IEEE_F64LE, 2, (int64_t[]){ n, 12 });
		snprintf(path, sizeof path, "%s/buo_y", group);
		put_plain(file, path, H5T_IEEE_F64LE, 1, (int64_t[]){ n });
	}
	H5Fclose(file);
	d = scene_open("p.h5");
	ck_assert_str_eq(dataset_layout_name(d), "plain");
	l = dataset_layout(d);
	ck_assert_int_eq(l->n_samples, 8);
	ck_assert_int_eq(l->n_fields, 2);
	f = layout_find_field(l, "u");
	ck_assert_int_eq(l->field[f].role, ROLE_TRAJECTORY);
	ck_assert_int_eq(l->axis[l->field[f].axis[0]].kind, AXIS_TIME);
	ck_assert_str_eq(l->axis[l->field[f].axis[2]].name, "y");
	ck_assert_double_eq(l->axis[l->field[f].axis[2]].coordinate[3], 3);
	ck_assert_int_eq(dataset_select(&test, d, "test", &e), 0);
	f = layout_find_field(l, "buo_y");
	ck_assert_int_eq(dataset_read(test, f, 3, (int64_t[]){ 2, 0, 1 }, DTYPE_F64, v, &e), 0);
	ck_assert(v[0] == 2 && v[1] == 0 && v[2] == 1);
	ck_assert_int_eq(dataset_read(d, f, 4, (int64_t[]){ 4, 5, 3, 6 }, DTYPE_F64, v, &e), 0);
	ck_assert(v[0] == 4 && v[1] == 0 && v[2] == 3 && v[3] == 1);
	dataset_close(test);
	dataset_close(d);
}
END_TEST

START_TEST(plain_images)
{
	struct dataset *d;
	struct err e = { 0 };
	const struct layout *l;
	float v[3 * 7 * 6];
	int f;
	hid_t file;

	h5_setup();
	file = h5_create("p.h5", "p.h5", &e);
	put_plain(file, "images", H5T_STD_U8LE, 4, (int64_t[]){ 9, 7, 6, 3 });
	put_plain(file, "label", H5T_STD_I32BE, 1, (int64_t[]){ 9 });
	put_plain(file, "note", H5T_IEEE_F32BE, 1, (int64_t[]){ 2 });
	H5Fclose(file);
	d = scene_open("p.h5:4");
	l = dataset_layout(d);
	ck_assert_int_eq(l->n_fields, 2);
	f = layout_find_field(l, "images");
	ck_assert_int_eq(l->field[f].dtype, DTYPE_F32);
	ck_assert_int_eq(l->field[f].role, ROLE_TARGET);
	ck_assert_int_eq(l->axis[l->field[f].axis[0]].kind, AXIS_CHANNEL);
	ck_assert_int_eq(dataset_read(d, f, 1, &(int64_t){ 0 }, DTYPE_F32, v, &e), 0);
	for (int c = 0; c < 3; c++)
		for (int i = 0; i < 42; i++)
			ck_assert_float_eq(v[c * 42 + i], (float)((4 * 126 + i * 3 + c) % 200));
	f = layout_find_field(l, "label");
	ck_assert_int_eq(l->field[f].dtype, DTYPE_I32);
	ck_assert_int_eq(dataset_read(d, f, 1, &(int64_t){ 0 }, DTYPE_F32, v, &e), 0);
	ck_assert_float_eq(v[0], 4);
	dataset_close(d);
}
END_TEST

static void put_text(hid_t object, const char *name, const char *text)
{
	hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), attribute;

	H5Tset_size(type, H5T_VARIABLE);
	H5Tset_cset(type, H5T_CSET_UTF8);
	attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	ck_assert_int_ge(H5Awrite(attribute, type, &text), 0);
	H5Aclose(attribute);
	H5Sclose(space);
	H5Tclose(type);
}

/* What the example in sciml-data(5) writes, with texts of variable length and no optional attributes. */
START_TEST(foreign_writer)
{
	struct dataset *d;
	struct err e = { 0 };
	double v[2 * 4];
	hid_t file, id;

	h5_setup();
	file = h5_create("w.h5", "w.h5", &e);
	put_text(file, "format", "sciml");
	put_text(file, "split", "train=0-3 test=4-5");
	ck_assert_int_eq(h5_put_long(file, "w.h5", "/", "format_version", 1, &e), 0);
	ck_assert_int_eq(h5_put_group(file, "w.h5", "/axis", &e) | h5_put_group(file, "w.h5", "/data", &e), 0);
	put_plain(file, "axis/x", H5T_IEEE_F32BE, 1, (int64_t[]){ 4 });
	put_plain(file, "data/a", H5T_STD_I16BE, 2, (int64_t[]){ 6, 4 });
	id = H5Dopen2(file, "axis/x", H5P_DEFAULT);
	put_text(id, "kind", "space");
	H5Dclose(id);
	id = H5Dopen2(file, "data/a", H5P_DEFAULT);
	put_text(id, "axes", "sample x");
	H5Dclose(id);
	H5Fclose(file);
	scene_refuses("w.h5", ERR_FAIL,
		      "w.h5: not complete: the run that writes it has not finished (continue it with --resume)");
	file = H5Fopen("w.h5", H5F_ACC_RDWR, H5P_DEFAULT);
	ck_assert_int_eq(h5_put_long(file, "w.h5", "/", "complete", 1, &e), 0);
	H5Fclose(file);
	d = scene_open("w.h5:test");
	ck_assert_int_eq(dataset_layout(d)->axis[0].size, 4);
	ck_assert_int_eq(dataset_layout(d)->field[0].role, ROLE_NONE);
	ck_assert_int_eq(dataset_read(d, 0, 2, (int64_t[]){ 1, 0 }, DTYPE_F64, v, &e), 0);
	ck_assert(v[0] == 20 && v[7] == 19);
	dataset_close(d);
}
END_TEST

START_TEST(shared_darcy)
{
	const char *folder = getenv("SCIML_SHARED");
	char path[1000];
	struct dataset *d;
	struct err e = { 0 };
	float x[256], y[256];
	int in, out;
	bool binary = true;

	snprintf(path, sizeof path, "%.900s/data/darcy16.h5:test", folder ? folder : ".");
	path[strlen(path) - 5] = '\0';
	if (access(path, R_OK) != 0) {
		printf("shared data absent: darcy16.h5 not read\n");
		return;
	}
	path[strlen(path)] = ':';
	d = scene_open(path);
	ck_assert_int_eq(dataset_layout(d)->n_samples, 50);
	in = layout_find_field(dataset_layout(d), "x");
	out = layout_find_field(dataset_layout(d), "y");
	ck_assert_int_eq(dataset_layout(d)->field[in].role, ROLE_INPUT);
	ck_assert_int_eq(dataset_layout(d)->field[out].role, ROLE_TARGET);
	ck_assert_int_eq(dataset_read(d, in, 1, &(int64_t){ 0 }, DTYPE_F32, x, &e), 0);
	ck_assert_int_eq(dataset_read(d, out, 1, &(int64_t){ 0 }, DTYPE_F32, y, &e), 0);
	for (int i = 0; i < 256; i++)
		binary = binary && (x[i] == 0 || x[i] == 1);
	ck_assert(binary);
	ck_assert_float_eq_tol(y[8 * 16 + 8], 0.517729F, 1e-6F); /* as h5dump shows it */
	dataset_close(d);
	path[strlen(path) - 5] = '\0';
	d = scene_open(path);
	ck_assert_int_eq(dataset_layout(d)->n_samples, 1050);
	ck_assert_int_eq(dataset_read(d, out, 1, &(int64_t){ 0 }, DTYPE_F32, y, &e), 0);
	ck_assert_float_eq_tol(y[8 * 16 + 8], 0.89936537F, 1e-7F); /* published with the data */
	dataset_close(d);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { selections, joined,	 any_order,    not_finite,     in_memory,
				       lzf,	   plain_groups, plain_images, foreign_writer, shared_darcy };

	return scene_run("dataset", (int)(sizeof tests / sizeof *tests), tests, 60);
}
