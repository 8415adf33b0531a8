/* equation.c: problems that are given by their text (sciml-equation(5)). Periodic boxes: Fourier pseudo-spectral in space, ETDRK4
 * in time with steps of frame / 2^j, chosen by comparing one step with two of half the length. Boxes with sides: finite
 * differences, explicit Runge-Kutta. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/integ.h"
#include "problem/axes.h"
#include "problem/equation_difference.h"
#include "problem/equation_draw.h"
#include "problem/equation_fourier.h"
#include "problem/problem.h"

enum { LEVELS = 31 };

struct work {
	const struct equation_config *config;
	struct equation_spec *spec;
	struct equation_fourier *f;    /* periodic boxes */
	struct equation_difference *d; /* boxes with sides */
	struct spectral out;
	int64_t n_points;		  /* of the grid that is kept */
	struct etdrk4 *table[LEVELS + 1]; /* by level: steps of frame / 2^level; fixed steps: the first */
	double param[EQUATION_PARAMS];
	double *coef[EQUATION_COEFS], *field[EQUATION_UNKNOWNS]; /* on the solver's grid */
	double *state, *once, *twice;
	uint64_t seed; /* of the sample in work, and its number */
	int64_t sample;
	bool drawn; /* some parameter is */
};

/* Names live as long as the process: a configuration has no destructor, and lists of names are asked for with it alone. The
 * set of different names of a run is small. */
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

static int check(const void *config, struct err *e)
{
	struct equation_spec *s;
	const struct equation_config *c = config;
	struct equation_difference *d = NULL;
	struct equation_fourier *f = NULL;
	double param[EQUATION_PARAMS];
	int status;

	if (equation_spec_new(&s, config, e) != 0)
		return -1;
	if (c->order % 2 == 1)
		status = err_set(e, ERR_USAGE, "order: %lld is odd; 2, 4 and 6 are there", (long long)c->order);
	else
		status = s->sided ? equation_difference_new(&d, s, (int)c->order, e)
				  : equation_fourier_new(&f, s, true, e);
	if (status == 0 && s->n_noises > 0 && !(c->dt > 0))
		status = err_set(e, ERR_USAGE, "dt: equations with noise need a time step of fixed length");
	if (status == 0 && s->stationary && (s->sided || !equation_fourier_is_steady(f)))
		status = err_set(e, ERR_USAGE,
				 "equation: stationary ones are solved when they are linear with constant "
				 "coefficients and all sides are periodic");
	if (status == 0)
		status = equation_draw_params(s, 0, 0, param, e);
	if (status == 0 && n_drawn(s) > PROBLEM_NUMBERS_MAX - 2)
		status = err_set(e, ERR_USAGE, "param: more than %d are drawn", PROBLEM_NUMBERS_MAX - 2);
	equation_fourier_free(f);
	equation_difference_free(d);
	equation_spec_free(s);
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

	if (equation_spec_new(&s, c, NULL) != 0) { /* cannot be: check has read it */
		free(t);
		return;
	}
	for (int64_t k = 0; k <= c->frames; k++)
		t[k] = s->t0 + (s->t1 - s->t0) * ((double)k / (double)c->frames);
	axis[0] = s->stationary ? 0 : layout_add_axis(l, "t", AXIS_TIME, c->frames + 1, t, false, s->t1 - s->t0);
	for (int a = 0; a < s->n_dims; a++)
		axis[a + 1] = space_axis(s, a, l);
	for (int k = 0; k < s->n_unknowns; k++)
		layout_add_field(l, s->unknown[k].name, DTYPE_F32, s->stationary ? ROLE_TARGET : ROLE_TRAJECTORY,
				 s->n_dims + !s->stationary, axis + s->stationary);
	for (int k = 0; k < s->n_coefs; k++)
		layout_add_field(l, exprs_name(s->pool, SYMBOL_COEF, k), DTYPE_F32, ROLE_INPUT, s->n_dims, axis + 1);
	if (equation_draw_params(s, 0, 0, param, NULL) == 0)
		for (int k = 0; k < s->n_params; k++)
			if (!equation_param_is_drawn(s, k))
				layout_add_param(l, exprs_name(s->pool, SYMBOL_PARAM, k), param[k]);
	l->equation = xstrdup(s->text);
	equation_spec_free(s);
	free(t);
}

