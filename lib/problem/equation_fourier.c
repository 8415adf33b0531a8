/* equation_fourier.c: Fourier pseudo-spectral discretisation of equations in text. The rest of every right-hand side is
 * brought to the form sum_j P_j(D) r_j(values at a point): the values are linear operators on the state, found by one
 * inverse transform each; the r_j are evaluated at the points and transformed; the P_j are applied to their modes. */
#include "problem/equation_fourier.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/fft.h"
#include "problem/equation_draw.h"
#include "problem/equation_terms.h"

const int64_t *equation_fourier_size(const struct equation_fourier *f)
{
	return f->s.size;
}

int64_t equation_fourier_points(const struct equation_fourier *f)
{
	return f->s.n_points;
}

int64_t equation_fourier_count(const struct equation_fourier *f)
{
	return f->n_kept * f->n_unknowns;
}

/* ---- the grid ------------------------------------------------------------------------------------ */

static bool is_smooth(int64_t n)
{
	for (int q = 2; q <= 5; q++)
		while (n % q == 0)
			n /= q;
	return n == 1;
}

static int choose_grid(struct equation_fourier *f, bool dealias, int *degree, struct err *e)
{
	const struct equation_spec *s = f->spec;
	int64_t size[3];

	*degree = dealias ? equation_product_degree(f->spec) : 1;
	for (int a = 0; a < s->n_dims; a++) {
		size[a] = s->solve_grid[a];
		if (size[a] == 0)
			for (size[a] = (s->grid[a] * (*degree + 1) + 1) / 2; size[a] % 2 == 1 || !is_smooth(size[a]);)
				size[a]++;
		f->factor[a] = 2 * M_PI / s->length[a];
	}
	return spectral_init(&f->s, s->n_dims, size, e);
}

static int64_t entry_of(const struct spectral *s, const int64_t *k)
{
	int64_t at = 0;

	for (int a = 0; a < s->n_dims; a++)
		at = at * (a == s->n_dims - 1 ? s->size[a] / 2 + 1 : s->size[a]) +
		     (k[a] < 0 ? k[a] + s->size[a] : k[a]);
	return at;
}

static void keep_modes(struct equation_fourier *f, int degree)
{
	const int last = f->s.n_dims - 1;
	int64_t *number = xmalloc((size_t)f->s.n_modes * sizeof *number);

	f->kept = xmalloc((size_t)f->s.n_modes * sizeof *f->kept);
	f->partner = xmalloc((size_t)f->s.n_modes * sizeof *f->partner);
	f->wave = xmalloc((size_t)f->s.n_modes * 3 * sizeof *f->wave);
	for (int64_t m = 0; m < f->s.n_modes; m++) {
		int64_t k[3];
		bool keep = true;

		spectral_wave(&f->s, m, k);
		for (int a = 0; a <= last; a++)
			keep &= (degree + 1) * llabs(k[a]) < f->s.size[a];
		number[m] = keep ? f->n_kept : -1;
		if (!keep)
			continue;
		for (int a = 0; a < 3; a++)
			f->wave[3 * f->n_kept + a] = a <= last ? f->factor[a] * (double)k[a] : 0;
		f->kept[f->n_kept++] = m;
	}
	for (int64_t i = 0; i < f->n_kept; i++) {
		int64_t k[3];

		spectral_wave(&f->s, f->kept[i], k);
		f->partner[i] = -1;
		if (k[last] != 0)
			continue;
		for (int a = 0; a < last; a++)
			k[a] = -k[a];
		f->partner[i] = number[entry_of(&f->s, k)];
	}
	free(number);
	f->pair = xmalloc((size_t)(f->n_kept + 1) * sizeof *f->pair);
	for (int64_t i = 0; i < f->n_kept; i++)
		if (f->partner[i] >= i)
			f->pair[f->n_pairs++] = i;
	f->run = xmalloc((size_t)(f->n_kept + 1) * sizeof *f->run);
	for (int64_t i = 0; i < f->n_kept; i++) {
		if (i == 0 || f->kept[i] != f->kept[i - 1] + 1)
			f->run[f->n_runs++] = (struct mode_run){ i, f->kept[i], 0 };
		f->run[f->n_runs - 1].count++;
	}
}

