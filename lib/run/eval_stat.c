/* eval_stat.c: extent, range, mean and spread of every field, over files and streams of any length. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/moments.h"
#include "run/eval_inside.h"

struct summary {
	char name[64];
	char shape[SHAPE_TEXT];
	int64_t samples;
	struct moments values;
};
struct all {
	int n, capacity;
	struct summary *at;
};

static struct summary *find(struct all *a, const char *name, const char *shape)
{
	for (int i = 0; i < a->n; i++)
		if (strcmp(a->at[i].name, name) == 0 && strcmp(a->at[i].shape, shape) == 0)
			return &a->at[i];
	MEM_GROW(a->at, a->n, a->capacity);
	struct summary *m = &a->at[a->n++];
	*m = (struct summary){ 0 };
	snprintf(m->name, sizeof m->name, "%s", name);
	snprintf(m->shape, sizeof m->shape, "%s", shape);
	return m;
}

static int one_set(struct all *a, struct dataset *d, struct err *e)
{
	const struct layout *l = dataset_layout(d);

	dataset_allow_nonfinite(d, true);
	for (int f = 0; f < l->n_fields; f++) {
		int64_t count = layout_field_count(l, f), n = l->field[f].per_sample ? l->n_samples : 1;
		struct shape s = layout_field_shape(l, f);
		char text[SHAPE_TEXT];
		double *v = mem_new(count, sizeof *v, l->field[f].name, e);
		struct summary *m = find(a, l->field[f].name, shape_text(text, &s));
		int status = v ? 0 : -1;

		for (int64_t i = 0; i < n && status == 0; i++)
			if ((status = dataset_read(d, f, 1, &i, DTYPE_F64, v, e)) == 0)
				moments_add(&m->values, count, v);
		m->samples += n;
		free(v);
		if (status != 0)
			return -1;
	}
	return 0;
}

int eval_stat(const struct eval_options *o, int n, const char *const *file, struct err *e)
{
	struct all a = { 0 };
	struct stream *s;
	struct dataset *d;
	int more;

	if (stream_open(&s, n, file, o->layout, e) != 0)
		return -1;
	while ((more = stream_next(s, &d, e)) > 0) {
		int status = one_set(&a, d, e);

		dataset_close(d);
		if (status != 0) {
			more = -1;
			break;
		}
	}
	stream_close(s);
	if (more == 0)
		str_add(o->out, "field\tsamples\tshape\tmin\tmax\tmean\tstd\tnonfinite\n");
	for (int i = 0; i < a.n && more == 0; i++) {
		const struct summary *m = &a.at[i];
		const struct moments *v = &m->values;
		const double number[] = { v->n > 0 ? v->least : NAN, v->n > 0 ? v->most : NAN, v->n > 0 ? v->mean : NAN,
					  moments_std(v) };

		str_printf(o->out, "%s\t%lld\t%s", m->name, (long long)m->samples, m->shape);
		for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
			str_add(o->out, "\t");
			eval_number(o->out, o, number[k]);
		}
		str_printf(o->out, "\t%lld\n", (long long)v->nonfinite);
	}
	free(a.at);
	return more;
}
