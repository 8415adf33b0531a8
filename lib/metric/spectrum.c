/* spectrum.c: errors by wavenumber. Modes are taken together in shells k = floor(|k|) of integer wavenumbers, shells in
 * bands low (k < 4), mid (4 <= k < 12) and high (k >= 12), as PDEBench does.
 *
 * frmse_pdebench looks at modes with non-negative wavenumbers below half the points only, and at shells that fit into
 * every axis; spectrum_error looks at all of them, so that its squares add up to the square of the relative error
 * (Parseval). */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "metric/state.h"
#include "num/fft.h"

enum { LOW = 4, HIGH = 12, BANDS = 3 };
static const char *const band_names[BANDS] = { "low", "mid", "high" };

static int band_of(int64_t shell)
{
	return shell < LOW ? 0 : shell < HIGH ? 1 : 2;
}

struct spectrum {
	const struct metric_shape *shape;
	struct fft_plan *plan;
	double complex *in, *out;
	bool quadrant;
	int64_t n_shells, *shell; /* of every mode; -1: left out */
	int64_t n, capacity;	  /* samples */
	double *sum;		  /* quadrant: (frame and channel, shell), sums over samples of |E|^2 */
	double *score;		  /* else: (sample, 1 + bands + shells) shares, whole first */
};

/* Integer wavenumber of index i on an axis of n points. */
static int64_t wavenumber(int64_t i, int64_t n)
{
	return i <= n / 2 ? i : n - i;
}

static void find_shells(struct spectrum *m)
{
	const struct metric_shape *s = m->shape;
	int64_t n = metric_points(s), least = INT64_MAX, most = 0;

	for (int d = 0; d < s->n_dims; d++)
		least = s->size[d] / 2 < least ? s->size[d] / 2 : least;
	for (int64_t i = 0; i < n; i++) {
		int64_t stride = n, square = 0;
		bool taken = true;

		for (int d = 0; d < s->n_dims; d++) {
			stride /= s->size[d];
			int64_t index = i / stride % s->size[d], k = wavenumber(index, s->size[d]);

			square += k * k;
			/* one axis: the real transform, which ends with the mode of half the points */
			taken = taken && index < s->size[d] / 2 + (s->n_dims == 1);
		}
		int64_t shell = (int64_t)sqrt((double)square);
		if (m->quadrant && (!taken || (s->n_dims > 1 && shell >= least)))
			shell = -1;
		m->shell[i] = shell;
		most = shell > most ? shell : most;
	}
	m->n_shells = most + 1;
}

static struct spectrum *spectrum_new(const struct metric_shape *s, bool quadrant)
{
	struct spectrum *m = xcalloc(1, sizeof *m);
	int64_t n = metric_points(s);
	struct fft_shape f = fft_contiguous(FFT_FORWARD, false, s->n_dims, s->size, 1);

	m->shape = s;
	m->quadrant = quadrant;
	m->in = xaligned((size_t)n * sizeof *m->in);
	m->out = xaligned((size_t)n * sizeof *m->out);
	m->plan = fft_plan_new(&f, NULL);
	m->shell = xcalloc((size_t)n, sizeof *m->shell);
	find_shells(m);
	m->sum = xcalloc((size_t)(s->n_time * s->n_channel * m->n_shells), sizeof *m->sum);
	return m;
}

static void spectrum_free(struct spectrum *m)
{
	fft_plan_free(m->plan);
	free(m->in);
	free(m->out);
	free(m->shell);
	free(m->sum);
	free(m->score);
	free(m);
}

/* Adds |FFT(p - y)|^2 to its shells. p NULL: of y. */
static void add_power(struct spectrum *m, const double *p, const double *y, double *power)
{
	int64_t n = metric_points(m->shape);

	for (int64_t i = 0; i < n; i++)
		m->in[i] = p ? p[i] - y[i] : y[i];
	fft_run(m->plan, m->in, m->out);
	for (int64_t i = 0; i < n; i++)
		if (m->shell[i] >= 0)
			power[m->shell[i]] += creal(m->out[i]) * creal(m->out[i]) + cimag(m->out[i]) * cimag(m->out[i]);
}

static void *quadrant_begin(const struct metric_shape *s)
{
	return spectrum_new(s, true);
}

static void quadrant_add(void *state, const double *p, const double *y)
{
	struct spectrum *m = state;
	int64_t n = metric_points(m->shape), frames = m->shape->n_time * m->shape->n_channel;

	for (int64_t f = 0; f < frames; f++)
		add_power(m, p + f * n, y + f * n, m->sum + f * m->n_shells);
	m->n++;
}

