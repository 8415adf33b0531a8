/* plot_write.c: pages into files. Same page, same bytes: no dates in PDF, identifiers in SVG numbered anew (cairo
 * counts them through the whole process). */
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/output.h"
#include "plot/plot_inside.h"

static const double png_scale = 1.6; /* pixels a point */

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned n)
{
	str_add_n(closure, (const char *)data, n);
	return CAIRO_STATUS_SUCCESS;
}

static cairo_status_t draw(const struct plot *p, cairo_surface_t *s, double scale)
{
	cairo_t *c = cairo_create(s);
	cairo_status_t status;

	cairo_scale(c, scale, scale);
	plot_draw(p, c);
	cairo_show_page(c);
	status = cairo_status(c);
	cairo_destroy(c);
	return status;
}

/* Identifiers are words and a number: id="surface17", #surface17. Each word's numbers become 1, 2, ... by first
 * appearance. */
struct names {
	int n, capacity;
	struct name {
		char word[24];
		long was, is;
	} * at;
};

static long renumber(struct names *names, const char *word, size_t length, long was)
{
	long last = 0;

	for (int i = 0; i < names->n; i++) {
		const struct name *a = &names->at[i];

		if (strlen(a->word) != length || strncmp(a->word, word, length) != 0)
			continue;
		if (a->was == was)
			return a->is;
		last = a->is;
	}
	MEM_GROW(names->at, names->n, names->capacity);
	struct name *a = &names->at[names->n++];
	*a = (struct name){ .was = was, .is = last + 1 };
	memcpy(a->word, word, length);
	return a->is;
}

static void number_anew(struct str *svg)
{
	struct names names = { 0 };
	struct str out = { 0 };
	const char *at = str_text(svg), *start = at;

	while (*at) {
		size_t mark = strncmp(at, "id=\"", 4) == 0 ? 4 : *at == '#' ? 1 : 0, word = 0, digits = 0;

		while (mark > 0 && islower((unsigned char)at[mark + word]))
			word++;
		while (word > 0 && isdigit((unsigned char)at[mark + word + digits]))
			digits++;
		if (digits == 0 || digits > 9 || word >= sizeof names.at->word ||
		    !strchr("\")", at[mark + word + digits])) {
			at++;
			continue;
		}
		str_add_n(&out, start, (size_t)(at - start) + mark + word);
		str_printf(&out, "%ld", renumber(&names, at + mark, word, atol(at + mark + word)));
		at += mark + word + digits;
		start = at;
	}
	str_add(&out, start);
	str_free(svg);
	*svg = out;
	free(names.at);
}

static cairo_status_t make(const struct plot *p, const char *path, struct str *out)
{
	double width, height;
	cairo_surface_t *s;
	cairo_status_t status;
	bool png = str_ends(path, ".png"), svg = str_ends(path, ".svg");

	plot_page_size(p, &width, &height);
	if (png) {
		s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(width * png_scale), (int)(height * png_scale));
	} else if (svg) {
		s = cairo_svg_surface_create_for_stream(collect, out, width, height);
	} else {
		s = cairo_pdf_surface_create_for_stream(collect, out, width, height);
		cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
	}
	status = draw(p, s, png ? png_scale : 1);
	if (status == CAIRO_STATUS_SUCCESS && png)
		status = cairo_surface_write_to_png_stream(s, collect, out);
	cairo_surface_finish(s);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(s);
	cairo_surface_destroy(s);
	if (status == CAIRO_STATUS_SUCCESS && svg)
		number_anew(out);
	return status;
}

int plot_write(const struct plot *p, const char *path, struct err *e)
{
	struct str out = { 0 };
	cairo_status_t status;
	int failed;

	if (plot_check_path(path, e) != 0)
		return -1;
	status = make(p, path, &out);
	failed = status != CAIRO_STATUS_SUCCESS ? err_set(e, ERR_FAIL, "%s: %s", path, cairo_status_to_string(status))
						: output_write(path, out.text, out.length, e);
	str_free(&out);
	return failed;
}

int plot_check_path(const char *path, struct err *e)
{
	if (str_ends(path, ".png") || str_ends(path, ".svg") || str_ends(path, ".pdf"))
		return 0;
	return err_set(e, ERR_USAGE, "%s: pictures are .png, .svg or .pdf", path);
}
