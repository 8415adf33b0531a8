/* test_plot.c: pictures: right kind of file, equal bytes for equal data, other bytes for other data, colours where they
 * belong, and data that leave nothing to draw. */
#include <cairo.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/output.h"
#include "plot/plot_inside.h"

static char folder[] = "plot-XXXXXX", path[3][64];

static struct plot *page(double shift)
{
	struct plot *p = plot_new(2, 2, "a page <of> & \"everything\"");
	double field[6 * 4], x[50], y[50];
	const char *const label[] = { "first", "second, with a longer name", "none" };

	for (int i = 0; i < 24; i++)
		field[i] = i == 7 ? NAN : sin(i) + shift;
	for (int i = 0; i < 50; i++) {
		x[i] = i;
		y[i] = i == 20 ? NAN : exp(-0.3 * i) + shift;
	}
	plot_field(p, 0, 0, "field", 6, 4, field, 0, 0, PLOT_SEQUENTIAL);
	plot_field(p, 0, 1, "difference", 6, 4, field, 0, 0, PLOT_DIVERGING);
	plot_axes(p, 1, 0, &(struct plot_axes){ "curves", "x", "y", false, true });
	plot_curve(p, 1, 0, "a", 50, x, y, false);
	plot_curve(p, 1, 0, "b", 20, x, field, true);
	plot_bars(p, 1, 1, "bars", 3, label, (double[]){ 1, 0.25 + shift, NAN });
	return p;
}

static unsigned char *read_all(const char *name, size_t *n)
{
	FILE *f = fopen(name, "rb");
	unsigned char *data = malloc(1 << 22);

	ck_assert_msg(f != NULL && data != NULL, "%s cannot be read", name);
	*n = fread(data, 1, 1 << 22, f);
	fclose(f);
	return data;
}

static void write_page(const char *name, double shift)
{
	struct plot *p = page(shift);
	struct err e = { 0 };

	ck_assert_msg(plot_write(p, name, &e) == 0, "%s", e.message);
	plot_free(p);
}

START_TEST(files)
{
	static const char *const suffix[] = { "png", "svg", "pdf" };
	static const char *const start[] = { "\211PNG\r\n\032\n", "<?xml version", "%PDF-" };
	unsigned char *data[3];
	size_t n[3];

	for (int i = 0; i < 3; i++) {
		snprintf(path[i], sizeof path[i], "%s/%d.%s", folder, i, suffix[_i]);
		write_page(path[i], i == 2 ? 0.5 : 0);
		data[i] = read_all(path[i], &n[i]);
		ck_assert_uint_gt(n[i], 2000);
		ck_assert_int_eq(memcmp(data[i], start[_i], strlen(start[_i])), 0);
		unlink(path[i]);
	}
	ck_assert_uint_eq(n[0], n[1]);
	ck_assert_int_eq(memcmp(data[0], data[1], n[0]), 0);
	ck_assert(n[0] != n[2] || memcmp(data[0], data[2], n[0]) != 0);
	for (int i = 0; i < 3; i++)
		free(data[i]);
}
END_TEST

START_TEST(refused)
{
	struct plot *p = page(0);
	struct err e = { 0 };

	ck_assert_int_eq(plot_write(p, "a.jpg", &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.message, "a.jpg"));
	ck_assert_int_eq(plot_write(p, "no/such/folder/a.png", &e), -1);
	ck_assert_int_eq(e.code, ERR_FAIL);
	plot_free(p);
	plot_free(NULL);
}
END_TEST

/* Pixel at a fraction of an image panel that fills a page of one. */
static void pixel(enum plot_map map, const double *v, double fx, double fy, unsigned char *rgb)
{
	struct plot *p = plot_new(1, 1, NULL);
	double width, height;

	plot_field(p, 0, 0, NULL, 2, 2, v, 0, 0, map);
	plot_page_size(p, &width, &height);
	cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
	cairo_t *c = cairo_create(s);
	plot_draw(p, c);
	cairo_destroy(c);
	cairo_surface_flush(s);
	/* the image: a square of the cell's height without title and rim, see plot_panel.c; margin 10 */
	double side = 232 - 36, left = 10 + 8 + (280 - 16 - 62 - side) / 2, top = 10 + 26;
	const unsigned char *data = cairo_image_surface_get_data(s);
	uint32_t word;
	memcpy(&word, data + (int)(top + fy * side) * cairo_image_surface_get_stride(s) + (int)(left + fx * side) * 4,
	       sizeof word);
	rgb[0] = (unsigned char)(word >> 16);
	rgb[1] = (unsigned char)(word >> 8);
	rgb[2] = (unsigned char)word;
	cairo_surface_destroy(s);
	plot_free(p);
}

