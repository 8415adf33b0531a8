/* tube.c: runs of the finite-volume engine for tests. */
#include "tube.h"

#include <check.h>

struct volume_setup tube_setup(const struct volume_law *law, int dims, int64_t n)
{
	struct volume_setup s = { .law = law,
				  .physics = { .gamma = 1.4, .gravity = 1, .speed = 1 },
				  .dims = dims,
				  .reconstruction = VOLUME_MC,
				  .solver = law == &volume_euler || law == &volume_shallow ? VOLUME_HLLC : VOLUME_ROE,
				  .stepper = VOLUME_MIDPOINT,
				  .cfl = 0.3 };

	for (int a = 0; a < dims; a++) {
		s.size[a] = n;
		s.length[a] = 1;
	}
	return s;
}

/* Marches q, plane after plane, in place to time t. */
void tube_march(const struct volume_setup *s, double *q, double t)
{
	struct err e = { 0 };
	struct volume *v = volume_new(s, &e);

	ck_assert_msg(v != NULL, "%s", e.message);
	ck_assert_msg(volume_start(v, q, &e) == 0 && volume_advance(v, t, &e) == 0, "%s", e.message);
	volume_read(v, q);
	volume_free(v);
}
