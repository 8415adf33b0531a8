/* flow_newton.c: stages of implicit methods, found by running the step's own Newton step until slopes stay as they
 * are. The first guess is the slope at the step's beginning, so that the same step always has the same stages. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "diffeq/flow_inside.h"
#include "num/tensor.h"
#include "op/op.h"

enum { PASSES_MAX = 20 };

bool flow_implicit(const struct flow *f)
{
	return f->m && f->m->kind != TABLEAU_EXPLICIT;
}

static char *guess_at(const struct flow *f, char *guesses, int j, int i)
{
	return guesses + (size_t)j * f->layout.total + f->layout.offset[i];
}

static bool solved(const struct flow *f, int j)
{
	return f->m->kind == TABLEAU_FULL || f->m->a[j * f->m->stages + j] != 0;
}

void flow_guess_nodes(struct flow *f)
{
	for (int j = 0; j < f->m->stages; j++)
		for (int i = 0; i < f->n_state; i++) {
			struct shape s = graph_shape(f->g, f->in[i]);

			if (solved(f, j))
				f->guess[j * f->n_state + i] = graph_input(f->g, "guess", f->real, &s);
		}
}

/* What one pass costs: f, and its derivative by each number of a row. */
static int pass_cost(const struct flow *f)
{
	const struct shape s = graph_shape(f->g, f->in[0]);
	const int64_t rows = s.rank > 1 ? s.dim[0] : 1;
	int64_t width = 0;
	int cost = 0;

	for (int i = 0; i < f->n_state; i++)
		width += f->layout.count[i] / rows;
	for (int j = 0; j < f->m->stages; j++)
		cost += solved(f, j) ? 1 + (int)width : !f->carries;
	return cost;
}

int flow_newton_new(struct flow *f, const struct diffeq_step *s, struct err *e)
{
	const size_t bytes = (size_t)f->m->stages * f->layout.total;
	node out[TABLEAU_STAGES_MAX * DIFFEQ_ROW_MAX];
	int n = 0;

	for (int j = 0; j < f->m->stages; j++)
		for (int i = 0; i < f->n_state; i++)
			if (solved(f, j))
				out[n++] = s->slope[j * f->n_state + i];
	f->newton.plan = plan_new(f->g, n, out, e);
	if (!f->newton.plan)
		return err_in(e, "differential equation");
	if (node_is(s->coupling) && !(f->rows.plan = plan_new(f->g, 1, &s->coupling, e)))
		return err_in(e, "differential equation");
	f->pass_cost = pass_cost(f);
	f->guess_value = mem_new(2 * (int64_t)bytes, 1, "stages of a differential equation", e);
	f->guess_next = f->guess_value ? f->guess_value + bytes : NULL;
	return f->guess_value ? 0 : -1;
}

void flow_bind_guess(const struct flow *f, struct plan *p)
{
	for (int k = 0; k < f->m->stages * f->n_state; k++)
		if (node_is(f->guess[k]))
			plan_bind(p, f->guess[k], guess_at(f, f->guess_value, k / f->n_state, k % f->n_state));
}

static int first_guess(struct flow *f, double t0, double t1, char *from, struct err *e)
{
	if (!f->carries) {
		if (flow_bind_step(f, f->first.plan, t0, t1, from, e) != 0)
			return -1;
		for (int i = 0; i < f->n_state; i++)
			plan_bind_out(f->first.plan, i, guess_at(f, f->guess_value, 0, i));
		if (plan_run(f->first.plan, e) != 0)
			return -1;
	}
	for (int j = 0; j < f->m->stages; j++)
		for (int i = 0; i < f->n_state; i++) {
			const char *slope =
				f->carries ? flow_at(f, from, f->n_state + i) : guess_at(f, f->guess_value, 0, i);

			if (j > 0 || f->carries)
				memcpy(guess_at(f, f->guess_value, j, i), slope, f->layout.bytes[i]);
		}
	return 0;
}

static double largest(const struct flow *f, const void *v, const void *minus, int64_t first, int64_t n)
{
	double most = 0;

	for (int64_t i = first; i < first + n; i++) {
		const double a = f->real == DTYPE_F32 ? (double)((const float *)v)[i] : ((const double *)v)[i];
		const double b = !minus			? 0
				 : f->real == DTYPE_F32 ? (double)((const float *)minus)[i]
							: ((const double *)minus)[i];

		if (!(fabs(a - b) <= most)) /* also where it is not a number */
			most = isfinite(a - b) ? fabs(a - b) : INFINITY;
	}
	return most;
}

/* The largest change of h k over the size of y and h k, of all rows; not finite where a slope is not. */
static double change(const struct flow *f, double h, char *from)
{
	const struct shape s = graph_shape(f->g, f->in[0]);
	const int64_t rows = s.rank > 1 ? s.dim[0] : 1;
	double most = 0;

	for (int64_t row = 0; row < rows; row++) {
		double moved = 0, size = 0;

		for (int i = 0; i < f->n_state; i++) {
			const int64_t n = f->layout.count[i] / rows;

			size = fmax(size, largest(f, flow_at(f, from, i), NULL, row * n, n));
			for (int j = 0; j < f->m->stages; j++) {
				const char *old = guess_at(f, f->guess_value, j, i),
					   *now = guess_at(f, f->guess_next, j, i);

				if (!solved(f, j))
					continue;
				moved = fmax(moved, h * largest(f, now, old, row * n, n));
				size = fmax(size, h * largest(f, now, NULL, row * n, n));
			}
		}
		if (!isfinite(moved) || !isfinite(size))
			return INFINITY;
		if (moved > 0)
			most = fmax(most, moved / size);
	}
	return most;
}

/* Rows that see each other have other derivatives than Newton's matrices say. */
static int check_rows(struct flow *f, double t0, double t1, char *from, struct err *e)
{
	struct tensor gap;

	f->rows_checked = true;
	if (!f->rows.plan)
		return 0;
	if (flow_bind_step(f, f->rows.plan, t0, t1, from, e) != 0 || plan_run(f->rows.plan, e) != 0)
		return -1;
	gap = plan_out(f->rows.plan, 0);
	if (tensor_get(&gap, 0) > (f->real == DTYPE_F32 ? 1e-6 : 1e-12))
		return err_set(e, ERR_USAGE,
			       "method %s: rows of the state see each other, implicit methods take each row as an "
			       "equation of its own",
			       f->m->name);
	return 0;
}

int flow_newton(struct flow *f, double t0, double t1, char *from, struct err *e)
{
	/* the next change is about the square of this one */
	const double enough = f->real == DTYPE_F32 ? 1e-4 : 1e-9;
	double moved = INFINITY;

	f->failed = false;
	f->passes = 1; /* the step's own */
	if (first_guess(f, t0, t1, from, e) != 0 || flow_bind_step(f, f->newton.plan, t0, t1, from, e) != 0)
		return -1;
	while (moved > enough && f->passes < PASSES_MAX) {
		int n = 0;

		for (int j = 0; j < f->m->stages; j++)
			for (int i = 0; i < f->n_state; i++)
				if (solved(f, j))
					plan_bind_out(f->newton.plan, n++, guess_at(f, f->guess_next, j, i));
		if (plan_run(f->newton.plan, e) != 0)
			return -1;
		f->passes++;
		moved = change(f, fabs(t1 - t0), from);
		if (!isfinite(moved))
			break;
		memcpy(f->guess_value, f->guess_next, (size_t)f->m->stages * f->layout.total);
	}
	f->failed = !(moved <= enough);
	return f->failed || f->rows_checked ? 0 : check_rows(f, t0, t1, from, e);
}
