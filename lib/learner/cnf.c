/* cnf.c: points and the change of their log-density as one state of a chain, with the trace of the Jacobian as its
 * rate. */
#include "learner/cnf.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "op/op.h"
#include "learner/trajectory.h"

static const double half_log_2pi = 0.91893853320467274178;

/* (b, dim) with ones in column k. */
static node unit(const struct chain *c, int64_t dim, int64_t k)
{
	const struct shape s = shape_of(c->batch, dim);
	struct tensor v = tensor_new(c->real, &s);
	node n;

	for (int64_t i = 0; i < c->batch; i++)
		tensor_set(&v, i * dim + k, 1);
	n = graph_constant(c->g, &v);
	tensor_free(&v);
	return n;
}

/* tr(dv/dx) by row, (b, 1). */
static node trace(struct graph *g, const struct cnf_field *f, node x, node v)
{
	node sum = NODE_NONE, moved;

	if (node_is(f->probe)) {
		if (graph_jvp(g, 1, &x, &f->probe, 1, &v, &moved) == 0 && node_is(moved))
			sum = op_sum(g, op_mul(g, f->probe, moved), op_axes(1, 1), true);
	} else {
		for (int64_t k = 0; k < f->dim && !graph_error(g); k++) {
			const node e = unit(f->chain, f->dim, k);

			if (graph_jvp(g, 1, &x, &e, 1, &v, &moved) == 0 && node_is(moved))
				sum = graph_add(g, sum, op_slice(g, moved, 1, k, 1, 1));
		}
	}
	return node_is(sum) || graph_error(g) ? sum : op_zeros_like(g, op_slice(g, v, 1, 0, 1, 1));
}

static void product(struct graph *g, void *context, node t, const node *y, node by, node *out)
{
	const struct cnf_field *f = context;
	const node x = op_slice(g, y[0], 1, 0, f->dim, 1),
		   in = f->n_given > 0 ? op_concat(g, 2, (node[]){ x, f->given }, 1) : x,
		   v = trajectory_network(g, f->chain, t, in);

	(void)by;
	out[0] = graph_error(g) ? NODE_NONE : op_concat(g, 2, (node[]){ v, op_neg(g, trace(g, f, x, v)) }, 1);
}

void cnf_field_of(struct chain *c, struct cnf_field *f)
{
	const struct shape s = shape_of(c->batch, f->dim + 1);

	f->chain = c;
	c->network->spec = (struct model_spec){ .n_in = f->dim + f->n_given, .n_out = f->dim, .n_vector = 1 };
	c->state = graph_input(c->g, "state", c->real, &s);
	c->term = (struct diffeq_term){ .product = product, .context = f };
}

void cnf_probe(enum cnf_trace trace, uint64_t seed, const char *purpose, uint64_t step, uint64_t point, int64_t dim,
	       double *out)
{
	const struct rng r = rng_stream(seed, purpose, step, point);

	if (trace == CNF_NORMAL) {
		rng_normal(r, 0, (size_t)dim, out);
		return;
	}
	rng_uniform(r, 0, (size_t)dim, out);
	for (int64_t i = 0; i < dim; i++)
		out[i] = out[i] < 0.5 ? -1 : 1;
}

double cnf_base(int64_t dim, const double *x)
{
	double square = 0;

	for (int64_t i = 0; i < dim; i++)
		square += x[i] * x[i];
	return -square / 2 - (double)dim * half_log_2pi;
}

struct cnf_solve {
	struct chain chain;
	struct cnf_field field;
	const struct cnf *config;
	int64_t dim;
	int given_at;		 /* chain's input, -1: none */
	void *x, *probe, *given; /* in the network's type */
};

enum { START, PROBE };

