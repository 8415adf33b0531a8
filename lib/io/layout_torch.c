/* layout_torch.c: PyTorch's .pt files of tensors: a ZIP of a pickle (data.pkl) and raw storages (data/0, data/1, ...).
 * A dictionary holds fields by name, a list of dictionaries one sample an item. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/array_source.h"
#include "io/pickle.h"
#include "io/zip.h"

/* A pickle is a graph that may hold itself: how far it is followed. */
enum { DEPTH_MAX = 16, TENSORS_MAX = 100000, VISITS_MAX = 1000000 };

struct storage {
	char *key;
	const unsigned char *data;
	size_t n;
};

struct reader {
	struct source *s;
	struct array_source *to;
	struct zip zip;
	char *prefix; /* of the entries: "archive/" */
	bool big_endian;
	struct storage *storage;
	int n_storages, storage_capacity;
	int64_t visits;
	bool samples; /* a list of samples: their single numbers are no parameters of the set */
	struct err *e;
};

/* The entry that holds the pickle; -1: none. */
static int find_pickle(const struct zip *z)
{
	for (int i = 0; i < z->n; i++)
		if (strcmp(z->entry[i].name, "data.pkl") == 0 || str_ends(z->entry[i].name, "/data.pkl"))
			return i;
	return -1;
}

static bool probe(const struct layout_probe *p)
{
	struct file_bytes f;
	struct zip z;
	bool found = false;

	if (p->n_head < 4 || memcmp(p->head, "PK\3\4", 4) != 0 || file_bytes_open(&f, p->path, NULL) != 0)
		return false;
	if (zip_open(&z, f.data, f.n, NULL) == 0) {
		found = find_pickle(&z) >= 0;
		zip_close(&z);
	} else {
		/* Damaged: the name tells who reports it. */
		found = str_ends(p->path, ".pt") || str_ends(p->path, ".pth");
	}
	file_bytes_close(&f);
	return found;
}

/* The bytes of a storage, read once. */
static const struct storage *storage_of(struct reader *r, const char *key)
{
	struct storage new = { 0 };
	struct str name = { 0 };
	void *owned = NULL;
	int entry;

	for (int i = 0; i < r->n_storages; i++)
		if (strcmp(r->storage[i].key, key) == 0)
			return &r->storage[i];
	str_printf(&name, "%sdata/%s", r->prefix, key);
	entry = zip_find(&r->zip, str_text(&name));
	if (entry < 0)
		err_set(r->e, ERR_FAIL, "storage %.100s is missing from the archive", str_text(&name));
	str_free(&name);
	if (entry < 0 || zip_content(&r->zip, entry, &new.data, &new.n, &owned, r->e) != 0)
		return NULL;
	if (owned) {
		MEM_GROW(r->to->block, r->to->n_blocks, r->to->block_capacity);
		r->to->block[r->to->n_blocks++] = owned;
	}
	new.key = xstrdup(key);
	MEM_GROW(r->storage, r->n_storages, r->storage_capacity);
	r->storage[r->n_storages] = new;
	return &r->storage[r->n_storages++];
}

static int add_tensor(struct reader *r, const char *name, const struct pickle *t)
{
	const struct storage *from = storage_of(r, t->storage->text);
	struct array a = { .type = t->type, .dtype = array_dtype(t->type), .big_endian = r->big_endian };
	const int64_t unit = t->complex ? 2 : 1, size = (int64_t)array_type_size(t->type);

	if (!from)
		return -1;
	if (r->to->arrays.n == TENSORS_MAX)
		return err_set(r->e, ERR_USAGE, "more than %d tensors", TENSORS_MAX);
	a.rank = t->rank;
	for (int k = 0; k < t->rank; k++) {
		a.dim[k] = t->dim[k];
		if (t->stride[k] > INT64_MAX / 2)
			return err_set(r->e, ERR_FAIL, "%s: impossible stride", name);
		a.stride[k] = t->stride[k] * unit;
	}
	if (t->complex) {
		a.complex = true;
		a.dim[a.rank] = 2;
		a.stride[a.rank++] = 1;
	}
	if (array_count(&a) == 0) {
		a.data = from->data;
	} else {
		if ((uint64_t)t->offset > from->n / (size_t)(size * unit))
			return err_set(r->e, ERR_FAIL, "%s: starts beyond the end of its storage", name);
		a.data = from->data + (size_t)(t->offset * unit * size);
		a.name = (char *)(uintptr_t)name;
		if (array_check(&a, from->n - (size_t)(t->offset * unit * size), r->e) != 0)
			return -1;
	}
	a.name = xstrdup(name);
	array_list_add(&r->to->arrays, &a);
	return 0;
}

