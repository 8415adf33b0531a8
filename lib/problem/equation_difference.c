/* equation_difference.c: finite differences for equations in text. Stencils by the recursion of Fornberg (Math. Comp. 51,
 * 1988): central inside, and of the same order, one-sided, near sides. */
#include "problem/equation_difference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "equation/program.h"
#include "num/stencil.h"
#include "problem/equation_draw.h"

enum { SLOTS = 96, WIDTH = 13, MOST = 4 };

enum slot_kind { SLOT_FIELD, SLOT_DERIVED, SLOT_INTEGRAL, SLOT_COORD, SLOT_TIME, SLOT_COEF };
struct slot {
	enum slot_kind kind;
	int index;		 /* unknown, axis, coefficient */
	int power[EXPR_DIMS];	 /* SLOT_DERIVED: derivatives along each axis */
	bool laplace;		 /* of the Laplacian */
	struct program *program; /* SLOT_DERIVED, SLOT_INTEGRAL: of the argument */
	bool mean;
	double *value;
};

struct stencil { /* derivative m along one axis at each of its points */
	int width;
	int64_t *first; /* points: index of the first neighbour; periodic ones wrap */
	double *weight; /* points x width */
};

/* Expressions of values at a point that are evaluated together, and the slots that they need. */
enum { PART_RATE, PART_LINEAR, PART_REST, PART_NOISE, PART_SLOPE, PARTS };
struct part {
	struct program *program;
	bool used[SLOTS];
};

struct equation_difference {
	struct equation_spec *spec;
	int order;
	int64_t n_points, size[3], inner[3];
	double step[3];
	struct stencil stencil[EXPR_DIMS][MOST + 1];
	int n_slots;
	struct slot slot[SLOTS];
	struct program_input input[SLOTS];
	const double *in[SLOTS];
	struct part part[PARTS];
	struct program *side[EXPR_DIMS][2][EQUATION_UNKNOWNS]; /* right-hand sides of conditions, of time alone */
	const double *param;
	double *state, *a, *b, *amplitude;
};

static int make_stencil(struct equation_difference *d, int axis, int m, struct err *e)
{
	struct stencil *s = &d->stencil[axis][m];
	const int64_t n = d->size[axis];
	const bool closed = d->spec->closed[axis];
	/* central stencils of an even number of neighbours gain an order for even m by symmetry; one-sided ones need one more */
	const int central = d->order + 2 * ((m + 1) / 2) - 1, sided = d->order + m + 0;
	double x[WIDTH], w[WIDTH * (MOST + 1)];

	if (s->weight)
		return 0;
	s->width = closed && sided > central ? sided : central;
	if (s->width > WIDTH || n < s->width)
		return err_set(e, ERR_USAGE, "grid: %lld points on axis %s are too few for derivatives of order %d",
			       (long long)n, d->spec->pool->axis[axis], m);
	s->first = xmalloc((size_t)n * sizeof *s->first);
	s->weight = xcalloc((size_t)(n * s->width), sizeof *s->weight);
	for (int64_t i = 0; i < n; i++) {
		int width = central;
		int64_t first = i - central / 2;

		if (closed && (first < 0 || first + central > n)) {
			width = sided;
			first = first < 0 ? 0 : n - sided;
		}
		for (int j = 0; j < width; j++)
			x[j] = (double)(first + j - i);
		stencil_weights(0, width, x, m, w);
		s->first[i] = first;
		if (closed && first + s->width > n) { /* keep reads of zero weights inside */
			s->first[i] = n - s->width;
		}
		for (int j = 0; j < width; j++)
			s->weight[i * s->width + (first - s->first[i]) + j] = w[m * width + j] / pow(d->step[axis], m);
	}
	return 0;
}

/* out (+)= derivative m of a along an axis. */
static void apply(const struct equation_difference *d, int axis, int m, const double *a, double *out, bool add)
{
	const struct stencil *s = &d->stencil[axis][m];
	const int64_t n = d->size[axis], inner = d->inner[axis];

	for (int64_t at = 0; at < d->n_points; at++) {
		const int64_t i = at / inner % n, base = at - i * inner;
		const double *w = s->weight + i * s->width;
		double sum = 0;

		if (s->first[i] >= 0 && s->first[i] + s->width <= n)
			for (int j = 0; j < s->width; j++)
				sum += w[j] * a[base + (s->first[i] + j) * inner];
		else
			for (int j = 0; j < s->width; j++)
				sum += w[j] * a[base + (s->first[i] + j + n) % n * inner];
		out[at] = add ? out[at] + sum : sum;
	}
}

/* ---- translation ----------------------------------------------------------------------------------------------------- */

