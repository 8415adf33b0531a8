/* layout_native.c: our own layout (sciml-data(5)). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5read.h"
#include "io/h5set.h"
#include "io/layout.h"

static bool probe(const struct layout_probe *p)
{
	char *format = p->file >= 0 ? h5_text(p->file, "/", "format") : NULL;
	bool ours = format && strcmp(format, "sciml") == 0;

	free(format);
	return ours;
}

/* The opened data sets, one a field. */
static void close_source(struct source *s)
{
	hid_t *array = s->state;

	for (int f = 0; array && f < s->layout.n_fields; f++)
		if (array[f] >= 0)
			H5Dclose(array[f]);
	free(array);
	s->state = NULL;
}

static int check_file(const struct source *s, struct err *e)
{
	int64_t version = 0, complete = 0;
	char *kind;

	if (h5_attribute_long(s->file, s->path, "/", "format_version", &version, e) != 0)
		return -1;
	if (version < 1 || version > H5_FORMAT_VERSION)
		return err_set(e, ERR_USAGE, "%s: format version %lld, this program reads 1 to %d", s->path,
			       (long long)version, H5_FORMAT_VERSION);
	if (!h5_has_attribute(s->file, "/", "complete") ||
	    h5_attribute_long(s->file, s->path, "/", "complete", &complete, NULL) != 0 || !complete)
		return err_set(e, ERR_FAIL,
			       "%s: not complete: the run that writes it has not finished (continue it with --resume)",
			       s->path);
	if (h5_is_group(s->file, "data"))
		return 0;
	kind = h5_text(s->file, "meta", "kind");
	err_set(e, ERR_USAGE, "%s: holds no data%s%.50s", s->path, kind ? " but a " : "", kind ? kind : "");
	free(kind);
	return -1;
}

static int open_source(struct source *s, struct err *e)
{
	hid_t *array;

	if (check_file(s, e) != 0 || native_layout(s->file, s->path, &s->layout, e) != 0)
		return -1;
	s->state = array = xcalloc((size_t)s->layout.n_fields + 1, sizeof *array);
	for (int f = 0; f < s->layout.n_fields; f++)
		array[f] = -1;
	for (int f = 0; f < s->layout.n_fields; f++) {
		char path[100];

		snprintf(path, sizeof path, "data/%s", s->layout.field[f].name);
		array[f] = h5_open_array(s->file, s->path, path, e);
		if (array[f] < 0)
			return -1;
	}
	return 0;
}

static int read_samples(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t,
			int64_t stride, enum dtype t, void *out, struct err *e)
{
	const struct field *f = &s->layout.field[field];
	int64_t start[SHAPE_MAX] = { 0 }, extent[SHAPE_MAX] = { 0 }, step[SHAPE_MAX];
	char object[100];
	int n = 0;

	for (int k = 0; k < SHAPE_MAX; k++)
		step[k] = 1;
	if (f->per_sample) {
		start[n] = first;
		extent[n++] = count;
	}
	for (int k = 0; k < f->n_axes; k++, n++) {
		const struct axis *a = &s->layout.axis[f->axis[k]];

		extent[n] = a->size;
		if (a->kind == AXIS_TIME) {
			start[n] = t0;
			extent[n] = n_t;
			step[n] = stride;
		}
	}
	snprintf(object, sizeof object, "/data/%s", f->name);
	return h5_read_slab_of(((hid_t *)s->state)[field], s->path, object, start, extent, step, t, out, e);
}

static const struct layout_class native = {
	.name = "native",
	.help = "sciml's own HDF5 layout (sciml-data(5))",
	.priority = 100,
	.probe = probe,
	.open = open_source,
	.read = read_samples,
	.close = close_source,
};

const struct layout_class *const layout_file_layout_native[] = { &native, NULL };
