/* dataset.c: samples of one or several sources as one set: opening, selecting, joining. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/dataset_run.h"
#include "io/h5read.h"
#include "io/select.h"

const char *dataset_name(const struct dataset *d)
{
	return d->name;
}

const char *dataset_layout_name(const struct dataset *d)
{
	return d->run[0].store->layout_name;
}

const struct layout *dataset_layout(const struct dataset *d)
{
	return &d->layout;
}

void dataset_allow_nonfinite(struct dataset *d, bool allow)
{
	d->allow_nonfinite = allow;
}

void dataset_passing(struct dataset *d, bool on)
{
	d->passing = on;
}

bool dataset_has_split(const struct dataset *d, const char *split)
{
	for (int i = 0; i < d->n_runs; i++) {
		const struct layout *l = &d->run[i].store->source.layout;

		for (int k = 0; k < l->n_splits; k++)
			if (strcmp(l->split[k].name, split) == 0)
				return true;
	}
	return false;
}

void dataset_close(struct dataset *d)
{
	if (!d)
		return;
	for (int i = 0; i < d->n_runs; i++) {
		store_release(d->run[i].store);
		free(d->run[i].field);
	}
	for (int i = 0; i < d->n_meta; i++) {
		free(d->meta[i].name);
		free(d->meta[i].text);
	}
	free(d->meta);
	free(d->run);
	free(d->name);
	layout_free(&d->layout);
	free(d);
}

/* Adds samples of a store (its own numbering); field[f]: the store's index of the set's field f. */
static void add_run(struct dataset *d, struct store *store, int64_t first, int64_t last, const int *field)
{
	struct run *r;

	MEM_GROW(d->run, d->n_runs, d->capacity);
	r = &d->run[d->n_runs++];
	r->store = store_hold(store);
	r->first = first;
	r->count = last - first;
	r->before = d->layout.n_samples;
	r->field = xcalloc((size_t)d->layout.n_fields + 1, sizeof *r->field);
	memcpy(r->field, field, (size_t)d->layout.n_fields * sizeof *r->field);
	d->layout.n_samples += r->count;
}

struct dataset *dataset_of_store(struct store *store)
{
	struct dataset *d = xcalloc(1, sizeof *d);
	int *field;

	d->name = xstrdup(store->path);
	d->layout = layout_copy(&store->source.layout);
	d->layout.n_samples = 0;
	field = xcalloc((size_t)d->layout.n_fields + 1, sizeof *field);
	for (int f = 0; f < d->layout.n_fields; f++)
		field[f] = f;
	add_run(d, store, 0, store->source.layout.n_samples, field);
	free(field);
	return d;
}

static int select_ranges(struct dataset **view, const struct dataset *d, const struct ranges *r)
{
	struct dataset *v = xcalloc(1, sizeof *v);

	v->name = xstrdup(d->name);
	v->allow_nonfinite = d->allow_nonfinite;
	v->passing = d->passing;
	v->layout = layout_copy(&d->layout);
	v->layout.n_samples = 0;
	v->layout.n_splits = 0;
	for (int i = 0; i < r->n; i++) {
		int64_t base = v->layout.n_samples, first = r->at[i].first, last = r->at[i].last;

		for (int k = 0; k < d->n_runs; k++) {
			const struct run *u = &d->run[k];
			int64_t from = first > u->before ? first : u->before;
			int64_t to = last < u->before + u->count ? last : u->before + u->count;

			if (from < to)
				add_run(v, u->store, u->first + from - u->before, u->first + to - u->before, u->field);
		}
		/* Splits keep their meaning, renumbered. */
		for (int k = 0; k < d->layout.n_splits; k++) {
			const struct split_range *s = &d->layout.split[k];
			int64_t from = first > s->first ? first : s->first, to = last < s->last ? last : s->last;

			if (from < to)
				layout_add_split(&v->layout, s->name, base + from - first, base + to - first);
		}
	}
	*view = v;
	return 0;
}

int dataset_select(struct dataset **view, struct dataset *d, const char *text, struct err *e)
{
	struct ranges r;

	*view = NULL;
	if (select_parse(text, &d->layout, &r, e) != 0)
		return err_in(e, "%s", d->name);
	select_ranges(view, d, &r);
	ranges_free(&r);
	return 0;
}

