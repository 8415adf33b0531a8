/* h5set.c: /data, /axis, /crc, /param and /meta of the native layout. */
#include "config.h"

#include "io/h5set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5read.h"
#include "io/h5sum.h"
#include "io/h5write.h"
#include "io/output.h"
#include "io/select.h"
#include "num/crc.h"

static const char *const axis_kinds[] = { "time", "channel", "space", "point" };
static const char *const field_roles[] = { "none", "input", "target", "trajectory" };

/* Bytes converted and summed at a time: they stay in the cache. */
static const int64_t BLOCK = (int64_t)256 << 10;

int h5set_begin(hid_t file, const char *name, struct err *e)
{
	return h5_put_text(file, name, "/", "format", "sciml", e) ||
			       h5_put_long(file, name, "/", "format_version", H5_FORMAT_VERSION, e) ||
			       h5_put_long(file, name, "/", "complete", 0, e)
		       ? -1
		       : 0;
}

int h5set_finish(hid_t file, const char *name, struct err *e)
{
	int64_t one = 1;
	hid_t attribute = H5Aopen(file, "complete", H5P_DEFAULT);
	int rc = 0;

	/* Overwritten in place: one small write turns the file from unfinished to finished. */
	if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_INT64, &one) < 0)
		rc = h5_error(e, name, "complete");
	if (attribute >= 0)
		H5Aclose(attribute);
	return rc;
}

/* What the bits of a result depend on besides the program's version. */
static const char *math_mode(void)
{
#if defined __AVX512F__
#define INSTRUCTIONS "avx512"
#elif defined __AVX2__
#define INSTRUCTIONS "avx2"
#else
#define INSTRUCTIONS "baseline"
#endif
#ifdef HAVE_LIBMVEC
	return INSTRUCTIONS " libmvec";
#else
	return INSTRUCTIONS;
#endif
}

int h5set_meta(hid_t file, const char *name, const struct h5_meta *m, struct err *e)
{
	const char *const key[] = { "kind", "command", "version", "config", "inputs", "math" };
	const char *const text[] = { m->kind, m->command, PACKAGE_VERSION, m->config, m->inputs, math_mode() };

	for (int i = 0; i < 6; i++)
		if (text[i] && h5_put_text(file, name, "/meta", key[i], text[i], e) != 0)
			return -1;
	return h5_put_long(file, name, "/meta", "seed", m->seed, e);
}

static int put_axes(hid_t file, const char *name, const struct layout *l, struct err *e)
{
	struct str order = { 0 };
	char path[80];
	int rc = h5_put_group(file, name, "/axis", e);

	for (int i = 0; i < l->n_axes && rc == 0; i++) {
		const struct axis *a = &l->axis[i];
		struct shape shape = shape_of(a->coordinate ? a->size : 0);
		struct tensor view = tensor_view(DTYPE_F64, &shape, a->coordinate);

		snprintf(path, sizeof path, "/axis/%s", a->name);
		str_printf(&order, "%s%s", i ? " " : "", a->name);
		for (int k = 0; k < i && rc == 0; k++)
			if (strcmp(a->name, l->axis[k].name) == 0)
				rc = err_set(e, ERR_USAGE, "%s: two axes are named %s", name, a->name);
		if (!*a->name || strpbrk(a->name, " /") || strcmp(a->name, "sample") == 0)
			rc = err_set(e, ERR_USAGE, "%s: '%s' is no name for an axis", name, a->name);
		if (rc != 0 || h5_put_tensor(file, name, path, &view, 0, e) != 0 ||
		    h5_put_text(file, name, path, "kind", axis_kinds[a->kind], e) != 0 ||
		    h5_put_long(file, name, path, "size", a->size, e) != 0 ||
		    h5_put_long(file, name, path, "periodic", a->periodic, e) != 0 ||
		    h5_put_double(file, name, path, "length", a->length, e) != 0)
			rc = -1;
	}
	if (rc == 0)
		rc = h5_put_text(file, name, "/axis", "order", str_text(&order), e);
	str_free(&order);
	return rc;
}

static struct shape stored_shape(const struct layout *l, int field)
{
	struct shape s = layout_field_shape(l, field);

	return l->field[field].per_sample ? shape_insert(&s, 0, l->n_samples) : s;
}

