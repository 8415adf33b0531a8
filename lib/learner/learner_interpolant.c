/* learner_interpolant.c: velocities between a base and the data: rectified flow, flow between two data sets, stochastic
 * interpolants with noise on the way. The network's output is the velocity b, and with `score` also eta = E[z | x],
 * from which s = -eta / gamma (without gamma, from a Gaussian base, eta = E[x0 | x] and s = -eta / a). */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "learner/generative.h"
#include "learner/interpolant.h"
#include "learner/sample_model.h"

static const char *const bases[] = { "gaussian", "paired", "shuffled", NULL };
static const char *const norms[] = { "square", "absolute", NULL };

const struct key interpolant_keys[] = {
	KEY_ONE_OF(struct interpolant_config, path, "linear", interpolant_path_names,
		   "a and c of x = a x0 + c x1 + gamma z"),
	{ "gamma", KEY_CHOICE, KEY_MEMBER(struct interpolant_config, noise, int), "none", 0, 0, interpolant_noise_names,
	  "noise on the way: sqrt(t (1 - t)), t (1 - t), sin^2(pi t)" },
	KEY_ONE_OF(struct interpolant_config, base, "gaussian", bases,
		   "x0: N(0, I); the base_field of the same sample (reflow); that of a sample drawn at random"),
	KEY_TEXT(struct interpolant_config, base_field, "start",
		 "paired, shuffled: field of x0, of the shape of the target"),
	KEY_FLAG(struct interpolant_config, score, "false", "learn eta too, for diffusions"),
	KEY_REAL(struct interpolant_config, inset, "0", 0, 0.49,
		 "times are drawn from [inset, 1 - inset]; 0 with gamma: 0.0001"),
	KEY_INT(struct interpolant_config, distil, "0", 0, 1e6,
		"k: only times 0, 1/k ... (k-1)/k, so that k steps of Euler are enough; 0: all times"),
	KEY_TEXT(struct interpolant_config, start_from, NULL, "model file whose weights training starts from"),
	KEY_ONE_OF(struct interpolant_config, norm, "square", norms, "squared or absolute errors"),
	KEY_INT(struct interpolant_config, classes, "0", 0, 1e6,
		"data.input is a label of so many classes; 0: conditions are numbers"),
	KEY_REAL(struct interpolant_config, drop, "0.1", 0, 1,
		 "fraction of samples shown without their condition, for guidance without a classifier"),
	KEY_END,
};

static int base_field(const struct examples *x, const struct interpolant_config *c, struct err *e)
{
	const struct layout *l = dataset_layout(x->data);
	const int k = layout_find_field(l, c->base_field);

	if (k < 0 || layout_field_count(l, k) != x->dim) {
		err_set(e, ERR_USAGE, "%s: objective.base_field: no field '%s' of %lld elements", dataset_name(x->data),
			c->base_field, (long long)x->dim);
		return -1;
	}
	return k;
}

/* x0 of n items, standardised like the samples. */
static int read_base(struct trainer *t, const struct examples *from, int64_t n, const int64_t *item, bool judging,
		     double *out, struct err *e)
{
	const struct interpolant_config *c = t->objective_config;
	struct generative *g = generative_of(t);
	int64_t *other;
	int field, status;

	if (c->base == BASE_GAUSSIAN) {
		for (int64_t i = 0; i < n; i++)
			rng_normal(generative_stream(t, "base", judging, item[i]), 0, (size_t)from->dim,
				   out + i * from->dim);
		return 0;
	}
	if ((field = base_field(from, c, e)) < 0)
		return -1;
	other = xcalloc((size_t)n, sizeof *other);
	for (int64_t i = 0; i < n; i++)
		other[i] = c->base == BASE_PAIRED
				   ? item[i]
				   : (int64_t)(rng_uniform_at(generative_stream(t, "base", judging, item[i]), 0) *
					       (double)from->n_items);
	status = dataset_read(from->data, field, n, other, DTYPE_F64, out, e);
	standard_apply(&g->standard, n, from->dim, out);
	free(other);
	return status;
}

static double draw_time(const struct interpolant_config *c, struct rng stream)
{
	const double inset = c->inset > 0 ? c->inset : c->noise == GAMMA_NONE ? 0 : 1e-4;
	const double u = rng_uniform_at(stream, 0);

	if (c->distil > 0)
		return floor(u * (double)c->distil) / (double)c->distil;
	return inset + (1 - 2 * inset) * u;
}

