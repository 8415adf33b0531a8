/* physics_group.c: residuals of a set of points as a loss: compiled once for a block of points and run over all blocks,
 * so that memory does not grow with the number of points. A block is small: all values that its gradient needs stay in
 * the second-level cache. Threads take parts of consecutive blocks; what is added to what does not depend on their
 * number. */
#include "learner/physics_group.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "op/op.h"

enum {
	BLOCK_MAX = 128,
	BLOCK_LEAST = 16,	/* blocks are multiples of this: rows start where vectors do */
	PARTS_MAX = 32,		/* of a group */
	PARTS_BYTES = 16 << 20, /* of all parts' sums */
};

/* ---- terms --------------------------------------------------------------------------------------- */

static double weight_of(const struct key_doubles *list, int k)
{
	return list->at[list->n == 1 ? 0 : k];
}

static void add_term(struct physics_group *q, int unknown, int order, double weight)
{
	if (q->n_terms == PHYSICS_TERMS || weight == 0)
		return;
	q->term[q->n_terms].unknown = unknown;
	q->term[q->n_terms].order = order;
	q->term[q->n_terms].weight = weight;
	q->term[q->n_terms++].balance = 1;
}

/* Highest derivative along an axis in the equations, at least 1. */
static int order_along(const struct equation_spec *s, int axis)
{
	int order = 1;

	for (int i = 0; i < s->system.n; i++)
		for (int k = 0; k < expr_at(s->pool, s->system.at[i].left)->rank; k++) {
			const expr a = expr_sub(s->pool, expr_lower(s->pool, s->system.at[i].left, k),
						expr_lower(s->pool, s->system.at[i].right, k));
			const struct expr_facts facts = expr_classify(s->pool, a);

			order = facts.order[axis] > order ? facts.order[axis] : order;
		}
	return order;
}

static void side_terms(struct physics_group *q, const struct physics *p)
{
	const struct equation_spec *s = p->spec;

	for (int i = 0; i < p->n_outputs; i++) {
		const double weight = weight_of(&p->key->weight_side, i);
		const int k = p->output[i];

		if (q->end < 0) {
			for (int order = 0; order < order_along(s, q->axis); order++)
				add_term(q, k, order, weight);
			continue;
		}
		if (s->side[q->axis][q->end][k].given && !equation_side_is_hard(s, p->hard, q->axis, q->end, k))
			add_term(q, k, 0, weight);
		/* a condition on the velocity counts where the function itself has none */
		for (int v = 0; v < s->n_unknowns; v++)
			if (equation_velocity_of(s, v) == k && s->side[q->axis][q->end][v].given &&
			    !s->side[q->axis][q->end][k].given)
				add_term(q, v, 0, weight);
	}
}

void physics_group_terms(struct physics_group *q, const struct physics *p)
{
	const struct equation_spec *s = p->spec;

	q->n_terms = 0;
	if (q->kind == TERM_EQUATION)
		for (int i = 0; i < equation_residual_count(s); i++)
			add_term(q, i, 0, weight_of(&p->key->weight_equation, i));
	if (q->kind == TERM_INITIAL && !s->stationary && (p->hard & EQUATION_HARD_INITIAL) == 0)
		for (int k = 0; k < s->n_unknowns; k++)
			add_term(q, k, 0, weight_of(&p->key->weight_initial, k));
	if (q->kind == TERM_SIDE)
		side_terms(q, p);
}

/* ---- points -------------------------------------------------------------------------------------- */

int physics_group_open(struct physics_group *q, const struct physics *p, int64_t n, enum dtype real, struct err *e)
{
	const int64_t blocks = (n + BLOCK_MAX - 1) / BLOCK_MAX;

	q->n = n;
	q->block = (n + blocks - 1) / blocks;
	if (blocks > 1)
		q->block = (q->block + BLOCK_LEAST - 1) / BLOCK_LEAST * BLOCK_LEAST;
	q->n_padded = q->block * blocks;
	q->n_columns = p->n_columns;
	const struct shape line = shape_of(q->n_padded, 1), one = { 0 };

	for (int k = 0; k < p->n_columns; k++)
		if (tensor_new_checked(&q->column[k], real, &line, "points", e) != 0)
			return -1;
	if (tensor_new_checked(&q->weight, real, &line, "points", e) != 0 ||
	    tensor_new_checked(&q->sign, real, &line, "points", e) != 0 ||
	    tensor_new_checked(&q->mask, real, &line, "points", e) != 0)
		return -1;
	for (int64_t i = 0; i < n; i++)
		tensor_set(&q->mask, i, 1);
	for (int j = 0; j < q->n_terms && q->from_target; j++)
		if (tensor_new_checked(&q->target[j], real, &line, "values", e) != 0)
			return -1;
	if (q->kind == TERM_SIDE && q->end < 0) {
		for (int k = 0; k < p->n_columns; k++)
			q->axis_column = p->axis[k] == q->axis ? k : q->axis_column;
		q->opposite = tensor_new(real, &line);
		tensor_fill(&q->opposite, p->spec->low[q->axis] + p->spec->length[q->axis]);
	}
	for (int j = 0; j < q->n_terms; j++) {
		q->square[j] = tensor_new(real, &one);
		q->push[j] = tensor_new(real, &one);
	}
	physics_group_weights(q, NULL);
	return 0;
}

