/* stop.c: signals. The handler calls only async-signal-safe functions and reads only lock-free atomics; the files to
 * unlink stand in fixed slots, so that it never follows a pointer that another thread frees. */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stop.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

enum { SLOTS = 32 };
enum slot_state { SLOT_FREE, SLOT_CLAIMED, SLOT_READY };

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXCPU };
enum { CAUGHT = sizeof caught / sizeof *caught };

static atomic_int held, first, ending, timed_out, midway;
static atomic_int seen[CAUGHT];
static struct {
	atomic_int state;
	char path[PATH_MAX];
} slot[SLOTS];

/* Seconds on the monotonic clock; 0: no limit. Written before work starts, read by any thread. */
static _Atomic double deadline;

void stop_unlink_pending(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (atomic_load(&slot[i].state) == SLOT_READY)
			unlink(slot[i].path);
}

/* Unlink what is pending and die of the signal. `ending` is set before a slot is read: see stop_unlink_on_signal. */
static void end_by(int signal_number)
{
	sigset_t only;

	atomic_store(&ending, 1);
	stop_unlink_pending();
	signal(signal_number, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, signal_number);
	raise(signal_number);
	/* Within the handler the signal is blocked: now it strikes. */
	pthread_sigmask(SIG_UNBLOCK, &only, NULL);
	_exit(128 + signal_number);
}

static void handler(int signal_number)
{
	int i = 0, none = 0;

	while (i < CAUGHT - 1 && caught[i] != signal_number)
		i++;
	if (signal_number == SIGPIPE || atomic_load(&held) == 0 || atomic_fetch_add(&seen[i], 1) > 0)
		end_by(signal_number);
	atomic_compare_exchange_strong(&first, &none, signal_number);
}

void stop_setup(void)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;

	signal(SIGXFSZ, SIG_IGN); /* a file beyond the limit is an error of write, after which nothing stays behind */

	sigemptyset(&act.sa_mask);
	for (int i = 0; i < CAUGHT; i++)
		sigaddset(&act.sa_mask, caught[i]);
	for (int i = 0; i < CAUGHT; i++)
		if (sigaction(caught[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(caught[i], &act, NULL);
}

void stop_hold(void)
{
	atomic_fetch_add(&held, 1);
}

void stop_release(void)
{
	atomic_fetch_sub(&held, 1);
}

int stop_requested(void)
{
	double limit;
	int signal_number;

	if (atomic_load(&held) == 0)
		return 0;
	signal_number = atomic_load(&first);
	if (signal_number != 0)
		return signal_number;
	limit = atomic_load(&deadline);
	if (limit <= 0 || clock_seconds() < limit)
		return 0;
	atomic_store(&timed_out, 1);
	return -1;
}

void stop_allow_midway(bool allowed)
{
	atomic_store(&midway, allowed);
}

int stop_check(struct err *e)
{
	if (!atomic_load_explicit(&midway, memory_order_relaxed) || stop_requested() == 0)
		return 0;
	return err_set(e, ERR_FAIL, "stopped");
}

int stop_interrupted(void)
{
	int signal_number = atomic_load(&first);

	return signal_number != 0 ? signal_number : -atomic_load(&timed_out);
}

void stop_after(double seconds)
{
	atomic_store(&deadline, seconds > 0 ? clock_seconds() + seconds : 0);
}

int stop_finish(void)
{
	int signal_number = atomic_load(&first);

	if (signal_number != 0)
		end_by(signal_number);
	return 0;
}

int stop_unlink_on_signal(const char *path)
{
	size_t n = strlen(path);

	if (n >= PATH_MAX)
		return -1;
	for (int i = 0; i < SLOTS; i++) {
		int expected = SLOT_FREE;

		if (!atomic_compare_exchange_strong(&slot[i].state, &expected, SLOT_CLAIMED))
			continue;
		/* A handler that may still be reading this slot's former path has set `ending` before: leave the path
		 * alone, the process is going down. One that starts later finds the slot claimed and skips it. */
		while (atomic_load(&ending))
			pause();
		memcpy(slot[i].path, path, n + 1);
		atomic_store(&slot[i].state, SLOT_READY);
		return i;
	}
	return -1;
}

void stop_forget(int index)
{
	if (index >= 0 && index < SLOTS)
		atomic_store(&slot[index].state, SLOT_FREE);
}
