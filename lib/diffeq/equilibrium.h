/* equilibrium.h: fixed points z = F(z, p) (deep equilibrium layers: Bai, Kolter, Koltun 2019, arXiv 1909.01377) and
 * steady states 0 = F(z, p) of differential equations, with gradients by the implicit function theorem: nothing of the
 * way to the solution is kept. All arithmetic of the iterations is double; F is the graph's. */
#ifndef SCIML_DIFFEQ_EQUILIBRIUM_H
#define SCIML_DIFFEQ_EQUILIBRIUM_H

#include "graph/graph.h"

struct equilibrium_spec {
	node z, f; /* input of the graph's real type, F of it in its shape */
	bool rate; /* 0 = F, else z = F */
	int n_shared;
	const node *shared;
	const bool *wrt; /* NULL: all of the real type */
};
struct equilibrium;
struct equilibrium *equilibrium_new(struct graph *g, const struct equilibrium_spec *spec, struct err *e);
void equilibrium_free(struct equilibrium *q);

enum equilibrium_method {
	EQUILIBRIUM_ITERATE,  /* z <- F (rate: z + F) */
	EQUILIBRIUM_ANDERSON, /* the same, mixed over the last `memory` iterates (Walker, Ni 2011) */
	EQUILIBRIUM_NEWTON,   /* Newton's method, linear systems by GMRES with products by forward mode */
	EQUILIBRIUM_BROYDEN   /* Broyden's "good" method from the inverse -I, forgotten every `memory` steps */
};
extern const char *const equilibrium_method_names[]; /* NULL-terminated, for tables of keys */
struct equilibrium_run {
	enum equilibrium_method method;
	/* Anderson: iterates; Broyden: updates; Newton and the way back: dimension of the Krylov space; 0: 8, 30, 30 */
	int memory;
	double tolerance; /* of the residual's root mean square, and of the linear system's relative residual; 0: 1e-10 */
	int64_t max_iterations; /* 0: 200 */
	const void *const *shared;
	void *z; /* first guess, then the solution */
};
struct equilibrium_result {
	int64_t iterations, evaluations; /* products with derivatives included */
	double residual;
};
/* Not converged: ERR_FAIL with the residual. */
int equilibrium_solve(struct equilibrium *q, const struct equilibrium_run *run, struct equilibrium_result *r,
		      struct err *e);
/* dL/dp from dL/dz at run->z: with the residual's Jacobian J (of F - z, or F), J^T w = dL/dz by GMRES, then -w^T dF/dp.
 * grad_shared[i]: overwritten; NULL: not wanted. */
int equilibrium_backward(struct equilibrium *q, const struct equilibrium_run *run, const void *z_bar,
			 void *const *grad_shared, struct equilibrium_result *r, struct err *e);

#endif