int equation_fourier_new(struct equation_fourier **out, struct equation_spec *s, bool dealias, struct err *e)
{
	struct equation_fourier *f = xcalloc(1, sizeof *f);
	int degree;

	f->spec = s;
	f->n_unknowns = s->n_unknowns;
	if (equation_translate(f, dealias, e) != 0 || choose_grid(f, dealias, &degree, e) != 0) {
		equation_fourier_free(f);
		return -1;
	}
	keep_modes(f, degree);
	f->basis = equation_basis_new(f->n_kept, f->n_unknowns);
	for (int k = 0; k < f->n_slots; k++) {
		struct slot *t = &f->slot[k];

		if (t->kind != SLOT_COEF)
			t->value = xaligned((f->input[k].uniform ? 1 : (size_t)f->s.n_points) * sizeof(double));
		f->in[k] = t->value;
		if (t->kind == SLOT_COORD)
			equation_coordinate(s, t->index, &(struct equation_points){ .size = f->s.size }, t->value);
		if (t->kind == SLOT_STATE || t->kind == SLOT_POINTS)
			t->symbol = xaligned((size_t)(2 * f->n_kept * f->n_unknowns) * sizeof(double));
	}
	for (int k = 0; k < f->n_terms; k++)
		f->term[k].symbol = xaligned((size_t)(2 * f->n_kept) * sizeof(double));
	f->points = xaligned((size_t)f->s.n_points * sizeof(double));
	f->modes = xaligned((size_t)(2 * f->s.n_modes) * sizeof(double));
	f->physical = xaligned((size_t)(2 * equation_fourier_count(f)) * sizeof(double));
	f->one = xaligned((size_t)(2 * f->n_kept) * sizeof(double));
	for (int64_t i = 0; i < f->n_kept; i++)
		f->one[2 * i] = 1 / (double)f->s.n_points;
	f->steady = xaligned((size_t)(2 * equation_fourier_count(f)) * sizeof(double));
	if (s->n_noises > 0)
		f->sum = xaligned((size_t)(2 * equation_fourier_count(f)) * sizeof(double));
	*out = f;
	return 0;
}

void equation_fourier_free(struct equation_fourier *f)
{
	if (!f)
		return;
	for (int k = 0; k < f->n_slots; k++) {
		program_free(f->slot[k].program);
		free(f->slot[k].symbol);
		free(f->slot[k].value);
	}
	for (int k = 0; k < f->n_terms; k++) {
		program_free(f->term[k].program);
		free(f->term[k].symbol);
	}
	equation_basis_free(f->basis);
	spectral_clear(&f->s);
	free(f->kept);
	free(f->run);
	free(f->pair);
	free(f->partner);
	free(f->wave);
	free(f->points);
	free(f->modes);
	free(f->physical);
	free(f->steady);
	free(f->sum);
	free(f->one);
	for (int k = 0; k < EQUATION_NOISES; k++)
		program_free(f->noise[k]);
	free(f);
}

/* ---- a sample's tables --------------------------------------------------------------------------- */

/* out = symbol x, complex, or added to out. */
static void multiply(int64_t n, const double *restrict symbol, const double *restrict x, bool add, double *restrict out)
{
	for (int64_t i = 0; i < n; i++) {
		const double re = symbol[2 * i] * x[2 * i] - symbol[2 * i + 1] * x[2 * i + 1];
		const double im = symbol[2 * i] * x[2 * i + 1] + symbol[2 * i + 1] * x[2 * i];

		out[2 * i] = add ? out[2 * i] + re : re;
		out[2 * i + 1] = add ? out[2 * i + 1] + im : im;
	}
}

/* Modes of the points, kept ones times symbol, added to out. Symbols carry 1/N, as modes do. */
static void add_transformed(struct equation_fourier *f, const double *symbol, double *out)
{
	fft_run(f->s.forward, f->points, f->modes);
	for (int k = 0; k < f->n_runs; k++) {
		const struct mode_run *r = &f->run[k];

		multiply(r->count, symbol + 2 * r->first, f->modes + 2 * r->entry, true, out + 2 * r->first);
	}
}

