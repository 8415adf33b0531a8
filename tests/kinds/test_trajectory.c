/* test_trajectory.c: learners of time series: their gradients by differences through encoder, solver and head; what
 * they refuse. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "graph/plan.h"
#include "learner/path.h"
#include "learner/trajectory.h"

enum { N = 5, T = 6, C = 2, CLASSES = 3 };

/* u (t, channel), with gaps if asked to; time (t) of each sample; x (channel); label (class), one-hot. */
static struct dataset *numbers(bool gaps)
{
	struct layout l = { .n_samples = N };
	const double when[T] = { 0, 0.1, 0.3, 0.5, 0.8, 1 };
	struct err e = { 0 };
	struct dataset *d;
	int t = layout_add_axis(&l, "t", AXIS_TIME, T, when, false, 0),
	    c = layout_add_axis(&l, "channel", AXIS_CHANNEL, C, NULL, false, 0),
	    k = layout_add_axis(&l, "class", AXIS_CHANNEL, CLASSES, NULL, false, 0);
	const int64_t count[4] = { T * C, T, C, CLASSES };
	void *data[4];

	layout_add_field(&l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, (int[]){ t, c });
	layout_add_field(&l, "time", DTYPE_F64, ROLE_INPUT, 1, &t);
	layout_add_field(&l, "x", DTYPE_F64, ROLE_INPUT, 1, &c);
	layout_add_field(&l, "label", DTYPE_F64, ROLE_TARGET, 1, &k);
	for (int f = 0; f < 4; f++) {
		double *v = data[f] = xcalloc((size_t)(N * count[f]), sizeof *v);

		rng_normal(rng_stream(6, "numbers", (uint64_t)f, 0), 0, (size_t)(N * count[f]), v);
		for (int64_t i = 0; i < N * count[f]; i++) {
			if (f == 0)
				v[i] = gaps && i % 7 == 3 ? NAN : 0.5 * v[i];
			if (f == 1) /* ascending, unlike from sample to sample */
				v[i] = ((double)(i % T) + 0.3 * (double)(i / T)) / (T + 2);
			if (f == 3)
				v[i] = i % CLASSES == i / CLASSES % CLASSES;
		}
	}
	ck_assert_msg(dataset_from_memory(&d, "set", "memory", &l, data, &e) == 0, "%s", e.message);
	return d;
}

struct run {
	struct conf *conf;
	struct cfg *reader;
	struct dataset *data;
	struct trainer t;
};

static int open_run(struct run *r, const char *learner, const char *text, struct err *e)
{
	struct trainer *t = &r->t;

	memset(r, 0, sizeof *r);
	r->conf = conf_new();
	ck_assert_int_eq(conf_load_text(r->conf, text, "test", e), 0);
	r->reader = cfg_new(r->conf);
	t->seed = 3;
	t->network.class = model_find(cfg_name(r->reader, "model", "vector-field"));
	t->network.config = xcalloc(1, t->network.class->config_size);
	cfg_section(r->reader, "model", 1, &(struct key_table){ t->network.class->keys, t->network.config });
	cfg_section(r->reader, "data", 2,
		    (struct key_table[]){ { task_keys, &t->task_key }, { network_keys, &t->network.key } });
	t->learner = learner_find(learner);
	t->objective_config = xcalloc(1, t->learner->config_size);
	cfg_section(r->reader, "objective", 1, &(struct key_table){ t->learner->keys, t->objective_config });
	t->optim.class = optim_find("sgd");
	t->optim_config = xcalloc(1, t->optim.class->config_size);
	cfg_section(r->reader, "optim", 1, &(struct key_table){ t->optim.class->keys, t->optim_config });
	cfg_section(r->reader, "train", 1, &(struct key_table){ train_keys, &t->key });
	ck_assert_msg(cfg_done(r->reader, e) == 0, "%s", e->message);
	r->data = numbers(strstr(text, "gaps") != NULL);
	return trainer_open(t, r->data, r->data, e);
}

static void close_run(struct run *r)
{
	trainer_close(&r->t);
	dataset_close(r->data);
	cfg_free(r->reader);
	conf_free(r->conf);
}