static void numbers(const void *config, struct problem_numbers *n)
{
	struct equation_spec *s;

	*n = (struct problem_numbers){ 2, { "steps", "rejected" } };
	if (equation_spec_new(&s, config, NULL) != 0)
		return;
	for (int k = 0; k < s->n_params && n->n < PROBLEM_NUMBERS_MAX; k++)
		if (equation_param_is_drawn(s, k))
			n->name[n->n++] = keep(exprs_name(s->pool, SYMBOL_PARAM, k));
	equation_spec_free(s);
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

static void forget_tables(struct work *w)
{
	for (int k = 0; k <= LEVELS; k++) {
		etdrk4_free(w->table[k]);
		w->table[k] = NULL;
	}
}

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	forget_tables(w);
	for (int k = 0; k < EQUATION_COEFS; k++)
		free(w->coef[k]);
	for (int k = 0; k < EQUATION_UNKNOWNS; k++)
		free(w->field[k]);
	free(w->state);
	free(w->once);
	free(w->twice);
	spectral_clear(&w->out);
	equation_fourier_free(w->f);
	equation_difference_free(w->d);
	equation_spec_free(w->spec);
	free(w);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct equation_config *c = config;
	struct work *w = xcalloc(1, sizeof *w);

	w->config = c;
	if (equation_spec_new(&w->spec, c, e) != 0 ||
	    (w->spec->sided ? equation_difference_new(&w->d, w->spec, (int)c->order, e)
			    : equation_fourier_new(&w->f, w->spec, c->dealias, e)) != 0 ||
	    (!w->spec->sided && spectral_init(&w->out, w->spec->n_dims, w->spec->grid, e) != 0)) {
		release(w);
		return -1;
	}
	w->n_points = 1;
	for (int a = 0; a < w->spec->n_dims; a++)
		w->n_points *= w->spec->grid[a];
	const size_t points = (size_t)(w->d ? w->n_points : equation_fourier_points(w->f)) * sizeof(double);
	const size_t state =
		(size_t)(w->d ? equation_difference_count(w->d) : 2 * equation_fourier_count(w->f)) * sizeof(double);

	for (int k = 0; k < w->spec->n_coefs; k++)
		w->coef[k] = xaligned(points);
	for (int k = 0; k < w->spec->n_unknowns; k++)
		w->field[k] = xaligned(points);
	w->state = xaligned(state);
	w->once = xaligned(state);
	w->twice = xaligned(state);
	w->drawn = n_drawn(w->spec) > 0;
	*work = w;
	return 0;
}

/* ---- time ------------------------------------------------------------------------------------------------------------ */

static struct etdrk4 *table_of(struct work *w, int level, double h)
{
	if (!w->table[level])
		w->table[level] = etdrk4_new(equation_fourier_count(w->f), equation_fourier_linear(w->f), h);
	return w->table[level];
}

static double norm(const struct work *w, const double *a, const double *minus)
{
	const int64_t n = 2 * equation_fourier_count(w->f);
	double sum = 0;

	for (int64_t i = 0; i < n; i++) {
		const double d = a[i] - (minus ? minus[i] : 0);

		sum += d * d;
	}
	return sqrt(sum);
}

static int limit(const struct work *w, const double *number, double t, struct err *e)
{
	if (number[0] + number[1] < (double)w->config->max_steps)
		return 0;
	return err_set(e, ERR_FAIL, "more than max_steps = %lld steps at t = %g", (long long)w->config->max_steps, t);
}

/* Half a step without noise, the noise of the whole step, half a step: order 1 in law, 2 for noise that no field scales. */
static void noisy_step(struct work *w, double t, double h, double step)
{
	etdrk4_step(table_of(w, 0, h / 2), equation_fourier_rest, w->f, t, w->state);
	equation_fourier_kick(w->f, w->seed, w->sample, (int64_t)step, t, h, w->state);
	etdrk4_step(table_of(w, 0, h / 2), equation_fourier_rest, w->f, t + h / 2, w->state);
}

/* Steps of equal length, at most dt. */
static int fixed_frame(struct work *w, double t, double frame, double *number, struct err *e)
{
	const double wanted = ceil(frame / w->config->dt * (1 - 1e-12));
	const double h = frame / wanted;

	for (double k = 0; k < wanted; k++) {
		if (limit(w, number, t + k * h, e) != 0)
			return -1;
		if (w->spec->n_noises > 0)
			noisy_step(w, t + k * h, h, number[0]);
		else
			etdrk4_step(table_of(w, 0, h), equation_fourier_rest, w->f, t + k * h, w->state);
		equation_fourier_balance(w->f, w->state);
		number[0]++;
	}
	if (!isfinite(norm(w, w->state, NULL)))
		return err_set(e, ERR_FAIL, "not finite at t = %g", t + frame);
	return 0;
}

/* One step of frame / 2^level against two of half the length. The difference is about 15 times the error of the two, which
 * may use its share of rtol: error per unit of time. */
