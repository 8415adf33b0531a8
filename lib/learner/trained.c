/* trained.c: the evaluation graph of a trained network as a denoiser. */
#include "learner/trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int trained_open(struct trained *t, struct model_file *m, bool is_flow, struct err *e)
{
	const struct model_spec *s = &m->network.spec;
	int64_t made = 0, parts;

	*t = (struct trained){ .file = m, .is_flow = is_flow };
	cfg_section(m->setup.cfg, "objective", 1,
		    is_flow ? &(struct key_table){ interpolant_keys, &t->flow }
			    : &(struct key_table){ denoise_keys, &t->config });
	t->classes = is_flow ? t->flow.classes : t->config.classes;
	parts = is_flow && t->flow.score ? 2 : 1;
	t->points = 1;
	for (int d = 0; d < s->n_dims; d++)
		t->points *= s->size[d];
	t->dim = s->n_out / parts * t->points;
	t->map_dim = s->n_in * t->points - t->dim;
	t->values = s->n_vector - 1;
	t->standard = standard_of(&m->network.params, t->dim, t->points);
	for (int i = 0; i < m->makes.n_fields; i++)
		made += layout_field_count(&m->makes, i);
	if (cfg_done(m->setup.cfg, e) == 0 &&
	    (made == t->dim || err_set(e, ERR_FAIL, "its fields have %lld elements, the network makes %lld",
				       (long long)made, (long long)t->dim) == 0))
		return 0;
	trained_close(t);
	return -1;
}

void trained_close(struct trained *t)
{
	standard_free(&t->standard);
}

struct trained_run {
	struct trained *trained;
	int64_t n, rows; /* points; rows of the graph: twice as many when guided */
	struct guidance guidance;
	struct denoiser raw; /* what the network itself estimates */
	struct time_graph b;
	struct plan *plan, *product; /* product: Jacobian times tangent, made when first asked for */
	node tangent;
	void *x, *maps, *vector, *w; /* in the network's type */
	double *scratch;	     /* dim */
};

static bool guided(const struct trained_run *r)
{
	return r->rows > r->n;
}

struct trained_run *trained_run_new(struct trained *t, int64_t n, const struct guidance *g, struct err *e)
{
	struct trained_run *r = xcalloc(1, sizeof *r);
	const struct network *net = &t->file->network;
	const size_t w = dtype_size(net->real);

	r->trained = t;
	r->n = n;
	r->rows = g->weight != 1 && t->values + t->map_dim > 0 ? 2 * n : n;
	r->guidance = *g;
	if (!t->is_flow)
		denoise_handle(&t->config, &r->raw);
	time_graph_build(net, &r->b, r->rows, t->dim / t->points, false);
	r->plan = plan_new(r->b.g, 1, &r->b.out, e);
	if (!r->plan) {
		err_in(e, "model %s", net->class->name);
		trained_run_free(r);
		return NULL;
	}
	r->x = mem_new(mem_times(r->rows, t->dim), w, "a batch of points", e);
	r->w = mem_new(mem_times(r->rows, t->dim), w, "a batch of points", e);
	r->maps = mem_new(mem_times(r->rows, t->map_dim + 1), w, "conditions", e);
	r->vector = mem_new(r->rows * (1 + t->values), w, "conditions", e);
	r->scratch = mem_new(t->dim, sizeof(double), "a point", e);
	if (!r->x || !r->w || !r->maps || !r->vector || !r->scratch) {
		trained_run_free(r);
		return NULL;
	}
	return r;
}

void trained_run_free(struct trained_run *r)
{
	if (!r)
		return;
	plan_free(r->product);
	plan_free(r->plan);
	time_graph_free(&r->b);
	free(r->x);
	free(r->w);
	free(r->maps);
	free(r->vector);
	free(r->scratch);
	free(r);
}

static void put(const struct trained_run *r, void *to, int64_t at, double v)
{
	if (r->trained->file->network.real == DTYPE_F32)
		((float *)to)[at] = (float)v;
	else
		((double *)to)[at] = v;
}

void trained_run_condition(struct trained_run *r, const double *values, const double *maps)
{
	const struct trained *t = r->trained;

	/* the second half of a guided batch stays without */
	for (int64_t i = 0; i < r->n; i++) {
		for (int64_t k = 0; k < t->values; k++)
			put(r, r->vector, i * (1 + t->values) + 1 + k, values ? values[i * t->values + k] : 0);
		for (int64_t k = 0; k < t->map_dim; k++)
			put(r, r->maps, i * t->map_dim + k, maps ? maps[i * t->map_dim + k] : 0);
	}
}

static void bind(struct trained_run *r, struct plan *p, double label)
{
	for (int64_t i = 0; i < r->rows; i++)
		put(r, r->vector, i * (1 + r->trained->values), label);
	time_graph_bind(&r->b, p, &r->trained->file->network.params);
	plan_bind(p, r->b.x, r->x);
	if (node_is(r->b.maps))
		plan_bind(p, r->b.maps, r->maps);
	plan_bind(p, r->b.vector, r->vector);
}

static void load(struct trained_run *r, void *to, const double *x, double scale)
{
	const int64_t size = r->n * r->trained->dim;

	for (int64_t i = 0; i < size; i++) {
		put(r, to, i, scale * x[i]);
		if (guided(r))
			put(r, to, size + i, scale * x[i]);
	}
}