static int find_slots(struct equation_difference *d, expr a, struct err *e)
{
	struct exprs *p = d->spec->pool;
	const struct expr_node n = *expr_at(p, a);
	struct slot s = { .index = n.index };
	expr inner = a;

	for (int k = 0; k < d->n_slots; k++)
		if (d->input[k].node == a)
			return 0;
	if (d->n_slots == SLOTS)
		return err_set(e, ERR_USAGE, "equation: more than %d different derivatives and operators", SLOTS - 1);
	for (int j = 0; j < d->spec->n_unknowns; j++)
		if (d->spec->unknown[j].node == a) {
			s.kind = SLOT_FIELD;
			s.index = j;
			goto add;
		}
	if (n.op == EX_COORD || n.op == EX_COEF) {
		s.kind = n.op == EX_COEF ? SLOT_COEF : n.index == EXPR_TIME ? SLOT_TIME : SLOT_COORD;
		goto add;
	}
	if (!expr_op_is_linear(n.op)) {
		for (int i = 0; i < n.n_args; i++)
			if (find_slots(d, n.arg[i], e) != 0)
				return -1;
		return 0;
	}
	s.mean = n.op == EX_MEAN;
	s.kind = s.mean || n.op == EX_INTEGRAL ? SLOT_INTEGRAL : SLOT_DERIVED;
	if (n.op == EX_LAP) {
		s.laplace = true;
		for (int axis = 0; axis < d->spec->n_dims; axis++)
			if (make_stencil(d, axis, 2, e) != 0)
				return -1;
		inner = n.arg[0];
	} else if (n.op == EX_D) {
		for (; expr_at(p, inner)->op == EX_D; inner = expr_at(p, inner)->arg[0])
			s.power[expr_at(p, inner)->index]++;
		for (int axis = 0; axis < d->spec->n_dims; axis++) {
			if (s.power[axis] > MOST)
				return err_set(e, ERR_USAGE, "equation: derivatives above order %d need periodic sides",
					       MOST);
			if (s.power[axis] > 0 && make_stencil(d, axis, s.power[axis], e) != 0)
				return -1;
		}
	} else if (s.kind == SLOT_INTEGRAL) {
		inner = n.arg[0];
	} else {
		return err_set(e, ERR_USAGE, "equation: %s needs periodic sides", expr_classes[n.op].name);
	}
	if (find_slots(d, inner, e) != 0 || program_new(&s.program, p, 1, &inner, d->n_slots, d->input, e) != 0)
		return -1;
	if (d->n_slots == SLOTS) {
		program_free(s.program);
		return err_set(e, ERR_USAGE, "equation: more than %d different derivatives and operators", SLOTS - 1);
	}
add:
	d->input[d->n_slots] = (struct program_input){ a, s.kind == SLOT_TIME || s.kind == SLOT_INTEGRAL };
	d->slot[d->n_slots++] = s;
	return 0;
}

static void mark_used(const struct equation_difference *d, expr a, bool *used)
{
	const struct expr_node *n = expr_at(d->spec->pool, a);

	for (int k = 0; k < d->n_slots; k++)
		if (d->input[k].node == a)
			used[k] = true;
	for (int i = 0; i < n->n_args; i++)
		mark_used(d, n->arg[i], used);
}

static int add_part(struct equation_difference *d, int which, int n, const expr *root, struct err *e)
{
	struct part *part = &d->part[which];

	for (int j = 0; j < n; j++) {
		if (find_slots(d, root[j], e) != 0)
			return -1;
		mark_used(d, root[j], part->used);
	}
	return n > 0 ? program_new(&part->program, d->spec->pool, n, root, d->n_slots, d->input, e) : 0;
}

static int translate(struct equation_difference *d, struct err *e)
{
	struct equation_spec *s = d->spec;
	const struct program_input time = { expr_leaf(s->pool, EX_COORD, EXPR_TIME), true };
	expr rate[EQUATION_UNKNOWNS], linear[EQUATION_UNKNOWNS], rest[EQUATION_UNKNOWNS];
	expr amplitude[EQUATION_NOISES], slope[EQUATION_NOISES];

	for (int j = 0; j < s->n_unknowns; j++) {
		struct expr_split split;

		rate[j] = expr_simplify(s->pool, s->unknown[j].rate);
		split = expr_split(s->pool, rate[j]);
		linear[j] = split.linear;
		rest[j] = expr_add(s->pool, split.given, split.rest);
		for (int axis = 0; axis < s->n_dims; axis++)
			for (int end = 0; end < 2; end++) {
				const struct equation_side *side = &s->side[axis][end][j];

				if (!side->given)
					continue;
				if (make_stencil(d, axis, 1, e) != 0 ||
				    program_new(&d->side[axis][end][j], s->pool, 1, &side->value, 1, &time, e) != 0)
					return -1;
			}
	}
	for (int k = 0; k < s->n_noises; k++) {
		amplitude[k] = s->noise[k].amplitude;
		slope[k] = expr_mul(s->pool, amplitude[k],
				    expr_partial(s->pool, amplitude[k], s->unknown[s->noise[k].unknown].node));
	}
	return add_part(d, PART_RATE, s->n_unknowns, rate, e) != 0 ||
			       add_part(d, PART_LINEAR, s->n_unknowns, linear, e) != 0 ||
			       add_part(d, PART_REST, s->n_unknowns, rest, e) != 0 ||
			       add_part(d, PART_NOISE, s->n_noises, amplitude, e) != 0 ||
			       add_part(d, PART_SLOPE, s->n_noises, slope, e) != 0
		       ? -1
		       : 0;
}

