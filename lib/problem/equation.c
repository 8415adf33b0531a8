/* equation.c: problems that are given by their text (sciml-equation(5)): reading, drawing, saving. Space is left to a
 * method (equation_method.h), time to a stepper (equation_march.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/axes.h"
#include "problem/equation_draw.h"
#include "problem/equation_given.h"
#include "problem/equation_march.h"
#include "problem/equation_method.h"
#include "problem/equation_ordinary.h"
#include "problem/equation_posed.h"
#include "problem/equation_rest.h"
#include "problem/problem.h"
#include "problem/spectral.h"

/* steps, rejected, evaluations; to_steady, events: and more (extras); stationary: iterations, evaluations */
enum { COUNTS = 3 };

struct work {
	const struct equation_config *config;
	struct equation_spec *spec;
	const struct equation_method *m;
	void *d; /* the discretisation by m */
	struct equation_march *march;
	int64_t n_points; /* of the grid that is kept */
	double param[EQUATION_PARAMS];
	double *coef[EQUATION_COEFS], *field[EQUATION_UNKNOWNS]; /* on the method's grid */
	double *state, *rate;
	double *kept; /* on the grid that is kept */
	bool drawn;   /* some parameter is */
	bool given;   /* initial states are data */
};

/* Names live as long as the process: a configuration has no destructor, and lists of names are asked for with it alone.
 * The set of different names of a run is small. */
static const char *keep(const char *name)
{
	static struct {
		int n, capacity;
		char **at;
	} all;

	for (int i = 0; i < all.n; i++)
		if (strcmp(all.at[i], name) == 0)
			return all.at[i];
	MEM_GROW(all.at, all.n, all.capacity);
	return all.at[all.n++] = xstrdup(name);
}

static int n_drawn(const struct equation_spec *s)
{
	int n = 0;

	for (int k = 0; k < s->n_params; k++)
		n += equation_param_is_drawn(s, k);
	return n;
}

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	equation_march_free(w->march);
	if (w->d)
		w->m->close(w->d);
	for (int k = 0; k < EQUATION_COEFS; k++)
		free(w->coef[k]);
	for (int k = 0; k < EQUATION_UNKNOWNS; k++)
		free(w->field[k]);
	free(w->state);
	free(w->rate);
	free(w->kept);
	equation_spec_free(w->spec);
	free(w);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct equation_config *c = config;
	struct work *w = xcalloc(1, sizeof *w);
	size_t points = sizeof(double);

	w->config = c;
	if (equation_spec_new(&w->spec, c, e) != 0) {
		release(w);
		return -1;
	}
	w->m = equation_method_of(w->spec, c->method);
	if (w->m->open(&w->d, w->spec, c, e) != 0 ||
	    (!w->spec->stationary && equation_march_new(&w->march, c, w->spec, w->m, w->d, e) != 0)) {
		release(w);
		return -1;
	}
	w->n_points = 1;
	for (int a = 0; a < w->spec->n_dims; a++) {
		w->n_points *= w->spec->grid[a];
		points *= (size_t)w->m->size(w->d)[a];
	}
	for (int k = 0; k < w->spec->n_coefs; k++)
		w->coef[k] = xaligned(points);
	for (int k = 0; k < w->spec->n_unknowns; k++)
		w->field[k] = xaligned(points);
	w->state = xaligned((size_t)w->m->count(w->d) * sizeof(double));
	if (c->to_steady) {
		w->rate = xaligned((size_t)w->m->count(w->d) * sizeof(double));
		w->kept = xaligned((size_t)w->n_points * sizeof(double));
	}
	w->drawn = n_drawn(w->spec) > 0;
	*work = w;
	return 0;
}

/* Everything that a run needs is made and thrown away. */
static void numbers(const void *config, struct problem_numbers *n)
{
	char extra[EQUATION_EXTRAS][EQUATION_NAME];
	struct equation_spec *s;

	*n = (struct problem_numbers){ COUNTS, { "steps", "rejected", "evaluations" } };
	if (equation_spec_new(&s, config, NULL) != 0)
		return;
	if (s->stationary)
		*n = (struct problem_numbers){ COUNTS - 1, { "iterations", "evaluations" } };
	for (int k = 0, extras = s->stationary ? 0 : equation_extras(config, s, extra); k < extras; k++)
		n->name[n->n++] = keep(extra[k]);
	for (int k = 0; k < s->n_params && n->n < PROBLEM_NUMBERS_MAX; k++)
		if (equation_param_is_drawn(s, k))
			n->name[n->n++] = keep(exprs_name(s->pool, SYMBOL_PARAM, k));
	equation_spec_free(s);
}

