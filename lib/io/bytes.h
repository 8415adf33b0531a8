/* bytes.h: numbers out of byte buffers of either order and any alignment. Callers have checked the bounds. */
#ifndef SCIML_IO_BYTES_H
#define SCIML_IO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t bytes_little(const unsigned char *p, int n)
{
	uint64_t v = 0;

	for (int i = n - 1; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static inline uint64_t bytes_big(const unsigned char *p, int n)
{
	uint64_t v = 0;

	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint64_t bytes_get(const unsigned char *p, int n, bool big_endian)
{
	return big_endian ? bytes_big(p, n) : bytes_little(p, n);
}

#endif
