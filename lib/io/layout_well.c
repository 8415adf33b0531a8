/* layout_well.c: The Well (Polymathic AI): groups dimensions, boundary_conditions, scalars, t0_fields, t1_fields,
 * t2_fields; the attributes of a field say which axes it has. A directory NAME/data/{train,valid,test} is one set of
 * many files. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5source.h"
#include "io/output.h"
#include "io/well.h"

enum { FILES_MAX = 4096 };

static const char *const splits[] = { "train", "valid", "test" };

struct reader {
	struct source *s;
	int n_space, space[3], time; /* layout axes */
	bool pieces;		     /* several files: what is constant in one may differ in another */
	struct err *e;
};

/* ---- files of a directory ---- */

static int is_data_file(const struct dirent *d)
{
	return d->d_name[0] != '.' && (str_ends(d->d_name, ".hdf5") || str_ends(d->d_name, ".h5"));
}

/* Paths of the data files in DIRECTORY/BELOW, sorted; the number, or 0. */
static int list_files(const char *directory, const char *below, char ***path)
{
	struct dirent **entry = NULL;
	struct str folder = { 0 };
	int n;

	str_printf(&folder, "%s%s%s", directory, *below ? "/" : "", below);
	n = scandir(str_text(&folder), &entry, is_data_file, alphasort);
	*path = NULL;
	if (n > 0)
		*path = xcalloc((size_t)n, sizeof **path);
	for (int i = 0; i < n; i++) {
		struct str one = { 0 };

		str_printf(&one, "%s/%s", str_text(&folder), entry[i]->d_name);
		(*path)[i] = one.text;
		free(entry[i]);
	}
	free(entry);
	str_free(&folder);
	return n > 0 ? n : 0;
}

static bool is_well(hid_t file)
{
	return h5_is_group(file, "dimensions") && h5_is_group(file, "t0_fields");
}

static bool probe(const struct layout_probe *p)
{
	static const char *const below[] = { "data/train", "train", "data/test", "test", "data/valid", "valid", "" };
	bool found = false;

	if (p->file >= 0)
		return is_well(p->file);
	if (p->n_head > 0)
		return false;
	/* A directory. */
	for (size_t i = 0; i < sizeof below / sizeof *below && !found; i++) {
		char **path;
		int n = list_files(p->path, below[i], &path);

		found = n > 0;
		for (int k = 0; k < n; k++)
			free(path[k]);
		free(path);
	}
	return found;
}

static int64_t trajectories(hid_t file, const char *path, struct err *e)
{
	int64_t n;

	if (h5_attribute_long(file, path, "/", "n_trajectories", &n, e) != 0)
		return -1;
	if (n < 1 || n > INT32_MAX)
		return err_set(e, ERR_USAGE, "%s: n_trajectories is %lld", path, (long long)n);
	return n;
}

/* Add the files of one folder as pieces and, if they are named after a split, that range of samples. */
static int add_folder(struct source *s, const char *below, const char *split, struct err *e)
{
	struct h5source *h = s->state;
	int64_t first = s->layout.n_samples;
	hid_t access = h5_access();
	char **path;
	int n = list_files(s->path, below, &path), status = 0;

	if (h->n_pieces + n > FILES_MAX)
		status = err_set(e, ERR_USAGE, "%s: more than %d files", s->path, FILES_MAX);
	for (int i = 0; i < n && status == 0; i++) {
		hid_t file = H5Fopen(path[i], H5F_ACC_RDONLY, access);
		int64_t count;

		if (file < 0) {
			status = h5_error(e, path[i], "/");
			break;
		}
		count = is_well(file) ? trajectories(file, path[i], e)
				      : err_set(e, ERR_USAGE, "%s: not a file of The Well", path[i]);
		h5source_add_piece(h, path[i], file, count < 0 ? 0 : count);
		status = count < 0 ? -1 : 0;
		s->layout.n_samples += count < 0 ? 0 : count;
	}
	H5Pclose(access);
	for (int i = 0; i < n; i++)
		free(path[i]);
	free(path);
	if (status == 0 && *split && s->layout.n_samples > first)
		layout_add_split(&s->layout, split, first, s->layout.n_samples);
	return status;
}

