/* h5set.h: the objects of a data set in the native layout, as both writers (h5out, h5part) make them. */
#ifndef SCIML_IO_H5SET_H
#define SCIML_IO_H5SET_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "io/h5out.h"

/* Statistics of a field while its samples are written one after the other. */
struct h5sums;

/* Handles of a set being written; all owned. */
struct h5set {
	struct layout layout;
	hid_t *field; /* /data/NAME */
	hid_t *crc;   /* /crc/NAME, uint32 a sample; 0 = not written */
	struct h5sums *sums;
};

/* 1: without checksums (io/h5sum.h), as other programs may write data; 2: with them. */
enum { H5_FORMAT_VERSION = 2 };

/* Root attributes format, format_version, complete = 0. */
int h5set_begin(hid_t file, const char *name, struct err *e);
int h5set_finish(hid_t file, const char *name, struct err *e); /* complete = 1 */
int h5set_meta(hid_t file, const char *name, const struct h5_meta *m, struct err *e);

int h5set_create(struct h5set *s, hid_t file, const char *name, const struct layout *layout, int deflate,
		 struct err *e);
int h5set_open(struct h5set *s, hid_t file, const char *name, const struct layout *layout, struct err *e);
void h5set_close(struct h5set *s);

int64_t h5set_rows(const struct h5set *s, int field); /* n_samples, or 1 */
/* Write samples of type t; crc[i] is the CRC32 of sample first+i's bytes as stored. */
int h5set_write(struct h5set *s, const char *name, int field, int64_t first, int64_t count, enum dtype t,
		const void *data, uint32_t *crc, struct err *e);
/* The numbers of /sample have sums like a field's: /crc/sample, of zeros, opened; negative on failure. */
hid_t h5set_reserve_number_sums(hid_t file, const char *name, int64_t n_samples, struct err *e);
/* CRC32 of samples that are there. */
int h5set_check(struct h5set *s, const char *name, int field, int64_t first, int64_t count, uint32_t *crc,
		struct err *e);

/* /meta/statistics: the table of a new file, and its numbers once every sample is there. Fields whose samples were
 * written in order, and added (v: numbers of the field's type), need not be read again; the bits are the same. */
int h5set_statistics_create(hid_t file, const char *name, const struct layout *l, struct err *e);
void h5set_statistics_add(struct h5set *s, int field, int64_t first, int64_t rows, const void *v);
int h5set_statistics_fill(struct h5set *s, hid_t file, const char *name, struct err *e);
struct h5sums *h5sums_new(int n_fields);
void h5sums_free(struct h5sums *s); /* NULL is fine */

/* The layout that a native file holds (also used by the reader). */
int native_layout(hid_t file, const char *name, struct layout *l, struct err *e);
/* One line a fact; equal texts mean equal layouts. free() it. */
char *native_layout_text(const struct layout *l);

#endif
