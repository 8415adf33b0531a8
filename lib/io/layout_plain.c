/* layout_plain.c: any HDF5 file whose data sets share their first axis, which counts samples; also one group a split
 * (train/x, train/y, test/x ...). Axes are named by what can be told from names and extents:
 *   a data set t or time, x, y, z of fitting length is a coordinate;
 *   a first axis as long as t is time; a short first axis before two long ones is channels, a short last one too (moved
 *   to the front); what remains is space x, y, z. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5read.h"
#include "io/layout.h"

enum { PARTS_MAX = 8, CHANNELS_FIRST_MAX = 8, CHANNELS_LAST_MAX = 4, PATH_ROOM = 600 };

struct plain {
	int n_parts;
	struct part {
		char *group; /* "" for the root, else "train/" */
		int64_t first, n;
	} part[PARTS_MAX];
	bool *channel_last; /* a field */
};

/* A numeric array of the first part. */
struct item {
	char *name;
	struct shape shape;
	enum dtype dtype;
	bool coordinate;
};

static bool probe(const struct layout_probe *p)
{
	return p->file >= 0;
}

static void close_source(struct source *s)
{
	struct plain *p = s->state;

	if (!p)
		return;
	for (int i = 0; i < p->n_parts; i++)
		free(p->part[i].group);
	free(p->channel_last);
	free(p);
	s->state = NULL;
}

static void free_items(int n, struct item *list)
{
	for (int i = 0; i < n; i++)
		free(list[i].name);
	free(list);
}

static int list_items(const struct source *s, const char *group, int *n, struct item **list, struct err *e)
{
	char **names;
	int n_names, capacity = 0;

	*n = 0;
	*list = NULL;
	if (h5_names(s->file, s->path, *group ? group : "/", &n_names, &names, e) != 0)
		return -1;
	for (int i = 0; i < n_names; i++) {
		char path[PATH_ROOM];
		struct h5_array a;

		snprintf(path, sizeof path, "%s%s", group, names[i]);
		if (!h5_is_array(s->file, path) || h5_describe(s->file, s->path, path, &a, NULL) != 0 ||
		    (a.kind != H5_FLOAT && a.kind != H5_INTEGER && a.kind != H5_BOOL) || a.shape.rank < 1 ||
		    shape_count(&a.shape) == 0 || strlen(names[i]) >= sizeof s->layout.field->name)
			continue;
		MEM_GROW(*list, *n, capacity);
		(*list)[*n] = (struct item){ .name = xstrdup(names[i]), .shape = a.shape, .dtype = a.dtype };
		++*n;
	}
	h5_names_free(n_names, names);
	return 0;
}

static bool has_items(const struct source *s, const char *group)
{
	struct item *list;
	int n;

	if (list_items(s, group, &n, &list, NULL) != 0)
		return false;
	free_items(n, list);
	return n > 0;
}

static void add_part(struct plain *p, const char *group)
{
	p->part[p->n_parts++].group = xstrdup(group);
}

/* The groups that hold the arrays; split[i] names the split of part i, or is NULL. */
static int find_parts(struct source *s, struct plain *p, const char **split, struct err *e)
{
	static const char *const names[][2] = { { "train/", "train" },
						{ "valid/", "valid" },
						{ "val/", "valid" },
						{ "validation/", "valid" },
						{ "test/", "test" } };
	char **groups;
	int n;

	for (int i = 0; i < 5; i++)
		if (has_items(s, names[i][0])) {
			split[p->n_parts] = names[i][1];
			add_part(p, names[i][0]);
		}
	if (p->n_parts > 0)
		return 0;
	if (has_items(s, "")) {
		add_part(p, "");
		return 0;
	}
	/* A single group with arrays stands for the root. */
	if (h5_names(s->file, s->path, "/", &n, &groups, e) != 0)
		return -1;
	for (int i = 0; i < n && p->n_parts < 2; i++) {
		char path[PATH_ROOM];

		snprintf(path, sizeof path, "%.500s/", groups[i]);
		if (h5_is_group(s->file, groups[i]) && has_items(s, path))
			add_part(p, path);
	}
	h5_names_free(n, groups);
	if (p->n_parts == 1)
		return 0;
	return err_set(e, ERR_USAGE, "%s: no layout known here, and no numeric data sets that share a first axis",
		       s->path);
}

