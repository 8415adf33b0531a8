/* field.c: Gaussian random fields by Karhunen-Loeve sums (Lord, Powell, Shardlow, An Introduction to Computational
 * Stochastic PDEs, 7.4). */
#include "num/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/fft.h"

struct field_sampler {
	struct field_law law;
	struct fft_plan *plan;
	int64_t n_modes;   /* entries of the coefficient array */
	int64_t extent[3]; /* of the coefficient array; unused axes 1 */
	double *amplitude; /* by entry; 0 where no mode is drawn */
	double *coefficient, *value;
};

/* A number for each pair, small for small pairs whatever the grid: Szudzik's elegant pairing. */
static uint64_t pair(uint64_t a, uint64_t b)
{
	return a < b ? b * b + a : a * a + a + b;
}

static uint64_t zigzag(int64_t k)
{
	return k > 0 ? 2 * (uint64_t)k - 1 : 2 * (uint64_t)(-k);
}

/* Signed wave numbers of entry i of the coefficient array. */
static void modes_of(const struct field_sampler *s, int64_t i, int64_t k[3])
{
	const int d = s->law.n_dims;

	for (int a = d - 1; a >= 0; a--) {
		k[a] = i % s->extent[a];
		i /= s->extent[a];
		if (s->law.boundary == FIELD_PERIODIC && a < d - 1 && k[a] > s->law.size[a] / 2)
			k[a] -= s->law.size[a];
		if (s->law.boundary == FIELD_DIRICHLET)
			k[a]++;
	}
}

static bool resolved(const struct field_law *law, const int64_t k[3])
{
	for (int a = 0; a < law->n_dims; a++)
		if (law->boundary == FIELD_PERIODIC ? 2 * llabs(k[a]) >= law->size[a] && k[a] != 0
						    : k[a] >= law->size[a] - 1 && k[a] != 0)
			return false;
	return true;
}

static double eigenvalue(const struct field_law *law, const int64_t k[3])
{
	const double unit = law->boundary == FIELD_PERIODIC ? 2 * M_PI : M_PI;
	double sum = law->tau * law->tau;

	for (int a = 0; a < law->n_dims; a++)
		sum += unit * unit * (double)k[a] * (double)k[a];
	return sum;
}

static bool is_constant(const struct field_law *law, const int64_t k[3])
{
	for (int a = 0; a < law->n_dims; a++)
		if (k[a] != 0)
			return false;
	return true;
}

/* Number of mode k, the same on every grid. */
static uint64_t mode_number(const struct field_law *law, const int64_t k[3])
{
	const bool sign = law->boundary == FIELD_PERIODIC;
	uint64_t number = sign && law->n_dims > 1 ? zigzag(k[0]) : (uint64_t)k[0];

	for (int a = 1; a < law->n_dims; a++)
		number = pair(number, sign && a < law->n_dims - 1 ? zigzag(k[a]) : (uint64_t)k[a]);
	return number;
}

int field_sampler_new(struct field_sampler **out, const struct field_law *law, struct err *e)
{
	static const enum fft_kind kinds[] = { FFT_REAL_BACK, FFT_DCT1, FFT_DST1 };
	struct field_sampler *s = xcalloc(1, sizeof *s);
	struct fft_shape shape;
	int64_t n[3] = { 1, 1, 1 }, n_values = 1;

	s->law = *law;
	s->n_modes = 1;
	for (int a = 0; a < 3; a++)
		s->extent[a] = 1;
	for (int a = 0; a < law->n_dims; a++) {
		const int64_t least = law->boundary == FIELD_PERIODIC ? 1 : law->boundary == FIELD_NEUMANN ? 2 : 3;

		if (law->size[a] < least) {
			free(s);
			return err_set(e, ERR_USAGE, "random field: %lld points on axis %d are too few",
				       (long long)law->size[a], a);
		}
		n[a] = law->boundary == FIELD_DIRICHLET ? law->size[a] - 2 : law->size[a];
		s->extent[a] = law->boundary == FIELD_PERIODIC && a == law->n_dims - 1 ? n[a] / 2 + 1 : n[a];
		if (n[a] > INT64_MAX / 64 / n_values) {
			free(s);
			return err_set(e, ERR_USAGE, "random field: the grid is too large");
		}
		n_values *= n[a];
		s->n_modes *= s->extent[a];
	}
	if (law->mean_mode && law->boundary != FIELD_DIRICHLET && !(law->tau > 0)) {
		free(s);
		return err_set(e, ERR_USAGE, "random field: the mean mode needs tau > 0");
	}
	shape = fft_contiguous(kinds[law->boundary], false, law->n_dims, n, 1);
	s->plan = fft_plan_new(&shape, e);
	s->amplitude = s->plan ? mem_new(s->n_modes, sizeof *s->amplitude, "random field", e) : NULL;
	s->coefficient = s->amplitude ? mem_new(2 * s->n_modes, sizeof *s->coefficient, "random field", e) : NULL;
	s->value = s->coefficient ? mem_new(n_values, sizeof *s->value, "random field", e) : NULL;
	if (!s->value) {
		field_sampler_free(s);
		return -1;
	}
	for (int64_t i = 0; i < s->n_modes; i++) {
		int64_t k[3] = { 0 };
		double factor = 1;

		modes_of(s, i, k);
		if (!resolved(law, k) || (is_constant(law, k) && !law->mean_mode))
			continue;
		/* What turns c cos, c sin into the transform's own coefficients: a pair shares its two halves. */
		if (law->boundary == FIELD_PERIODIC)
			factor = is_constant(law, k) ? 1 : M_SQRT1_2;
		else
			for (int a = 0; a < law->n_dims; a++)
				factor *= k[a] > 0 ? M_SQRT1_2 : 1;
		s->amplitude[i] = factor * law->sigma * pow(eigenvalue(law, k), -0.5 * law->gamma);
	}
	*out = s;
	return 0;
}

