/* flow_inside.h: a flow as its own files see it. */
#ifndef SCIML_DIFFEQ_FLOW_INSIDE_H
#define SCIML_DIFFEQ_FLOW_INSIDE_H

#include "diffeq/flow.h"
#include "graph/plan.h"

/* A number of the graph's real type. */
union real {
	float f;
	double d;
};

/* Values of all states and what the method carries from step to step, in one piece of memory. */
struct flow_layout {
	int n;
	size_t *offset, *bytes, total;
	int64_t *count;
};

struct flow_plan {
	struct plan *plan;
	int *state_out, *shared_out; /* adjoint: which output; -1: none */
	int first_stage, error_out, stiffness_out;
};

struct flow {
	struct graph *g;
	enum dtype real;
	const struct tableau *m;					 /* NULL: reversible Heun */
	int n_terms, n_state, n_carry, n_all, n_shared, n_stages, order; /* order: of the error, 0: no estimate */
	struct diffeq_term *terms;
	bool has_driven, carries, regular, need_adjoint;
	int n_norm;
	double rtol, atol;
	/* nodes: in: states, then what is carried */
	node *in, *next, *carry_start, *shared, *increment, *stage, *slope;
	bool *wrt;
	node t, h, error, stiffness;
	node *cotangent, *stage_cotangent, error_weight, stiffness_weight;
	/* plans: [1] with the stages, for outputs between the ends of a step */
	struct flow_plan start, start_adjoint, start_tangent, first, forward[2], adjoint[2], back, tangent;
	node *tangent_in, *tangent_shared;
	struct flow_layout layout;
	size_t *shared_bytes;
	enum dtype *shared_dtype;
	/* memory of the march */
	char *work; /* states: present, next, two scratch; cotangents: two */
	char *present, *after, *spare[2], *bar[2];
	char *stage_value; /* n_stages of the first state */
	char *stage_bar;
	void **gradient; /* by shared: part of one step */
	void **increment_value;
	union real time_value, step_value, error_bar, stiffness_bar;
	/* an event: value; at it: its derivatives by states and shared (event_at), its rate of change, the states'
	 * slopes */
	struct flow_plan event, event_at;
	bool has_event;
	int event_direction, event_rate_out, event_slope_out;
	char *event_slope, *event_by_state;
	/* implicit methods: slopes that the stages are solved from, n_stages x n_state (NODE_NONE: explicit stages), their
	 * values and those that follow from them; passes of the last solve */
	node *guess;
	char *guess_value, *guess_next;
	struct flow_plan newton, rows;
	int passes, pass_cost;
	bool failed, rows_checked;
	/* record */
	int64_t n_steps, capacity;
	double *time, *error_at, *stiffness_at;
	int64_t *first_save; /* of step n: index of the first output after its beginning */
	struct keeper *keep;
	struct flow_result result;
	/* Backsolve: the flow of states, adjoints and gradients. */
	struct flow *augmented;
	struct diffeq_term *augmented_terms;
	void *augmented_context;
	node *adjoint_state;
};

/* flow_build.c */
int flow_nodes(struct flow *f, struct err *e);
struct plan *flow_plan_start(struct flow *f, struct err *e);
struct plan *flow_plan_first(struct flow *f, struct err *e);
struct plan *flow_plan_forward(struct flow *f, bool dense, struct err *e);
struct plan *flow_plan_adjoint(struct flow *f, bool dense, struct err *e);
struct plan *flow_plan_back(struct flow *f, struct err *e);
struct plan *flow_plan_start_adjoint(struct flow *f, struct err *e);
void flow_plan_free(struct flow_plan *p);

/* flow_run.c: one step, forward, from state `from` (laid out as f->layout) at t0 to `to` at t1. E of the step, or 0. */
void *flow_at(const struct flow *f, char *state, int i);
double flow_number(const struct flow *f, const union real *v);
void flow_bind_shared(struct flow *f, struct plan *p, const struct flow_run *run);
int flow_bind_step(struct flow *f, struct plan *p, double t0, double t1, char *from, struct err *e);
int flow_start_state(struct flow *f, const struct flow_run *run, double t, char *state, struct err *e);
int flow_step(struct flow *f, double t0, double t1, char *from, char *to, struct err *e);
void flow_weights(const struct flow *f, double theta, double *weight);
void flow_add(enum dtype t, int64_t n, double scale, void *sum, const void *part);

/* One step, dense: also the stages of the first state, to f->stage_value. */
int flow_step_stages(struct flow *f, bool dense, double t0, double t1, char *from, char *to, struct err *e);

/* flow_event.c: value of the condition; the time of the change of sign within the step from f->present at t0 to t1,
 * found by steps of other lengths; what the cotangents in `bar` (of the state at the event, in f->present) become for
 * fixed steps. */
int flow_event_value(struct flow *f, double t, char *state, double *value, struct err *e);
bool flow_event_crosses(const struct flow *f, double before, double now);
int flow_event_find(struct flow *f, double t0, double t1, double before, double after, double *t, struct err *e);
int flow_event_pull(struct flow *f, const struct flow_run *run, double t_bar, char *bar, void *const *grad_shared,
		    struct err *e);

/* flow_newton.c: of implicit methods. flow_newton solves the stages of the step from t0 to t1, for whatever plan of the
 * step is run next; f->failed: no solution found. */
bool flow_implicit(const struct flow *f);
void flow_guess_nodes(struct flow *f);
int flow_newton_new(struct flow *f, const struct diffeq_step *s, struct err *e);
void flow_bind_guess(const struct flow *f, struct plan *p);
int flow_newton(struct flow *f, double t0, double t1, char *from, struct err *e);

/* flow_keep.c: states of steps, for going back. */
struct keeper *keeper_new(size_t state_bytes);
void keeper_free(struct keeper *k);
/* slots <= 0: keep all. */
int keeper_start(struct keeper *k, int64_t slots, struct err *e);
int keeper_offer(struct keeper *k, int64_t step, const char *state, struct err *e);
/* The last kept state at or before `step`; later ones are dropped. */
const char *keeper_find(struct keeper *k, int64_t step, int64_t *at);
int64_t keeper_bytes(const struct keeper *k);

/* flow_backsolve.c */
int flow_backsolve(struct flow *f, const struct flow_run *run, const struct flow_cotangent *c, void *const *grad_shared,
		   void *const *grad_y0, struct err *e);
void flow_backsolve_free(struct flow *f);

#endif