static int add_directory(struct source *s, struct err *e)
{
	struct h5source *h = s->state;
	static const char *const prefix[] = { "data/", "" };

	for (int p = 0; p < 2 && h->n_pieces == 0; p++)
		for (int i = 0; i < 3; i++) {
			char below[32];

			snprintf(below, sizeof below, "%s%s", prefix[p], splits[i]);
			if (add_folder(s, below, splits[i], e) != 0)
				return -1;
		}
	if (h->n_pieces == 0 && add_folder(s, "", "", e) != 0)
		return -1;
	return h->n_pieces ? 0 : err_set(e, ERR_USAGE, "%s: no .hdf5 or .h5 files", s->path);
}

/* ---- one file's structure ---- */

static bool flag(const struct reader *r, hid_t at, const char *object, const char *name, bool missing)
{
	double v;

	if (!h5_has_attribute(at, object, name))
		return missing;
	return h5_attribute_double(at, r->s->path, object, name, &v, NULL) == 0 ? v != 0 : missing;
}

static int read_dimensions(struct reader *r, hid_t file)
{
	struct layout *l = &r->s->layout;
	const char *path = r->s->path;
	char **name;
	int n;
	struct h5_array a;

	if (h5_describe(file, path, "dimensions/time", &a, r->e) != 0)
		return -1;
	if (a.shape.rank < 1)
		return err_set(r->e, ERR_USAGE, "%s: dimensions/time is a single number", path);
	/* (T), or (B, T): the times of the first trajectory. */
	r->time = variables_axis(l, "t", AXIS_TIME, a.shape.dim[a.shape.rank - 1]);
	h5source_coordinate(r->s, file, "dimensions/time", r->time, false);
	if (h5_texts(file, "dimensions", "spatial_dims", &n, &name) != 0)
		return err_set(r->e, ERR_USAGE, "%s: dimensions has no attribute spatial_dims", path);
	for (int i = 0; i < n && i < 3; i++) {
		struct str data = { 0 };
		int status;

		str_printf(&data, "dimensions/%s", name[i]);
		status = h5_describe(file, path, str_text(&data), &a, r->e);
		if (status == 0 && a.shape.rank < 1)
			status = err_set(r->e, ERR_USAGE, "%s: %s is a single number", path, str_text(&data));
		if (status == 0) {
			r->space[r->n_space] = variables_axis(l, name[i], AXIS_SPACE, a.shape.dim[a.shape.rank - 1]);
			if (a.shape.rank == 1)
				h5source_coordinate(r->s, file, str_text(&data), r->space[r->n_space], false);
			r->n_space++;
		}
		str_free(&data);
		if (status != 0) {
			h5_names_free(n, name);
			return -1;
		}
	}
	if (n < 1 || n > 3)
		err_set(r->e, ERR_USAGE, "%s: %d spatial dimensions", path, n);
	h5_names_free(n, name);
	return n < 1 || n > 3 ? -1 : 0;
}

/* An axis is periodic when a boundary condition of that type is associated with it. */
static void read_boundaries(struct reader *r, hid_t file)
{
	char **group;
	int n;

	if (!h5_is_group(file, "boundary_conditions") ||
	    h5_names(file, r->s->path, "boundary_conditions", &n, &group, NULL) != 0)
		return;
	for (int i = 0; i < n; i++) {
		struct str object = { 0 };
		char *type, **dims;
		int n_dims;

		str_printf(&object, "boundary_conditions/%s", group[i]);
		type = h5_text(file, str_text(&object), "bc_type");
		if (type && strcasecmp(type, "periodic") == 0 &&
		    h5_texts(file, str_text(&object), "associated_dims", &n_dims, &dims) == 0) {
			for (int k = 0; k < n_dims; k++)
				for (int j = 0; j < r->n_space; j++) {
					struct axis *a = &r->s->layout.axis[r->space[j]];

					if (strcmp(a->name, dims[k]) != 0 || a->periodic)
						continue;
					a->periodic = true;
					if (a->size > 1)
						a->length *= (double)a->size / (double)(a->size - 1);
				}
			h5_names_free(n_dims, dims);
		}
		free(type);
		str_free(&object);
	}
	h5_names_free(n, group);
}

/* Which spatial axes a field has; all without the attribute. */
static int read_varying(struct reader *r, hid_t file, const char *object, bool *varying)
{
	double *v;
	int64_t n;

	for (int k = 0; k < r->n_space; k++)
		varying[k] = true;
	if (!h5_has_attribute(file, object, "dim_varying"))
		return 0;
	if (h5_attribute_doubles(file, r->s->path, object, "dim_varying", &n, &v, r->e) != 0)
		return -1;
	for (int k = 0; k < r->n_space && k < n; k++)
		varying[k] = v[k] != 0;
	free(v);
	return n == r->n_space ? 0
			       : err_set(r->e, ERR_USAGE, "%s: %s: dim_varying has %lld entries for %d dimensions",
					 r->s->path, object, (long long)n, r->n_space);
}

