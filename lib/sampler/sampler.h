/* sampler.h: what sciml-sample draws with. A sampler turns (configuration, seed, i) into sample i of a distribution
 * that a configuration, a problem or a model names. */
#ifndef SCIML_SAMPLER_SAMPLER_H
#define SCIML_SAMPLER_SAMPLER_H

#include "base/rng.h"
#include "conf/key.h"
#include "io/dataset.h"

struct sampler_class {
	const char *name; /* "grf", "sde-path" */
	const char *summary, *source, *notes;
	size_t config_size;
	const struct key *keys;
	int (*check)(const void *config, struct err *e);
	void (*layout)(const void *config, struct layout *l);		/* without samples */
	int (*prepare)(const void *config, void **work, struct err *e); /* NULL, with release: no work area */
	void (*release)(void *work);
	int (*draw)(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, struct err *e);
	/* Further text of --describe, as roff or plain; NULL: none. */
	void (*describe)(bool man, struct str *out);
	const char *test_config;
	/* Exact mean and standard deviation of element i of field 0, for the generic test; false: unknown. */
	bool (*moments)(const void *config, int64_t i, double *mean, double *std);
};

extern const struct sampler_class *const *const sampler_files[];
const struct sampler_class *sampler_find(const char *name);

#endif
