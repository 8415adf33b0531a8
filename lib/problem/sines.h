/* sines.h: random profiles on an interval as PDEBench's generator draws them for its one-dimensional families: a few
 * sines, perhaps their absolute value, a sign, perhaps a smooth window (Takamoto et al. 2022, appendix D.1). */
#ifndef SCIML_PROBLEM_SINES_H
#define SCIML_PROBLEM_SINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

enum { SINES_MAX = 64 };

struct sines_law {
	int64_t waves;	     /* 1 .. waves periods to choose from, at most SINES_MAX */
	int64_t terms;	     /* choices, with replacement */
	double abs_share;    /* share of profiles that take the absolute value */
	double window_share; /* share under a window from U(0.1, 0.45) to U(0.55, 0.9), edges 0.01 wide */
	double length;	     /* of the interval */
	int64_t grid;	     /* points, for compat */
	/* The published code: wave numbers divide by the distance of the first and last cell centres, so that waves do not
	 * quite close, and are multiplied by how often they were chosen (never makes a constant, twice doubles the
	 * frequency). */
	bool compat;
};

struct sines {
	int n;
	double amplitude[SINES_MAX], wave[SINES_MAX], phase[SINES_MAX];
	bool absolute, window;
	double sign, left, right;
};

/* Keys of a problem whose config has members of these names. */
#define SINES_KEYS(config)                                                                                             \
	KEY_INT(config, waves, "4", 1, SINES_MAX, "wave numbers 1 .. waves to choose from"),                           \
		KEY_INT(config, terms, "2", 1, 1000, "choices, with replacement"),                                     \
		KEY_REAL(config, abs_share, "0.1", 0, 1, "share of samples that take the absolute value"),             \
		KEY_REAL(config, window_share, "0.1", 0, 1, "share of samples under a smooth window")
/* compat needs two points: ERR_USAGE. */
int sines_check(bool compat, int64_t grid, struct err *e);

void sines_draw(const struct sines_law *law, struct rng r, struct sines *p);
double sines_at(const struct sines *p, double x);

#endif