static void forget(struct physics_group *q)
{
	for (int i = 0; i < q->n_plans; i++)
		plan_free(q->plan[i]);
	plan_free(q->look);
	if (q->g) {
		nn_end(&q->nn);
		graph_free(q->g);
	}
	free(q->trained);
	free(q->plan);
	free(q->out);
	free(q->sum);
	q->plan = NULL;
	q->look = NULL;
	q->out = NULL;
	q->sum = NULL;
	q->n_plans = 0;
	q->g = NULL;
	q->trained = NULL;
}

void physics_group_close(struct physics_group *q)
{
	forget(q);
	for (int k = 0; k < PHYSICS_COLUMNS; k++)
		tensor_free(&q->column[k]);
	for (int j = 0; j < PHYSICS_TERMS; j++) {
		tensor_free(&q->target[j]);
		tensor_free(&q->square[j]);
		tensor_free(&q->push[j]);
	}
	tensor_free(&q->opposite);
	tensor_free(&q->weight);
	tensor_free(&q->sign);
	tensor_free(&q->mask);
}

void physics_group_points(struct physics_group *q, const double *const *column)
{
	for (int k = 0; k < q->n_columns; k++)
		for (int64_t i = 0; i < q->n_padded; i++)
			tensor_set(&q->column[k], i, column[k][i < q->n ? i : 0]);
}

void physics_group_weights(struct physics_group *q, const double *weight)
{
	for (int64_t i = 0; i < q->n_padded; i++)
		tensor_set(&q->weight, i, i >= q->n ? 0 : weight ? weight[i] : 1);
}

/* ---- compiling ----------------------------------------------------------------------------------- */

static node slope(struct equation_fields *f, node a, int axis, int order)
{
	for (int k = 0; k < order; k++)
		a = equation_slope(f, a, axis);
	return a;
}

static node residual(struct physics_group *q, int j)
{
	const int k = q->term[j].unknown;

	if (q->from_target)
		return op_sub(q->g, equation_value(&q->f, q->spec.unknown[k].node), q->target_in[j]);
	switch (q->kind) {
	case TERM_EQUATION:
		return equation_residual(&q->f, k);
	case TERM_INITIAL:
		return equation_initial_residual(&q->f, k);
	case TERM_SIDE:
		if (q->end >= 0)
			return equation_side_residual(&q->f, q->axis, q->end, k);
		return op_sub(q->g, slope(&q->f, q->f.value[k], q->axis, q->term[j].order),
			      slope(&q->other, q->other.value[k], q->axis, q->term[j].order));
	default:
		return graph_fail(q->g, "residuals of data need targets");
	}
}

static bool trains(const struct param *p)
{
	return p->role != PARAM_STATE && !p->frozen;
}

/* The second network of a periodic side: at the other end of the axis, everything else shared. */
static void build_opposite(struct physics_group *q, const struct physics *p, struct network *n, int64_t window)
{
	struct equation_spec spec;

	physics_build(p, n, &q->nn, q->g, q->block, window, &spec, &q->other, q->other_in);
	q->other.spec = &q->spec;
}

static void bind_parameters(struct physics_group *q, struct plan *plan)
{
	for (int i = 0; i < q->nn.n_nodes; i++)
		if (node_is(q->nn.node[i]))
			plan_bind(plan, q->nn.node[i], q->network->params.at[i].value.data);
}