static void run_program(struct equation_fourier *f, struct program *g)
{
	double *out[1] = { f->points };

	program_run(g, f->s.n_points, f->in, f->param, out);
}

/* Points of a linear operator on the unknowns of f->at, or on what is at the points. */
static void fill_slot(struct equation_fourier *f, const struct slot *s)
{
	const int m = s->kind == SLOT_STATE ? f->n_unknowns : 1;
	double *to = f->s.spare;

	if (s->kind == SLOT_POINTS) {
		run_program(f, s->program);
		spectral_forward(&f->s, f->points, f->modes);
	}
	memset(to, 0, (size_t)(2 * f->s.n_modes) * sizeof *to);
	for (int j = 0, first = 1; j < m; j++) {
		const double *symbol = s->symbol + 2 * j * f->n_kept, *x = f->at + 2 * j * f->n_kept;

		for (int k = 0; k < f->n_runs && s->used[j]; k++) {
			const struct mode_run *r = &f->run[k];

			multiply(r->count, symbol + 2 * r->first,
				 s->kind == SLOT_POINTS ? f->modes + 2 * r->entry : x + 2 * r->first, !first,
				 to + 2 * r->entry);
		}
		first = first && !s->used[j];
	}
	fft_run(f->s.inverse, to, s->value);
}

/* Slots of kind SLOT_STATE need the state in f->at. */
static void fill_slots(struct equation_fourier *f, double t)
{
	for (int k = 0; k < f->n_slots; k++) {
		struct slot *s = &f->slot[k];

		if (s->kind == SLOT_TIME)
			s->value[0] = t;
		if (s->kind == SLOT_INTEGRAL) {
			double sum = 0;

			run_program(f, s->program);
			for (int64_t i = 0; i < f->s.n_points; i++)
				sum += f->points[i];
			s->value[0] = s->scale * sum / (double)f->s.n_points;
		}
		if (s->kind == SLOT_STATE || s->kind == SLOT_POINTS)
			fill_slot(f, s);
	}
}

static void add_terms(struct equation_fourier *f, bool steady, double *out)
{
	for (int k = 0; k < f->n_terms; k++) {
		const struct term *t = &f->term[k];

		if (t->steady != steady)
			continue;
		run_program(f, t->program);
		add_transformed(f, t->symbol, out + 2 * t->unknown * f->n_kept);
	}
}

void equation_fourier_set(struct equation_fourier *f, const double *param, const double *const *coef)
{
	const struct exprs *p = f->spec->pool;
	const int m = f->n_unknowns;
	expr unknown[EQUATION_UNKNOWNS];
	double row[2 * EQUATION_UNKNOWNS], *matrix = equation_basis_matrix(f->basis);

	f->param = param;
	for (int j = 0; j < m; j++)
		unknown[j] = f->spec->unknown[j].node;
	for (int64_t i = 0; i < f->n_kept; i++) {
		const double *k = f->wave + 3 * i;

		for (int j = 0; j < m; j++)
			expr_fourier(p, f->linear[j], k, param, m, unknown, matrix + 2 * ((i * m + j) * m));
		for (int q = 0; q < f->n_slots; q++) {
			struct slot *s = &f->slot[q];

			if (s->kind == SLOT_POINTS) {
				expr_fourier(p, s->linear, k, param, 1, &f->blank, s->symbol + 2 * i);
				s->used[0] = true;
			}
			if (s->kind != SLOT_STATE)
				continue;
			expr_fourier(p, s->linear, k, param, m, unknown, row);
			for (int j = 0; j < m; j++) {
				s->used[j] |= row[2 * j] != 0 || row[2 * j + 1] != 0;
				memcpy(s->symbol + 2 * (j * f->n_kept + i), row + 2 * j, 2 * sizeof *row);
			}
		}
		for (int q = 0; q < f->n_terms; q++)
			expr_fourier(p, f->term[q].multiplier, k, param, 1, &f->blank, f->term[q].symbol + 2 * i);
	}
	for (int q = 0; q < f->n_terms; q++)
		for (int64_t i = 0; i < 2 * f->n_kept; i++)
			f->term[q].symbol[i] /= (double)f->s.n_points;
	equation_basis_find(f->basis, f->partner);
	for (int k = 0; k < f->n_slots; k++)
		if (f->slot[k].kind == SLOT_COEF)
			f->in[k] = coef[f->slot[k].index];
	memset(f->steady, 0, (size_t)(2 * equation_fourier_count(f)) * sizeof(double));
	memset(f->physical, 0, (size_t)(2 * equation_fourier_count(f)) * sizeof(double));
	f->at = f->physical;
	fill_slots(f, f->spec->t0);
	add_terms(f, true, f->steady);
}

