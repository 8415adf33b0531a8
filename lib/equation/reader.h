/* reader.h: the scanner and the expression parser as the files of lib/equation share them. Sticky: after the first
 * failure every token is the end. */
#ifndef SCIML_EQUATION_READER_H
#define SCIML_EQUATION_READER_H

#include "equation/expr.h"

enum token_kind { TOKEN_SIGN, TOKEN_NAME, TOKEN_NUMBER, TOKEN_END };
struct token {
	enum token_kind kind;
	size_t at, length;
	double value;
};

struct reader {
	struct exprs *pool;
	const char *text, *what;
	size_t at; /* behind the token */
	struct token token;
	bool spaced, failed;	    /* spaced: white space before the token */
	int allow, depth, brackets; /* line ends within brackets are white space */
	struct err *err;
};

void reader_open(struct reader *r, struct exprs *p, const char *text, const char *what, int allow, struct err *e);
void reader_next(struct reader *r);
bool reader_is(const struct reader *r, const char *sign);
/* Both return EXPR_NONE, which is -1. */
int reader_fail(struct reader *r, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *reader_shown(const struct reader *r, char buffer[80]); /* what stands here, for messages */
int reader_unexpected(struct reader *r, const char *wanted);
expr reader_expression(struct reader *r, int least);
int reader_axis(const struct reader *r, char letter); /* EXPR_TIME for t, -1: none */

#endif
