/* pool.c: worker threads that sleep until there is work. A run is open while its caller hands out tasks; workers that
 * wake up too late find it closed and sleep on, so short runs never wait for them. */
#include "config.h"

#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

enum { STACK_LEAST = 8 << 20 }; /* bytes: tasks keep blocks of matrices there, and some C libraries give 128 KiB */

struct run {
	void (*task)(void *arg, int64_t i, int worker);
	void *arg;
	int64_t n_tasks;
	_Atomic int64_t next;
};

static pthread_mutex_t one_run = PTHREAD_MUTEX_INITIALIZER; /* held by the thread whose run it is */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;    /* guards what follows */
static pthread_cond_t work = PTHREAD_COND_INITIALIZER, idle = PTHREAD_COND_INITIALIZER;
static struct run *open_run;
static uint64_t n_runs; /* tells a worker a new run from the one it has just left */
static int n_busy, n_started, n_wanted;
static bool stopping;
static pthread_t thread[POOL_THREADS_MAX];

static _Thread_local int my_number = -1; /* worker number while inside a task */

static int online_cpus(void)
{
	long n = 0;
#ifdef CPU_COUNT
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
#endif
	if (n < 1)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > POOL_THREADS_MAX ? POOL_THREADS_MAX : (int)n;
}

static void work_on(struct run *r, int number)
{
	int64_t i;

	my_number = number;
	while ((i = atomic_fetch_add_explicit(&r->next, 1, memory_order_relaxed)) < r->n_tasks)
		r->task(r->arg, i, number);
	my_number = -1;
}

static void *worker(void *arg)
{
	int number = (int)(intptr_t)arg;
	uint64_t seen = 0;

	pthread_mutex_lock(&lock);
	for (;;) {
		struct run *r;

		while (!stopping && (!open_run || seen == n_runs))
			pthread_cond_wait(&work, &lock);
		if (stopping)
			break;
		r = open_run;
		seen = n_runs;
		n_busy++;
		pthread_mutex_unlock(&lock);
		work_on(r, number);
		pthread_mutex_lock(&lock);
		if (--n_busy == 0)
			pthread_cond_signal(&idle);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* Signals are for the thread that runs main: workers block them all. */
static void start_workers(void)
{
	sigset_t all, saved;
	pthread_attr_t kind;
	size_t stack;

	if (pthread_attr_init(&kind) != 0)
		return;
	if (pthread_attr_getstacksize(&kind, &stack) != 0 || stack < STACK_LEAST)
		pthread_attr_setstacksize(&kind, STACK_LEAST);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	while (n_started < n_wanted - 1) {
		/* fewer threads than asked for change the time, not the result */
		if (pthread_create(&thread[n_started], &kind, worker, (void *)(intptr_t)(n_started + 1)) != 0)
			break;
		n_started++;
	}
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	pthread_attr_destroy(&kind);
}

static void stop_workers(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_broadcast(&work);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < n_started; i++)
		pthread_join(thread[i], NULL);
	n_started = 0;
	stopping = false;
}

void pool_set_threads(int n_threads)
{
	pthread_mutex_lock(&one_run);
	if (n_threads < 1)
		n_threads = online_cpus();
	if (n_threads > POOL_THREADS_MAX)
		n_threads = POOL_THREADS_MAX;
	if (n_threads - 1 < n_started)
		stop_workers();
	n_wanted = n_threads;
	pthread_mutex_unlock(&one_run);
}

int pool_threads(void)
{
	if (my_number < 0 && n_wanted == 0)
		pool_set_threads(0);
	return n_wanted;
}

void pool_run(int64_t n_tasks, void (*task)(void *arg, int64_t i, int worker), void *arg)
{
	struct run r = { .task = task, .arg = arg, .n_tasks = n_tasks };
	int n_wake;

	if (n_tasks <= 0)
		return;
	if (my_number >= 0) {
		for (int64_t i = 0; i < n_tasks; i++)
			task(arg, i, my_number);
		return;
	}
	if (pool_threads() > 1 && n_tasks > 1) {
		pthread_mutex_lock(&one_run);
		start_workers();
		pthread_mutex_lock(&lock);
		open_run = &r;
		n_runs++;
		n_wake = n_tasks - 1 < n_started ? (int)(n_tasks - 1) : n_started;
		for (int i = 0; i < n_wake; i++)
			pthread_cond_signal(&work);
		pthread_mutex_unlock(&lock);
		work_on(&r, 0);
		pthread_mutex_lock(&lock);
		open_run = NULL;
		while (n_busy > 0)
			pthread_cond_wait(&idle, &lock);
		pthread_mutex_unlock(&lock);
	} else {
		pthread_mutex_lock(&one_run);
		work_on(&r, 0);
	}
	pthread_mutex_unlock(&one_run);
}

void pool_stop(void)
{
	pthread_mutex_lock(&one_run);
	stop_workers();
	pthread_mutex_unlock(&one_run);
}
