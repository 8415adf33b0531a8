/* sde.h: stochastic differential equations dX = f(t, X) dt + g(t, X) dW, many paths at a time, by any method of one
 * table. Steps take the noise of a Brownian tree (integ/brownian.h) or fresh independent increments; adaptive steps
 * need a tree, so that a rejected step is asked for again, shorter, on the same path. */
#ifndef SCIML_INTEG_SDE_H
#define SCIML_INTEG_SDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "integ/brownian.h"
#include "integ/controller.h"

enum sde_calculus { SDE_ITO, SDE_STRATONOVICH };

typedef void (*sde_function)(void *context, int64_t paths, double t, const double *x, double *out);
/* All paths at one time t. drift: paths x n from x, paths x n. */
struct sde {
	int64_t n;
	int64_t noises; /* 0: diagonal, component i has noise i and diffusion gives paths x n; else paths x n x noises */
	enum sde_calculus calculus;
	bool additive; /* the diffusion depends on t alone */
	sde_function drift, diffusion;
	/* Diagonal noise: d g_i / d x_i, paths x n; may be NULL. Needed by milstein, and where the calculus of equation
	 * and method differ: Ito's drift f is Stratonovich's f - 1/2 g g'. */
	sde_function slope;
	/* For splitting, of equations whose parts have solutions in closed form; NULL: none. x after a time h of
	 * Stratonovich's drift alone, `t` being h; x after dx = g(x) o dw alone, for increments w (paths x n, diagonal). */
	sde_function drift_flow;
	void (*diffusion_flow)(void *context, int64_t paths, const double *w, const double *x, double *out);
	/* For adaptive steps of splitting: the longest step from x for local errors of about this size (one step for all
	 * paths). Known from x alone, before the noise is. NULL: not known. */
	double (*length)(void *context, int64_t paths, const double *x, double error);
	void *context;
};

/* What a step is made of: a tableau of the table, or a formula of its own. */
enum sde_form { SDE_TABLEAU, SDE_MILSTEIN, SDE_LOG_ODE, SDE_REVERSIBLE, SDE_SPLITTING, SDE_SRI, SDE_FORMS };

/* One row of the table. Strong orders: for diagonal (commutative) noise, and for additive noise. */
struct sde_tableau;
struct sde_method {
	const char *name, *source;
	enum sde_calculus calculus;
	bool own_calculus; /* takes equations of either calculus as they are */
	bool additive_only, diagonal_only, needs_slope, needs_flows;
	bool has_error; /* local error estimate: adaptive steps; splitting has none, it asks sde.length */
	double order, order_additive;
	enum brownian_kind noise; /* integrals that a step takes; K never */
	int evaluations;	  /* of the drift, a step */
	enum sde_form form;
	const struct sde_tableau *tableau;
	const char *notes;
};
extern const struct sde_method sde_methods[]; /* up to a row without a name */
const struct sde_method *sde_method_find(const char *name);
/* Names in the order of sde_methods, NULL-terminated, for tables of keys; the second list has "exact" before them. */
extern const char *const sde_method_names[], *const sde_exact_or_method_names[];
/* Can the method take the equation? ERR_USAGE with the reason. */
int sde_method_check(const struct sde_method *m, const struct sde *s, bool adaptive, struct err *e);

/* ---- one step ---------------------------------------------------------------------------------------------------- */

/* Work space for `paths` paths. s and m are borrowed. */
struct sde_stepper;
struct sde_stepper *sde_stepper_new(const struct sde_method *m, const struct sde *s, int64_t paths, struct err *e);
void sde_stepper_free(struct sde_stepper *p);
/* x1 from x over [t, t + h], given W and H of the step (paths x noises; H may be NULL for methods on W). error (NULL:
 * none): estimate of the local error, paths x n. x1 must not be x. Methods that carry stages on (reversible-heun) take
 * them from the step accepted last; before the first they start from x. */
void sde_step(struct sde_stepper *p, double t, double h, const double *x, const double *W, const double *H, double *x1,
	      double *error);
/* log-ode: the Levy areas of the next steps, paths x noises x noises, borrowed; NULL, as at first: drawn by Foster's
 * law given W and H (integ/brownian.h). With the path's own areas the strong order is 1 for any noise; with drawn ones
 * the law of the path is that good, but not every path, which no method on W and H alone can be. */
void sde_set_areas(struct sde_stepper *p, const double *area);
void sde_accept(struct sde_stepper *p); /* the last step counts */
/* Undo one step of reversible-heun (Kidger, Foster, Li, Lyons 2021, algorithm 2): from x1 and the carried stages at t +
 * h to x and those at t. */
void sde_reverse(struct sde_stepper *p, double t, double h, const double *x1, const double *W, double *x);

/* ---- many steps -------------------------------------------------------------------------------------------------- */

/* Where the increments come from: the tree, or (tree NULL) fresh ones of brownian_steps with this spec, of which seed,
 * purpose and first_sample count. Both are of paths x noises. */
struct sde_noise {
	struct brownian *tree;
	struct brownian_spec fresh;
};

struct sde_counts {
	int64_t evaluations, accepted, rejected; /* drift evaluations, of all paths together */
};

/* steps equal steps in each of the intervals of t_out (n_out increasing times, the first is where x starts); out (NULL:
 * none) gets x at these times, n_out x paths x n; x ends as the last. -1: not finite, with the time. */
int sde_fixed(const struct sde *s, const struct sde_method *m, struct sde_noise *noise, int64_t paths, int64_t n_out,
	      const double *t_out, int64_t steps, double *x, double *out, struct sde_counts *counts, struct err *e);

/* Adaptive steps, the same for all paths of the call, ending at the times of t_out among others. Of control all but
 * fixed and the stops count; p, i, d all 0: 0.1, 0.3, 0; dt0 0: 0.01. dt_min must be given, at least twice the tree's
 * tolerance. Methods without an error estimate take the steps of sde.length for errors of control.atol. counts may be
 * NULL. */
int sde_adaptive(const struct sde *s, const struct sde_method *m, struct brownian *tree, int64_t paths, int64_t n_out,
		 const double *t_out, const struct controller_config *control, double *x, double *out,
		 struct sde_counts *counts, struct err *e);

#endif