/* Same fields in any order with the same shapes: a's index of each field of `of`. */
static int match_fields(const struct dataset *of, const struct dataset *a, int *index, struct err *e)
{
	for (int f = 0; f < of->layout.n_fields; f++) {
		struct shape want = layout_field_shape(&of->layout, f), have;
		char wanted[SHAPE_TEXT], had[SHAPE_TEXT];
		const char *name = of->layout.field[f].name;

		index[f] = layout_find_field(&a->layout, name);
		if (index[f] < 0)
			return err_set(e, ERR_USAGE, "%s: no field %s, which %s has", a->name, name, of->name);
		have = layout_field_shape(&a->layout, index[f]);
		if (!shape_equal(&want, &have) ||
		    of->layout.field[f].per_sample != a->layout.field[index[f]].per_sample)
			return err_set(e, ERR_USAGE, "%s: field %s has shape %s, in %s it is %s", a->name, name,
				       shape_text(had, &have), of->name, shape_text(wanted, &want));
	}
	for (int f = 0; f < a->layout.n_fields; f++)
		if (layout_find_field(&of->layout, a->layout.field[f].name) < 0)
			return err_set(e, ERR_USAGE, "%s: field %s is not in %s", a->name, a->layout.field[f].name,
				       of->name);
	return 0;
}

/* Parameters on which the parts differ belong to none of them. */
static void common_params(struct layout *l, const struct layout *other)
{
	int n = 0;

	for (int i = 0; i < l->n_params; i++)
		for (int k = 0; k < other->n_params; k++)
			if (strcmp(l->param[i].name, other->param[k].name) == 0 &&
			    l->param[i].value == other->param[k].value) {
				l->param[n++] = l->param[i];
				break;
			}
	l->n_params = n;
}

int dataset_append(struct dataset *d, const struct dataset *more, struct err *e)
{
	int *index = xcalloc((size_t)d->layout.n_fields + 1, sizeof *index);
	int *field = xcalloc((size_t)d->layout.n_fields + 1, sizeof *field);
	int64_t base = d->layout.n_samples;
	int rc = match_fields(d, more, index, e);

	for (int k = 0; rc == 0 && k < more->n_runs; k++) {
		const struct run *u = &more->run[k];

		for (int f = 0; f < d->layout.n_fields; f++)
			field[f] = u->field[index[f]];
		add_run(d, u->store, u->first, u->first + u->count, field);
	}
	if (rc == 0) {
		for (int k = 0; k < more->layout.n_splits; k++)
			layout_add_split(&d->layout, more->layout.split[k].name, base + more->layout.split[k].first,
					 base + more->layout.split[k].last);
		common_params(&d->layout, &more->layout);
	}
	free(field);
	free(index);
	return rc;
}

/* All images of standard input as one set. */
static int open_input(struct dataset **d, const char *force_layout, struct err *e)
{
	static const char *const input[] = { "-" };
	struct stream *s;
	struct dataset *next;
	int more;

	*d = NULL;
	if (stream_open(&s, 1, input, force_layout, e) != 0)
		return -1;
	while ((more = stream_next(s, &next, e)) > 0) {
		if (!*d) {
			*d = next;
			continue;
		}
		if (dataset_append(*d, next, e) != 0)
			more = -1;
		dataset_close(next);
		if (more < 0)
			break;
	}
	stream_close(s);
	if (more < 0) {
		dataset_close(*d);
		*d = NULL;
		return -1;
	}
	free((*d)->name);
	(*d)->name = xstrdup("standard input");
	return 0;
}

int dataset_open(struct dataset **d, const char *spec, const char *force_layout, struct err *e)
{
	char *path, *selection;
	struct dataset *whole = NULL;
	struct store *store;
	int rc;

	*d = NULL;
	select_split_spec(spec, &path, &selection);
	if (strcmp(path, "-") == 0) {
		rc = open_input(&whole, force_layout, e);
	} else if ((rc = store_open(&store, path, force_layout, e)) == 0) {
		whole = dataset_of_store(store);
		store_release(store);
	}
	if (rc == 0 && selection) {
		rc = dataset_select(d, whole, selection, e);
		dataset_close(whole);
	} else if (rc == 0) {
		*d = whole;
	}
	free(path);
	free(selection);
	return rc;
}

int dataset_open_all(struct dataset **d, int n, const char *const *spec, const char *force_layout, struct err *e)
{
	*d = NULL;
	if (n < 1)
		return err_set(e, ERR_USAGE, "no data set given");
	for (int i = 0; i < n; i++) {
		struct dataset *next;
		int rc = dataset_open(&next, spec[i], force_layout, e);

		if (rc == 0 && i == 0) {
			*d = next;
		} else if (rc == 0) {
			rc = dataset_append(*d, next, e);
			dataset_close(next);
		}
		if (rc != 0) {
			dataset_close(*d);
			*d = NULL;
			return -1;
		}
	}
	return 0;
}

