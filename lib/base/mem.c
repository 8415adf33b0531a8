/* mem.c: allocation that ends the process (our sizes) or reports (sizes of users and files). */
#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stop.h"

enum { LARGE_PAGE = 2 << 20, MANY_PAGES = 8 << 20 }; /* bytes */

static void *need(void *p, size_t size)
{
	if (p)
		return p;
	log_last("out of memory (%zu bytes)", size);
	stop_unlink_pending();
	exit(ERR_FAIL);
}

void *xmalloc(size_t size)
{
	return need(malloc(size ? size : 1), size);
}

void *xcalloc(size_t count, size_t size)
{
	return need(calloc(count ? count : 1, size ? size : 1),
		    size && count > SIZE_MAX / size ? SIZE_MAX : count * size);
}

void *xrealloc(void *old, size_t size)
{
	return need(realloc(old, size ? size : 1), size);
}

char *xstrndup(const char *text, size_t length)
{
	char *copy = xmalloc(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

/* aligned_alloc wants a multiple of the alignment; the padding is zeroed too, so kernels may run over it. */
static void *aligned(size_t size, bool zero)
{
	void *p;

	if (size > SIZE_MAX - MEM_ALIGN)
		return NULL;
	size = size ? (size + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN : MEM_ALIGN;
	p = aligned_alloc(MEM_ALIGN, size);
	if (p && zero)
		memset(p, 0, size);
	return p;
}

void *xaligned(size_t size)
{
	return need(aligned(size, true), size);
}

static double machine_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (double)pages * (double)size : 0;
}

static void *new (int64_t count, size_t size, bool zero, const char *what, struct err *e)
{
	double limit;
	void *p;

	if (count < 0) {
		err_set(e, ERR_USAGE, "%s: %lld elements", what, (long long)count);
		return NULL;
	}
	if (size > 0 && (uint64_t)count > SIZE_MAX / 2 / size) {
		err_set(e, ERR_USAGE, "%s: %lld elements of %zu bytes are more than an address can hold", what,
			(long long)count, size);
		return NULL;
	}
	limit = machine_bytes();
	if (limit > 0 && (double)count * (double)size > limit) {
		err_set(e, ERR_FAIL, "%s: %lld elements of %zu bytes need %.3g GB, this machine has %.3g GB", what,
			(long long)count, size, (double)count * (double)size / 1e9, limit / 1e9);
		return NULL;
	}
	p = aligned((size_t)count * size, zero);
	if (!p)
		err_set(e, ERR_FAIL, "%s: %lld elements of %zu bytes: out of memory", what, (long long)count, size);
	return p;
}

void *mem_new(int64_t count, size_t size, const char *what, struct err *e)
{
	return new (count, size, true, what, e);
}

void *mem_unset(int64_t count, size_t size, const char *what, struct err *e)
{
	return new (count, size, false, what, e);
}

int64_t mem_times(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return -1;
	return a > 0 && b > INT64_MAX / a ? INT64_MAX : a * b;
}
