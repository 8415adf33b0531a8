/* plot_panel.c: one panel: an image with its colour bar, curves with axes and legend, or bars. */
#include <math.h>
#include <stdio.h>

#include "plot/plot_inside.h"

static const double title_size = 11.5, label_size = 10.5, tick_size = 9.5;
static const double bar_room = 62; /* for the colour bar and its numbers */

struct box {
	double x, y, width, height;
};

static void ink(cairo_t *c)
{
	cairo_set_source_rgb(c, 0.1, 0.1, 0.1);
}

static void frame(cairo_t *c, struct box b)
{
	ink(c);
	cairo_set_line_width(c, 0.8);
	cairo_rectangle(c, b.x, b.y, b.width, b.height);
	cairo_stroke(c);
}

/* An image of n x m cells, enlarged by repetition so that viewers do not blur it. */
static void image(cairo_t *c, struct box b, int64_t nx, int64_t ny, double (*value)(const void *, int64_t, int64_t),
		  const void *context, enum plot_map map)
{
	int zoom = (int)fmax(1, ceil(400.0 / (double)(nx > ny ? nx : ny)));
	cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)nx * zoom, (int)ny * zoom);
	int stride = cairo_image_surface_get_stride(s);
	unsigned char *data, rgb[3];

	if (cairo_surface_status(s) != CAIRO_STATUS_SUCCESS) {
		cairo_surface_destroy(s);
		return;
	}
	cairo_surface_flush(s);
	data = cairo_image_surface_get_data(s);
	for (int64_t j = 0; j < ny; j++)
		for (int64_t i = 0; i < nx; i++) {
			plot_colour(map, value(context, i, ny - 1 - j), rgb);
			uint32_t pixel = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];

			for (int v = 0; v < zoom; v++)
				for (int u = 0; u < zoom; u++)
					((uint32_t *)(void *)(data + (j * zoom + v) * stride))[i * zoom + u] = pixel;
		}
	cairo_surface_mark_dirty(s);
	cairo_save(c);
	cairo_translate(c, b.x, b.y);
	cairo_scale(c, b.width / ((double)nx * zoom), b.height / ((double)ny * zoom));
	cairo_set_source_surface(c, s, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(c), CAIRO_FILTER_NEAREST);
	cairo_rectangle(c, 0, 0, (double)nx * zoom, (double)ny * zoom);
	cairo_fill(c);
	cairo_restore(c);
	cairo_surface_destroy(s);
}

static double field_value(const void *context, int64_t i, int64_t j)
{
	const struct panel *p = context;
	double v = p->values[i * p->ny + j];

	if (isnan(v))
		return NAN;
	return p->hi > p->lo ? (v - p->lo) / (p->hi - p->lo) : 0.5;
}

static double ramp(const void *context, int64_t i, int64_t j)
{
	(void)i;
	return (double)j / (*(const double *)context - 1);
}

static void draw_field(cairo_t *c, const struct panel *p, struct box b)
{
	double aspect = (double)p->nx / (double)p->ny, steps = 128;
	struct box bar;
	struct ticks t;

	b.width -= bar_room;
	/* grids keep their shape unless they are very long */
	if (aspect < 0.4 || aspect > 2.5)
		aspect = b.width / b.height;
	if (b.width > b.height * aspect) {
		b.x += (b.width - b.height * aspect) / 2;
		b.width = b.height * aspect;
	} else {
		b.y += (b.height - b.width / aspect) / 2;
		b.height = b.width / aspect;
	}
	image(c, b, p->nx, p->ny, field_value, p, p->map);
	frame(c, b);
	bar = (struct box){ b.x + b.width + 8, b.y, 11, b.height };
	image(c, bar, 1, (int64_t)steps, ramp, &steps, p->map);
	frame(c, bar);
	if (!(p->hi > p->lo)) {
		char text[32];

		snprintf(text, sizeof text, "%.4g", p->lo);
		if (isfinite(p->lo))
			plot_text(c, bar.x + bar.width + 6, bar.y + bar.height / 2, -1, tick_size, false, text);
		return;
	}
	ticks_make(&t, p->lo, p->hi, false, 5);
	for (int i = 0; i < t.n; i++) {
		double y = bar.y + bar.height * (1 - ticks_position(&t, t.at[i]));

		cairo_move_to(c, bar.x + bar.width, y);
		cairo_rel_line_to(c, 3, 0);
		cairo_stroke(c);
		plot_text(c, bar.x + bar.width + 5, y, -1, tick_size, false, t.text[i]);
	}
}

