/* test_base.c: errors, memory, arenas, strings, logging. */
#include <check.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

START_TEST(err_messages)
{
	struct err e = { 0 };
	char longer[3000];

	ck_assert_int_eq(err_set(&e, ERR_USAGE, "axis %d", 3), -1);
	ck_assert_int_eq(err_in(&e, "%s", "a.h5"), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_str_eq(e.message, "a.h5: axis 3");
	err_set(&e, ERR_FAIL, "again: %s", e.message); /* quotes itself */
	ck_assert_str_eq(e.message, "again: a.h5: axis 3");
	errno = ENOSPC;
	ck_assert_int_eq(err_errno(&e, "out.h5"), -1);
	ck_assert_str_eq(e.message, "out.h5: no space left on device");
	ck_assert_int_eq(e.code, ERR_FAIL);
	ck_assert_int_eq(err_set(NULL, ERR_FAIL, "x") + err_errno(NULL, "x") + err_in(NULL, "x"), -3);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	err_set(&e, ERR_FAIL, "%s", longer);
	err_in(&e, "%s", longer);
	ck_assert_uint_eq(strlen(e.message), sizeof e.message - 1);
}
END_TEST

START_TEST(mem_new_refuses)
{
	struct err e = { 0 };
	double *p;

	ck_assert_ptr_null(mem_new(-1, 8, "/data/u", &e));
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert(str_starts(e.message, "/data/u: -1 elements"));
	ck_assert_ptr_null(mem_new(INT64_MAX, 8, "/data/u", &e));
	ck_assert(str_starts(e.message, "/data/u: 9223372036854775807 elements of 8 bytes"));
	ck_assert_ptr_null(mem_new((int64_t)1 << 50, 8, "/data/u", &e));
	ck_assert_int_eq(e.code, ERR_FAIL);
	ck_assert_int_eq(mem_times(3, 5), 15);
	ck_assert_int_eq(mem_times(0, INT64_MAX), 0);
	ck_assert_int_eq(mem_times(-1, 0), -1);
	ck_assert(mem_times((int64_t)1 << 32, (int64_t)1 << 31) == INT64_MAX);
	ck_assert(mem_times(INT64_MAX, 1) == INT64_MAX && mem_times(2, INT64_MAX / 2) == INT64_MAX - 1);
	p = mem_new(1001, sizeof *p, "p", &e);
	ck_assert_uint_eq((uintptr_t)p % MEM_ALIGN, 0);
	for (int i = 0; i < 1001; i++)
		ck_assert(p[i] == 0);
	free(p);
	p = mem_new(0, sizeof *p, "p", &e);
	ck_assert_ptr_nonnull(p);
	free(p);
}
END_TEST

static bool all_equal(const unsigned char *p, size_t n, int value)
{
	for (size_t k = 0; k < n; k++)
		if (p[k] != value)
			return false;
	return true;
}

START_TEST(arena_keeps_everything)
{
	struct arena *a = arena_new();
	unsigned char *piece[2000];
	size_t size[2000];

	for (int i = 0; i < 2000; i++) {
		size[i] = rng_purpose("size", (uint64_t)i) % (i % 50 == 0 ? 100000 : 200);
		piece[i] = arena_take(a, size[i]);
		ck_assert_uint_eq((uintptr_t)piece[i] % 16, 0);
		ck_assert(all_equal(piece[i], size[i], 0));
		memset(piece[i], i & 255, size[i]);
	}
	for (int i = 0; i < 2000; i++)
		ck_assert(all_equal(piece[i], size[i], i & 255));
	ck_assert_str_eq(arena_printf(a, "%s-%d", "fno", 12), "fno-12");
	ck_assert_str_eq(arena_text(a, "text"), "text");
	ck_assert_mem_eq(arena_copy(a, "abc", 3), "abc", 3);
	arena_free(a);
	arena_free(NULL);
}
END_TEST

START_TEST(str_grows)
{
	struct str s = { 0 };

	ck_assert_str_eq(str_text(&s), "");
	for (int i = 0; i < 1000; i++)
		str_printf(&s, "%04d", i);
	ck_assert_uint_eq(s.length, 4000);
	ck_assert_uint_eq(strlen(s.text), 4000);
	ck_assert(memcmp(s.text + 4 * 567, "0567", 4) == 0);
	str_add(&s, "ab");
	str_add_n(&s, "cdef", 2);
	ck_assert(str_ends(s.text, "0999abcd"));
	str_free(&s);
	ck_assert_ptr_null(s.text);
}
END_TEST

START_TEST(str_numbers)
{
	static const char *const wrong_int[] = {
		"", " 1", "1 ", "1.0", "0x10", "1e3", "-", "--1", "9223372036854775808"
	};
	static const char *const wrong_double[] = { "",	     " 1",  "1 ",    "inf", "nan", "-inf", "0x1p3", "1e",
						    "1e400", "1,5", "1.2.3", "e5",  "-",   "+-1",  "1d0" };
	static const struct {
		const char *text;
		double seconds;
	} right_duration[] = { { "2h", 7200 }, { "90m", 5400 },	 { "30s", 30 },		{ "1h30m", 5400 },
			       { "45", 45 },   { "1.5h", 5400 }, { "1d2h3m4s", 93784 }, { "0.5", 0.5 } };
	static const char *const wrong_duration[] = { "", "h", "30m1h", "1h1h", "5x", "-5", "-5m", "1h 5m", "1h5" };
	int64_t i = 7;
	double d = 7;

	ck_assert(str_to_int("-9223372036854775808", &i) && i == INT64_MIN);
	ck_assert(str_to_int("+12", &i) && i == 12);
	for (size_t k = 0; k < sizeof wrong_int / sizeof wrong_int[0]; k++)
		ck_assert_msg(!str_to_int(wrong_int[k], &i) && i == 12, "'%s'", wrong_int[k]);
	ck_assert(str_to_double("-1.5e-3", &d) && d == -1.5e-3);
	ck_assert(str_to_double(".5", &d) && d == 0.5);
	ck_assert(str_to_double("1e-400", &d) && d == 0);
	for (size_t k = 0; k < sizeof wrong_double / sizeof wrong_double[0]; k++)
		ck_assert_msg(!str_to_double(wrong_double[k], &d) && d == 0, "'%s'", wrong_double[k]);
	for (size_t k = 0; k < sizeof right_duration / sizeof right_duration[0]; k++)
		ck_assert_msg(str_to_duration(right_duration[k].text, &d) && d == right_duration[k].seconds, "'%s': %g",
			      right_duration[k].text, d);
	d = 0;
	for (size_t k = 0; k < sizeof wrong_duration / sizeof wrong_duration[0]; k++)
		ck_assert_msg(!str_to_duration(wrong_duration[k], &d) && d == 0, "'%s'", wrong_duration[k]);
}
END_TEST

START_TEST(str_double_reads_back)
{
	static const double value[] = { 0,	0.1,  1.0 / 3,	 1e300, DBL_MIN,  DBL_MAX,
					5e-324, -2.5, 123456789, 1e22,	0.3 - 0.1 };
	char text[32];

	for (size_t k = 0; k < sizeof value / sizeof value[0]; k++)
		ck_assert(strtod(str_double(text, value[k]), NULL) == value[k]);
	for (uint64_t i = 0; i < 10000; i++) {
		double v = rng_normal_at(rng_stream(1, "text", 0, i), 0);

		ck_assert(strtod(str_double(text, v), NULL) == v);
	}
	ck_assert_str_eq(str_double(text, 0.1), "0.1");
	ck_assert_str_eq(str_double(text, 1024), "1024");
	ck_assert_str_eq(str_double(text, 0.02), "0.02");
}
END_TEST

START_TEST(str_nearest_names)
{
	static const char *const names[] = { "modes", "width", "layers", "learning_rate", "n" };

	ck_assert_str_eq(str_nearest("mode", 5, names), "modes");
	ck_assert_str_eq(str_nearest("wdith", 5, names), "width");
	ck_assert_str_eq(str_nearest("learnign_rat", 5, names), "learning_rate");
	ck_assert_str_eq(str_nearest("Layers", 5, names), "layers");
	ck_assert_ptr_null(str_nearest("colour", 5, names));
	ck_assert_ptr_null(str_nearest("x", 5, names));
	ck_assert_ptr_null(str_nearest("modes", 0, NULL));
}
END_TEST

/* What goes to standard error while f runs. */
static void capture(void (*f)(void), char *text, size_t size)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	f();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	fclose(file);
}

