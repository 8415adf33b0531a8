/* layout_mat73.c: MATLAB 7.3 files: HDF5 behind a 512-byte user block, axes reversed, types in attribute
 * MATLAB_class. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5source.h"

static bool probe(const struct layout_probe *p)
{
	bool found = false;
	char **name;
	int n;

	if (p->file < 0)
		return false;
	if (p->n_head >= 19 && memcmp(p->head, "MATLAB 7.3 MAT-file", 19) == 0)
		return true;
	if (h5_names(p->file, p->path, "/", &n, &name, NULL) != 0)
		return false;
	for (int i = 0; i < n && !found; i++)
		found = h5_is_array(p->file, name[i]) && h5_has_attribute(p->file, name[i], "MATLAB_class");
	h5_names_free(n, name);
	return found;
}

/* What the rules of variables.h ask for. */
struct reader {
	struct source *s;
	struct variable *variable;
	int n;
};

/* Numbers and logicals; text, cells, structs and empty arrays are passed over. */
static bool is_numeric(hid_t file, const char *name, const struct h5_array *a)
{
	static const char *const classes[] = { "double", "single", "int8",  "uint8",  "int16",	"uint16",
					       "int32",	 "uint32", "int64", "uint64", "logical" };
	char *class = h5_text(file, name, "MATLAB_class");
	bool numeric = class == NULL;

	for (size_t i = 0; class && i < sizeof classes / sizeof *classes; i++)
		numeric = numeric || strcmp(class, classes[i]) == 0;
	free(class);
	return numeric && a->kind != H5_TEXT && a->kind != H5_OTHER && !h5_has_attribute(file, name, "MATLAB_empty");
}

/* Values in the order of the logical axes: the file's, reversed. */
static int values(void *arg, int variable, double *out, struct err *e)
{
	const struct reader *r = arg;
	const struct variable *v = &r->variable[variable];
	struct array a = { .type = ARRAY_F64, .rank = v->rank, .big_endian = array_host_is_big() };
	int64_t n;
	double *x;

	if (h5_read_doubles(r->s->file, r->s->path, v->name, &n, &x, e) != 0)
		return -1;
	memcpy(a.dim, v->dim, sizeof a.dim);
	array_set_strides(&a, true);
	a.data = (unsigned char *)x;
	array_gather(&a, 0, a.rank, a.dim, a.stride, DTYPE_F64, out);
	free(x);
	return 0;
}

static int add_fields(struct source *s, const struct reader *r, struct layout *planned, const struct axis_map *map,
		      struct err *e)
{
	for (int i = 0; i < planned->n_fields; i++) {
		const struct field *f = &planned->field[i];
		const struct variable *v = &r->variable[map[i].variable];
		struct axis_map m = map[i];
		int rank = v->rank - (v->complex ? 1 : 0);

		if (m.sample >= 0)
			m.sample = rank - 1 - m.sample;
		for (int k = 0; k < m.n; k++)
			if (m.axis[k] >= 0 && m.axis[k] < rank)
				m.axis[k] = rank - 1 - m.axis[k];
		if (!h5source_field(s, v->name, f->name, f->role, &m, f->axis, e))
			return -1;
		s->layout.field[s->layout.n_fields - 1].per_sample = f->per_sample;
	}
	return 0;
}

static int read_variables(struct source *s, struct reader *r, int n_names, char **name, struct err *e)
{
	struct variables all = { .path = s->path, .matlab = true, .values = values, .arg = r };
	struct layout planned = { 0 }, fields;
	struct axis_map *map = NULL;
	int status;

	for (int i = 0; i < n_names; i++) {
		struct variable *v = &r->variable[r->n];
		struct h5_array a;

		if (name[i][0] == '#' || !h5_is_array(s->file, name[i]))
			continue;
		if (h5_describe(s->file, s->path, name[i], &a, e) != 0)
			return -1;
		if (!is_numeric(s->file, name[i], &a))
			continue;
		*v = (struct variable){ .name = name[i], .dtype = a.dtype, .rank = a.shape.rank };
		for (int k = 0; k < v->rank; k++)
			v->dim[k] = a.shape.dim[v->rank - 1 - k];
		if (a.kind == H5_COMPLEX) {
			v->complex = true;
			v->dim[v->rank++] = 2;
		}
		r->n++;
	}
	all.n = r->n;
	all.at = r->variable;
	status = variables_layout(&all, &planned, &map, e);
	if (status != 0) {
		layout_free(&planned);
		return err_in(e, "%s", s->path);
	}
	/* Everything but the fields is taken over; those are added again with their views. */
	fields = planned;
	s->layout = planned;
	s->layout.field = NULL;
	s->layout.n_fields = 0;
	status = add_fields(s, r, &fields, map, e);
	free(fields.field);
	free(map);
	return status;
}

static int open_source(struct source *s, struct err *e)
{
	struct reader r = { .s = s };
	char **name;
	int n, status;

	h5source_new(s);
	if (h5_names(s->file, s->path, "/", &n, &name, e) != 0) {
		h5source_close(s);
		return -1;
	}
	r.variable = xcalloc((size_t)n + 1, sizeof *r.variable);
	status = read_variables(s, &r, n, name, e);
	free(r.variable);
	h5_names_free(n, name);
	if (status != 0)
		h5source_close(s);
	return status;
}

static const struct layout_class mat73 = {
	.name = "mat73",
	.help = "MATLAB 7.3 file (.mat, HDF5 with reversed axes): FNO sets",
	.priority = 55,
	.probe = probe,
	.open = open_source,
	.read = h5source_read,
	.close = h5source_close,
};
const struct layout_class *const layout_file_layout_mat73[] = { &mat73, NULL };
