/* str.c: growing strings, strict number parsing, nearest names. */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void reserve(struct str *s, size_t more)
{
	size_t capacity = s->capacity ? s->capacity : 64;

	while (capacity < s->length + more + 1)
		capacity *= 2;
	if (capacity != s->capacity) {
		s->text = xrealloc(s->text, capacity);
		s->capacity = capacity;
	}
}

void str_add_n(struct str *s, const char *text, size_t n)
{
	reserve(s, n);
	if (n)
		memcpy(s->text + s->length, text, n);
	s->length += n;
	s->text[s->length] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_n(s, text, strlen(text));
}

void str_printf(struct str *s, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n >= 0) {
		reserve(s, (size_t)n);
		vsnprintf(s->text + s->length, (size_t)n + 1, format, again);
		s->length += (size_t)n;
	}
	va_end(again);
}

const char *str_text(const struct str *s)
{
	return s->text ? s->text : "";
}

void str_free(struct str *s)
{
	free(s->text);
	*s = (struct str){ 0 };
}

bool str_to_int(const char *text, int64_t *value)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;
	long long v;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (*end != '\0' || errno == ERANGE)
		return false;
	*value = v;
	return true;
}

/* strtod also takes hexadecimal, "inf" and "nan": look at the characters first. Too small is 0 or subnormal, fine. */
static bool parse_double(const char *text, const char **rest, double *value)
{
	size_t n = strspn(text, "0123456789+-.eE");
	char *end;
	double v;

	if (n == 0)
		return false;
	v = strtod(text, &end);
	if (end == text || end > text + n || !isfinite(v))
		return false;
	*rest = end;
	*value = v;
	return true;
}

bool str_to_double(const char *text, double *value)
{
	const char *rest;
	double v;

	if (!parse_double(text, &rest, &v) || *rest != '\0')
		return false;
	*value = v;
	return true;
}

bool str_to_duration(const char *text, double *seconds)
{
	static const struct {
		char letter;
		double seconds;
	} unit[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	const int n_units = (int)(sizeof unit / sizeof unit[0]);
	double total = 0, v;
	int largest = 0; /* units must fall: "30m1h" is a slip */

	if (str_to_double(text, &v)) {
		if (v < 0)
			return false;
		*seconds = v;
		return true;
	}
	while (*text) {
		int k = largest;

		if (!isdigit((unsigned char)*text) || !parse_double(text, &text, &v))
			return false;
		while (k < n_units && unit[k].letter != *text)
			k++;
		if (k == n_units)
			return false;
		total += v * unit[k].seconds;
		largest = k + 1;
		text++;
	}
	if (largest == 0)
		return false;
	*seconds = total;
	return true;
}

/* Optimal string alignment distance (insert, delete, replace, swap of neighbours), case ignored. */
static int distance(const char *a, const char *b)
{
	enum { LONGEST = 64 };
	int row[3][LONGEST + 1], n = (int)strlen(a), m = (int)strlen(b);
	int *before = row[0], *last = row[1], *now = row[2];

	if (n > LONGEST || m > LONGEST)
		return LONGEST;
	for (int j = 0; j <= m; j++)
		last[j] = j;
	for (int i = 1; i <= n; i++) {
		int *spare = before;

		now[0] = i;
		for (int j = 1; j <= m; j++) {
			int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
			int best = last[j - 1] + (ca != cb);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
			    tolower((unsigned char)a[i - 2]) == cb && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

const char *str_nearest(const char *name, int n, const char *const *candidates)
{
	const char *nearest = NULL;
	int best = 1 + (int)strlen(name) / 4; /* one slip, and one more for every four letters */

	for (int i = 0; i < n; i++) {
		int d = distance(name, candidates[i]);

		if (d < (int)strlen(candidates[i]) && (nearest ? d < best : d <= best)) {
			best = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && strcmp(text + n - m, suffix) == 0;
}

/* %.15g drops trailing zeros, so when it reads back it is already the shortest; 17 digits always read back. */
char *str_double(char *buffer, double value)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buffer, 32, "%.*g", digits, value);
		if (strtod(buffer, NULL) == value)
			break;
	}
	return buffer;
}
