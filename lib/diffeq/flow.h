/* flow.h: compiled solves of differential equations and their derivatives. A flow is one step of one method, compiled
 * once, with its adjoint; it is marched with fixed or controlled steps from any state at any parameters, and its
 * gradients are those of the steps that were taken (discretise, then optimise), or of the adjoint equation (backsolve).
 * Step lengths carry no gradient. Nothing is compiled or, after the first solve of a length, allocated while
 * marching. */
#ifndef SCIML_DIFFEQ_FLOW_H
#define SCIML_DIFFEQ_FLOW_H

#include "diffeq/term.h"
#include "integ/controller.h"

struct flow_spec {
	/* A tableau, or reversible_heun. Implicit ones take no DIFFEQ_STEP terms, and states whose rows (axis 0, where the
	 * first state has rank 2 or more) do not see each other, of DIFFEQ_ROW_MAX numbers a row. Their stages are solved
	 * by Newton's method to rounding, and gradients are those of the stages' equations (implicit function theorem). */
	const char *method;
	int n_terms;
	const struct diffeq_term *terms; /* copied; contexts and paths stay the caller's */
	int n_state, n_shared;
	const node *state;  /* inputs of the graph, all of its real type */
	const node *shared; /* inputs that stay the same along a solve: parameters, context */
	const bool *wrt;    /* of shared: has a gradient; NULL: all of the real type */
	int n_norm;	    /* the error's norm counts the first so many states; 0: all */
	double rtol, atol;  /* what errors are measured in; fixed steps without regularisation: 0 */
	bool need_adjoint;
	/* Per step, with derivatives: E (scaled error), and S (stiffness), see below. */
	bool regular;
};

struct flow;
/* g outlives the flow, which adds its nodes to it. */
struct flow *flow_new(struct graph *g, const struct flow_spec *spec, struct err *e);
void flow_free(struct flow *f);

/* How the steps' states are found again when going back. */
enum flow_memory {
	FLOW_NONE,   /* no gradient wanted: nothing is kept */
	FLOW_DIRECT, /* every state */
	FLOW_CHECKPOINT, /* n_slots states, however many steps there will be (Wang, Moin, Iaccarino, SIAM J. Sci. Comput. 31,
			  * 2009): no step runs more than r + 1 times where binomial(n_slots + r, r) steps or fewer are taken */
	FLOW_REVERSIBLE, /* none: reversible_heun steps are undone */
	FLOW_BACKSOLVE /* none: the adjoint equation, from output to output; exact only in the limit of small tolerances */
};

/* An output: the first state at t, between steps by the method's polynomial. */
struct flow_save {
	double t;
	int64_t row; /* of axis 0; -1: all */
	void *value; /* written by flow_forward; one row, or the state */
	/* dL/d value, read by flow_backward; NULL: zero. */
	const void *cotangent;
};

struct flow_run {
	double t0, t1;
	const struct controller_config *control;
	enum flow_memory memory;
	int n_slots;		   /* FLOW_CHECKPOINT: at least 2 */
	const void *const *y0;	   /* by state; must stay until flow_backward */
	const void *const *shared; /* likewise */
	void *const *y1;	   /* final states, or NULL; entries may be NULL */
	int64_t n_save;
	const struct flow_save *save;		  /* in the order of the march */
	const struct controller_config *backward; /* FLOW_BACKSOLVE: steps of the way back; NULL: control */
	bool seminorm; /* FLOW_BACKSOLVE: control by (y, a) only, not by the gradient's channels */
};

struct flow_result {
	int64_t accepted, rejected;
	int64_t evaluations;   /* of the vector field by flow_forward */
	int64_t reevaluations; /* likewise by flow_backward, in recomputed steps and in steps back */
	int64_t recomputed;    /* steps that flow_backward ran forward again */
	int64_t kept_bytes;    /* most memory that states took */
	int64_t n_saved;       /* outputs written: all, unless an event came first */
	bool event;	       /* an event ended the solve */
	double t1;	       /* when it ended */
	/* By step: when it began (n + 1 numbers), and if spec.regular E_j = RMS(error / (atol + rtol max(|y0|, |y1|)))
	 * and S_j = RMS(k_last - k_before) / RMS(z_last - z_before) for methods whose last two stages lie at the same
	 * time (an estimate of |lambda|; Shampine 1977). Owned by the flow, until its next solve. */
	const double *time, *error, *stiffness;
};

int flow_forward(struct flow *f, const struct flow_run *run, struct flow_result *result, struct err *e);

/* What of the flow's last solve, with the same run, the gradient is of: the sum of outputs' and final states' products
 * with their cotangents, and of E_j error_weight_j and S_j stiffness_weight_j. */
struct flow_cotangent {
	const void *const *y1;			       /* by state; NULL: none; entries may be NULL */
	double t1;				       /* of the time when an event ended the solve */
	const double *error_weight, *stiffness_weight; /* by step; NULL: none */
};
/* grad_shared[i], grad_y0[i]: overwritten; NULL: not wanted. */
int flow_backward(struct flow *f, const struct flow_run *run, const struct flow_cotangent *c, void *const *grad_shared,
		  void *const *grad_y0, struct flow_result *result, struct err *e);

/* Forward mode: what tangents of the states at t0 and of shared (NULL, or NULL entries: zero) become at the end, over
 * the steps of the flow's last solve. */
int flow_tangent(struct flow *f, const struct flow_run *run, const void *const *y0_tangent,
		 const void *const *shared_tangent, void *const *y1_tangent, struct err *e);

/* The solve ends where value(t, y), of rank 0, changes its sign; direction: +1 rising only, -1 falling only, 0 both.
 * The last step is taken again with the length that ends there, and gradients go through that time: with c(t*, y*) = 0,
 * dt* = -(dc/dy dy + dc/dp dp) / (dc/dt + dc/dy f). Terms of DIFFEQ_STEP are refused; FLOW_BACKSOLVE knows no
 * events. */
typedef node (*flow_condition)(struct graph *g, void *context, node t, const node *y);
int flow_set_event(struct flow *f, flow_condition value, void *context, int direction, struct err *e);

/* Evaluations of the vector field in one step; implicit methods: in the last one, products with its derivative
 * included. */
int flow_step_cost(const struct flow *f);

#endif
