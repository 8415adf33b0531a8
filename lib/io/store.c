/* store.c: finding the layout of a file, and keeping small fields in memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5read.h"
#include "io/output.h"
#include "io/store.h"

/* All stores together keep at most CACHE_LIMIT bytes; what is read ahead comes in blocks of about CACHE_BLOCK. */
static const int64_t CACHE_LIMIT = (int64_t)1 << 30, CACHE_BLOCK = (int64_t)4 << 20;
static int64_t cache_used;

enum { HEAD = 4096 };

int64_t field_times(const struct layout *l, int field)
{
	const struct field *f = &l->field[field];

	for (int k = 0; k < f->n_axes; k++)
		if (l->axis[f->axis[k]].kind == AXIS_TIME)
			return l->axis[f->axis[k]].size;
	return 1;
}

static int64_t n_rows(const struct store *s, int field)
{
	return s->source.layout.field[field].per_sample ? s->source.layout.n_samples : 1;
}

static struct store *store_new(const char *path)
{
	struct store *s = xcalloc(1, sizeof *s);

	s->references = 1;
	s->path = xstrdup(path);
	s->source.path = s->path;
	s->source.file = -1;
	return s;
}

struct store *store_hold(struct store *s)
{
	s->references++;
	return s;
}

static int64_t cache_bytes(const struct store *s, int field)
{
	return n_rows(s, field) * layout_field_count(&s->source.layout, field) *
	       (int64_t)dtype_size(s->source.layout.field[field].dtype);
}

void store_release(struct store *s)
{
	if (!s || --s->references > 0)
		return;
	for (int f = 0; s->cache && f < s->source.layout.n_fields; f++) {
		if (s->cache[f].data && !s->cache[f].borrowed) {
			cache_used -= cache_bytes(s, f);
			free(s->cache[f].data);
		}
		free(s->cache[f].state);
	}
	free(s->cache);
	if (s->source.class && s->source.class->close)
		s->source.class->close(&s->source);
	if (s->source.file >= 0)
		H5Fclose(s->source.file);
	layout_free(&s->source.layout);
	free(s->layout_name);
	free(s->path);
	free(s);
}

/* What a class says of its file is checked once, so that sizes below are safe to multiply. */
static int check_layout(const struct store *s, struct err *e)
{
	const struct layout *l = &s->source.layout;

	if (l->n_samples <= 0)
		return err_set(e, ERR_USAGE, "%s: no samples", s->path);
	if (l->n_fields == 0)
		return err_set(e, ERR_USAGE, "%s: no fields", s->path);
	return layout_check_sizes(l, l->n_samples, e) == 0 ? 0 : err_in(e, "%s", s->path);
}

/* The classes by falling priority; those of equal priority in the order of the makefile. */
static int by_priority(const struct layout_class **out, int room)
{
	int n = 0;

	for (int i = 0; layout_files[i]; i++)
		for (int k = 0; layout_files[i][k] && n < room; k++) {
			int at = n++;

			for (; at > 0 && out[at - 1]->priority < layout_files[i][k]->priority; at--)
				out[at] = out[at - 1];
			out[at] = layout_files[i][k];
		}
	return n;
}

static int open_class(struct store *s, const struct layout_probe *probe, const char *force_layout, struct err *e)
{
	const struct layout_class *list[128];
	int n = by_priority(list, 128);

	if (force_layout) {
		const char *names[128];
		const char *near;

		s->source.class = layout_find(force_layout);
		for (int i = 0; i < n; i++)
			names[i] = list[i]->name;
		near = str_nearest(force_layout, n, names);
		if (!s->source.class && near)
			return err_set(e, ERR_USAGE, "unknown layout '%s' (did you mean '%s'?)", force_layout, near);
		if (!s->source.class)
			return err_set(e, ERR_USAGE, "unknown layout '%s'", force_layout);
		if (!s->source.class->probe(probe))
			return err_set(e, ERR_USAGE, "%s: not in the layout %s", s->path, force_layout);
	}
	for (int i = 0; i < n && !s->source.class; i++)
		if (list[i]->probe(probe))
			s->source.class = list[i];
	if (!s->source.class && probe->file >= 0)
		return err_set(e, ERR_USAGE, "%s: an HDF5 file in no layout known here", s->path);
	if (!s->source.class)
		return err_set(e, ERR_USAGE, "%s: neither HDF5 nor another format known here", s->path);
	s->layout_name = xstrdup(s->source.class->name);
	if (s->source.class->open(&s->source, e) != 0)
		return -1;
	s->cache = xcalloc((size_t)s->source.layout.n_fields + 1, sizeof *s->cache);
	return check_layout(s, e);
}