/* As many plans as threads. */
static int add_plans(struct physics_group *q, struct err *e)
{
	if (q->n_plans >= pool_threads())
		return 0;
	q->plan = xrealloc(q->plan, (size_t)pool_threads() * sizeof *q->plan);
	for (; q->n_plans < pool_threads(); q->n_plans++) {
		struct plan *plan = plan_new(q->g, q->n_out, q->out, e);

		if (!plan)
			return err_in(e, "model %s", q->network->class->name);
		q->plan[q->n_plans] = plan;
		bind_parameters(q, plan);
		for (int j = 0; j < q->n_terms; j++) {
			plan_bind(plan, q->square_in[j], q->square[j].data);
			plan_bind(plan, q->push_in[j], q->push[j].data);
		}
	}
	return 0;
}

static int add_parts(struct physics_group *q, struct err *e)
{
	const int64_t blocks = q->n_padded / q->block;

	q->n_values = 0;
	for (int k = 0; k < q->n_out; k++) {
		const struct shape s = graph_shape(q->g, q->out[k]);

		q->n_values += shape_count(&s);
	}
	q->n_parts = PARTS_BYTES / (q->n_values * (int64_t)sizeof *q->sum);
	q->n_parts = q->n_parts < PARTS_MAX ? q->n_parts : PARTS_MAX;
	q->n_parts = q->n_parts < 1 ? 1 : q->n_parts < blocks ? q->n_parts : blocks;
	q->sum = mem_new(q->n_parts * q->n_values, sizeof *q->sum, "gradients", e);
	return q->sum ? 0 : -1;
}

int physics_group_compile(struct physics_group *q, const struct physics *p, struct network *n, int64_t window,
			  struct err *e)
{
	const struct shape line = shape_of(q->block, 1), one = { 0 };
	node r[PHYSICS_TERMS], loss = NODE_NONE, *wrt;

	forget(q);
	q->g = graph_new(n->real);
	nn_begin(&q->nn, q->g, &n->params, true);
	physics_build(p, n, &q->nn, q->g, q->block, window, &q->spec, &q->f, q->column_in);
	if (q->kind == TERM_SIDE && q->end < 0)
		build_opposite(q, p, n, window);
	q->weight_in = graph_input(q->g, "weight", n->real, &line);
	q->sign_in = graph_input(q->g, "sign", n->real, &line);
	q->mask_in = graph_input(q->g, "mask", n->real, &line);
	q->trained = xcalloc((size_t)n->params.n + 1, sizeof *q->trained);
	q->n_trained = 0;
	for (int i = 0; i < q->nn.n_nodes; i++)
		if (node_is(q->nn.node[i]) && trains(&n->params.at[i]))
			q->trained[q->n_trained++] = i;
	q->network = n;
	q->n_out = 1 + q->n_terms + q->n_trained;
	q->out = xcalloc((size_t)q->n_out, sizeof *q->out);
	wrt = xcalloc((size_t)q->n_trained + 1, sizeof *wrt);
	for (int j = 0; j < q->n_terms; j++) {
		if (q->from_target)
			q->target_in[j] = graph_input(q->g, "target", n->real, &line);
		q->square_in[j] = graph_input(q->g, "square", n->real, &one);
		q->push_in[j] = graph_input(q->g, "push", n->real, &one);
		r[j] = op_broadcast(q->g, residual(q, j), &line);
		node square = op_square(q->g, r[j]);
		node squares = op_sum_all(q->g, op_mul(q->g, q->weight_in, square));
		node pushes = op_sum_all(q->g, op_mul(q->g, q->sign_in, r[j]));

		q->out[1 + j] = op_sum_all(q->g, op_mul(q->g, q->mask_in, square));
		loss = graph_add(q->g, loss, op_mul(q->g, q->square_in[j], squares));
		loss = graph_add(q->g, loss, op_mul(q->g, q->push_in[j], pushes));
	}
	q->out[0] = loss;
	for (int i = 0; i < q->n_trained; i++)
		wrt[i] = q->nn.node[q->trained[i]];
	if (!graph_error(q->g))
		graph_gradient(q->g, loss, q->n_trained, wrt, q->out + 1 + q->n_terms);
	free(wrt);
	q->look = plan_new(q->g, q->n_terms, r, e);
	if (!q->look)
		return err_in(e, "model %s", n->class->name);
	bind_parameters(q, q->look);
	return add_plans(q, e) == 0 && add_parts(q, e) == 0 ? 0 : -1;
}

/* ---- running ------------------------------------------------------------------------------------- */

