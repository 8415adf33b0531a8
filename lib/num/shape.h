/* shape.h: extents of row-major arrays, rank 0 to 8. */
#ifndef SCIML_NUM_SHAPE_H
#define SCIML_NUM_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHAPE_MAX = 8 };

struct shape {
	int rank;
	int64_t dim[SHAPE_MAX]; /* entries from rank on are 0, so that shapes compare as bytes */
};

/* shape_of(2, 3, 4) is (3, 4). */
struct shape shape_make(int rank, const int64_t *dim);
#define shape_of(...)                                                                                                  \
	shape_make((int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ })
#define shape_scalar() ((struct shape){ 0 })

int64_t shape_count(const struct shape *s); /* product of extents; 1 for rank 0; INT64_MAX when larger */
bool shape_equal(const struct shape *a, const struct shape *b);
void shape_strides(const struct shape *s, int64_t *stride); /* in elements, row-major */
struct shape shape_insert(const struct shape *s, int axis, int64_t extent);
struct shape shape_remove(const struct shape *s, int axis);
bool shape_broadcast(const struct shape *a, const struct shape *b, struct shape *out); /* NumPy rules; false: no fit */

/* "(20, 3, 64, 64)" into buffer of at least SHAPE_TEXT bytes; returns buffer. */
enum { SHAPE_TEXT = 192 };
char *shape_text(char *buffer, const struct shape *s);

#endif
