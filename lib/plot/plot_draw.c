/* plot_draw.c: the page: its size, its title, its panels in their cells; texts. */
#include <math.h>

#include "plot/plot_inside.h"

static const double cell_width = 280, cell_height = 232, margin = 10, title_height = 26;

void plot_page_size(const struct plot *p, double *width, double *height)
{
	*width = p->n_columns * cell_width + 2 * margin;
	*height = p->n_rows * cell_height + 2 * margin + (p->title ? title_height : 0);
}

static void font(cairo_t *c, double size, bool bold)
{
	cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
			       bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(c, size);
}

double plot_text_width(cairo_t *c, double size, const char *text)
{
	cairo_text_extents_t e;

	font(c, size, false);
	cairo_text_extents(c, text, &e);
	return e.x_advance;
}

double plot_text(cairo_t *c, double x, double y, int align, double size, bool bold, const char *text)
{
	cairo_text_extents_t e;

	font(c, size, bold);
	cairo_text_extents(c, text, &e);
	/* 0.36: half the height of a digit */
	cairo_move_to(c, x - e.x_advance * (align + 1) / 2, y + 0.36 * size);
	cairo_show_text(c, text);
	cairo_new_path(c);
	return e.x_advance;
}

void plot_text_up(cairo_t *c, double x, double y, double size, const char *text)
{
	cairo_save(c);
	cairo_translate(c, x, y);
	cairo_rotate(c, -acos(0));
	plot_text(c, 0, 0, 0, size, false, text);
	cairo_restore(c);
}

void plot_draw(const struct plot *p, cairo_t *c)
{
	cairo_font_options_t *options = cairo_font_options_create();
	double width, height, top = margin + (p->title ? title_height : 0);

	/* as drawn, whatever the desktop says */
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_set_font_options(c, options);
	cairo_font_options_destroy(options);
	plot_page_size(p, &width, &height);
	cairo_set_source_rgb(c, 1, 1, 1);
	cairo_rectangle(c, 0, 0, width, height);
	cairo_fill(c);
	cairo_set_source_rgb(c, 0, 0, 0);
	if (p->title)
		plot_text(c, width / 2, margin + title_height / 2, 0, 14, true, p->title);
	for (int r = 0; r < p->n_rows; r++)
		for (int k = 0; k < p->n_columns; k++)
			plot_draw_panel(c, &p->panel[r * p->n_columns + k], margin + k * cell_width,
					top + r * cell_height, cell_width, cell_height);
}
