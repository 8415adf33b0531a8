/* reader.c: the scanner of the equation language and its error messages. */
#include "equation/reader.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reader_open(struct reader *r, struct exprs *p, const char *text, const char *what, int allow, struct err *e)
{
	*r = (struct reader){ .pool = p, .text = text, .what = what, .allow = allow, .err = e };
	reader_next(r);
}

int reader_fail(struct reader *r, size_t at, const char *format, ...)
{
	char message[500];
	int line = 1, column = 1;
	va_list ap;

	if (r->failed)
		return EXPR_NONE;
	r->failed = true;
	for (size_t i = 0; i < at && r->text[i]; i++) {
		column = r->text[i] == '\n' ? 1 : column + 1;
		line += r->text[i] == '\n';
	}
	va_start(ap, format);
	vsnprintf(message, sizeof message, format, ap);
	va_end(ap);
	err_set(r->err, ERR_USAGE, "%s:%d:%d: %s", r->what, line, column, message);
	r->token = (struct token){ .kind = TOKEN_END, .at = r->token.at };
	return EXPR_NONE;
}

void reader_next(struct reader *r)
{
	static const char *const two[] = { "<=", ">=", "**", "&&", "||", "==", "!=" };
	const char *s = r->text;
	size_t i = r->at;
	char *end;

	if (r->failed)
		return;
	r->spaced = isspace((unsigned char)s[i]) != 0;
	while (isspace((unsigned char)s[i]) && (s[i] != '\n' || r->brackets > 0))
		i++;
	r->token = (struct token){ .at = i, .length = 1 };
	if (s[i] == '\0') {
		r->token.kind = TOKEN_END;
		r->token.length = 0;
	} else if (isdigit((unsigned char)s[i]) || (s[i] == '.' && isdigit((unsigned char)s[i + 1]))) {
		if (s[i] == '0' && (s[i + 1] == 'x' || s[i + 1] == 'X')) {
			reader_fail(r, i, "numbers are decimal");
			return;
		}
		r->token.kind = TOKEN_NUMBER;
		r->token.value = strtod(s + i, &end);
		r->token.length = (size_t)(end - (s + i));
		if (!isfinite(r->token.value))
			reader_fail(r, i, "%.*s is too large", (int)r->token.length, s + i);
	} else if (isalpha((unsigned char)s[i]) || s[i] == '_') {
		while (isalnum((unsigned char)s[i + r->token.length]) || s[i + r->token.length] == '_')
			r->token.length++;
		r->token.kind = TOKEN_NAME;
	} else if (strchr("+-*/^()[],=<>.;\n", s[i])) {
		r->token.kind = TOKEN_SIGN;
		r->brackets += (s[i] == '(' || s[i] == '[') - (s[i] == ')' || s[i] == ']');
	} else if (!strchr("&|!", s[i]) || (s[i] == '!' && s[i + 1] != '=')) {
		if (isprint((unsigned char)s[i]))
			reader_fail(r, i, "'%c' has no meaning here", s[i]);
		else
			reader_fail(r, i, "byte 0x%02x has no meaning here", (unsigned char)s[i]);
		return;
	}
	for (size_t k = 0; k < sizeof two / sizeof *two && r->token.kind != TOKEN_NUMBER; k++)
		if (s[i] == two[k][0] && s[i + 1] == two[k][1]) {
			static const char *const instead[] = { NULL, NULL, "^", "and", "or", "<= and >=", "not" };

			if (instead[k])
				reader_fail(r, i, "write %s instead of %s", instead[k], two[k]);
			r->token.length = 2;
		}
	if (!r->failed && r->token.kind == TOKEN_SIGN && strchr("&|!", s[i]))
		reader_fail(r, i, "write and, or, not instead of signs");
	r->at = i + r->token.length;
}

bool reader_is(const struct reader *r, const char *sign)
{
	return (r->token.kind == TOKEN_SIGN || r->token.kind == TOKEN_NAME) && r->token.length == strlen(sign) &&
	       memcmp(r->text + r->token.at, sign, r->token.length) == 0;
}

const char *reader_shown(const struct reader *r, char buffer[80])
{
	if (r->token.kind == TOKEN_END || reader_is(r, "\n"))
		snprintf(buffer, 80, "the end");
	else
		snprintf(buffer, 80, "'%.*s'", r->token.length < 60 ? (int)r->token.length : 60, r->text + r->token.at);
	return buffer;
}

int reader_unexpected(struct reader *r, const char *wanted)
{
	char buffer[80];

	return reader_fail(r, r->token.at, "expected %s, found %s", wanted, reader_shown(r, buffer));
}
