/* integ.h: time integration. Loops live outside the graph: a step is compiled once, its vjp once, and the
 * drivers here run them forward and backward. For generators there is a plain-C side over double vectors. */
#ifndef SCIML_INTEG_INTEG_H
#define SCIML_INTEG_INTEG_H

#include "graph/graph.h"
#include "integ/ode.h"
#include "num/tensor.h"

/* ---- step programs: y_{n+1} = F(y_n, p, u_n), l_n = L(y_{n+1}, v_n) ---------------------------------------------- */

/* A compiled step with its adjoint. state: nodes that F replaces (next[i] has state[i]'s shape); shared: inputs
 * constant over the loop (parameters); local: inputs that change every step (forcing, targets); loss: scalar
 * contribution of the step, or NODE_NONE. extra: further outputs of every step (predictions). wrt_local[i] true:
 * local[i] has a gradient; NULL: none has. */
struct step_spec {
	int n_state, n_shared, n_local, n_extra;
	const node *state, *next, *shared, *local, *extra;
	node loss;
	const bool *wrt_local;
};
struct step;
/* need_adjoint: also compile the vjp. wrt_shared[i] false: no gradient for shared[i]. */
struct step *step_new(struct graph *g, const struct step_spec *spec, bool need_adjoint, const bool *wrt_shared,
		      struct err *e);
void step_free(struct step *s);

enum step_memory {
	STEP_STORE,
	STEP_BINOMIAL
}; /* keep every state, or n_slots of them and recompute (Griewank, Walther 2000) */
/* A loop in two calls, between which the caller finds out what to go back with: forward, every state kept, and back
 * over them, by the same run. Only with STEP_STORE and without a cut; the way back adds up no losses. */
enum step_part { STEP_ALL, STEP_FORTH, STEP_BACK };
struct step_run {
	int64_t n_steps;
	int64_t cut; /* gradient flows through, and losses count of, the last `cut` steps only (push-forward); 0: all */
	enum step_memory memory;
	enum step_part part;
	int n_slots;	     /* STEP_BINOMIAL: states kept besides the first; 0: about log2(n_steps) */
	void *const *state0; /* initial states, by state index */
	const void *const *shared;
	/* Pointers of the local inputs and where to put extras for step n. Called in forward order, and again when
	 * recomputing. */
	void (*feed)(void *context, int64_t n, const void **local, void **extra);
	/* With gradients, going back: those of step n's local inputs (NULL: nothing depends on it, or not asked for).
	 * NULL: not wanted. */
	void (*take)(void *context, int64_t n, const void *const *local_gradient);
	void *context;
};
/* Sum of losses; grad_shared[i] (may be NULL) is overwritten; grad_state0[i] too (may be NULL). Without gradients pass
 * NULLs. */
int step_loop(struct step *s, const struct step_run *run, double *loss, void *const *grad_shared,
	      void *const *grad_state0, struct err *e);

/* ---- plain-C integrators over double vectors --------------------------------------------------------------------- */

struct integ_counts {
	int64_t evaluations, accepted, rejected;
};
/* Fixed steps from t0 to t1. -1: rhs failed or not finite (t in message). */
int integ_fixed(const struct tableau *m, integ_rhs f, void *context, int64_t n, double t0, double t1, int64_t n_steps,
		double *y, struct err *e);
/* Adaptive with PI control (Hairer, Norsett, Wanner II.4); y at the n_out times (increasing, first = start) into
 * out. */
struct integ_tolerance {
	double rtol, atol;
	double first_step; /* 0: automatic */
	int64_t max_steps;
};
int integ_adaptive(const struct tableau *m, integ_rhs f, void *context, int64_t n, const double *y0, int64_t n_out,
		   const double *t_out, const struct integ_tolerance *tol, double *out, struct integ_counts *counts,
		   struct err *e);

/* Exponential time differencing RK4 for y' = L y + N(y), diagonal complex L, n modes (Cox, Matthews 2002; coefficients
 * by the contour mean of Kassam, Trefethen 2005). State and linear: n complex numbers, interleaved; f must not keep its
 * arguments. */
struct etdrk4;
typedef void (*etd_nonlinear)(void *context, double t, const double *modes, double *out);
struct etdrk4 *etdrk4_new(int64_t n, const double *linear, double dt);
void etdrk4_free(struct etdrk4 *s);
void etdrk4_step(struct etdrk4 *s, etd_nonlinear f, void *context, double t, double *modes);

#endif
