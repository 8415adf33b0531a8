/* gz.h: whole files, plain or compressed by gzip. */
#ifndef SCIML_IO_GZ_H
#define SCIML_IO_GZ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* All bytes of a file, decompressed, and a zero after them; free() them. */
int gz_read(const char *path, unsigned char **data, size_t *n, struct err *e);
/* The first n bytes that the head of a file decompresses to (or is, when plain); false: fewer. */
bool gz_peek(const unsigned char *head, size_t n_head, size_t n, unsigned char *out);

#endif
