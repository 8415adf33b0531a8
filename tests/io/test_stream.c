/* test_stream.c: data sets from standard input: images one after another, pipes in small pieces, broken ones. */
#include <fcntl.h>

#include "scene.h"

/* Standard input from a file for the rest of the (forked) test. */
static void input_from(const char *path)
{
	int fd = open(path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
}

static void concatenate(const char *out, int n, const char *const *in)
{
	FILE *f = fopen(out, "wb");

	for (int i = 0; i < n; i++) {
		size_t size;
		char *data = scene_slurp(in[i], &size);

		ck_assert_uint_eq(fwrite(data, 1, size, f), size);
		free(data);
	}
	fclose(f);
}

START_TEST(streams)
{
	const char *const files[] = { "a.h5", "b.h5", "a.h5" }, *const input[] = { "b.h5", "-", "a.h5:test" };
	const char *const splits[] = { "-:test" }, *const numbers[] = { "-:0-3" };
	const int sizes[] = { 4, 12, 4, 12, 3 };
	struct stream *s;
	struct dataset *d;
	struct err e = { 0 };
	int n = 0, more;

	scene_file("a.h5", 12, 3, 8);
	scene_file("b.h5", 4, 3, 8);
	concatenate("all", 3, files);
	input_from("all");
	ck_assert_int_eq(stream_open(&s, 3, input, NULL, &e), 0);
	while ((more = stream_next(s, &d, &e)) > 0) {
		ck_assert_int_lt(n, 5);
		ck_assert_int_eq(dataset_layout(d)->n_samples, sizes[n]);
		scene_check(d, n == 4 ? 9 : 0);
		n++;
		dataset_close(d);
	}
	ck_assert_msg(more == 0, "%s", e.message);
	ck_assert_int_eq(n, 5);
	stream_close(s);
	input_from("all");
	d = scene_open("-");
	ck_assert_str_eq(dataset_name(d), "standard input");
	scene_samples(d, 28, (int[]){ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0,	1,
				      2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8,	9,  10, 11 });
	dataset_close(d);
	input_from("all");
	d = scene_open("-:test");
	scene_samples(d, 7, (int[]){ 9, 10, 11, 3, 9, 10, 11 });
	dataset_close(d);
	input_from("all");
	ck_assert_int_eq(stream_open(&s, 1, splits, NULL, &e), 0);
	ck_assert_int_eq(stream_next(s, &d, &e), 1);
	scene_samples(d, 3, (int[]){ 9, 10, 11 });
	dataset_close(d);
	stream_close(s);
	ck_assert_int_eq(stream_open(&s, 1, numbers, NULL, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
}
END_TEST

/* From a real pipe whose writer dribbles. */
START_TEST(pipe_in_small_pieces)
{
	struct dataset *d;
	int ends[2];
	size_t n;
	char *data;

	scene_file("a.h5", 12, 3, 8);
	data = scene_slurp("a.h5", &n);
	ck_assert_int_eq(pipe(ends), 0);
	if (fork() == 0) {
		for (size_t i = 0; i < n; i += 77)
			if (write(ends[1], data + i, n - i < 77 ? n - i : 77) < 0)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	d = scene_open("-");
	scene_check(d, 0);
	dataset_close(d);
	free(data);
}
END_TEST

START_TEST(broken_streams)
{
	const char *const twice[] = { "a.h5", "cut" }, *const garbage[] = { "a.h5", "text" };
	char *data, message[200];
	size_t n;

	scene_file("a.h5", 12, 3, 8);
	data = scene_slurp("a.h5", &n);
	scene_spill("cut", data, 1000);
	scene_spill("short", data, 20);
	scene_spill("text", "time\tvalue\n", 11);
	scene_spill("empty", "", 0);
	input_from("empty");
	scene_refuses("-", ERR_FAIL, "standard input is empty: did the command before the pipe fail?");
	input_from("text");
	scene_refuses("-", ERR_FAIL, "standard input is not HDF5");
	input_from("short");
	scene_refuses("-", ERR_FAIL, "standard input: image 1 is cut off in its header (20 bytes)");
	concatenate("all", 2, twice);
	input_from("all");
	snprintf(message, sizeof message, "standard input: image 2 is cut off: 1000 of %zu bytes", n);
	scene_refuses("-", ERR_FAIL, message);
	concatenate("all", 2, garbage);
	input_from("all");
	scene_refuses("-", ERR_FAIL, "standard input: what follows image 1 is not HDF5");
	/* A header that promises 2^60 bytes must not allocate them. */
	data[40 + 7] = 0x10;
	scene_spill("all", data, n);
	input_from("all");
	snprintf(message, sizeof message, "standard input: image 1 is cut off: %zu of %llu bytes", n,
		 (unsigned long long)n + (1ULL << 60));
	scene_refuses("-", ERR_FAIL, message);
	free(data);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { streams, pipe_in_small_pieces, broken_streams };

	return scene_run("stream", (int)(sizeof tests / sizeof *tests), tests, 60);
}
