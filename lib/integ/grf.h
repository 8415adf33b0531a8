/* grf.h: a Gaussian random field as a configuration section: what the problem and the sampler of that name share. */
#ifndef SCIML_INTEG_GRF_H
#define SCIML_INTEG_GRF_H

#include "conf/key.h"
#include "io/dataset.h"
#include "num/field.h"

struct grf {
	int64_t dims;
	struct key_longs grid;
	int boundary;
	double gamma, tau, sigma, mean;
	bool mean_mode;
};

extern const struct key grf_keys[];
int grf_check(const void *config, struct err *e);
/* One field "u" (ROLE_TARGET) on axes x, y, z. */
void grf_layout(const void *config, struct layout *l);
struct field_law grf_law(const struct grf *c);
int grf_prepare(const void *config, void **work, struct err *e); /* work: struct field_sampler */
void grf_release(void *work);
void grf_draw(void *work, uint64_t seed, int64_t sample, double *out);

#endif
