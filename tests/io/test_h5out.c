/* test_h5out.c: writing: round trips, equal bytes, atomic appearance, refusals, checkpoints. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "io/checkpoint.h"
#include "io/h5read.h"
#include "scene.h"

START_TEST(round_trip)
{
	struct layout l = scene_layout(12, 3, 8);
	const struct layout *r;
	struct dataset *d;
	struct err e = { 0 };

	scene_file("a.h5", 12, 3, 8);
	ck_assert_int_eq(scene_files(), 1);
	ck_assert_msg(dataset_open(&d, "a.h5", NULL, &e) == 0, "%s", e.message);
	ck_assert_str_eq(dataset_layout_name(d), "native");
	r = dataset_layout(d);
	ck_assert_int_eq(r->n_samples, 12);
	ck_assert_int_eq(r->n_axes, 2);
	ck_assert_int_eq(r->n_fields, 3);
	for (int i = 0; i < 2; i++) {
		ck_assert_str_eq(r->axis[i].name, l.axis[i].name);
		ck_assert_int_eq(r->axis[i].kind, l.axis[i].kind);
		ck_assert_int_eq(r->axis[i].size, l.axis[i].size);
		ck_assert_int_eq(r->axis[i].periodic, l.axis[i].periodic);
		ck_assert_double_eq(r->axis[i].length, l.axis[i].length);
	}
	ck_assert_ptr_null(r->axis[0].coordinate);
	ck_assert_mem_eq(r->axis[1].coordinate, l.axis[1].coordinate, 8 * sizeof(double));
	for (int f = 0; f < 3; f++) {
		ck_assert_str_eq(r->field[f].name, l.field[f].name);
		ck_assert_int_eq(r->field[f].dtype, l.field[f].dtype);
		ck_assert_int_eq(r->field[f].role, l.field[f].role);
		ck_assert_int_eq(r->field[f].per_sample, l.field[f].per_sample);
	}
	ck_assert_int_eq(r->n_splits, 2);
	ck_assert_str_eq(r->split[1].name, "test");
	ck_assert_int_eq(r->split[1].first, 9);
	ck_assert_int_eq(r->split[1].last, 12);
	ck_assert_str_eq(r->param[0].name, "nu");
	ck_assert_double_eq(r->param[0].value, 0.1);
	ck_assert_str_eq(r->equation, l.equation);
	ck_assert_str_eq(dataset_meta(d, "config"), scene_meta().config);
	ck_assert_str_eq(dataset_meta(d, "kind"), "data");
	ck_assert_ptr_null(dataset_meta(d, "nothing"));
	scene_check(d, 0);
	dataset_close(d);
	layout_free(&l);
}
END_TEST

/* Also the statistics, gathered while samples come in order, else read back; of more values than are added at once. */
START_TEST(order_of_writing_changes_nothing)
{
	struct layout l = scene_layout(300, 7, 33);
	struct h5_meta m = scene_meta();
	struct err e = { 0 };
	struct h5out *w;

	scene_file("a.h5", 300, 7, 33);
	sleep(1); /* a stored time of any kind would differ now */
	w = h5out_open("b.h5", &e);
	h5out_fields(w, &l);
	for (int f = 2; f >= 0; f--) {
		int64_t rows = f == 2 ? 1 : 300, n = layout_field_count(&l, f);
		double *v = scene_values(&l, f, 0, rows);

		for (int64_t i = rows; i-- > 0;)
			h5out_samples(w, f, i, 1, DTYPE_F64, v + i * n);
		free(v);
	}
	h5out_meta(w, &m);
	ck_assert_int_eq(h5out_close(w, &e), 0);
	ck_assert(scene_same("a.h5", "b.h5"));
	layout_free(&l);
}
END_TEST

START_TEST(deflated)
{
	struct layout l = scene_layout(6, 4, 32);
	struct dataset *d;
	struct err e = { 0 };
	struct h5out *w = h5out_open("a.h5", &e);

	h5out_deflate(w, 4);
	scene_write(w, &l);
	ck_assert_msg(h5out_close(w, &e) == 0, "%s", e.message);
	ck_assert_int_eq(dataset_open(&d, "a.h5:2-5", NULL, &e), 0);
	scene_check(d, 2);
	dataset_close(d);
	layout_free(&l);
}
END_TEST

