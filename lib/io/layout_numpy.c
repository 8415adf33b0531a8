/* layout_numpy.c: NumPy's .npy (one array; APEBench trajectories) and .npz (a ZIP of them). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/array_source.h"
#include "io/npy.h"
#include "io/output.h"
#include "io/zip.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- .npy ---- */

static bool probe_npy(const struct layout_probe *p)
{
	return p->n_head >= 6 && memcmp(p->head, "\223NUMPY", 6) == 0;
}

/* APEBench writes NAME_train.npy and NAME_test.npy, and NAME.json with the arguments of the scenario. */
static bool is_apebench(const char *path, int rank)
{
	static const char *const end[] = { "_train.npy", "_test.npy", ".npy" };
	bool found = false;

	for (int i = 0; i < 3 && rank >= 4 && !found; i++) {
		struct str json = { 0 };

		if (!str_ends(path, end[i]))
			continue;
		str_add_n(&json, path, strlen(path) - strlen(end[i]));
		str_add(&json, ".json");
		found = i < 2 || access(str_text(&json), F_OK) == 0;
		str_free(&json);
	}
	return found;
}

/* (sample, time, channel, points...), periodic without the right end. */
static void apebench_layout(struct source *s, struct array_source *a)
{
	static const char *const space[] = { "x", "y", "z", "w" };
	const struct array *u = &a->arrays.at[0];
	struct axis_map m = { .n = 0 };
	int axes[SHAPE_MAX];

	for (int k = 1; k < u->rank && k < SHAPE_MAX; k++) {
		const char *name = k == 1 ? "t" : k == 2 ? "channel" : space[k - 3 < 4 ? k - 3 : 3];
		enum axis_kind kind = k == 1 ? AXIS_TIME : k == 2 ? AXIS_CHANNEL : AXIS_SPACE;

		axes[m.n] = variables_axis(&s->layout, name, kind, u->dim[k]);
		s->layout.axis[axes[m.n]].periodic = kind == AXIS_SPACE;
		m.axis[m.n++] = k;
	}
	s->layout.n_samples = u->dim[0];
	layout_add_field(&s->layout, "u", u->dtype, ROLE_TRAJECTORY, m.n, axes);
	a->map = xmalloc(sizeof *a->map);
	*a->map = m;
}

/* The elasticity sets have their samples on the last axis. */
static void reverse_axes(struct array *a)
{
	for (int i = 0, k = a->rank - 1; i < k; i++, k--) {
		int64_t dim = a->dim[i], stride = a->stride[i];

		a->dim[i] = a->dim[k];
		a->stride[i] = a->stride[k];
		a->dim[k] = dim;
		a->stride[k] = stride;
	}
}

static int open_npy(struct source *s, struct err *e)
{
	struct array_source *a = array_source_new(s, e);
	const char *name = base_name(s->path);
	struct array array;
	size_t stem;

	if (!a)
		return err_in(e, "%s", s->path);
	if (npy_parse(a->file.data, a->file.n, &array, e) != 0) {
		array_source_close(s);
		return err_in(e, "%s", s->path);
	}
	stem = strlen(name) - (str_ends(name, ".npy") ? 4 : 0);
	array.name = xstrndup(name, stem < 60 ? stem : 60);
	if (str_starts(name, "Random_UnitCell_") && !array.complex)
		reverse_axes(&array);
	array_list_add(&a->arrays, &array);
	if (is_apebench(s->path, array.rank) && !array.complex && array_count(&array) > 0) {
		apebench_layout(s, a);
	} else if (array_source_layout(s, false, e) != 0) {
		array_source_close(s);
		return err_in(e, "%s", s->path);
	}
	return 0;
}

/* ---- .npz ---- */

static bool holds_arrays(const struct zip *z)
{
	for (int i = 0; i < z->n; i++)
		if (str_ends(z->entry[i].name, ".npy"))
			return true;
	return false;
}

static bool probe_npz(const struct layout_probe *p)
{
	struct file_bytes f;
	struct zip z;
	bool found;

	if (p->n_head < 4 || memcmp(p->head, "PK\3\4", 4) != 0 || file_bytes_open(&f, p->path, NULL) != 0)
		return false;
	found = zip_open(&z, f.data, f.n, NULL) == 0;
	if (found) {
		found = holds_arrays(&z);
		zip_close(&z);
	} else {
		found = str_ends(p->path, ".npz");
	}
	file_bytes_close(&f);
	return found;
}