static void build(struct chain *c, void *context)
{
	struct cnf_solve *s = context;
	const struct shape point = shape_of(c->batch, s->dim), column = shape_of(c->batch, 1),
			   state = shape_of(c->batch, s->dim + 1);
	struct graph *g = c->g;

	c->data[START] = graph_input(g, "points", c->real, &point);
	c->n_data = 1;
	if (node_is(s->field.probe)) {
		s->field.probe = c->data[PROBE] = graph_input(g, "probe", c->real, &point);
		c->field_reads[PROBE] = true;
		c->n_data = 2;
	}
	s->given_at = s->field.n_given > 0 ? c->n_data++ : -1;
	if (s->given_at >= 0) {
		const struct shape given = shape_of(c->batch, s->field.n_given);

		s->field.given = c->data[s->given_at] = graph_input(g, "given", c->real, &given);
		c->field_reads[s->given_at] = true;
	}
	c->y0 = op_concat(g, 2, (node[]){ c->data[START], graph_full(g, c->real, &column, 0) }, 1);
	cnf_field_of(c, &s->field);
	c->saved = graph_input(g, "final state", c->real, &state);
	c->prediction = op_slice(g, c->saved, 1, s->dim, 1, 1);
	c->loss = op_sum_all(g, c->prediction);
}

struct cnf_solve *cnf_solve_new(struct network *n, const struct cnf *c, int64_t b, int64_t dim, bool exact,
				struct err *e)
{
	struct cnf_solve *s = xcalloc(1, sizeof *s);
	const size_t width = dtype_size(n->real);

	s->config = c;
	s->dim = dim;
	/* any node stands for "with a probe" until build makes it */
	s->field = (struct cnf_field){ .dim = dim,
				       .n_given = n->spec.n_in > dim ? n->spec.n_in - dim : 0,
				       .probe = exact ? NODE_NONE : (node){ 0 } };
	s->chain.network = n;
	s->chain.solver = &c->solver;
	s->chain.batch = b;
	s->x = mem_new(mem_times(b, dim), width, "a batch of points", e);
	s->probe = s->x ? mem_new(mem_times(b, dim), width, "a batch of probes", e) : NULL;
	s->given = s->probe ? mem_new(mem_times(b, s->field.n_given + 1), width, "a batch of conditions", e) : NULL;
	if (s->given && chain_nodes(&s->chain, build, s, e) == 0 && chain_compile(&s->chain, e) == 0)
		return s;
	cnf_solve_free(s);
	return NULL;
}

void cnf_solve_free(struct cnf_solve *s)
{
	if (!s)
		return;
	chain_free(&s->chain);
	free(s->x);
	free(s->probe);
	free(s->given);
	free(s);
}

int cnf_solve_run(struct cnf_solve *s, bool back, const double *probe, const double *given, double *x, double *change,
		  int64_t *evaluations, struct err *e)
{
	const int64_t b = s->chain.batch, dim = s->dim;
	const struct shape state = shape_of(b, dim + 1);
	struct chain_run run = { .data = { s->x, s->probe },
				 .t0 = back ? s->config->end : 0,
				 .t1 = back ? 0 : s->config->end };
	struct flow_result r;
	double loss;

	tensor_convert(DTYPE_F64, x, s->chain.real, s->x, b * dim);
	if (probe)
		tensor_convert(DTYPE_F64, probe, s->chain.real, s->probe, b * dim);
	if (s->given_at >= 0) {
		tensor_convert(DTYPE_F64, given, s->chain.real, s->given, b * s->field.n_given);
		run.data[s->given_at] = s->given;
	}
	if (chain_forward(&s->chain, &run, NULL, &loss, &r, e) != 0)
		return -1;
	const struct tensor end = tensor_view(s->chain.real, &state, s->chain.saved_value);
	for (int64_t i = 0; i < b; i++) {
		for (int64_t k = 0; k < dim; k++)
			x[i * dim + k] = tensor_get(&end, i * (dim + 1) + k);
		change[i] = tensor_get(&end, i * (dim + 1) + dim);
	}
	*evaluations = r.evaluations;
	return 0;
}
