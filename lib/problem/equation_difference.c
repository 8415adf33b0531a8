/* equation_difference.c: equations in text brought to values at points: every derivative, integral and coefficient of
 * the right-hand sides becomes a slot, and what remains is evaluated point by point. */
#include "problem/equation_difference.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/jacobian.h"
#include "problem/equation_difference_inside.h"
#include "problem/equation_rest_inside.h"

/* ---- slots --------------------------------------------------------------------------------------- */

static int slot_of(const struct equation_difference *d, expr a)
{
	for (int k = 0; k < d->n_slots; k++)
		if (d->input[k].node == a)
			return k;
	return -1;
}

/* Slots that an expression reads itself, or with deep also those that they are made of. */
static void mark_used(const struct equation_difference *d, expr a, bool deep, bool *used)
{
	const struct expr_node *n = expr_at(d->spec->pool, a);
	const int k = slot_of(d, a);

	if (k >= 0)
		used[k] = true;
	for (int i = 0; i < n->n_args && (k < 0 || deep); i++)
		mark_used(d, n->arg[i], deep, used);
}

/* The slope of an expression that holds slopes along the same axis, (a u_x)_x, is taken from values half-way between
 * points: twice a central slope would not see waves of two points. */
static int make_flux(struct equation_difference *d, struct difference_slot *s, expr inner, struct err *e)
{
	int axis = -1, total = 0;
	bool slopes = false;

	s->flux = -1;
	for (int a = 0; a < d->spec->n_dims; a++) {
		total += s->power[a];
		axis = s->power[a] ? a : axis;
	}
	if (d->spectral || s->laplace || total != 1)
		return 0;
	s->needs = xcalloc(DIFFERENCE_SLOTS, sizeof *s->needs);
	mark_used(d, inner, false, s->needs);
	for (int k = 0; k < d->n_slots; k++)
		slopes |= s->needs[k] && d->slot[k].kind == DIFFERENCE_DERIVED &&
			  (d->slot[k].power[axis] > 0 || d->slot[k].laplace);
	if (slopes)
		s->flux = axis;
	return slopes ? line_need_faces(&d->line[axis], e) : 0;
}

static int find_slots(struct equation_difference *d, expr a, struct err *e);

static int make_operator(struct equation_difference *d, const struct expr_node *n, expr a, struct difference_slot *s,
			 struct err *e)
{
	struct exprs *p = d->spec->pool;
	expr inner = n->op == EX_D ? a : n->arg[0];

	s->mean = n->op == EX_MEAN;
	s->laplace = n->op == EX_LAP;
	s->kind = s->mean || n->op == EX_INTEGRAL ? DIFFERENCE_INTEGRAL : DIFFERENCE_DERIVED;
	if (s->kind == DIFFERENCE_DERIVED && n->op != EX_LAP && n->op != EX_D)
		return err_set(e, ERR_USAGE, "equation: %s needs periodic sides and method fourier",
			       expr_classes[n->op].name);
	for (; n->op == EX_D && expr_at(p, inner)->op == EX_D; inner = expr_at(p, inner)->arg[0])
		s->power[expr_at(p, inner)->index]++;
	for (int axis = 0; axis < d->spec->n_dims; axis++) {
		const int m = s->laplace ? 2 : s->power[axis];

		if (m > LINE_MOST)
			return err_set(e, ERR_USAGE,
				       "equation: derivatives above order %d need periodic sides and method "
				       "fourier",
				       LINE_MOST);
		if (m > 0 && line_need_derivative(&d->line[axis], m, e) != 0)
			return -1;
	}
	if (find_slots(d, inner, e) != 0 || program_new(&s->program, p, 1, &inner, d->n_slots, d->input, e) != 0)
		return -1;
	return make_flux(d, s, inner, e);
}