static const struct {
	const char *learner, *text;
} cases[] = {
	{ "neural-ode", "data: {real: float64}\nmodel: {width: 5, depth: 1}\nobjective: {dt: 0.15, augment: 1}\ntrain: "
			"{batch: 3}\n" },
	{ "neural-ode", "data: {real: float64}\nmodel: {width: 5, depth: 2, time: first}\nobjective: {dt: 0.2, method: "
			"dopri5, error: 0.3, stiffness: 0.01}\ntrain: {batch: 5}\n" },
	{ "neural-ode", "data: {real: float64}\nmodel: {width: 5, depth: 1}\nobjective: {dt: 0.15, adjoint: "
			"checkpoint, slots: 3, lengths: [0.5, 1], until: [1]}\ntrain: {batch: 2}\n" },
	{ "neural-ode", "data: {real: float64}\nmodel: {width: 5, depth: 1}\nobjective: {dt: 0.05, method: "
			"reversible_heun, adjoint: reversible}\ntrain: {batch: 2}\n" },
	{ "neural-cde", "data: {real: float64}\nmodel: {width: 5, depth: 1, scale: false}\nobjective: {dt: 0.2, "
			"hidden: 3, width: 4, label: label}\ntrain: {batch: 4}\n" },
	{ "neural-cde", "# gaps\ndata: {real: float64}\nmodel: {width: 5, depth: 1, time: every}\nobjective: {dt: 0.3, "
			"hidden: 3, width: 4, path: linear, label: label}\ntrain: {batch: 4}\n" },
	{ "neural-cde", "# gaps\ndata: {real: float64}\nmodel: {width: 5, depth: 1}\nobjective: {dt: 1, hidden: 3, "
			"width: 4, path: rectilinear, method: heun, label: label}\ntrain: {batch: 4}\n" },
	{ "latent-ode", "data: {real: float64}\nmodel: {width: 5, depth: 1}\nobjective: {dt: 0.3, hidden: 3, latent: "
			"2, encoder: 4, width: 4, depth: 1}\ntrain: {batch: 3}\n" },
	{ "latent-ode", "data: {real: float64}\nmodel: {width: 5, depth: 1}\nobjective: {dt: 0.3, hidden: 3, latent: "
			"2, encoder: 4, time: none, method: rk4}\ntrain: {batch: 3}\n" },
	{ "neural-ode", "data: {real: float64}\nmodel: {name: hamiltonian, width: 5, depth: 2}\nobjective: {dt: "
			"0.25}\ntrain: {batch: 3}\n" },
	{ "ode-classifier", "data: {real: float64}\nmodel: {width: 5, depth: 1, time: every}\nobjective: {dt: 0.25, "
			    "field: x, steer: 0.4, error: 1, error_end: 0.1}\ntrain: {batch: 5}\n" },
	{ "ode-classifier",
	  "data: {real: float64}\nmodel: {width: 5, depth: 1, time: every, activation: tanh}\nobjective: "
	  "{dt: 0.25, field: x, taylor: 0.3, taylor_order: 4}\ntrain: {batch: 4}\n" },
	{ "equilibrium", "data: {real: float64}\nmodel: {width: 5, depth: 1, activation: tanh}\nobjective: {field: x, "
			 "hidden: 4, tolerance: 1e-12, target: label, loss: cross_entropy}\ntrain: {batch: 4}\n" },
	{ "equilibrium", "data: {real: float64}\nmodel: {width: 5, depth: 2, activation: tanh}\nobjective: {field: x, "
			 "hidden: 3, tolerance: 1e-12, method: broyden, memory: 6}\ntrain: {batch: 5}\n" },
	{ "equilibrium", "data: {real: float64}\nmodel: {width: 5, depth: 1, activation: tanh}\nobjective: {field: x, "
			 "hidden: 3, tolerance: 1e-12, method: newton}\ntrain: {batch: 3}\n" },
	{ "latent-sde", "data: {real: float64}\nmodel: {width: 5, depth: 1, scale: false, time: first}\nobjective: "
			"{latent: 3, context: 4, encoder: 5, diffusion_width: 4, steps: 2, noise: 0.3, kl_steps: 0}\n"
			"train: {batch: 4}\n" },
	{ "latent-sde", "data: {real: float64}\nmodel: {width: 5, depth: 2, final: identity}\nobjective: {latent: 2, "
			"context: 3, encoder: 4, diffusion_width: 0, steps: 1, noise: 0.5, kl_steps: 0}\ntrain: "
			"{batch: 3}\n" },
	{ "cnf", "data: {real: float64, target: [x], normalise_target: channel}\nmodel: {width: 5, depth: 2, time: "
		 "every, activation: tanh, final: identity}\nobjective: {dt: 0.25}\ntrain: {batch: 4}\n" },
	{ "cnf", "data: {real: float64, target: [x], input: [label]}\nmodel: {width: 5, depth: 2, time: first}\n"
		 "objective: {dt: 0.25, trace: rademacher}\ntrain: {batch: 3}\n" },
	{ "cnf", "data: {real: float64, target: [x, label]}\nmodel: {width: 5, depth: 2, time: first}\nobjective: {dt: "
		 "0.25, trace: rademacher, method: bosh3, error: 0.3}\ntrain: {batch: 5}\n" },
	{ "cnf",
	  "data: {real: float64, target: [x]}\nmodel: {width: 5, depth: 1}\nobjective: {dt: 0.25, trace: normal, "
	  "adjoint: checkpoint, slots: 2, end: 0.7}\ntrain: {batch: 3}\n" },
};
enum { CASES = sizeof cases / sizeof cases[0] };

