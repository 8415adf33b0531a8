/* neural_sde.h: the parts of a neural SDE, for the model of that name and for those who train it: the start of the
 * hidden state, its drift and diffusion as networks, steps of the reversible Heun method (arXiv 2105.13493), the
 * readout, and a critic that is a neural controlled differential equation driven by a path. Rows are paths (b, ...);
 * time runs from 0 to 1 as the networks see it, and in steps of length dt as the equation does. Everything is named
 * under n's present path. */
#ifndef SCIML_MODEL_NEURAL_SDE_H
#define SCIML_MODEL_NEURAL_SDE_H

#include "nn/nn.h"

/* dX = f(t, X) dt + g(t, X) o dW, X(0) = a network of `initial_noise` normals, y = linear in X. */
struct neural_sde {
	int64_t hidden, width, depth, noise, initial_noise;
	int activation;
};

/* A state of the reversible Heun method; field: what the control's increment is multiplied by, at x_hat. */
enum { NEURAL_SDE_X, NEURAL_SDE_HAT, NEURAL_SDE_DRIFT, NEURAL_SDE_FIELD, NEURAL_SDE_STATES };
struct neural_sde_state {
	node at[NEURAL_SDE_STATES]; /* (b, hidden), (b, hidden), (b, hidden), (b, hidden, controls) */
};

/* v: (b, initial_noise); t: (b, 1), the first time. */
void neural_sde_start(struct nn *n, const struct neural_sde *c, node v, node t, struct neural_sde_state *s);
/* One step over dt with increment dw (b, noise) to time t1 (b, 1). */
void neural_sde_step(struct nn *n, const struct neural_sde *c, node t1, double dt, node dw,
		     const struct neural_sde_state *from, struct neural_sde_state *to);
/* (b, n_out) */
node neural_sde_readout(struct nn *n, const struct neural_sde *c, node x, int64_t n_out);

/* The critic: dh = F(t, h) d(t, y), h(0) = a network of y(0); its score is linear in h at the end. Its drift is
 * unused. */
void neural_critic_start(struct nn *n, const struct neural_sde *c, node y, node t, struct neural_sde_state *s);
/* dy: (b, channels + 1), increments of time and path over the step. */
void neural_critic_step(struct nn *n, const struct neural_sde *c, node t1, node dy, const struct neural_sde_state *from,
			struct neural_sde_state *to);
node neural_critic_score(struct nn *n, const struct neural_sde *c, node h); /* (b, 1) */

#endif
