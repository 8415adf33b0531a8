/* step.c: loops over a compiled step, forward and backward. The step's vjp is compiled once, with the step's own
 * forward part inside it, so that going back over step n needs nothing but the state before it: from memory, or
 * recomputed from the nearest kept state by the binomial schedule of Griewank and Walther (ACM TOMS 26, 2000), which
 * recomputes least for a given number of kept states. Both memory modes run the same kernels in the same order and give
 * the same bits. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/integ.h"
#include "graph/plan.h"

struct step {
	int n_state, n_shared, n_local, n_extra;
	node *state, *shared, *local; /* inputs */
	struct plan *forward, *adjoint;
	bool has_loss;
	/* adjoint: cotangent inputs by state, and which output holds a gradient (-1: zero). */
	node *cotangent;
	int *state_out, *shared_out, *local_out;
	int first_extra_out, loss_out;
	size_t *state_offset, *state_bytes, *shared_bytes;
	enum dtype *shared_dtype;
	size_t slot_bytes; /* all states together */
	/* Memory that loops need, kept between them. */
	void **slot; /* n_slots * n_state pointers */
	void *slot_memory;
	int64_t n_slots;
	void **gradient; /* 2 * n_state cotangents, then n_shared parts */
	void *gradient_memory;
	const void **local_at, **local_gradient;
	void **extra_at;
};

static node *copy_nodes(int n, const node *from)
{
	node *copy = xcalloc((size_t)n + 1, sizeof *copy);

	for (int i = 0; i < n; i++)
		copy[i] = from[i];
	return copy;
}