static double loss_of(struct trainer *t)
{
	struct err e = { 0 };
	double loss;

	ck_assert_msg(t->learner->evaluate(t, &loss, &e) == 0, "%s", e.message);
	return loss;
}

START_TEST(gradients)
{
	struct run r;
	struct trainer *t = &r.t;
	struct err e = { 0 };
	struct params g;
	int64_t checked = 0;

	ck_assert_msg(open_run(&r, cases[_i].learner, cases[_i].text, &e) == 0, "%s: %s", cases[_i].learner, e.message);
	t->batch_n = t->key.batch;
	for (int64_t i = 0; i < t->batch_n; i++)
		t->item[i] = (i * 2 + 1) % N;
	ck_assert_msg(t->learner->load(t, &e) == 0, "%s", e.message);
	loss_of(t);
	g = params_copy(&t->gradient);
	for (int p = 0; p < g.n; p++) {
		struct tensor *v = &t->network.params.at[p].value;

		for (int64_t i = 0; i < shape_count(&v->shape); i += 1 + shape_count(&v->shape) / 5, checked++) {
			const double at = tensor_get(v, i), h = 1e-5, own = tensor_get(&g.at[p].value, i);
			double slope = 0;

			for (int side = -1; side < 2; side += 2) {
				tensor_set(v, i, at + side * h);
				slope += side * loss_of(t) / (2 * h);
			}
			tensor_set(v, i, at);
			ck_assert_msg(fabs(slope - own) < 1e-6 * fmax(1, fabs(slope)),
				      "case %d, %s[%d]: %g by differences, %g", _i, g.at[p].name, (int)i, slope, own);
		}
	}
	ck_assert_int_gt(checked, 10);
	params_free(&g);
	/* judging knows nothing of the step in hand */
	double score, again;
	t->has_score = true;
	ck_assert_int_eq(t->learner->judge(t, &t->network.params, &score, &e), 0);
	t->t++;
	ck_assert_int_eq(t->learner->judge(t, &t->network.params, &again, &e), 0);
	ck_assert_double_eq(score, again);
	close_run(&r);
}
END_TEST

/* With a constant F the final state is y0 + F (x(T) - x(0)), by any path through the values, and the classes follow by
 * hand. */
