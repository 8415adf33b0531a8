/* system.h: systems of equations as they are written: "u_t = nu*u_xx - u*u_x", "u_tt = lap(u)", "0 = lap(u) + f",
 * several with ; or line ends between. */
#ifndef SCIML_EQUATION_SYSTEM_H
#define SCIML_EQUATION_SYSTEM_H

#include "equation/expr.h"

struct equation {
	expr left, right; /* as written */
	int field;	  /* that it determines; -1: stationary, without a time derivative */
	int time_order;	  /* 0, 1, 2 */
	expr rate;	  /* the highest time derivative solved for; stationary: left - right */
};

struct equations {
	int n, capacity;
	struct equation *at;
};

/* Declare as a scalar field every name of the text that is not known and carries a time derivative (u_t, u_tt). */
int equations_fields(struct exprs *p, const char *text, const char *what, struct err *e);
/* Read the equations of a text and append them. Every time derivative is solved for: it must stand linearly with a
 * factor that holds no time derivative. */
int equations_parse(struct exprs *p, struct equations *s, const char *text, const char *what, struct err *e);
void equations_free(struct equations *s);
void equations_text(const struct exprs *p, const struct equations *s, struct str *out); /* "...; ..." */

#endif