START_TEST(pieces)
{
	const double column[] = { 1, 10, 2, 20, 3, 30 };
	const int64_t longs[] = { 5, -6, INT64_C(1) << 40 };
	const char *const names[] = { "epoch", "loss" };
	char *text = xmalloc(200001);
	struct err e = { 0 };
	struct checkpoint *c;
	struct tensor t;
	int64_t number;
	double v[3];
	struct h5_meta m = scene_meta();
	struct h5out *w = h5out_open("a.h5", &e);

	memset(text, 'x', 200000);
	text[200000] = '\0';
	m.kind = "model";
	m.config = text; /* longer than an HDF5 attribute may be */
	h5out_meta(w, &m);
	h5out_table(w, "history/train", 2, names, 3, column);
	h5out_longs(w, "state/longs", 3, longs);
	h5out_text(w, "/state", "rule", "adam");
	h5out_long(w, "state", "step", 12345);
	h5out_double(w, "state", "rate", 0.1);
	h5out_double(w, "state", "rate", 0.25);
	ck_assert_msg(h5out_close(w, &e) == 0, "%s", e.message);
	ck_assert_int_eq(checkpoint_open(&c, "a.h5", "data", &e), -1);
	ck_assert_str_eq(e.message, "a.h5: holds model, a data is needed");
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_int_eq(checkpoint_open(&c, "a.h5", "model", &e), 0);
	ck_assert(checkpoint_has(c, "history/train/loss"));
	ck_assert(!checkpoint_has(c, "history/none/loss"));
	ck_assert_int_eq(checkpoint_get_into(c, "history/train/loss", DTYPE_F64, 3, v, &e), 0);
	ck_assert_double_eq(v[2], 30);
	ck_assert_int_eq(checkpoint_get_into(c, "history/train/loss", DTYPE_F64, 4, v, &e), -1);
	ck_assert_int_eq(checkpoint_get(c, "state/longs", &t, &e), 0);
	ck_assert_int_eq(t.dtype, DTYPE_F64);
	ck_assert_double_eq(tensor_get(&t, 2), 1099511627776.0);
	tensor_free(&t);
	ck_assert_int_eq(checkpoint_long(c, "state", "step", &number, &e), 0);
	ck_assert_int_eq(number, 12345);
	ck_assert_int_eq(checkpoint_long(c, "state", "steps", &number, &e), -1);
	free(text);
	text = checkpoint_text(c, "meta", "config");
	ck_assert_uint_eq(strlen(text), 200000);
	free(text);
	text = checkpoint_text(c, "history/train", "columns");
	ck_assert_str_eq(text, "epoch loss");
	free(text);
	checkpoint_close(c);
}
END_TEST

START_TEST(parameters)
{
	struct params p = { 0 }, q, same;
	struct err e = { 0 };
	struct checkpoint *c;
	struct h5_meta m = scene_meta();
	struct h5out *w;
	struct shape shapes[] = { shape_of(3, 4), shape_of(2), shape_scalar(), shape_of(1, 2, 3, 4, 5) };
	const char *const names[] = { "z.weight", "block2.bias", "a.scale", "m.table" };

	for (int i = 0; i < 4; i++) {
		struct param a = { .name = (char *)(uintptr_t)names[i],
				   .value = { .dtype = (enum dtype)(i % 3), .shape = shapes[i] },
				   .role = (enum param_role)i,
				   .init = (enum param_init)(i + 2),
				   .init_scale = 0.1 + i,
				   .fan_in = i,
				   .fan_out = 100 + i,
				   .lr_multiplier = 1.0 / (3 + i),
				   .group = i,
				   .frozen = i == 2 };
		int at = params_add(&p, &a);

		for (int64_t k = 0; k < shape_count(&shapes[i]); k++)
			tensor_set(&p.at[at].value, k, i % 3 == 2 ? (double)k : 1.0 / (double)(k + 3));
	}
	m.kind = "model";
	w = h5out_open("m.h5", &e);
	checkpoint_put_params(w, "params", &p);
	h5out_meta(w, &m);
	ck_assert_msg(h5out_close(w, &e) == 0, "%s", e.message);
	ck_assert_int_eq(checkpoint_open(&c, "m.h5", "model", &e), 0);
	ck_assert_msg(checkpoint_get_params(c, "params", &q, &e) == 0, "%s", e.message);
	ck_assert_int_eq(q.n, p.n);
	for (int i = 0; i < p.n; i++) {
		const struct param *a = &p.at[i], *b = &q.at[i];

		ck_assert_str_eq(a->name, b->name);
		ck_assert_int_eq(a->value.dtype, b->value.dtype);
		ck_assert(shape_equal(&a->value.shape, &b->value.shape));
		ck_assert_mem_eq(a->value.data, b->value.data, tensor_bytes(&a->value));
		ck_assert_int_eq(a->role, b->role);
		ck_assert_int_eq(a->init, b->init);
		ck_assert(a->init_scale == b->init_scale && a->lr_multiplier == b->lr_multiplier);
		ck_assert(a->fan_in == b->fan_in && a->fan_out == b->fan_out && a->group == b->group);
		ck_assert_int_eq(a->frozen, b->frozen);
	}
	same = params_like(&p);
	ck_assert_int_eq(checkpoint_load_params(c, "params", &same, &e), 0);
	ck_assert_mem_eq(same.at[0].value.data, p.at[0].value.data, tensor_bytes(&p.at[0].value));
	same.at[1].value.shape = shape_of(1, 2);
	ck_assert_int_eq(checkpoint_load_params(c, "params", &same, &e), -1);
	ck_assert_str_eq(e.message, "m.h5: parameter block2.bias has shape (2), the model needs (1, 2)");
	strcpy(same.at[1].name, "block3.bias");
	ck_assert_int_eq(checkpoint_load_params(c, "params", &same, &e), -1);
	ck_assert_str_eq(e.message, "m.h5: parameter block2.bias is unknown to this model");
	checkpoint_close(c);
	params_free(&p);
	params_free(&q);
	params_free(&same);
}
END_TEST

