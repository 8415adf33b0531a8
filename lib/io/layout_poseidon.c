/* layout_poseidon.c: the netCDF-4 files of the Poseidon project (camlab), opened as HDF5: `velocity`, `solution` or
 * `data` of (sample, time, channel, x, y), elliptic sets with `source`, Helmholtz with a group Sample_i each. The last
 * samples are the test set, the block before them validates; the numbers depend on the set, which the file's name
 * tells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5source.h"
#include "io/output.h"

/* Published sizes; N is that of the assembled file, smaller files get their share. First match of the name wins. */
static const struct set {
	const char *name;
	int64_t n, n_valid, n_test;
	double last_time; /* time = index / this */
} sets[] = {
	{ "NS-SL", 40000, 120, 240, 20 }, { "GCE-RT", 1260, 100, 130, 10 },   { "CE-RM", 1260, 100, 130, 20 },
	{ "CE-", 10000, 120, 240, 20 },	  { "Wave-", 10512, 60, 240, 20 },    { "ACE", 15000, 60, 240, 20 },
	{ "SE-AF", 10869, 120, 240, 20 }, { "Poisson", 20000, 120, 240, 20 }, { "Helmholtz", 19675, 128, 512, 20 },
	{ "", 20000, 120, 240, 20 }, /* NS-*, FNS-KF and others */
};

static const struct set *find_set(const struct source *s)
{
	const char *slash = strrchr(s->path, '/'), *name = slash ? slash + 1 : s->path;
	const struct set *set = sets;

	while (!strstr(name, set->name))
		set++;
	return set;
}

/* Names that such files hold; dimension scales of netCDF besides. */
static bool belongs(hid_t file, const char *name)
{
	static const char *const known[] = { "velocity", "solution", "data", "source", "c", "x", "y", "t", "time" };
	char *class;
	bool scale;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	class = h5_text(file, name, "CLASS");
	scale = class && strcmp(class, "DIMENSION_SCALE") == 0;
	free(class);
	return scale;
}

static bool probe(const struct layout_probe *p)
{
	static const char *const main_names[] = { "velocity", "solution", "data", "source" };
	struct h5_array a;
	bool found = false, alone = true;
	char **name;
	int n;

	if (p->file < 0)
		return false;
	if (h5_is_group(p->file, "Sample_0"))
		return h5_is_array(p->file, "Sample_0/u");
	for (size_t i = 0; i < sizeof main_names / sizeof *main_names && !found; i++)
		found = h5_is_array(p->file, main_names[i]) &&
			h5_describe(p->file, p->path, main_names[i], &a, NULL) == 0 && a.shape.rank >= 3;
	if (!found || h5_names(p->file, p->path, "/", &n, &name, NULL) != 0)
		return false;
	for (int i = 0; i < n && alone; i++)
		alone = belongs(p->file, name[i]);
	h5_names_free(n, name);
	return alone;
}

/* Space is the last two axes; what stands before them is told by time and channel (axes of the file, -1: none). */
static struct h5view *add_field(struct source *s, const char *path, const char *name, enum field_role role, int sample,
				int time, int channel, struct err *e)
{
	static const char *const space[] = { "x", "y", "z" };
	struct axis_map m = { .sample = sample };
	struct h5_array a;
	struct h5view *v;
	int axes[SHAPE_MAX], n_space = 0;
	hid_t at = h5source_place(s->state);

	if (at < 0 || h5_describe(at, s->path, path, &a, e) != 0) {
		if (at >= 0)
			H5Oclose(at);
		return NULL;
	}
	H5Oclose(at);
	if (time >= 0) {
		axes[m.n] = variables_axis(&s->layout, "t", AXIS_TIME, a.shape.dim[time]);
		m.axis[m.n++] = time;
	}
	if (channel >= 0) {
		axes[m.n] = variables_axis(&s->layout, "channel", AXIS_CHANNEL, a.shape.dim[channel]);
		m.axis[m.n++] = channel;
	}
	for (int k = a.shape.rank > 2 ? a.shape.rank - 2 : sample + 1; k < a.shape.rank; k++) {
		axes[m.n] = variables_axis(&s->layout, space[n_space++], AXIS_SPACE, a.shape.dim[k]);
		m.axis[m.n++] = k;
	}
	if (sample >= 0 && s->layout.n_fields == 0)
		s->layout.n_samples = a.shape.dim[sample];
	if (sample >= 0 && a.shape.dim[sample] != s->layout.n_samples) {
		err_set(e, ERR_USAGE, "%s: %s has %lld samples, %s has %lld", s->path, path,
			(long long)a.shape.dim[sample], s->layout.field[0].name, (long long)s->layout.n_samples);
		return NULL;
	}
	v = h5source_field(s, path, name, role, &m, axes, e);
	return v;
}

