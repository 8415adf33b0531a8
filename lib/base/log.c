/* log.c: warnings and notes on standard error. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
	char tool[64];
	enum log_level level;
} setup = { "sciml", LOG_NORMAL };

void log_setup(const char *tool, enum log_level level)
{
	snprintf(setup.tool, sizeof setup.tool, "%s", tool);
	setup.level = level;
}

enum log_level log_level(void)
{
	return setup.level;
}

/* One write per line, so that lines of several processes do not mix. */
static void line(const char *kind, const char *format, va_list args)
{
	char text[1200];
	int n = snprintf(text, sizeof text, "%s: %s", setup.tool, kind);

	vsnprintf(text + n, sizeof text - (size_t)n - 1, format, args);
	strcat(text, "\n");
	progress_clear();
	fputs(text, stderr);
}

void log_warn(const char *format, ...)
{
	va_list args;

	if (setup.level < LOG_NORMAL)
		return;
	va_start(args, format);
	line("warning: ", format, args);
	va_end(args);
}

void log_last(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line("", format, args);
	va_end(args);
}

void log_note(const char *format, ...)
{
	va_list args;

	if (setup.level < LOG_VERBOSE)
		return;
	va_start(args, format);
	line("", format, args);
	va_end(args);
}
