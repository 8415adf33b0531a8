/* crc.h: the CRC-32 of zlib, gzip and PNG, by carry-less products where the compiler may use them. */
#ifndef SCIML_NUM_CRC_H
#define SCIML_NUM_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of n bytes; the same on every machine, and what zlib's crc32 gives. */
uint32_t crc_of(const void *data, size_t n);

#endif
