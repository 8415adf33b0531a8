/* block.c: a block of samples on the thread pool. */
#include "run/block.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/stop.h"

enum { FIELDS_MAX = 64 };

int block_open(struct block *b, struct err *e)
{
	int n_fields = b->layout->n_fields;

	if (n_fields > FIELDS_MAX)
		return err_set(e, ERR_FAIL, "%s: more than %d fields", b->what, FIELDS_MAX);
	b->n_workers = pool_threads();
	b->work = xcalloc((size_t)b->n_workers, sizeof *b->work);
	b->field = xcalloc((size_t)n_fields + 1, sizeof *b->field);
	if (!(b->failure = mem_new(b->size, sizeof *b->failure, "messages of a block", e)))
		return -1;
	for (int f = 0; f < n_fields; f++)
		if (!(b->field[f] = mem_new(mem_times(b->size, layout_field_count(b->layout, f)), sizeof(double),
					    b->layout->field[f].name, e)))
			return -1;
	for (int w = 0; w < b->n_workers && b->prepare; w++)
		if (b->prepare(b->config, &b->work[w], e) != 0)
			return err_in(e, "%s", b->what);
	return 0;
}

static void one_sample(void *arg, int64_t i, int worker)
{
	struct block *b = arg;
	double *out[FIELDS_MAX];
	struct err *e = &b->failure[i];

	for (int f = 0; f < b->layout->n_fields; f++)
		out[f] = b->field[f] + i * layout_field_count(b->layout, f);
	e->code = ERR_NONE;
	if (stop_check(e) != 0)
		return;
	if (b->make(b->context, b->work[worker], i, b->first + i, out, e) != 0 && e->code == ERR_NONE)
		err_set(e, ERR_FAIL, "sample %lld failed", (long long)(b->first + i));
}

int block_run(struct block *b, int64_t first, int64_t n, struct err *e)
{
	b->first = first;
	b->n = n;
	pool_run(n, one_sample, b);
	for (int64_t i = 0; i < n; i++)
		if (b->failure[i].code != ERR_NONE) {
			*e = b->failure[i];
			return err_in(e, "%s", b->what);
		}
	return 0;
}

int block_check_finite(const struct layout *l, int64_t n_times, int64_t sample, double *const *field, struct err *e)
{
	for (int f = 0; f < l->n_fields; f++) {
		const struct field *d = &l->field[f];
		const bool frames = d->n_axes > 0 && l->axis[d->axis[0]].kind == AXIS_TIME;
		int64_t n = layout_field_count(l, f);

		if (frames && n_times > 0)
			n = n / l->axis[d->axis[0]].size * n_times;
		const struct tensor t = tensor_view(DTYPE_F64, &(struct shape){ 1, { n } }, field[f]);
		const int64_t at = tensor_find_nonfinite(&t);

		for (int64_t i = 0; at < 0 && i < n && d->dtype == DTYPE_F32; i++)
			if (fabs(field[f][i]) > FLT_MAX)
				return err_set(
					e, ERR_FAIL, "sample %lld: field %s: value %lld, %g, is too large for %s",
					(long long)sample, d->name, (long long)i, field[f][i], dtype_name(d->dtype));
		if (at >= 0)
			return err_set(e, ERR_FAIL, "sample %lld: field %s: value %lld is %s", (long long)sample,
				       d->name, (long long)at, isnan(field[f][at]) ? "NaN" : "infinite");
	}
	return 0;
}

void block_close(struct block *b)
{
	for (int w = 0; b->work && w < b->n_workers; w++)
		if (b->work[w] && b->release)
			b->release(b->work[w]);
	for (int f = 0; b->field && f < b->layout->n_fields; f++)
		free(b->field[f]);
	free(b->work);
	free(b->field);
	free(b->failure);
	b->work = NULL;
	b->field = NULL;
	b->failure = NULL;
}
