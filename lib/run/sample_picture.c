/* sample_picture.c: what has been drawn, at a glance. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plot/plot.h"
#include "run/sample_file.h"

enum { SIDE = 8, CURVES = 6, BINS = 64 };

struct sample_picture {
	char *path, *name;
	int n_dims;	 /* of the grid: 0 vectors, 1 lines, 2 planes */
	bool rows_first; /* planes: the first axis runs down, as in images */
	int64_t size[2], count;
	int64_t n, room; /* samples kept */
	double *kept;	 /* planes and lines: the first channel; vectors: the first two elements */
	int64_t width;	 /* kept of each */
};

struct sample_picture *sample_picture_new(const struct layout *l, int field, const char *path, struct err *e)
{
	const struct field *f = &l->field[field];
	struct sample_picture *p;

	if (plot_check_path(path, e) != 0)
		return NULL;
	p = xcalloc(1, sizeof *p);
	p->path = xstrdup(path);
	p->name = xstrdup(f->name);
	p->count = layout_field_count(l, field);
	p->size[0] = p->size[1] = 1;
	for (int i = 0; i < f->n_axes; i++) {
		const struct axis *a = &l->axis[f->axis[i]];

		if (a->kind != AXIS_SPACE && a->kind != AXIS_POINT)
			continue;
		if (p->n_dims == 0)
			p->rows_first = strcmp(a->name, "y") == 0 || strcmp(a->name, "row") == 0;
		if (p->n_dims == 2) { /* of volumes the first plane of the last two axes */
			p->size[0] = p->size[1];
			p->n_dims = 1;
		}
		p->size[p->n_dims++] = a->size;
	}
	p->width = p->n_dims > 0 ? p->size[0] * p->size[1] : p->count < 2 ? 1 : 2;
	p->room = p->n_dims == 2 ? SIDE * SIDE : p->n_dims == 1 ? CURVES : 1 << 20;
	return p;
}

void sample_picture_add(struct sample_picture *p, int64_t n, const double *samples)
{
	if (!p)
		return;
	if (n > p->room - p->n)
		n = p->room - p->n;
	p->kept = xrealloc(p->kept, (size_t)((p->n + n) * p->width + 1) * sizeof *p->kept);
	for (int64_t i = 0; i < n; i++)
		memcpy(p->kept + (p->n + i) * p->width, samples + i * p->count, (size_t)p->width * sizeof *p->kept);
	p->n += n;
}

/* One image of all tiles, a line of the colour scale's low end between them. */
static void draw_tiles(const struct sample_picture *p, struct plot *to)
{
	const int64_t across = p->rows_first ? p->size[1] : p->size[0], up = p->rows_first ? p->size[0] : p->size[1];
	const int64_t side = (int64_t)ceil(sqrt((double)p->n)), nx = side * (across + 1) - 1, ny = side * (up + 1) - 1;
	double *image = xmalloc((size_t)(nx * ny) * sizeof *image);

	for (int64_t i = 0; i < nx * ny; i++)
		image[i] = NAN;
	for (int64_t k = 0; k < p->n; k++) {
		const double *tile = p->kept + k * p->width;
		const int64_t left = k % side * (across + 1), top = ny - 1 - k / side * (up + 1);

		for (int64_t i = 0; i < across; i++)
			for (int64_t j = 0; j < up; j++) /* j: downwards from the tile's top */
				image[(left + i) * ny + top - j] =
					p->rows_first ? tile[j * across + i] : tile[i * up + up - 1 - j];
	}
	plot_field(to, 0, 0, p->name, nx, ny, image, 0, 0, PLOT_SEQUENTIAL);
	free(image);
}

static void draw_curves(const struct sample_picture *p, struct plot *to)
{
	double *x = xmalloc((size_t)p->width * sizeof *x);

	for (int64_t i = 0; i < p->width; i++)
		x[i] = (double)i;
	plot_axes(to, 0, 0, &(struct plot_axes){ p->name, "point", NULL, false, false });
	for (int64_t k = 0; k < p->n; k++)
		plot_curve(to, 0, 0, NULL, p->width, x, p->kept + k * p->width, false);
	free(x);
}

static void range_of(const struct sample_picture *p, int64_t which, double *lo, double *hi)
{
	*lo = INFINITY;
	*hi = -INFINITY;
	for (int64_t k = 0; k < p->n; k++) {
		const double v = p->kept[k * p->width + which];

		*lo = v < *lo ? v : *lo;
		*hi = v > *hi ? v : *hi;
	}
	if (!(*lo < *hi)) {
		*lo -= 0.5;
		*hi += 0.5;
	}
}

static int64_t bin_of(double v, double lo, double hi)
{
	const int64_t k = (int64_t)(BINS * (v - lo) / (hi - lo));

	return k < 0 ? 0 : k >= BINS ? BINS - 1 : k;
}

static void draw_histogram(const struct sample_picture *p, struct plot *to)
{
	double *bins = xcalloc(BINS * BINS, sizeof *bins), lo[2], hi[2];
	char title[160];

	for (int64_t i = 0; i < p->width; i++)
		range_of(p, i, &lo[i], &hi[i]);
	if (p->width == 1) {
		double x[BINS];

		for (int i = 0; i < BINS; i++)
			x[i] = lo[0] + (i + 0.5) / BINS * (hi[0] - lo[0]);
		for (int64_t k = 0; k < p->n; k++)
			bins[bin_of(p->kept[k], lo[0], hi[0])] += BINS / ((double)p->n * (hi[0] - lo[0]));
		plot_axes(to, 0, 0, &(struct plot_axes){ p->name, NULL, "density", false, false });
		plot_curve(to, 0, 0, NULL, BINS, x, bins, false);
	} else {
		for (int64_t k = 0; k < p->n; k++)
			bins[bin_of(p->kept[2 * k], lo[0], hi[0]) * BINS + bin_of(p->kept[2 * k + 1], lo[1], hi[1])]++;
		snprintf(title, sizeof title, "%.20s in [%.3g, %.3g] x [%.3g, %.3g]", p->name, lo[0], hi[0], lo[1],
			 hi[1]);
		plot_field(to, 0, 0, title, BINS, BINS, bins, 0, 0, PLOT_SEQUENTIAL);
	}
	free(bins);
}

int sample_picture_write(struct sample_picture *p, struct err *e)
{
	struct plot *to = plot_new(1, 1, NULL);
	int status;

	if (p->n_dims == 2)
		draw_tiles(p, to);
	else if (p->n_dims == 1)
		draw_curves(p, to);
	else
		draw_histogram(p, to);
	status = plot_write(to, p->path, e);
	plot_free(to);
	return status;
}

void sample_picture_free(struct sample_picture *p)
{
	if (!p)
		return;
	free(p->path);
	free(p->name);
	free(p->kept);
	free(p);
}