START_TEST(constant_cde)
{
	static const char *const paths[] = { "hermite", "natural", "linear", "rectilinear" };
	enum { HIDDEN = 3 };

	for (int k = 0; k < 4; k++) {
		char text[400];
		struct run r;
		struct trainer *t = &r.t;
		struct err e = { 0 };
		double *bias, *readout, x[T * C], logit[CLASSES], sum = 0, loss;

		snprintf(text, sizeof text,
			 "data: {real: float64}\nmodel: {depth: 0, scale: false, final: identity}\nobjective: {dt: "
			 "0.002, max_steps: 100000, hidden: %d, "
			 "depth: 0, path: %s, label: label}\ntrain: {batch: 1}\n",
			 HIDDEN, paths[k]);
		ck_assert_msg(open_run(&r, "neural-cde", text, &e) == 0, "%s", e.message);
		for (int p = 0; p < t->network.params.n; p++)
			if (strstr(t->network.params.at[p].name, "weight") &&
			    strncmp(t->network.params.at[p].name, "readout", 7) != 0)
				tensor_fill(&t->network.params.at[p].value, 0);
		t->batch_n = 1;
		t->item[0] = 2;
		ck_assert_msg(t->learner->load(t, &e) == 0, "%s", e.message);
		loss = loss_of(t);
		ck_assert_int_eq(dataset_read(r.data, 0, 1, t->item, DTYPE_F64, x, &e), 0);
		/* increments of (time, channels) from the first to the last knot */
		const double move[1 + C] = { 1, x[(T - 1) * C] - x[0], x[(T - 1) * C + 1] - x[1] };
		bias = t->network.params.at[params_find(&t->network.params, "start.out.bias")].value.data;
		const double *f = t->network.params.at[params_find(&t->network.params, "field.out.bias")].value.data;
		readout = t->network.params.at[params_find(&t->network.params, "readout.weight")].value.data;
		const double *b = t->network.params.at[params_find(&t->network.params, "readout.bias")].value.data;
		for (int c = 0; c < CLASSES; c++) {
			logit[c] = b[c];
			for (int h = 0; h < HIDDEN; h++) {
				double state = bias[h];

				for (int i = 0; i <= C; i++)
					state += f[h * (1 + C) + i] * move[i];
				logit[c] += readout[h * CLASSES + c] * state;
			}
			sum += exp(logit[c]);
		}
		ck_assert_msg(fabs(loss - (log(sum) - logit[2])) < 2e-5, "%s: loss %g, by hand %g", paths[k], loss,
			      log(sum) - logit[2]);
		close_run(&r);
	}
}
END_TEST

/* One hidden layer of tanh, by hand. */
static double perceptron(const struct params *p, const char *name, int n_in, int width, int n_out, const double *x,
			 int k)
{
	static const char *const part[] = { "hidden0.weight", "hidden0.bias", "out.weight", "out.bias" };
	const double *at[4];
	char path[64];
	double sum;

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s.%s", name, part[i]);
		at[i] = p->at[params_find(p, path)].value.data;
	}
	sum = at[3][k];
	for (int j = 0; j < width; j++) {
		double before = at[1][j];

		for (int i = 0; i < n_in; i++)
			before += x[i] * at[0][i * width + j];
		sum += tanh(before) * at[2][j * n_out + k];
	}
	return sum;
}

/* v' M v / 2 + V of the model lagrangian, for two positions. */
static double energy_by_hand(const struct params *p, int width, const double *y)
{
	double t[4], square[2] = { 0, 0 };

	for (int k = 0; k < 4; k++)
		t[k] = perceptron(p, "mass", 2, width, 4, y, k);
	t[0] = log1p((exp(1) - 1) * exp(t[0]));
	t[1] = 0;
	t[3] = log1p((exp(1) - 1) * exp(t[3]));
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++)
			square[k] += t[i * 2 + k] * y[2 + i];
	return (square[0] * square[0] + square[1] * square[1] + 1e-3 * (y[2] * y[2] + y[3] * y[3])) / 2 +
	       perceptron(p, "potential", 2, width, 1, y, 0);
}

