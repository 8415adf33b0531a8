/* model.h: what sciml-train learns. A model is a table of keys and a function that builds its graph; the parameters
 * come out of the building. Field models map (b, n_in, N...) to (b, n_out, N...); query models (b, n_in, N...) and
 * points to values. */
#ifndef SCIML_MODEL_MODEL_H
#define SCIML_MODEL_MODEL_H

#include "conf/key.h"
#include "nn/nn.h"

/* What the data look like, without the batch axis. */
struct model_spec {
	int n_dims; /* space axes, 0 to 3 (0: vectors (b, n_in)) */
	int64_t size[3];
	bool periodic[3];
	double length[3];
	int64_t n_in, n_out; /* channels */
	int64_t n_query;     /* query points a sample; 0: output lives on the input's grid */
	int64_t query_dims;
	int64_t n_vector; /* case parameters a sample: model_in.vector */
	int64_t n_state;  /* of n_in, the last frame's channels, at the end: those of model_in.last */
};

struct model_in {
	node field; /* (b, n_in, N...) */
	node query; /* (b, n_query, query_dims) or NODE_NONE */
	node vector; /* (b, n_vector) or NODE_NONE; models of times take the first as the time, the rest as a condition */
	node last; /* (b, n_out, N...): what a residual model adds, normalised as the target is; NODE_NONE: no such frame */
};

struct model_class {
	const char *name;
	const char *summary, *source, *notes;
	size_t config_size;
	const struct key *keys;
	/* Configuration against data; messages name the key: "model.modes: 12 modes need 24 points, x has 16". NULL:
	 * nothing. */
	int (*check)(const void *config, const struct model_spec *s, struct err *e);
	/* (b, n_out, N...), or (b, n_query, n_out) for queries. */
	node (*build)(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in);
	/* Is this a form that a search has yet to fill (learner_class.searches)? NULL: never. */
	bool (*unfilled)(const void *config);
	bool grid_free; /* trained weights apply on other grids */
	/* For the generic tests (gradient, save/load, overfit): small configuration and data. */
	const char *test_config;
	struct model_spec test_spec;
};

extern const struct model_class *const *const model_files[];
const struct model_class *model_find(const char *name);

/* Models that are told a time. Fourier features of the time (nn_fourier_features); the condition (b, n_vector - 1) or
 * NODE_NONE; an embedding (b, width): a perceptron on the features plus a linear map of the condition. */
node model_time_features(struct nn *n, const struct model_in *in, double scale, int64_t size);
node model_condition(struct nn *n, const struct model_in *in);
node model_time_embedding(struct nn *n, const struct model_in *in, double scale, int64_t size, int64_t width);

/* y + in->last; the graph fails where there is no such frame. */
node model_add_last(struct nn *n, const struct model_in *in, node y);

#endif