/* Tensors of a value, named by their path; single numbers become parameters. */
static int collect(struct reader *r, const char *name, const struct pickle *v, int depth)
{
	bool dict = v->kind == PICKLE_DICT;

	if (depth > DEPTH_MAX || ++r->visits > VISITS_MAX)
		return err_set(r->e, ERR_USAGE, "the nesting of lists and dictionaries is too deep");
	if (v->kind == PICKLE_TENSOR)
		return add_tensor(r, name, v);
	if (!r->samples && (v->kind == PICKLE_FLOAT || v->kind == PICKLE_INT))
		layout_add_param(&r->s->layout, name, v->kind == PICKLE_INT ? (double)v->integer : v->real);
	if (!dict && v->kind != PICKLE_LIST && v->kind != PICKLE_TUPLE)
		return 0;
	for (int64_t i = 0; i < v->n_items; i += dict ? 2 : 1) {
		const struct pickle *key = dict ? v->item[i] : NULL;
		struct str path = { 0 };
		int status;

		if (depth > 0)
			str_printf(&path, "%s.", name);
		if (!key || key->kind == PICKLE_INT)
			str_printf(&path, "%lld", (long long)(key ? key->integer : i));
		else if (key->kind == PICKLE_TEXT)
			str_add(&path, key->text);
		else
			str_add(&path, "?");
		status = path.length > 60 ? err_set(r->e, ERR_USAGE, "tensor name %.80s... is too long", path.text)
					  : collect(r, str_text(&path), v->item[dict ? i + 1 : i], depth + 1);
		str_free(&path);
		if (status != 0)
			return -1;
	}
	return 0;
}

/* One axis of n for points, or the axes of a regular grid; a short last axis is the channels of each point, a leading 1
 * one channel. */
static void add_sample_field(struct reader *r, int i)
{
	static const char *const space[] = { "x", "y", "z", "w" };
	const struct array *a = &r->to->arrays.at[i];
	struct layout *l = &r->s->layout;
	struct axis_map m = { .variable = i, .sample = -1 };
	int channel = -1, axes[ARRAY_RANK_MAX], n_space;

	if (a->rank >= 2 && a->dim[a->rank - 1] <= 4)
		channel = a->rank - 1;
	else if (a->rank >= 2 && a->dim[0] == 1)
		channel = 0;
	n_space = a->rank - (channel >= 0);
	if (channel >= 0) {
		axes[m.n] = variables_axis(l, "channel", AXIS_CHANNEL, a->dim[channel]);
		m.axis[m.n++] = channel;
	}
	for (int k = 0, used = 0; k < a->rank; k++) {
		bool grid = n_space > 1 && n_space <= 4;
		const char *name = grid ? space[used] : "point";

		if (k == channel)
			continue;
		used++;
		axes[m.n] = variables_axis(l, name, grid ? AXIS_SPACE : AXIS_POINT, a->dim[k]);
		m.axis[m.n++] = k;
	}
	layout_add_field(l, a->name, a->dtype, ROLE_NONE, m.n, axes);
	r->to->map = xrealloc(r->to->map, (size_t)l->n_fields * sizeof *r->to->map);
	r->to->map[l->n_fields - 1] = m;
}

