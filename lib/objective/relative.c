/* relative.c: losses relative to the size of the target, per sample over all points and channels together; mean over
 * the batch (FNO scripts sum it, which only rescales the learning rate). rel_h1 follows neuraloperator's H1Loss:
 * central differences along every space axis, spacing = length / n, periodic where the data are. */
#include <math.h>
#include <stdlib.h>

#include "objective/objective.h"

struct relative {
	double eps;
};
static const struct key keys[] = {
	KEY_REAL(struct relative, eps, "1e-8", 0, 1, "added to the denominator"),
	KEY_END,
};

static unsigned all_but_batch(struct graph *g, node x)
{
	return op_axes(1, graph_shape(g, x).rank - 1);
}

static node sum_squares(struct graph *g, node x)
{
	return op_sum(g, op_square(g, x), all_but_batch(g, x), false);
}

/* mean over the batch of sqrt(num) / (sqrt(den) + eps) */
static node mean_ratio(struct graph *g, node num, node den, double eps)
{
	/* the root of an exact zero has no slope: the smallest normal numbers keep a perfect fit finite */
	node top = op_sqrt(g, op_shift(g, num, 1e-30));

	return op_mean_all(g, op_div(g, top, op_shift(g, op_sqrt(g, den), eps)));
}

static node rel_l2(struct graph *g, const void *config, const struct objective_in *in)
{
	const struct relative *c = config;

	if (graph_error(g))
		return NODE_NONE;
	return mean_ratio(g, sum_squares(g, op_sub(g, in->prediction, in->target)), sum_squares(g, in->target), c->eps);
}

static node rel_l1(struct graph *g, const void *config, const struct objective_in *in)
{
	const struct relative *c = config;

	if (graph_error(g))
		return NODE_NONE;
	node e = op_abs(g, op_sub(g, in->prediction, in->target));
	node num = op_sum(g, e, all_but_batch(g, e), false);
	node den = op_sum(g, op_abs(g, in->target), all_but_batch(g, e), false);
	return op_mean_all(g, op_div(g, num, op_shift(g, den, c->eps)));
}

/* Spacing of axis d in the units of the domain. */
static double spacing(const struct objective_in *in, int d, int64_t n)
{
	return (in->length[d] > 0 ? in->length[d] : 1) / (double)n;
}

static node h1_square(struct graph *g, const struct objective_in *in, node x)
{
	struct shape s = graph_shape(g, x);
	node sum = sum_squares(g, x);

	for (int d = 0; d < in->n_dims; d++) {
		int axis = s.rank - in->n_dims + d;

		sum = op_add(g, sum,
			     sum_squares(g, op_difference(g, x, axis, in->periodic[d], spacing(in, d, s.dim[axis]))));
	}
	return sum;
}

static node rel_h1(struct graph *g, const void *config, const struct objective_in *in)
{
	const struct relative *c = config;

	if (graph_error(g))
		return NODE_NONE;
	return mean_ratio(g, h1_square(g, in, op_sub(g, in->prediction, in->target)), h1_square(g, in, in->target),
			  c->eps);
}

/* ---- the same by plain loops, for the generic test ---- */

static int64_t per_sample(const struct shape *s)
{
	return shape_count(s) / s->dim[0];
}

static double rel_power(const struct relative *c, const struct shape *s, const double *p, const double *y, int power)
{
	double total = 0;

	for (int64_t b = 0; b < s->dim[0]; b++) {
		double num = 0, den = 0;

		for (int64_t i = b * per_sample(s); i < (b + 1) * per_sample(s); i++) {
			num += pow(fabs(p[i] - y[i]), power);
			den += pow(fabs(y[i]), power);
		}
		total += pow(num, 1.0 / power) / (pow(den, 1.0 / power) + c->eps);
	}
	return total / (double)s->dim[0];
}

static double rel_l2_reference(const void *c, const struct objective_in *in, const struct shape *s, const double *p,
			       const double *y)
{
	(void)in;
	return rel_power(c, s, p, y, 2);
}

static double rel_l1_reference(const void *c, const struct objective_in *in, const struct shape *s, const double *p,
			       const double *y)
{
	(void)in;
	return rel_power(c, s, p, y, 1);
}

/* Square of v plus its squared differences along every space axis, summed over one sample. */
static double h1_sample(const struct objective_in *in, const struct shape *s, const double *v)
{
	double sum = 0;
	int64_t n = per_sample(s);

	for (int64_t i = 0; i < n; i++)
		sum += v[i] * v[i];
	for (int d = 0; d < in->n_dims; d++) {
		int axis = s->rank - in->n_dims + d;
		int64_t size = s->dim[axis], stride = 1;
		double h = spacing(in, d, size);

		for (int a = axis + 1; a < s->rank; a++)
			stride *= s->dim[a];
		for (int64_t i = 0; i < n; i++) {
			int64_t k = i / stride % size, base = i - k * stride, lo = k - 1, hi = k + 1;
			double width = 2 * h;

			if (in->periodic[d]) {
				lo = (lo + size) % size;
				hi %= size;
			} else if (k == 0 || k == size - 1) {
				lo = k == 0 ? 0 : k - 1;
				hi = k == 0 ? 1 : k;
				width = h;
			}
			double slope = (v[base + hi * stride] - v[base + lo * stride]) / width;
			sum += slope * slope;
		}
	}
	return sum;
}

static double rel_h1_reference(const void *config, const struct objective_in *in, const struct shape *s,
			       const double *p, const double *y)
{
	const struct relative *c = config;
	int64_t n = per_sample(s);
	double *e = calloc((size_t)n, sizeof *e), total = 0;

	for (int64_t b = 0; e && b < s->dim[0]; b++) {
		for (int64_t i = 0; i < n; i++)
			e[i] = p[b * n + i] - y[b * n + i];
		total += sqrt(h1_sample(in, s, e)) / (sqrt(h1_sample(in, s, y + b * n)) + c->eps);
	}
	free(e);
	return total / (double)s->dim[0];
}

static const struct objective_class l2 = {
	.name = "rel_l2",
	.summary = "||p - y||_2 / ||y||_2 per sample",
	.source = "FNO, arXiv 2010.08895",
	.config_size = sizeof(struct relative),
	.keys = keys,
	.build = rel_l2,
	.reference = rel_l2_reference,
};
static const struct objective_class l1 = {
	.name = "rel_l1",
	.summary = "||p - y||_1 / ||y||_1 per sample",
	.source = "Poseidon, arXiv 2405.19101",
	.config_size = sizeof(struct relative),
	.keys = keys,
	.build = rel_l1,
	.reference = rel_l1_reference,
};
static const struct objective_class h1 = {
	.name = "rel_h1",
	.summary = "sqrt(||e||^2 + ||grad e||^2) / the same of y, central differences",
	.source = "neuraloperator H1Loss",
	.config_size = sizeof(struct relative),
	.keys = keys,
	.build = rel_h1,
	.reference = rel_h1_reference,
};
const struct objective_class *const objective_file_relative[] = { &l2, &l1, &h1, NULL };
