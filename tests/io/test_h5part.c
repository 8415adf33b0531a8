/* test_h5part.c: generation in blocks: killed at any moment and resumed, it ends with the bytes of an undisturbed
 * run. */
#include <signal.h>
#include <time.h>

#include "io/layout.h"
#include "scene.h"

enum { SAMPLES = 40, TIMES = 8, POINTS = 64, BLOCK = 3 };

static const char *const number_names[] = { "steps", "nu" };

static struct h5part *open_part(const char *path, bool resume, struct err *e)
{
	struct layout l = scene_layout(SAMPLES, TIMES, POINTS);
	struct h5_meta m = scene_meta();
	struct h5part *w = h5part_open(path, resume, &l, &m, 2, number_names, e);

	layout_free(&l);
	return w;
}

static void write_block(struct h5part *w, const struct layout *l, int64_t first, int64_t count)
{
	struct err e = { 0 };
	double *data[3], number[BLOCK];

	for (int f = 0; f < 3; f++)
		data[f] = scene_values(l, f, f == 2 ? 0 : first, f == 2 ? 1 : count);
	for (int k = 0; k < 2; k++) {
		for (int64_t i = 0; i < count; i++)
			number[i] = (double)(first + i) / (k + 3);
		ck_assert_msg(h5part_numbers(w, number_names[k], first, count, number, &e) == 0, "%s", e.message);
	}
	ck_assert_msg(h5part_write(w, first, count, (const double *const *)data, &e) == 0, "%s", e.message);
	for (int f = 0; f < 3; f++)
		free(data[f]);
}

/* What is missing, in blocks from `start` on and round. */
static void fill(struct h5part *w, int64_t start)
{
	struct layout l = scene_layout(SAMPLES, TIMES, POINTS);
	int64_t blocks = (SAMPLES + BLOCK - 1) / BLOCK;

	for (int64_t i = 0; i < blocks; i++) {
		int64_t first = (start + i) % blocks * BLOCK, n = SAMPLES - first < BLOCK ? SAMPLES - first : BLOCK;
		bool missing = false;

		for (int64_t k = first; k < first + n; k++)
			missing = missing || !h5part_has(w, k);
		if (missing)
			write_block(w, &l, first, n);
	}
	layout_free(&l);
}

static int whole(const char *path, bool resume, int64_t start)
{
	struct err e = { 0 };
	struct h5part *w = open_part(path, resume, &e);

	ck_assert_msg(w != NULL, "%s", e.message);
	fill(w, start);
	ck_assert_msg(h5part_close(w, true, &e) == 0, "%s", e.message);
	return 0;
}

START_TEST(one_go)
{
	struct dataset *d;
	struct err e = { 0 };

	whole("a.h5", false, 0);
	ck_assert_int_eq(scene_files(), 1);
	ck_assert_msg(dataset_open(&d, "a.h5", NULL, &e) == 0, "%s", e.message);
	scene_check(d, 0);
	dataset_close(d);
	sleep(1);
	whole("b.h5", false, 5);
	ck_assert(scene_same("a.h5", "b.h5"));
}
END_TEST

static void run_and_kill(const char *path, long microseconds)
{
	struct timespec wait = { microseconds / 1000000, microseconds % 1000000 * 1000 };
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		whole(path, true, 0);
		_exit(0);
	}
	nanosleep(&wait, NULL);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

