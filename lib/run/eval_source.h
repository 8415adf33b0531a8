/* eval_source.h: the equation that a file's data should solve, and where its coefficients and parameters stand. */
#ifndef SCIML_RUN_EVAL_SOURCE_H
#define SCIML_RUN_EVAL_SOURCE_H

#include "io/dataset.h"
#include "problem/equation_residual.h"
#include "run/chosen.h"

struct eval_source {
	struct dataset *data;  /* borrowed: what is judged */
	struct dataset *given; /* -p named a data set: coefficients and drawn parameters of the same samples; or NULL */
	struct chosen problem;
	bool made; /* the problem was put together from what the file says of itself */
	struct equation_spec *spec;
	int field[EQUATION_UNKNOWNS]; /* in data; -1: not stored */
	struct dataset *coef_of[EQUATION_COEFS];
	int coef[EQUATION_COEFS];
	double *drawn[EQUATION_PARAMS]; /* of every sample, or NULL */
	double param[EQUATION_PARAMS];	/* of those that are not drawn */
	struct equation_grid grid;
	double *x[3], *time; /* owned; time: one sample's */
	int time_field;	     /* times of every sample on their own, or -1 */
};

/* problem: -p, a problem's name, a YAML file or a data set; NULL: what data's own /meta/config or equation says. Fails
 * naming what is missing: an equation, a field, a coefficient, a parameter, coordinates. */
int eval_source_open(struct eval_source *s, const struct run_common *common, struct dataset *data, const char *problem,
		     struct err *e);
void eval_source_close(struct eval_source *s);
/* Parameters and times of a sample. */
int eval_source_sample(struct eval_source *s, int64_t sample, double *param, double *time, struct err *e);

#endif