static int adaptive_frame(struct work *w, double t, double frame, int *level, double *number, struct err *e)
{
	const size_t bytes = (size_t)equation_fourier_count(w->f) * 2 * sizeof(double);
	const int64_t whole = (int64_t)1 << LEVELS;
	int64_t at = 0;

	while (at < whole) {
		const double h = ldexp(frame, -*level), now = t + frame * ldexp((double)at, -LEVELS);
		double size, error, allowed;

		if (limit(w, number, now, e) != 0)
			return -1;
		memcpy(w->once, w->state, bytes);
		memcpy(w->twice, w->state, bytes);
		etdrk4_step(table_of(w, *level, h), equation_fourier_rest, w->f, now, w->once);
		etdrk4_step(table_of(w, *level + 1, h / 2), equation_fourier_rest, w->f, now, w->twice);
		etdrk4_step(table_of(w, *level + 1, h / 2), equation_fourier_rest, w->f, now + h / 2, w->twice);
		size = norm(w, w->twice, NULL);
		error = norm(w, w->twice, w->once) / 15;
		allowed = size * fmax(w->config->rtol * h / (w->spec->t1 - w->spec->t0), 1e-14);
		if (!(error <= allowed)) {
			number[1]++;
			if (*level + 1 >= LEVELS)
				return err_set(e, ERR_FAIL, "%s at t = %g",
					       isfinite(error) ? "no step is short enough" : "not finite", now);
			++*level;
			continue;
		}
		memcpy(w->state, w->twice, bytes);
		equation_fourier_balance(w->f, w->state);
		number[0]++;
		at += whole >> *level;
		/* twice the step makes 32 times the error and starts only on its own grid of times */
		if (*level > 0 && error < allowed / 40 && at % (whole >> (*level - 1)) == 0)
			--*level;
	}
	return 0;
}

static void output(struct work *w, int64_t frame, double *const *field)
{
	for (int k = 0; k < w->spec->n_unknowns; k++)
		equation_fourier_sample(w->f, w->state, k, &w->out, field[k] + frame * w->out.n_points);
}

/* Boxes with sides: Dormand-Prince 5(4) with error control, or classical Runge-Kutta steps of at most dt. */
static int march_differences(struct work *w, double *const *field, double *number, struct err *e)
{
	const struct equation_config *c = w->config;
	const int64_t n = equation_difference_count(w->d);
	const double frame = (w->spec->t1 - w->spec->t0) / (double)c->frames;
	double largest = 0, *out = mem_new(2 * n, sizeof *out, "states", e);
	int status = out ? 0 : -1;

	equation_difference_sides(w->d, w->spec->t0, w->state);
	for (int64_t i = 0; i < n; i++)
		largest = fmax(largest, fabs(w->state[i]));
	for (int64_t k = 0; k <= c->frames && status == 0; k++) {
		const double t[2] = { w->spec->t0 + frame * (double)(k - 1), w->spec->t0 + frame * (double)k };
		const struct integ_tolerance tol = { .rtol = c->rtol,
						     .atol = c->rtol * fmax(largest, 1e-300),
						     .max_steps = c->max_steps };
		struct integ_counts counts = { 0 };

		if (k > 0 && c->dt > 0) {
			const int64_t steps = (int64_t)ceil(frame / c->dt * (1 - 1e-12));

			status = integ_fixed(tableau_find("rk4"), equation_difference_rate, w->d, n, t[0], t[1], steps,
					     w->state, e);
			counts.accepted = steps;
		} else if (k > 0) {
			status = integ_adaptive(tableau_find("dopri5"), equation_difference_rate, w->d, n, w->state, 2,
						t, &tol, out, &counts, e);
			if (status == 0)
				memcpy(w->state, out + n, (size_t)n * sizeof *out);
		}
		number[0] += (double)counts.accepted;
		number[1] += (double)counts.rejected;
		equation_difference_sides(w->d, t[1], w->state);
		for (int j = 0; j < w->spec->n_unknowns && status == 0; j++)
			memcpy(field[j] + k * w->n_points, w->state + j * w->n_points,
			       (size_t)w->n_points * sizeof *out);
	}
	free(out);
	return status;
}