static int put_field(struct h5set *s, hid_t file, const char *name, int i, int deflate, struct err *e)
{
	const struct layout *l = &s->layout;
	const struct field *f = &l->field[i];
	struct shape shape = stored_shape(l, i), sums = shape_of(h5set_rows(s, i));
	struct str axes = { 0 };
	char path[100];
	int rc = -1;

	if (!*f->name || strpbrk(f->name, " /") || strcmp(f->name, "sample") == 0)
		return err_set(e, ERR_USAGE, "%s: '%s' is no name for a field", name, f->name);
	str_add(&axes, f->per_sample ? "sample" : "");
	for (int k = 0; k < f->n_axes; k++)
		str_printf(&axes, "%s%s", axes.length ? " " : "", l->axis[f->axis[k]].name);
	snprintf(path, sizeof path, "/data/%s", f->name);
	s->field[i] = h5_reserve(file, name, path, h5_file_type(f->dtype), &shape, deflate, e);
	if (s->field[i] >= 0 && h5_put_text(file, name, path, "axes", str_text(&axes), e) == 0)
		rc = h5_put_text(file, name, path, "role", field_roles[f->role], e);
	if (rc == 0 && f->missing)
		rc = h5_put_long(file, name, path, "missing", 1, e);
	str_free(&axes);
	if (rc != 0)
		return -1;
	snprintf(path, sizeof path, "/crc/%s", f->name);
	s->crc[i] = h5_reserve(file, name, path, H5T_STD_U32LE, &sums, 0, e);
	return s->crc[i] < 0 ? -1 : 0;
}

hid_t h5set_reserve_number_sums(hid_t file, const char *name, int64_t n_samples, struct err *e)
{
	const struct shape shape = shape_of(n_samples);
	uint32_t *zero = mem_new(n_samples + 1, sizeof *zero, name, e);
	hid_t array = zero ? h5_reserve(file, name, "/crc/sample", H5T_STD_U32LE, &shape, 0, e) : -1;

	if (array >= 0 && h5_put_rows(array, name, "/crc/sample", H5T_NATIVE_UINT32, 0, n_samples, zero, e) != 0) {
		H5Dclose(array);
		array = -1;
	}
	free(zero);
	return array;
}

int64_t h5set_rows(const struct h5set *s, int field)
{
	return s->layout.field[field].per_sample ? s->layout.n_samples : 1;
}

static void h5set_new(struct h5set *s, const struct layout *layout)
{
	s->layout = layout_copy(layout);
	s->field = xcalloc((size_t)layout->n_fields + 1, sizeof *s->field);
	s->crc = xcalloc((size_t)layout->n_fields + 1, sizeof *s->crc);
	for (int i = 0; i < layout->n_fields; i++)
		s->field[i] = s->crc[i] = -1;
	s->sums = h5sums_new(layout->n_fields);
}

void h5set_close(struct h5set *s)
{
	for (int i = 0; i < s->layout.n_fields; i++) {
		if (s->field && s->field[i] >= 0)
			H5Dclose(s->field[i]);
		if (s->crc && s->crc[i] >= 0)
			H5Dclose(s->crc[i]);
	}
	free(s->field);
	free(s->crc);
	h5sums_free(s->sums);
	layout_free(&s->layout);
	memset(s, 0, sizeof *s);
}

int h5set_create(struct h5set *s, hid_t file, const char *name, const struct layout *layout, int deflate, struct err *e)
{
	struct str order = { 0 };
	char *splits = splits_text(layout);
	int rc = -1;

	h5set_new(s, layout);
	if (layout->n_samples < 0 || layout->n_fields == 0) {
		err_set(e, ERR_USAGE, "%s: a data set of %lld samples and %d fields", name,
			(long long)layout->n_samples, layout->n_fields);
		goto out;
	}
	if (put_axes(file, name, layout, e) != 0 || h5_put_group(file, name, "/data", e) != 0)
		goto out;
	for (int i = 0; i < layout->n_fields; i++)
		str_printf(&order, "%s%s", i ? " " : "", layout->field[i].name);
	if (h5_put_text(file, name, "/data", "order", str_text(&order), e) != 0 ||
	    h5_put_long(file, name, "/data", "samples", layout->n_samples, e) != 0)
		goto out;
	if (layout->equation && h5_put_text(file, name, "/data", "equation", layout->equation, e) != 0)
		goto out;
	if (*splits && h5_put_text(file, name, "/", "split", splits, e) != 0)
		goto out;
	for (int i = 0; i < layout->n_params; i++)
		if (h5_put_double(file, name, "/param", layout->param[i].name, layout->param[i].value, e) != 0)
			goto out;
	for (int i = 0; i < layout->n_fields; i++)
		if (put_field(s, file, name, i, deflate, e) != 0)
			goto out;
	rc = 0;
out:
	str_free(&order);
	free(splits);
	return rc;
}

