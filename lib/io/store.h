/* store.h: an opened source of samples, shared by the data sets that look at it. Fields that are small enough stay in
 * memory once read: training visits every sample many times. */
#ifndef SCIML_IO_STORE_H
#define SCIML_IO_STORE_H

#include "io/layout.h"

struct store {
	struct source source;
	char *path; /* name for messages */
	char *layout_name;
	int64_t bytes; /* size of file or image, 0 for folders and memory */
	int references;
	struct store_cache {
		void *data;	      /* all samples of the field in its stored type; NULL: not kept */
		unsigned char *state; /* one a sample: enum sample_state */
		bool borrowed;	      /* data belongs to the source */
		bool decided;
	} * cache;
};

enum sample_state { SAMPLE_ABSENT, SAMPLE_UNCHECKED, SAMPLE_FINITE, SAMPLE_NONFINITE };

/* Each returns a store with one reference. */
int store_open(struct store **s, const char *path, const char *force_layout, struct err *e);
/* An HDF5 image in memory (copied); name for messages. */
int store_open_image(struct store **s, const void *image, size_t n, const char *name, const char *force_layout,
		     struct err *e);
int store_from_memory(struct store **s, const char *name, const char *layout_name, struct layout *take, void **data,
		      struct err *e);
struct store *store_hold(struct store *s);
void store_release(struct store *s); /* NULL is fine */

/* Open an HDF5 image; negative with e set on failure. */
hid_t image_open(const void *image, size_t n, const char *name, struct err *e);

/* Samples first .. first+count-1 of a field in memory (stored type), loaded when needed; *out is NULL when the field is
 * not kept in memory. */
int store_cached(struct store *s, int field, int64_t first, int64_t count, const void **out, struct err *e);
/* Straight from the file. */
int store_read(struct store *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t, int64_t stride,
	       enum dtype t, void *out, struct err *e);
/* Is a cached sample finite? */
bool store_sample_finite(struct store *s, int field, int64_t sample);
/* Size of the field's time axis, 1 if it has none. */
int64_t field_times(const struct layout *l, int field);

#endif
