/* h5sum.c: checksums of the objects of a file. What is summed is what a reader gets, not how HDF5 keeps it: a line of
 * text for each fact, so that another program can make the same sums. */
#include "io/h5sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5read.h"
#include "io/h5write.h"
#include "io/output.h"
#include "num/crc.h"

const char h5sum_attribute[] = "checksum";

enum { DEPTH_MAX = 8 };

struct walk {
	const char *file;
	bool write;
	struct err *e;
};

/* One object: its path for messages and the text that is summed. */
struct object {
	const struct walk *walk;
	const char *path;
	struct str text;
};

/* The types that numbers of ours have; what a damaged type means is not asked of HDF5. */
static const char *const type_names[] = { "float32", "float64", "int32", "int64", "uint32" };

/* One of these, or -1; *same: the type itself. */
static int number_type(hid_t type, hid_t *same)
{
	const hid_t all[] = { H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE, H5T_STD_I64LE, H5T_STD_U32LE };
	const bool is_float = H5Tget_class(type) == H5T_FLOAT, is_long = H5Tget_size(type) == 8;
	const int i = is_float ? is_long : is_long ? 3 : H5Tget_sign(type) == H5T_SGN_NONE ? 4 : 2;

	*same = all[i];
	return H5Tequal(type, *same) > 0 ? i : -1;
}

static void add_text(struct object *o, const char *name, const char *text)
{
	str_printf(&o->text, "%s text %08lx\n", name, (unsigned long)crc_of(text, strlen(text)));
}

/* Values NULL: left out. */
static void add_numbers(struct object *o, const char *name, int type, const struct shape *shape, const void *values)
{
	const size_t size = type == 1 || type == 3 ? 8 : 4;
	char extents[SHAPE_TEXT];

	str_printf(&o->text, "%s %s %s", name, type < 0 ? "other" : type_names[type], shape_text(extents, shape));
	if (values)
		str_printf(&o->text, " %08lx", (unsigned long)crc_of(values, (size_t)shape_count(shape) * size));
	str_add(&o->text, "\n");
}

/* Its value is turned to 1 last of all, in one small write. */
static bool is_complete(const struct object *o, const char *name)
{
	return strcmp(o->path, "/") == 0 && strcmp(name, "complete") == 0;
}

static int add_attribute(struct object *o, hid_t at, const char *name)
{
	const struct walk *w = o->walk;
	hid_t attribute = H5Aopen(at, name, H5P_DEFAULT), type, same;
	bool one;
	int rc = 0;

	if (attribute < 0)
		return err_set(w->e, ERR_FAIL, "%s: %s is damaged: attribute %s cannot be read", w->file, o->path,
			       name);
	type = H5Aget_type(attribute);
	one = H5Aget_storage_size(attribute) == H5Tget_size(type);
	if (H5Tget_class(type) == H5T_STRING && one && H5Tis_variable_str(type) == 0) {
		const size_t size = H5Tget_size(type) & 0xffff; /* attributes end below */
		char *text = xcalloc(size + 1, 1);

		if (size == H5Tget_size(type) && H5Aread(attribute, type, text) < 0)
			rc = h5_error(w->e, w->file, name);
		add_text(o, name, text);
		free(text);
	} else {
		const struct shape scalar = shape_scalar();
		const int number = number_type(type, &same);
		int64_t value = 0;

		if (number < 0 || !one || is_complete(o, name))
			add_numbers(o, name, number, &scalar, NULL);
		else if (H5Aread(attribute, same, &value) < 0)
			rc = h5_error(w->e, w->file, name);
		else
			add_numbers(o, name, number, &scalar, &value);
	}
	H5Tclose(type);
	H5Aclose(attribute);
	return rc;
}

