/* measure.h: what a sample looks like to whoever measures it: noise, times of its own, values at sensors, values that
 * are missing. Everything is a function of (seed, sample) alone. */
#ifndef SCIML_RUN_MEASURE_H
#define SCIML_RUN_MEASURE_H

#include "conf/conf.h"
#include "io/dataset.h"

struct measure;
/* clean: the fields as they are simulated (borrowed until measure_free). noise: "0.05" (times the standard deviation of
 * the field in the sample), "0.1abs", "5%", or by field, "u=0.05, v=0.1abs"; NULL or "": none. observe: a map with any
 * of times (a number of them, or a list), sensors (a number, or a list of places), missing (a share), fields (names;
 * else targets and trajectories); NULL: none. keep_clean: fields that get noise or lose values stand beside as
 * NAME_clean. marches: the problem can be asked for any times (else drawn times are frames of clean, and listed ones
 * must be). */
int measure_new(struct measure **m, const struct layout *clean, const char *noise, bool keep_clean,
		const struct conf_node *observe, uint64_t seed, bool marches, struct err *e);
void measure_free(struct measure *m);

/* What measure_sample takes: clean with the times that are asked for, if the problem marches there; and what it
 * makes. */
const struct layout *measure_source(const struct measure *m);
const struct layout *measure_layout(const struct measure *m);
/* Number of times to ask the problem for, 0: its own frames; and the times of a sample, rising. */
int64_t measure_n_times(const struct measure *m);
void measure_times(const struct measure *m, int64_t sample, double *time);
/* One sample: fields of measure_source to fields of measure_layout. Any number of threads. */
int measure_sample(const struct measure *m, int64_t sample, const double *const *source, double *const *out,
		   struct err *e);

#endif
