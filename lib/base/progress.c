/* progress.c: one line about the work in hand, on a terminal only, and the clocks. */
#include "base/log.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double seconds_between = 0.1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool active, shown;
	char name[64], unit[32];
	int64_t total;
	double begun, last;
} line;

static double read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double clock_seconds(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void clear(void)
{
	if (line.shown)
		fputs("\r\033[K", stderr);
	line.shown = false;
}

void progress_begin(const char *name, const char *unit, int64_t total)
{
	pthread_mutex_lock(&lock);
	clear();
	line.active = log_level() > LOG_QUIET && isatty(STDERR_FILENO);
	snprintf(line.name, sizeof line.name, "%s", name);
	snprintf(line.unit, sizeof line.unit, "%s", unit);
	line.total = total;
	line.begun = line.last = clock_seconds();
	pthread_mutex_unlock(&lock);
}

/* 42 -> "0:42", 3723 -> "1:02:03" */
static void add_duration(char *text, size_t size, double seconds)
{
	size_t n = strlen(text);
	long s = (long)(seconds + 0.5);

	if (s >= 3600)
		snprintf(text + n, size - n, " %ld:%02ld:%02ld left", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(text + n, size - n, " %ld:%02ld left", s / 60, s % 60);
}

void progress_update(int64_t done, const char *extra)
{
	char text[160];
	double now, rate;
	size_t n;

	if (!line.active)
		return;
	now = clock_seconds();
	pthread_mutex_lock(&lock);
	if (line.active && now - line.last >= seconds_between) {
		line.last = now;
		rate = (double)done / (now - line.begun);
		snprintf(text, sizeof text, "%s", line.name);
		n = strlen(text);
		if (line.total > 0)
			snprintf(text + n, sizeof text - n, " %d%%", (int)(100.0 * (double)done / (double)line.total));
		n = strlen(text);
		snprintf(text + n, sizeof text - n, " %.3g %s/s", rate, line.unit);
		if (line.total > done && rate > 0)
			add_duration(text, sizeof text, (double)(line.total - done) / rate);
		n = strlen(text);
		if (extra)
			snprintf(text + n, sizeof text - n, " %s", extra);
		text[79] = '\0'; /* a line that wraps could not be cleared */
		fprintf(stderr, "\r\033[K%s", text);
		line.shown = true;
	}
	pthread_mutex_unlock(&lock);
}

void progress_clear(void)
{
	pthread_mutex_lock(&lock);
	clear();
	pthread_mutex_unlock(&lock);
}

void progress_end(void)
{
	pthread_mutex_lock(&lock);
	clear();
	line.active = false;
	pthread_mutex_unlock(&lock);
}