static int read_entries(struct array_source *a, const struct zip *z, struct err *e)
{
	for (int i = 0; i < z->n; i++) {
		const char *name = z->entry[i].name;
		const unsigned char *data;
		struct array array;
		void *owned;
		size_t n;

		if (!str_ends(name, ".npy"))
			continue;
		if (zip_content(z, i, &data, &n, &owned, e) != 0)
			return -1;
		if (npy_parse(data, n, &array, e) != 0) {
			free(owned);
			return err_in(e, "%.100s", name);
		}
		array.name = xstrndup(name, strlen(name) - 4 < 60 ? strlen(name) - 4 : 60);
		array.owned = owned;
		array_list_add(&a->arrays, &array);
	}
	return 0;
}

static int open_npz(struct source *s, struct err *e)
{
	struct array_source *a = array_source_new(s, e);
	struct zip z;
	int status;

	if (!a)
		return err_in(e, "%s", s->path);
	status = zip_open(&z, a->file.data, a->file.n, e);
	if (status == 0) {
		status = read_entries(a, &z, e);
		if (status == 0)
			status = array_source_layout(s, false, e);
		zip_close(&z);
	}
	if (status != 0) {
		array_source_close(s);
		return err_in(e, "%s", s->path);
	}
	return 0;
}

/* ---- writing ---- */

/* The one field there is, or the one trajectory; -1: not told. */
static int field_to_write(const struct layout *l)
{
	int found = -1;

	if (l->n_fields == 1)
		return 0;
	for (int i = 0; i < l->n_fields; i++) {
		if (l->field[i].role != ROLE_TRAJECTORY)
			continue;
		if (found >= 0)
			return -1;
		found = i;
	}
	return found;
}

static int write_samples(struct dataset *d, int field, FILE *f, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	const enum dtype t = l->field[field].dtype;
	const int64_t count = layout_field_count(l, field);
	struct shape shape = layout_field_shape(l, field);
	size_t n, size = (size_t)count * dtype_size(t);
	void *header, *sample;
	int status = 0;

	shape = shape_insert(&shape, 0, l->n_samples);
	sample = mem_new(count, dtype_size(t), l->field[field].name, e);
	if (!sample)
		return -1;
	header = npy_header(t, &shape, &n);
	if (fwrite(header, 1, n, f) != n)
		status = err_errno(e, "cannot write");
	free(header);
	for (int64_t i = 0; i < l->n_samples && status == 0; i++) {
		status = dataset_read(d, field, 1, &i, t, sample, e);
		if (status == 0 && fwrite(sample, 1, size, f) != size)
			status = err_errno(e, "cannot write");
	}
	free(sample);
	return status;
}

/* One field, in our own axis order, which is APEBench's: (sample, time, channel, space...). */
static int write_npy(struct dataset *d, const char *path, const char *config, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	int field = field_to_write(l), status;
	char *temporary;
	FILE *f;

	(void)config;
	if (array_host_is_big())
		return err_set(e, ERR_FAIL, "%s: .npy files are written on little-endian machines only", path);
	if (field < 0 || l->field[field].n_axes == SHAPE_MAX - 1 || !l->field[field].per_sample)
		return err_set(e, ERR_USAGE, "%s: a .npy file holds one array, this set has %d fields", path,
			       l->n_fields);
	temporary = output_temporary(path, e);
	if (!temporary)
		return -1;
	f = fopen(temporary, "wb");
	status = f ? write_samples(d, field, f, e) : err_errno(e, "cannot create");
	if (f && fclose(f) != 0 && status == 0)
		status = err_errno(e, "cannot write");
	if (status != 0) {
		output_drop(temporary);
		return err_in(e, "%s", path);
	}
	return output_commit(temporary, path, e);
}

static const struct layout_class npy = {
	.name = "npy",
	.help = "NumPy array (.npy), samples first; APEBench trajectories",
	.priority = 42,
	.probe = probe_npy,
	.open = open_npy,
	.read = array_source_read,
	.close = array_source_close,
	.write = write_npy,
};
static const struct layout_class npz = {
	.name = "npz",
	.help = "NumPy arrays by name (.npz)",
	.priority = 43,
	.probe = probe_npz,
	.open = open_npz,
	.read = array_source_read,
	.close = array_source_close,
};
const struct layout_class *const layout_file_layout_numpy[] = { &npy, &npz, NULL };