/* Range of what can be drawn: finite, positive on logarithmic axes. */
static void range(const struct panel *p, bool of_x, double *lo, double *hi)
{
	bool log = of_x ? p->log_x : p->log_y;

	*lo = INFINITY;
	*hi = -INFINITY;
	for (int i = 0; i < p->n_curves; i++)
		for (int64_t k = 0; k < p->curve[i].n; k++) {
			double v = of_x ? p->curve[i].x[k] : p->curve[i].y[k];

			if (!isfinite(v) || (log && v <= 0))
				continue;
			*lo = fmin(*lo, v);
			*hi = fmax(*hi, v);
		}
	if (!of_x && *hi > *lo) {
		double room = log ? pow(*hi / *lo, 0.04) : 0.04 * (*hi - *lo);

		*lo = log ? *lo / room : *lo - room;
		*hi = log ? *hi * room : *hi + room;
	}
}

/* One line of marks and labels above the axes, in as many rows as needed; returns their height. */
static double legend(cairo_t *c, const struct panel *p, struct box b, bool draw)
{
	double x = 0, row = 0;
	bool any = false;

	for (int i = 0; i < p->n_curves; i++) {
		if (!p->curve[i].label)
			continue;
		double width = 24 + plot_text_width(c, tick_size, p->curve[i].label) + 10, rgb[3];

		if (any && x + width > b.width) {
			x = 0;
			row++;
		}
		any = true;
		if (draw) {
			double y = b.y + 6 + row * 13;

			plot_line_colour(i, rgb);
			cairo_set_source_rgb(c, rgb[0], rgb[1], rgb[2]);
			cairo_set_line_width(c, 1.8);
			cairo_move_to(c, b.x + x, y);
			cairo_rel_line_to(c, 18, 0);
			cairo_stroke(c);
			ink(c);
			plot_text(c, b.x + x + 23, y, -1, tick_size, false, p->curve[i].label);
		}
		x += width;
	}
	return any ? (row + 1) * 13 + 3 : 0;
}

static void draw_curve(cairo_t *c, const struct curve *k, struct box b, const struct ticks *tx, const struct ticks *ty)
{
	bool drawing = false;

	for (int64_t i = 0; i < k->n; i++) {
		double x = b.x + b.width * ticks_position(tx, k->x[i]),
		       y = b.y + b.height * (1 - ticks_position(ty, k->y[i]));

		if (!isfinite(x) || !isfinite(y)) {
			drawing = false;
			continue;
		}
		if (drawing)
			cairo_line_to(c, x, y);
		else
			cairo_move_to(c, x, y);
		drawing = true;
	}
	cairo_stroke(c);
	for (int64_t i = 0; i < k->n && (k->markers || k->n == 1); i++) {
		double x = b.x + b.width * ticks_position(tx, k->x[i]),
		       y = b.y + b.height * (1 - ticks_position(ty, k->y[i]));

		if (!isfinite(x) || !isfinite(y))
			continue;
		cairo_arc(c, x, y, 2.4, 0, 4 * acos(0));
		cairo_fill(c);
	}
}

static void grid_line(cairo_t *c, double x, double y, double dx, double dy)
{
	cairo_set_source_rgb(c, 0.88, 0.88, 0.88);
	cairo_set_line_width(c, 0.6);
	cairo_move_to(c, x, y);
	cairo_rel_line_to(c, dx, dy);
	cairo_stroke(c);
	ink(c);
}