/* Along the field of learnt mass matrix and potential their energy, put together by hand, does not change. */
START_TEST(lagrangian_field)
{
	enum { STATES = 4, WIDTH = 6 };
	const struct model_class *class = model_find("lagrangian");
	struct {
		int64_t width, depth;
		int activation;
	} config = { WIDTH, 1, NN_TANH };
	const struct model_spec spec = { .n_in = STATES, .n_out = STATES };
	struct graph *g = graph_new(DTYPE_F64);
	struct params params = { 0 };
	struct nn n;
	struct model_in in = { .query = NODE_NONE, .vector = NODE_NONE, .last = NODE_NONE };
	const struct shape row = shape_of(1, STATES);
	double y[STATES] = { 0.3, -0.5, 1, 0.2 }, change = 0, largest = 0;
	struct err e = { 0 };

	in.field = graph_input(g, "y", DTYPE_F64, &row);
	nn_begin(&n, g, &params, true);
	node out = class->build(&n, &config, &spec, &in);
	params_init(&params, 4);
	struct plan *p = plan_new(g, 1, &out, &e);
	ck_assert_msg(p != NULL, "%s", e.message);
	for (int i = 0; i < params.n; i++)
		plan_bind(p, n.node[i], params.at[i].value.data);
	plan_bind(p, in.field, y);
	ck_assert_int_eq(plan_run(p, &e), 0);
	const double *field = plan_out(p, 0).data;
	for (int i = 0; i < STATES; i++) {
		const double at = y[i];
		double slope;

		y[i] = at + 1e-5;
		slope = energy_by_hand(&params, WIDTH, y);
		y[i] = at - 1e-5;
		slope = (slope - energy_by_hand(&params, WIDTH, y)) / 2e-5;
		y[i] = at;
		change += slope * field[i];
		largest = fmax(largest, fabs(slope * field[i]));
	}
	ck_assert_double_eq(field[0], y[2]);
	ck_assert_double_gt(largest, 1e-2);
	ck_assert_double_lt(fabs(change), 1e-9 * (1 + largest));
	plan_free(p);
	nn_end(&n);
	graph_free(g);
	params_free(&params);
}
END_TEST

/* Of y' = A y + b t + c the derivatives are D_2 = A D_1 + b, D_{k + 1} = A D_k: what |D_K|^2 adds up to, against the
 * same by small steps of the classical Runge-Kutta method and Simpson's rule. */
START_TEST(taylor_of_a_linear_field)
{
	enum { STEPS = 400 };
	static const double a[C][C] = { { 0.3, -1.2 }, { 0.9, 0.1 } }, b[C] = { 0.4, -0.7 }, c[C] = { 0.2, 0.5 };
	const int order = _i;
	double loss[2], sum = 0, x[C];

	for (int on = 0; on < 2; on++) {
		char text[400];
		struct run r;
		struct trainer *t = &r.t;
		struct err e = { 0 };

		snprintf(text, sizeof text,
			 "data: {real: float64}\nmodel: {depth: 0, scale: false, final: identity, time: "
			 "every}\nobjective: "
			 "{dt: 0.02, field: x, taylor: %s, taylor_order: %d}\ntrain: {batch: 1}\n",
			 on ? "0.5" : "0", order);
		ck_assert_msg(open_run(&r, "ode-classifier", text, &e) == 0, "%s", e.message);
		double *weight = t->network.params.at[params_find(&t->network.params, "field.out.weight")].value.data,
		       *bias = t->network.params.at[params_find(&t->network.params, "field.out.bias")].value.data;
		for (int i = 0; i < C; i++) {
			for (int j = 0; j < C; j++)
				weight[j * C + i] = a[i][j];
			weight[C * C + i] = b[i];
			bias[i] = c[i];
		}
		t->batch_n = 1;
		t->item[0] = 2;
		ck_assert_msg(t->learner->load(t, &e) == 0, "%s", e.message);
		loss[on] = loss_of(t);
		ck_assert_int_eq(dataset_read(r.data, 2, 1, t->item, DTYPE_F64, x, &e), 0);
		close_run(&r);
	}
	for (int n = 0; n <= 2 * STEPS; n++) { /* half steps; Simpson's weights 1 4 2 ... 4 1 */
		const double h = 0.5 / STEPS, at = n * h, w = (n == 0 || n == 2 * STEPS ? 1. : n % 2 ? 4. : 2.) * h / 3;
		double d[C], k[4][C], z[C];

		for (int s = 0; s < 4; s++)
			for (int i = 0; i < C; i++) {
				const double part = s == 0 ? 0 : s == 3 ? h : h / 2;

				k[s][i] = c[i] + b[i] * (at + part);
				for (int j = 0; j < C; j++)
					k[s][i] += a[i][j] * (x[j] + (s ? part * k[s - 1][j] : 0));
			}
		memcpy(d, k[0], sizeof d);
		for (int q = 1; q < order; q++) {
			for (int i = 0; i < C; i++) {
				z[i] = q == 1 ? b[i] : 0;
				for (int j = 0; j < C; j++)
					z[i] += a[i][j] * d[j];
			}
			memcpy(d, z, sizeof d);
		}
		for (int i = 0; i < C; i++) {
			sum += w * d[i] * d[i];
			x[i] += h / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
		}
	}
	ck_assert_double_gt(sum, 0.05);
	ck_assert_msg(fabs(loss[1] - loss[0] - 0.5 * sum) < 1e-8, "K = %d: %.12g, by hand %.12g", order,
		      loss[1] - loss[0], 0.5 * sum);
}
END_TEST