/* The first extent that covers most values counts samples. */
static int64_t count_samples(int n, const struct item *list)
{
	int64_t best = 0;
	double most = -1;

	for (int i = 0; i < n; i++) {
		double total = 0;

		for (int k = 0; k < n; k++)
			if (list[k].shape.dim[0] == list[i].shape.dim[0])
				total += (double)shape_count(&list[k].shape);
		if (total > most) {
			most = total;
			best = list[i].shape.dim[0];
		}
	}
	return best;
}

static const char *axis_of(const char *name)
{
	static const char *const list[][2] = {
		{ "t", "t" }, { "time", "t" },	       { "t-coordinate", "t" }, { "x", "x" },		{ "y", "y" },
		{ "z", "z" }, { "x-coordinate", "x" }, { "y-coordinate", "y" }, { "z-coordinate", "z" }
	};

	for (int i = 0; i < 9; i++)
		if (strcmp(name, list[i][0]) == 0)
			return list[i][1];
	return NULL;
}

/* Does a larger array have an axis of this length (after the samples)? */
static bool is_extent(int n, const struct item *list, int rank_above, int64_t samples, int64_t length)
{
	for (int i = 0; i < n; i++)
		for (int k = 1;
		     list[i].shape.rank > rank_above && list[i].shape.dim[0] == samples && k < list[i].shape.rank; k++)
			if (list[i].shape.dim[k] == length)
				return true;
	return false;
}

static void find_coordinates(int n, struct item *list, int64_t samples)
{
	for (int i = 0; i < n; i++) {
		const struct shape *s = &list[i].shape;

		if (!axis_of(list[i].name))
			continue;
		if (s->rank == 1)
			list[i].coordinate = is_extent(n, list, 1, samples, s->dim[0]);
		else if (s->rank == 2 && s->dim[0] == samples)
			list[i].coordinate = is_extent(n, list, 2, samples, s->dim[1]);
	}
}

/* Length of the coordinate of an axis, and its values (of the first sample) when wanted. */
static int64_t coordinate_of(struct source *s, const char *group, int n, const struct item *list, const char *axis,
			     int64_t length, double **values)
{
	int64_t found = 0;

	for (int i = 0; i < n; i++) {
		const struct shape *shape = &list[i].shape;
		int64_t start[2] = { 0, 0 }, count[2] = { shape->dim[0], shape->dim[0] }, have;
		char path[PATH_ROOM];

		if (!list[i].coordinate || strcmp(axis_of(list[i].name), axis) != 0)
			continue;
		have = shape->dim[shape->rank - 1];
		if (length && have != length)
			continue;
		found = have;
		if (!values)
			break;
		if (shape->rank == 2) {
			count[0] = 1;
			count[1] = shape->dim[1];
		}
		snprintf(path, sizeof path, "%s%s", group, list[i].name);
		*values = mem_new(have, sizeof **values, path, NULL);
		if (*values &&
		    h5_read_slab(s->file, s->path, path, start, count, NULL, DTYPE_F64, *values, NULL) != 0) {
			free(*values);
			*values = NULL;
		}
		break;
	}
	return found;
}

/* The axis of this name and length; a second length of the same name gets a number. */
static int axis_index(struct source *s, const char *group, int n, const struct item *list, const char *name,
		      enum axis_kind kind, int64_t size)
{
	struct layout *l = &s->layout;
	double *values = NULL;
	char unique[32];
	int index;

	snprintf(unique, sizeof unique, "%s", name);
	for (int number = 2;; number++) {
		int i;

		for (i = 0; i < l->n_axes && strcmp(l->axis[i].name, unique) != 0; i++)
			;
		if (i == l->n_axes)
			break;
		if (l->axis[i].size == size)
			return i;
		snprintf(unique, sizeof unique, "%.20s%d", name, number);
	}
	if (kind == AXIS_TIME || kind == AXIS_SPACE)
		coordinate_of(s, group, n, list, name, size, &values);
	index = layout_add_axis(l, unique, kind, size, values, false, 0);
	free(values);
	return index;
}

static enum field_role role_of(const char *name, bool time)
{
	static const char *const input[] = { "x", "a", "coeff", "input", "inputs", "nu" };
	static const char *const target[] = { "y", "u", "sol", "target", "targets", "tensor", "output", "outputs" };

	for (int i = 0; i < 6; i++)
		if (strcmp(name, input[i]) == 0)
			return ROLE_INPUT;
	if (time)
		return ROLE_TRAJECTORY;
	for (int i = 0; i < 8; i++)
		if (strcmp(name, target[i]) == 0)
			return ROLE_TARGET;
	return ROLE_NONE;
}