START_TEST(killed_at_any_moment)
{
	struct timespec before, after;
	long run;
	int interrupted = 0;

	clock_gettime(CLOCK_MONOTONIC, &before);
	whole("a.h5", false, 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	run = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
	for (int round = 0; round < 24; round++) {
		/* From before the file exists to after its end, in steps that share no factor with the blocks. */
		run_and_kill("b.h5", run * (round * 7 % 24) / 20);
		interrupted += access("b.h5", F_OK) != 0;
		if (round % 3 == 0)
			run_and_kill("b.h5", run / 5);
		whole("b.h5", true, round);
		ck_assert_msg(scene_same("a.h5", "b.h5"), "round %d", round);
		remove("b.h5");
		ck_assert(access("b.h5.part", F_OK) != 0);
	}
	ck_assert_int_ge(interrupted, 5);
}
END_TEST

START_TEST(wrong_values_are_made_again)
{
	struct layout l = scene_layout(SAMPLES, TIMES, POINTS);
	struct err e = { 0 };
	struct h5part *w;
	int64_t n = layout_field_count(&l, 1);
	double *u = scene_values(&l, 1, 7, 1);
	char *data, *at;
	size_t size;

	whole("a.h5", false, 0);
	w = open_part("b.h5", false, &e);
	fill(w, 0);
	ck_assert_int_eq(h5part_close(w, false, &e), 0);
	ck_assert(access("b.h5", F_OK) != 0);
	/* One bit of sample 7. */
	data = scene_slurp("b.h5.part", &size);
	at = NULL;
	for (size_t i = 0; !at && i + (size_t)n * sizeof *u <= size; i++)
		if (memcmp(data + i, u, (size_t)n * sizeof *u) == 0)
			at = data + i;
	ck_assert_ptr_nonnull(at);
	at[100] ^= 1;
	scene_spill("b.h5.part", data, size);
	w = open_part("b.h5", true, &e);
	for (int64_t i = 0; i < SAMPLES; i++)
		ck_assert_int_eq(h5part_has(w, i), i != 7);
	ck_assert_int_eq(h5part_close(w, true, &e), -1);
	ck_assert_str_eq(e.message, "b.h5: only 39 of 40 samples are there");
	whole("b.h5", true, 0);
	ck_assert(scene_same("a.h5", "b.h5"));
	/* Resuming what is finished changes nothing. */
	w = open_part("b.h5", true, &e);
	ck_assert_ptr_nonnull(w);
	ck_assert(h5part_has(w, 0) && h5part_has(w, SAMPLES - 1));
	ck_assert_int_eq(h5part_close(w, true, &e), 0);
	ck_assert(scene_same("a.h5", "b.h5"));
	free(data);
	free(u);
	layout_free(&l);
}
END_TEST

/* After a failure samples stay for whoever resumes; without any, or where nobody can, nothing stays. */
START_TEST(what_a_failure_leaves)
{
	for (int i = 0; i < 4; i++) {
		const bool some = i % 2 == 1, resumable = i >= 2;
		struct err e = { 0 };
		struct h5part *w = open_part("f.h5", false, &e);

		ck_assert_msg(w != NULL, "%s", e.message);
		if (some)
			fill(w, 0);
		h5part_fail(w, resumable);
		ck_assert(access("f.h5", F_OK) != 0);
		ck_assert_int_eq(access("f.h5.part", F_OK) == 0, some && resumable);
		remove("f.h5.part");
	}
}
END_TEST

START_TEST(other_configuration)
{
	struct layout l = scene_layout(SAMPLES, TIMES, POINTS);
	struct h5_meta m = scene_meta();
	struct err e = { 0 };
	struct h5part *w = open_part("a.h5", false, &e);

	ck_assert_int_eq(h5part_close(w, false, &e), 0);
	m.config = "problem:\n  name: burgers\n  n: 128\n";
	ck_assert_ptr_null(h5part_open("a.h5", true, &l, &m, 2, number_names, &e));
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_str_eq(e.message,
			 "a.h5: cannot resume: the configuration differs in line 3: it was '  n: 64', now it is "
			 "'  n: 128'");
	m = scene_meta();
	m.seed = 8;
	ck_assert_ptr_null(h5part_open("a.h5", true, &l, &m, 2, number_names, &e));
	ck_assert_str_eq(e.message, "a.h5: cannot resume: the seed was 7, now it is 8");
	m.seed = 7;
	l.field[0].dtype = DTYPE_F64;
	ck_assert_ptr_null(h5part_open("a.h5", true, &l, &m, 2, number_names, &e));
	ck_assert_str_eq(e.message,
			 "a.h5: cannot resume: the layout differs in line 4: it was 'field a: float32 input of "
			 "sample x', now it is 'field a: float64 input of sample x'");
	l.field[0].dtype = DTYPE_F32;
	w = h5part_open("a.h5", true, &l, &m, 2, number_names, &e);
	ck_assert_msg(w != NULL, "%s", e.message);
	ck_assert_ptr_null(h5part_open("a.h5", true, &l, &m, 2, number_names, &e));
	ck_assert_int_eq(e.code, ERR_LOCKED);
	ck_assert_int_eq(h5part_numbers(w, "none", 0, 1, &(double){ 0 }, &e), -1);
	ck_assert_int_eq(h5part_close(w, false, &e), 0);
	ck_assert_int_eq(scene_files(), 1);
	layout_free(&l);
}
END_TEST

START_TEST(unfinished_is_not_read)
{
	struct err e = { 0 };
	struct dataset *d;
	struct h5part *w = open_part("a.h5", false, &e);

	ck_assert_int_eq(h5part_close(w, false, &e), 0);
	ck_assert_int_eq(dataset_open(&d, "a.h5.part", NULL, &e), -1);
	ck_assert_str_eq(e.message,
			 "a.h5.part: not complete: the run that writes it has not finished (continue it with "
			 "--resume)");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { one_go,
				       killed_at_any_moment,
				       wrong_values_are_made_again,
				       what_a_failure_leaves,
				       other_configuration,
				       unfinished_is_not_read };

	return scene_run("h5part", (int)(sizeof tests / sizeof *tests), tests, 120);
}
