/* process.h: stochastic processes as data: drift, diffusion, transition law and moments where they are known. Problems
 * and samplers draw from the same table. All are scalar Ito equations; several components are independent copies. */
#ifndef SCIML_INTEG_PROCESS_H
#define SCIML_INTEG_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

/* Parameters by the meaning that each process gives them:
 *   ou        dX = rate (level - X) dt + sigma dW
 *   gbm       dX = rate X dt + sigma X dW
 *   cir       dX = rate (level - X) dt + sigma sqrt(X) dW, X >= 0
 *   ou-trend  dX = (level t - rate X) dt + sigma t dW
 *   langevin  dX = rate (X - X^3) dt + sigma dW: the double well V = rate (X^2 - 1)^2 / 4 */
struct process {
	double rate, level, sigma;
	double start, start_spread, start_width; /* X(0) ~ start + start_spread N(0, 1) + start_width U(-1, 1) */
};

enum process_kind { PROCESS_OU, PROCESS_GBM, PROCESS_CIR, PROCESS_LANGEVIN, PROCESS_OU_TREND };
extern const char *const process_names[]; /* by kind, NULL-terminated */

/* How a path is made: by the transition law, or by a method of integ/sde.h; names: sde_exact_or_method_names. */
enum { PROCESS_EXACT };
struct process_scheme {
	int method;    /* index into sde_exact_or_method_names */
	int64_t steps; /* equal steps in a frame */
	/* Adaptive steps instead where rtol or atol is above 0; dtmin: the smallest (0: 2^-16 of a frame). */
	double rtol, atol, dtmin;
	/* Above 0: the noise is a Brownian tree of this tolerance, the same path for all methods and steps. */
	double tolerance;
	int n_pid; /* 3: coefficients p, i, d of the control of adaptive steps; 0: (0.1, 0.3, 0) */
	const double *pid;
};

/* Can the process be drawn by this scheme? ERR_USAGE with the reason. */
int process_check(enum process_kind kind, const struct process_scheme *scheme, struct err *e);

/* `frames` intervals up to T of n independent components into out ((frames + 1) x n). start: n initial values, or NULL
 * to draw them. Streams: (seed, NAME, 0, sample) for the noise, as fresh increments of equal steps or as a Brownian
 * tree (with H), and (seed, NAME-start, 0, sample): normals 0 .. n-1, uniforms n+1 .. 2n. For cir, schemes use the
 * positive part in drift and diffusion (full truncation), and out holds the positive part. counts may be NULL. */
struct sde_counts;
int process_path(enum process_kind kind, const struct process *p, const struct process_scheme *scheme, int64_t n,
		 double T, int64_t frames, uint64_t seed, int64_t sample, const double *start, double *out,
		 struct sde_counts *counts, struct err *e);

/* Mean and standard deviation of X(t); false where they have no closed form (langevin, t > 0). */
bool process_moments(enum process_kind kind, const struct process *p, double t, double *mean, double *std);

#endif
