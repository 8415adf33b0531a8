/* test_damage.c: files cut off or with flipped bytes give one clear line or readable values, never a crash. Every case
 * runs in a process of its own, so that a crash is seen and named. */
#include <signal.h>

#include "base/rng.h"
#include "io/checkpoint.h"
#include "scene.h"

#ifdef __SANITIZE_ADDRESS__
/* HDF5 asks malloc for what a damaged header says and copes with NULL; the sanitizer must let it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Overreads of a few bytes within libhdf5 (attribute messages) are not ours; our own code stays checked. */
const char *__asan_default_suppressions(void);
const char *__asan_default_suppressions(void)
{
	return "interceptor_via_lib:libhdf5";
}
#endif

/* 0: read, 1: a clear error; anything else is a bug. */
static int try_file(const char *path)
{
	struct err e = { 0 };
	struct dataset *d;
	int rc = 0;

	if (dataset_open(&d, path, NULL, &e) == 0) {
		const struct layout *l = dataset_layout(d);

		for (int f = 0; f < l->n_fields && rc == 0; f++) {
			int64_t n = layout_field_count(l, f), last = l->n_samples - 1;
			void *out = mem_new(n, sizeof(double), "test", &e);

			if (!out || dataset_read(d, f, 1, &last, DTYPE_F64, out, &e) != 0)
				rc = 1;
			free(out);
		}
		dataset_meta(d, "config");
		free(dataset_identity(d));
		dataset_close(d);
	} else {
		rc = 1;
	}
	if (rc == 1 && (!*e.message || strchr(e.message, '\n') || !strstr(e.message, "d.h5")))
		return 2;
	return rc;
}

/* Cases in one child; on a crash the child's progress tells which. */
static void in_child(int first, int count, void (*prepare)(int), int *refused)
{
	int ends[2], status;
	pid_t child;
	unsigned char last[2] = { 0, 0 };
	int n = 0;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		for (int i = first; i < first + count; i++) {
			unsigned char report;

			prepare(i);
			report = (unsigned char)try_file("d.h5");
			if (write(ends[1], &report, 1) != 1)
				_exit(9);
		}
		_exit(0);
	}
	close(ends[1]);
	while (read(ends[0], last, 1) == 1) {
		ck_assert_msg(last[0] <= 1, "case %d: the message is not one line that names the file", first + n);
		*refused += last[0];
		n++;
	}
	close(ends[0]);
	waitpid(child, &status, 0);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "case %d: %s %d", first + n,
		      WIFSIGNALED(status) ? "signal" : "status",
		      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static char *good;
static size_t good_size;

static void cut(int i)
{
	scene_spill("d.h5", good, (size_t)i * good_size / 150);
}

START_TEST(cut_off)
{
	int refused = 0;

	scene_file("g.h5", 4, 2, 8);
	good = scene_slurp("g.h5", &good_size);
	in_child(0, 150, cut, &refused);
	ck_assert_int_eq(refused, 150);
	free(good);
}
END_TEST

static void flip(int i)
{
	char *bad = xmalloc(good_size);
	struct rng r = rng_stream(1, "flip", 0, (uint64_t)i);

	memcpy(bad, good, good_size);
	/* The first part holds the headers: hit it more often. */
	for (int k = 0; k <= i % 3; k++) {
		size_t range = i % 2 ? good_size : good_size / 3;
		size_t at = (size_t)(rng_uniform_at(r, (uint64_t)(2 * k)) * (double)range);

		bad[at] ^= (char)(1 << (int)(rng_uniform_at(r, (uint64_t)(2 * k + 1)) * 8));
	}
	scene_spill("d.h5", bad, good_size);
	free(bad);
}

START_TEST(flipped)
{
	int refused = 0;

	scene_file("g.h5", 4, 2, 8);
	good = scene_slurp("g.h5", &good_size);
	in_child(0, 600, flip, &refused);
	ck_assert_int_ge(refused, 20);
	free(good);
}
END_TEST

static void not_data(int i)
{
	static const char *const text[] = { "", "x", "a,b\n1,2\n", "\211HDF\r\n\032\n",
					    "\211HDF\r\n\032\nxxxxxxxxxxxxxxxxxxxxxx" };

	scene_spill("d.h5", text[i], strlen(text[i]));
}

START_TEST(something_else)
{
	int refused = 0;

	in_child(0, 5, not_data, &refused);
	ck_assert_int_eq(refused, 5);
}
END_TEST

START_TEST(models_too)
{
	struct err e = { 0 };
	struct checkpoint *c;

	scene_spill("d.h5", "x", 1);
	ck_assert_int_eq(checkpoint_open(&c, "d.h5", "model", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "d.h5"));
	ck_assert_int_eq(checkpoint_open(&c, "none.h5", "model", &e), -1);
	ck_assert_str_eq(e.message, "none.h5: no such file or directory");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { cut_off, flipped, something_else, models_too };

	return scene_run("damage", (int)(sizeof tests / sizeof *tests), tests, 120);
}
