/* plot_ticks.c: round numbers on an axis, and colours. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/plot_inside.h"

/* "2e-05" -> "2e-5", "1e+06" -> "1e6". */
static void tidy(char *text)
{
	char *e = strchr(text, 'e'), *from, *to;

	if (!e)
		return;
	from = to = e + 1;
	if (*from == '-')
		*to++ = *from++;
	else if (*from == '+')
		from++;
	while (*from == '0' && from[1])
		from++;
	memmove(to, from, strlen(from) + 1);
}

static void label(char *text, size_t room, double v, double step, double most)
{
	int decimals = (int)fmax(0, -floor(log10(step) + 1e-9));

	if (most >= 1e5 || most < 1e-3) {
		/* as many digits as tell neighbours apart */
		int digits = v == 0 ? 0 : (int)fmax(0, floor(log10(fabs(v)) + 1e-9) - floor(log10(step) + 1e-9));

		snprintf(text, room, v == 0 ? "0" : "%.*e", digits, v);
		tidy(text);
	} else {
		snprintf(text, room, "%.*f", decimals, v);
	}
}

static void linear(struct ticks *t, int wanted)
{
	double raw = (t->hi - t->lo) / wanted, power = pow(10, floor(log10(raw))), step = power;

	for (int i = 0; step < raw * 0.999; i++)
		step = power * (i == 0 ? 2 : i == 1 ? 5 : 10);
	for (double k = ceil(t->lo / step - 1e-9); k * step <= t->hi + 1e-9 * step && t->n < TICKS_MAX; k++) {
		t->at[t->n] = k == 0 ? 0 : k * step;
		label(t->text[t->n], sizeof t->text[t->n], t->at[t->n], step, fmax(fabs(t->lo), fabs(t->hi)));
		t->n++;
	}
}

static void decades(struct ticks *t, int wanted)
{
	static const double within[] = { 1, 2, 5 };
	double first = floor(log10(t->lo)), last = ceil(log10(t->hi)), span = log10(t->hi / t->lo);
	int skip = (int)fmax(1, ceil(span / wanted)), n_within = span < 2 ? 3 : 1;

	for (double d = first; d <= last; d++)
		for (int i = 0; i < n_within; i++) {
			double v = within[i] * pow(10, d);

			if (v < t->lo * 0.999 || v > t->hi * 1.001 || t->n == TICKS_MAX || fmod(fabs(d), skip) != 0)
				continue;
			t->at[t->n] = v;
			snprintf(t->text[t->n], sizeof t->text[t->n], v >= 1e-3 && v < 1e5 ? "%g" : "%.0e", v);
			tidy(t->text[t->n++]);
		}
}

void ticks_make(struct ticks *t, double lo, double hi, bool log, int wanted)
{
	*t = (struct ticks){ .log = log };
	if (!isfinite(lo) || !isfinite(hi) || lo > hi || (log && lo <= 0)) {
		lo = log ? 0.1 : 0;
		hi = 1;
	}
	/* a range below the resolution of its numbers is a point */
	if (!log && hi - lo <= 1e-12 * fmax(fabs(lo), fabs(hi))) {
		double room = lo == 0 ? 1 : 0.1 * fabs(lo);

		lo -= room;
		hi += room;
	}
	if (log && hi < lo * 1.5) {
		lo /= 1.5;
		hi *= 1.5;
	}
	t->lo = lo;
	t->hi = hi;
	if (log)
		decades(t, wanted);
	if (t->n < 2) {
		t->n = 0;
		linear(t, wanted);
	}
}

double ticks_position(const struct ticks *t, double v)
{
	return t->log ? log(v / t->lo) / log(t->hi / t->lo) : (v - t->lo) / (t->hi - t->lo);
}

void plot_colour(enum plot_map map, double u, unsigned char *rgb)
{
	/* viridis (van der Walt and Smith, CC0) and ColorBrewer's RdBu, at equal distances */
	static const unsigned char sequential[][3] = { { 68, 1, 84 },	 { 72, 40, 120 },  { 62, 74, 137 },
						       { 49, 104, 142 }, { 38, 130, 142 }, { 31, 158, 137 },
						       { 53, 183, 121 }, { 110, 206, 88 }, { 181, 222, 43 },
						       { 253, 231, 37 } };
	static const unsigned char diverging[][3] = { { 33, 102, 172 },	 { 67, 147, 195 },  { 146, 197, 222 },
						      { 209, 229, 240 }, { 247, 247, 247 }, { 253, 219, 199 },
						      { 244, 165, 130 }, { 214, 96, 77 },   { 178, 24, 43 } };
	const unsigned char(*table)[3] = map == PLOT_DIVERGING ? diverging : sequential;
	int n = (int)(map == PLOT_DIVERGING ? sizeof diverging / sizeof *diverging
					    : sizeof sequential / sizeof *sequential);

	if (isnan(u)) {
		memset(rgb, 160, 3);
		return;
	}
	u = fmin(fmax(u, 0), 1) * (n - 1);
	int i = (int)fmin(floor(u), n - 2);
	for (int k = 0; k < 3; k++)
		rgb[k] = (unsigned char)lround(table[i][k] + (u - i) * (table[i + 1][k] - table[i][k]));
}

void plot_line_colour(int i, double *rgb)
{
	/* Okabe and Ito's colours, told apart by everybody */
	static const unsigned char colour[][3] = { { 0, 0, 0 },	      { 213, 94, 0 },  { 0, 114, 178 }, { 0, 158, 115 },
						   { 204, 121, 167 }, { 230, 159, 0 }, { 86, 180, 233 } };
	const unsigned char *c = colour[i % (int)(sizeof colour / sizeof *colour)];

	for (int k = 0; k < 3; k++)
		rgb[k] = c[k] / 255.0;
}
