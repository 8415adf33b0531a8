/* dataset.h: sets of samples, wherever they come from. Named fields on named axes; in memory always sample, time,
 * channel, space... (row-major), whatever the file says. Opening reads metadata only; reading takes hyperslabs. */
#ifndef SCIML_IO_DATASET_H
#define SCIML_IO_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "num/tensor.h"

enum axis_kind {
	AXIS_TIME,
	AXIS_CHANNEL,
	AXIS_SPACE,
	AXIS_POINT
}; /* in this order within a field; POINT: unstructured */

struct axis {
	char name[32]; /* "t", "channel", "x", "y", "z", "point" */
	enum axis_kind kind;
	int64_t size;
	double *coordinate; /* size values, or NULL; owned by the layout */
	bool periodic;	    /* space: right end excluded and equal to the left */
	double length;	    /* space: extent of the domain, 0 unknown */
};

enum field_role { ROLE_NONE, ROLE_INPUT, ROLE_TARGET, ROLE_TRAJECTORY }; /* what training does with it by default */

struct field {
	char name[64];
	enum dtype dtype; /* as stored */
	enum field_role role;
	int n_axes;		 /* without the sample axis */
	int axis[SHAPE_MAX - 1]; /* indices into layout.axis */
	bool per_sample;	 /* false: one array for all samples (a fixed mask) */
	bool missing;		 /* not-a-number stands for values that were not observed */
};

/* Half-open ranges of samples by split; several ranges may share a name. */
struct split_range {
	char name[16]; /* "train", "valid", "test" */
	int64_t first, last;
};

struct layout {
	int64_t n_samples;
	int n_axes, n_fields, n_splits, n_params;
	struct axis *axis;
	struct field *field;
	struct split_range *split;
	/* Named numbers: scalar parameters of the whole set. */
	struct layout_param {
		char name[64];
		double value;
	} * param;
	char *equation; /* text or NULL */
};

void layout_free(struct layout *l);
struct layout layout_copy(const struct layout *l);
int layout_add_axis(struct layout *l, const char *name, enum axis_kind kind, int64_t size, const double *coordinate,
		    bool periodic, double length); /* returns its index */
int layout_add_field(struct layout *l, const char *name, enum dtype t, enum field_role role, int n_axes,
		     const int *axis);
void layout_add_split(struct layout *l, const char *name, int64_t first, int64_t last);
void layout_add_param(struct layout *l, const char *name, double value);
int layout_find_field(const struct layout *l, const char *name);    /* -1: none */
struct shape layout_field_shape(const struct layout *l, int field); /* without the sample axis */
int64_t layout_field_count(const struct layout *l, int field);
/* Has every axis of a field points, and has no field more than 2^48 elements in so many samples? Sizes that pass are
 * safe to multiply by 2^12; other products go through mem_times. Errors name field and axis or number. */
int layout_check_sizes(const struct layout *l, int64_t samples, struct err *e);

struct dataset;

/* spec: "FILE", "FILE:train", "FILE:test", "FILE:0-99" (both ends), "FILE:100-", "FILE:0,5,7-9,test" (in this order),
 * "-" (all of standard input, images concatenated), "-:test". A file whose name holds a colon is looked for first.
 * force_layout: NULL, or a layout's name. Errors name file and dataset. */
int dataset_open(struct dataset **d, const char *spec, const char *force_layout, struct err *e);
/* Several specs as one set, concatenated along samples (same fields and shapes required). */
int dataset_open_all(struct dataset **d, int n, const char *const *spec, const char *force_layout, struct err *e);
void dataset_close(struct dataset *d);

const char *dataset_name(const struct dataset *d);		    /* file name for messages */
const char *dataset_layout_name(const struct dataset *d);	    /* "native", "pdebench", ... */
const struct layout *dataset_layout(const struct dataset *d);	    /* n_samples, splits: after selection, renumbered */
bool dataset_has_split(const struct dataset *d, const char *split); /* before selection */
/* A view of one split of d ("train"), sharing the file; empty selections are errors. */
int dataset_select(struct dataset **view, struct dataset *d, const char *split_or_ranges, struct err *e);
/* Hash of content identity (file size, layout, selection) as text for /meta/inputs; freed by the caller. */
char *dataset_identity(const struct dataset *d);

/* n samples of a field, by index within the selection, converted to t, into out (n * field count elements). Sorts
 * accesses and joins neighbours; fields stay in memory once read as long as all of them together need less than 1 GiB.
 * Not thread-safe (HDF5). Non-finite values are reported as errors with sample and time index unless NaN is allowed. */
int dataset_read(struct dataset *d, int field, int64_t n, const int64_t *index, enum dtype t, void *out, struct err *e);
/* Part of the time axis only: frames t0, t0+stride, ... n_t of them (a field without time: 0, 1, 1). */
int dataset_read_frames(struct dataset *d, int field, int64_t sample, int64_t t0, int64_t n_t, int64_t stride,
			enum dtype t, void *out, struct err *e);
/* A number that belongs to a sample: a parameter drawn for it (/sample/NAME of the native layout) or one of the whole
 * set (layout.param). 1 and *value, 0 if there is none of this name, -1 on failure. */
int dataset_number(struct dataset *d, const char *name, int64_t sample, double *value, struct err *e);
void dataset_allow_nonfinite(struct dataset *d, bool allow);
/* on: the caller keeps what it reads, so that d need not. */
void dataset_passing(struct dataset *d, bool on);
/* Text attribute of /meta ("config", "kind", ...) or NULL; owned by d. */
const char *dataset_meta(const struct dataset *d, const char *name);

/* Per-sample numbers, /sample/NAME of the native layout, of all samples in the set's order into out[n_samples]: 1, or 0
 * when a file has none of this name. names: those of the first file, freed with h5_names_free (io/h5read.h). */
int dataset_numbers(const struct dataset *d, const char *name, double *out, struct err *e);
int dataset_number_names(const struct dataset *d, int *n, char ***names, struct err *e);

/* Images that arrive one after another on a pipe, or a list of files: memory stays bounded by the largest image. next:
 * 1 and *d (to be closed), 0 at the end, -1 on error. An empty standard input is an error of its own. "-:test" takes
 * the split of every image; samples of a stream cannot be selected by number. */
struct stream;
int stream_open(struct stream **s, int n, const char *const *spec, const char *force_layout, struct err *e);
int stream_next(struct stream *s, struct dataset **d, struct err *e);
void stream_close(struct stream *s);

/* A set held in memory: data[field] row-major, of layout's types; takes the layout (left empty) and every array
 * (released with
 * free()); the list `data` itself stays the caller's. Also on failure. */
int dataset_from_memory(struct dataset **d, const char *name, const char *layout_name, struct layout *take, void **data,
			struct err *e);

#endif