/* Elements offset .. of the width that each row of the output has. */
static void unload_part(const struct trained_run *r, const struct plan *p, int64_t width, int64_t offset, double *out)
{
	const int64_t dim = r->trained->dim, size = r->n * dim;
	const struct tensor v = plan_out(p, 0);

	for (int64_t i = 0; i < size; i++) {
		const int64_t at = i / dim * width + offset + i % dim;
		const double with = tensor_get(&v, at);

		if (guided(r)) {
			const double without = tensor_get(&v, r->n * width + at);

			out[i] = without + r->guidance.weight * (with - without);
		} else {
			out[i] = with;
		}
	}
}

static void unload(const struct trained_run *r, const struct plan *p, double *out)
{
	unload_part(r, p, r->trained->dim, 0, out);
}

static int check_size(const struct trained_run *r, int64_t n, struct err *e)
{
	return n == r->n ? 0
			 : err_set(e, ERR_FAIL, "a batch of %lld points where %lld were prepared for", (long long)n,
				   (long long)r->n);
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* From the network's own estimate to the data, clipped. */
static void threshold(struct trained_run *r, const struct noise_level *v, const double *x, double *out)
{
	const int64_t dim = r->trained->dim, rank = (int64_t)(r->guidance.quantile * (double)(dim - 1) + 0.5);
	const double limit = r->guidance.limit;
	double of_x, of_estimate;

	denoiser_convert(v, r->raw.form, DENOISER_DATA, r->raw.data_std, &of_x, &of_estimate);
	for (int64_t i = 0; i < r->n; i++) {
		double *y = out + i * dim, most;

		for (int64_t k = 0; k < dim; k++) {
			y[k] = of_x * x[i * dim + k] + of_estimate * y[k];
			r->scratch[k] = fabs(y[k]);
		}
		qsort(r->scratch, (size_t)dim, sizeof(double), ascending);
		most = fmax(r->scratch[rank], limit);
		for (int64_t k = 0; k < dim; k++)
			y[k] = fmin(fmax(y[k], -most), most) * (limit / most);
	}
}

static int eval(const struct denoiser *self, const struct noise_level *v, double label, int64_t n, const double *x,
		double *out, struct err *e)
{
	struct trained_run *r = self->model;
	const bool clipped = r->guidance.quantile > 0;

	if (check_size(r, n, e) != 0)
		return -1;
	/* with a threshold the handle speaks of data and leaves the scaling of the input to us */
	load(r, r->x, x, clipped ? denoiser_input_scale(&r->raw, v) : 1);
	bind(r, r->plan, label);
	if (plan_run(r->plan, e) != 0)
		return -1;
	unload(r, r->plan, out);
	if (clipped)
		threshold(r, v, x, out);
	return 0;
}

static int compile_product(struct trained_run *r, struct err *e)
{
	struct shape s = graph_shape(r->b.g, r->b.x);
	node out = NODE_NONE;

	r->tangent = graph_input(r->b.g, "tangent", r->trained->file->network.real, &s);
	graph_jvp(r->b.g, 1, &r->b.x, &r->tangent, 1, &r->b.out, &out);
	if (!graph_error(r->b.g) && !node_is(out))
		out = op_zeros_like(r->b.g, r->b.out);
	r->product = plan_new(r->b.g, 1, &out, e);
	return r->product ? 0 : err_in(e, "Jacobian of model %s", r->trained->file->network.class->name);
}

static int jacobian(const struct denoiser *self, const struct noise_level *v, double label, int64_t n, const double *x,
		    const double *w, double *out, struct err *e)
{
	struct trained_run *r = self->model;

	(void)v;
	if (check_size(r, n, e) != 0 || (!r->product && compile_product(r, e) != 0))
		return -1;
	load(r, r->x, x, 1);
	load(r, r->w, w, 1);
	bind(r, r->product, label);
	plan_bind(r->product, r->tangent, r->w);
	if (plan_run(r->product, e) != 0)
		return -1;
	unload(r, r->product, out);
	return 0;
}

struct denoiser trained_denoiser(struct trained_run *r, const struct noise_schedule *schedule)
{
	struct denoiser d = r->raw;

	d.schedule = schedule;
	d.dim = r->trained->dim;
	d.eval = eval;
	d.model = r;
	if (r->guidance.quantile > 0)
		d.form = DENOISER_DATA;
	else
		d.jacobian = jacobian;
	return d;
}

static int flow_eval(struct flow *self, double t, int64_t n, const double *x, double *b, double *s, struct err *e)
{
	struct trained_run *r = self->model;
	const struct interpolant_config *c = &r->trained->flow;
	const struct interpolant path = { (enum interpolant_path)c->path, (enum interpolant_noise)c->noise };
	const int64_t dim = r->trained->dim, width = c->score ? 2 * dim : dim;

	if (s && !c->score)
		return err_set(e, ERR_USAGE, "the model has no score: train with objective.score");
	if (check_size(r, n, e) != 0)
		return -1;
	load(r, r->x, x, 1);
	bind(r, r->plan, t);
	if (plan_run(r->plan, e) != 0)
		return -1;
	unload_part(r, r->plan, width, 0, b);
	if (!s)
		return 0;
	unload_part(r, r->plan, width, dim, s);
	const struct interpolant_level v = interpolant_at(&path, t);
	const double noise = c->noise == GAMMA_NONE ? v.a : v.gamma;

	for (int64_t i = 0; i < n * dim; i++)
		s[i] /= -noise;
	return 0;
}

struct flow trained_flow(struct trained_run *r)
{
	return (struct flow){ .dim = r->trained->dim, .eval = flow_eval, .model = r };
}