static int solve(struct work *w, int64_t sample, double *const *field, double *number, struct err *e)
{
	const struct equation_config *c = w->config;
	const double frame = (w->spec->t1 - w->spec->t0) / (double)c->frames;
	int level = 0, n = 2;

	number[0] = number[1] = 0;
	for (int k = 0; k < w->spec->n_params; k++)
		if (equation_param_is_drawn(w->spec, k))
			number[n++] = w->param[k];
	if (w->d)
		return march_differences(w, field, number, e) == 0 ? 0 : problem_sample_error(e, sample);
	if (w->spec->stationary)
		equation_fourier_rest_state(w->f, w->state);
	output(w, 0, field);
	for (int64_t k = 0; k < c->frames && !w->spec->stationary; k++) {
		const double t = w->spec->t0 + frame * (double)k;

		if ((c->dt > 0 ? fixed_frame(w, t, frame, number, e)
			       : adaptive_frame(w, t, frame, &level, number, e)) != 0)
			return problem_sample_error(e, sample);
		output(w, k + 1, field);
	}
	return 0;
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	struct work *w = work;
	const struct equation_spec *s = w->spec;
	const int64_t *size = w->d ? s->grid : equation_fourier_size(w->f);
	const double *const *coef = (const double *const *)w->coef;
	bool subset = true;

	(void)config;
	w->seed = seed;
	w->sample = sample;
	if (equation_draw_params(s, seed, sample, w->param, e) != 0)
		return problem_sample_error(e, sample);
	for (int a = 0; a < s->n_dims; a++)
		subset &= size[a] % s->grid[a] == 0 && size[a] / s->grid[a] == size[0] / s->grid[0];
	for (int k = 0; k < s->n_coefs; k++) {
		double *out = field[s->n_unknowns + k];

		if (equation_draw_field(s, s->coef[k], size, coef, w->param, seed, sample, w->coef[k], e) != 0)
			return problem_sample_error(e, sample);
		/* what the solver sees, where the grids share points */
		if (subset)
			spectral_subsample(s->n_dims, size, size[0] / s->grid[0], w->coef[k], out);
		else if (equation_draw_field(s, s->coef[k], s->grid, (const double *const *)field + s->n_unknowns,
					     w->param, seed, sample, out, e) != 0)
			return problem_sample_error(e, sample);
	}
	for (int k = 0; k < s->n_unknowns && !s->stationary; k++)
		if (equation_draw_field(s, s->unknown[k].initial, size, coef, w->param, seed, sample, w->field[k], e) !=
		    0) {
			err_in(e, "initial.%s", s->unknown[k].name);
			return problem_sample_error(e, sample);
		}
	if (w->drawn)
		forget_tables(w);
	if (w->d) {
		for (int k = 0; k < s->n_unknowns; k++)
			memcpy(w->state + k * w->n_points, w->field[k], (size_t)w->n_points * sizeof(double));
		equation_difference_set(w->d, w->param, coef);
	} else {
		equation_fourier_set(w->f, w->param, coef);
		if (!s->stationary)
			equation_fourier_state(w->f, (const double *const *)w->field, w->state);
	}
	return solve(w, sample, field, number, e);
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
		if (w->d)
			memcpy(w->coef[k], given, (size_t)w->n_points * sizeof *given);
		else
			equation_fourier_interpolate(w->f, &w->out, given, w->coef[k]);
	}
	if (w->d) {
		for (int k = 0; k < s->n_unknowns; k++)
			memcpy(w->state + k * w->n_points, in[k], (size_t)w->n_points * sizeof(double));
		equation_difference_set(w->d, w->param, (const double *const *)w->coef);
	} else {
		equation_fourier_set(w->f, w->param, (const double *const *)w->coef);
		if (!s->stationary)
			equation_fourier_state_from(w->f, &w->out, in, w->state);
	}
	return solve(w, sample, field, number, e);
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
	KEY_INT(struct equation_config, frames, "10", 1, 1e7, "saved intervals: frames + 1 states"),
	KEY_REAL(struct equation_config, dt, "0", 0, 1e9, "longest time step; 0: chosen from rtol"),
	KEY_REAL(struct equation_config, rtol, "1e-6", 1e-13, 0.1,
		 "relative error in time that all steps may add up to"),
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
	.notes = "Fourier pseudo-spectral; ETDRK4 with the linear part with constant coefficients solved exactly, also "
		 "that of "
		 "systems; exact in space for resolved solutions, order 4 in time",
	.config_size = sizeof(struct equation_config),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = numbers,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.march = march,
	.march_input = march_input,
	.test_config =
		"equation: \"u_t = nu*u_xx - u*u_x + a\"\nparam: {nu: 0.05}\ncoefficient: {a: \"grf(sigma=5)\"}\n"
		"domain: {x: [-1, 1], t: [0, 0.2]}\ngrid: 32\nframes: 2\nrtol: 1e-4\n"
		"initial: {u: \"sines(2, kmax=3)\"}\n",
};

const struct problem_class *const problem_file_equation[] = { &equation, NULL };
