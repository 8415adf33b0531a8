/* task.h: what a data set asks of a model: which fields go in, which come out, and how samples become batches.
 * map: input fields -> target fields. step: the last `history` frames of a trajectory -> the next one (and on, for
 * roll-outs). spacetime: the first `history` frames, repeated along time, -> all later frames with time as the last
 * space axis. */
#ifndef SCIML_RUN_TASK_H
#define SCIML_RUN_TASK_H

#include "conf/key.h"
#include "io/dataset.h"
#include "model/model.h"

struct task_config {
	struct key_strings input, target;
	int time, missing;
	int64_t history, rollout;
	struct key_longs frames;
	int64_t reduce, reduce_time;
	double memory;
};
extern const struct key task_keys[];

enum { TASK_MISSING_REFUSE, TASK_MISSING_ZERO }; /* task_config.missing */
enum task_kind { TASK_MAP, TASK_STEP, TASK_SPACETIME };
enum { TASK_FIELDS_MAX = 32 };

struct task_field {
	int index;			     /* in the data set's layout */
	int64_t n_time, n_channel, n_points; /* after reduction; n_time 1 without a time axis */
	bool has_time;
	void *cache; /* (sample, time, channel, points) of the task's type, or NULL: read on demand */
};

struct task {
	const struct task_config *config;
	struct dataset *data; /* borrowed */
	enum dtype real;
	enum task_kind kind;
	struct model_spec spec;
	/* input: static fields (map: all inputs); state: trajectory fields (step, spacetime); target: map only; query: at most
	 * one */
	int n_inputs, n_states, n_targets, n_queries;
	struct task_field input[TASK_FIELDS_MAX], state[TASK_FIELDS_MAX], target[TASK_FIELDS_MAX], query;
	int64_t first_frame, n_frames; /* usable frames of a trajectory */
	int64_t n_windows;	       /* windows a sample; 1 for maps */
	int64_t n_items;	       /* samples x windows */
	void *row;		       /* scratch of one field of one sample */
};

/* rollout <= 0: the configuration's. Fails with names and shapes when fields do not fit together. */
int task_open(struct task *t, struct dataset *data, const struct task_config *c, int64_t rollout, enum dtype real,
	      struct err *e);
/* For applying a model trained on `trained` data: a set of inputs without targets is a map to a field 'prediction'. */
int task_open_for(struct task *t, struct dataset *data, const struct task_config *c, int64_t rollout, enum dtype real,
		  const struct model_spec *trained, struct err *e);
void task_close(struct task *t);

/* Elements of one item: model input, query, one target frame. */
int64_t task_input_count(const struct task *t);
int64_t task_query_count(const struct task *t);
int64_t task_target_count(const struct task *t);

/* Items into batches of the task's type: field (n, n_in, N...), query (n, q, d) or NULL, target[k] (n, n_out, N...) of
 * the k-th predicted frame, k < rollout (maps: one). target NULL: not wanted. */
int task_load(struct task *t, int64_t n, const int64_t *item, void *field, void *query, void *const *target,
	      struct err *e);

/* Mean and standard deviation (n - 1 form) over all samples, per channel (pixel false: n values) or per channel and
 * point, of the model's input (n_in channels) or target (n_out). In double; caller's arrays. */
int task_statistics(struct task *t, bool of_target, bool pixel, double *mean, double *std, struct err *e);

/* Layout of a prediction file: target fields with the data's axes; trajectories keep frames first_frame .. of the
 * window. */
struct layout task_prediction_layout(const struct task *t, int64_t n_frames);

#endif
