/* path.c: interpolation of series with missing values. Cubic Hermite with backward differences: Morrill et al. 2021
 * (arXiv 2106.11028), section 3; rectilinear: ibid. 3.2; natural splines: Kidger et al. 2020 (arXiv 2005.08926),
 * appendix A. */
#include "learner/path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/signature.h"

const char *const path_names[] = { "linear", "rectilinear", "natural", "hermite", "hold", "log_signature", NULL };

int64_t path_intervals(enum path_kind kind, int64_t n)
{
	return kind == PATH_RECTILINEAR ? 2 * (n - 1) : n - 1;
}

void path_knots(enum path_kind kind, int64_t n, const double *t, double *knot)
{
	for (int64_t k = 0; k <= path_intervals(kind, n); k++)
		knot[k] = kind == PATH_RECTILINEAR ? (double)k : t[k];
}

bool path_kinks(enum path_kind kind)
{
	return kind == PATH_LINEAR || kind == PATH_RECTILINEAR || kind == PATH_LOG_SIGNATURE;
}

/* Slopes at m knots (t, x) of the natural spline, from its second derivatives: the usual tridiagonal system. */
static void natural(int64_t m, const double *t, const double *x, double *second, double *scratch)
{
	double *diagonal = scratch, *right = scratch + m;

	second[0] = second[m - 1] = 0;
	for (int64_t i = 1; i + 1 < m; i++) {
		const double before = t[i] - t[i - 1], after = t[i + 1] - t[i];

		diagonal[i] = 2 * (before + after);
		right[i] = 6 * ((x[i + 1] - x[i]) / after - (x[i] - x[i - 1]) / before);
		if (i > 1) {
			const double w = before / diagonal[i - 1];

			diagonal[i] -= w * before;
			right[i] -= w * right[i - 1];
		}
	}
	for (int64_t i = m - 2; i > 0; i--)
		second[i] = (right[i] - (t[i + 1] - t[i]) * second[i + 1]) / diagonal[i];
}

/* Derivative polynomials of one channel on its own m knots: out (m - 1) x 3. */
static void own_slopes(enum path_kind kind, int64_t m, const double *t, const double *x, double *out, double *scratch)
{
	double *second = scratch;

	if (kind == PATH_NATURAL)
		natural(m, t, x, second, scratch + m);
	for (int64_t i = 0; i + 1 < m; i++) {
		const double h = t[i + 1] - t[i], chord = (x[i + 1] - x[i]) / h;
		double *p = out + 3 * i;

		p[0] = chord;
		p[1] = p[2] = 0;
		if (kind == PATH_NATURAL) {
			p[0] = chord - h * (2 * second[i] + second[i + 1]) / 6;
			p[1] = second[i];
			p[2] = (second[i + 1] - second[i]) / (2 * h);
		} else if (kind == PATH_HERMITE) {
			const double left = i == 0 ? chord : (x[i] - x[i - 1]) / (t[i] - t[i - 1]), right = chord;

			p[0] = left;
			p[1] = (6 * chord - 4 * left - 2 * right) / h;
			p[2] = (3 * left + 3 * right - 6 * chord) / (h * h);
		}
	}
}

/* One channel over all intervals: moved from its own knots to those of the series. stride: channels * 3. */
static double channel(enum path_kind kind, int64_t n, const double *t, int64_t stride_x, const double *x,
		      int64_t stride, double *slope, double *work)
{
	double *at = work, *value = work + n, *own = work + 2 * n, first = 0;
	int64_t m = 0, k = 0;

	for (int64_t i = 0; i < n; i++)
		if (!isnan(x[i * stride_x])) {
			at[m] = t[i];
			value[m++] = x[i * stride_x];
		}
	if (m > 0)
		first = value[0];
	own_slopes(kind, m, at, value, own, work + 5 * n);
	for (int64_t i = 0; i + 1 < n; i++) {
		double *p = slope + i * stride, s;

		memset(p, 0, 3 * sizeof *p);
		while (k + 1 < m && at[k + 1] <= t[i])
			k++;
		if (kind == PATH_HOLD || k + 1 >= m || t[i] < at[k])
			continue;
		s = t[i] - at[k];
		p[0] = own[3 * k] + s * (own[3 * k + 1] + s * own[3 * k + 2]);
		p[1] = own[3 * k + 1] + 2 * s * own[3 * k + 2];
		p[2] = own[3 * k + 2];
	}
	return first;
}