int equation_difference_new(struct equation_difference **out, struct equation_spec *s, int order, struct err *e)
{
	struct equation_difference *d = xcalloc(1, sizeof *d);

	d->spec = s;
	d->order = order;
	d->n_points = 1;
	for (int a = s->n_dims - 1; a >= 0; a--) {
		d->size[a] = s->grid[a];
		d->inner[a] = d->n_points;
		d->n_points *= s->grid[a];
		d->step[a] = s->length[a] / (double)(s->grid[a] - s->closed[a]);
	}
	if (translate(d, e) != 0) {
		equation_difference_free(d);
		return -1;
	}
	for (int k = 0; k < d->n_slots; k++) {
		struct slot *t = &d->slot[k];

		if (t->kind != SLOT_COEF && t->kind != SLOT_FIELD)
			t->value = xaligned((d->input[k].uniform ? 1 : (size_t)d->n_points) * sizeof(double));
		d->in[k] = t->value;
		if (t->kind == SLOT_COORD)
			equation_coordinate(s, t->index, d->size, t->value);
	}
	d->state = xaligned((size_t)equation_difference_count(d) * sizeof(double));
	d->a = xaligned((size_t)d->n_points * sizeof(double));
	d->b = xaligned((size_t)d->n_points * sizeof(double));
	d->amplitude = xaligned((size_t)(d->n_points * s->n_noises + 1) * sizeof(double));
	*out = d;
	return 0;
}

void equation_difference_free(struct equation_difference *d)
{
	if (!d)
		return;
	for (int k = 0; k < d->n_slots; k++) {
		program_free(d->slot[k].program);
		free(d->slot[k].value);
	}
	for (int a = 0; a < EXPR_DIMS; a++) {
		for (int m = 0; m <= MOST; m++) {
			free(d->stencil[a][m].first);
			free(d->stencil[a][m].weight);
		}
		for (int end = 0; end < 2; end++)
			for (int j = 0; j < EQUATION_UNKNOWNS; j++)
				program_free(d->side[a][end][j]);
	}
	for (int k = 0; k < PARTS; k++)
		program_free(d->part[k].program);
	free(d->state);
	free(d->a);
	free(d->b);
	free(d->amplitude);
	free(d);
}

void equation_difference_set(struct equation_difference *d, const double *param, const double *const *coef)
{
	d->param = param;
	for (int k = 0; k < d->n_slots; k++)
		if (d->slot[k].kind == SLOT_COEF)
			d->in[k] = coef[d->slot[k].index];
}

int64_t equation_difference_count(const struct equation_difference *d)
{
	return d->n_points * d->spec->n_unknowns;
}

int64_t equation_difference_points(const struct equation_difference *d)
{
	return d->n_points;
}

const int64_t *equation_difference_size(const struct equation_difference *d)
{
	return d->size;
}

/* ---- evaluation ------------------------------------------------------------------------------------------------------ */

/* p u + q u_x = g at the first or last point of every line along the axis: its value follows from its neighbours'. */
static void one_side(struct equation_difference *d, int axis, int end, int j, double g, double *u)
{
	const struct equation_side *side = &d->spec->side[axis][end][j];
	const double p = expr_constant(d->spec->pool, side->of_value, d->param);
	const double q = expr_constant(d->spec->pool, side->of_slope, d->param);
	const struct stencil *s = &d->stencil[axis][1];
	const int64_t n = d->size[axis], inner = d->inner[axis], i = end ? n - 1 : 0;
	const double *w = s->weight + i * s->width;

	for (int64_t at = 0; at < d->n_points; at++) {
		double others = 0, own = 0;

		if (at / inner % n != i)
			continue;
		for (int k = 0; k < s->width && q != 0; k++) {
			if (s->first[i] + k == i)
				own = w[k];
			else
				others += w[k] * u[at + (s->first[i] + k - i) * inner];
		}
		u[at] = (g - q * others) / (p + q * own);
	}
}

