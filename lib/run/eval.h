/* eval.h: the verb of sciml-eval: predictions against references, and what can be said about one file. */
#ifndef SCIML_RUN_EVAL_H
#define SCIML_RUN_EVAL_H

#include "base/str.h"
#include "run/setup.h"

struct eval_texts {
	int n;
	const char *const *at;
};

struct eval_options {
	struct eval_texts metric;	/* empty: those printed by default */
	struct eval_texts below, above; /* "NAME=VALUE" or "NAME.PART=VALUE" */
	const char *by;			/* "time", "channel", "band", "sample" or NULL */
	const char *problem;		/* residual: a problem, a file or a data set; NULL: what the data say */
	const char *plot, *layout;	/* picture to draw, layout to read as (or write, for convert); NULL: none */
	bool no_baselines, precise, verbose;
	bool subset;	 /* compare where the prediction's points are some of the reference's */
	struct str *out; /* the text; to be printed also when bounds do not hold (ERR_BOUND) */
};

/* Operands: PREDICTION REFERENCE | FILE | check FILE... | info FILE... | stat FILE... | convert FILE | residual FILE |
 * table TSV... */
int eval_run(const struct run_common *common, const struct eval_options *o, int n, const char *const *operand,
	     struct err *e);
/* Metrics, one line each; everything about one. */
void eval_list(struct str *out);
int eval_describe(const char *name, bool man, struct str *out, struct err *e);

#endif