/* The field of an energy has a Jacobian J with M J symmetric, M = [0 -1; 1 0] by halves. */
START_TEST(hamiltonian_field)
{
	enum { STATES = 4 };
	const struct model_class *class = model_find("hamiltonian");
	struct {
		int64_t width, depth;
		int activation;
	} config = { 7, 2, NN_TANH };
	const struct model_spec spec = { .n_in = STATES, .n_out = STATES };
	struct graph *g = graph_new(DTYPE_F64);
	struct params params = { 0 };
	struct nn n;
	struct model_in in = { .query = NODE_NONE, .vector = NODE_NONE, .last = NODE_NONE };
	const struct shape row = shape_of(1, STATES);
	double y[STATES] = { 0.3, -0.5, 1, 0.2 }, jacobian[STATES][STATES], moved[STATES][STATES];
	struct err e = { 0 };

	in.field = graph_input(g, "y", DTYPE_F64, &row);
	nn_begin(&n, g, &params, true);
	node out = class->build(&n, &config, &spec, &in);
	params_init(&params, 4);
	struct plan *p = plan_new(g, 1, &out, &e);
	ck_assert_msg(p != NULL, "%s", e.message);
	for (int i = 0; i < params.n; i++)
		plan_bind(p, n.node[i], params.at[i].value.data);
	plan_bind(p, in.field, y);
	for (int j = 0; j < STATES; j++)
		for (int side = -1; side < 2; side += 2) {
			y[j] += side * 1e-5;
			ck_assert_int_eq(plan_run(p, &e), 0);
			for (int i = 0; i < STATES; i++)
				jacobian[i][j] = (side > 0 ? jacobian[i][j] : 0) +
						 side * ((double *)plan_out(p, 0).data)[i] / 2e-5;
			y[j] -= side * 1e-5;
		}
	for (int j = 0; j < STATES; j++)
		for (int i = 0; i < STATES; i++)
			moved[i][j] = i < STATES / 2 ? -jacobian[i + STATES / 2][j] : jacobian[i - STATES / 2][j];
	for (int i = 0; i < STATES; i++) {
		ck_assert_double_gt(fabs(moved[i][i]), 1e-4);
		for (int j = 0; j < STATES; j++)
			ck_assert_double_eq_tol(moved[i][j], moved[j][i], 1e-8);
	}
	plan_free(p);
	nn_end(&n);
	graph_free(g);
	params_free(&params);
}
END_TEST

/* Euler's method makes a residual network of a vector field: y + h f(y), ten times with the same weights. */
START_TEST(residual_network)
{
	struct run r;
	struct trainer *t = &r.t;
	struct err e = { 0 };
	double x[T * C], y[C], sum = 0;

	ck_assert_msg(open_run(&r, "neural-ode",
			       "data: {real: float64}\nmodel: {depth: 0, scale: false}\nobjective: {method: euler, dt: "
			       "0.1}\ntrain: {batch: 1}\n",
			       &e) == 0,
		      "%s", e.message);
	t->batch_n = 1;
	t->item[0] = 3;
	ck_assert_msg(t->learner->load(t, &e) == 0, "%s", e.message);
	const double loss = loss_of(t);
	ck_assert_int_eq(dataset_read(r.data, 0, 1, t->item, DTYPE_F64, x, &e), 0);
	const double *w = t->network.params.at[params_find(&t->network.params, "field.out.weight")].value.data;
	const double *b = t->network.params.at[params_find(&t->network.params, "field.out.bias")].value.data;
	memcpy(y, x, sizeof y);
	for (int step = 0, frame = 0; step <= 10; step++) {
		static const int at[T] = { 0, 1, 3, 5, 8, 10 }; /* the frames' times are tenths */
		double f[C];

		for (int c = 0; c < C && step == at[frame]; c++)
			sum += (y[c] - x[frame * C + c]) * (y[c] - x[frame * C + c]) / (T * C);
		frame += step == at[frame];
		for (int c = 0; c < C; c++) {
			f[c] = b[c];
			for (int i = 0; i < C; i++)
				f[c] += y[i] * w[i * C + c];
		}
		for (int c = 0; c < C; c++)
			y[c] += 0.1 * tanh(f[c]);
	}
	ck_assert_double_eq_tol(loss, sum, 1e-12);
	close_run(&r);
}
END_TEST

