/* plot_inside.h: between the files of plot: what a page holds, and ticks and colours. */
#ifndef SCIML_PLOT_PLOT_INSIDE_H
#define SCIML_PLOT_PLOT_INSIDE_H

#include <cairo.h>

#include "plot/plot.h"

enum panel_kind { PANEL_EMPTY, PANEL_FIELD, PANEL_CURVES, PANEL_BARS };

struct curve {
	char *label; /* or NULL */
	int64_t n;
	double *x, *y;
	bool markers;
};
struct panel {
	enum panel_kind kind;
	char *title, *x_label, *y_label; /* or NULL */
	bool log_x, log_y;
	/* field */
	int64_t nx, ny;
	double *values, lo, hi;
	enum plot_map map;
	/* curves */
	int n_curves, curve_capacity;
	struct curve *curve;
	/* bars */
	int64_t n_bars;
	char **bar_label;
	double *bar;
};
struct plot {
	int n_rows, n_columns;
	char *title; /* or NULL */
	struct panel *panel;
};

/* plot_ticks.c: at most TICKS_MAX round numbers within [lo, hi] and their texts; a range that is empty or not finite is
 * widened first. Logarithmic: lo, hi > 0. */
enum { TICKS_MAX = 16 };
struct ticks {
	double lo, hi; /* the range in use */
	bool log;
	int n;
	double at[TICKS_MAX];
	char text[TICKS_MAX][24];
};
void ticks_make(struct ticks *t, double lo, double hi, bool log, int wanted);
double ticks_position(const struct ticks *t, double v); /* 0 at lo, 1 at hi */

/* plot_ticks.c: red, green, blue in 0..255; u in [0, 1], NaN is grey. */
void plot_colour(enum plot_map map, double u, unsigned char *rgb);
void plot_line_colour(int i, double *rgb); /* of the i-th curve; 0..1 */

/* plot_draw.c */
void plot_page_size(const struct plot *p, double *width, double *height); /* points */
void plot_draw(const struct plot *p, cairo_t *c);
/* plot_panel.c: one panel into its cell */
void plot_draw_panel(cairo_t *c, const struct panel *p, double x, double y, double width, double height);

/* plot_draw.c: text at a point; align -1 left, 0 centre, 1 right; vertically centred on y. Returns its width. */
double plot_text(cairo_t *c, double x, double y, int align, double size, bool bold, const char *text);
double plot_text_width(cairo_t *c, double size, const char *text);
/* Turned to read upwards, centred. */
void plot_text_up(cairo_t *c, double x, double y, double size, const char *text);

#endif
