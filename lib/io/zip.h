/* zip.h: the entries of a ZIP archive held in memory (.npz, .pt): stored or deflated, ZIP64 included. The central
 * directory is believed, local headers only say where the data start. */
#ifndef SCIML_IO_ZIP_H
#define SCIML_IO_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct zip_entry {
	char *name;
	int method; /* 0 stored, 8 deflated */
	uint32_t crc;
	uint64_t packed, size, header; /* header: offset of the local header */
};

struct zip {
	const unsigned char *data; /* borrowed */
	size_t n_bytes;
	int n, capacity;
	struct zip_entry *entry;
};

int zip_open(struct zip *z, const void *data, size_t n_bytes, struct err *e);
void zip_close(struct zip *z);
int zip_find(const struct zip *z, const char *name); /* -1: none */

/* The content of entry i, its length and CRC checked. Stored entries point into the archive (*owned NULL), deflated
 * ones into new memory (*owned, to be freed). */
int zip_content(const struct zip *z, int i, const unsigned char **data, size_t *n, void **owned, struct err *e);

#endif