static int open_groups(struct source *s, struct h5source *h, struct err *e)
{
	char name[32];

	while (snprintf(name, sizeof name, "Sample_%d", h->n_groups), h5_is_group(s->file, name)) {
		h->group = xrealloc(h->group, (size_t)(h->n_groups + 1) * sizeof *h->group);
		h->group[h->n_groups++] = xstrdup(name);
	}
	s->layout.n_samples = h->n_groups;
	if (!add_field(s, "a", "a", ROLE_INPUT, -1, -1, -1, e) || !add_field(s, "u", "u", ROLE_TARGET, -1, -1, -1, e))
		return -1;
	if (h5_is_array(s->file, "Sample_0/bc")) {
		struct axis_map m = { .sample = -1 };

		return h5source_field(s, "bc", "bc", ROLE_INPUT, &m, NULL, e) ? 0 : -1;
	}
	return 0;
}

/* Axes between sample and space: (time, channel), or time alone. */
static int open_trajectory(struct source *s, const char *name, struct err *e)
{
	bool airfoil = strcmp(find_set(s)->name, "SE-AF") == 0;
	struct h5_array a;
	char text[SHAPE_TEXT];
	struct h5view *v;

	if (h5_describe(s->file, s->path, name, &a, e) != 0)
		return -1;
	if (a.shape.rank == 5)
		return add_field(s, name, name, ROLE_TRAJECTORY, 0, 1, 2, e) ? 0 : -1;
	if (a.shape.rank == 3)
		return add_field(s, name, name, ROLE_TARGET, 0, -1, -1, e) ? 0 : -1;
	if (a.shape.rank != 4)
		return err_set(e, ERR_USAGE, "%s: %s is %s, (sample, time, channel, x, y) is expected", s->path, name,
			       shape_text(text, &a.shape));
	if (!airfoil)
		return add_field(s, name, name, ROLE_TRAJECTORY, 0, 1, -1, e) ? 0 : -1;
	/* Airfoils: slice 0 is the shape of the body, slice 1 the density around it. */
	if (a.shape.dim[1] != 2)
		return err_set(e, ERR_USAGE, "%s: %s is %s, (sample, 2, x, y) is expected", s->path, name,
			       shape_text(text, &a.shape));
	if (!add_field(s, name, "mask", ROLE_INPUT, 0, -1, -1, e))
		return -1;
	v = add_field(s, name, "density", ROLE_TARGET, 0, -1, -1, e);
	if (v)
		v->fixed[1] = 1;
	return v ? 0 : -1;
}

static int open_arrays(struct source *s, struct err *e)
{
	static const char *const known[] = { "velocity", "solution", "data" };
	const char *name = NULL;

	for (int i = 0; i < 3 && !name; i++)
		if (h5_is_array(s->file, known[i]))
			name = known[i];
	if (h5_is_array(s->file, "source")) {
		struct h5_array a;

		for (int i = 0; i < 2; i++) {
			const char *which = i ? "solution" : "source";

			if (h5_describe(s->file, s->path, which, &a, e) != 0 ||
			    !add_field(s, which, which, i ? ROLE_TARGET : ROLE_INPUT, 0, -1, a.shape.rank == 4 ? 1 : -1,
				       e))
				return -1;
		}
		return 0;
	}
	if (!name)
		return err_set(e, ERR_USAGE, "%s: none of velocity, solution, data, source", s->path);
	if (open_trajectory(s, name, e) != 0)
		return -1;
	/* Wave speed. */
	return !h5_is_array(s->file, "c") || add_field(s, "c", "c", ROLE_INPUT, 0, -1, -1, e) ? 0 : -1;
}

static void add_splits(struct layout *l, const struct set *set)
{
	int64_t n = l->n_samples, n_test = set->n_test, n_valid = set->n_valid;

	/* A part of the set keeps the published proportions. */
	if (n < 2 * (n_test + n_valid)) {
		n_test = (n_test * n + set->n - 1) / set->n;
		n_valid = (n_valid * n + set->n - 1) / set->n;
	}
	if (n <= n_test + n_valid)
		return;
	layout_add_split(l, "train", 0, n - n_test - n_valid);
	layout_add_split(l, "valid", n - n_test - n_valid, n - n_test);
	layout_add_split(l, "test", n - n_test, n);
}

static int open_source(struct source *s, struct err *e)
{
	const struct set *set = find_set(s);
	struct h5source *h = h5source_new(s);
	bool groups = h5_is_group(s->file, "Sample_0");

	if ((groups ? open_groups(s, h, e) : open_arrays(s, e)) != 0) {
		h5source_close(s);
		return -1;
	}
	for (int i = 0; i < s->layout.n_axes; i++) {
		struct axis *a = &s->layout.axis[i];

		if (a->kind != AXIS_TIME || a->size > 1000000)
			continue;
		free(a->coordinate);
		a->coordinate = xcalloc((size_t)a->size + 1, sizeof(double));
		for (int64_t k = 0; k < a->size; k++)
			a->coordinate[k] = (double)k / set->last_time;
	}
	add_splits(&s->layout, set);
	return 0;
}

static const struct layout_class poseidon = {
	.name = "poseidon",
	.help = "Poseidon netCDF-4 files: velocity, solution or data; source and solution; Sample_0, ...",
	.priority = 50,
	.probe = probe,
	.open = open_source,
	.read = h5source_read,
	.close = h5source_close,
};
const struct layout_class *const layout_file_layout_poseidon[] = { &poseidon, NULL };
