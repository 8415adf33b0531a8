/* path.h: series of values as paths with derivatives, what neural controlled differential equations are driven by.
 * Values that are not numbers are missing: every channel is interpolated through those it has, held before the first
 * and after the last. */
#ifndef SCIML_LEARNER_PATH_H
#define SCIML_LEARNER_PATH_H

#include <stdbool.h>
#include <stdint.h>

enum path_kind {
	PATH_LINEAR,	   /* kinks at the knots */
	PATH_RECTILINEAR,  /* the time goes first, then the values: causal; 2n - 1 knots */
	PATH_NATURAL,	   /* natural cubic spline: twice differentiable, sees the future */
	PATH_HERMITE,	   /* cubic with backward differences as slopes: once differentiable, causal but for one knot */
	PATH_HOLD,	   /* zero-order hold, whose derivative between the knots is nothing: a negative control */
	PATH_LOG_SIGNATURE /* straight in the log-signature over windows: path_windows ... alone are for it */
};
extern const char *const path_names[];

/* Intervals of a path through n times. */
int64_t path_intervals(enum path_kind kind, int64_t n);
/* Its knots, path_intervals + 1 of them: t itself, or, rectilinear, 0, 1, 2 ... */
void path_knots(enum path_kind kind, int64_t n, const double *t, double *knot);
/* Has it kinks? */
bool path_kinks(enum path_kind kind);

/* x (n x channels), time_channel: the time comes as a further channel in front. start: first values (with the time's).
 * slope (path_intervals x channels x 3, time included): derivative a + b s + c s^2 of each channel at distance s behind
 * the knot. */
void path_of(enum path_kind kind, int64_t n, const double *t, int64_t channels, const double *x, bool time_channel,
	     double *start, double *slope);

/* Log-signatures of the linear path over windows of `window` intervals each (the last may have fewer), for neural rough
 * differential equations (Morrill, Salvi, Kidger, Foster 2021, arXiv 2009.08295): y' = F(y) LogSig(r_i, r_(i+1)) /
 * (r_(i+1) - r_i). knot: path_windows + 1. start as in path_of. slope (path_windows x signature_log_size(all channels,
 * depth) x 3): that quotient in the Lyndon basis (num/signature.h), constant in each window. */
int64_t path_windows(int64_t n, int64_t window);
void path_window_knots(int64_t n, const double *t, int64_t window, double *knot);
void path_log_signatures(int64_t n, const double *t, int64_t channels, const double *x, bool time_channel, int depth,
			 int64_t window, double *start, double *slope);

#endif