int h5set_open(struct h5set *s, hid_t file, const char *name, const struct layout *layout, struct err *e)
{
	char path[100];

	h5set_new(s, layout);
	for (int i = 0; i < layout->n_fields; i++) {
		snprintf(path, sizeof path, "/data/%s", layout->field[i].name);
		s->field[i] = H5Dopen2(file, path, H5P_DEFAULT);
		if (s->field[i] < 0)
			return h5_error(e, name, path);
		snprintf(path, sizeof path, "/crc/%s", layout->field[i].name);
		s->crc[i] = H5Dopen2(file, path, H5P_DEFAULT);
		if (s->crc[i] < 0)
			return h5_error(e, name, path);
	}
	return 0;
}

/* Entries of the array's first axis that `rows` samples are: a field that is not per sample is written whole. */
static int64_t entries(const struct h5set *s, int field, int64_t n_rows)
{
	struct shape shape = layout_field_shape(&s->layout, field);

	return s->layout.field[field].per_sample || shape.rank == 0 ? n_rows : shape.dim[0];
}

int h5set_write(struct h5set *s, const char *name, int field, int64_t first, int64_t count, enum dtype t,
		const void *data, uint32_t *crc, struct err *e)
{
	const struct field *f = &s->layout.field[field];
	int64_t n = layout_field_count(&s->layout, field);
	size_t in = (size_t)n * dtype_size(t), out = (size_t)n * dtype_size(f->dtype);
	int64_t step = out && (int64_t)out < BLOCK ? BLOCK / (int64_t)out : 1;
	hid_t stored = h5_file_type(f->dtype), memory = h5_memory_type(f->dtype);
	bool same_order = H5Tequal(stored, memory) > 0;
	char *buffer = NULL;
	int rc = 0;

	if (t != f->dtype || !same_order) {
		buffer = mem_unset((step < count ? step : count) * n, dtype_size(f->dtype), name, e);
		if (!buffer)
			return -1;
	}
	for (int64_t i = 0; i < count && rc == 0; i += step) {
		int64_t rows = count - i < step ? count - i : step;
		const char *from = (const char *)data + (size_t)i * in;

		if (buffer) {
			tensor_convert(t, from, f->dtype, buffer, rows * n);
			h5set_statistics_add(s, field, first + i, rows, buffer);
			if (!same_order)
				H5Tconvert(memory, stored, (size_t)(rows * n), buffer, NULL, H5P_DEFAULT);
			from = buffer;
		} else {
			h5set_statistics_add(s, field, first + i, rows, from);
		}
		for (int64_t k = 0; k < rows; k++)
			crc[i + k] = crc_of(from + (size_t)k * out, out);
		rc = h5_put_rows(s->field[field], name, f->name, stored, first + i, entries(s, field, rows), from, e);
	}
	free(buffer);
	return rc;
}

int h5set_check(struct h5set *s, const char *name, int field, int64_t first, int64_t count, uint32_t *crc,
		struct err *e)
{
	const struct field *f = &s->layout.field[field];
	size_t size = (size_t)layout_field_count(&s->layout, field) * dtype_size(f->dtype);
	int64_t step = size && (int64_t)size < BLOCK ? BLOCK / (int64_t)size : 1;
	char *buffer = mem_new((step < count ? step : count) * (int64_t)size, 1, name, e);
	int rc = buffer ? 0 : -1;

	for (int64_t i = 0; i < count && rc == 0; i += step) {
		int64_t rows = count - i < step ? count - i : step;

		rc = h5_get_rows(s->field[field], name, f->name, h5_file_type(f->dtype), first + i,
				 entries(s, field, rows), buffer, e);
		for (int64_t k = 0; k < rows && rc == 0; k++)
			crc[i + k] = crc_of(buffer + (size_t)k * size, size);
	}
	free(buffer);
	return rc;
}

