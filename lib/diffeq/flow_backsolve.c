/* flow_backsolve.c: the adjoint equation (Chen et al. 2018, arXiv 1806.07366, algorithm 1): going back, the states,
 * their adjoints a' = -a df/dy and the gradients g' = -a df/dp are solved for together, term by term; at every output
 * the states are set to what the way forward had there, and its cotangent is added to a. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "diffeq/flow_inside.h"
#include "op/op.h"

/* out: products of the term, then minus the products with a of their derivatives by y and by what has gradients. */
static void product(struct graph *g, void *context, node t, const node *y, node increment, node *out)
{
	const struct diffeq_term *term = *(struct diffeq_term *const *)context;
	const struct flow *f = ((const void *const *)context)[1];
	const int n = f->n_state;
	node *seed = xcalloc((size_t)n, sizeof *seed), *of = xcalloc((size_t)n, sizeof *of);
	node *wrt = xcalloc((size_t)(n + f->n_shared), sizeof *wrt),
	     *grad = xcalloc((size_t)(n + f->n_shared), sizeof *grad);
	int n_of = 0, n_wrt = n;

	/* y depends on the parameters through the stages before: not meant here */
	for (int i = 0; i < n; i++)
		wrt[i] = op_stop_gradient(g, y[i]);
	term->product(g, term->context, t, wrt, increment, out);
	for (int i = 0; i < n; i++) {
		if (!node_is(out[i]))
			continue;
		of[n_of] = out[i];
		seed[n_of++] = y[n + i];
	}
	for (int i = 0; i < f->n_shared; i++)
		if (f->wrt[i])
			wrt[n_wrt++] = f->shared[i];
	if (graph_vjp(g, n_of, of, seed, n_wrt, wrt, grad) == 0)
		for (int i = 0; i < n_wrt; i++)
			out[n + i] = node_is(grad[i]) ? op_neg(g, grad[i]) : NODE_NONE;
	free(seed);
	free(of);
	free(wrt);
	free(grad);
}

static int build(struct flow *f, bool seminorm, const char *method, struct err *e)
{
	struct flow_spec spec = {
		.method = method, .n_terms = f->n_terms, .n_shared = f->n_shared, .rtol = f->rtol, .atol = f->atol
	};
	void **context = xcalloc((size_t)(2 * f->n_terms), sizeof *context);
	bool *none = xcalloc((size_t)f->n_shared + 1, sizeof *none);
	int n = 2 * f->n_state;

	f->adjoint_state = xcalloc((size_t)(n + f->n_shared), sizeof *f->adjoint_state);
	for (int i = 0; i < f->n_state; i++) {
		struct shape s = graph_shape(f->g, f->in[i]);

		f->adjoint_state[i] = f->in[i];
		f->adjoint_state[f->n_state + i] = graph_input(f->g, "adjoint", f->real, &s);
	}
	for (int i = 0; i < f->n_shared; i++) {
		struct shape s = graph_shape(f->g, f->shared[i]);

		if (f->wrt[i])
			f->adjoint_state[n++] = graph_input(f->g, "gradient", f->real, &s);
	}
	f->augmented_terms = xcalloc((size_t)f->n_terms, sizeof *f->augmented_terms);
	for (int k = 0; k < f->n_terms; k++) {
		context[2 * k] = &f->terms[k];
		context[2 * k + 1] = f;
		f->augmented_terms[k] = f->terms[k];
		f->augmented_terms[k].product = product;
		f->augmented_terms[k].context = context + 2 * k;
	}
	f->augmented_context = context;
	spec.terms = f->augmented_terms;
	spec.state = f->adjoint_state;
	spec.n_state = n;
	spec.n_norm = seminorm ? 2 * f->n_state : 0;
	spec.shared = f->shared;
	spec.wrt = none;
	f->augmented = flow_new(f->g, &spec, e);
	free(none);
	return f->augmented ? 0 : err_in(e, "adjoint equation");
}

void flow_backsolve_free(struct flow *f)
{
	flow_free(f->augmented);
	free(f->augmented_terms);
	free(f->augmented_context);
	free(f->adjoint_state);
}

/* Values of states, adjoints and gradients: arrays of one piece of memory. */
static void **arrays(const struct flow *a, char **memory)
{
	void **at = xcalloc((size_t)a->n_state + 1, sizeof *at);

	*memory = xaligned(a->layout.total + MEM_ALIGN);
	for (int i = 0; i < a->n_state; i++)
		at[i] = flow_at(a, *memory, i);
	return at;
}

static void part(const struct flow *f, const struct flow_save *s, size_t *offset, int64_t *n)
{
	struct shape shape = graph_shape(f->g, f->in[0]);

	*n = s->row < 0 ? f->layout.count[0] : f->layout.count[0] / shape.dim[0];
	*offset = s->row < 0 ? 0 : (size_t)(s->row * *n) * dtype_size(f->real);
}

int flow_backsolve(struct flow *f, const struct flow_run *run, const struct flow_cotangent *c, void *const *grad_shared,
		   void *const *grad_y0, struct err *e)
{
	const struct controller_config *control = run->backward ? run->backward : run->control;
	struct flow *a;
	char *memory;
	void **y;
	double t = run->t1;
	int64_t k = run->n_save;
	int status = 0, at;

	if (c->error_weight || c->stiffness_weight)
		return err_set(e, ERR_USAGE,
			       "the adjoint equation knows no errors of steps, backsolve has no gradient of them");
	if (!f->augmented && build(f, run->seminorm, f->m ? f->m->name : "reversible_heun", e) != 0)
		return -1;
	a = f->augmented;
	y = arrays(a, &memory);
	for (int i = 0; i < f->n_state; i++) {
		memcpy(y[i], flow_at(f, f->present, i), f->layout.bytes[i]);
		if (c->y1 && c->y1[i])
			memcpy(y[f->n_state + i], c->y1[i], f->layout.bytes[i]);
	}
	while (status == 0) {
		struct flow_run back = {
			.t0 = t, .control = control, .y0 = (const void *const *)y, .y1 = y, .shared = run->shared
		};
		struct flow_result r;

		/* outputs at t: their own states, their cotangents */
		for (; k > 0 && run->save[k - 1].t == t; k--) {
			const struct flow_save *s = &run->save[k - 1];
			size_t offset;
			int64_t n;

			part(f, s, &offset, &n);
			memcpy((char *)y[0] + offset, s->value, (size_t)n * dtype_size(f->real));
			if (s->cotangent)
				flow_add(f->real, n, 1, (char *)y[f->n_state] + offset, s->cotangent);
		}
		if (t == run->t0)
			break;
		back.t1 = k > 0 ? run->save[k - 1].t : run->t0;
		status = flow_forward(a, &back, &r, e);
		f->result.reevaluations += r.evaluations;
		t = back.t1;
	}
	at = 2 * f->n_state;
	for (int i = 0; i < f->n_shared && status == 0; i++) {
		if (!f->wrt[i])
			continue;
		if (grad_shared && grad_shared[i])
			memcpy(grad_shared[i], y[at], f->shared_bytes[i]);
		at++;
	}
	for (int i = 0; i < f->n_state && grad_y0 && status == 0; i++)
		if (grad_y0[i])
			memcpy(grad_y0[i], y[f->n_state + i], f->layout.bytes[i]);
	free(memory);
	free(y);
	return status;
}