static void refused(const char *path, enum err_code code, const char *message)
{
	struct err e = { 0 };

	ck_assert_ptr_null(h5out_open(path, &e));
	if (message)
		ck_assert_str_eq(e.message, message);
	ck_assert_int_eq(e.code, code);
}

START_TEST(refusals)
{
	struct err e = { 0 };
	struct h5out *w;
	char expected[100];

	refused("none/a.h5", ERR_FAIL, "none/a.h5: there is no folder none/");
	refused("", ERR_USAGE, "the name of the output is empty");
	mkdir("folder", 0777);
	refused("folder", ERR_USAGE, "folder: is a folder");
	refused("folder/", ERR_USAGE, "folder/: is a folder");
	ck_assert_int_eq(output_write("/proc/none", "x", 1, &e), -1);
	w = h5out_open("a.h5", &e);
	ck_assert_ptr_nonnull(w);
	snprintf(expected, sizeof expected, "a.h5: another run is writing this file (process %ld)", (long)getpid());
	ck_assert_ptr_null(h5out_open("a.h5", &e));
	ck_assert_ptr_nonnull(strstr(e.message, expected));
	ck_assert_int_eq(e.code, ERR_LOCKED);
	h5out_abandon(w);
	ck_assert_int_eq(scene_files(), 1);
	w = h5out_open("a.h5", &e);
	ck_assert_ptr_nonnull(w);
	h5out_abandon(w);
	rmdir("folder");
	ck_assert_int_eq(scene_files(), 0);
}
END_TEST

START_TEST(old_file_stays_on_failure)
{
	struct layout l = scene_layout(4, 2, 3);
	double v[4] = { 0 };
	struct err e = { 0 };
	struct h5out *w;

	scene_spill("a.h5", "old", 3);
	w = h5out_open("a.h5", &e);
	h5out_fields(w, &l);
	h5out_samples(w, 0, 0, 1, DTYPE_F64, v);
	ck_assert_int_eq(h5out_close(w, &e), -1);
	ck_assert_str_eq(strstr(e.message, "field"), "field a: only 1 of 4 samples were written");
	w = h5out_open("a.h5", &e);
	h5out_fields(w, &l);
	h5out_samples(w, 0, 3, 2, DTYPE_F64, v);
	h5out_text(w, "/", "more", "never");
	ck_assert_ptr_nonnull(h5out_error(w));
	ck_assert_int_eq(h5out_close(w, &e), -1);
	ck_assert_str_eq(strstr(e.message, "field"), "field a: samples 3-4 of 4");
	ck_assert_int_eq(scene_files(), 1);
	free(scene_slurp("a.h5", &(size_t){ 0 }));
	layout_free(&l);
}
END_TEST

/* A limit on the file size stands in for a full disk: write() fails the same way, with EFBIG. */
START_TEST(full_disk)
{
	struct layout l = scene_layout(64, 16, 64);
	struct rlimit limit = { 100000, 100000 };
	struct err e = { 0 };
	struct h5out *w;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	w = h5out_open("a.h5", &e);
	ck_assert_ptr_nonnull(w);
	scene_write(w, &l);
	ck_assert_int_eq(h5out_close(w, &e), -1);
	ck_assert_ptr_null(strchr(e.message, '\n'));
	ck_assert_ptr_nonnull(strstr(e.message, "a.h5"));
	ck_assert_ptr_nonnull(strstr(e.message, "file too large"));
	ck_assert_int_eq(scene_files(), 0);
	layout_free(&l);
}
END_TEST