/* Names the axes behind the samples; true in *last when channels come last in the file. -1: too many. */
static int name_axes(struct source *s, const char *group, int n, const struct item *list, const struct item *it,
		     int *axis, bool *time, bool *last)
{
	static const char *const space[] = { "x", "y", "z" };
	const int64_t *d = it->shape.dim + 1;
	int rest = it->shape.rank - 1, n_axes = 0;
	int64_t times = coordinate_of(s, group, n, list, "t", 0, NULL), channels = 0;

	*time = rest > 0 && times > 0 && d[0] == times;
	*last = false;
	if (!*time && rest == 4 && d[1] <= CHANNELS_FIRST_MAX && d[2] > CHANNELS_FIRST_MAX && d[3] > CHANNELS_FIRST_MAX)
		*time = true;
	if (*time) {
		axis[n_axes++] = axis_index(s, group, n, list, "t", AXIS_TIME, d[0]);
		d++;
		rest--;
	}
	if (rest >= 3 && d[rest - 1] <= CHANNELS_LAST_MAX && d[rest - 2] > CHANNELS_LAST_MAX &&
	    d[rest - 3] > CHANNELS_LAST_MAX) {
		channels = d[rest - 1];
		*last = true;
	} else if (rest == 4 || (rest == 3 && d[0] <= CHANNELS_FIRST_MAX && d[1] > CHANNELS_FIRST_MAX &&
				 d[2] > CHANNELS_FIRST_MAX)) {
		channels = d[0];
		d++;
	}
	if (channels) {
		axis[n_axes++] = axis_index(s, group, n, list, "channel", AXIS_CHANNEL, channels);
		rest--;
	}
	if (rest > 3)
		return -1;
	for (int k = 0; k < rest; k++)
		axis[n_axes++] = axis_index(s, group, n, list, space[k], AXIS_SPACE, d[k]);
	return n_axes;
}

/* The same field in another part: samples there, or -1. */
static int64_t other_part(struct source *s, const char *group, const struct item *it, struct err *e)
{
	char path[PATH_ROOM], here[SHAPE_TEXT], there[SHAPE_TEXT];
	struct shape a, b;
	struct h5_array array;

	snprintf(path, sizeof path, "%s%s", group, it->name);
	if (h5_describe(s->file, s->path, path, &array, e) != 0)
		return -1;
	if (array.shape.rank < 1)
		return err_set(e, ERR_USAGE, "%s: %s is a single number", s->path, path);
	a = shape_remove(&it->shape, 0);
	b = shape_remove(&array.shape, 0);
	if (!shape_equal(&a, &b))
		return err_set(e, ERR_USAGE, "%s: samples of %s have shape %s, elsewhere in the file %s", s->path, path,
			       shape_text(there, &b), shape_text(here, &a));
	return array.shape.dim[0];
}

static int add_fields(struct source *s, struct plain *p, int n, const struct item *list, int64_t samples, struct err *e)
{
	struct layout *l = &s->layout;
	int large = 0;

	p->part[0].n = samples;
	p->channel_last = xcalloc((size_t)n + 1, sizeof *p->channel_last);
	for (int i = 0; i < n; i++) {
		int axis[SHAPE_MAX], n_axes, f;
		bool time, last;

		if (list[i].coordinate || list[i].shape.dim[0] != samples)
			continue;
		n_axes = name_axes(s, p->part[0].group, n, list, &list[i], axis, &time, &last);
		if (n_axes < 0)
			continue;
		for (int k = 1; k < p->n_parts; k++) {
			int64_t there = other_part(s, p->part[k].group, &list[i], e);

			if (there < 0)
				return -1;
			if (p->part[k].n && p->part[k].n != there)
				return err_set(e, ERR_USAGE, "%s: %s%s has %lld samples, others have %lld", s->path,
					       p->part[k].group, list[i].name, (long long)there,
					       (long long)p->part[k].n);
			p->part[k].n = there;
		}
		f = layout_add_field(l, list[i].name, list[i].dtype, role_of(list[i].name, time), n_axes, axis);
		p->channel_last[f] = last;
		large += n_axes > 0;
	}
	if (l->n_fields == 0)
		return err_set(e, ERR_USAGE, "%s: no data sets that share a first axis", s->path);
	/* One array alone is what there is to learn. */
	for (int f = 0; f < l->n_fields && large == 1; f++)
		if (l->field[f].n_axes > 0 && l->field[f].role == ROLE_NONE)
			l->field[f].role = ROLE_TARGET;
	return 0;
}

