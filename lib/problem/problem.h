/* problem.h: what sciml-gen simulates. A problem is a description of fields plus a function that computes sample i from
 * (configuration, seed, i) alone. Where it can, it also marches given initial data (sciml-solve). */
#ifndef SCIML_PROBLEM_PROBLEM_H
#define SCIML_PROBLEM_PROBLEM_H

#include "base/rng.h"
#include "conf/key.h"
#include "io/dataset.h"

enum { PROBLEM_NUMBERS_MAX = 24 };

struct problem_numbers { /* per-sample numbers stored beside the data: parameters drawn, solver counts */
	int n;
	const char *name[PROBLEM_NUMBERS_MAX];
};

/* One thread's work area of one problem, made by prepare: FFT plans, tables, factorisations. */
struct problem_class {
	const char *name;     /* "burgers" */
	const char *summary;  /* one line */
	const char *equation; /* u_t = nu*u_xx - u*u_x; several with "; " */
	const char *source;   /* paper, equation number, or text */
	const char *notes;    /* method, scheme, order; may be NULL */
	size_t config_size;
	const struct key *keys;
	/* Beyond ranges of single keys; errors name the key ("grid.x: ..."). NULL: nothing to check. */
	int (*check)(const void *config, struct err *e);
	/* Fields, axes, parameters, without samples and splits. */
	void (*layout)(const void *config, struct layout *l);
	void (*numbers)(const void *config, struct problem_numbers *n); /* NULL: none */
	/* What identifies the data sets that samples are made from, as text to be freed. NULL: there never are any. */
	char *(*inputs)(const void *config);
	int (*prepare)(const void *config, void **work, struct err *e);
	void (*release)(void *work);
	/* Sample `sample` into field[k] (double, canonical order, layout's field k) and number[k]. Blow-up: ERR_FAIL "sample
	 * 17: not finite at t = 0.31". Uses rng streams keyed by (seed, purpose, 0, sample) only. Loops over time steps
	 * ask stop_check (base/stop.h) and return -1 where it says so. */
	int (*generate)(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field,
			double *number, struct err *e);
	/* As generate, at n_times rising times within the problem's own instead of its frames: that many in field[k]. NULL:
	 * the problem stops at its frames only. */
	int (*generate_at)(const void *config, void *work, uint64_t seed, int64_t sample, int64_t n_times,
			   const double *time, double *const *field, double *number, struct err *e);
	bool lacks; /* values may be missing (NaN); else one that is not finite is an error of the run */
	/* March from given initial data: `in` holds the fields that march_input names, frame 0 (double, without time axis);
	 * the same outputs as generate, on the configured grid. NULL: cannot. */
	int (*march)(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		     double *number, struct err *e);
	/* Names of the layout fields that march takes as initial data, NULL-terminated: "a" of a map, "u" of a trajectory. */
	const char *const *(*march_input)(const void *config);
	/* Small configuration (YAML text of the problem section) for the generic tests: generation within 0.1 s. */
	const char *test_config;
};

extern const struct problem_class *const *const problem_files[];
const struct problem_class *problem_find(const char *name);
/* The class of a section: one with a key `equation` is a text, whatever its name; else the member of this name (NULL:
 * none). */
const struct problem_class *problem_of(const struct conf *c, const char *name);

#endif
