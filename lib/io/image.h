/* image.h: one HDF5 image off a pipe. */
#ifndef SCIML_IO_IMAGE_H
#define SCIML_IO_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The image that comes next on fd, exactly as many bytes as its superblock says: 1 and a buffer to be freed, 0 at the
 * end, -1 on error. number: images read before; an end with none before is an error of its own. */
int image_read(int fd, int64_t number, unsigned char **image, size_t *size, struct err *e);

#endif
