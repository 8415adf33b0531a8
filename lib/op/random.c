/* random.c: random numbers as a function of a key that is fed in like any input, so that a plan that runs again with
 * the same seed and step draws the same numbers. They carry no derivative. */
#include <string.h>

#include "base/rng.h"
#include "op/rule.h"

enum { CHUNK = 4096, PURPOSE = 40 };

/* Fixed layout without padding: attributes are compared as bytes. */
struct random_attr {
	int64_t dim[SHAPE_MAX];
	int32_t rank, dtype;
	char purpose[PURPOSE];
};

static int infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct random_attr *a = attr;
	char text[SHAPE_TEXT];

	(void)n_args;
	if (in[0].dtype != DTYPE_I32 || in[0].shape.rank != 1 || in[0].shape.dim[0] != 4)
		return err_set(e, ERR_USAGE, "the key is %s %s, not int32 (4)", dtype_name(in[0].dtype),
			       shape_text(text, &in[0].shape));
	out->dtype = (enum dtype)a->dtype;
	out->shape.rank = a->rank;
	memcpy(out->shape.dim, a->dim, sizeof a->dim);
	return 0;
}

static int64_t units(const struct op_call *c)
{
	return (shape_count(&c->out.shape) + CHUNK - 1) / CHUNK;
}

static uint64_t word(const struct op_call *c, int k)
{
	const int32_t *key = c->in[0].data;

	return (uint64_t)(uint32_t)key[k] | (uint64_t)(uint32_t)key[k + 1] << 32;
}

static void draw(const struct op_call *c, int64_t begin, int64_t end, bool normal)
{
	const struct random_attr *a = c->attr;
	struct rng r = rng_stream(word(c, 0), a->purpose, word(c, 2), 0);
	int64_t count = shape_count(&c->out.shape), first = begin * CHUNK,
		last = end * CHUNK < count ? end * CHUNK : count;
	size_t n = (size_t)(last - first);

	if (c->out.dtype == DTYPE_F64)
		(normal ? rng_normal : rng_uniform)(r, (uint64_t)first, n, (double *)c->out.data + first);
	else
		(normal ? rng_normal_f : rng_uniform_f)(r, (uint64_t)first, n, (float *)c->out.data + first);
}

static void eval_uniform(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	(void)scratch;
	draw(c, begin, end, false);
}

static void eval_normal(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	(void)scratch;
	draw(c, begin, end, true);
}

static const struct random_attr few = { { 3, 5 }, 2, DTYPE_F64, "sample" };
static const struct op_sample samples[] = { { 1, { { DTYPE_I32, OP_DIMS(4), -1000, 1000 } }, &few, 0 } };

#define RANDOM(NAME, HELP, EVAL)                                                                                       \
	{                                                                                                              \
		.name = NAME, .help = HELP, .arity = 1, .attr_size = sizeof(struct random_attr), .infer = infer,       \
		.units = units, .eval = EVAL, OP_SAMPLES(samples)                                                      \
	}
static const struct op_class uniform =
	RANDOM("random_uniform", "uniform in (0, 1), a function of the key", eval_uniform);
static const struct op_class normal = RANDOM("random_normal", "N(0, 1), a function of the key", eval_normal);

const struct op_class *const op_file_random[] = { &uniform, &normal, NULL };

static node apply(struct graph *g, const struct op_class *op, node key, const struct shape *s, const char *purpose)
{
	struct random_attr attr;

	if (strlen(purpose) >= PURPOSE)
		return graph_fail(g, "%s: purpose \"%s\" is longer than %d letters", op->name, purpose, PURPOSE - 1);
	memset(&attr, 0, sizeof attr);
	for (int i = 0; i < s->rank && i < SHAPE_MAX; i++)
		attr.dim[i] = s->dim[i];
	attr.rank = s->rank;
	attr.dtype = (int32_t)graph_real(g);
	strcpy(attr.purpose, purpose);
	return op_apply1(g, op, key, &attr);
}

node op_random_uniform(struct graph *g, node key, const struct shape *s, const char *purpose)
{
	return apply(g, &uniform, key, s, purpose);
}

node op_random_normal(struct graph *g, node key, const struct shape *s, const char *purpose)
{
	return apply(g, &normal, key, s, purpose);
}