const double *equation_fourier_linear(const struct equation_fourier *f)
{
	return equation_basis_diagonal(f->basis);
}

void equation_fourier_rest(void *context, double t, const double *state, double *out)
{
	struct equation_fourier *f = context;

	if (!f->has_rest && !equation_basis_has_rest(f->basis)) {
		memset(out, 0, (size_t)(2 * equation_fourier_count(f)) * sizeof *out);
		return;
	}
	f->at = equation_basis_unknowns(f->basis, state, f->physical);
	fill_slots(f, t);
	memcpy(out, f->steady, (size_t)(2 * equation_fourier_count(f)) * sizeof *out);
	add_terms(f, false, out);
	equation_basis_add_rest(f->basis, f->at, out);
	equation_basis_enter(f->basis, out, out);
}

void equation_fourier_kick(struct equation_fourier *f, double t, const double *y, const double *increment, double *to)
{
	const int64_t n = f->s.n_points;

	f->at = equation_basis_unknowns(f->basis, y, f->physical);
	fill_slots(f, t);
	equation_basis_leave(f->basis, to, f->sum);
	for (int k = 0; k < f->spec->n_noises; k++) {
		run_program(f, f->noise[k]);
		for (int64_t i = 0; i < n; i++)
			f->points[i] *= increment[k * n + i];
		add_transformed(f, f->one, f->sum + 2 * f->spec->noise[k].unknown * f->n_kept);
	}
	equation_basis_enter(f->basis, f->sum, to);
}

bool equation_fourier_is_steady(const struct equation_fourier *f)
{
	for (int k = 0; k < f->n_terms; k++)
		if (!f->term[k].steady)
			return false;
	return true;
}

void equation_fourier_rest_state(struct equation_fourier *f, double *state)
{
	equation_basis_solve(f->basis, f->steady, f->physical);
	equation_basis_enter(f->basis, f->physical, state);
}

/* ---- states and fields --------------------------------------------------------------------------- */

static void gather(const struct equation_fourier *f, int unknown, double *state)
{
	for (int64_t i = 0; i < f->n_kept; i++)
		memcpy(state + 2 * (unknown * f->n_kept + i), f->modes + 2 * f->kept[i], 2 * sizeof *state);
}

void equation_fourier_state(struct equation_fourier *f, const double *const *field, double *state)
{
	for (int j = 0; j < f->n_unknowns; j++) {
		spectral_forward(&f->s, field[j], f->modes);
		gather(f, j, f->physical);
	}
	equation_basis_enter(f->basis, f->physical, state);
}

/* Modes of a field of another grid into f->modes. */
static void resize(struct equation_fourier *f, const struct spectral *grid, const double *field)
{
	double *modes = xaligned((size_t)(2 * grid->n_modes) * sizeof *modes);

	spectral_forward(grid, field, modes);
	spectral_resize(grid, modes, &f->s, f->modes);
	free(modes);
}

void equation_fourier_interpolate(struct equation_fourier *f, const struct spectral *grid, const double *field,
				  double *out)
{
	resize(f, grid, field);
	spectral_inverse(&f->s, f->modes, out);
}

void equation_fourier_state_from(struct equation_fourier *f, const struct spectral *grid, const double *const *field,
				 double *state)
{
	for (int j = 0; j < f->n_unknowns; j++) {
		resize(f, grid, field[j]);
		gather(f, j, f->physical);
	}
	equation_basis_enter(f->basis, f->physical, state);
}