/* Parameters that are drawn go where counts go. */
static int check_names(const void *config, struct err *e)
{
	struct problem_numbers n;

	numbers(config, &n);
	for (int i = 0; i < n.n; i++)
		for (int j = 0; j < i; j++)
			if (strcmp(n.name[i], n.name[j]) == 0)
				return err_set(e, ERR_USAGE, "param: '%s' is the name of another number of a sample",
					       n.name[i]);
	return 0;
}

static int check(const void *config, struct err *e)
{
	double param[EQUATION_PARAMS];
	struct work *w;
	void *work;
	int status;

	if (prepare(config, &work, e) != 0)
		return -1;
	w = work;
	status = equation_draw_params(w->spec, 0, 0, param, e);
	if (status == 0 && !w->drawn) /* else every sample is looked at */
		status = equation_posed(w->spec, param, e);
	if (status == 0 && n_drawn(w->spec) > PROBLEM_NUMBERS_MAX - COUNTS - EQUATION_EXTRAS)
		status = err_set(e, ERR_USAGE, "param: more than %d are drawn",
				 PROBLEM_NUMBERS_MAX - COUNTS - EQUATION_EXTRAS);
	if (status == 0)
		status = check_names(config, e);
	if (status == 0 && w->config->to_steady && (w->spec->stationary || w->spec->n_noises > 0))
		status = err_set(e, ERR_USAGE, "to_steady: is for equations of motion without noise");
	release(w);
	return status;
}

static int space_axis(const struct equation_spec *s, int a, struct layout *l)
{
	double *x = xmalloc((size_t)s->grid[a] * sizeof *x);
	int axis;

	for (int64_t i = 0; i < s->grid[a]; i++)
		x[i] = s->low[a] + s->length[a] * ((double)i / (double)(s->grid[a] - s->closed[a]));
	axis = layout_add_axis(l, s->pool->axis[a], AXIS_SPACE, s->grid[a], x, !s->closed[a], s->length[a]);
	free(x);
	return axis;
}

static void layout(const void *config, struct layout *l)
{
	const struct equation_config *c = config;
	struct equation_spec *s;
	double param[EQUATION_PARAMS], *t = xmalloc((size_t)(c->frames + 1) * sizeof *t);
	int axis[4];
	bool moving;

	if (equation_spec_new(&s, c, NULL) != 0) { /* cannot be: check has read it */
		free(t);
		return;
	}
	for (int64_t k = 0; k <= c->frames; k++)
		t[k] = s->t0 + (s->t1 - s->t0) * ((double)k / (double)c->frames);
	moving = !s->stationary && !c->to_steady && !s->ends;
	axis[0] = !moving ? 0 : layout_add_axis(l, "t", AXIS_TIME, c->frames + 1, t, false, s->t1 - s->t0);
	for (int a = 0; a < s->n_dims; a++)
		axis[a + 1] = space_axis(s, a, l);
	for (int k = 0; k < s->n_unknowns; k++)
		layout_add_field(l, s->unknown[k].name, s->n_dims > 0 ? DTYPE_F32 : DTYPE_F64,
				 moving ? ROLE_TRAJECTORY : ROLE_TARGET, s->n_dims + moving, axis + !moving);
	for (int k = 0; k < s->n_coefs; k++)
		layout_add_field(l, exprs_name(s->pool, SYMBOL_COEF, k), DTYPE_F32, ROLE_INPUT, s->n_dims, axis + 1);
	/* of ordinary differential equations, without coefficients */
	for (int i = 0; i < s->n_by * s->n_unknowns; i++) {
		char name[EQUATION_NAME];

		equation_tangent_name(s, s->unknown[i % s->n_unknowns].name, i / s->n_unknowns, name);
		layout_add_field(l, name, DTYPE_F64, moving ? ROLE_TRAJECTORY : ROLE_TARGET, moving, axis);
	}
	if (equation_draw_params(s, 0, 0, param, NULL) == 0)
		for (int k = 0; k < s->n_params; k++)
			if (!equation_param_is_drawn(s, k))
				layout_add_param(l, exprs_name(s->pool, SYMBOL_PARAM, k), param[k]);
	l->equation = xstrdup(s->text);
	equation_spec_free(s);
	free(t);
}