static void draw_curves(cairo_t *c, const struct panel *p, struct box b)
{
	double lo, hi, widest = 0, above = legend(c, p, b, false);
	struct ticks tx, ty;

	range(p, true, &lo, &hi);
	ticks_make(&tx, lo, hi, p->log_x, 5);
	range(p, false, &lo, &hi);
	ticks_make(&ty, lo, hi, p->log_y, 5);
	for (int i = 0; i < ty.n; i++)
		widest = fmax(widest, plot_text_width(c, tick_size, ty.text[i]));
	legend(c, p, b, true);
	double left = widest + 7 + (p->y_label ? 15 : 0), below = 16 + (p->x_label ? 14 : 0);
	struct box a = { b.x + left, b.y + above, b.width - left - 12, b.height - above - below };

	for (int i = 0; i < tx.n; i++) {
		double x = a.x + a.width * ticks_position(&tx, tx.at[i]);

		grid_line(c, x, a.y, 0, a.height);
		plot_text(c, x, a.y + a.height + 9, 0, tick_size, false, tx.text[i]);
	}
	for (int i = 0; i < ty.n; i++) {
		double y = a.y + a.height * (1 - ticks_position(&ty, ty.at[i]));

		grid_line(c, a.x, y, a.width, 0);
		plot_text(c, a.x - 4, y, 1, tick_size, false, ty.text[i]);
	}
	if (p->x_label)
		plot_text(c, a.x + a.width / 2, a.y + a.height + 23, 0, label_size, false, p->x_label);
	if (p->y_label)
		plot_text_up(c, b.x + 6, a.y + a.height / 2, label_size, p->y_label);
	cairo_save(c);
	cairo_rectangle(c, a.x - 2, a.y - 2, a.width + 4, a.height + 4);
	cairo_clip(c);
	cairo_set_line_join(c, CAIRO_LINE_JOIN_ROUND);
	for (int i = 0; i < p->n_curves; i++) {
		double rgb[3];

		plot_line_colour(i, rgb);
		cairo_set_source_rgb(c, rgb[0], rgb[1], rgb[2]);
		cairo_set_line_width(c, 1.4);
		draw_curve(c, &p->curve[i], a, &tx, &ty);
	}
	cairo_restore(c);
	frame(c, a);
}

/* Lying bars: names stay readable. */
static void draw_bars(cairo_t *c, const struct panel *p, struct box b)
{
	double most = 0, least = 0, left = 0, step = b.height / (double)(p->n_bars > 0 ? p->n_bars : 1);

	step = fmin(step, 40);
	for (int64_t i = 0; i < p->n_bars; i++) {
		left = fmax(left, plot_text_width(c, tick_size, p->bar_label[i]));
		if (isfinite(p->bar[i])) {
			most = fmax(most, p->bar[i]);
			least = fmin(least, p->bar[i]);
		}
	}
	left = fmin(left + 6, 0.5 * b.width);
	double width = b.width - left - 52, scale = most > least ? width / (most - least) : 0,
	       zero = b.x + left - least * scale;

	for (int64_t i = 0; i < p->n_bars; i++) {
		double y = b.y + (double)i * step, length = isfinite(p->bar[i]) ? p->bar[i] * scale : 0, rgb[3];
		char text[32];

		plot_line_colour(2, rgb);
		cairo_set_source_rgb(c, rgb[0], rgb[1], rgb[2]);
		cairo_rectangle(c, zero, y + 0.15 * step, length, 0.7 * step);
		cairo_fill(c);
		ink(c);
		plot_text(c, b.x + left - 5, y + step / 2, 1, tick_size, false, p->bar_label[i]);
		snprintf(text, sizeof text, isnan(p->bar[i]) ? "nan" : "%.3g", p->bar[i]);
		plot_text(c, zero + fmax(length, 0) + 4, y + step / 2, -1, tick_size, false, text);
	}
	cairo_set_line_width(c, 0.8);
	cairo_move_to(c, zero, b.y);
	cairo_rel_line_to(c, 0, (double)p->n_bars * step);
	cairo_stroke(c);
}

void plot_draw_panel(cairo_t *c, const struct panel *p, double x, double y, double width, double height)
{
	struct box b = { x + 8, y + 26, width - 16, height - 36 };

	if (p->kind == PANEL_EMPTY)
		return;
	ink(c);
	if (p->title)
		plot_text(c, p->kind == PANEL_FIELD ? b.x + (b.width - bar_room) / 2 : x + width / 2, y + 13, 0,
			  title_size, true, p->title);
	if (p->kind == PANEL_FIELD)
		draw_field(c, p, b);
	else if (p->kind == PANEL_CURVES)
		draw_curves(c, p, b);
	else
		draw_bars(c, p, b);
}
