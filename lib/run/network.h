/* network.h: a model between its normalisers: decoded = D(model(E(input))). The statistics are states of the model, so
 * they travel in its file and follow it to other grids. */
#ifndef SCIML_RUN_NETWORK_H
#define SCIML_RUN_NETWORK_H

#include "conf/key.h"
#include "model/model.h"
#include "objective/objective.h"
#include "run/task.h"

enum { NORMALISE_NONE, NORMALISE_CHANNEL, NORMALISE_PIXEL };

struct network_config {
	int real, normalise_input, normalise_target;
	bool encoded_loss;
	const struct conf_node *equal, *at_most; /* hard constraints on predictions, run/polytope.h */
};
extern const struct key network_keys[]; /* section data, beside task_keys */

/* A model of one kind with its configuration and values: what a model file holds. */
struct network {
	const struct model_class *class;
	void *config;
	const struct task_config *task; /* section data: borrowed from whoever read it */
	struct network_config key;
	struct model_spec spec; /* of the data at hand */
	struct params params;
	enum dtype real;
};

/* One build for a batch of n. */
struct network_graph {
	struct graph *g;
	struct nn nn;
	struct model_in in;
	node prediction; /* decoded */
	node encoded;	 /* before the target's normaliser */
};

/* Inputs and prediction on graph g with n->spec; node_field may be NODE_NONE: a new input is made. */
void network_build(struct network *n, struct network_graph *b, struct graph *g, int64_t batch, bool training,
		   node field, node query);
/* Loss of prediction (or of encoded prediction and target, when the configuration says so). */
node network_loss(const struct network *n, struct network_graph *b, const struct objective_class *o, const void *config,
		  node target);
void network_graph_free(struct network_graph *b);
/* First build: makes the parameters, draws them, and fills the normalisers from the task's samples. */
int network_start(struct network *n, struct task *t, uint64_t seed, struct err *e);
/* n->spec becomes that of other data, which a trained network is applied to or judged on. ERR_USAGE, with the file:
 * other numbers of channels or axes; another grid where the model is not grid_free. */
int network_fit(struct network *n, const struct task *t, struct err *e);
/* Prediction shape for a batch. */
struct shape network_shape(const struct network *n, int64_t batch);
void network_free(struct network *n);

/* Many samples through the evaluation graph, plans kept by batch size. */
struct predictor;
struct predictor *predictor_new(struct network *n); /* borrows n */
void predictor_free(struct predictor *p);
/* x (b, n_in, N...), query or NULL -> out (b, n_out, N...) or (b, q, n_out). */
int predictor_run(struct predictor *p, int64_t b, const void *x, const void *query, void *out, struct err *e);
/* Mean of an objective over all items of a task, in evaluation mode. */
int predictor_score(struct predictor *p, struct task *t, const struct objective_class *o, const void *config,
		    int64_t batch, double *score, struct err *e);

#endif