START_TEST(orientation)
{
	/* values[x][y]: x to the right, y upwards */
	const double v[] = { 0, 1, 2, 3 }, d[] = { -1, NAN, 0, 4 };
	unsigned char rgb[3];

	pixel(PLOT_SEQUENTIAL, v, 0.25, 0.75, rgb); /* x 0, y 0: least, violet */
	ck_assert(rgb[0] == 68 && rgb[1] == 1 && rgb[2] == 84);
	pixel(PLOT_SEQUENTIAL, v, 0.75, 0.25, rgb); /* x 1, y 1: most, yellow */
	ck_assert(rgb[0] == 253 && rgb[1] == 231 && rgb[2] == 37);
	pixel(PLOT_SEQUENTIAL, v, 0.25, 0.25, rgb); /* x 0, y 1: a third of the way */
	ck_assert(rgb[0] == 49 && rgb[1] == 104 && rgb[2] == 142);
	pixel(PLOT_DIVERGING, d, 0.25, 0.25, rgb); /* NaN: grey */
	ck_assert(rgb[0] == 160 && rgb[1] == 160 && rgb[2] == 160);
	pixel(PLOT_DIVERGING, d, 0.75, 0.75, rgb); /* 0: white, though the data reach from -1 to 4 */
	ck_assert(rgb[0] == 247 && rgb[1] == 247 && rgb[2] == 247);
}
END_TEST

START_TEST(tick_marks)
{
	struct ticks t;
	static const struct {
		double lo, hi;
		bool log;
	} range[] = { { 0, 1, false },
		      { -3.7, 12.2, false },
		      { 1e-9, 3e-9, false },
		      { 5, 5, false },
		      { 0, 0, false },
		      { NAN, 1, false },
		      { 2, 1, false },
		      { 1e6, 1.00001e6, false },
		      { 1e-12, 1e3, true },
		      { 0.2, 0.9, true },
		      { 1, 1, true },
		      { -1, 1, true },
		      { INFINITY, -INFINITY, true },
		      { -1e300, 1e300, false } };

	for (size_t i = 0; i < sizeof range / sizeof *range; i++) {
		ticks_make(&t, range[i].lo, range[i].hi, range[i].log, 5);
		ck_assert(isfinite(t.lo) && isfinite(t.hi) && t.lo < t.hi);
		ck_assert_int_ge(t.n, 2);
		ck_assert_int_le(t.n, 12);
		for (int k = 0; k < t.n; k++) {
			double u = ticks_position(&t, t.at[k]), read = strtod(t.text[k], NULL);

			ck_assert_msg(u > -0.01 && u < 1.01, "range %zu: tick %g at %g", i, t.at[k], u);
			ck_assert_msg(fabs(read - t.at[k]) <= 1e-9 * (t.hi - t.lo) + 1e-9 * fabs(t.at[k]),
				      "range %zu: %g is called %s", i, t.at[k], t.text[k]);
			ck_assert(k == 0 || t.at[k] > t.at[k - 1]);
			ck_assert(k == 0 || strcmp(t.text[k], t.text[k - 1]) != 0);
		}
	}
}
END_TEST

START_TEST(nothing_to_draw)
{
	const double nan[4] = { NAN, NAN, NAN, NAN }, zero[4] = { 0 }, infinite[4] = { INFINITY, 1, 2, -INFINITY };
	struct plot *p = plot_new(2, 3, NULL);
	struct err e = { 0 };

	plot_field(p, 0, 0, "nothing", 2, 2, nan, 0, 0, PLOT_SEQUENTIAL);
	plot_field(p, 0, 1, "zero", 2, 2, zero, 0, 0, PLOT_DIVERGING);
	plot_field(p, 0, 2, "infinite", 2, 2, infinite, 0, 0, PLOT_SEQUENTIAL);
	plot_axes(p, 1, 0, &(struct plot_axes){ "empty", NULL, NULL, true, true });
	plot_axes(p, 1, 1, &(struct plot_axes){ "not positive", "x", "y", true, true });
	plot_curve(p, 1, 1, "curve", 4, zero, nan, true);
	plot_curve(p, 1, 1, NULL, 0, zero, zero, false);
	plot_bars(p, 1, 2, NULL, 0, NULL, zero);
	snprintf(path[0], sizeof path[0], "%s/n.svg", folder);
	ck_assert_msg(plot_write(p, path[0], &e) == 0, "%s", e.message);
	size_t n;
	unsigned char *data = read_all(path[0], &n);
	data[n < (1 << 22) ? n : n - 1] = '\0';
	ck_assert_ptr_null(strstr((char *)data, "nan,"));
	ck_assert_ptr_null(strstr((char *)data, "=\"nan"));
	free(data);
	unlink(path[0]);
	plot_free(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plot");
	TCase *t = tcase_create("plot");
	SRunner *r = srunner_create(s);
	int failed;

	if (!mkdtemp(folder))
		return 99;
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, files, 0, 3);
	tcase_add_test(t, refused);
	tcase_add_test(t, orientation);
	tcase_add_test(t, tick_marks);
	tcase_add_test(t, nothing_to_draw);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	rmdir(folder);
	return failed != 0;
}
