/* shape.c: extents, strides, broadcasting. */
#include "num/shape.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct shape shape_make(int rank, const int64_t *dim)
{
	struct shape s = { .rank = rank };

	assert(rank >= 0 && rank <= SHAPE_MAX);
	for (int i = 0; i < rank; i++)
		s.dim[i] = dim[i];
	return s;
}

/* Saturates: extents come from files too, and mem_new refuses so large a count. */
int64_t shape_count(const struct shape *s)
{
	int64_t count = 1;

	for (int i = 0; i < s->rank; i++)
		if (s->dim[i] == 0)
			return 0;
	for (int i = 0; i < s->rank; i++) {
		if (s->dim[i] > 0 && count > INT64_MAX / s->dim[i])
			return INT64_MAX;
		count *= s->dim[i];
	}
	return count;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
	return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

void shape_strides(const struct shape *s, int64_t *stride)
{
	int64_t step = 1;

	for (int i = s->rank - 1; i >= 0; i--) {
		stride[i] = step;
		step *= s->dim[i];
	}
}

struct shape shape_insert(const struct shape *s, int axis, int64_t extent)
{
	struct shape out = { .rank = s->rank + 1 };

	assert(s->rank < SHAPE_MAX && axis >= 0 && axis <= s->rank);
	for (int i = 0; i < axis; i++)
		out.dim[i] = s->dim[i];
	out.dim[axis] = extent;
	for (int i = axis; i < s->rank; i++)
		out.dim[i + 1] = s->dim[i];
	return out;
}

struct shape shape_remove(const struct shape *s, int axis)
{
	struct shape out = { .rank = s->rank - 1 };

	assert(axis >= 0 && axis < s->rank);
	for (int i = 0; i < out.rank; i++)
		out.dim[i] = s->dim[i < axis ? i : i + 1];
	return out;
}

bool shape_broadcast(const struct shape *a, const struct shape *b, struct shape *out)
{
	struct shape s = { .rank = a->rank > b->rank ? a->rank : b->rank };

	for (int i = 1; i <= s.rank; i++) {
		int64_t p = i <= a->rank ? a->dim[a->rank - i] : 1, q = i <= b->rank ? b->dim[b->rank - i] : 1;

		if (p != q && p != 1 && q != 1)
			return false;
		s.dim[s.rank - i] = p == 1 ? q : p;
	}
	*out = s;
	return true;
}

char *shape_text(char *buffer, const struct shape *s)
{
	int n = snprintf(buffer, SHAPE_TEXT, "(");

	for (int i = 0; i < s->rank; i++)
		n += snprintf(buffer + n, (size_t)(SHAPE_TEXT - n), i ? ", %lld" : "%lld", (long long)s->dim[i]);
	snprintf(buffer + n, (size_t)(SHAPE_TEXT - n), ")");
	return buffer;
}