static char *inputs(const void *config)
{
	struct equation_spec *s;
	struct str all = { 0 };

	if (equation_spec_new(&s, config, NULL) == 0) {
		for (int k = 0; k < s->n_given; k++) {
			char *one = equation_given_identity(s->given[k]);

			str_printf(&all, "%s%s", k ? "; " : "", one);
			free(one);
		}
		equation_spec_free(s);
	}
	return all.text ? all.text : xstrdup("");
}

static const char *const *march_input(const void *config)
{
	static const char *names[EQUATION_UNKNOWNS + EQUATION_COEFS + 1];
	struct equation_spec *s;
	int n = 0;

	if (equation_spec_new(&s, config, NULL) == 0) {
		for (const char *const *name = s->names + (s->stationary ? s->n_unknowns : 0); *name; name++)
			names[n++] = keep(*name);
		equation_spec_free(s);
	}
	names[n] = NULL;
	return names;
}

static void output(struct work *w, int64_t frame, double *const *field)
{
	for (int k = 0; k < w->spec->n_unknowns; k++)
		w->m->sample(w->d, w->state, k, field[k] + frame * w->n_points);
}

/* All frames, from the state at the first time. */
static int solve_frames(struct work *w, double *const *field, struct err *e)
{
	const struct equation_spec *s = w->spec;
	const double frame = (s->t1 - s->t0) / (double)w->config->frames;

	output(w, 0, field);
	for (int64_t k = 0; k < w->config->frames; k++) {
		const double t = s->t0 + frame * (double)k;

		if (equation_march_to(w->march, t, t + frame, w->state, e) != 0)
			return -1;
		output(w, k + 1, field);
	}
	return 0;
}

static int solve_times(struct work *w, int64_t n_times, const double *time, double *const *field, struct err *e)
{
	double now = w->spec->t0;

	for (int64_t k = 0; k < n_times; k++) {
		if (time[k] > now && equation_march_to(w->march, now, time[k], w->state, e) != 0)
			return -1;
		output(w, k, field);
		now = time[k];
	}
	return 0;
}

static double mean_square(int64_t n, const double *a)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += a[i] * a[i];
	return sqrt(sum / (double)n);
}

/* Does no unknown change by more than steady_atol + steady_rtol of its size in a unit of time (root mean squares over
 * the points that are kept)? Else the worst one. */
static bool is_steady(struct work *w, double t, int *worst, double *change, double *allowed)
{
	double most = 0;

	*worst = 0;
	*change = NAN;
	*allowed = 0;
	if (w->m->rate(w->d, t, w->state, w->rate) != 0)
		return false;
	for (int k = 0; k < w->spec->n_unknowns; k++) {
		double rate, limit;

		w->m->sample(w->d, w->state, k, w->kept);
		limit = w->config->steady_atol + w->config->steady_rtol * mean_square(w->n_points, w->kept);
		w->m->sample(w->d, w->rate, k, w->kept);
		rate = mean_square(w->n_points, w->kept);
		if (rate > 0 && !(rate / limit <= most)) {
			most = rate / limit;
			*worst = k;
			*change = rate;
			*allowed = limit;
		}
	}
	return most < 1;
}

static int rest_tangents(struct work *w, double t, double *const *field, struct err *e)
{
	const struct equation_spec *s = w->spec;
	double tangent[EQUATION_BY * EQUATION_UNKNOWNS];

	if (equation_ordinary_rest(equation_march_ordinary(w->march), t, w->state, tangent, e) != 0)
		return -1;
	for (int i = 0; i < s->n_by * s->n_unknowns; i++)
		*field[s->n_unknowns + i] = tangent[i];
	return 0;
}

