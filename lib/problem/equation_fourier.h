/* equation_fourier.h: Fourier pseudo-spectral discretisation of equations in text on a periodic box: y' = L y + N(t, y)
 * for the modes below the dealiasing limit, with L diagonal in a basis of every mode's own. */
#ifndef SCIML_PROBLEM_EQUATION_FOURIER_H
#define SCIML_PROBLEM_EQUATION_FOURIER_H

#include "problem/equation_spec.h"
#include "problem/spectral.h"

struct equation_fourier;
/* One thread's discretisation. dealias: keep |k| < N/(p+1) for products of p factors, else all but the Nyquist
 * modes. */
int equation_fourier_new(struct equation_fourier **out, struct equation_spec *s, bool dealias, struct err *e);
void equation_fourier_free(struct equation_fourier *f);

const int64_t *equation_fourier_size(const struct equation_fourier *f); /* points of the solver's grid by axis */
int64_t equation_fourier_points(const struct equation_fourier *f);
int64_t equation_fourier_count(const struct equation_fourier *f); /* complex numbers of a state */

/* Add sum_k b_k(t, y) increment_k to the state `to`: the amplitudes b_k of the noises at the points of the solver's
 * grid times increments (noise by noise) there, of which the kept modes are taken. to may be y. */
void equation_fourier_kick(struct equation_fourier *f, double t, const double *y, const double *increment, double *to);
/* Does N depend on neither fields nor time? */
bool equation_fourier_is_steady(const struct equation_fourier *f);

/* Tables of a sample: parameter values and coefficient fields on the solver's grid (kept by reference). */
void equation_fourier_set(struct equation_fourier *f, const double *param, const double *const *coef);
const double *equation_fourier_linear(const struct equation_fourier *f); /* count complex: the diagonal of L */
/* N(t, y) in the signature of etd_nonlinear; context is the discretisation. */
void equation_fourier_rest(void *context, double t, const double *state, double *out);

/* State at rest, L y + N = 0, of a steady discretisation; modes that L does not see are 0. */
void equation_fourier_rest_state(struct equation_fourier *f, double *state);

/* State from one array a field on the solver's grid, and from fields on another grid (modes that both resolve). */
void equation_fourier_state(struct equation_fourier *f, const double *const *field, double *state);
void equation_fourier_state_from(struct equation_fourier *f, const struct spectral *grid, const double *const *field,
				 double *state);
/* Values of a field of another grid on the solver's grid, by trigonometric interpolation. */
void equation_fourier_interpolate(struct equation_fourier *f, const struct spectral *grid, const double *field,
				  double *out);
/* Unknown `which` of a state at the points of another grid: the trigonometric polynomial itself, not a filtered one. */
void equation_fourier_sample(struct equation_fourier *f, const double *state, int which, const struct spectral *grid,
			     double *out);
/* Keep of each unknown what is even (1) or odd (-1) about 0 and half the length of an axis; 0: all. */
void equation_fourier_reflect(struct equation_fourier *f, int axis, const int *parity, double *state);
/* Keep the modes of real fields real fields' (rounding errors grow where L does). */
void equation_fourier_balance(const struct equation_fourier *f, double *state);

#endif
