/* metric.h: how predictions are judged (DATA-LAYOUTS 15). A metric's name fixes its order of reductions; that is where
 * published numbers differ. Arrays are double, de-normalised, one sample at a time, (time, channel, space...). */
#ifndef SCIML_METRIC_METRIC_H
#define SCIML_METRIC_METRIC_H

#include "base/err.h"
#include "num/shape.h"

struct metric_shape {
	int64_t n_time, n_channel; /* 1 where there is none */
	int n_dims;		   /* 0 to 3 */
	int64_t size[3];
	double length[3]; /* domain; 0 reads as 1 */
	bool periodic[3];
	const char *const *channel_name; /* n_channel names or NULL */
	const double *time;		 /* n_time or NULL */
};
int64_t metric_count(const struct metric_shape *s);  /* elements of a sample */
int64_t metric_points(const struct metric_shape *s); /* points of one channel of one frame */

/* One row of the long-form table. */
struct metric_row {
	char part[48]; /* "all", "t=3", "channel=Vx", "band=low", "k=7" */
	double value;
};
struct metric_result {
	int n, capacity;
	struct metric_row *row; /* row 0 is "all", what --below and --above test */
	/* Spread over samples where the metric is a mean over samples: NaN else. */
	double median, standard_error, worst;
	int64_t worst_sample;
};
void metric_row_add(struct metric_result *r, double value, const char *part, ...) __attribute__((format(printf, 3, 4)));
void metric_result_free(struct metric_result *r);

struct metric_class {
	const char *name;    /* "rel_l2" */
	const char *formula; /* plain text */
	const char *source;
	bool higher_is_better;
	bool by_default;   /* printed when no --metric is given */
	bool needs_grid;   /* points stand on a grid: 1 to 3 space axes */
	bool needs_points; /* a frame has more than one point */
	void *(*begin)(const struct metric_shape *s);
	void (*add)(void *state, const double *prediction, const double *target);
	void (*end)(void *state, struct metric_result *r); /* fills r and frees state */
};

extern const struct metric_class *const *const metric_files[];
const struct metric_class *metric_find(const char *name);
/* The nearest name, for hints; NULL if none is near. */
const char *metric_nearest(const char *name);

/* A metric over whole samples and over each frame or channel by itself: rows "t=0.5" (the frame's time, or its number
 * where times are not known) and "channel=Vx" hold the metric of that part alone. */
enum { METRIC_BY_TIME = 1, METRIC_BY_CHANNEL = 2 };
struct metric_run;
/* s and what it points to must outlive the run. by: METRIC_BY_... or 0. */
struct metric_run *metric_run_new(const struct metric_class *c, const struct metric_shape *s, unsigned by);
void metric_run_add(struct metric_run *m, const double *prediction, const double *target);
void metric_run_end(struct metric_run *m, struct metric_result *r); /* frees m; r is to be freed */

#endif
