/* train.h: the verb of sciml-train. */
#ifndef SCIML_RUN_TRAIN_H
#define SCIML_RUN_TRAIN_H

#include "run/setup.h"

struct train_options {
	const char *log;    /* TSV of the history, NULL: none */
	const char *layout; /* force the data's layout */
	const char *valid;  /* data for validation; NULL: split valid of the data, or none */
	bool online;	    /* data arrive on a pipe: reservoir training */
	struct str *text;   /* for standard output: the configuration (--dry-run), what a learner reports */
};

/* Train WHAT (a model's name or a YAML file) on data into common->output (NULL: WHAT.h5). */
int train_run(const struct run_common *common, const struct train_options *o, const char *what, int n_data,
	      const char *const *data, struct err *e);
void train_list(struct str *out);
int train_describe(const char *name, bool man, struct str *out, struct err *e);

#endif