static int find_slots(struct equation_difference *d, expr a, struct err *e)
{
	const struct expr_node n = *expr_at(d->spec->pool, a);
	struct difference_slot s = { .kind = DIFFERENCE_DERIVED, .index = n.index, .flux = -1 };
	bool linear = expr_op_is_linear(n.op);
	int status = 0;

	if (slot_of(d, a) >= 0)
		return 0;
	for (int j = 0; j < d->spec->n_unknowns; j++)
		if (d->spec->unknown[j].node == a) {
			s.kind = DIFFERENCE_FIELD;
			s.index = j;
			linear = false;
		}
	if (n.op == EX_COORD || n.op == EX_COEF)
		s.kind = n.op == EX_COEF ? DIFFERENCE_COEF : n.index == EXPR_TIME ? DIFFERENCE_TIME : DIFFERENCE_COORD;
	if (s.kind == DIFFERENCE_DERIVED && !linear) {
		for (int i = 0; i < n.n_args && status == 0; i++)
			status = find_slots(d, n.arg[i], e);
		return status;
	}
	if (linear)
		status = make_operator(d, &n, a, &s, e);
	if (status == 0 && d->n_slots == DIFFERENCE_SLOTS)
		status = err_set(e, ERR_USAGE, "equation: more than %d different derivatives and operators",
				 DIFFERENCE_SLOTS);
	if (status != 0) {
		program_free(s.program);
		free(s.needs);
		return -1;
	}
	d->input[d->n_slots] = (struct program_input){ a, s.kind == DIFFERENCE_TIME || s.kind == DIFFERENCE_INTEGRAL };
	d->slot[d->n_slots++] = s;
	return 0;
}

static int add_part(struct equation_difference *d, int which, int n, const expr *root, struct err *e)
{
	struct difference_part *part = &d->part[which];

	for (int j = 0; j < n; j++) {
		if (find_slots(d, root[j], e) != 0)
			return -1;
		mark_used(d, root[j], true, part->used);
	}
	return n > 0 ? program_new(&part->program, d->spec->pool, n, root, d->n_slots, d->input, e) : 0;
}

/* ---- sides --------------------------------------------------------------------------------------- */

/* A side takes one condition: enough for second derivatives. */
static int check_side(const struct equation_difference *d, int axis, int j, struct err *e)
{
	const struct equation_spec *s = d->spec;
	const int order = equation_spec_order(s, axis, j);

	if (s->closed[axis] && order > 2)
		return err_set(
			e, ERR_USAGE,
			"equation: derivatives of '%s' of order %d along %s need more conditions than the one that a "
			"side takes; periodic sides do without, and method series with even orders",
			s->unknown[j].name, order, s->pool->axis[axis]);
	return 0;
}

static void side_inputs(struct equation_difference *d)
{
	struct exprs *p = d->spec->pool;

	d->side_input[0] = (struct program_input){ expr_leaf(p, EX_COORD, EXPR_TIME), true };
	d->n_side_inputs = 1;
	for (int a = 0; a < d->spec->n_dims; a++)
		d->side_input[d->n_side_inputs++] = (struct program_input){ expr_leaf(p, EX_COORD, a), false };
	for (int k = 0; k < d->spec->n_coefs; k++)
		d->side_input[d->n_side_inputs++] = (struct program_input){ expr_leaf(p, EX_COEF, k), false };
}

static int make_sides(struct equation_difference *d, int axis, int j, struct err *e)
{
	const struct equation_spec *s = d->spec;
	const int64_t n = d->n_points / d->size[axis];

	for (int end = 0; end < 2; end++) {
		const struct equation_side *given = &s->side[axis][end][j];
		struct difference_side *side = &d->side[axis][end][j];
		double **in = d->side_in[axis][end];

		if (!given->given)
			continue;
		if (line_need_derivative(&d->line[axis], 1, e) != 0 ||
		    program_new(&side->program, s->pool, 1, &given->value, d->n_side_inputs, d->side_input, e) != 0)
			return -1;
		side->value = xaligned((size_t)n * sizeof(double));
		for (int k = 0; k < d->n_side_inputs && !in[k]; k++)
			in[k] = xaligned((k == 0 ? 1 : (size_t)n) * sizeof(double));
		for (int64_t at = 0; at < d->n_points; at++)
			if (at / d->inner[axis] % d->size[axis] == (end ? d->size[axis] - 1 : 0))
				for (int a = 0; a < s->n_dims; a++)
					in[1 + a][difference_side_index(d, axis, at)] =
						s->low[a] + s->length[a] * d->place[a][at / d->inner[a] % d->size[a]];
	}
	return 0;
}