/* On to the state at rest; looked for at the end of every frame. */
static int solve_to_steady(struct work *w, double *const *field, double *time, struct err *e)
{
	const struct equation_spec *s = w->spec;
	const double frame = (s->t1 - s->t0) / (double)w->config->frames;
	double change = 0, allowed = 0;
	int worst = 0;

	for (int64_t k = 0; k <= w->config->frames; k++) {
		const double t = s->t0 + frame * (double)k;

		*time = t;
		if (k > 0 && equation_march_to(w->march, t - frame, t, w->state, e) != 0)
			return -1;
		if (is_steady(w, t, &worst, &change, &allowed)) {
			output(w, 0, field);
			return s->n_by > 0 ? rest_tangents(w, t, field, e) : 0;
		}
	}
	return err_set(e, ERR_FAIL, "not steady at t = %g, the end of domain.t: %s changes by %.3g, %.3g is allowed",
		       s->t1, s->unknown[worst].name, change, allowed);
}

/* Ordinary differential equations: all frames or times in one march; where events end it, the state there alone. */
static int solve_ordinary(struct work *w, int64_t n_times, const double *time, double *const *field, double *extra,
			  struct err *e)
{
	const struct equation_spec *s = w->spec;
	const int64_t n = time ? n_times : w->config->frames + 1;
	double *t = mem_new(n, sizeof *t, "times", e);
	int status;

	if (!t)
		return -1;
	for (int64_t i = 0; i < n; i++)
		t[i] = time ? time[i] : s->t0 + (s->t1 - s->t0) * ((double)i / (double)(n - 1));
	status = equation_ordinary_fields(equation_march_ordinary(w->march), w->state, n, t, field, extra,
					  equation_march_counts(w->march), e);
	free(t);
	return status;
}

/* From the state at the first time to all frames, or to n_times given times; or to the state at rest. */
static int solve(struct work *w, uint64_t seed, int64_t sample, int64_t n_times, const double *time,
		 double *const *field, double *number, struct err *e)
{
	const struct equation_spec *s = w->spec;
	char ignored[EQUATION_EXTRAS][EQUATION_NAME];
	double extra[EQUATION_EXTRAS + 1] = { 0 };
	struct integ_counts counts;
	struct equation_solved solved = { 0 };
	const int n_extras = s->stationary ? 0 : equation_extras(w->config, s, ignored);
	int status, n = s->stationary ? COUNTS - 1 : COUNTS + n_extras;

	for (int k = 0; k < s->n_params; k++)
		if (equation_param_is_drawn(s, k))
			number[n++] = w->param[k];
	if (s->stationary) {
		status = w->m->solve(w->d, w->state, &solved, e);
		number[0] = (double)solved.iterations;
		number[1] = (double)solved.evaluations;
		if (status == 0)
			output(w, 0, field);
	} else {
		w->m->tidy(w->d, s->t0, w->state);
		equation_march_start(w->march, seed, sample, w->state, w->param, w->given, w->drawn);
		if (w->config->to_steady && !time)
			status = solve_to_steady(w, field, extra, e);
		else if (equation_march_ordinary(w->march))
			status = solve_ordinary(w, n_times, time, field, extra, e);
		else
			status = time ? solve_times(w, n_times, time, field, e) : solve_frames(w, field, e);
		counts = *equation_march_counts(w->march);
		memcpy(number + COUNTS, extra, (size_t)n_extras * sizeof *extra);
		number[0] = (double)counts.accepted;
		number[1] = (double)counts.rejected;
		number[2] = (double)counts.evaluations;
	}
	return status == 0 ? 0 : problem_sample_error(e, sample);
}

/* Intervals of the solver's grid in one of the kept grid. */
static int64_t stride(const struct equation_spec *s, const int64_t *size)
{
	return s->n_dims > 0 ? (size[0] - s->closed[0]) / (s->grid[0] - s->closed[0]) : 1;
}

/* States at the first time, or first guesses of states at rest, on the method's grid. */
static int draw_initial(struct work *w, const struct equation_points *own, uint64_t seed, int64_t sample, struct err *e)
{
	const struct equation_spec *s = w->spec;

	for (int k = 0; k < s->n_unknowns; k++)
		if (equation_draw_field(s, s->unknown[k].initial, own, (const double *const *)w->coef, w->param, seed,
					sample, w->field[k], e) != 0) {
			err_in(e, "initial.%s", s->unknown[k].name);
			return problem_sample_error(e, sample);
		}
	return 0;
}

