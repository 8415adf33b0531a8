/* eval_inside.h: between the files of eval. */
#ifndef SCIML_RUN_EVAL_INSIDE_H
#define SCIML_RUN_EVAL_INSIDE_H

#include "io/dataset.h"
#include "metric/metric.h"
#include "run/eval.h"

struct eval_config {
	int64_t given_frames, train_samples, plot_times;
};
extern const struct key eval_keys[];

/* ---- eval_match.c: which numbers of the reference belong to a field of the prediction ---- */

struct eval_field {
	const char *name;
	int prediction, reference, input;	    /* indices of fields; input: of the target's shape, or -1 */
	struct metric_shape shape;		    /* of what is judged */
	bool grid;				    /* points stand on a grid */
	int64_t n_given;			    /* first frames of the prediction, not judged */
	int64_t *frame;				    /* reference's frame of each judged frame */
	int64_t last_given;			    /* reference's frame before them, or -1 */
	double *time;				    /* of the judged frames, or NULL */
	int64_t step[3], size[3];		    /* reference's points: every step-th of size */
	int64_t n_prediction, n_reference, n_frame; /* elements of a sample as stored; of a judged frame */
	double *p, *r;				    /* a sample as stored */
};
struct eval_pair {
	struct dataset *prediction, *reference;
	int n_fields;
	struct eval_field *field;
};

int eval_pair_open(struct eval_pair *m, const struct eval_options *o, const struct eval_config *c,
		   const char *prediction, const char *reference, struct err *e);
void eval_pair_close(struct eval_pair *m);
/* Judged frames of a sample: (time, channel, space). The second with frame = f->frame, f->shape.n_time frames, or
 * any. */
int eval_read_prediction(struct eval_pair *m, struct eval_field *f, int64_t sample, double *out, struct err *e);
int eval_read_reference(struct dataset *d, int field, struct eval_field *f, int64_t sample, int64_t n_frames,
			const int64_t *frame, double *out, struct err *e);

/* ---- eval_baseline.c: trivial predictors ---- */

enum eval_what { EVAL_PREDICTION, EVAL_PERSISTENCE, EVAL_MEAN, EVAL_TRAIN_MEAN, EVAL_WHATS };
extern const char *const eval_what_names[EVAL_WHATS];

struct eval_baselines {
	bool has[EVAL_WHATS];
	double *value[EVAL_WHATS]; /* of the sample in hand; train-mean: of all */
};
/* For one field; has[EVAL_PREDICTION] is always set, its value is the caller's to fill. */
int eval_baselines_open(struct eval_baselines *b, struct eval_pair *m, struct eval_field *f,
			const struct eval_options *o, const struct eval_config *c, const char *reference,
			struct err *e);
void eval_baselines_close(struct eval_baselines *b);
int eval_baselines_fill(struct eval_baselines *b, struct eval_pair *m, struct eval_field *f, int64_t sample,
			struct err *e);

/* ---- eval_rows.c: rows, bounds ---- */

struct eval_row {
	int what;
	const char *field; /* borrowed */
	const struct metric_class *metric;
	int64_t n, nonfinite;
	struct metric_result result;
};
struct eval_rows {
	int n, capacity;
	struct eval_row *at;
};
struct eval_bound {
	const struct metric_class *metric;
	char part[48];
	double value;
	bool below;
};
struct eval_plan {
	int n_metrics, n_bounds;
	const struct metric_class **metric;
	struct eval_bound *bound;
	bool chosen;		  /* metrics were named */
	bool time, channel, band; /* rows to print */
	unsigned by;		  /* parts to compute, METRIC_BY_... */
};

/* only: the metrics that can be named, NULL-terminated; NULL: all of metric/metric.h. */
int eval_plan_make(struct eval_plan *p, const struct eval_options *o, const struct metric_class *const *only,
		   struct err *e);
void eval_plan_free(struct eval_plan *p);
void eval_print(const struct eval_plan *p, const struct eval_options *o, const struct eval_rows *rows);
/* ERR_BOUND when one does not hold (all but the last are said here), ERR_USAGE when a part is not there. */
int eval_bounds(const struct eval_plan *p, const struct eval_rows *rows, struct err *e);
void eval_rows_free(struct eval_rows *rows);
/* %.9g, or %.17g; "nan" and "inf" without sign surprises. */
void eval_number(struct str *out, const struct eval_options *o, double v);

/* ---- one file each ---- */

int eval_compare(const struct run_common *common, const struct eval_options *o, const char *prediction,
		 const char *reference, struct err *e);
int eval_stat(const struct eval_options *o, int n, const char *const *file, struct err *e);
int eval_info(const struct eval_options *o, int n, const char *const *file, struct err *e);
int eval_check(const struct eval_options *o, int n, const char *const *file, struct err *e);
int eval_convert(const struct run_common *common, const struct eval_options *o, const char *file, struct err *e);
int eval_history(const struct run_common *common, const struct eval_options *o, const char *file, struct err *e);
/* How far stored data are from solving their equation (eval_residual.c; eval_source.c finds the equation). */
int eval_residual(const struct run_common *common, const struct eval_options *o, const char *file, struct err *e);
extern const struct metric_class *const eval_residual_metrics[];
int eval_collect(const struct eval_options *o, int n, const char *const *file, struct err *e);

#endif