void equation_difference_sides(struct equation_difference *d, double t, double *state)
{
	const double *in[1] = { &t };

	for (int j = 0; j < d->spec->n_unknowns; j++)
		for (int axis = 0; axis < d->spec->n_dims; axis++)
			for (int end = 0; end < 2; end++)
				if (d->side[axis][end][j]) {
					double g, *out[1] = { &g };

					program_run(d->side[axis][end][j], 1, in, d->param, out);
					one_side(d, axis, end, j, g, state + j * d->n_points);
				}
}

/* Trapezoidal rule; on periodic axes all points count alike. */
static double integral(const struct equation_difference *d, const double *a, bool mean)
{
	double sum = 0, cell = 1;

	for (int64_t at = 0; at < d->n_points; at++) {
		double weight = 1;

		for (int axis = 0; axis < d->spec->n_dims; axis++) {
			int64_t i = at / d->inner[axis] % d->size[axis];

			if (d->spec->closed[axis] && (i == 0 || i == d->size[axis] - 1))
				weight /= 2;
		}
		sum += weight * a[at];
	}
	for (int axis = 0; axis < d->spec->n_dims; axis++)
		cell *= d->step[axis] / (mean ? d->spec->length[axis] : 1);
	return sum * cell;
}

static void fill(struct equation_difference *d, struct slot *s)
{
	double *out[1] = { d->a };
	bool first = true;

	program_run(s->program, d->n_points, d->in, d->param, out);
	if (s->kind == SLOT_INTEGRAL) {
		s->value[0] = integral(d, d->a, s->mean);
		return;
	}
	for (int axis = 0; axis < d->spec->n_dims; axis++) {
		if (s->laplace) {
			apply(d, axis, 2, d->a, s->value, axis > 0);
		} else if (s->power[axis] > 0) {
			if (!first)
				memcpy(d->b, s->value, (size_t)d->n_points * sizeof *d->b);
			apply(d, axis, s->power[axis], first ? d->a : d->b, s->value, false);
			first = false;
		}
	}
}

/* The expressions of a part at all points, one array each. */
static void evaluate(struct equation_difference *d, int which, double t, const double *state, double *const *out)
{
	const struct part *part = &d->part[which];

	memcpy(d->state, state, (size_t)equation_difference_count(d) * sizeof *state);
	equation_difference_sides(d, t, d->state);
	for (int k = 0; k < d->n_slots; k++) {
		struct slot *s = &d->slot[k];

		if (s->kind == SLOT_FIELD)
			d->in[k] = d->state + s->index * d->n_points;
		else if (s->kind == SLOT_TIME)
			s->value[0] = t;
		else if (s->program && part->used[k])
			fill(d, s);
	}
	program_run(part->program, d->n_points, d->in, d->param, out);
}

static int rate_of(struct equation_difference *d, int which, double t, const double *state, double *rate)
{
	double *out[EQUATION_UNKNOWNS];

	for (int j = 0; j < d->spec->n_unknowns; j++)
		out[j] = rate + j * d->n_points;
	evaluate(d, which, t, state, out);
	for (int j = 0; j < d->spec->n_unknowns; j++)
		for (int axis = 0; axis < d->spec->n_dims; axis++)
			for (int64_t at = 0; at < d->n_points; at++) {
				int64_t i = at / d->inner[axis] % d->size[axis];

				if ((i == 0 && d->side[axis][0][j]) || (i == d->size[axis] - 1 && d->side[axis][1][j]))
					out[j][at] = 0;
			}
	return 0;
}

int equation_difference_rate(void *context, double t, const double *state, double *rate)
{
	return rate_of(context, PART_RATE, t, state, rate);
}

int equation_difference_linear(void *context, double t, const double *state, double *rate)
{
	return rate_of(context, PART_LINEAR, t, state, rate);
}

int equation_difference_rest(void *context, double t, const double *state, double *rate)
{
	return rate_of(context, PART_REST, t, state, rate);
}

void equation_difference_kick(struct equation_difference *d, bool slope, double t, const double *state,
			      const double *increment, double *to)
{
	double *out[EQUATION_NOISES];

	for (int k = 0; k < d->spec->n_noises; k++)
		out[k] = d->amplitude + k * d->n_points;
	evaluate(d, slope ? PART_SLOPE : PART_NOISE, t, state, out);
	for (int k = 0; k < d->spec->n_noises; k++)
		for (int64_t at = 0; at < d->n_points; at++)
			to[d->spec->noise[k].unknown * d->n_points + at] +=
				out[k][at] * increment[k * d->n_points + at];
}

void equation_difference_volumes(const struct equation_difference *d, double *out)
{
	for (int64_t at = 0; at < d->n_points; at++) {
		out[at] = 1;
		for (int axis = 0; axis < d->spec->n_dims; axis++) {
			const int64_t i = at / d->inner[axis] % d->size[axis];
			const bool end = d->spec->closed[axis] && (i == 0 || i == d->size[axis] - 1);

			out[at] *= end ? d->step[axis] / 2 : d->step[axis];
		}
	}
}