START_TEST(device_full)
{
	struct layout l = scene_layout(4, 2, 3);
	struct err e = { 0 };
	struct h5out *w;

	if (access("/dev/full", W_OK) != 0)
		return;
	w = h5out_open("/dev/full", &e);
	ck_assert_ptr_nonnull(w);
	scene_write(w, &l);
	ck_assert_int_eq(h5out_close(w, &e), -1);
	ck_assert_str_eq(e.message, "/dev/full: no space left on device");
	w = h5out_open("/dev/null", &e);
	scene_write(w, &l);
	ck_assert_int_eq(h5out_close(w, &e), 0);
	ck_assert_int_eq(output_write("/dev/full", "x", 1, &e), -1);
	ck_assert_str_eq(e.message, "/dev/full: no space left on device");
	layout_free(&l);
}
END_TEST

START_TEST(closed_output)
{
	struct err e = { 0 };
	int saved = dup(STDOUT_FILENO);

	close(STDOUT_FILENO);
	ck_assert_ptr_null(h5out_open("-", &e));
	dup2(saved, STDOUT_FILENO);
	close(saved);
	ck_assert_str_eq(e.message, "standard output is closed");
}
END_TEST

/* A pseudo terminal stands in for the user's. */
START_TEST(terminal)
{
	const char *const input[] = { "-" };
	struct err e = { 0 };
	struct stream *s;
	int saved = dup(STDOUT_FILENO), master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct h5out *w;

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return;
	refused(ptsname(master), ERR_USAGE, NULL);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	dup2(slave, STDIN_FILENO);
	dup2(slave, STDOUT_FILENO);
	w = h5out_open("-", &e);
	dup2(saved, STDOUT_FILENO);
	ck_assert_ptr_null(w);
	ck_assert_str_eq(e.message, "refusing to write HDF5 to a terminal");
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_int_eq(stream_open(&s, 1, input, NULL, &e), -1);
	ck_assert_str_eq(e.message, "refusing to read HDF5 from a terminal");
	close(slave);
	close(master);
	close(saved);
}
END_TEST

START_TEST(to_standard_output)
{
	struct layout l = scene_layout(12, 3, 8);
	struct err e = { 0 };
	struct h5out *w;
	int saved = dup(STDOUT_FILENO), to = open("image.h5", O_WRONLY | O_CREAT | O_TRUNC, 0666);

	scene_file("a.h5", 12, 3, 8);
	dup2(to, STDOUT_FILENO);
	w = h5out_open("-", &e);
	ck_assert_ptr_nonnull(w);
	scene_write(w, &l);
	ck_assert_int_eq(h5out_close(w, &e), 0);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(to);
	ck_assert(scene_same("a.h5", "image.h5"));
	layout_free(&l);
}
END_TEST

START_TEST(plain_files)
{
	struct err e = { 0 };
	struct stat info;
	mode_t mask = umask(022);
	char *data, *name;
	size_t n;

	ck_assert_int_eq(output_write("t.tsv", "a\tb\n", 4, &e), 0);
	ck_assert_int_eq(stat("t.tsv", &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0644);
	chmod("t.tsv", 0600);
	ck_assert_int_eq(symlink("t.tsv", "link"), 0);
	ck_assert_int_eq(output_write("link", "new", 3, &e), 0);
	ck_assert_int_eq(lstat("link", &info), 0);
	ck_assert(S_ISLNK(info.st_mode));
	ck_assert_int_eq(stat("t.tsv", &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	data = scene_slurp("t.tsv", &n);
	ck_assert(n == 3 && memcmp(data, "new", 3) == 0);
	free(data);
	name = output_temporary("p.png", &e);
	ck_assert_ptr_nonnull(name);
	scene_spill(name, "png", 3);
	ck_assert_int_eq(output_commit(name, "p.png", &e), 0);
	output_drop(output_temporary("q.png", &e));
	ck_assert_int_eq(scene_files(), 3);
	umask(mask);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { round_trip,  order_of_writing_changes_nothing,
				       deflated,    pieces,
				       parameters,  refusals,
				       full_disk,   old_file_stays_on_failure,
				       device_full, closed_output,
				       plain_files, to_standard_output,
				       terminal };

	return scene_run("h5out", (int)(sizeof tests / sizeof *tests), tests, 60);
}