static int read_head(const char *path, unsigned char *head, size_t *n, int64_t *bytes, bool *folder, struct err *e)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;

	if (fd < 0)
		return err_errno(e, "%s", path);
	if (fstat(fd, &info) != 0) {
		close(fd);
		return err_errno(e, "%s", path);
	}
	*folder = S_ISDIR(info.st_mode);
	*bytes = *folder ? 0 : (int64_t)info.st_size;
	if (!*folder && !S_ISREG(info.st_mode)) {
		close(fd);
		return err_set(e, ERR_USAGE, "%s: not a file; to read a pipe, use '-' and redirect it", path);
	}
	for (*n = 0; !*folder && *n < HEAD; *n += (size_t)got) {
		got = read(fd, head + *n, HEAD - *n);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			break;
	}
	close(fd);
	if (got < 0)
		return err_errno(e, "%s", path);
	if (!*folder && *n == 0)
		return err_set(e, ERR_FAIL, "%s: the file is empty", path);
	return 0;
}

int store_open(struct store **out, const char *path, const char *force_layout, struct err *e)
{
	unsigned char head[HEAD];
	struct layout_probe probe = { .path = path, .head = head, .file = -1 };
	struct store *s = store_new(path);
	bool folder;

	*out = NULL;
	h5_setup();
	if (read_head(path, head, &probe.n_head, &s->bytes, &folder, e) != 0)
		goto fail;
	if (folder)
		probe.head = NULL;
	if (!folder && H5Fis_hdf5(path) > 0) {
		hid_t access = h5_access();

		s->source.file = H5Fopen(path, H5F_ACC_RDONLY, access);
		if (s->source.file < 0)
			h5_error(e, path, NULL);
		H5Pclose(access);
		if (s->source.file < 0)
			goto fail;
	} else if (probe.n_head >= 8 && memcmp(head, "\211HDF\r\n\032\n", 8) == 0) {
		err_set(e, ERR_FAIL, "%s: the HDF5 header is damaged or cut off", path);
		goto fail;
	}
	probe.file = s->source.file;
	if (open_class(s, &probe, force_layout, e) != 0)
		goto fail;
	*out = s;
	return 0;
fail:
	store_release(s);
	return -1;
}

hid_t image_open(const void *image, size_t n, const char *name, struct err *e)
{
	static unsigned long long serial;
	char unique[64];
	hid_t access, file;

	h5_setup();
	access = h5_access();
	/* The core driver tells open images apart by name. */
	snprintf(unique, sizeof unique, "sciml-image-%llu", ++serial);
	H5Pset_fapl_core(access, (size_t)1 << 20, false);
	/* HDF5 copies the image; its prototype lacks const. */
	if (H5Pset_file_image(access, (void *)(uintptr_t)image, n) < 0 ||
	    (file = H5Fopen(unique, H5F_ACC_RDONLY, access)) < 0) {
		h5_error(e, name, NULL);
		file = -1;
	}
	H5Pclose(access);
	return file;
}

int store_open_image(struct store **out, const void *image, size_t n, const char *name, const char *force_layout,
		     struct err *e)
{
	struct layout_probe probe = { .path = name, .head = image, .n_head = n < HEAD ? n : HEAD, .file = -1 };
	struct store *s = store_new(name);

	*out = NULL;
	s->bytes = (int64_t)n;
	s->source.file = image_open(image, n, name, e);
	probe.file = s->source.file;
	if (s->source.file < 0 || open_class(s, &probe, force_layout, e) != 0) {
		store_release(s);
		return -1;
	}
	*out = s;
	return 0;
}

/* Arrays in memory: the state of classes without random access, and of sets made by the program. */
void source_keep(struct source *s, void *const *data)
{
	void **list = xcalloc((size_t)s->layout.n_fields + 1, sizeof *list);

	memcpy(list, data, (size_t)s->layout.n_fields * sizeof *list);
	s->state = list;
}

int source_memory_read(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t,
		       int64_t stride, enum dtype t, void *out, struct err *e)
{
	const struct field *f = &s->layout.field[field];
	const char *data = ((void **)s->state)[field];
	int64_t times = field_times(&s->layout, field), frame = layout_field_count(&s->layout, field) / times;
	size_t stored = dtype_size(f->dtype), wanted = dtype_size(t);
	char *to = out;

	(void)e;
	for (int64_t i = 0; i < count; i++)
		for (int64_t k = 0; k < n_t; k++, to += (size_t)frame * wanted)
			tensor_convert(f->dtype,
				       data + (size_t)(((first + i) * times + t0 + k * stride) * frame) * stored, t, to,
				       frame);
	return 0;
}

