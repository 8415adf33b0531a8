/* mse.c: absolute losses: mean square, mean modulus, and mean square over the mean square of the target (CFDBench). */
#include <math.h>

#include "objective/objective.h"

struct none {
	char unused;
};
static const struct key keys[] = { KEY_END };

static node mse(struct graph *g, const void *config, const struct objective_in *in)
{
	(void)config;
	return op_mean_all(g, op_square(g, op_sub(g, in->prediction, in->target)));
}

static node mae(struct graph *g, const void *config, const struct objective_in *in)
{
	(void)config;
	return op_mean_all(g, op_abs(g, op_sub(g, in->prediction, in->target)));
}

static node nmse(struct graph *g, const void *config, const struct objective_in *in)
{
	return op_div(g, mse(g, config, in), op_mean_all(g, op_square(g, in->target)));
}

static double mean_power(const struct shape *s, const double *p, const double *y, int power)
{
	double sum = 0;

	for (int64_t i = 0; i < shape_count(s); i++)
		sum += pow(fabs(p[i] - (y ? y[i] : 0)), power);
	return sum / (double)shape_count(s);
}

static double mse_reference(const void *c, const struct objective_in *in, const struct shape *s, const double *p,
			    const double *y)
{
	(void)c, (void)in;
	return mean_power(s, p, y, 2);
}

static double mae_reference(const void *c, const struct objective_in *in, const struct shape *s, const double *p,
			    const double *y)
{
	(void)c, (void)in;
	return mean_power(s, p, y, 1);
}

static double nmse_reference(const void *c, const struct objective_in *in, const struct shape *s, const double *p,
			     const double *y)
{
	(void)c, (void)in;
	return mean_power(s, p, y, 2) / mean_power(s, y, NULL, 2);
}

static const struct objective_class members[] = {
	{ .name = "mse",
	  .summary = "mean of (p - y)^2",
	  .source = "textbook",
	  .config_size = sizeof(struct none),
	  .keys = keys,
	  .build = mse,
	  .reference = mse_reference },
	{ .name = "mae",
	  .summary = "mean of |p - y|",
	  .source = "textbook",
	  .config_size = sizeof(struct none),
	  .keys = keys,
	  .build = mae,
	  .reference = mae_reference },
	{ .name = "nmse",
	  .summary = "mean of (p - y)^2 / mean of y^2, over the batch",
	  .source = "CFDBench, arXiv 2310.05963",
	  .config_size = sizeof(struct none),
	  .keys = keys,
	  .build = nmse,
	  .reference = nmse_reference },
};
const struct objective_class *const objective_file_mse[] = { &members[0], &members[1], &members[2], NULL };
