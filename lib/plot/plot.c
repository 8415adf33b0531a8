/* plot.c: what a page holds. */
#include "plot/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plot/plot_inside.h"

static char *copy_text(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static double *copy_values(int64_t n, const double *v)
{
	double *c = xmalloc((size_t)(n + 1) * sizeof *c);

	memcpy(c, v, (size_t)n * sizeof *c);
	return c;
}

struct plot *plot_new(int n_rows, int n_columns, const char *title)
{
	struct plot *p = xcalloc(1, sizeof *p);

	p->n_rows = n_rows;
	p->n_columns = n_columns;
	p->title = copy_text(title);
	p->panel = xcalloc((size_t)(n_rows * n_columns), sizeof *p->panel);
	return p;
}

static void panel_free(struct panel *a)
{
	for (int i = 0; i < a->n_curves; i++) {
		free(a->curve[i].label);
		free(a->curve[i].x);
		free(a->curve[i].y);
	}
	for (int64_t i = 0; i < a->n_bars; i++)
		free(a->bar_label[i]);
	free(a->curve);
	free(a->bar_label);
	free(a->bar);
	free(a->values);
	free(a->title);
	free(a->x_label);
	free(a->y_label);
	memset(a, 0, sizeof *a);
}

void plot_free(struct plot *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->n_rows * p->n_columns; i++)
		panel_free(&p->panel[i]);
	free(p->panel);
	free(p->title);
	free(p);
}

static struct panel *at(struct plot *p, int row, int column)
{
	return &p->panel[row * p->n_columns + column];
}

void plot_field(struct plot *p, int row, int column, const char *title, int64_t nx, int64_t ny, const double *values,
		double lo, double hi, enum plot_map map)
{
	struct panel *a = at(p, row, column);

	panel_free(a);
	a->kind = PANEL_FIELD;
	a->title = copy_text(title);
	a->nx = nx;
	a->ny = ny;
	a->values = copy_values(nx * ny, values);
	if (lo == hi) {
		lo = INFINITY;
		hi = -INFINITY;
		for (int64_t i = 0; i < nx * ny; i++)
			if (isfinite(values[i])) {
				lo = fmin(lo, values[i]);
				hi = fmax(hi, values[i]);
			}
	}
	if (map == PLOT_DIVERGING) {
		hi = fmax(fabs(lo), fabs(hi));
		lo = -hi;
	}
	a->lo = lo;
	a->hi = hi;
	a->map = map;
}

void plot_axes(struct plot *p, int row, int column, const struct plot_axes *x)
{
	struct panel *a = at(p, row, column);

	panel_free(a);
	a->kind = PANEL_CURVES;
	a->title = copy_text(x->title);
	a->x_label = copy_text(x->x_label);
	a->y_label = copy_text(x->y_label);
	a->log_x = x->log_x;
	a->log_y = x->log_y;
}

void plot_curve(struct plot *p, int row, int column, const char *label, int64_t n, const double *x, const double *y,
		bool markers)
{
	struct panel *a = at(p, row, column);

	a->kind = PANEL_CURVES;
	MEM_GROW(a->curve, a->n_curves, a->curve_capacity);
	a->curve[a->n_curves++] = (struct curve){ copy_text(label), n, copy_values(n, x), copy_values(n, y), markers };
}

void plot_bars(struct plot *p, int row, int column, const char *title, int64_t n, const char *const *label,
	       const double *value)
{
	struct panel *a = at(p, row, column);

	panel_free(a);
	a->kind = PANEL_BARS;
	a->title = copy_text(title);
	a->n_bars = n;
	a->bar_label = xcalloc((size_t)n + 1, sizeof *a->bar_label);
	for (int64_t i = 0; i < n; i++)
		a->bar_label[i] = xstrdup(label[i]);
	a->bar = copy_values(n, value);
}
