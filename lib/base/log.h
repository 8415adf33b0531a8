/* log.h: what a tool says while it works, on standard error: warnings always (unless quiet), notes with -v, and one
 * progress line that is shown only when standard error is a terminal, rewritten at most ten times a second and cleared
 * before any message. */
#ifndef SCIML_BASE_LOG_H
#define SCIML_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_QUIET = 0, LOG_NORMAL = 1, LOG_VERBOSE = 2 };

void log_setup(const char *tool, enum log_level level);
enum log_level log_level(void);
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_last(const char *format, ...)
	__attribute__((format(printf, 1, 2))); /* before the process ends: even if quiet */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "NAME 37% 12.3 sample/s 0:42 left LOSS..."; total 0: unknown. extra may be NULL. */
void progress_begin(const char *name, const char *unit, int64_t total);
void progress_update(int64_t done, const char *extra);
void progress_end(void);   /* clears the line */
void progress_clear(void); /* clears the line before somebody else prints; it comes back with the next update */

/* Seconds on a monotonic clock. */
double clock_seconds(void);

#endif