/* Solves of length 1: keys of the controller reach the solver. */
START_TEST(controlled_steps)
{
	static const char *const keys[] = { "", ", dt_max: 0.02", ", dt_first: 1e-5", ", pid: [0.4, 0.3, 0]",
					    ", safety: 0.3" };
	double steps[5];

	for (int k = 0; k < 5; k++) {
		char text[200];
		struct run r;
		struct err e = { 0 };
		double own[3];

		snprintf(text, sizeof text,
			 "data: {real: float64}\nobjective: {method: bosh3, rtol: 1e-7, atol: 1e-9%s}\ntrain: {batch: "
			 "3}\n",
			 keys[k]);
		ck_assert_msg(open_run(&r, "neural-ode", text, &e) == 0, "%s", e.message);
		r.t.batch_n = 3;
		ck_assert_int_eq(r.t.learner->load(&r.t, &e), 0);
		loss_of(&r.t);
		r.t.learner->row(&r.t, own);
		steps[k] = own[1];
		printf("%-22s %g steps\n", keys[k], steps[k]);
		close_run(&r);
	}
	ck_assert_double_ge(steps[1], 50);
	for (int k = 2; k < 5; k++)
		ck_assert_double_gt(steps[k], steps[0]);
}
END_TEST

START_TEST(refusals)
{
	static const struct {
		const char *learner, *text, *message;
	} wrong[] = {
		{ "neural-ode", "objective: {field: label}\n", "has no time axis" },
		{ "neural-ode", "objective: {field: none}\n", "no field 'none'" },
		{ "neural-ode", "objective: {method: gl4, augment: 70}\n", "up to 64 numbers a row" },
		{ "neural-ode", "objective: {method: magic}\n", "is not known" },
		{ "ode-classifier", "objective: {field: x, steer: 2}\n", "steer" },
		{ "ode-classifier", "objective: {field: x, label: none}\n", "objective.label" },
		{ "neural-ode", "objective: {pid: [1, 2]}\n", "objective: pid: 2 numbers" },
		{ "neural-ode", "objective: {dt: 0.1, dt_max: 0.2}\n", "dt_max: with dt the steps are of one length" },
		{ "equilibrium", "objective: {field: none}\n", "no field 'none' (objective.field)" },
		{ "equilibrium", "objective: {target: none}\n", "no field 'none' (objective.target)" },
		{ "equilibrium", "model: {time: first}\nobjective: {field: x}\n",
		  "the network is not told a time here" },
		{ "cnf", "data: {target: [none]}\n", "no field 'none'" },
	};

	for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
		struct run r;
		struct err e = { 0 };
		int status = open_run(&r, wrong[k].learner, wrong[k].text, &e);

		if (status == 0) { /* methods are met when the first batch is compiled */
			r.t.batch_n = 2;
			status = r.t.learner->load(&r.t, &e);
		}
		ck_assert_int_eq(status, -1);
		ck_assert_int_eq(e.code, ERR_USAGE);
		ck_assert_msg(strstr(e.message, wrong[k].message) != NULL, "%s", e.message);
		close_run(&r);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trajectories");
	TCase *t = tcase_create("trajectories");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, gradients, 0, CASES);
	tcase_add_test(t, constant_cde);
	tcase_add_loop_test(t, taylor_of_a_linear_field, 2, 5);
	tcase_add_test(t, hamiltonian_field);
	tcase_add_test(t, lagrangian_field);
	tcase_add_test(t, residual_network);
	tcase_add_test(t, controlled_steps);
	tcase_add_test(t, refusals);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
