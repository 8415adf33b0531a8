/* h5source.h: the part common to foreign layouts in HDF5: for every field the data set that holds it and where its axes
 * are; hyperslabs are read in the order of the file, then permuted. Samples may be an axis, groups, or spread over
 * files. */
#ifndef SCIML_IO_H5SOURCE_H
#define SCIML_IO_H5SOURCE_H

#include "io/h5read.h"
#include "io/layout.h"
#include "io/variables.h"

struct h5view {
	char path[256]; /* below the sample's group, or the root */
	struct h5_array form;
	/* Axes of the data set; the axis after the last one is (real, imaginary) of a complex set. */
	struct axis_map map;
	int64_t fixed[SHAPE_MAX]; /* index on axes that map leaves out */
	bool merged;		  /* the last two axes are one axis of the field (components of a tensor) */
	/* netCDF conventions: value = stored * scale + offset, NaN where stored == fill. */
	bool packed, has_fill;
	double scale, offset, fill;
	hid_t set; /* kept open between reads; -1 */
	int set_piece;
};

/* One file of several. */
struct h5piece {
	char *path;
	hid_t file;
	bool owned; /* closed here */
	int64_t first, count;
};

/* source.state of these classes. */
struct h5source {
	int n_views, n_pieces, n_groups;
	struct h5view *view; /* one a field */
	struct h5piece *piece;
	char **group; /* names of groups that are one sample each, or NULL */
};

/* Make s->state with one piece, s->file; n_samples is taken from s->layout when reading. */
struct h5source *h5source_new(struct source *s);
/* Append a file; it is closed with the source. */
void h5source_add_piece(struct h5source *h, const char *path, hid_t file, int64_t count);
/* Where paths of views are looked up: the first piece, or its first group (to be closed with H5Oclose). */
hid_t h5source_place(const struct h5source *h);

/* A field from data set `path`, its axes (layout indices, canonical order) at those of m; checks every extent against
 * the axes. Returns the view, or NULL. _merged: the last two axes of the data set count as one. */
struct h5view *h5source_field(struct source *s, const char *path, const char *name, enum field_role role,
			      const struct axis_map *m, const int *axes, struct err *e);
struct h5view *h5source_field_merged(struct source *s, const char *path, const char *name, enum field_role role,
				     const struct axis_map *m, const int *axes, struct err *e);

/* Coordinates of a layout axis from a 1-D data set, of which the first axis->size values are used; absent or of another
 * length: left alone with a warning. cells: values are cell centres, the domain is n * dx long. */
void h5source_coordinate(struct source *s, hid_t at, const char *path, int axis, bool cells);

int h5source_read(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t, int64_t stride,
		  enum dtype t, void *out, struct err *e);
void h5source_close(struct source *s);

/* Every numeric attribute of one number at `object` becomes a parameter of the set. */
void h5source_params(struct source *s, hid_t at, const char *object);

#endif