static int open_source(struct source *s, struct err *e)
{
	struct plain *p = xcalloc(1, sizeof *p);
	const char *split[PARTS_MAX] = { NULL };
	struct item *list = NULL;
	int n = 0, rc = -1;
	int64_t samples;

	s->state = p;
	if (find_parts(s, p, split, e) != 0 || list_items(s, p->part[0].group, &n, &list, e) != 0)
		return -1;
	samples = count_samples(n, list);
	find_coordinates(n, list, samples);
	if (add_fields(s, p, n, list, samples, e) == 0) {
		for (int k = 0; k < p->n_parts; k++) {
			p->part[k].first = s->layout.n_samples;
			s->layout.n_samples += p->part[k].n;
			if (split[k])
				layout_add_split(&s->layout, split[k], p->part[k].first, s->layout.n_samples);
		}
		rc = 0;
	}
	free_items(n, list);
	return rc;
}

/* (points, channels) -> (channels, points), elements of any size. */
static void channels_to_front(const char *in, char *out, int64_t points, int64_t channels, size_t size)
{
	for (int64_t i = 0; i < points; i++)
		for (int64_t c = 0; c < channels; c++)
			memcpy(out + (size_t)(c * points + i) * size, in + (size_t)(i * channels + c) * size, size);
}

static int read_part(struct source *s, int field, const struct part *part, int64_t first, int64_t count, int64_t t0,
		     int64_t n_t, int64_t stride, enum dtype t, char *out, struct err *e)
{
	const struct plain *p = s->state;
	const struct field *f = &s->layout.field[field];
	int64_t start[SHAPE_MAX] = { first - part->first }, extent[SHAPE_MAX] = { count }, step[SHAPE_MAX];
	int64_t frames = count, points = 1, channels = 1;
	char path[PATH_ROOM], *block = out;
	int n = 1, rc;

	for (int k = 0; k < SHAPE_MAX; k++)
		step[k] = 1;
	for (int k = 0; k < f->n_axes; k++) {
		const struct axis *a = &s->layout.axis[f->axis[k]];

		if (a->kind == AXIS_TIME) {
			start[n] = t0;
			extent[n] = n_t;
			step[n++] = stride;
			frames *= n_t;
		} else if (a->kind == AXIS_CHANNEL && p->channel_last[field]) {
			channels = a->size;
		} else {
			extent[n++] = a->size;
			points *= a->size;
		}
	}
	snprintf(path, sizeof path, "%s%s", part->group, f->name);
	if (p->channel_last[field]) {
		extent[n] = channels;
		block = mem_new(frames * points * channels, dtype_size(t), s->path, e);
		if (!block)
			return -1;
	}
	rc = h5_read_slab(s->file, s->path, path, start, extent, step, t, block, e);
	if (block != out) {
		size_t bytes = (size_t)(points * channels) * dtype_size(t);

		for (int64_t i = 0; i < frames && rc == 0; i++)
			channels_to_front(block + (size_t)i * bytes, out + (size_t)i * bytes, points, channels,
					  dtype_size(t));
		free(block);
	}
	return rc;
}

static int read_samples(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t,
			int64_t stride, enum dtype t, void *out, struct err *e)
{
	const struct plain *p = s->state;
	int64_t times = 1, size;
	char *to = out;

	for (int k = 0; k < s->layout.field[field].n_axes; k++)
		if (s->layout.axis[s->layout.field[field].axis[k]].kind == AXIS_TIME)
			times = s->layout.axis[s->layout.field[field].axis[k]].size;
	size = layout_field_count(&s->layout, field) / times * n_t * (int64_t)dtype_size(t);
	for (int k = 0; k < p->n_parts; k++) {
		const struct part *part = &p->part[k];
		int64_t from = first > part->first ? first : part->first;
		int64_t end = first + count < part->first + part->n ? first + count : part->first + part->n;

		if (from >= end)
			continue;
		if (read_part(s, field, part, from, end - from, t0, n_t, stride, t, to, e) != 0)
			return -1;
		to += (end - from) * size;
	}
	return 0;
}

static const struct layout_class plain = {
	.name = "plain",
	.help = "any HDF5 file whose data sets share a first axis, also in groups train, valid, test",
	.priority = -100,
	.probe = probe,
	.open = open_source,
	.read = read_samples,
	.close = close_source,
};

const struct layout_class *const layout_file_layout_plain[] = { &plain, NULL };
