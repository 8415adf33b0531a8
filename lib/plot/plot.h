/* plot.h: pictures as files (.png .svg .pdf) through cairo. Deterministic: same data, same bytes. */
#ifndef SCIML_PLOT_PLOT_H
#define SCIML_PLOT_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A page of panels in a grid, n_rows x n_columns; the suffix of path chooses the format. */
struct plot;
struct plot *plot_new(int n_rows, int n_columns, const char *title);
void plot_free(struct plot *p);
int plot_write(const struct plot *p, const char *path, struct err *e); /* atomic */
/* Is the suffix one that can be drawn? Asked before work starts. */
int plot_check_path(const char *path, struct err *e);

enum plot_map { PLOT_SEQUENTIAL, PLOT_DIVERGING }; /* viridis-like; blue-white-red symmetric about 0 */
/* Panel (row, column) as an image of values[nx][ny] (x = first axis to the right, y upwards) with a colour bar; lo ==
 * hi: range of the data. NaN is grey. Data are copied. */
void plot_field(struct plot *p, int row, int column, const char *title, int64_t nx, int64_t ny, const double *values,
		double lo, double hi, enum plot_map map);
/* Curves in panel (row, column); call once per curve. */
struct plot_axes {
	const char *title, *x_label, *y_label;
	bool log_x, log_y;
};
void plot_axes(struct plot *p, int row, int column, const struct plot_axes *a);
void plot_curve(struct plot *p, int row, int column, const char *label, int64_t n, const double *x, const double *y,
		bool markers);
/* Bars with labels (metric tables). */
void plot_bars(struct plot *p, int row, int column, const char *title, int64_t n, const char *const *label,
	       const double *value);

#endif