int dataset_from_memory(struct dataset **d, const char *name, const char *layout_name, struct layout *take, void **data,
			struct err *e)
{
	struct store *store;

	*d = NULL;
	if (store_from_memory(&store, name, layout_name, take, data, e) != 0)
		return -1;
	*d = dataset_of_store(store);
	store_release(store);
	return 0;
}

const char *dataset_meta(const struct dataset *d, const char *name)
{
	/* Reading is no change of the set; the texts found are only kept for the caller. */
	struct dataset *keep = (struct dataset *)(uintptr_t)d;
	hid_t file = d->run[0].store->source.file;
	char *text;

	for (int i = 0; i < d->n_meta; i++)
		if (strcmp(d->meta[i].name, name) == 0)
			return d->meta[i].text;
	if (file < 0 || !h5_is_group(file, "meta"))
		return NULL;
	text = h5_text(file, "meta", name);
	MEM_GROW(keep->meta, keep->n_meta, keep->meta_capacity);
	keep->meta[keep->n_meta].name = xstrdup(name);
	keep->meta[keep->n_meta++].text = text;
	return text;
}

int dataset_numbers(const struct dataset *d, const char *name, double *out, struct err *e)
{
	char path[200];

	snprintf(path, sizeof path, "sample/%.180s", name);
	for (int i = 0; i < d->n_runs; i++) {
		const struct run *r = &d->run[i];
		hid_t file = r->store->source.file;
		double *all;
		int64_t n;

		if (file < 0 || !h5_is_array(file, path))
			return 0;
		if (h5_read_doubles(file, r->store->path, path, &n, &all, e) != 0)
			return -1;
		if (r->first + r->count > n) {
			free(all);
			return err_set(e, ERR_FAIL, "%s: /%s has %lld numbers for %lld samples", r->store->path, path,
				       (long long)n, (long long)r->store->source.layout.n_samples);
		}
		memcpy(out + r->before, all + r->first, (size_t)r->count * sizeof *out);
		free(all);
	}
	return 1;
}

int dataset_number_names(const struct dataset *d, int *n, char ***names, struct err *e)
{
	hid_t file = d->run[0].store->source.file;

	*n = 0;
	*names = NULL;
	return file >= 0 && h5_is_group(file, "sample") ? h5_names(file, d->name, "sample", n, names, e) : 0;
}

static uint64_t hash(uint64_t h, const void *data, size_t n)
{
	const unsigned char *byte = data;

	/* FNV-1a */
	for (size_t i = 0; i < n; i++)
		h = (h ^ byte[i]) * UINT64_C(1099511628211);
	return h;
}

static uint64_t hash_number(uint64_t h, int64_t v)
{
	unsigned char byte[8];

	for (int i = 0; i < 8; i++)
		byte[i] = (unsigned char)((uint64_t)v >> (8 * i));
	return hash(h, byte, sizeof byte);
}

/* The native layout's sums over every sample identify the content at little cost. */
static uint64_t hash_sums(uint64_t h, const struct store *s)
{
	char path[100];
	double *sums;
	int64_t n;

	for (int f = 0; s->source.file >= 0 && f < s->source.layout.n_fields; f++) {
		snprintf(path, sizeof path, "crc/%s", s->source.layout.field[f].name);
		if (!h5_is_array(s->source.file, path) ||
		    h5_read_doubles(s->source.file, s->path, path, &n, &sums, NULL) != 0)
			continue;
		for (int64_t i = 0; i < n; i++)
			h = hash_number(h, (int64_t)sums[i]);
		free(sums);
	}
	return h;
}

char *dataset_identity(const struct dataset *d)
{
	uint64_t h = UINT64_C(14695981039346656037);
	struct str s = { 0 };

	for (int i = 0; i < d->n_runs; i++) {
		const struct store *store = d->run[i].store;
		const struct layout *l = &store->source.layout;

		h = hash_number(h, d->run[i].first);
		h = hash_number(h, d->run[i].count);
		if (i > 0 && store == d->run[i - 1].store)
			continue;
		h = hash_number(h, store->bytes);
		h = hash_number(h, l->n_samples);
		h = hash(h, store->layout_name, strlen(store->layout_name));
		for (int f = 0; f < l->n_fields; f++) {
			h = hash(h, l->field[f].name, strlen(l->field[f].name));
			h = hash_number(h, layout_field_count(l, f));
		}
		h = hash_sums(h, store);
	}
	str_printf(&s, "%s %lld samples %016llx", dataset_layout_name(d), (long long)d->layout.n_samples,
		   (unsigned long long)h);
	return s.text;
}
