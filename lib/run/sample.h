/* sample.h: the verb of sciml-sample: draws of a sampler into a file or a pipe. */
#ifndef SCIML_RUN_SAMPLE_H
#define SCIML_RUN_SAMPLE_H

#include "run/setup.h"

struct sample_options {
	int64_t n_samples; /* 0: the configuration's */
	struct str *dry_run_text;
};

/* Draw from WHAT (a sampler's name or a YAML file with section sample) into common->output, default sample.h5. */
int sample_run(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e);
void sample_list(struct str *out);
int sample_describe(const char *name, bool man, struct str *out, struct err *e);

#endif
