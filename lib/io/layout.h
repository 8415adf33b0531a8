/* layout.h: one class per file layout, native and foreign. A file lib/io/layout_NAME.c exports
 * layout_file_layout_NAME. */
#ifndef SCIML_IO_LAYOUT_H
#define SCIML_IO_LAYOUT_H

#include <hdf5.h>

#include "io/dataset.h"

/* What probing sees. */
struct layout_probe {
	const char *path;	   /* for messages */
	const unsigned char *head; /* first bytes of the file (up to 4096); NULL for a folder */
	size_t n_head;
	hid_t file; /* open HDF5 file, or < 0 when it is none */
};

/* An opened source: the class fills layout and its private state; samples count from 0 before any selection. */
struct source {
	const struct layout_class *class;
	const char *path;
	hid_t file; /* HDF5 handle, or < 0; closed by dataset_close */
	struct layout layout;
	void *state;
};

struct layout_class {
	const char *name;
	const char *help;
	int priority; /* higher is asked first */
	bool (*probe)(const struct layout_probe *p);
	/* Fill s->layout and s->state. */
	int (*open)(struct source *s, struct err *e);
	/* One contiguous range of samples and of the time axis (n_t = size of the time axis, stride 1 for all; fields without
	 * time: t0 = 0, n_t = 1) in canonical axis order, converted to t. */
	int (*read)(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t, int64_t stride,
		    enum dtype t, void *out, struct err *e);
	void (*close)(struct source *s); /* may be NULL; called after a failed open too, with whatever state was set */
	/* Write a whole data set in this layout (NULL: read only). path is final; the function is atomic. */
	int (*write)(struct dataset *d, const char *path, const char *config, struct err *e);
};

/* Ready-made read and close for formats without random access: the class's open reads everything and calls source_keep
 * with one array a field (row-major, canonical order, the field's stored type, all samples; each is taken and released
 * with free(), the list itself is copied); the class then names source_memory_read and source_memory_close as its read
 * and close. */
void source_keep(struct source *s, void *const *data);
int source_memory_read(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t,
		       int64_t stride, enum dtype t, void *out, struct err *e);
void source_memory_close(struct source *s);

extern const struct layout_class *const *const layout_files[];
const struct layout_class *layout_find(const char *name);

#endif
