/* merge.h: shards of one run of sciml-gen or sciml-sample into the file that it would have written in one piece. */
#ifndef SCIML_RUN_MERGE_H
#define SCIML_RUN_MERGE_H

#include "run/setup.h"

/* The last line of a shard's configuration: which part it is (common->shard_*), and that it holds samples (WHAT is
 * MERGE_SAMPLES) or draws (MERGE_DRAWS) number first .. last. Nothing without --shard. */
#define MERGE_SAMPLES "samples"
#define MERGE_DRAWS "draws"
void merge_mark(const struct run_common *common, const char *what, int64_t first, int64_t last, struct str *config);

/* Shards (in any order) into common->output, equal to a single run's file; gaps, overlaps and other configurations are
 * refused. */
int merge_run(const struct run_common *common, int n, const char *const *shard, struct err *e);

#endif