static size_t aligned_bytes(size_t n)
{
	return (n + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN + MEM_ALIGN;
}

static size_t node_bytes(const struct graph *g, node n)
{
	struct shape s = graph_shape(g, n);

	return (size_t)shape_count(&s) * dtype_size(graph_dtype(g, n));
}

static bool is_real(const struct graph *g, node n)
{
	return graph_dtype(g, n) != DTYPE_I32;
}

/* Gradients with respect to states and shared inputs of (next . cotangent + loss). */
static int compile_adjoint(struct step *s, struct graph *g, const struct step_spec *spec, const bool *wrt_shared,
			   struct err *e)
{
	const int most = spec->n_state + spec->n_shared + spec->n_local;
	node *wrt = xcalloc((size_t)most + 1, sizeof *wrt), *grad = xcalloc((size_t)most + 1, sizeof *grad);
	node *of = xcalloc((size_t)spec->n_state + 1, sizeof *of),
	     *seed = xcalloc((size_t)spec->n_state + 1, sizeof *seed);
	node *out = xcalloc((size_t)(most + spec->n_extra) + 1, sizeof *out);
	int n_of = 0, n_wrt = 0, n_out = 0, k = 0, status = -1;

	for (int i = 0; i < spec->n_state; i++) {
		struct shape shape = graph_shape(g, spec->state[i]);

		s->cotangent[i] = NODE_NONE;
		if (!is_real(g, spec->state[i]))
			continue;
		s->cotangent[i] = graph_input(g, "cotangent", graph_dtype(g, spec->state[i]), &shape);
		wrt[n_wrt++] = spec->state[i];
		of[n_of] = spec->next[i];
		seed[n_of++] = s->cotangent[i];
	}
	for (int i = 0; i < spec->n_shared; i++)
		if (is_real(g, spec->shared[i]) && (!wrt_shared || wrt_shared[i]))
			wrt[n_wrt++] = spec->shared[i];
	for (int i = 0; i < spec->n_local; i++)
		if (spec->wrt_local && spec->wrt_local[i])
			wrt[n_wrt++] = spec->local[i];
	if (s->has_loss) {
		of[n_of] = spec->loss;
		seed[n_of++] = graph_scalar(g, 1);
	}
	if (graph_vjp(g, n_of, of, seed, n_wrt, wrt, grad) != 0 || graph_error(g)) {
		err_set(e, ERR_USAGE, "%s", graph_error(g) ? graph_error(g)->message : "step: no derivative");
		goto out;
	}
	for (int i = 0; i < spec->n_state; i++) {
		node d = is_real(g, spec->state[i]) ? grad[k++] : NODE_NONE;

		s->state_out[i] = node_is(d) ? n_out : -1;
		if (node_is(d))
			out[n_out++] = d;
	}
	for (int i = 0; i < spec->n_shared; i++) {
		bool asked = is_real(g, spec->shared[i]) && (!wrt_shared || wrt_shared[i]);
		node d = asked ? grad[k++] : NODE_NONE;

		s->shared_out[i] = node_is(d) ? n_out : -1;
		if (node_is(d))
			out[n_out++] = d;
	}
	for (int i = 0; i < spec->n_local; i++) {
		node d = spec->wrt_local && spec->wrt_local[i] ? grad[k++] : NODE_NONE;

		s->local_out[i] = node_is(d) ? n_out : -1;
		if (node_is(d))
			out[n_out++] = d;
	}
	s->first_extra_out = n_out;
	for (int i = 0; i < spec->n_extra; i++)
		out[n_out++] = spec->extra[i];
	s->loss_out = n_out;
	if (s->has_loss)
		out[n_out++] = spec->loss;
	s->adjoint = plan_new(g, n_out, out, e);
	status = s->adjoint ? 0 : -1;
out:
	free(wrt);
	free(grad);
	free(of);
	free(seed);
	free(out);
	return status;
}

static int check_spec(const struct graph *g, const struct step_spec *spec, struct err *e)
{
	if (graph_error(g))
		return err_set(e, graph_error(g)->code, "%s", graph_error(g)->message);
	for (int i = 0; i < spec->n_state; i++) {
		struct shape from = graph_shape(g, spec->state[i]), to = graph_shape(g, spec->next[i]);
		char a[SHAPE_TEXT], b[SHAPE_TEXT];

		if (!shape_equal(&from, &to) || graph_dtype(g, spec->state[i]) != graph_dtype(g, spec->next[i]))
			return err_set(e, ERR_USAGE, "step: state %d is %s %s, its successor %s %s", i,
				       dtype_name(graph_dtype(g, spec->state[i])), shape_text(a, &from),
				       dtype_name(graph_dtype(g, spec->next[i])), shape_text(b, &to));
	}
	if (node_is(spec->loss)) {
		struct shape shape = graph_shape(g, spec->loss);
		char a[SHAPE_TEXT];

		if (shape.rank != 0)
			return err_set(e, ERR_USAGE, "step: the loss must be a scalar, not %s", shape_text(a, &shape));
	}
	return 0;
}

struct step *step_new(struct graph *g, const struct step_spec *spec, bool need_adjoint, const bool *wrt_shared,
		      struct err *e)
{
	struct step *s;
	node *out;
	int n_out = 0;

	if (check_spec(g, spec, e) != 0)
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->n_state = spec->n_state;
	s->n_shared = spec->n_shared;
	s->n_local = spec->n_local;
	s->n_extra = spec->n_extra;
	s->state = copy_nodes(spec->n_state, spec->state);
	s->shared = copy_nodes(spec->n_shared, spec->shared);
	s->local = copy_nodes(spec->n_local, spec->local);
	s->has_loss = node_is(spec->loss);
	s->cotangent = xcalloc((size_t)s->n_state + 1, sizeof *s->cotangent);
	s->state_out = xcalloc((size_t)s->n_state + 1, sizeof *s->state_out);
	s->shared_out = xcalloc((size_t)s->n_shared + 1, sizeof *s->shared_out);
	s->local_out = xcalloc((size_t)s->n_local + 1, sizeof *s->local_out);
	s->local_gradient = xcalloc((size_t)s->n_local + 1, sizeof *s->local_gradient);
	s->state_offset = xcalloc((size_t)s->n_state + 1, sizeof *s->state_offset);
	s->state_bytes = xcalloc((size_t)s->n_state + 1, sizeof *s->state_bytes);
	s->shared_bytes = xcalloc((size_t)s->n_shared + 1, sizeof *s->shared_bytes);
	s->shared_dtype = xcalloc((size_t)s->n_shared + 1, sizeof *s->shared_dtype);
	s->local_at = xcalloc((size_t)s->n_local + 1, sizeof *s->local_at);
	s->extra_at = xcalloc((size_t)s->n_extra + 1, sizeof *s->extra_at);
	for (int i = 0; i < s->n_state; i++) {
		s->state_bytes[i] = node_bytes(g, spec->state[i]);
		s->state_offset[i] = s->slot_bytes;
		s->slot_bytes += aligned_bytes(s->state_bytes[i]);
	}
	for (int i = 0; i < s->n_shared; i++) {
		s->shared_bytes[i] = node_bytes(g, spec->shared[i]);
		s->shared_dtype[i] = graph_dtype(g, spec->shared[i]);
	}
	out = xcalloc((size_t)(s->n_state + s->n_extra) + 1, sizeof *out);
	for (int i = 0; i < s->n_state; i++)
		out[n_out++] = spec->next[i];
	for (int i = 0; i < s->n_extra; i++)
		out[n_out++] = spec->extra[i];
	if (s->has_loss)
		out[n_out++] = spec->loss;
	s->forward = plan_new(g, n_out, out, e);
	free(out);
	if (!s->forward || (need_adjoint && compile_adjoint(s, g, spec, wrt_shared, e) != 0)) {
		step_free(s);
		return NULL;
	}
	return s;
}

void step_free(struct step *s)
{
	if (!s)
		return;
	plan_free(s->forward);
	plan_free(s->adjoint);
	free(s->state);
	free(s->shared);
	free(s->local);
	free(s->cotangent);
	free(s->state_out);
	free(s->shared_out);
	free(s->local_out);
	free(s->local_gradient);
	free(s->state_offset);
	free(s->state_bytes);
	free(s->shared_bytes);
	free(s->shared_dtype);
	free(s->slot);
	free(s->slot_memory);
	free(s->gradient);
	free(s->gradient_memory);
	free(s->local_at);
	free(s->extra_at);
	free(s);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

enum { SCRATCH_SLOTS = 4 }; /* two to go back and forth between, one to arrive at, one for the state at the cut */

static int reserve_slots(struct step *s, int64_t n, struct err *e)
{
	if (n <= s->n_slots)
		return 0;
	free(s->slot_memory);
	free(s->slot);
	s->slot = NULL;
	s->n_slots = 0;
	s->slot_memory = mem_new(n, s->slot_bytes + 1, "states kept for the backward pass", e);
	if (!s->slot_memory)
		return -1;
	s->slot = xcalloc((size_t)n * (size_t)s->n_state + 1, sizeof *s->slot);
	for (int64_t k = 0; k < n; k++)
		for (int i = 0; i < s->n_state; i++)
			s->slot[k * s->n_state + i] =
				(char *)s->slot_memory + (size_t)k * s->slot_bytes + s->state_offset[i];
	s->n_slots = n;
	return 0;
}

static void reserve_gradients(struct step *s)
{
	size_t bytes = 2 * s->slot_bytes, at = 0;

	if (s->gradient)
		return;
	for (int i = 0; i < s->n_shared; i++)
		bytes += s->shared_out[i] >= 0 ? aligned_bytes(s->shared_bytes[i]) : 0;
	s->gradient = xcalloc((size_t)(2 * s->n_state + s->n_shared) + 1, sizeof *s->gradient);
	s->gradient_memory = xaligned(bytes + MEM_ALIGN);
	for (int k = 0; k < 2; k++, at += s->slot_bytes)
		for (int i = 0; i < s->n_state; i++)
			s->gradient[k * s->n_state + i] = (char *)s->gradient_memory + at + s->state_offset[i];
	for (int i = 0; i < s->n_shared; i++) {
		if (s->shared_out[i] < 0)
			continue;
		s->gradient[2 * s->n_state + i] = (char *)s->gradient_memory + at;
		at += aligned_bytes(s->shared_bytes[i]);
	}
}

/* ---- one step ---------------------------------------------------------------------------------------------------- */

struct loop {
	struct step *s;
	const struct step_run *run;
	void *const *grad_shared;
	double loss;
	int64_t to_count;  /* the step whose loss is to be added next */
	int64_t last_slot; /* slots from SCRATCH_SLOTS up to here may keep states */
	bool first_adjoint;
	int side; /* which of the two cotangent sets is current */
	struct err *e;
};

static void bind_common(struct loop *l, struct plan *p, int64_t n, void *const *from, int first_extra)
{
	struct step *s = l->s;

	if (l->run->feed)
		l->run->feed(l->run->context, n, s->local_at, s->extra_at);
	for (int i = 0; i < s->n_state; i++)
		plan_bind(p, s->state[i], from[i]);
	for (int i = 0; i < s->n_local; i++)
		plan_bind(p, s->local[i], s->local_at[i]);
	for (int i = 0; i < s->n_extra; i++)
		plan_bind_out(p, first_extra + i, s->extra_at[i]);
}

static int run_step(struct loop *l, struct plan *p, int64_t n, int loss_out)
{
	if (plan_run(p, l->e) != 0)
		return err_in(l->e, "step %lld", (long long)n);
	if (n == l->to_count) {
		l->to_count++;
		if (l->s->has_loss) {
			struct tensor t = plan_out(p, loss_out);

			l->loss += tensor_get(&t, 0);
		}
	}
	return 0;
}

static int forward_step(struct loop *l, int64_t n, void *const *from, void *const *to)
{
	struct step *s = l->s;

	bind_common(l, s->forward, n, from, s->n_state);
	for (int i = 0; i < s->n_state; i++)
		plan_bind_out(s->forward, i, to[i]);
	return run_step(l, s->forward, n, s->n_state + s->n_extra);
}

static void add_to(enum dtype t, int64_t n, void *sum, const void *part)
{
	if (t == DTYPE_F32)
		for (int64_t i = 0; i < n; i++)
			((float *)sum)[i] += ((const float *)part)[i];
	else
		for (int64_t i = 0; i < n; i++)
			((double *)sum)[i] += ((const double *)part)[i];
}

static int adjoint_step(struct loop *l, int64_t n, void *const *from)
{
	struct step *s = l->s;
	void **now = s->gradient + l->side * s->n_state, **before = s->gradient + (1 - l->side) * s->n_state;
	void **part = s->gradient + 2 * s->n_state;

	bind_common(l, s->adjoint, n, from, s->first_extra_out);
	for (int i = 0; i < s->n_state; i++) {
		if (node_is(s->cotangent[i]))
			plan_bind(s->adjoint, s->cotangent[i], now[i]);
		if (s->state_out[i] >= 0)
			plan_bind_out(s->adjoint, s->state_out[i], before[i]);
		else
			memset(before[i], 0, s->state_bytes[i]);
	}
	for (int i = 0; i < s->n_shared; i++)
		if (s->shared_out[i] >= 0)
			plan_bind_out(s->adjoint, s->shared_out[i],
				      l->first_adjoint && l->grad_shared && l->grad_shared[i] ? l->grad_shared[i]
											      : part[i]);
	if (run_step(l, s->adjoint, n, s->loss_out) != 0)
		return -1;
	for (int i = 0; i < s->n_local; i++)
		s->local_gradient[i] = s->local_out[i] < 0 ? NULL : plan_out(s->adjoint, s->local_out[i]).data;
	if (l->run->take)
		l->run->take(l->run->context, n, s->local_gradient);
	for (int i = 0; i < s->n_shared && !l->first_adjoint; i++)
		if (s->shared_out[i] >= 0 && l->grad_shared && l->grad_shared[i])
			add_to(s->shared_dtype[i], (int64_t)(s->shared_bytes[i] / dtype_size(s->shared_dtype[i])),
			       l->grad_shared[i], part[i]);
	l->first_adjoint = false;
	l->side = 1 - l->side;
	return 0;
}

/* ---- many steps -------------------------------------------------------------------------------------------------- */

static void **slot(struct step *s, int64_t k)
{
	return s->slot + k * s->n_state;
}

/* From the state before step `first` to the one before step `last`, through scratch slots 0 and 1. */
static int advance(struct loop *l, int64_t first, int64_t last, void *const *from, void *const *to)
{
	for (int64_t n = first; n < last; n++) {
		void *const *next = n + 1 == last ? to : slot(l->s, n & 1);

		if (forward_step(l, n, from, next) != 0)
			return -1;
		from = next;
	}
	return 0;
}

/* binomial(a + b, a), or `limit` if that is less. */
static int64_t binomial(int64_t a, int64_t b, int64_t limit)
{
	int64_t value = 1;

	for (int64_t i = 1; i <= a; i++) {
		value = value * (b + i) / i;
		if (value >= limit)
			return limit;
	}
	return value;
}

/* How many of n steps to go before keeping a state, with k slots free. With m states in all, the first included, and no
 * step run forward more than r times, binomial(m + r, m) steps can be reversed: the part behind must fit with one state
 * less, the part before with one repeat less. */
static int64_t best_split(int64_t n, int64_t k)
{
	const int64_t limit = n + 1, states = k + 1;
	int64_t r = 1, split;

	while (binomial(states, r, limit) < n)
		r++;
	split = n - binomial(states - 1, r, limit);
	if (r >= 2 && split < binomial(states, r - 2, limit))
		split = binomial(states, r - 2, limit);
	if (split < 1)
		split = 1;
	return split < n ? split : n - 1;
}

/* Adjoints of steps last-1 .. first, the state before `first` being `from`; slots from `free` on may be used. */
static int backward(struct loop *l, int64_t first, int64_t last, void *const *from, int64_t free_slot)
{
	void **kept;
	int64_t middle;

	if (last - first == 1)
		return adjoint_step(l, first, from);
	if (free_slot >= l->last_slot) {
		for (int64_t n = last - 1; n > first; n--)
			if (advance(l, first, n, from, slot(l->s, 2)) != 0 || adjoint_step(l, n, slot(l->s, 2)) != 0)
				return -1;
		return adjoint_step(l, first, from);
	}
	kept = slot(l->s, free_slot);
	middle = first + best_split(last - first, l->last_slot - free_slot);
	if (advance(l, first, middle, from, kept) != 0)
		return -1;
	if (backward(l, middle, last, kept, free_slot + 1) != 0)
		return -1;
	return backward(l, first, middle, from, free_slot);
}

/* The state before step n, where every one is kept. */
static void *const *stored(struct loop *l, int64_t first, int64_t n, void *const *from)
{
	return n == first ? from : slot(l->s, SCRATCH_SLOTS + n - first - 1);
}

static int forth_stored(struct loop *l, int64_t first, int64_t last, void *const *from)
{
	for (int64_t n = first; n < last; n++)
		if (forward_step(l, n, stored(l, first, n, from), slot(l->s, SCRATCH_SLOTS + n - first)) != 0)
			return -1;
	return 0;
}

static int back_stored(struct loop *l, int64_t first, int64_t last, void *const *from)
{
	for (int64_t n = last - 1; n >= first; n--)
		if (adjoint_step(l, n, stored(l, first, n, from)) != 0)
			return -1;
	return 0;
}

static int64_t slots_wanted(const struct step_run *run, int64_t recorded)
{
	int64_t n = 2;

	if (run->memory == STEP_STORE)
		return recorded - 1;
	if (run->n_slots > 0)
		return run->n_slots < recorded - 1 ? run->n_slots : recorded - 1;
	for (int64_t k = recorded; k > 1; k /= 2)
		n++;
	return n < recorded - 1 ? n : recorded - 1;
}

int step_loop(struct step *s, const struct step_run *run, double *loss, void *const *grad_shared,
	      void *const *grad_state0, struct err *e)
{
	const bool gradients = (grad_shared || grad_state0) && run->part != STEP_FORTH;
	const int64_t n = run->n_steps, first = run->cut > 0 && run->cut < n ? n - run->cut : 0;
	struct loop l = {
		.s = s, .run = run, .grad_shared = grad_shared, .to_count = first, .first_adjoint = true, .e = e
	};
	void *const *from = run->state0;
	int status = 0;

	if (gradients && !s->adjoint)
		return err_set(e, ERR_FAIL, "step was compiled without its adjoint");
	for (int i = 0; i < s->n_shared && grad_shared; i++)
		if (grad_shared[i])
			memset(grad_shared[i], 0, s->shared_bytes[i]);
	for (int i = 0; i < s->n_state && grad_state0; i++)
		if (grad_state0[i])
			memset(grad_state0[i], 0, s->state_bytes[i]);
	*loss = 0;
	if (n <= 0)
		return 0;
	if (run->part != STEP_ALL && (run->memory != STEP_STORE || first > 0))
		return err_set(e, ERR_FAIL, "a loop in two parts keeps every state and has no cut");
	if (reserve_slots(s,
			  SCRATCH_SLOTS + (run->part == STEP_FORTH ? n
					   : gradients		   ? slots_wanted(run, n - first)
								   : 0),
			  e) != 0)
		return -1;
	for (int i = 0; i < s->n_shared; i++) {
		plan_bind(s->forward, s->shared[i], run->shared[i]);
		if (gradients)
			plan_bind(s->adjoint, s->shared[i], run->shared[i]);
	}
	if (run->part == STEP_FORTH) {
		status = forth_stored(&l, 0, n, from);
		*loss = l.loss;
		return status;
	}
	if (!gradients) {
		status = advance(&l, 0, n, from, slot(s, 2));
		*loss = l.loss;
		return status;
	}
	reserve_gradients(s);
	for (int i = 0; i < s->n_state; i++)
		memset(s->gradient[i], 0, s->state_bytes[i]);
	if (first > 0) {
		if (advance(&l, 0, first, from, slot(s, 3)) != 0)
			return -1;
		from = slot(s, 3);
	}
	l.last_slot = SCRATCH_SLOTS + slots_wanted(run, n - first);
	if (run->part == STEP_BACK)
		l.to_count = n; /* counted on the way forth */
	if (run->memory == STEP_STORE)
		status = (run->part == STEP_BACK || forth_stored(&l, first, n - 1, from) == 0)
				 ? back_stored(&l, first, n, from)
				 : -1;
	else
		status = backward(&l, first, n, from, SCRATCH_SLOTS);
	*loss = l.loss;
	/* Before the cut nothing flows: the gradient of the first state is then zero. */
	for (int i = 0; i < s->n_state && grad_state0 && status == 0 && first == 0; i++)
		if (grad_state0[i])
			memcpy(grad_state0[i], s->gradient[l.side * s->n_state + i], s->state_bytes[i]);
	return status;
}
