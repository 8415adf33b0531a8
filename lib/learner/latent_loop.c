/* latent_loop.c: the encoder and the latent path as step programs, with the start between them as a plan. Going back,
 * the path hands the encoder the cotangents of its contexts, frame by frame. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/plan.h"
#include "integ/integ.h"
#include "op/op.h"
#include "learner/latent_sde.h"

static const double half_log_2pi = 0.91893853320467274178;

/* Inputs that change from step to step. */
enum { CONTEXT, NOISE, SEEN, TIME, LENGTH, OBSERVED, WEIGHT, LOCALS };
enum { MISFIT, DIVERGENCE, EXTRAS };
enum { START_STATE, START_LOSS, START_MISFIT, START_DIVERGENCE, START_OUTS };

struct latent_loop {
	struct latent_loop_spec spec;
	double *time;
	struct graph *g;
	struct nn nn;
	node z, h, first, context0, start_noise, local[LOCALS], read, given; /* inputs */
	node z_bar;
	struct plan *start, *start_back;
	struct step *encode, *path;
	int n_shared, n_start, context_out;
	int *shared, *started;
	struct tensor *part; /* gradient of a step program, by shared */
	/* in the network's type */
	struct tensor noise0, noise, context, context_bar, z0, z0_bar, h0, zero, one, weight, time_of, length, stats;
	char *paths;
};

static int64_t n_steps(const struct latent_loop *l)
{
	return (l->spec.frames - 1) * l->spec.config->steps;
}

