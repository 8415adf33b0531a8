/* formula.h: contractions written as "bcn,oc->bon": what each letter means for loops and strides. */
#ifndef SCIML_OP_FORMULA_H
#define SCIML_OP_FORMULA_H

#include "base/err.h"
#include "num/shape.h"

/* Letters of the axes, zero-padded: attr of contractions. */
struct formula {
	char a[SHAPE_MAX + 1], b[SHAPE_MAX + 1], out[SHAPE_MAX + 1];
};

int formula_parse(struct formula *f, const char *text, struct err *e);
/* Shape of the result; both shapes are checked against the letters. */
int formula_infer(const struct formula *f, const struct shape *a, const struct shape *b, struct shape *out,
		  struct err *e);

enum axis_kind {
	AXIS_BATCH,  /* in a, b and the result */
	AXIS_ROW,    /* in a and the result */
	AXIS_COLUMN, /* in b and the result */
	AXIS_SUM,    /* in a and b */
};

enum { FORMULA_AXES = 2 * SHAPE_MAX };
struct formula_axis {
	enum axis_kind kind;
	int64_t extent;
	int64_t a, b, out; /* strides in elements, 0 where it does not occur */
};

/* The axes ordered by kind; axes of extent 1 are dropped, neighbours that run through memory as one are merged. */
struct formula_axes {
	int n;
	struct formula_axis axis[FORMULA_AXES];
	/* Axis 0 of the result: the merged axis that it is the outer part of (-1: none left) and the extent of the rest of
	 * that axis. */
	int first;
	int64_t first_inner;
	/* Bit 0, 1: axis 0 of the result is axis 0 of a, b too. */
	unsigned rows;
};
void formula_axes(struct formula_axes *x, const struct formula *f, const struct shape *a, const struct shape *b);

#endif
