/* err.h: errors as values. The function that knows what is wrong writes the message, its callers put the file or
 * section in front of it, and only tool_main prints it. */
#ifndef SCIML_BASE_ERR_H
#define SCIML_BASE_ERR_H

#include <stdarg.h>

/* The values are the exit statuses of the tools. */
enum err_code {
	ERR_NONE = 0,
	ERR_FAIL = 1,	 /* I/O or numerics */
	ERR_USAGE = 2,	 /* command line, configuration, shape of the input */
	ERR_BOUND = 3,	 /* finished, but a requested bound does not hold */
	ERR_LOCKED = 75, /* another run works on the same output, or time was up: the same command may do later */
};

struct err {
	enum err_code code;
	char message[1000];
};

/* Write code and message; always returns -1, so that callers can `return err_set(...)`. e may be NULL. */
int err_set(struct err *e, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and the text of errno at the end (ENOSPC reads "no space left on device"). */
int err_errno(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "PREFIX: " in front of the message, keep the code; returns -1. */
int err_in(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
