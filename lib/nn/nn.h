/* nn.h: layers made of ops. An nn walks one model's building: it names parameters by path, creates them on the first
 * build and finds them again on every later one (another batch, another resolution, evaluation mode). Fields are (b, c,
 * N...), channels first. All builders return NODE_NONE once the graph is in error. */
#ifndef SCIML_NN_NN_H
#define SCIML_NN_NN_H

#include "graph/graph.h"
#include "num/params.h"
#include "op/op.h"

struct nn {
	struct graph *g;
	struct params *params;
	bool training;	 /* batch statistics and dropout on */
	bool frozen_set; /* params are complete: an unknown name is an error (second and later builds) */
	node key;	 /* int32 (4) seed and step, for dropout; made on demand */
	int n_nodes;
	node *node; /* graph input of params->at[i], NODE_NONE if not used by this build */
	int n_updates;
	struct nn_update {
		int param;
		node value;
	} * update; /* new values of PARAM_STATE entries after a training step */
	char path[512];
};

void nn_begin(struct nn *n, struct graph *g, struct params *p, bool training);
void nn_end(struct nn *n); /* frees the arrays; graph and params stay */

/* Path of the layer being built: nn_enter(n, "block%d", i) ... nn_leave(n). */
void nn_enter(struct nn *n, const char *format, ...) __attribute__((format(printf, 2, 3)));
void nn_leave(struct nn *n);

struct nn_init {
	enum param_role role;
	enum param_init init;
	double scale;
	int64_t fan_in, fan_out;
};
node nn_param(struct nn *n, const char *name, const struct shape *s, const struct nn_init *i);
/* Uniform in +-1/sqrt(fan_in), what PyTorch's Linear and Conv start from. */
struct nn_init nn_init_fan_in(enum param_role role, int64_t fan_in, int64_t fan_out);
node nn_state(struct nn *n, const char *name, const struct shape *s, double value);
void nn_set_state(struct nn *n, node state, node value);

/* Linear on the last axis: x W + b, W (in, out). */
node nn_linear(struct nn *n, const char *name, node x, int64_t n_out, bool bias);
/* The same with weights and bias that start at zero: the last layer of a branch that begins as nothing. */
node nn_linear_zero(struct nn *n, const char *name, node x, int64_t n_out);
/* Pointwise on the channel axis 1: the 1x1 convolution. */
node nn_pointwise(struct nn *n, const char *name, node x, int64_t n_out, bool bias);
struct nn_conv {
	int64_t n_out, kernel, stride, dilation, groups; /* same on every axis; 0 reads as 1 */
	int64_t pad;
	enum pad_mode pad_mode;
	bool bias;
	bool zero; /* weights and bias start at zero */
};
node nn_conv(struct nn *n, const char *name, node x, const struct nn_conv *c);
/* Transposed convolution, kernel = stride = factor (non-overlapping), with bias. */
node nn_conv_up(struct nn *n, const char *name, node x, int64_t n_out, int64_t factor);

enum nn_spectral_init { NN_SPECTRAL_SCRIPT, NN_SPECTRAL_LIBRARY }; /* U(0,1)/(ci co); N(0, 2/(ci+co)) */
/* modes[d] retained on axis d as in op_spectral; clipped at build to what the grid has is NOT done: error. */
node nn_spectral(struct nn *n, const char *name, node x, int64_t n_out, const int64_t *modes,
		 enum nn_spectral_init init);

/* Norms over (b, c, N...); eps 1e-5; affine: gain and bias per channel. */
node nn_batch_norm(struct nn *n, const char *name, node x, double momentum, bool affine);
node nn_instance_norm(struct nn *n, const char *name, node x, bool affine);
node nn_group_norm(struct nn *n, const char *name, node x, int64_t groups, bool affine);
node nn_layer_norm(struct nn *n, const char *name, node x, bool affine); /* over the last axis */

node nn_dropout(struct nn *n, const char *name, node x, double rate);

enum nn_activation {
	NN_IDENTITY,
	NN_RELU,
	NN_GELU,
	NN_TANH,
	NN_SILU,
	NN_ELU,
	NN_SOFTPLUS,
	NN_SIGMOID,
	NN_SIN,
	NN_LEAKY_RELU,
	NN_LIPSWISH /* 0.909 x sigmoid(x), of Lipschitz constant 1 (arXiv 1906.02735) */
};
extern const char *const nn_activation_names[]; /* for KEY_ONE_OF */
node nn_activate(struct nn *n, enum nn_activation a, node x);

/* depth hidden layers of `width`, then n_out without activation; on the last axis. */
node nn_mlp(struct nn *n, const char *name, node x, int64_t width, int depth, int64_t n_out, enum nn_activation a);

/* Gated recurrent unit (Cho et al. 2014, arXiv 1406.1078): from state h (b, k) and input x (b, c) the next state
 * (1 - u) p + u h, with update u, reset r and proposal p = tanh(W x + r (U h)). Layers "input" and "state". */
node nn_gru(struct nn *n, node x, node h);

/* ---- transformers: tokens are (b, n, c) ---- */

/* Fourier features of a number a sample, x (b, 1): (b, size), size even: sines, then cosines of scale x w_k with
 * w_k = 10000^(-k / (size / 2 - 1)), k < size / 2 (arXiv 1706.03762, section 3.5; arXiv 2006.11239 for times). */
node nn_fourier_features(struct nn *n, node x, double scale, int64_t size);

/* Scaled dot-product attention of several heads (arXiv 1706.03762, eq. 1): softmax(q k^T / sqrt(c / heads) + bias) v,
 * then a linear map. Queries come from x (b, n, c), keys and values from context (b, m, d), NODE_NONE: from x itself.
 * bias: anything that broadcasts to (b, heads, n, m), large negative numbers mask; NODE_NONE: none. c must divide by
 * heads. */
node nn_attention(struct nn *n, const char *name, node x, node context, node bias, int64_t heads);

/* A block of two residual branches, x + attention(norm x), x + MLP(norm x), the MLP `ratio` times as wide, with GELU.
 * Without a condition norms have gains (pre-norm, arXiv 2002.04745). With a condition (b, k) both norms are without
 * gains and each branch becomes gate * branch(norm x (1 + scale) + shift), where the six vectors are a linear map of
 * SiLU(condition) that starts at zero: adaLN-Zero, arXiv 2212.09748, section 3.2. */
node nn_transformer_block(struct nn *n, const char *name, node x, node condition, int64_t heads, int64_t ratio);
/* norm x (1 + scale) + shift with the two vectors from the condition as above. */
node nn_modulated_norm(struct nn *n, const char *name, node x, node condition);

/* Fields to tokens and back: (b, c, N...) -> (b, n, c p^d), the patches of p points along each of d axes in row-major
 * order. */
node nn_to_patches(struct nn *n, node x, int64_t p);
node nn_from_patches(struct nn *n, node tokens, int64_t channels, int n_dims, const int64_t *size, int64_t p);

/* Coordinates appended as channels: (b, c + d, N...). endpoint: 0..1 with both ends, else i/N. */
node nn_append_grid(struct nn *n, node x, bool endpoint);

#endif