/* A list of dictionaries with the same keys and shapes: an item is a sample. */
static int collect_samples(struct reader *r, const struct pickle *list)
{
	struct array_list *all = &r->to->arrays;
	int n = 0;

	r->samples = true;
	for (int64_t i = 0; i < list->n_items; i++) {
		int from = all->n;

		if (collect(r, "", list->item[i], 0) != 0)
			return -1;
		if (i == 0)
			n = all->n;
		if (n == 0 || all->n - from != n)
			return err_set(r->e, ERR_USAGE, "item %lld of the list holds %d tensors, item 0 holds %d",
				       (long long)i, all->n - from, n);
		for (int k = 0; k < n; k++) {
			const struct array *a = &all->at[k], *b = &all->at[from + k];

			if (strcmp(a->name, b->name) != 0 || a->rank != b->rank || a->dtype != b->dtype ||
			    memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) != 0)
				return err_set(r->e, ERR_USAGE,
					       "item %lld of the list: %s differs in name or shape from %s of item 0",
					       (long long)i, b->name, a->name);
		}
	}
	r->s->layout.n_samples = list->n_items;
	r->to->sample_step = n;
	for (int k = 0; k < n; k++)
		if (array_count(&all->at[k]) > 0 && all->at[k].rank < SHAPE_MAX)
			add_sample_field(r, k);
	return r->s->layout.n_fields ? 0 : err_set(r->e, ERR_USAGE, "no tensors");
}

static int read_value(struct reader *r, const struct pickle *v)
{
	struct str stem = { 0 };
	const char *slash = strrchr(r->s->path, '/'), *name = slash ? slash + 1 : r->s->path;
	int status;

	if (v->kind == PICKLE_LIST && v->n_items > 0 && v->item[0]->kind == PICKLE_DICT)
		return collect_samples(r, v);
	if (v->kind == PICKLE_TENSOR) {
		str_add_n(&stem, name, strcspn(name, ".") < 60 ? strcspn(name, ".") : 60);
		status = collect(r, str_text(&stem), v, 0);
		str_free(&stem);
	} else {
		status = collect(r, "", v, 0);
	}
	return status == 0 ? array_source_layout(r->s, false, r->e) : -1;
}

static int read_archive(struct reader *r)
{
	int main_entry = find_pickle(&r->zip), order;
	const unsigned char *data;
	struct arena *arena;
	struct str name = { 0 };
	struct pickle *v;
	void *owned;
	size_t n;
	int status = -1;

	if (main_entry < 0)
		return err_set(r->e, ERR_USAGE, "a ZIP archive without data.pkl is no PyTorch file");
	r->prefix = xstrndup(r->zip.entry[main_entry].name, strlen(r->zip.entry[main_entry].name) - strlen("data.pkl"));
	str_printf(&name, "%sbyteorder", r->prefix);
	order = zip_find(&r->zip, str_text(&name));
	str_free(&name);
	if (order >= 0) {
		if (zip_content(&r->zip, order, &data, &n, &owned, r->e) != 0)
			return -1;
		r->big_endian = n >= 3 && memcmp(data, "big", 3) == 0;
		free(owned);
	}
	if (zip_content(&r->zip, main_entry, &data, &n, &owned, r->e) != 0)
		return -1;
	arena = arena_new();
	v = pickle_parse(arena, data, n, r->e);
	if (v)
		status = read_value(r, v);
	arena_free(arena);
	free(owned);
	return status;
}

static int open_source(struct source *s, struct err *e)
{
	struct reader r = { .s = s, .e = e };
	int status;

	r.to = array_source_new(s, e);
	if (!r.to)
		return err_in(e, "%s", s->path);
	status = zip_open(&r.zip, r.to->file.data, r.to->file.n, e);
	if (status == 0)
		status = read_archive(&r);
	zip_close(&r.zip);
	free(r.prefix);
	for (int i = 0; i < r.n_storages; i++)
		free(r.storage[i].key);
	free(r.storage);
	if (status != 0) {
		array_source_close(s);
		return err_in(e, "%s", s->path);
	}
	return 0;
}

static const struct layout_class torch = {
	.name = "torch",
	.help = "PyTorch file of tensors (.pt): neuraloperator sets",
	.priority = 41,
	.probe = probe,
	.open = open_source,
	.read = array_source_read,
	.close = array_source_close,
};
const struct layout_class *const layout_file_layout_torch[] = { &torch, NULL };