/* An item's rows: +z, and where there is noise -z, which cancels what is singular in gamma' z. */
static int fill(struct trainer *t, const struct examples *from, int64_t n, const int64_t *item, bool judging,
		struct err *e)
{
	const struct interpolant_config *c = t->objective_config;
	const struct interpolant path = { (enum interpolant_path)c->path, (enum interpolant_noise)c->noise };
	struct generative *g = generative_of(t);
	const int64_t dim = from->dim, width = dim * g->out_parts;
	double *base = mem_new(n * dim, sizeof *base, "a batch of the base", e),
	       *z = mem_new(dim, sizeof *z, "noise", e);
	int status = base && z ? read_base(t, from, n, item, judging, base, e) : -1;

	for (int64_t i = 0; i < n && status == 0; i++) {
		const struct interpolant_level v =
			interpolant_at(&path, draw_time(c, generative_stream(t, "time", judging, item[i])));

		rng_normal(generative_stream(t, "noise", judging, item[i]), 0, (size_t)dim, z);
		for (int k = 0; k < g->rows; k++) {
			const int64_t row = i * g->rows + k;
			const double sign = v.gamma > 0 ? 1 - 2 * k : 0;

			for (int64_t j = 0; j < dim; j++) {
				const double x0 = base[i * dim + j], x1 = g->sample[i * dim + j], noise = sign * z[j];

				g->x[row * dim + j] = v.a * x0 + v.c * x1 + v.gamma * noise;
				g->target[row * width + j] =
					v.a_rate * x0 + v.c_rate * x1 + (sign != 0 ? v.gamma_rate * noise : 0);
				if (c->score)
					g->target[row * width + dim + j] = c->noise == GAMMA_NONE ? x0 : noise;
			}
			g->vector[row * from->spec.n_vector] = v.t;
			g->weight[row] = 1;
		}
	}
	free(base);
	free(z);
	return status;
}

static int open_interpolant(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	const struct interpolant_config *c = t->objective_config;
	struct generative *g = t->learning = xcalloc(1, sizeof *g);

	if (c->path == INTERPOLANT_ENCODING && c->noise == GAMMA_NONE)
		return err_set(e, ERR_USAGE, "objective.gamma: path encoding needs noise in its middle");
	if (c->score && c->noise == GAMMA_NONE && c->base != BASE_GAUSSIAN)
		return err_set(e, ERR_USAGE,
			       "objective.score: without gamma there is a score only from a Gaussian base");
	g->classes = c->classes;
	g->out_parts = c->score ? 2 : 1;
	g->rows = c->noise == GAMMA_NONE ? 1 : 2;
	g->drop = c->drop;
	g->norm = (enum regression_norm)c->norm;
	g->start_from = c->start_from;
	g->fill = fill;
	if (generative_open(t, data, valid, e) != 0)
		return -1;
	return c->base == BASE_GAUSSIAN || base_field(&g->data, c, e) >= 0 ? 0 : -1;
}

static const struct learner_class interpolant = {
	.name = "interpolant",
	.summary = "velocities from a base to the data: rectified flow and reflow, stochastic interpolants",
	.source = "Albergo, Boffi, Vanden-Eijnden, arXiv 2303.08797; Liu, Gong, Liu, arXiv 2209.03003",
	.notes =
		"sciml-sample draws from the model file; its field 'start' (sample.pairs) is what reflow is trained on",
	.config_size = sizeof(struct interpolant_config),
	.keys = interpolant_keys,
	.needs_data = true,
	.score = "valid_loss",
	.open = open_interpolant,
	.close = generative_close,
	.load = generative_load,
	.evaluate = generative_evaluate,
	.judge = generative_judge,
	.layout = generative_layout,
	.sample = sample_flow,
	.sample_keys = sample_flow_keys,
	.test_config = "problem: {name: grf, grid: 8, sigma: 5}\n"
		       "gen: {samples: 256}\n"
		       "model: {name: time-mlp, width: 16, depth: 2}\n"
		       "data: {target: u}\n"
		       "objective: interpolant\n"
		       "train: {epochs: 20, batch: 64, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_interpolant[] = { &interpolant, NULL };