/* ---- making -------------------------------------------------------------------------------------- */

static int translate(struct equation_difference *d, struct err *e)
{
	struct equation_spec *s = d->spec;
	expr rate[EQUATION_UNKNOWNS], linear[EQUATION_UNKNOWNS], rest[EQUATION_UNKNOWNS];
	expr amplitude[EQUATION_NOISES], slope[EQUATION_NOISES], part[3];

	for (int j = 0; j < s->n_unknowns; j++) {
		struct expr_split split;

		rate[j] = expr_simplify(s->pool, s->unknown[j].rate);
		split = expr_split(s->pool, rate[j]);
		linear[j] = split.linear;
		rest[j] = expr_add(s->pool, split.given, split.rest);
	}
	for (int k = 0; k < s->n_noises; k++) {
		amplitude[k] = s->noise[k].amplitude;
		slope[k] = expr_mul(s->pool, amplitude[k],
				    expr_partial(s->pool, amplitude[k], s->unknown[s->noise[k].unknown].node));
	}
	if (add_part(d, PART_RATE, s->n_unknowns, rate, e) != 0)
		return -1;
	side_inputs(d);
	for (int j = 0; j < s->n_unknowns; j++)
		for (int axis = 0; axis < s->n_dims; axis++)
			if (check_side(d, axis, j, e) != 0 || make_sides(d, axis, j, e) != 0)
				return -1;
	if (s->stationary && rest_is_elliptic(s, &part[0], &part[1], &part[2])) {
		d->elliptic = true;
		if (add_part(d, PART_ELLIPTIC, 3, part, e) != 0)
			return -1;
	}
	return add_part(d, PART_LINEAR, s->n_unknowns, linear, e) != 0 ||
			       add_part(d, PART_REST, s->n_unknowns, rest, e) != 0 ||
			       add_part(d, PART_NOISE, s->n_noises, amplitude, e) != 0 ||
			       add_part(d, PART_SLOPE, s->n_noises, slope, e) != 0
		       ? -1
		       : 0;
}

/* Arrays of slots; coordinates have their values once and for all. */
static void allocate(struct equation_difference *d)
{
	for (int k = 0; k < d->n_slots; k++) {
		const struct difference_slot *s = &d->slot[k];

		for (int i = 0; i < d->n_slots && s->flux >= 0; i++)
			if (s->needs[i] && !d->input[i].uniform && !d->slot[i].face[s->flux])
				d->slot[i].face[s->flux] = xaligned((size_t)d->n_points * sizeof(double));
	}
	for (int k = 0; k < d->n_slots; k++) {
		struct difference_slot *s = &d->slot[k];

		if (s->kind != DIFFERENCE_COEF && s->kind != DIFFERENCE_FIELD)
			s->value = xaligned((d->input[k].uniform ? 1 : (size_t)d->n_points) * sizeof(double));
		d->in[k] = s->value;
		if (s->kind != DIFFERENCE_COORD)
			continue;
		const int axis = s->index;
		const struct line *l = &d->line[axis];
		for (int64_t at = 0; at < d->n_points; at++)
			s->value[at] = l->low + l->length * l->x[at / d->inner[axis] % d->size[axis]];
		for (int to = 0; to < d->spec->n_dims; to++) {
			const int64_t n = d->line[to].n_faces, inner = d->inner[to];

			/* along its own axis half a step further, along others the same */
			for (int64_t at = 0; s->face[to] && at < d->n_points / d->size[to] * n; at++) {
				const int64_t from = at / (n * inner) * d->size[to] * inner + at % (n * inner);

				s->face[to][at] =
					s->value[from] + (to == axis ? l->length / (double)(l->n - l->closed) / 2 : 0);
			}
		}
	}
	for (int64_t i = 0, capacity = 0; i < equation_difference_count(d) && d->spec->sided; i++) {
		int axis, end;

		if (!difference_ruler(d, i % d->n_points, (int)(i / d->n_points), &axis, &end))
			continue;
		MEM_GROW(d->ruled, d->n_ruled, capacity);
		d->ruled[d->n_ruled++] = i;
	}
	d->state = xaligned((size_t)equation_difference_count(d) * sizeof(double));
	d->a = xaligned((size_t)d->n_points * sizeof(double));
	d->b = xaligned((size_t)d->n_points * sizeof(double));
	d->amplitude = xaligned((size_t)(d->n_points * d->spec->n_noises + 1) * sizeof(double));
}

