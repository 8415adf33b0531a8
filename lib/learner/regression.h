/* regression.h: what generative objectives reduce to: a network that is told a time is fitted to targets that are drawn
 * anew every step, loss = mean over items of w_i times the mean over elements of |F(x_i, v_i) - y_i|^2 (or of the
 * absolute value). */
#ifndef SCIML_LEARNER_REGRESSION_H
#define SCIML_LEARNER_REGRESSION_H

#include "graph/plan.h"
#include "run/network.h"

/* The network's graph for a batch: x (b, n_x, N...) and maps together are the model's field. */
struct time_graph {
	struct graph *g;
	struct nn nn;
	node x, maps, vector, out;
};
/* n_x: channels of x; the model's n_in may have more, the maps. */
void time_graph_build(const struct network *n, struct time_graph *b, int64_t batch, int64_t n_x, bool training);
void time_graph_free(struct time_graph *b);
void time_graph_bind(const struct time_graph *b, struct plan *p, const struct params *values);

enum regression_norm { REGRESSION_SQUARE, REGRESSION_ABSOLUTE };

/* First build: makes and draws the network's parameters. ERR_USAGE when the model does not look at the time. */
int regression_start(struct network *n, int64_t n_x, uint64_t seed, struct err *e);

/* Doubles that become the network's type: x (n, n_x N...), maps, vector (n, n_vector), target (n, n_out N...), weight
 * (n). */
struct regression_batch {
	const double *x, *maps, *vector, *target, *weight;
};
struct regression;
/* gradient NULL: the loss only, in evaluation mode. network and gradient are borrowed. */
struct regression *regression_new(struct network *n, struct params *gradient, int64_t batch, int64_t n_x,
				  enum regression_norm norm, struct err *e);
void regression_free(struct regression *r);
int64_t regression_size(const struct regression *r);
/* values: parameters to use (the network's own where a gradient is wanted); seed, step: of dropout. */
int regression_run(struct regression *r, const struct regression_batch *b, const struct params *values, uint64_t seed,
		   int64_t step, double *loss, struct err *e);

#endif