void source_memory_close(struct source *s)
{
	void **list = s->state;

	for (int f = 0; list && f < s->layout.n_fields; f++)
		free(list[f]);
	free(list);
	s->state = NULL;
}

static const struct layout_class memory_class = {
	.name = "memory",
	.read = source_memory_read,
	.close = source_memory_close,
};

int store_from_memory(struct store **out, const char *name, const char *layout_name, struct layout *take, void **data,
		      struct err *e)
{
	struct store *s = store_new(name);

	*out = NULL;
	s->source.class = &memory_class;
	s->source.layout = *take;
	memset(take, 0, sizeof *take);
	source_keep(&s->source, data);
	s->layout_name = xstrdup(layout_name);
	s->cache = xcalloc((size_t)s->source.layout.n_fields + 1, sizeof *s->cache);
	if (check_layout(s, e) != 0) {
		store_release(s);
		return -1;
	}
	*out = s;
	return 0;
}

int store_read(struct store *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t, int64_t stride,
	       enum dtype t, void *out, struct err *e)
{
	if (s->source.class->read(&s->source, field, first, count, t0, n_t, stride, t, out, e) == 0)
		return 0;
	/* The class's message names the file by itself when it comes from HDF5. */
	return e && strncmp(e->message, s->path, strlen(s->path)) != 0 ? err_in(e, "%s", s->path) : -1;
}

static void decide(struct store *s, int field)
{
	struct store_cache *c = &s->cache[field];
	int64_t bytes = cache_bytes(s, field);

	c->decided = true;
	if (s->source.class->read == source_memory_read) {
		c->data = ((void **)s->source.state)[field];
		c->borrowed = true;
	} else if (bytes <= CACHE_LIMIT - cache_used) {
		/* Untouched pages of a large calloc cost nothing. */
		c->data = calloc((size_t)bytes + 1, 1);
		if (c->data)
			cache_used += bytes;
	}
	if (c->data) {
		c->state = xcalloc((size_t)n_rows(s, field) + 1, 1);
		if (c->borrowed)
			memset(c->state, SAMPLE_UNCHECKED, (size_t)n_rows(s, field));
	}
}

int store_cached(struct store *s, int field, int64_t first, int64_t count, const void **out, struct err *e)
{
	struct store_cache *c = &s->cache[field];
	const struct layout *l = &s->source.layout;
	enum dtype t = l->field[field].dtype;
	int64_t size, block;

	*out = NULL;
	if (!c->decided)
		decide(s, field);
	if (!c->data)
		return 0;
	size = layout_field_count(l, field) * (int64_t)dtype_size(t);
	block = size < CACHE_BLOCK ? CACHE_BLOCK / size : 1;
	for (int64_t i = first; i < first + count; i++) {
		int64_t from = i, to = i + 1, rows = n_rows(s, field), end;

		if (c->state[i] != SAMPLE_ABSENT)
			continue;
		/* Together with what is absent around it, from the start of its block to the end of the last wanted one. */
		end = (first + count + block - 1) / block * block;
		while (from > i / block * block && c->state[from - 1] == SAMPLE_ABSENT)
			from--;
		while (to < end && to < rows && c->state[to] == SAMPLE_ABSENT)
			to++;
		if (store_read(s, field, from, to - from, 0, field_times(l, field), 1, t,
			       (char *)c->data + (size_t)(from * size), e) != 0)
			return -1;
		memset(c->state + from, SAMPLE_UNCHECKED, (size_t)(to - from));
	}
	*out = (const char *)c->data + (size_t)(first * size);
	return 0;
}

bool store_sample_finite(struct store *s, int field, int64_t sample)
{
	struct store_cache *c = &s->cache[field];
	enum dtype t = s->source.layout.field[field].dtype;
	struct shape shape = layout_field_shape(&s->source.layout, field);
	struct tensor view;

	if (c->state[sample] == SAMPLE_UNCHECKED) {
		view = tensor_view(t, &shape, (char *)c->data + (size_t)(sample * shape_count(&shape)) * dtype_size(t));
		c->state[sample] = tensor_find_nonfinite(&view) < 0 ? SAMPLE_FINITE : SAMPLE_NONFINITE;
	}
	return c->state[sample] == SAMPLE_FINITE;
}
