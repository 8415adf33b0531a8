/* brownian.h: Brownian paths with random access from one seed: the virtual Brownian tree (Li, Wong, Chen, Duvenaud
 * 2020; with integrals: Jelincic, Foster, Kidger, arXiv 2405.06464). A query (s, t) gives, for every sample and
 * channel, with h = t - s,
 *   W = w_t - w_s                                                     N(0, h)
 *   H = 1/h   int_s^t (w_r - w_s - (r - s)/h W) dr                    N(0, h/12)   space-time Levy area
 *   K = 1/h^2 int_s^t (w_r - w_s - (r - s)/h W) ((s + t)/2 - r) dr    N(0, h/720)  space-time-time Levy area
 * jointly distributed as they should be for any set of query times that lie at least `tolerance` apart. Values depend
 * on (seed, purpose, sample, channel, kind, t0, t1, tolerance) and on the query alone, never on earlier queries: what a
 * Brownian interval promises, in memory that does not grow with the number of queries. A query costs log2 of (t1 -
 * t0)/tolerance levels from the root; what it shares with the query before it is kept. Trees of different kinds are
 * different paths. */
#ifndef SCIML_INTEG_BROWNIAN_H
#define SCIML_INTEG_BROWNIAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum brownian_kind { BROWNIAN_W = 1, BROWNIAN_WH = 2, BROWNIAN_WHK = 3 }; /* the number of integrals */

/* All samples first_sample .. first_sample + n_samples - 1 are asked for the same times together, the same values as
 * alone. */
struct brownian_spec {
	uint64_t seed;
	const char *purpose; /* of the stream, base/rng.h */
	int64_t first_sample, n_samples, channels;
	double t0, t1;	  /* t0 < t1 */
	double tolerance; /* below every distance of query times; > 0 */
	enum brownian_kind kind;
};

struct brownian;
/* ERR_USAGE: times or tolerance without sense, more than 60 levels; or no memory. */
struct brownian *brownian_new(const struct brownian_spec *spec, struct err *e);
void brownian_free(struct brownian *b);

/* ceil(log2((t1 - t0) / tolerance)), at least 0: the depth of every leaf. */
int brownian_levels(const struct brownian *b);
/* Intervals halved so far: from the root, a single time costs brownian_levels; the rest is what the cache saved. */
int64_t brownian_visits(const struct brownian *b);
/* Forget what is kept between queries (values don't change by it). */
void brownian_forget(struct brownian *b);

/* Over [s, t], s < t, clipped to [t0, t1]; each array n_samples x channels; h and k may be NULL, and must be for a kind
 * without them. w, h, k must not overlap. */
void brownian_increment(struct brownian *b, double s, double t, double *w, double *h, double *k);

/* Chen's relation for n channels: W, H, K over [s, u] from those over [s, t] (first) and [t, u] (second); h and k of
 * all three may be NULL together. Lengths: of the two intervals. The result may be one of the arguments. */
struct brownian_part {
	double length;
	double *w, *h, *k;
};
void brownian_join(int64_t n, const struct brownian_part *first, const struct brownian_part *second,
		   struct brownian_part *joined);

/* Independent steps of equal length, without a tree: W, H, K of steps step .. step + n_steps - 1, each n_steps x
 * n_samples x channels; h, k may be NULL. normal: room for n_steps x n_samples x channels x kind numbers. Faster by
 * far than the tree; no finer path goes with it. */
void brownian_steps(const struct brownian_spec *spec, double length, int64_t step, int64_t n_steps, double *w,
		    double *h, double *k, double *normal);

/* ---- Levy area (brownian_area.c) --------------------------------------------------------------------------------- */

enum levy_area { LEVY_DAVIE, LEVY_FOSTER };
/* Approximate A_ij = 1/2 int (w_i dw_j - w_j dw_i) over one interval of length h from its W and H (m channels):
 * A = H W^T - W H^T + skew noise whose variance is that of A given W, h^2/12 (Davie 2014), or that of A given W and H,
 * h^2/20 + h/5 (H_i^2 + H_j^2) (Foster 2020; the mean over H is Davie's). normal: m (m - 1)/2 standard normals, row by
 * row of i < j. area: m x m. */
void levy_area(enum levy_area law, int m, double h, const double *W, const double *H, const double *normal,
	       double *area);

#endif