void field_sampler_free(struct field_sampler *s)
{
	if (!s)
		return;
	fft_plan_free(s->plan);
	free(s->amplitude);
	free(s->coefficient);
	free(s->value);
	free(s);
}

/* Half spectrum. Entries with last wave number 0 hold both members of a pair: the one whose first non-zero wave number
 * is negative is the conjugate of the other. */
static void draw_periodic(struct field_sampler *s, struct rng stream)
{
	const int d = s->law.n_dims;

	for (int64_t i = 0; i < s->n_modes; i++) {
		double *c = s->coefficient + 2 * i, xi[2], sign = 1;
		int64_t k[3] = { 0 };

		c[0] = c[1] = 0;
		if (s->amplitude[i] == 0)
			continue;
		modes_of(s, i, k);
		for (int a = 0; a < d && k[d - 1] == 0 && sign == 1 && k[a] <= 0; a++)
			if (k[a] < 0)
				sign = -1;
		for (int a = 0; a < d; a++)
			k[a] *= sign < 0 ? -1 : 1;
		rng_normal(stream, 2 * mode_number(&s->law, k), 2, xi);
		c[0] = s->amplitude[i] * xi[0];
		c[1] = is_constant(&s->law, k) ? 0 : -sign * s->amplitude[i] * xi[1];
	}
}

static void draw_sided(struct field_sampler *s, struct rng stream)
{
	for (int64_t i = 0; i < s->n_modes; i++) {
		int64_t k[3] = { 0 };

		modes_of(s, i, k);
		s->coefficient[i] =
			s->amplitude[i] == 0 ? 0 : s->amplitude[i] * rng_normal_at(stream, mode_number(&s->law, k));
	}
}

void field_draw(struct field_sampler *s, struct rng stream, double *out)
{
	const struct field_law *law = &s->law;
	int64_t n_out = 1, inner;

	for (int a = 0; a < law->n_dims; a++)
		n_out *= law->size[a];
	if (law->boundary == FIELD_PERIODIC)
		draw_periodic(s, stream);
	else
		draw_sided(s, stream);
	fft_run(s->plan, s->coefficient, s->value);
	if (law->boundary != FIELD_DIRICHLET) {
		for (int64_t i = 0; i < n_out; i++)
			out[i] = law->mean + s->value[i];
		return;
	}
	for (int64_t i = 0; i < n_out; i++)
		out[i] = law->mean;
	inner = s->extent[law->n_dims - 1];
	for (int64_t row = 0; row < s->n_modes / inner; row++) {
		int64_t at = 0, rest = row;

		if (law->n_dims == 3) {
			at = (rest / s->extent[1] + 1) * law->size[1];
			rest %= s->extent[1];
		}
		if (law->n_dims >= 2)
			at = (at + rest + 1) * law->size[law->n_dims - 1];
		for (int64_t i = 0; i < inner; i++)
			out[at + 1 + i] = law->mean + s->value[row * inner + i];
	}
}

double field_std(const struct field_law *law, int64_t i)
{
	struct field_sampler s = { .law = *law, .n_modes = 1, .extent = { 1, 1, 1 } };
	double x[3] = { 0 }, variance = 0;

	for (int a = law->n_dims - 1; a >= 0; a--) {
		x[a] = (double)(i % law->size[a]) / (double)(law->size[a] - 1);
		i /= law->size[a];
		s.extent[a] = law->boundary == FIELD_DIRICHLET ? law->size[a] - 2 : law->size[a];
		s.n_modes *= s.extent[a];
	}
	/* Over the full spectrum; only Dirichlet and Neumann fields depend on the place. */
	for (int64_t m = 0; m < s.n_modes; m++) {
		int64_t k[3] = { 0 };
		double shape = 1;

		modes_of(&s, m, k);
		if (law->boundary == FIELD_PERIODIC && 2 * k[law->n_dims - 1] > law->size[law->n_dims - 1])
			k[law->n_dims - 1] -= law->size[law->n_dims - 1];
		if (!resolved(law, k) || (is_constant(law, k) && !law->mean_mode))
			continue;
		for (int a = 0; a < law->n_dims && law->boundary != FIELD_PERIODIC; a++)
			if (k[a] > 0)
				shape *= M_SQRT2 * (law->boundary == FIELD_NEUMANN ? cos(M_PI * (double)k[a] * x[a])
										   : sin(M_PI * (double)k[a] * x[a]));
		variance += law->sigma * law->sigma * pow(eigenvalue(law, k), -law->gamma) * shape * shape;
	}
	return sqrt(variance);
}
