/* pool.h: one pool of worker threads for the process. Workers sleep on a condition variable, they never spin. The
 * number of tasks is chosen by the caller from the problem's shape alone, never from the number of threads, so results
 * do not depend on it. */
#ifndef SCIML_BASE_POOL_H
#define SCIML_BASE_POOL_H

#include <stdint.h>

enum { POOL_THREADS_MAX = 256 };

/* Number of threads that work, the caller's included; 0 = online CPUs. Call before the first pool_run or between
 * runs. */
void pool_set_threads(int n_threads);
int pool_threads(void);

/* Run task(arg, i, worker) for i = 0..n_tasks-1, each exactly once, in any order, worker in 0..pool_threads()-1;
 * returns when all are done. From inside a task it runs in place, with the caller's worker number. */
void pool_run(int64_t n_tasks, void (*task)(void *arg, int64_t i, int worker), void *arg);

/* Join and forget all workers (for leak checkers and before fork). */
void pool_stop(void);

#endif