static void quadrant_end(void *state, struct metric_result *r)
{
	struct spectrum *m = state;
	int64_t frames = m->shape->n_time * m->shape->n_channel, shells[BANDS] = { 0 };
	double scale = 1.0 / (double)metric_points(m->shape), band[BANDS] = { 0 }, whole = 0;

	for (int d = 0; d < m->shape->n_dims; d++)
		scale *= metric_length(m->shape, d);
	for (int64_t k = 0; k < m->n_shells; k++) {
		double amplitude = 0;

		for (int64_t f = 0; f < frames; f++)
			amplitude += sqrt(m->sum[f * m->n_shells + k] / (double)m->n) * scale / (double)frames;
		band[band_of(k)] += amplitude;
		shells[band_of(k)]++;
		m->sum[k] = amplitude; /* of frame 0, no longer needed below k */
	}
	for (int b = 0; b < BANDS; b++)
		whole += band[b] / (double)m->n_shells;
	metric_row_add(r, whole, "all");
	for (int b = 0; b < BANDS; b++)
		if (shells[b] > 0)
			metric_row_add(r, band[b] / (double)shells[b], "band=%s", band_names[b]);
	for (int64_t k = 0; k < m->n_shells; k++)
		metric_row_add(r, m->sum[k], "k=%lld", (long long)k);
	spectrum_free(m);
}

static void *full_begin(const struct metric_shape *s)
{
	return spectrum_new(s, false);
}

static void full_add(void *state, const double *p, const double *y)
{
	struct spectrum *m = state;
	int64_t n = metric_points(m->shape), frames = m->shape->n_time * m->shape->n_channel,
		row = 1 + BANDS + m->n_shells;
	double whole = 0, *target = xcalloc((size_t)m->n_shells, sizeof *target), *at;

	if (m->n >= m->capacity) {
		m->capacity = m->capacity ? 2 * m->capacity : 8;
		m->score = xrealloc(m->score, (size_t)(m->capacity * row) * sizeof *m->score);
	}
	at = m->score + m->n++ * row;
	memset(at, 0, (size_t)row * sizeof *at);
	for (int64_t f = 0; f < frames; f++) {
		add_power(m, p + f * n, y + f * n, at + 1 + BANDS);
		add_power(m, NULL, y + f * n, target);
	}
	for (int64_t k = 0; k < m->n_shells; k++) {
		whole += target[k];
		at[0] += at[1 + BANDS + k];
		at[1 + band_of(k)] += at[1 + BANDS + k];
	}
	for (int64_t i = 0; i < row; i++)
		at[i] = sqrt(at[i]) / sqrt(whole);
	free(target);
}

static double column_mean(const struct spectrum *m, int64_t column)
{
	double sum = 0;

	for (int64_t i = 0; i < m->n; i++)
		sum += m->score[i * (1 + BANDS + m->n_shells) + column];
	return sum / (double)m->n;
}

static void full_end(void *state, struct metric_result *r)
{
	struct spectrum *m = state;
	double *whole = xcalloc((size_t)m->n + 1, sizeof *whole);

	for (int64_t i = 0; i < m->n; i++)
		whole[i] = m->score[i * (1 + BANDS + m->n_shells)];
	metric_spread(r, m->n, whole);
	for (int b = 0; b < BANDS; b++)
		if (b == 0 || m->n_shells > (b == 1 ? LOW : HIGH))
			metric_row_add(r, column_mean(m, 1 + b), "band=%s", band_names[b]);
	for (int64_t k = 0; k < m->n_shells; k++)
		metric_row_add(r, column_mean(m, 1 + BANDS + k), "k=%lld", (long long)k);
	free(whole);
	spectrum_free(m);
}

static const struct metric_class c_quadrant = {
	.name = "frmse_pdebench",
	.formula =
		"sqrt(mean over samples of the sum over a shell of |FFT e|^2) lengths / points; mean over channels and "
		"frames, and over the shells of a band; modes with wavenumbers of 0 .. n/2 - 1 in every axis only",
	.source = "PDEBench, arXiv 2210.07182",
	.needs_grid = true,
	.begin = quadrant_begin,
	.add = quadrant_add,
	.end = quadrant_end,
};
static const struct metric_class c_full = {
	.name = "spectrum_error",
	.formula = "mean over samples of sqrt(sum over the modes of a band of |FFT e|^2) / sqrt(sum over all modes of "
		   "|FFT "
		   "y|^2); all modes; a sample's bands add up to its relative error in squares",
	.source = "Parseval",
	.needs_grid = true,
	.begin = full_begin,
	.add = full_add,
	.end = full_end,
};
const struct metric_class *const metric_file_spectrum[] = { &c_full, &c_quadrant, NULL };