char *native_layout_text(const struct layout *l)
{
	struct str s = { 0 };
	char *splits = splits_text(l), number[32];

	str_printf(&s, "samples: %lld\n", (long long)l->n_samples);
	for (int i = 0; i < l->n_axes; i++) {
		const struct axis *a = &l->axis[i];

		str_printf(&s, "axis %s: %s of %lld points, length %s%s, coordinates %08lx\n", a->name,
			   axis_kinds[a->kind], (long long)a->size, str_double(number, a->length),
			   a->periodic ? ", periodic" : "",
			   a->coordinate ? (unsigned long)crc_of(a->coordinate, (size_t)a->size * sizeof(double)) : 0);
	}
	for (int i = 0; i < l->n_fields; i++) {
		const struct field *f = &l->field[i];

		str_printf(&s, "field %s: %s %s of%s", f->name, dtype_name(f->dtype), field_roles[f->role],
			   f->per_sample ? " sample" : "");
		for (int k = 0; k < f->n_axes; k++)
			str_printf(&s, " %s", l->axis[f->axis[k]].name);
		str_add(&s, f->missing ? ", with gaps\n" : "\n");
	}
	str_printf(&s, "splits: %s\n", splits);
	free(splits);
	return s.text;
}

static int find_word(const char *word, const char *const *list, int n)
{
	for (int i = 0; word && i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return i;
	return -1;
}

/* The names of an optional attribute `order`, else of the group's links. */
static int ordered_names(hid_t file, const char *name, const char *group, int *n, char ***names, struct err *e)
{
	char *order = h5_text(file, group, "order"), *rest = NULL;
	int capacity = 0;

	if (!order)
		return h5_names(file, name, group, n, names, e);
	*n = 0;
	*names = NULL;
	for (char *word = strtok_r(order, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		MEM_GROW(*names, *n, capacity);
		(*names)[(*n)++] = xstrdup(word);
	}
	free(order);
	return 0;
}

static int get_axis(hid_t file, const char *name, const char *axis, struct layout *l, struct err *e)
{
	char path[80], *kind;
	double *coordinate = NULL, length = 0;
	int64_t n = 0, size, periodic = 0;
	int which;

	if (strlen(axis) >= sizeof l->axis->name)
		return err_set(e, ERR_FAIL, "%s: the axis name %.100s is too long", name, axis);
	snprintf(path, sizeof path, "axis/%s", axis);
	if (h5_read_doubles(file, name, path, &n, &coordinate, e) != 0)
		return -1;
	kind = h5_text(file, path, "kind");
	which = find_word(kind, axis_kinds, 4);
	free(kind);
	size = n;
	if (which < 0) {
		free(coordinate);
		return err_set(e, ERR_FAIL, "%s: /%s: attribute kind must be time, channel, space or point", name,
			       path);
	}
	if ((h5_has_attribute(file, path, "size") && h5_attribute_long(file, name, path, "size", &size, e) != 0) ||
	    (h5_has_attribute(file, path, "periodic") &&
	     h5_attribute_long(file, name, path, "periodic", &periodic, e) != 0) ||
	    (h5_has_attribute(file, path, "length") &&
	     h5_attribute_double(file, name, path, "length", &length, e) != 0)) {
		free(coordinate);
		return -1;
	}
	if (size < 1 || (n > 0 && n != size)) {
		free(coordinate);
		return err_set(e, ERR_FAIL, "%s: /%s: %lld coordinates for %lld points", name, path, (long long)n,
			       (long long)size);
	}
	layout_add_axis(l, axis, (enum axis_kind)which, size, n > 0 ? coordinate : NULL, periodic != 0, length);
	free(coordinate);
	return 0;
}

static int find_axis(const struct layout *l, const char *name)
{
	for (int i = 0; i < l->n_axes; i++)
		if (strcmp(l->axis[i].name, name) == 0)
			return i;
	return -1;
}

static int get_field(hid_t file, const char *name, const char *field, struct layout *l, struct err *e)
{
	char path[100], *axes, *role, *rest = NULL;
	int axis[SHAPE_MAX], n = 0, which, rc = -1;
	bool per_sample = false;
	struct h5_array a;

	if (strlen(field) >= sizeof l->field->name)
		return err_set(e, ERR_FAIL, "%s: the field name %.100s is too long", name, field);
	snprintf(path, sizeof path, "data/%s", field);
	if (h5_describe(file, name, path, &a, e) != 0)
		return -1;
	if (a.kind != H5_FLOAT && a.kind != H5_INTEGER && a.kind != H5_BOOL)
		return err_set(e, ERR_FAIL, "%s: /%s does not hold numbers", name, path);
	axes = h5_text(file, path, "axes");
	role = h5_text(file, path, "role");
	which = role ? find_word(role, field_roles, 4) : ROLE_NONE;
	if (!axes || which < 0) {
		err_set(e, ERR_FAIL, "%s: /%s: %s", name, path,
			axes ? "attribute role must be none, input, target or trajectory" : "no attribute axes");
		goto out;
	}
	for (char *word = strtok_r(axes, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		int k = n + per_sample, found;

		if (n == 0 && !per_sample && strcmp(word, "sample") == 0) {
			per_sample = true;
			if (a.shape.rank > 0 && (l->n_samples < 0 || l->n_samples == a.shape.dim[0])) {
				l->n_samples = a.shape.dim[0];
				continue;
			}
			err_set(e, ERR_FAIL, "%s: /%s has %lld samples, others have %lld", name, path,
				(long long)(a.shape.rank ? a.shape.dim[0] : 0), (long long)l->n_samples);
			goto out;
		}
		found = find_axis(l, word);
		if (found < 0 || k >= a.shape.rank || a.shape.dim[k] != l->axis[found].size) {
			err_set(e, ERR_FAIL, "%s: /%s: axis %s of %lld points does not fit /axis/%s", name, path, word,
				(long long)(k < a.shape.rank ? a.shape.dim[k] : 0), word);
			goto out;
		}
		if (n > 0 && (l->axis[found].kind < l->axis[axis[n - 1]].kind ||
			      (l->axis[found].kind < AXIS_SPACE && l->axis[found].kind == l->axis[axis[n - 1]].kind))) {
			err_set(e, ERR_FAIL, "%s: /%s: axes must come as sample, time, channel, space", name, path);
			goto out;
		}
		axis[n++] = found;
	}
	if (n + per_sample != a.shape.rank) {
		err_set(e, ERR_FAIL, "%s: /%s has %d axes, its attribute names %d", name, path, a.shape.rank,
			n + per_sample);
		goto out;
	}
	n = layout_add_field(l, field, a.dtype, (enum field_role)which, n, axis);
	l->field[n].per_sample = per_sample;
	rc = 0;
	if (h5_has_attribute(file, path, "missing")) {
		int64_t missing = 0;

		rc = h5_attribute_long(file, name, path, "missing", &missing, e);
		l->field[n].missing = missing != 0;
	}
out:
	free(axes);
	free(role);
	return rc;
}

static int get_params(hid_t file, const char *name, struct layout *l, struct err *e)
{
	char **names;
	int n, rc = 0;

	if (!h5_is_group(file, "param"))
		return 0;
	if (h5_attribute_names(file, name, "param", &n, &names, e) != 0)
		return -1;
	for (int i = 0; i < n && rc == 0; i++) {
		double value;

		if (strcmp(names[i], h5sum_attribute) == 0)
			continue;
		rc = h5_attribute_double(file, name, "param", names[i], &value, e);
		if (rc == 0)
			layout_add_param(l, names[i], value);
	}
	h5_names_free(n, names);
	return rc;
}

int native_layout(hid_t file, const char *name, struct layout *l, struct err *e)
{
	char **names, *splits;
	int n, rc = 0;

	memset(l, 0, sizeof *l);
	if (!h5_is_group(file, "data") || !h5_is_group(file, "axis"))
		return err_set(e, ERR_USAGE, "%s: no group /data with fields", name);
	if (ordered_names(file, name, "axis", &n, &names, e) != 0)
		return -1;
	for (int i = 0; i < n && rc == 0; i++)
		rc = get_axis(file, name, names[i], l, e);
	h5_names_free(n, names);
	if (rc != 0 || ordered_names(file, name, "data", &n, &names, e) != 0)
		return -1;
	l->n_samples = -1;
	for (int i = 0; i < n && rc == 0; i++)
		rc = get_field(file, name, names[i], l, e);
	h5_names_free(n, names);
	/* Where no field counts samples, /data says how many share the arrays. */
	if (rc == 0 && l->n_samples < 0 &&
	    (!h5_has_attribute(file, "data", "samples") ||
	     h5_attribute_long(file, name, "data", "samples", &l->n_samples, e) != 0))
		l->n_samples = 1;
	if (rc != 0 || get_params(file, name, l, e) != 0)
		return -1;
	l->equation = h5_text(file, "data", "equation");
	splits = h5_text(file, "/", "split");
	if (splits)
		rc = splits_parse(splits, l, e) == 0 ? 0 : err_in(e, "%s", name);
	free(splits);
	return rc;
}
