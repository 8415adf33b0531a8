/* dataset_read.c: batches of samples: accesses sorted and joined into few reads, values checked to be finite. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/dataset_run.h"
#include "io/h5read.h"

/* One sample of a batch. */
struct want {
	int64_t at;	/* its place in the result */
	int64_t sample; /* in the store */
	const struct run *run;
};

static int by_place(const void *a, const void *b)
{
	const struct want *x = a, *y = b;

	if (x->run->store != y->run->store)
		return x->run->store < y->run->store ? -1 : 1;
	if (x->sample != y->sample)
		return x->sample < y->sample ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static const struct run *run_of(const struct dataset *d, int64_t index)
{
	int low = 0, high = d->n_runs - 1;

	while (low < high) {
		int mid = (low + high + 1) / 2;

		if (d->run[mid].before <= index)
			low = mid;
		else
			high = mid - 1;
	}
	return &d->run[low];
}

/* Names what is not finite in one sample, or part of its time axis from t0 on by stride. */
static int complain(const struct store *s, int field, int64_t sample, enum dtype t, const void *values, int64_t n_t,
		    int64_t t0, int64_t stride, struct err *e)
{
	const struct layout *l = &s->source.layout;
	int64_t count = layout_field_count(l, field) / field_times(l, field) * n_t, where;
	struct shape shape = shape_of(count);
	struct tensor view = tensor_view(t, &shape, (void *)(uintptr_t)values);
	double value;

	where = tensor_find_nonfinite(&view);
	if (where < 0)
		return 0;
	value = tensor_get(&view, where);
	if (field_times(l, field) > 1)
		return err_set(e, ERR_FAIL, "%s: field %s: sample %lld, time index %lld: the value is %s", s->path,
			       l->field[field].name, (long long)sample,
			       (long long)(t0 + where / (count / n_t) * stride), isnan(value) ? "NaN" : "infinite");
	return err_set(e, ERR_FAIL, "%s: field %s: sample %lld: the value is %s", s->path, l->field[field].name,
		       (long long)sample, isnan(value) ? "NaN" : "infinite");
}

/* Deliver wants[0..n-1], whose samples first .. last of one store are adjacent (or repeated), without keeping them. */
static int read_directly(struct dataset *d, int field, const struct want *want, int64_t n, enum dtype t, char *out,
			 struct err *e)
{
	struct store *s = want->run->store;
	const struct layout *l = &s->source.layout;
	int64_t first = want->sample, rows = want[n - 1].sample - first + 1, count = layout_field_count(l, field);
	size_t size = (size_t)count * dtype_size(t);
	bool in_order = rows == n;
	char *block;
	int rc;

	for (int64_t i = 1; i < n; i++)
		in_order = in_order && want[i].at == want[0].at + i;
	block = in_order ? out + (size_t)want->at * size : mem_unset(rows * count, dtype_size(t), s->path, e);
	if (!block)
		return -1;
	rc = store_read(s, field, first, rows, 0, field_times(l, field), 1, t, block, e);
	for (int64_t i = 0; rc == 0 && !d->allow_nonfinite && i < rows; i++)
		rc = complain(s, field, first + i, t, block + (size_t)i * size, field_times(l, field), 0, 1, e);
	for (int64_t i = 0; rc == 0 && !in_order && i < n; i++)
		memcpy(out + (size_t)want[i].at * size, block + (size_t)(want[i].sample - first) * size, size);
	if (!in_order)
		free(block);
	return rc;
}

static int read_stretch(struct dataset *d, int field, const struct want *want, int64_t n, enum dtype t, char *out,
			struct err *e)
{
	struct store *s = want->run->store;
	const struct layout *l = &s->source.layout;
	int inner = want->run->field[field];
	enum dtype stored = l->field[inner].dtype;
	int64_t first = want->sample, rows = want[n - 1].sample - first + 1, count = layout_field_count(l, inner);
	const void *kept = NULL;

	if ((!d->passing || s->cache[inner].data) && store_cached(s, inner, first, rows, &kept, e) != 0)
		return -1;
	if (!kept)
		return read_directly(d, inner, want, n, t, out, e);
	for (int64_t i = 0; i < n; i++) {
		const char *from = (const char *)kept + (size_t)((want[i].sample - first) * count) * dtype_size(stored);

		if (!d->allow_nonfinite && !store_sample_finite(s, inner, want[i].sample))
			return complain(s, inner, want[i].sample, stored, from, field_times(l, inner), 0, 1, e);
		tensor_convert(stored, from, t, out + (size_t)(want[i].at * count) * dtype_size(t), count);
	}
	return 0;
}

static int check_index(const struct dataset *d, int field, int64_t index, struct err *e)
{
	if (field < 0 || field >= d->layout.n_fields)
		return err_set(e, ERR_USAGE, "%s: no field number %d", d->name, field);
	if (index < 0 || index >= d->layout.n_samples)
		return err_set(e, ERR_USAGE, "%s: no sample %lld, there are %lld", d->name, (long long)index,
			       (long long)d->layout.n_samples);
	return 0;
}

/* Reads of one stretch are bounded, so that scratch memory is. */
static const int64_t STRETCH_BYTES = (int64_t)256 << 20;

int dataset_read(struct dataset *d, int field, int64_t n, const int64_t *index, enum dtype t, void *out, struct err *e)
{
	struct want *want;
	int64_t most, bytes;
	bool sorted = true, shared;
	int rc = 0;

	if (n == 0)
		return 0;
	if (check_index(d, field, 0, e) != 0)
		return -1;
	shared = !d->layout.field[field].per_sample;
	want = xcalloc((size_t)n, sizeof *want);
	for (int64_t i = 0; i < n && rc == 0; i++) {
		rc = check_index(d, field, index[i], e);
		if (rc != 0)
			break;
		want[i].at = i;
		want[i].run = run_of(d, index[i]);
		want[i].sample = shared ? 0 : want[i].run->first + index[i] - want[i].run->before;
		sorted = sorted && (i == 0 || by_place(&want[i - 1], &want[i]) < 0);
	}
	if (rc == 0 && !sorted)
		qsort(want, (size_t)n, sizeof *want, by_place);
	bytes = layout_field_count(&d->layout, field) * 8;
	most = bytes < STRETCH_BYTES ? STRETCH_BYTES / bytes : 1;
	for (int64_t i = 0, k; i < n && rc == 0; i = k) {
		for (k = i + 1; k < n && want[k].run->store == want[i].run->store; k++)
			if (want[k].sample > want[k - 1].sample + 1 || want[k].sample - want[i].sample >= most)
				break;
		rc = read_stretch(d, field, want + i, k - i, t, out, e);
	}
	free(want);
	return rc;
}

int dataset_number(struct dataset *d, const char *name, int64_t sample, double *value, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	const struct run *r = run_of(d, sample);
	const struct source *s = &r->store->source;
	const int64_t start = r->first + sample - r->before, one = 1;
	char path[200];

	for (int i = 0; i < l->n_params; i++)
		if (strcmp(l->param[i].name, name) == 0) {
			*value = l->param[i].value;
			return 1;
		}
	snprintf(path, sizeof path, "/sample/%.180s", name);
	if (s->file < 0 || !h5_has(s->file, path))
		return 0;
	return h5_read_slab(s->file, s->path, path, &start, &one, NULL, DTYPE_F64, value, e) == 0 ? 1 : -1;
}

int dataset_read_frames(struct dataset *d, int field, int64_t sample, int64_t t0, int64_t n_t, int64_t stride,
			enum dtype t, void *out, struct err *e)
{
	const struct run *r;
	struct store *s;
	const struct layout *l;
	const void *kept;
	int64_t times, row, frame;
	enum dtype stored;
	int inner;

	if (check_index(d, field, sample, e) != 0)
		return -1;
	r = run_of(d, sample);
	s = r->store;
	l = &s->source.layout;
	inner = r->field[field];
	stored = l->field[inner].dtype;
	row = l->field[inner].per_sample ? r->first + sample - r->before : 0;
	times = field_times(l, inner);
	frame = layout_field_count(l, inner) / times;
	if (t0 < 0 || n_t < 1 || stride < 1 || t0 + (n_t - 1) * stride >= times)
		return err_set(e, ERR_USAGE, "%s: field %s has %lld times, asked for %lld from %lld by %lld", d->name,
			       l->field[inner].name, (long long)times, (long long)n_t, (long long)t0,
			       (long long)stride);
	if (store_cached(s, inner, row, 1, &kept, e) != 0)
		return -1;
	if (!kept) {
		if (store_read(s, inner, row, 1, t0, n_t, stride, t, out, e) != 0)
			return -1;
		return d->allow_nonfinite ? 0 : complain(s, inner, row, t, out, n_t, t0, stride, e);
	}
	for (int64_t k = 0; k < n_t; k++)
		tensor_convert(stored, (const char *)kept + (size_t)((t0 + k * stride) * frame) * dtype_size(stored), t,
			       (char *)out + (size_t)(k * frame) * dtype_size(t), frame);
	/* Frames that were not asked for may be what they like. */
	if (!d->allow_nonfinite && !store_sample_finite(s, inner, row))
		return complain(s, inner, row, t, out, n_t, t0, stride, e);
	return 0;
}