/* Odd intervals: a value moves while the time stands still. */
static double rectilinear(int64_t n, int64_t stride_x, const double *x, int64_t stride, double *slope)
{
	double last = 0, first = 0;
	bool seen = false;

	for (int64_t i = 0; i < n && !seen; i++)
		if (!isnan(x[i * stride_x])) {
			first = last = x[i * stride_x];
			seen = true;
		}
	for (int64_t i = 0; i + 1 < n; i++) {
		const double next = isnan(x[(i + 1) * stride_x]) ? last : x[(i + 1) * stride_x];

		memset(slope + 2 * i * stride, 0, 3 * sizeof *slope);
		memset(slope + (2 * i + 1) * stride, 0, 3 * sizeof *slope);
		slope[(2 * i + 1) * stride] = next - last;
		last = next;
	}
	return first;
}

void path_of(enum path_kind kind, int64_t n, const double *t, int64_t channels, const double *x, bool time_channel,
	     double *start, double *slope)
{
	const int64_t all = channels + time_channel, stride = 3 * all;
	double *work = xcalloc((size_t)(8 * n) + 8, sizeof *work);

	for (int64_t c = 0; c < channels; c++) {
		double *to = slope + 3 * (c + time_channel);

		start[c + time_channel] = kind == PATH_RECTILINEAR
						  ? rectilinear(n, channels, x + c, stride, to)
						  : channel(kind, n, t, channels, x + c, stride, to, work);
	}
	for (int64_t i = 0; i < path_intervals(kind, n) && time_channel; i++) {
		double *p = slope + i * stride;

		p[0] = kind != PATH_RECTILINEAR ? 1 : i % 2 == 0 ? t[i / 2 + 1] - t[i / 2] : 0;
		p[1] = p[2] = 0;
	}
	if (time_channel)
		start[0] = t[0];
	free(work);
}

int64_t path_windows(int64_t n, int64_t window)
{
	return (n - 1 + window - 1) / window;
}

static int64_t window_begin(int64_t n, int64_t window, int64_t k)
{
	return k * window < n - 1 ? k * window : n - 1;
}

void path_window_knots(int64_t n, const double *t, int64_t window, double *knot)
{
	for (int64_t k = 0; k <= path_windows(n, window); k++)
		knot[k] = t[window_begin(n, window, k)];
}

void path_log_signatures(int64_t n, const double *t, int64_t channels, const double *x, bool time_channel, int depth,
			 int64_t window, double *start, double *slope)
{
	const int64_t all = channels + time_channel, size = signature_size(all, depth),
		      coordinates = signature_log_size(all, depth);
	double *line = xcalloc((size_t)((n - 1) * all * 3) + 1, sizeof *line);
	double *s = xcalloc((size_t)(2 * size + coordinates + all) + 1, sizeof *s), *l = s + size, *c = l + size,
	       *step = c + coordinates;

	path_of(PATH_LINEAR, n, t, channels, x, time_channel, start, line);
	for (int64_t k = 0; k < path_windows(n, window); k++) {
		const int64_t begin = window_begin(n, window, k), end = window_begin(n, window, k + 1);

		memset(s, 0, (size_t)size * sizeof *s);
		for (int64_t i = begin; i < end; i++) {
			for (int64_t j = 0; j < all; j++)
				step[j] = line[(i * all + j) * 3] * (t[i + 1] - t[i]);
			signature_extend(all, depth, step, s);
		}
		signature_log(all, depth, s, l);
		signature_to_lyndon(all, depth, l, c);
		for (int64_t j = 0; j < coordinates; j++) {
			double *p = slope + (k * coordinates + j) * 3;

			p[0] = c[j] / (t[end] - t[begin]);
			p[1] = p[2] = 0;
		}
	}
	free(line);
	free(s);
}
