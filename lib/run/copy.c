/* copy.c: which samples and points are kept, and moving them. */
#include "run/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/h5read.h"

struct chosen_samples {
	int64_t n, *at;
};

static int by_first(const void *a, const void *b)
{
	const struct split_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* The ranges of the splits in order, and what lies between and around them, without a name. */
static int ranges_of(const struct layout *l, struct split_range **out)
{
	struct split_range *r = xcalloc((size_t)(2 * l->n_splits + 1), sizeof *r), *s;
	int64_t at = 0;
	int n = 0;

	s = xcalloc((size_t)l->n_splits + 1, sizeof *s);
	if (l->n_splits > 0)
		memcpy(s, l->split, (size_t)l->n_splits * sizeof *s);
	qsort(s, (size_t)l->n_splits, sizeof *s, by_first);
	for (int i = 0; i < l->n_splits; i++) {
		if (s[i].first > at)
			r[n++] = (struct split_range){ .first = at, .last = s[i].first };
		s[i].first = s[i].first < at ? at : s[i].first;
		if (s[i].first < s[i].last)
			r[n++] = s[i];
		at = s[i].last > at ? s[i].last : at;
	}
	if (at < l->n_samples)
		r[n++] = (struct split_range){ .first = at, .last = l->n_samples };
	free(s);
	*out = r;
	return n;
}

/* How many of each range: in proportion, one at least; what that adds is taken from the largest. */
static void share_out(const struct split_range *r, int n, int64_t all, int64_t wanted, int64_t *share)
{
	int64_t sum = 0;

	for (int i = 0; i < n; i++) {
		const int64_t size = r[i].last - r[i].first;
		/* differences of rounded running sums add up */
		const int64_t from = (int64_t)((double)wanted * (double)r[i].first / (double)all + 0.5);
		const int64_t to = (int64_t)((double)wanted * (double)r[i].last / (double)all + 0.5);

		share[i] = wanted <= 0 || to - from > size ? size : to - from < 1 ? 1 : to - from;
		sum += share[i];
	}
	while (wanted > 0 && sum > wanted) {
		int largest = 0;

		for (int i = 1; i < n; i++)
			largest = share[i] > share[largest] ? i : largest;
		if (share[largest] == 1)
			return;
		share[largest]--;
		sum--;
	}
}

/* Which samples, and their splits in the copy. */
static struct chosen_samples choose(const struct layout *l, int64_t wanted, struct layout *to, struct err *e)
{
	struct split_range *r;
	const int n = ranges_of(l, &r);
	struct chosen_samples c = { 0, mem_new(l->n_samples + 1, sizeof *c.at, "numbers of samples", e) };
	int64_t *share = xcalloc((size_t)n + 1, sizeof *share);

	share_out(r, n, l->n_samples, wanted, share);
	to->n_splits = 0;
	for (int i = 0; i < n && c.at; i++) {
		const int64_t first = c.n;

		for (int64_t k = 0; k < share[i]; k++)
			c.at[c.n++] = r[i].first + k * (r[i].last - r[i].first) / share[i];
		if (*r[i].name)
			layout_add_split(to, r[i].name, first, c.n);
	}
	free(share);
	free(r);
	return c;
}

static int64_t stride_of(const struct copy *c, const struct axis *a)
{
	return a->kind == AXIS_SPACE ? c->reduce : a->kind == AXIS_TIME ? c->reduce_time : 1;
}

static int reduce_axes(struct layout *l, const struct copy *c, struct err *e)
{
	for (int i = 0; i < l->n_axes; i++) {
		struct axis *a = &l->axis[i];
		const int64_t stride = stride_of(c, a), size = (a->size + stride - 1) / stride;

		if (stride == 1)
			continue;
		if (a->periodic && a->size % stride != 0)
			return err_set(e, ERR_USAGE, "axis %s is periodic and has %lld points, no multiple of %lld",
				       a->name, (long long)a->size, (long long)stride);
		for (int64_t k = 0; a->coordinate && k < size; k++)
			a->coordinate[k] = a->coordinate[k * stride];
		if (!a->periodic && a->size > 1)
			a->length *= (double)((size - 1) * stride) / (double)(a->size - 1);
		a->size = size;
	}
	return 0;
}

/* The kept elements of one sample, in place: they only move forward. */
static void gather(const struct layout *l, int field, const struct copy *c, double *v)
{
	const struct field *f = &l->field[field];
	int64_t size[SHAPE_MAX], stride[SHAPE_MAX], kept = 1, inner = 1;

	for (int i = f->n_axes - 1; i >= 0; i--) {
		const struct axis *a = &l->axis[f->axis[i]];

		size[i] = (a->size + stride_of(c, a) - 1) / stride_of(c, a);
		stride[i] = inner * stride_of(c, a);
		kept *= size[i];
		inner *= a->size;
	}
	for (int64_t k = 0; k < kept; k++) {
		int64_t rest = k, from = 0;

		for (int i = f->n_axes - 1; i >= 0; i--) {
			from += rest % size[i] * stride[i];
			rest /= size[i];
		}
		v[k] = v[from];
	}
}

static int copy_field(struct dataset *d, int f, const struct copy *c, const struct chosen_samples *s, struct h5out *w,
		      struct err *e)
{
	const struct layout *l = dataset_layout(d);
	double *v = mem_new(layout_field_count(l, f), sizeof *v, l->field[f].name, e);
	int status = v ? 0 : -1;

	for (int64_t i = 0; i < (l->field[f].per_sample ? s->n : 1) && status == 0; i++) {
		status = dataset_read(d, f, 1, &s->at[i], DTYPE_F64, v, e);
		if (status == 0) {
			gather(l, f, c, v);
			h5out_samples(w, f, i, 1, DTYPE_F64, v);
		}
	}
	free(v);
	return status;
}

static int copy_numbers(const struct dataset *d, const struct chosen_samples *s, struct h5out *w, struct err *e)
{
	double *all = mem_new(dataset_layout(d)->n_samples + 1, sizeof *all, "numbers of samples", e);
	char **name;
	int n, status = all ? dataset_number_names(d, &n, &name, e) : -1;

	if (status == 0) {
		for (int i = 0; i < n && status == 0; i++) {
			char path[200];
			const int found = dataset_numbers(d, name[i], all, e);

			for (int64_t k = 0; k < s->n && found > 0; k++)
				all[k] = all[s->at[k]];
			snprintf(path, sizeof path, "sample/%.180s", name[i]);
			if (found > 0)
				h5out_doubles(w, path, s->n, all);
			status = found < 0 ? -1 : 0;
		}
		h5_names_free(n, name);
	}
	free(all);
	return status;
}

int copy_run(struct dataset *from, const struct copy *c, const struct h5_meta *m, const char *path, struct err *e)
{
	struct layout l = layout_copy(dataset_layout(from));
	struct chosen_samples s = choose(dataset_layout(from), c->n_samples, &l, e);
	struct h5out *w;
	int status;

	dataset_allow_nonfinite(from, true);
	l.n_samples = s.n;
	status = !s.at || reduce_axes(&l, c, e) != 0 ? err_in(e, "%s", dataset_name(from)) : 0;
	w = status == 0 ? h5out_open(path, e) : NULL;
	status = w ? 0 : -1;
	if (w) {
		h5out_deflate(w, c->deflate);
		h5out_fields(w, &l);
		h5out_meta(w, m);
		progress_begin("copy", "field", l.n_fields);
		for (int f = 0; f < l.n_fields && status == 0; f++) {
			status = copy_field(from, f, c, &s, w, e);
			progress_update(f + 1, NULL);
		}
		progress_end();
		if (status == 0)
			status = copy_numbers(from, &s, w, e);
		if (status == 0)
			status = h5out_close(w, e);
		else
			h5out_abandon(w);
	}
	layout_free(&l);
	free(s.at);
	return status;
}
