/* interpolant.h: stochastic interpolants (Albergo, Boffi, Vanden-Eijnden, arXiv 2303.08797) and rectified flow (Liu,
 * Gong, Liu, arXiv 2209.03003), which is the linear one without noise: x_t = a(t) x0 + c(t) x1 + gamma(t) z between a
 * base density at t = 0 and data at t = 1, z ~ N(0, I). Their law moves with the velocity b = E[a' x0 + c' x1 + gamma'
 * z | x_t = x], and for every epsilon >= 0 with dX = (b + epsilon s) dt + sqrt(2 epsilon) dW, s = grad log rho_t;
 * backwards with b - epsilon s. */
#ifndef SCIML_SAMPLER_INTERPOLANT_H
#define SCIML_SAMPLER_INTERPOLANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sampler/mixture.h"

enum interpolant_path {
	INTERPOLANT_LINEAR,   /* a = 1 - t, c = t */
	INTERPOLANT_TRIG,     /* cos(pi t / 2), sin(pi t / 2), both times sqrt(1 - gamma^2) */
	INTERPOLANT_ENCODING, /* cos^2(pi t) of x0 before t = 1/2, of x1 after: needs noise there */
};
enum interpolant_noise {
	GAMMA_NONE,
	GAMMA_BROWNIAN /* sqrt(t (1 - t)) */,
	GAMMA_QUADRATIC /* t (1 - t) */,
	GAMMA_SINE /* sin^2(pi t) */
};
extern const char *const interpolant_path_names[], *const interpolant_noise_names[];

struct interpolant {
	enum interpolant_path kind;
	enum interpolant_noise noise;
};
/* Coefficients at t; product = gamma gamma', which stays finite where gamma' does not. */
struct interpolant_level {
	double t, a, c, gamma, a_rate, c_rate, gamma_rate, product;
};
struct interpolant_level interpolant_at(const struct interpolant *p, double t);

/* Velocity and score at n points: b (not NULL) and s (NULL: not wanted), each n x dim. */
struct flow {
	int64_t dim;
	int (*eval)(struct flow *self, double t, int64_t n, const double *x, double *b, double *s, struct err *e);
	void *model;
	int64_t calls; /* counted by flow_march */
};

/* The exact velocity and score between two Gaussian mixtures of one dimension count (section 4.2 there); all
 * borrowed. */
struct mixture_flow {
	struct interpolant path;
	const struct mixture *base, *data;
	double *memory;
};
int mixture_flow_open(struct mixture_flow *m, struct flow *f, const struct interpolant *p, const struct mixture *base,
		      const struct mixture *data, struct err *e);
void mixture_flow_close(struct mixture_flow *m);
/* log rho_t(x) */
double mixture_flow_log_density(const struct mixture_flow *m, double t, const double *x);

enum flow_method { FLOW_EULER, FLOW_HEUN, FLOW_RK4 };
extern const char *const flow_method_names[];
struct flow_options {
	enum flow_method method; /* rk4: epsilon = 0 only. With noise Heun's rule takes its stages after the kick */
	int64_t steps;
	double from, to; /* 0 to 1, or backwards; with epsilon > 0 and where gamma vanishes a little inside */
	double epsilon;
};
/* n points x from o->from to o->to in equal steps; point k draws from the streams of sample first + k. straightness (n;
 * NULL: not wanted): of each point the mean over the steps of |(x_end - x_start) / (to - from) - b|^2 (arXiv
 * 2209.03003, eq. 5), b as the steps begin with. -1: the model failed, a state is not finite. */
int flow_march(struct flow *f, const struct flow_options *o, uint64_t seed, int64_t first, int64_t n, double *x,
	       double *straightness, struct err *e);
/* Model calls of a march. */
int64_t flow_calls(const struct flow_options *o);

#endif