/* The names that are summed, a line each; damaged files are not asked for them: HDF5 fails on the way to some. */
static int attribute_names(struct object *o, hid_t at, struct str *names)
{
	char **name;
	int n;

	if (h5_attribute_names(at, o->walk->file, ".", &n, &name, o->walk->e) != 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (strcmp(name[i], h5sum_attribute) != 0)
			str_printf(names, "\n%s", name[i]);
	h5_names_free(n, name);
	return 0;
}

static bool values_left_out(const char *path)
{
	static const char *const group[] = { "/data/", "/crc/", "/sample/", "/meta/statistics/" };

	for (size_t i = 0; i < sizeof group / sizeof *group; i++)
		if (strncmp(path, group[i], strlen(group[i])) == 0)
			return true;
	return false;
}

/* The array `name` of a group, as the fact ".". */
static int add_array(struct object *o, hid_t group, const char *name)
{
	const struct walk *w = o->walk;
	struct h5_array a;
	hid_t array, type, same;
	void *values = NULL;
	int number, rc = -1;

	if ((array = h5_open_array(group, w->file, name, w->e)) < 0)
		return -1;
	if (h5_describe_of(array, w->file, o->path, &a, w->e) != 0) {
		H5Dclose(array);
		return -1;
	}
	type = H5Dget_type(array);
	number = number_type(type, &same);
	if (a.kind == H5_TEXT) {
		char *text = h5_text(group, ".", name);

		add_text(o, ".", text ? text : "");
		free(text);
		rc = 0;
	} else if (number < 0 || values_left_out(o->path)) {
		add_numbers(o, ".", number, &a.shape, NULL);
		rc = 0;
	} else if ((values = mem_unset(shape_count(&a.shape) + 1, H5Tget_size(same), o->path, w->e))) {
		if (shape_count(&a.shape) > 0 && H5Dread(array, same, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
			h5_error(w->e, w->file, o->path);
		} else {
			add_numbers(o, ".", number, &a.shape, values);
			rc = 0;
		}
	}
	free(values);
	H5Tclose(type);
	H5Dclose(array);
	return rc;
}

/* The attributes, and the sum of all: it is the sum in eight digits and the names that are in it. */
static int finish(struct object *o, hid_t at, uint32_t *sum)
{
	const struct walk *w = o->walk;
	struct str names = { 0 };
	char *stored = NULL, *list, *rest, digits[16];
	int rc = 0;

	if (w->write)
		rc = attribute_names(o, at, &names);
	else if ((stored = h5_text(at, ".", h5sum_attribute)) && strlen(stored) >= 8)
		str_add(&names, stored + 8);
	else
		rc = err_set(w->e, ERR_FAIL, "%s: %s is damaged: its checksum cannot be read", w->file, o->path);
	list = xstrdup(str_text(&names));
	for (char *name = strtok_r(list, "\n", &rest); name && rc == 0; name = strtok_r(NULL, "\n", &rest))
		rc = add_attribute(o, at, name);
	*sum = crc_of(str_text(&o->text), o->text.length);
	snprintf(digits, sizeof digits, "%08lx", (unsigned long)*sum);
	if (rc == 0 && w->write) {
		struct str text = { 0 };

		str_printf(&text, "%s%s", digits, str_text(&names));
		rc = h5_put_text(at, w->file, ".", h5sum_attribute, str_text(&text), w->e);
		str_free(&text);
	} else if (rc == 0 && strncmp(stored, digits, 8) != 0) {
		rc = err_set(w->e, ERR_FAIL, "%s: %s is damaged: CRC %s, written with %.8s", w->file, o->path, digits,
			     stored);
	}
	free(stored);
	free(list);
	str_free(&names);
	return rc;
}

/* The object `name` of a group; members first, so that the innermost fault is told. */
static int walk(const struct walk *w, hid_t group, const char *name, const char *path, int depth, uint32_t *sum)
{
	struct object o = { .walk = w, .path = path };
	hid_t at = depth > DEPTH_MAX ? -1 : H5Oopen(group, name, H5P_DEFAULT);
	char **member = NULL;
	int n = 0, rc = 0;

	if (at < 0)
		return err_set(w->e, ERR_FAIL, "%s: %s is damaged: it cannot be opened", w->file, path);
	if (H5Iget_type(at) == H5I_DATASET)
		rc = add_array(&o, group, name);
	else
		rc = h5_names(at, w->file, ".", &n, &member, w->e);
	for (int i = 0; i < n && rc == 0; i++) {
		struct str below = { 0 };
		uint32_t crc = 0;

		str_printf(&below, "%s/%s", depth > 0 ? path : "", member[i]);
		rc = walk(w, at, member[i], str_text(&below), depth + 1, &crc);
		str_printf(&o.text, "%s/ %08lx\n", member[i], (unsigned long)crc);
		str_free(&below);
	}
	h5_names_free(n, member);
	if (rc == 0)
		rc = finish(&o, at, sum);
	str_free(&o.text);
	H5Oclose(at);
	return rc;
}

int h5sum_write(hid_t at, const char *file, struct err *e)
{
	const struct walk w = { .file = file, .write = true, .e = e };
	uint32_t sum;

	return walk(&w, at, "/", "/", 0, &sum);
}

int h5sum_verify(hid_t at, const char *file, struct err *e)
{
	const struct walk w = { .file = file, .e = e };
	uint32_t sum;

	return walk(&w, at, "/", "/", 0, &sum);
}

bool h5sum_has(hid_t at)
{
	return h5_has_attribute(at, "/", h5sum_attribute);
}

int h5sum_numbers(hid_t at, const char *file, int64_t first, int64_t count, uint32_t *sum, struct err *e)
{
	char **name;
	int n, rc = h5_names(at, file, "sample", &n, &name, e);
	double *column = NULL, *row = NULL; /* little endian */

	if (rc == 0 && !((column = mem_new(mem_times(count, n + 1), sizeof *column, file, e)) &&
			 (row = mem_new(n + 1, sizeof *row, file, e))))
		rc = -1;
	for (int k = 0; k < n && rc == 0; k++) {
		char path[200];
		hid_t array;

		snprintf(path, sizeof path, "sample/%.180s", name[k]);
		array = h5_open_array(at, file, path, e);
		rc = array < 0 ? -1
			       : h5_get_rows(array, file, path, H5T_IEEE_F64LE, first, count, column + k * count, e);
		if (array >= 0)
			H5Dclose(array);
	}
	for (int64_t i = 0; i < count && rc == 0; i++) {
		for (int k = 0; k < n; k++)
			row[k] = column[k * count + i];
		sum[i] = crc_of(row, (size_t)n * sizeof *row);
	}
	free(column);
	free(row);
	h5_names_free(n, name);
	return rc;
}
