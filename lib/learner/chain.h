/* chain.h: encoder -> differential equation, or equilibrium -> head, and back: what trained models of time series are
 * made of. The encoder makes the first state of data, a flow carries it to the output times, the head makes predictions
 * and a loss of what is there. All three are compiled once for a batch size and a number of outputs, and share the
 * parameters of one network. */
#ifndef SCIML_LEARNER_CHAIN_H
#define SCIML_LEARNER_CHAIN_H

#include "diffeq/equilibrium.h"
#include "diffeq/flow.h"
#include "integ/controller_keys.h"
#include "run/network.h"

enum chain_adjoint { CHAIN_DIRECT, CHAIN_CHECKPOINT, CHAIN_REVERSIBLE, CHAIN_BACKSOLVE };
extern const char *const chain_adjoint_names[];

/* Keys of the solver, in every learner's section objective. */
struct chain_solver {
	const char *method;
	double rtol, atol, dt;
	int adjoint;
	int64_t slots, max_steps;
	double error, error_end, stiffness; /* factors of the regularisers */
	struct controller_keys control;
};
/* For configurations whose first member is a struct chain_solver. */
#define CHAIN_SOLVER_KEYS(default_rtol, default_atol, default_dt)                                                      \
	KEY_TEXT(struct chain_solver, method, "tsit5", "Runge-Kutta method, or reversible_heun"),                      \
		KEY_REAL(struct chain_solver, rtol, default_rtol, 0, 1, "relative tolerance of a step"),               \
		KEY_REAL(struct chain_solver, atol, default_atol, 0, 1e30, "absolute tolerance of a step"),            \
		KEY_REAL(struct chain_solver, dt, default_dt, 0, 1e30,                                                 \
			 "fixed length of the steps; 0: controlled by the tolerances"),                                \
		CONTROLLER_KEYS(struct chain_solver, control),                                                         \
		KEY_ONE_OF(struct chain_solver, adjoint, "direct", chain_adjoint_names,                                \
			   "gradient: every step's state kept, a few (slots), none (reversible_heun), or by the "      \
			   "adjoint equation"),                                                                        \
		KEY_INT(struct chain_solver, slots, "16", 2, 1e6, "states kept by adjoint: checkpoint"),               \
		KEY_INT(struct chain_solver, max_steps, "4096", 1, 1e9, "most steps of one solve"),                    \
		KEY_REAL(struct chain_solver, error, "0", 0, 1e30,                                                     \
			 "regularise: factor of the mean over the steps of (scaled local error) * (length)"),          \
		KEY_REAL(struct chain_solver, error_end, "0", 0, 1e30,                                                 \
			 "that factor at the end of training, reached exponentially; 0: it stays"),                    \
		KEY_REAL(struct chain_solver, stiffness, "0", 0, 1e30,                                                 \
			 "regularise: factor of the largest stiffness of a step, in units of the method's limit")

enum { CHAIN_DATA = 8 };

struct chain_rest {
	int method; /* index into equilibrium_method_names */
	int64_t memory, max_iterations;
	double tolerance;
};

struct chain {
	/* given to build */
	struct network *network;
	const struct chain_solver *solver;
	int64_t batch, n_save; /* n_save 0: the head gets the final state */
	struct graph *g;
	struct nn nn;
	enum dtype real;
	bool training;
	/* to be filled in by build */
	int n_data;
	node data[CHAIN_DATA];	      /* inputs of encoder and head: rows of a batch */
	bool field_reads[CHAIN_DATA]; /* data[k] is an input of the vector field too, the same all along a solve */
	node y0;		      /* (b, d) */
	void *network_context;	      /* of the builder, for its term */
	node extra; /* scalar: part of the loss that the encoder knows (divergence from a prior), or NODE_NONE */
	node state; /* input (b, d) of the vector field */
	struct diffeq_term term;
	/* NULL: the flow of the term. Else, with n_save 0, the final state is z = F(z), F being the term's product, from y0,
	 * whose gradient is 0. */
	const struct chain_rest *rest;
	node saved;	       /* input (n_save, b, d), or (b, d) */
	node prediction, loss; /* of saved and data */
	/* compiled */
	node y0_bar, weight;
	struct plan *encode, *encode_back, *head, *head_back;
	struct flow *flow;
	struct equilibrium *equilibrium;
	int n_params, *param, *encode_out, *head_out; /* those with gradients: index; output of the plans, -1: none */
	const void **param_value;		      /* of the parameters, then of the data that the field reads */
	void **flow_gradient, **part;
	char *memory, *y0_value, *y0_bar_value, *saved_value, *saved_bar, *final;
	struct flow_save *save;
	double *error_weight, *stiffness_weight;
	int64_t n_weights;
	union {
		float f;
		double d;
	} weight_value;
	int prediction_out;
	double regularisation; /* value of the last run */
};

typedef void (*chain_build)(struct chain *c, void *context);
/* Nodes only: makes the parameters of c->network when it has none yet. */
int chain_nodes(struct chain *c, chain_build build, void *context, struct err *e);
int chain_compile(struct chain *c, struct err *e);
void chain_free(struct chain *c);

struct chain_run {
	const void *data[CHAIN_DATA];
	double t0, t1;
	const double *time; /* n_save, or batch x n_save when own_times: each row ascending */
	bool own_times;
	int64_t n_jump;
	const double *jump;
	double extra_weight; /* of c->extra */
	double error_factor; /* of the regulariser at this step of training */
};

/* Loss; gradient: into the network's gradients (by parameter; those that nothing depends on are zeroed); NULL: none
 * wanted. */
int chain_forward(struct chain *c, const struct chain_run *run, struct params *gradient, double *loss,
		  struct flow_result *r, struct err *e);
/* The prediction of the last chain_forward. */
struct tensor chain_prediction(const struct chain *c);

#endif