/* Where the axes that the attributes promise are in the data set; extents of 1 that nobody promised are passed over. */
static int place_axes(struct reader *r, const char *object, const struct h5_array *a, int n, const int64_t *want,
		      int *at)
{
	char is[SHAPE_TEXT];
	struct str promised = { 0 };
	int next = 0, found = 0;

	for (int k = 0; k < a->shape.rank; k++) {
		if (next < n && a->shape.dim[k] == want[next]) {
			at[next++] = k;
			found++;
		} else if (a->shape.dim[k] != 1) {
			found = -1;
			break;
		}
	}
	if (found == n)
		return 0;
	for (int k = 0; k < n; k++)
		str_printf(&promised, "%s%lld", k ? ", " : "", (long long)want[k]);
	err_set(r->e, ERR_USAGE, "%s: %s is %s, its attributes promise (%s)", r->s->path, object,
		shape_text(is, &a->shape), str_text(&promised));
	str_free(&promised);
	return -1;
}

static int add_field(struct reader *r, hid_t file, const char *object, const char *name, int order, bool scalar)
{
	struct layout *l = &r->s->layout;
	struct axis_map m = { .sample = -1 };
	int64_t want[SHAPE_MAX + 4], n_components = 1;
	int axes[SHAPE_MAX], at[SHAPE_MAX + 4], layout_axis[SHAPE_MAX + 4], n = 0;
	bool by_sample = flag(r, file, object, "sample_varying", !scalar), varying[3] = { false, false, false };
	bool by_time = flag(r, file, object, "time_varying", !scalar);
	struct h5view *v;
	struct h5_array a;

	if (h5_describe(file, r->s->path, object, &a, r->e) != 0 ||
	    (!scalar && read_varying(r, file, object, varying) != 0))
		return -1;
	if (by_sample) {
		want[n] = ((struct h5source *)r->s->state)->piece[0].count;
		layout_axis[n++] = -1;
	}
	if (by_time) {
		want[n] = l->axis[r->time].size;
		layout_axis[n++] = r->time;
	}
	for (int k = 0; k < r->n_space; k++)
		if (varying[k]) {
			want[n] = l->axis[r->space[k]].size;
			layout_axis[n++] = r->space[k];
		}
	for (int k = 0; k < order; k++) {
		want[n] = r->n_space;
		layout_axis[n++] = -2;
		n_components *= r->n_space;
	}
	if (place_axes(r, object, &a, n, want, at) != 0)
		return -1;
	/* Canonical: time, components, space. */
	if (by_sample)
		m.sample = at[0];
	if (by_time) {
		axes[m.n] = r->time;
		m.axis[m.n++] = at[by_sample];
	}
	if (order) {
		axes[m.n] = variables_axis(l, order == 1 ? "vector" : "tensor", AXIS_CHANNEL, n_components);
		m.axis[m.n++] = at[n - order];
	}
	for (int k = by_sample + by_time; k < n - order; k++) {
		axes[m.n] = layout_axis[k];
		m.axis[m.n++] = at[k];
	}
	v = (order == 2 ? h5source_field_merged : h5source_field)(r->s, object, name,
								  by_time && !scalar ? ROLE_TRAJECTORY
								  : scalar	     ? ROLE_NONE
										     : ROLE_INPUT,
								  &m, axes, r->e);
	if (!v)
		return -1;
	l->field[l->n_fields - 1].per_sample = by_sample || r->pieces;
	return 0;
}

/* Names in the order of the attribute; without it, those of the group. */
static int group_names(struct reader *r, hid_t file, const char *group, int *n, char ***name)
{
	if (!h5_is_group(file, group)) {
		*n = 0;
		*name = NULL;
		return 0;
	}
	if (h5_texts(file, group, "field_names", n, name) == 0)
		return 0;
	return h5_names(file, r->s->path, group, n, name, r->e);
}

static bool has_param(const struct layout *l, const char *name)
{
	for (int i = 0; i < l->n_params; i++)
		if (strcmp(l->param[i].name, name) == 0)
			return true;
	return false;
}

