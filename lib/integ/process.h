/* process.h: stochastic processes as data: drift, diffusion, transition law and moments where they are known. Problems and
 * samplers draw from the same table. All are scalar Ito equations; several components are independent copies. */
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
 *   langevin  dX = rate (X - X^3) dt + sigma dW: the double well V = rate (X^2 - 1)^2 / 4 */
struct process {
	double rate, level, sigma;
	double start, start_spread; /* X(0) ~ start + start_spread N(0, 1) */
};

enum process_kind { PROCESS_OU, PROCESS_GBM, PROCESS_CIR, PROCESS_LANGEVIN };
extern const char *const process_names[]; /* by kind, NULL-terminated */

enum process_method { PROCESS_EXACT, PROCESS_EULER, PROCESS_MILSTEIN };
extern const char *const process_methods[]; /* "exact", "euler-maruyama", "milstein", NULL */

/* Has the process a transition law that can be drawn from directly? (ou, gbm) */
bool process_has_exact(enum process_kind kind);

/* `frames` intervals up to T of n independent components into out ((frames + 1) x n). Schemes take `steps` steps a frame.
 * start: n initial values, or NULL to draw them. Streams: (seed, NAME, 0, sample) for the noise, (seed, NAME-start, 0, sample).
 * For cir, schemes use the positive part in drift and diffusion (full truncation), and out holds the positive part. */
int process_path(enum process_kind kind, const struct process *p, enum process_method method, int64_t n, double T,
		 int64_t frames, int64_t steps, uint64_t seed, int64_t sample, const double *start, double *out,
		 struct err *e);

/* Mean and standard deviation of X(t); false where they have no closed form (langevin, t > 0). */
bool process_moments(enum process_kind kind, const struct process *p, double t, double *mean, double *std);

#endif