static void say(void)
{
	progress_begin("train", "sample", 10);
	for (int i = 0; i < 10; i++)
		progress_update(i, "loss 1");
	log_warn("value %d", 1);
	log_note("detail %d", 2);
	progress_end();
}

START_TEST(log_levels)
{
	char text[1000];

	log_setup("sciml-gen", LOG_QUIET);
	capture(say, text, sizeof text);
	ck_assert_str_eq(text, "");
	log_setup("sciml-gen", LOG_NORMAL);
	capture(say, text, sizeof text);
	ck_assert_str_eq(text, "sciml-gen: warning: value 1\n"); /* and no progress: not a terminal */
	log_setup("sciml-gen", LOG_VERBOSE);
	capture(say, text, sizeof text);
	ck_assert_str_eq(text, "sciml-gen: warning: value 1\nsciml-gen: detail 2\n");
}
END_TEST

START_TEST(clocks_run)
{
	const double wall = clock_seconds();
	const struct timespec rest = { 0, 10000000 };

	nanosleep(&rest, NULL);
	ck_assert_double_ge(clock_seconds() - wall, 0.009);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, err_messages);
	tcase_add_test(t, mem_new_refuses);
	tcase_add_test(t, arena_keeps_everything);
	tcase_add_test(t, str_grows);
	tcase_add_test(t, str_numbers);
	tcase_add_test(t, str_double_reads_back);
	tcase_add_test(t, str_nearest_names);
	tcase_add_test(t, log_levels);
	tcase_add_test(t, clocks_run);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
