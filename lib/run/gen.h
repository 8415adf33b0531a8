/* gen.h: the verb of sciml-gen: samples of a problem into a file, shards or a pipe. */
#ifndef SCIML_RUN_GEN_H
#define SCIML_RUN_GEN_H

#include "run/setup.h"

struct gen_options {
	int64_t n_samples;	     /* 0: the configuration's */
	const char *layout;	     /* NULL: native */
	const char *noise, *observe; /* keys of the same names; NULL: the configuration's */
	int64_t compress;	     /* likewise; 0: the configuration's */
	int64_t reduce, reduce_time; /* mini: every n-th point and frame */
	struct str *dry_run_text;    /* --dry-run: the effective configuration goes here */
};

/* Generate WHAT into common->output. Interrupted: what is done stays in OUTPUT.part for --resume. */
int gen_run(const struct run_common *common, const struct gen_options *o, const char *what, struct err *e);
/* About o->n_samples samples of a data set, its splits in proportion, with every o->reduce-th point. */
int gen_mini(const struct run_common *common, const struct gen_options *o, const char *file, struct err *e);
/* Members and shipped files with equation, parameters and source; everything about one. */
void gen_list(struct str *out);
int gen_describe(const char *name, bool man, struct str *out, struct err *e);

#endif
