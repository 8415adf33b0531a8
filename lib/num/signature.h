/* signature.h: signatures of paths in R^d: the iterated integrals S(i1 .. ik) = int dx_i1(t1) .. dx_ik(tk) over t1 < ..
 * < tk, up to depth 3 (Chen 1957; Lyons, Caruana, Levy, Differential equations driven by rough paths, 2007), and
 * log-signatures, their logarithm in the tensor algebra, which is a Lie series. A tensor without its 1 is stored level
 * by level, row-major: d + d^2 + d^3 numbers at depth 3. */
#ifndef SCIML_NUM_SIGNATURE_H
#define SCIML_NUM_SIGNATURE_H

#include <stdint.h>

enum { SIGNATURE_DEPTH = 3 };

int64_t signature_size(int64_t d, int depth);
/* d; + d (d - 1)/2; + (d^3 - d)/3: the Lyndon words of up to depth letters (Witt). INT64_MAX when it is more. */
int64_t signature_log_size(int64_t d, int depth);

/* s becomes the signature of the path so far, followed by a straight line with increment `step` (d). Of no path:
 * zeros. */
void signature_extend(int64_t d, int depth, const double *step, double *s);
/* Chen's identity: out = the signature of a path with signature a, followed by one with b. out is neither. */
void signature_join(int64_t d, int depth, const double *a, const double *b, double *out);
/* log(1 + s) and its inverse exp(l) - 1, truncated; out is not the argument. */
void signature_log(int64_t d, int depth, const double *s, double *out);
void signature_exp(int64_t d, int depth, const double *l, double *out);

/* A Lie element's coordinates in the Lyndon basis (signature_log_size numbers): words of one letter, then i < j as
 * [i,j], then words of three in alphabetic order with their standard brackets: iij [i,[i,j]], ijj [[i,j],j], ijk
 * [i,[j,k]], ikj [[i,k],j]. */
void signature_to_lyndon(int64_t d, int depth, const double *l, double *out);
void signature_from_lyndon(int64_t d, int depth, const double *c, double *l);

#endif