static void bind_block(struct physics_group *q, struct plan *plan, int64_t b)
{
	const size_t offset = (size_t)(b * q->block) * dtype_size(q->weight.dtype);

	for (int k = 0; k < q->n_columns; k++) {
		plan_bind(plan, q->column_in[k], (char *)q->column[k].data + offset);
		if (q->opposite.data)
			plan_bind(plan, q->other_in[k],
				  q->axis_column == k ? q->opposite.data : (char *)q->column[k].data + offset);
	}
	plan_bind(plan, q->weight_in, (char *)q->weight.data + offset);
	plan_bind(plan, q->sign_in, (char *)q->sign.data + offset);
	plan_bind(plan, q->mask_in, (char *)q->mask.data + offset);
	for (int j = 0; j < q->n_terms && q->from_target; j++)
		plan_bind(plan, q->target_in[j], (char *)q->target[j].data + offset);
}

static void add_numbers(double *to, const struct tensor *from)
{
	const int64_t n = shape_count(&from->shape);

	if (from->dtype == DTYPE_F64)
		for (int64_t i = 0; i < n; i++)
			to[i] += ((const double *)from->data)[i];
	else
		for (int64_t i = 0; i < n; i++)
			to[i] += (double)((const float *)from->data)[i];
}

struct running {
	struct physics_group *q;
	struct err error[PARTS_MAX]; /* of each part */
};

/* All blocks of a part: their outputs, added up. */
static void run_part(void *arg, int64_t part, int worker)
{
	struct running *run = arg;
	struct physics_group *q = run->q;
	struct plan *plan = q->plan[worker];
	double *sum = q->sum + part * q->n_values;
	const int64_t blocks = q->n_padded / q->block, end = (part + 1) * blocks / q->n_parts;

	memset(sum, 0, (size_t)q->n_values * sizeof *sum);
	for (int64_t b = part * blocks / q->n_parts; b < end; b++) {
		int64_t at = 0;

		bind_block(q, plan, b);
		if (plan_run(plan, &run->error[part]) != 0)
			return;
		for (int k = 0; k < q->n_out; k++) {
			const struct tensor v = plan_out(plan, k);

			add_numbers(sum + at, &v);
			at += shape_count(&v.shape);
		}
	}
}

/* The parts' gradients into `gradient`, in their order. */
static void add_gradients(const struct physics_group *q, struct params *gradient)
{
	const double *sum = q->sum + 1 + q->n_terms;

	for (int i = 0; i < q->n_trained; i++) {
		struct tensor *to = &gradient->at[q->trained[i]].value;
		const int64_t n = shape_count(&to->shape);

		for (int64_t j = 0; j < n; j++) {
			double total = tensor_get(to, j);

			for (int64_t part = 0; part < q->n_parts; part++)
				total += sum[part * q->n_values + j];
			tensor_set(to, j, total);
		}
		sum += n;
	}
}

int physics_group_run(struct physics_group *q, const double *square, const double *push, struct params *gradient,
		      double *loss, bool means, struct err *e)
{
	struct running run = { .q = q };

	for (int j = 0; j < q->n_terms; j++) {
		tensor_set(&q->square[j], 0, square ? square[j] : 0);
		tensor_set(&q->push[j], 0, push ? push[j] : 0);
		if (means)
			q->term[j].mean = 0;
	}
	if (add_plans(q, e) != 0)
		return -1;
	if (q->n_parts == 1) /* then threads share out the rows of a block */
		run_part(&run, 0, 0);
	else
		pool_run(q->n_parts, run_part, &run);
	for (int64_t part = 0; part < q->n_parts; part++) {
		const double *sum = q->sum + part * q->n_values;

		if (run.error[part].code != 0) {
			*e = run.error[part];
			return -1;
		}
		*loss += sum[0];
		for (int j = 0; j < q->n_terms && means; j++)
			q->term[j].mean += sum[1 + j] / (double)q->n;
	}
	add_gradients(q, gradient);
	return 0;
}

int physics_group_look(struct physics_group *q, double *const *out, struct err *e)
{
	for (int64_t b = 0; b < q->n_padded / q->block; b++) {
		bind_block(q, q->look, b);
		if (plan_run(q->look, e) != 0)
			return -1;
		for (int j = 0; j < q->n_terms; j++) {
			const struct tensor v = plan_out(q->look, j);

			for (int64_t i = 0; i < q->block && b * q->block + i < q->n; i++)
				out[j][b * q->block + i] = tensor_get(&v, i);
		}
	}
	return 0;
}
