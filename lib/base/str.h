/* str.h: growing strings, strict number parsing, nearest names for error messages. */
#ifndef SCIML_BASE_STR_H
#define SCIML_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing string; { 0 } is empty. text is NULL until something is added; free with str_free. */
struct str {
	char *text;
	size_t length, capacity;
};

void str_add(struct str *s, const char *text);
void str_add_n(struct str *s, const char *text, size_t n);
void str_printf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *str_text(const struct str *s); /* "" when empty */
void str_free(struct str *s);		   /* back to { 0 } */

/* Whole string consumed, in range, no surrounding space: true and *value, else false and *value untouched. Doubles take
 * decimal and exponent notation, "inf" and "nan" are refused. */
bool str_to_int(const char *text, int64_t *value);
bool str_to_double(const char *text, double *value);

/* "2h", "90m", "30s", "1h30m", "45" (seconds) -> seconds. */
bool str_to_duration(const char *text, double *seconds);

/* The candidate nearest to `name` by edit distance when it is near enough to be meant, else NULL. */
const char *str_nearest(const char *name, int n, const char *const *candidates);

bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* Shortest decimal text that reads back as the same double. buffer holds at least 32 bytes; returns buffer. */
char *str_double(char *buffer, double value);

#endif
