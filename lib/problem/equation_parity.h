/* equation_parity.h: is an expression even or odd about both ends of an axis? Then it is even or odd on the circle of
 * twice the length, and what it drives keeps cosine or sine series. */
#ifndef SCIML_PROBLEM_EQUATION_PARITY_H
#define SCIML_PROBLEM_EQUATION_PARITY_H

#include "problem/equation_spec.h"

enum parity { PARITY_ODD = -1, PARITY_NONE = 0, PARITY_EVEN = 1, PARITY_ANY = 2 /* zero */ };

/* unknown: by unknown; coef: by coefficient; may be PARITY_NONE. Formulas of place alone are evaluated on both sides of
 * both ends, with the parameters of sample 0. */
enum parity equation_parity(const struct equation_spec *s, expr a, int axis, const enum parity *unknown,
			    const enum parity *coef);
/* Of an unknown, from its conditions: odd where it is 0 at both ends, even where its slope is, else none. */
enum parity equation_side_parity(const struct equation_spec *s, int axis, int unknown);

#endif