int equation_difference_new(struct equation_difference **out, struct equation_spec *s, bool spectral, int order,
			    struct err *e)
{
	struct equation_difference *d = xcalloc(1, sizeof *d);
	int status = 0;

	d->spec = s;
	d->spectral = spectral;
	d->order = order;
	d->n_points = 1;
	for (int a = s->n_dims - 1; a >= 0 && status == 0; a--) {
		d->size[a] = s->solve_grid[a] ? s->solve_grid[a] : s->grid[a];
		d->inner[a] = d->n_points;
		d->n_points *= d->size[a];
		status = line_init(&d->line[a], s->pool->axis[a][0], d->size[a], s->closed[a] != 0, spectral, order,
				   s->low[a], s->length[a], s->grid[a], e);
		d->place[a] = d->line[a].x;
	}
	if (status != 0 || translate(d, e) != 0) {
		equation_difference_free(d);
		return -1;
	}
	allocate(d);
	*out = d;
	return 0;
}

void equation_difference_free(struct equation_difference *d)
{
	if (!d)
		return;
	for (int k = 0; k < d->n_slots; k++) {
		program_free(d->slot[k].program);
		free(d->slot[k].needs);
		free(d->slot[k].value);
		for (int a = 0; a < EXPR_DIMS; a++)
			free(d->slot[k].face[a]);
	}
	for (int a = 0; a < EXPR_DIMS; a++) {
		line_clear(&d->line[a]);
		for (int end = 0; end < 2; end++) {
			for (int j = 0; j < EQUATION_UNKNOWNS; j++) {
				program_free(d->side[a][end][j].program);
				free(d->side[a][end][j].value);
			}
			for (int k = 0; k < d->n_side_inputs; k++)
				free(d->side_in[a][end][k]);
		}
	}
	for (int k = 0; k < PARTS; k++)
		program_free(d->part[k].program);
	jacobian_free(d->pattern);
	free(d->ruled);
	free(d->state);
	free(d->a);
	free(d->b);
	free(d->amplitude);
	free(d);
}

void equation_difference_set(struct equation_difference *d, const double *param, const double *const *coef)
{
	d->param = param;
	for (int k = 0; k < d->n_slots; k++) {
		const struct difference_slot *s = &d->slot[k];

		if (s->kind != DIFFERENCE_COEF)
			continue;
		d->in[k] = coef[s->index];
		for (int a = 0; a < d->spec->n_dims; a++)
			if (s->face[a])
				line_apply(&d->line[a].to_faces, d->n_points / d->size[a] / d->inner[a], d->inner[a],
					   d->in[k], s->face[a], false);
	}
	for (int a = 0; a < d->spec->n_dims; a++)
		for (int end = 0; end < 2; end++)
			for (int k = 0; k < d->spec->n_coefs && d->side_in[a][end][0]; k++)
				for (int64_t at = 0; at < d->n_points; at++)
					if (at / d->inner[a] % d->size[a] == (end ? d->size[a] - 1 : 0))
						d->side_in[a][end][1 + d->spec->n_dims + k]
							  [difference_side_index(d, a, at)] = coef[k][at];
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

const double *const *equation_difference_place(const struct equation_difference *d)
{
	return d->place;
}