static int generate_at(const void *config, void *work, uint64_t seed, int64_t sample, int64_t n_times,
		       const double *time, double *const *field, double *number, struct err *e)
{
	struct work *w = work;
	const struct equation_spec *s = w->spec;
	const int64_t *size = w->m->size(w->d);
	const struct equation_points own = { size, w->m->place ? w->m->place(w->d) : NULL }, kept = { s->grid, NULL };
	const double *const *coef = (const double *const *)w->coef;
	bool subset = !own.place;

	(void)config;
	if (equation_draw_params(s, seed, sample, w->param, e) != 0 ||
	    (w->drawn && equation_posed(w->spec, w->param, e) != 0))
		return problem_sample_error(e, sample);
	for (int a = 0; a < s->n_dims; a++)
		subset &= (size[a] - s->closed[a]) % (s->grid[a] - s->closed[a]) == 0 &&
			  (size[a] - s->closed[a]) / (s->grid[a] - s->closed[a]) == stride(s, size);
	for (int k = 0; k < s->n_coefs; k++) {
		double *out = field[s->n_unknowns + k];

		if (equation_draw_field(s, s->coef[k], &own, coef, w->param, seed, sample, w->coef[k], e) != 0)
			return problem_sample_error(e, sample);
		/* what the solver sees, where the grids share points */
		if (subset)
			spectral_subsample(s->n_dims, size, stride(s, size), w->coef[k], out);
		else if (equation_draw_field(s, s->coef[k], &kept, (const double *const *)field + s->n_unknowns,
					     w->param, seed, sample, out, e) != 0)
			return problem_sample_error(e, sample);
	}
	if (draw_initial(w, &own, seed, sample, e) != 0)
		return -1;
	w->m->set(w->d, w->param, coef);
	w->m->state(w->d, (const double *const *)w->field, w->state);
	return solve(w, seed, sample, n_times, time, field, number, e);
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	return generate_at(config, work, seed, sample, 0, NULL, field, number, e);
}

static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	struct work *w = work;
	const struct equation_spec *s = w->spec;

	(void)config;
	for (int k = 0; k < s->n_params; k++)
		if (equation_param_is_drawn(s, k))
			return err_set(e, ERR_USAGE,
				       "param.%s is drawn for every sample; give it a number to march from data",
				       exprs_name(s->pool, SYMBOL_PARAM, k));
	if (s->n_noises > 0)
		return err_set(e, ERR_USAGE, "equations with noise are generated, not marched from data");
	if (equation_draw_params(s, 0, 0, w->param, e) != 0)
		return problem_sample_error(e, sample);
	for (int k = 0; k < s->n_coefs; k++) {
		const double *given = in[(s->stationary ? 0 : s->n_unknowns) + k];

		memcpy(field[s->n_unknowns + k], given, (size_t)w->n_points * sizeof *given);
		w->m->interpolate(w->d, k, given, w->coef[k]);
	}
	w->m->set(w->d, w->param, (const double *const *)w->coef);
	if (!s->stationary) {
		w->given = true;
		w->m->state_kept(w->d, in, w->state);
	} else {
		const struct equation_points own = { w->m->size(w->d), w->m->place ? w->m->place(w->d) : NULL };

		if (draw_initial(w, &own, 0, sample, e) != 0)
			return -1;
		w->m->state(w->d, (const double *const *)w->field, w->state);
	}
	return solve(w, 0, sample, 0, NULL, field, number, e);
}

#define NODE(member, default_text, help_text)                                                                          \
	{                                                                                                              \
		.name = #member, .type = KEY_NODE, .offset = offsetof(struct equation_config, member),                 \
		.def = default_text, .help = help_text                                                                 \
	}

