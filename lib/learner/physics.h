/* physics.h: networks that solve the equations of a text (Raissi, Perdikaris, Karniadakis 2019): the reading of such a
 * configuration, the network between its input features and its hard constraints, its values at points. Shared by the
 * learner "physics" and by sciml-solve. */
#ifndef SCIML_LEARNER_PHYSICS_H
#define SCIML_LEARNER_PHYSICS_H

#include "conf/key.h"
#include "problem/equation_input.h"
#include "run/network.h"

enum physics_learn { LEARN_NOT, LEARN_REAL, LEARN_POSITIVE };
enum physics_term { TERM_EQUATION, TERM_INITIAL, TERM_SIDE, TERM_DATA, TERM_KINDS };
enum { BALANCE_NONE, BALANCE_GRADIENT, BALANCE_NTK };
enum { PHYSICS_COLUMNS = EXPR_TIME + 1 + EQUATION_PARAMS };

struct physics_config {
	int64_t points, initial, side, data, steps, redraw, modes, balance_every, causal_slabs, causal_every, windows;
	int sampling, balance;
	bool adaptive, periodic;
	double adaptive_power, adaptive_offset, balance_decay, causal_until;
	struct key_strings hard, inputs;
	struct key_doubles scale, weight_equation, weight_initial, weight_side, weight_data, causal;
	const struct conf_node *learn;
};
extern const struct key physics_keys[]; /* section objective */

struct physics {
	const struct physics_config *key; /* borrowed */
	struct equation_config *text;	  /* section problem */
	struct equation_spec *spec;
	struct equation_input input;
	unsigned hard;
	int n_outputs, output[EQUATION_UNKNOWNS]; /* unknown of each output of the network */
	double scale[EQUATION_UNKNOWNS];	  /* of outputs */
	enum physics_learn learn[EQUATION_PARAMS];
	double param[EQUATION_PARAMS]; /* values; of those that are learnt, at the start; drawn ones are columns */
	/* What a point is: coordinate axes, time (unless at rest), drawn parameters, in this order. */
	int n_columns;
	int axis[PHYSICS_COLUMNS];  /* 0 .. EXPR_TIME, or -1: */
	int drawn[PHYSICS_COLUMNS]; /* parameter */
};

/* Read section problem and put it beside section objective (key: already read). Complaints about values stay in the
 * reader. */
int physics_read(struct physics *p, const struct physics_config *key, struct cfg *c, struct err *e);
void physics_free(struct physics *p);

/* Times at which window w starts and ends. */
double physics_time(const struct physics *p, int64_t w);

/* The network of one window on a graph: inputs for n points, parameters by nn, hard constraints applied. spec: room for
 * the window's own copy of p->spec, which f keeps using. column[k]: the graph input of each column. */
void physics_build(const struct physics *p, struct network *n, struct nn *nn, struct graph *g, int64_t n_points,
		   int64_t window, struct equation_spec *spec, struct equation_fields *f, node *column);
/* What the network must be told of its rows (network.spec). */
struct model_spec physics_spec(const struct physics *p);
/* Make the parameters of the network and of the equation, all windows, and draw them. */
int physics_start(const struct physics *p, struct network *n, uint64_t seed, struct err *e);
/* Present value of a parameter of the equation. */
double physics_param(const struct physics *p, const struct params *params, int k);

/* Values of all unknowns (velocities too) at points: column[k][i] of point i; out[unknown][i]. Points of any window. */
struct physics_field;
struct physics_field *physics_field_new(const struct physics *p, struct network *n); /* borrows both */
void physics_field_free(struct physics_field *f);
int physics_field_run(struct physics_field *f, int64_t n, const double *const *column, double *const *out,
		      struct err *e);

#endif
