/* err.c: building and widening the one message that a failure carries. */
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The arguments may point into e->message (a caller that quotes an inner error), so format beside it, then copy. */
static void write_message(struct err *e, const char *format, va_list args)
{
	char text[sizeof e->message];

	vsnprintf(text, sizeof text, format, args);
	memcpy(e->message, text, sizeof text);
}

int err_set(struct err *e, enum err_code code, const char *format, ...)
{
	va_list args;

	if (!e)
		return -1;
	va_start(args, format);
	write_message(e, format, args);
	va_end(args);
	e->code = code;
	return -1;
}

int err_errno(struct err *e, const char *format, ...)
{
	int number = errno;
	char reason[256];
	size_t length;
	va_list args;

	if (!e)
		return -1;
	va_start(args, format);
	write_message(e, format, args);
	va_end(args);
	e->code = ERR_FAIL;
	snprintf(reason, sizeof reason, "%s", strerror(number));
	/* The reason stands in the middle of a line: no capital, unless it is an abbreviation (RPC ...). */
	if (islower((unsigned char)reason[1]))
		reason[0] = (char)tolower((unsigned char)reason[0]);
	length = strlen(e->message);
	snprintf(e->message + length, sizeof e->message - length, ": %s", reason);
	return -1;
}

int err_in(struct err *e, const char *format, ...)
{
	char inner[sizeof e->message];
	size_t length;
	va_list args;

	if (!e)
		return -1;
	memcpy(inner, e->message, sizeof inner);
	va_start(args, format);
	write_message(e, format, args);
	va_end(args);
	length = strlen(e->message);
	snprintf(e->message + length, sizeof e->message - length, ": %s", inner);
	return -1;
}