static const struct key keys[] = {
	NODE(equation, "\"u_t = 0.01*u_xx\"", "the equations, one text or a list: \"u_t = nu*u_xx - u*u_x\""),
	NODE(fields, NULL, "names that are vectors: {v: vector}; scalars need no mention"),
	NODE(param, NULL, "parameters: {nu: 0.1} or {nu: \"loguniform(1e-3, 1e-1)\"}, drawn for every sample"),
	NODE(coefficient, NULL, "functions of space, stored as inputs: {a: \"exp(grf(sigma=1))\"}"),
	NODE(define, NULL, "abbreviations: {psi: \"invlap(-w)\"}"),
	NODE(domain, NULL, "box and times: {x: [0, 1], t: [0, 1]}"),
	NODE(boundary, NULL, "periodic, dirichlet, neumann, open, or both ends: {x: [\"u = 0\", \"u_x + u = 1\"]}"),
	NODE(initial, NULL, "state at the first time: {u: \"sin(2*pi*x)\"}; grf() where nothing is said"),
	NODE(grid, NULL, "points that are kept: 128, [64, 64] or {x: 64, y: 64}"),
	NODE(solve_grid, NULL, "points of the solver's grid (default: enough for every product of modes of grid)"),
	KEY_ONE_OF(struct equation_config, method, "auto", equation_method_names,
		   "in space; auto: fourier on periodic boxes, else differences"),
	KEY_ONE_OF(struct equation_config, solver, "auto", equation_solver_names,
		   "of stationary equations; auto: direct, or multigrid where it can and the grid is large"),
	KEY_ONE_OF(struct equation_config, stepper, "auto", equation_stepper_names,
		   "in time; auto: see sciml-equation(5)"),
	KEY_INT(struct equation_config, frames, "10", 1, 1e7, "saved intervals: frames + 1 states"),
	KEY_REAL(struct equation_config, dt, "0", 0, 1e9, "longest time step; 0: chosen from rtol"),
	KEY_REAL(struct equation_config, rtol, "1e-6", 1e-13, 0.1,
		 "relative error in time that all steps may add up to"),
	KEY_REAL(struct equation_config, atol, "0", 0, 1e9,
		 "absolute error of a step of dopri5, tsit5, bdf; 0: rtol times the largest initial value"),
	KEY_FLAG(struct equation_config, to_steady, "false", "march until nothing changes and keep that state alone"),
	KEY_REAL(struct equation_config, steady_rtol, "1e-6", 0, 1,
		 "change in a unit of time, relative to a field's size, of what counts as steady"),
	KEY_REAL(struct equation_config, steady_atol, "1e-9", 0, 1e9, "and absolute"),
	CONTROLLER_KEYS(struct equation_config, control),
	KEY_REALS(struct equation_config, stops, "[]", -1e30, 1e30, "times that steps must end at"),
	KEY_REALS(struct equation_config, jumps, "[]", -1e30, 1e30,
		  "times at which the right side jumps: steps end there, and what is known of it is forgotten"),
	NODE(events, NULL, "what ends the march or changes the state: {when: x, direction: falling, set: {v: -0.8*v}}"),
	KEY_TEXTS(struct equation_config, sensitivity, "[]", "parameters p of which du_dp is wanted for every field u"),
	KEY_INT(struct equation_config, max_steps, "1000000", 1, 1e12, "most steps of a sample"),
	KEY_INT(struct equation_config, order, "4", 2, 6,
		"of the finite differences where a side is not periodic: 2, 4, 6"),
	KEY_FLAG(struct equation_config, dealias, "true", "drop the modes that products would falsify"),
	KEY_END,
};

static const struct problem_class equation = {
	.name = "equation",
	.summary = "any equation of motion in text",
	.equation = "of your choice, see sciml-equation(5)",
	.source = "the text",
	.notes = "Fourier pseudo-spectral, ETDRK4 with the linear part with constant coefficients solved exactly, also "
		 "that of "
		 "systems; with sides finite differences of order 2, 4, 6 or Chebyshev collocation",
	.config_size = sizeof(struct equation_config),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = numbers,
	.inputs = inputs,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.generate_at = generate_at,
	.march = march,
	.march_input = march_input,
	.test_config =
		"equation: \"u_t = nu*u_xx - u*u_x + a\"\nparam: {nu: 0.05}\ncoefficient: {a: \"grf(sigma=5)\"}\n"
		"domain: {x: [-1, 1], t: [0, 0.2]}\ngrid: 32\nframes: 2\nrtol: 1e-4\n"
		"initial: {u: \"sines(2, kmax=3)\"}\n",
};

const struct problem_class *const problem_file_equation[] = { &equation, NULL };