/* A number that neither samples nor time change belongs to the set; others are fields without space. */
static int add_scalar(struct reader *r, hid_t file, const char *object, const char *name)
{
	double *v;
	int64_t n;

	if (flag(r, file, object, "sample_varying", false) || flag(r, file, object, "time_varying", false))
		return add_field(r, file, object, name, 0, true);
	if (h5_read_doubles(file, r->s->path, object, &n, &v, r->e) != 0)
		return -1;
	if (n == 1 && !has_param(&r->s->layout, name))
		layout_add_param(&r->s->layout, name, v[0]);
	free(v);
	return 0;
}

static int read_group(struct reader *r, hid_t file, const char *group, int order)
{
	char **name;
	int n, status = 0;

	if (group_names(r, file, group, &n, &name) != 0)
		return -1;
	for (int i = 0; i < n && status == 0; i++) {
		struct str object = { 0 };

		str_printf(&object, "%s/%s", group, name[i]);
		status = order < 0 ? add_scalar(r, file, str_text(&object), name[i])
				   : add_field(r, file, str_text(&object), name[i], order, false);
		str_free(&object);
	}
	h5_names_free(n, name);
	return status;
}

static void read_parameters(struct reader *r, hid_t file)
{
	char **name;
	int n;

	if (h5_texts(file, "/", "simulation_parameters", &n, &name) != 0)
		return;
	for (int i = 0; i < n; i++) {
		double v;

		if (h5_attribute_double(file, r->s->path, "/", name[i], &v, NULL) == 0)
			layout_add_param(&r->s->layout, name[i], v);
	}
	h5_names_free(n, name);
}

/* Parameters that differ between the files of a directory are not the set's. */
static void compare_parameters(struct source *s)
{
	struct layout *l = &s->layout;
	struct h5source *h = s->state;
	int kept = 0;

	for (int i = 0; i < l->n_params; i++) {
		bool equal = true;

		for (int k = 1; k < h->n_pieces && equal; k++) {
			double v;

			equal = h5_attribute_double(h->piece[k].file, h->piece[k].path, "/", l->param[i].name, &v,
						    NULL) == 0 &&
				v == l->param[i].value;
		}
		if (equal)
			l->param[kept++] = l->param[i];
		else
			log_note("%s: parameter %s differs between the files: left out", s->path, l->param[i].name);
	}
	l->n_params = kept;
}

static int read_structure(struct reader *r, hid_t file)
{
	static const char *const group[] = { "t0_fields", "t1_fields", "t2_fields" };

	if (read_dimensions(r, file) != 0)
		return -1;
	read_boundaries(r, file);
	for (int order = 0; order < 3; order++)
		if (read_group(r, file, group[order], order) != 0)
			return -1;
	read_parameters(r, file);
	if (h5_is_group(file, "scalars") && read_group(r, file, "scalars", -1) != 0)
		return -1;
	if (r->pieces)
		compare_parameters(r->s);
	return r->s->layout.n_fields ? 0 : err_set(r->e, ERR_USAGE, "%s: no fields", r->s->path);
}

/* A single file belongs to the split that its folder is named after. */
static void split_by_folder(struct source *s)
{
	const char *end = strrchr(s->path, '/');

	for (int i = 0; end && i < 3; i++) {
		size_t n = strlen(splits[i]);

		if ((size_t)(end - s->path) >= n && strncmp(end - n, splits[i], n) == 0 &&
		    (end - n == s->path || end[-(ptrdiff_t)n - 1] == '/'))
			layout_add_split(&s->layout, splits[i], 0, s->layout.n_samples);
	}
}

static int open_source(struct source *s, struct err *e)
{
	struct reader r = { .s = s, .e = e };
	struct h5source *h = h5source_new(s);
	int status = 0;

	if (s->file < 0) {
		status = add_directory(s, e);
	} else {
		h->piece[0].count = trajectories(s->file, s->path, e);
		status = h->piece[0].count < 0 ? -1 : 0;
		s->layout.n_samples = h->piece[0].count;
		split_by_folder(s);
	}
	r.pieces = h->n_pieces > 1;
	if (status == 0)
		status = read_structure(&r, h->piece[0].file);
	if (status != 0)
		h5source_close(s);
	return status;
}

static const struct layout_class well = {
	.name = "well",
	.help = "The Well: t0_fields, t1_fields, t2_fields on dimensions; a file or a directory",
	.priority = 80,
	.probe = probe,
	.open = open_source,
	.read = h5source_read,
	.close = h5source_close,
	.write = well_write,
};
const struct layout_class *const layout_file_layout_well[] = { &well, NULL };
