/* table.c: see table.h. */
#include "table.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "graph/core.h"

const struct op_class *table_op(int index)
{
	for (int k = 0; graph_core_ops[k]; k++)
		if (index-- == 0)
			return graph_core_ops[k];
	for (int i = 0; op_files[i]; i++)
		for (int k = 0; op_files[i][k]; k++)
			if (index-- == 0)
				return op_files[i][k];
	return NULL;
}

bool table_active(const struct op_sample *s, int k)
{
	return s->in[k].dtype != DTYPE_I32 && s->in[k].lo < s->in[k].hi;
}

struct tensor table_draw(const struct op_sample *s, int k, enum dtype t, const char *purpose)
{
	bool integer = s->in[k].dtype == DTYPE_I32, value = strcmp(purpose, "value") == 0;
	struct tensor x = tensor_new(integer ? DTYPE_I32 : t, &s->in[k].shape);
	struct rng r = rng_stream(1, purpose, 0, (uint64_t)k);
	double lo = value ? s->in[k].lo : -1, hi = value ? s->in[k].hi : 1;

	for (int64_t i = 0; i < shape_count(&x.shape); i++) {
		double u = rng_uniform_at(r, (uint64_t)i);

		tensor_set(&x, i, integer ? floor(lo + u * (hi - lo + 1)) : (double)(float)(lo + u * (hi - lo)));
	}
	return x;
}