static bool prior(const struct latent_loop *l)
{
	return l->spec.prior;
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

/* The configured model as drift of that name: (b, n_in) to (b, latent). */
static node drift(struct latent_loop *l, const char *name, node x, int64_t n_in, node t)
{
	const struct network *n = l->spec.network;
	const struct model_spec s = { .n_in = n_in, .n_out = l->spec.config->latent, .n_vector = 1 };
	const struct shape column = shape_of(l->spec.batch, 1);
	struct model_in in = { .field = x, .query = NODE_NONE, .last = NODE_NONE };
	node out;

	in.vector = op_broadcast(l->g, t, &column);
	nn_enter(&l->nn, "%s", name);
	out = n->class->build(&l->nn, n->config, &s, &in);
	nn_leave(&l->nn);
	return out;
}

/* g_i(z_i) in (0, diffusion), a small network of its own for each channel (b, latent). */
static node diffusion(struct latent_loop *l, node z)
{
	const struct latent_sde *c = l->spec.config;
	const int64_t width = c->diffusion_width;
	const struct shape each = shape_of(c->latent), wide = shape_of(c->latent, width),
			   deep = shape_of(l->spec.batch, c->latent, 1), row = shape_of(1, c->latent);
	const struct nn_init in = nn_init_fan_in(PARAM_WEIGHT, 1, width), out = nn_init_fan_in(PARAM_WEIGHT, width, 1),
			     bias = nn_init_fan_in(PARAM_BIAS, width > 0 ? width : 1, 1);
	struct graph *g = l->g;
	node v;

	nn_enter(&l->nn, "diffusion");
	if (width > 0) {
		v = op_add(g, op_mul(g, op_reshape(g, z, &deep), nn_param(&l->nn, "in.weight", &wide, &in)),
			   nn_param(&l->nn, "in.bias", &wide, &in));
		v = op_mul(g, nn_activate(&l->nn, NN_SOFTPLUS, v), nn_param(&l->nn, "out.weight", &wide, &out));
		v = op_add(g, op_sum(g, v, op_axes(2, 2), false),
			   op_reshape(g, nn_param(&l->nn, "out.bias", &each, &bias), &row));
	} else {
		v = op_add(g, op_zeros_like(g, z), op_reshape(g, nn_param(&l->nn, "out.bias", &each, &bias), &row));
	}
	nn_leave(&l->nn);
	return op_scale(g, op_sigmoid(g, v), c->diffusion);
}

/* Mean over the batch of a sum over its rows. */
static node mean_of(struct latent_loop *l, node x)
{
	return op_scale(l->g, op_sum_all(l->g, x), 1. / (double)l->spec.batch);
}

/* -log N(x; linear in z, noise^2), mean over the batch. */
static node misfit(struct latent_loop *l, node predicted, node x)
{
	const double sigma = l->spec.config->noise;
	struct graph *g = l->g;

	return op_shift(g, op_scale(g, mean_of(l, op_square(g, op_sub(g, predicted, x))), 0.5 / (sigma * sigma)),
			(double)l->spec.channels * (log(sigma) + half_log_2pi));
}

static node observe(struct latent_loop *l, node z)
{
	return nn_linear(&l->nn, "observation", z, l->spec.channels, true);
}

/* z(0) from its law, and of the posterior what that costs. */
static void build_start(struct latent_loop *l, node *out)
{
	const struct latent_sde *c = l->spec.config;
	const struct shape row = shape_of(1, c->latent);
	const struct nn_init zero = { PARAM_BIAS, INIT_ZERO, 0, 0, 0 };
	struct graph *g = l->g;
	const node mean = nn_param(&l->nn, "start.mean", &row, &zero),
		   log_std = nn_param(&l->nn, "start.log_std", &row, &zero);
	node law, m, s, gap, d;

	if (prior(l)) {
		out[0] = op_add(g, op_mul(g, op_exp(g, log_std), l->start_noise), mean);
		out[1] = observe(l, out[0]);
		return;
	}
	law = nn_linear(&l->nn, "law", l->context0, 2 * c->latent, true);
	m = op_slice(g, law, 1, 0, c->latent, 1);
	s = op_slice(g, law, 1, c->latent, c->latent, 1);
	out[START_STATE] = op_add(g, m, op_mul(g, op_exp(g, s), l->start_noise));
	/* log(s' / s) + (s^2 + (m - m')^2) / (2 s'^2) - 1/2 */
	gap = op_sub(g, m, mean);
	d = op_mul(g, op_add(g, op_exp(g, op_scale(g, s, 2)), op_square(g, gap)),
		   op_scale(g, op_exp(g, op_scale(g, log_std, -2)), 0.5));
	d = op_shift(g, op_add(g, op_sub(g, log_std, s), d), -0.5);
	out[START_DIVERGENCE] = mean_of(l, d);
	out[START_MISFIT] = misfit(l, observe(l, out[START_STATE]), l->first);
	out[START_LOSS] = op_add(g, out[START_MISFIT], op_mul(g, l->local[WEIGHT], out[START_DIVERGENCE]));
}

static node build_path(struct latent_loop *l, node *next, node *extra)
{
	const struct latent_sde *c = l->spec.config;
	struct graph *g = l->g;
	const node *in = l->local, h = drift(l, "prior", l->z, c->latent, in[TIME]), noisy = diffusion(l, l->z);
	node f = h, u;

	if (!prior(l))
		f = drift(l, "posterior", op_concat(g, 2, (node[]){ l->z, in[CONTEXT] }, 1), c->latent + c->context,
			  in[TIME]);
	*next = op_add(g, l->z, op_add(g, op_mul(g, f, in[LENGTH]), op_mul(g, noisy, in[NOISE])));
	if (prior(l)) {
		extra[0] = observe(l, *next);
		return NODE_NONE;
	}
	u = op_div(g, op_sub(g, f, h), noisy);
	extra[DIVERGENCE] = op_mul(g, op_scale(g, mean_of(l, op_square(g, u)), 0.5), in[LENGTH]);
	extra[MISFIT] = op_mul(g, in[OBSERVED], misfit(l, observe(l, *next), in[SEEN]));
	return op_add(g, extra[MISFIT], op_mul(g, in[WEIGHT], extra[DIVERGENCE]));
}

static node build_encoder(struct latent_loop *l, node *next, node *context)
{
	nn_enter(&l->nn, "encoder");
	*next = nn_gru(&l->nn, l->read, l->h);
	*context = nn_linear(&l->nn, "context", *next, l->spec.config->context, true);
	nn_leave(&l->nn);
	return op_sum_all(l->g, op_mul(l->g, *context, l->given));
}

static bool trained(const struct param *p)
{
	return p->role != PARAM_STATE && !p->frozen;
}

static struct step *compile_loop(struct latent_loop *l, struct step_spec *spec, struct err *e)
{
	const struct params *p = &l->spec.network->params;
	node *shared = xcalloc((size_t)p->n + 1, sizeof *shared);
	bool *wrt = xcalloc((size_t)p->n + 1, sizeof *wrt);
	struct step *s;

	for (int k = 0; k < l->n_shared; k++) {
		shared[k] = l->nn.node[l->shared[k]];
		wrt[k] = trained(&p->at[l->shared[k]]);
	}
	spec->n_state = 1;
	spec->n_shared = l->n_shared;
	spec->shared = shared;
	s = step_new(l->g, spec, l->spec.gradient, wrt, e);
	free(shared);
	free(wrt);
	return s;
}

/* Outputs of start_back: gradients of the parameters in `started`, then that of the first context. */
static int compile_start(struct latent_loop *l, const node *value, int n_out, struct err *e)
{
	const struct params *p = &l->spec.network->params;
	node *wrt, *grad, seed[2] = { l->z_bar, graph_scalar(l->g, 1) };
	int n = 0, kept = 0;

	if (!(l->start = plan_new(l->g, n_out, value, e)))
		return -1;
	if (!l->spec.gradient)
		return 0;
	wrt = xcalloc((size_t)p->n + 1, sizeof *wrt);
	grad = xcalloc((size_t)p->n + 1, sizeof *grad);
	for (int k = 0; k < l->n_shared; k++)
		if (trained(&p->at[l->shared[k]])) {
			wrt[n] = l->nn.node[l->shared[k]];
			l->started[n++] = l->shared[k];
		}
	wrt[n] = l->context0;
	graph_vjp(l->g, 2, value, seed, n + 1, wrt, grad);
	for (int i = 0; i < n; i++)
		if (node_is(grad[i])) {
			l->started[kept] = l->started[i];
			grad[kept++] = grad[i];
		}
	l->n_start = kept;
	l->context_out = kept;
	grad[kept++] = grad[n];
	l->start_back = graph_error(l->g) ? NULL : plan_new(l->g, kept, grad, e);
	free(wrt);
	free(grad);
	return l->start_back ? 0 : -1;
}

static node input(struct latent_loop *l, const char *name, const struct shape *s)
{
	return graph_input(l->g, name, l->spec.network->real, s);
}

static void make_inputs(struct latent_loop *l)
{
	const struct latent_sde *c = l->spec.config;
	const int64_t b = l->spec.batch;
	const struct shape state = shape_of(b, c->latent), context = shape_of(b, c->context), none = { 0 },
			   seen = shape_of(b, l->spec.channels), hidden = shape_of(b, c->encoder);

	l->z = input(l, "state", &state);
	l->z_bar = input(l, "cotangent", &state);
	l->start_noise = input(l, "start", &state);
	l->h = input(l, "hidden", &hidden);
	l->first = input(l, "first", &seen);
	l->read = input(l, "read", &seen);
	l->context0 = input(l, "context0", &context);
	l->given = input(l, "given", &context);
	l->local[CONTEXT] = input(l, "context", &context);
	l->local[NOISE] = input(l, "noise", &state);
	l->local[SEEN] = input(l, "seen", &seen);
	l->local[TIME] = input(l, "t", &none);
	l->local[LENGTH] = input(l, "dt", &none);
	l->local[OBSERVED] = input(l, "observed", &none);
	l->local[WEIGHT] = input(l, "weight", &none);
}

static struct tensor array(const struct latent_loop *l, struct shape s)
{
	return tensor_new(l->spec.network->real, &s);
}

static void make_arrays(struct latent_loop *l)
{
	const struct latent_sde *c = l->spec.config;
	const int64_t b = l->spec.batch, n = n_steps(l);

	l->noise0 = array(l, shape_of(b, c->latent));
	l->noise = array(l, shape_of(n, b, c->latent));
	l->context = array(l, shape_of(l->spec.frames, b, c->context));
	l->context_bar = array(l, shape_of(l->spec.frames, b, c->context));
	l->z0 = array(l, shape_of(b, c->latent));
	l->z0_bar = array(l, shape_of(b, c->latent));
	l->h0 = array(l, shape_of(b, c->encoder));
	l->zero = array(l, shape_of(1));
	l->one = array(l, shape_of(1));
	l->weight = array(l, shape_of(1));
	l->time_of = array(l, shape_of(n));
	l->length = array(l, shape_of(n));
	l->stats = array(l, shape_of(n, EXTRAS));
	tensor_set(&l->one, 0, 1);
	for (int64_t k = 0; k < n; k++) {
		const int64_t frame = k / c->steps;
		const double dt = (l->time[frame + 1] - l->time[frame]) / (double)c->steps;

		tensor_set(&l->time_of, k, l->time[frame] + (double)(k % c->steps) * dt);
		tensor_set(&l->length, k, dt);
	}
}

static int compile(struct latent_loop *l, struct err *e)
{
	const struct params *p = &l->spec.network->params;
	static const bool wrt_local[LOCALS] = { [CONTEXT] = true };
	node start[START_OUTS], z1, h1, context = NODE_NONE, extra[EXTRAS], loss, read_loss = NODE_NONE;

	build_start(l, start);
	loss = build_path(l, &z1, extra);
	if (!prior(l))
		read_loss = build_encoder(l, &h1, &context);
	if (graph_error(l->g)) {
		*e = *graph_error(l->g);
		return -1;
	}
	l->shared = xcalloc((size_t)p->n + 1, sizeof *l->shared);
	l->started = xcalloc((size_t)p->n + 1, sizeof *l->started);
	l->part = xcalloc((size_t)p->n + 1, sizeof *l->part);
	for (int i = 0; i < l->nn.n_nodes && i < p->n; i++)
		if (node_is(l->nn.node[i])) {
			l->part[l->n_shared] = tensor_new(p->at[i].value.dtype, &p->at[i].value.shape);
			l->shared[l->n_shared++] = i;
		}
	struct step_spec path = { .state = &l->z,
				  .next = &z1,
				  .n_local = LOCALS,
				  .local = l->local,
				  .n_extra = prior(l) ? 1 : EXTRAS,
				  .extra = extra,
				  .loss = loss,
				  .wrt_local = wrt_local };
	const node locals[2] = { l->read, l->given };
	struct step_spec encode = { .state = &l->h,
				    .next = &h1,
				    .n_local = 2,
				    .local = locals,
				    .n_extra = 1,
				    .extra = &context,
				    .loss = read_loss };

	if (compile_start(l, start, prior(l) ? 2 : START_OUTS, e) != 0 || !(l->path = compile_loop(l, &path, e)))
		return -1;
	return prior(l) || (l->encode = compile_loop(l, &encode, e)) ? 0 : -1;
}

struct latent_loop *latent_loop_new(const struct latent_loop_spec *spec, struct err *e)
{
	struct latent_loop *l = xcalloc(1, sizeof *l);

	l->spec = *spec;
	l->time = xcalloc((size_t)spec->frames, sizeof *l->time);
	memcpy(l->time, spec->time, (size_t)spec->frames * sizeof *l->time);
	l->g = graph_new(spec->network->real);
	nn_begin(&l->nn, l->g, &spec->network->params, spec->gradient);
	make_inputs(l);
	make_arrays(l);
	if (compile(l, e) == 0)
		return l;
	latent_loop_free(l);
	err_in(e, "model %s", spec->network->class->name);
	return NULL;
}

void latent_loop_free(struct latent_loop *l)
{
	struct tensor *arrays[] = { &l->noise0, &l->noise, &l->context, &l->context_bar, &l->z0,     &l->z0_bar, &l->h0,
				    &l->zero,	&l->one,   &l->weight,	&l->time_of,	 &l->length, &l->stats };

	for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
		tensor_free(arrays[k]);
	for (int k = 0; k < l->n_shared; k++)
		tensor_free(&l->part[k]);
	step_free(l->path);
	step_free(l->encode);
	plan_free(l->start);
	plan_free(l->start_back);
	nn_end(&l->nn);
	graph_free(l->g);
	free(l->shared);
	free(l->started);
	free(l->part);
	free(l->time);
	free(l);
}

int64_t latent_loop_batch(const struct latent_loop *l)
{
	return l->spec.batch;
}

int64_t latent_loop_noise(const struct latent_loop *l)
{
	return l->spec.batch * l->spec.config->latent * (1 + n_steps(l));
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static char *row(const struct tensor *t, int64_t k)
{
	return (char *)t->data + (size_t)k * (tensor_bytes(t) / (size_t)t->shape.dim[0]);
}

static char *frame(const struct latent_loop *l, int64_t k)
{
	return l->paths + (size_t)(k * l->spec.batch * l->spec.channels) * dtype_size(l->spec.network->real);
}

static void feed_path(void *context, int64_t n, const void **local, void **extra)
{
	struct latent_loop *l = context;
	const int64_t next = n / l->spec.config->steps + 1;
	const size_t width = dtype_size(l->spec.network->real);

	local[CONTEXT] = row(&l->context, next);
	local[NOISE] = row(&l->noise, n);
	local[SEEN] = frame(l, next);
	local[TIME] = row(&l->time_of, n);
	local[LENGTH] = row(&l->length, n);
	local[OBSERVED] = (n + 1) % l->spec.config->steps == 0 ? l->one.data : l->zero.data;
	local[WEIGHT] = l->weight.data;
	/* steps within a frame of the prior's paths are overwritten by its last */
	extra[0] = prior(l) ? frame(l, next) : row(&l->stats, n);
	if (!prior(l))
		extra[DIVERGENCE] = row(&l->stats, n) + width;
}

static void add_to(struct tensor *sum, const void *part, int64_t first, int64_t n)
{
	if (sum->dtype == DTYPE_F32)
		for (int64_t i = 0; i < n; i++)
			((float *)sum->data)[first + i] += ((const float *)part)[i];
	else
		for (int64_t i = 0; i < n; i++)
			((double *)sum->data)[first + i] += ((const double *)part)[i];
}

static void take_path(void *context, int64_t n, const void *const *gradient)
{
	struct latent_loop *l = context;
	const int64_t each = l->spec.batch * l->spec.config->context;

	if (gradient[CONTEXT])
		add_to(&l->context_bar, gradient[CONTEXT], (n / l->spec.config->steps + 1) * each, each);
}

/* The last frame first. */
static void feed_encoder(void *context, int64_t n, const void **local, void **extra)
{
	struct latent_loop *l = context;
	const int64_t k = l->spec.frames - 1 - n;

	local[0] = frame(l, k);
	local[1] = row(&l->context_bar, k);
	extra[0] = row(&l->context, k);
}

static int run_loop(struct latent_loop *l, struct step *s, struct step_run *run, const struct params *values,
		    bool gradient, void *state_bar, double *loss, struct params *sum, struct err *e)
{
	const void **shared = xcalloc((size_t)l->n_shared + 1, sizeof *shared);
	void **part = xcalloc((size_t)l->n_shared + 1, sizeof *part), *bar[1] = { state_bar };
	int status;

	for (int k = 0; k < l->n_shared; k++) {
		shared[k] = values->at[l->shared[k]].value.data;
		part[k] = trained(&values->at[l->shared[k]]) ? l->part[k].data : NULL;
	}
	run->memory = STEP_STORE;
	run->shared = shared;
	run->context = l;
	status = step_loop(s, run, loss, gradient ? part : NULL, gradient && state_bar ? bar : NULL, e);
	for (int k = 0; k < l->n_shared && gradient && status == 0; k++)
		if (part[k])
			add_to(&sum->at[l->shared[k]].value, part[k], 0, shape_count(&l->part[k].shape));
	free(shared);
	free(part);
	return status;
}

static void bind_start(struct latent_loop *l, struct plan *p, const struct params *values)
{
	for (int k = 0; k < l->n_shared; k++)
		plan_bind(p, l->nn.node[l->shared[k]], values->at[l->shared[k]].value.data);
	plan_bind(p, l->start_noise, l->noise0.data);
	if (prior(l))
		return;
	plan_bind(p, l->context0, row(&l->context, 0));
	plan_bind(p, l->first, frame(l, 0));
	plan_bind(p, l->local[WEIGHT], l->weight.data);
}

static int encode(struct latent_loop *l, const struct params *values, bool gradient, struct params *sum, struct err *e)
{
	void *state[1] = { l->h0.data };
	/* the same run twice: back once the path has given the contexts their cotangents */
	struct step_run run = { .n_steps = l->spec.frames,
				.part = gradient	   ? STEP_BACK
					: l->spec.gradient ? STEP_FORTH
							   : STEP_ALL,
				.state0 = state,
				.feed = feed_encoder };
	double unused;

	return run_loop(l, l->encode, &run, values, gradient, NULL, &unused, sum, e);
}

static void set_noise(struct latent_loop *l, const double *normals)
{
	const int64_t width = l->spec.config->latent, n = n_steps(l), b = l->spec.batch;

	for (int64_t i = 0; i < b; i++) {
		const double *own = normals + i * (1 + n) * width;

		for (int64_t j = 0; j < width; j++)
			tensor_set(&l->noise0, i * width + j, own[j]);
		for (int64_t k = 0; k < n; k++)
			for (int64_t j = 0; j < width; j++)
				tensor_set(&l->noise, (k * b + i) * width + j,
					   sqrt(tensor_get(&l->length, k)) * own[(1 + k) * width + j]);
	}
}

/* What the start adds to the gradient; the cotangent of the first context. */
static int back_start(struct latent_loop *l, const struct params *values, struct params *sum, struct err *e)
{
	bind_start(l, l->start_back, values);
	plan_bind(l->start_back, l->z_bar, l->z0_bar.data);
	plan_bind_out(l->start_back, l->context_out, row(&l->context_bar, 0));
	if (plan_run(l->start_back, e) != 0)
		return -1;
	for (int k = 0; k < l->n_start; k++) {
		const struct tensor part = plan_out(l->start_back, k);

		add_to(&sum->at[l->started[k]].value, part.data, 0, shape_count(&part.shape));
	}
	return 0;
}

static double scalar(const struct plan *p, int k)
{
	const struct tensor t = plan_out(p, k);

	return tensor_get(&t, 0);
}

int latent_loop_run(struct latent_loop *l, const struct params *values, const double *normals, void *paths,
		    double weight, struct latent_terms *terms, struct params *gradient, struct err *e)
{
	void *state[1] = { l->z0.data };
	struct step_run run = { .n_steps = n_steps(l), .state0 = state, .feed = feed_path, .take = take_path };
	double loss;

	l->paths = paths;
	tensor_set(&l->weight, 0, weight);
	set_noise(l, normals);
	tensor_fill(&l->context_bar, 0);
	for (int i = 0; gradient && i < gradient->n; i++)
		tensor_fill(&gradient->at[i].value, 0);
	if (!prior(l) && encode(l, values, false, NULL, e) != 0)
		return -1;
	bind_start(l, l->start, values);
	plan_bind_out(l->start, START_STATE, l->z0.data);
	if (prior(l))
		plan_bind_out(l->start, 1, frame(l, 0));
	if (plan_run(l->start, e) != 0 ||
	    run_loop(l, l->path, &run, values, gradient != NULL, l->z0_bar.data, &loss, gradient, e) != 0)
		return -1;
	if (terms && !prior(l)) {
		*terms = (struct latent_terms){ scalar(l->start, START_MISFIT), scalar(l->start, START_DIVERGENCE), 0 };
		for (int64_t k = 0; k < n_steps(l); k++) {
			terms->misfit += tensor_get(&l->stats, EXTRAS * k + MISFIT);
			terms->path += tensor_get(&l->stats, EXTRAS * k + DIVERGENCE);
		}
	}
	if (!gradient)
		return 0;
	return back_start(l, values, gradient, e) == 0 ? encode(l, values, true, gradient, e) : -1;
}