static int64_t modulo(int64_t k, int64_t n)
{
	return (k % n + n) % n;
}

static void add_mode(const struct spectral *g, const int64_t *k, double re, double im, double *modes)
{
	int64_t at = 0;

	for (int a = 0; a < g->n_dims; a++)
		at = at * (a == g->n_dims - 1 ? g->size[a] / 2 + 1 : g->size[a]) + modulo(k[a], g->size[a]);
	modes[2 * at] += re;
	modes[2 * at + 1] += im;
}

void equation_fourier_sample(struct equation_fourier *f, const double *state, int which, const struct spectral *grid,
			     double *out)
{
	const int last = f->s.n_dims - 1;
	const int64_t n = grid->size[last];
	double *modes = xaligned((size_t)(2 * grid->n_modes) * sizeof *modes);

	equation_basis_leave(f->basis, state, f->physical);
	for (int64_t i = 0; i < f->n_kept; i++) {
		const double *c = f->physical + 2 * (which * f->n_kept + i);
		int64_t k[3], minus[3], column;

		spectral_wave(&f->s, f->kept[i], k);
		for (int a = 0; a < 3; a++)
			minus[a] = -k[a];
		column = modulo(k[last], n);
		/* a wave beyond the grid's Nyquist mode looks like a slower one at the points; both members of the pair fall
		 * on the half spectrum's own columns 0 and n/2 */
		if (2 * column <= n)
			add_mode(grid, k, c[0], c[1], modes);
		if (2 * column > n || (k[last] != 0 && (column == 0 || 2 * column == n)))
			add_mode(grid, minus, c[0], -c[1], modes);
	}
	spectral_inverse(grid, modes, out);
	free(modes);
}

void equation_fourier_balance(const struct equation_fourier *f, double *state)
{
	for (int j = 0; j < f->n_unknowns; j++)
		for (int64_t q = 0; q < f->n_pairs; q++) {
			const int64_t i = f->pair[q];
			double *a = state + 2 * (j * f->n_kept + i), *b;

			b = state + 2 * (j * f->n_kept + f->partner[i]);
			a[0] = b[0] = (a[0] + b[0]) / 2;
			a[1] = (a[1] - b[1]) / 2;
			b[1] = -a[1];
		}
}

/* The mode at minus k along one axis, of a real field; conjugated where it stands for its opposite. */
static int64_t image_of(const struct equation_fourier *f, const int64_t *number, int64_t i, int axis, double *conjugate)
{
	const int last = f->s.n_dims - 1;
	int64_t k[3];

	spectral_wave(&f->s, f->kept[i], k);
	k[axis] = -k[axis];
	*conjugate = 1;
	if (k[last] < 0) {
		*conjugate = -1;
		for (int a = 0; a <= last; a++)
			k[a] = -k[a];
	}
	return number[entry_of(&f->s, k)];
}

void equation_fourier_reflect(struct equation_fourier *f, int axis, const int *parity, double *state)
{
	int64_t *number = xmalloc((size_t)f->s.n_modes * sizeof *number);

	for (int64_t i = 0; i < f->n_kept; i++)
		number[f->kept[i]] = i;
	equation_basis_leave(f->basis, state, f->physical);
	for (int j = 0; j < f->n_unknowns; j++)
		for (int64_t i = 0; i < f->n_kept && parity[j] != 0; i++) {
			double conjugate, *a = f->physical + 2 * (j * f->n_kept + i), *b, re, im;
			const int64_t image = image_of(f, number, i, axis, &conjugate);

			if (image < i)
				continue;
			b = f->physical + 2 * (j * f->n_kept + image);
			re = (a[0] + parity[j] * b[0]) / 2;
			im = (a[1] + parity[j] * conjugate * b[1]) / 2;
			a[0] = re;
			a[1] = im;
			b[0] = parity[j] * re;
			b[1] = parity[j] * conjugate * im;
		}
	equation_basis_enter(f->basis, f->physical, state);
	free(number);
}
