/* test_pool.c: every task runs exactly once, for any number of threads, nested, in many tiny runs, after a stop. */
#include "config.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pool.h"

enum { TASKS = 20000 };
static atomic_int count[TASKS];
static atomic_int bad_worker;

static void tick(void *arg, int64_t i, int worker)
{
	if (worker < 0 || worker >= pool_threads())
		atomic_fetch_add(&bad_worker, 1);
	atomic_fetch_add(&count[i], *(int *)arg);
}

static void check_counts(int64_t n, int want)
{
	for (int64_t i = 0; i < n; i++)
		ck_assert_int_eq(atomic_load(&count[i]), want);
	ck_assert_int_eq(atomic_load(&bad_worker), 0);
}

START_TEST(each_task_once)
{
	static const int threads[] = { 1, 2, 3, 8, 64, 4 };
	int one = 1, n = (int)(sizeof threads / sizeof threads[0]);

	for (int k = 0; k < n; k++) {
		pool_set_threads(threads[k]);
		ck_assert_int_eq(pool_threads(), threads[k]);
		pool_run(TASKS, tick, &one);
		check_counts(TASKS, k + 1);
	}
	pool_run(0, tick, &one);
	check_counts(TASKS, n);
	pool_stop();
	pool_run(TASKS, tick, &one); /* starts the workers again */
	check_counts(TASKS, n + 1);
	pool_stop();
	pool_set_threads(0);
	ck_assert_int_ge(pool_threads(), 1);
}
END_TEST

START_TEST(many_tiny_runs)
{
	int one = 1;

	pool_set_threads(8);
	for (int i = 0; i < 20000; i++)
		pool_run(1 + i % 5, tick, &one);
	check_counts(1, 20000);
	ck_assert_int_eq(atomic_load(&count[4]), 4000);
	pool_stop();
}
END_TEST

static void outer(void *arg, int64_t i, int worker)
{
	(void)i;
	(void)worker;
	pool_run(100, tick, arg);
}

static void check_same_worker(void *arg, int64_t i, int worker)
{
	(void)i;
	if (worker != *(int *)arg)
		atomic_fetch_add(&bad_worker, 1);
}

static void outer_worker(void *arg, int64_t i, int worker)
{
	(void)arg;
	(void)i;
	pool_run(10, check_same_worker, &worker);
}

START_TEST(nested_runs_in_place)
{
	int one = 1;

	pool_set_threads(4);
	pool_run(200, outer, &one);
	check_counts(100, 200);
	pool_run(200, outer_worker, NULL);
	check_counts(0, 0);
	pool_stop();
}
END_TEST

/* No two tasks that run at the same time share a worker number: unguarded per-worker sums lose nothing. */
static int64_t sum[64][16];

static void add_to_mine(void *arg, int64_t i, int worker)
{
	(void)arg;
	sum[worker][0] += i;
}

START_TEST(worker_owns_its_slot)
{
	int64_t total = 0;

	pool_set_threads(64);
	for (int run = 0; run < 20; run++)
		pool_run(TASKS, add_to_mine, NULL);
	for (int w = 0; w < 64; w++)
		total += sum[w][0];
	ck_assert_int_eq(total, 20 * (int64_t)TASKS * (TASKS - 1) / 2);
	pool_stop();
}
END_TEST

/* All threads are inside a task at once, each with a number of its own, and the run ends after the slowest. */
enum { MEET = 4 };
static pthread_barrier_t barrier;
static atomic_int present[MEET], finished;

static void meet(void *arg, int64_t i, int worker)
{
	const struct timespec delay = { 0, 5000000 };

	(void)arg;
	(void)i;
	atomic_fetch_add(&present[worker], 1);
	pthread_barrier_wait(&barrier);
	if (worker != 0)
		nanosleep(&delay, NULL);
	atomic_fetch_add(&finished, 1);
}

START_TEST(workers_meet)
{
	pthread_barrier_init(&barrier, NULL, MEET);
	pool_set_threads(MEET);
	for (int run = 1; run <= 20; run++) {
		pool_run(MEET, meet, NULL);
		ck_assert_int_eq(atomic_load(&finished), run * MEET);
		for (int w = 0; w < MEET; w++)
			ck_assert_int_eq(atomic_load(&present[w]), run);
	}
	pool_stop();
	pthread_barrier_destroy(&barrier);
}
END_TEST

static void use_stack(void *arg, int64_t i, int worker)
{
	volatile char room[1 << 20];

	for (size_t k = 0; k < sizeof room; k += 1024)
		room[k] = (char)k;
	meet(arg, i + room[0], worker);
}

/* Workers have room for what kernels put there, however little the C library gives a thread. */
START_TEST(workers_have_a_stack)
{
#ifdef __GLIBC__
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 128 << 10);
	ck_assert_int_eq(pthread_setattr_default_np(&small), 0);
	pthread_attr_destroy(&small);
#endif
	pthread_barrier_init(&barrier, NULL, MEET);
	pool_set_threads(MEET);
	pool_run(MEET, use_stack, NULL);
	ck_assert_int_eq(atomic_load(&finished), MEET);
	pool_stop();
	pthread_barrier_destroy(&barrier);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("pool");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_task_once);
	tcase_add_test(t, many_tiny_runs);
	tcase_add_test(t, nested_runs_in_place);
	tcase_add_test(t, worker_owns_its_slot);
	tcase_add_test(t, workers_meet);
	tcase_add_test(t, workers_have_a_stack);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
