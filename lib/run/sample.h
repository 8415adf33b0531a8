/* sample.h: the verb of sciml-sample: draws of a sampler or of a trained model into a file or a pipe. */
#ifndef SCIML_RUN_SAMPLE_H
#define SCIML_RUN_SAMPLE_H

#include "run/setup.h"

struct sample_options {
	int64_t n_samples;   /* 0: the configuration's */
	const char *sampler; /* sample.method; NULL: the configuration's */
	int64_t steps;	     /* sample.steps; 0: the configuration's */
	const char *plot;    /* picture of the first draws; NULL: none */
	int n_data;	     /* trained models: what to condition on, or to judge */
	const char *const *data;
	struct str *dry_run_text;
};

/* Draw from WHAT (a sampler's name, a YAML file with section sample, or a model file) into common->output, default
 * sample.h5. */
int sample_run(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e);
void sample_list(struct str *out);
int sample_describe(const char *name, bool man, struct str *out, struct err *e);

#endif
