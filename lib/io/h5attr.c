/* h5attr.c: attributes, texts and names of HDF5 objects. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5read.h"
#include "io/output.h"

enum { TEXT_MAX = 1 << 28, LIST_MAX = 1 << 20 };

bool h5_has_attribute(hid_t at, const char *object, const char *name)
{
	return h5_has(at, object) && H5Aexists_by_name(at, object, name, H5P_DEFAULT) > 0;
}

static int read_numbers(hid_t at, const char *file, const char *object, const char *name, bool one, hid_t type,
			int64_t *n, void **values, struct err *e)
{
	hid_t attribute = -1, stored = -1, space = -1;
	H5T_class_t class;
	hssize_t count;
	int rc = -1;

	*values = NULL;
	if (!h5_has_attribute(at, object, name))
		return err_set(e, ERR_FAIL, "%s: %s has no attribute %s", file, object, name);
	attribute = H5Aopen_by_name(at, object, name, H5P_DEFAULT, H5P_DEFAULT);
	if (attribute < 0 || (stored = H5Aget_type(attribute)) < 0 || (space = H5Aget_space(attribute)) < 0) {
		h5_error(e, file, name);
		goto out;
	}
	class = H5Tget_class(stored);
	count = H5Sget_simple_extent_npoints(space);
	if (class != H5T_FLOAT && class != H5T_INTEGER && class != H5T_ENUM) {
		err_set(e, ERR_FAIL, "%s: %s: attribute %s is no number", file, object, name);
		goto out;
	}
	if (count < 0 || count > LIST_MAX || (one && count != 1)) {
		err_set(e, ERR_FAIL, "%s: %s: attribute %s has %lld values", file, object, name, (long long)count);
		goto out;
	}
	*values = xcalloc((size_t)count + 1, 8);
	*n = count;
	if (count > 0 && H5Aread(attribute, type, *values) < 0) {
		h5_error(e, file, name);
		free(*values);
		*values = NULL;
		goto out;
	}
	rc = 0;
out:
	if (space >= 0)
		H5Sclose(space);
	if (stored >= 0)
		H5Tclose(stored);
	if (attribute >= 0)
		H5Aclose(attribute);
	return rc;
}

int h5_attribute_double(hid_t at, const char *file, const char *object, const char *name, double *v, struct err *e)
{
	void *values;
	int64_t n;

	if (read_numbers(at, file, object, name, true, H5T_NATIVE_DOUBLE, &n, &values, e) != 0)
		return -1;
	*v = *(double *)values;
	free(values);
	return 0;
}

int h5_attribute_long(hid_t at, const char *file, const char *object, const char *name, int64_t *v, struct err *e)
{
	void *values;
	int64_t n;

	if (read_numbers(at, file, object, name, true, H5T_NATIVE_INT64, &n, &values, e) != 0)
		return -1;
	*v = *(int64_t *)values;
	free(values);
	return 0;
}

int h5_attribute_doubles(hid_t at, const char *file, const char *object, const char *name, int64_t *n, double **v,
			 struct err *e)
{
	void *values;

	if (read_numbers(at, file, object, name, false, H5T_NATIVE_DOUBLE, n, &values, e) != 0)
		return -1;
	*v = values;
	return 0;
}

void h5_names_free(int n, char **names)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* An attribute or a data set, read alike. */
struct text_source {
	hid_t id, type, space;
	bool is_array;
};

static herr_t read_text(const struct text_source *s, hid_t type, void *into)
{
	return s->is_array ? H5Dread(s->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, into) : H5Aread(s->id, type, into);
}

static int read_fixed(const struct text_source *s, size_t n, char **out)
{
	size_t size = H5Tget_size(s->type);
	hid_t type = H5Tcopy(s->type);
	char *raw = NULL;
	int rc = -1;

	if (size > 0 && size <= TEXT_MAX / (n ? n : 1) && (raw = malloc(n * size + 1)) &&
	    read_text(s, type, raw) >= 0) {
		bool padded = H5Tget_strpad(s->type) == H5T_STR_SPACEPAD;

		for (size_t i = 0; i < n; i++) {
			size_t length = strnlen(raw + i * size, size);

			while (padded && length > 0 && raw[i * size + length - 1] == ' ')
				length--;
			out[i] = xstrndup(raw + i * size, length);
		}
		rc = 0;
	}
	free(raw);
	H5Tclose(type);
	return rc;
}

static int read_variable(const struct text_source *s, size_t n, char **out)
{
	hid_t type = H5Tcopy(H5T_C_S1);
	char **raw = xcalloc(n + 1, sizeof *raw);
	int rc = -1;

	H5Tset_size(type, H5T_VARIABLE);
	H5Tset_cset(type, H5Tget_cset(s->type));
	if (read_text(s, type, raw) >= 0) {
		for (size_t i = 0; i < n; i++)
			out[i] = xstrdup(raw[i] ? raw[i] : "");
		H5Dvlen_reclaim(type, s->space, H5P_DEFAULT, raw);
		rc = 0;
	}
	free(raw);
	H5Tclose(type);
	return rc;
}

static int texts_of(struct text_source *s, int *n, char ***texts)
{
	hssize_t count = -1;
	int rc = -1;

	*n = 0;
	*texts = NULL;
	s->type = s->is_array ? H5Dget_type(s->id) : H5Aget_type(s->id);
	s->space = s->is_array ? H5Dget_space(s->id) : H5Aget_space(s->id);
	if (s->type < 0 || s->space < 0)
		goto out;
	count = H5Sget_simple_extent_npoints(s->space);
	if (count == 0 || H5Sget_simple_extent_type(s->space) == H5S_NULL) {
		rc = 0;
		goto out;
	}
	if (count < 0 || count > LIST_MAX || H5Tget_class(s->type) != H5T_STRING)
		goto out;
	*texts = xcalloc((size_t)count, sizeof **texts);
	if (H5Tis_variable_str(s->type) > 0)
		rc = read_variable(s, (size_t)count, *texts);
	else
		rc = read_fixed(s, (size_t)count, *texts);
	if (rc != 0) {
		free(*texts);
		*texts = NULL;
		goto out;
	}
	*n = (int)count;
out:
	if (s->space >= 0)
		H5Sclose(s->space);
	if (s->type >= 0)
		H5Tclose(s->type);
	return rc;
}

int h5_texts(hid_t at, const char *object, const char *name, int *n, char ***texts)
{
	struct text_source s = { .id = -1 };
	int rc;

	*n = 0;
	*texts = NULL;
	if (!h5_has_attribute(at, object, name))
		return -1;
	s.id = H5Aopen_by_name(at, object, name, H5P_DEFAULT, H5P_DEFAULT);
	if (s.id < 0)
		return -1;
	rc = texts_of(&s, n, texts);
	H5Aclose(s.id);
	return rc;
}

/* The data set OBJECT/NAME that stands in for an attribute above the size HDF5 allows. */
static int long_text(hid_t at, const char *object, const char *name, int *n, char ***texts)
{
	struct text_source s = { .is_array = true };
	hid_t parent = h5_has(at, object) ? H5Oopen(at, object, H5P_DEFAULT) : -1;
	int rc = -1;

	*n = 0;
	*texts = NULL;
	if (parent < 0)
		return -1;
	if (H5Iget_type(parent) == H5I_GROUP || H5Iget_type(parent) == H5I_FILE) {
		if (h5_is_array(parent, name) && (s.id = H5Dopen2(parent, name, H5P_DEFAULT)) >= 0) {
			rc = texts_of(&s, n, texts);
			H5Dclose(s.id);
		}
	}
	H5Oclose(parent);
	return rc;
}

char *h5_text(hid_t at, const char *object, const char *name)
{
	char **texts, *text = NULL;
	int n;

	if (h5_texts(at, object, name, &n, &texts) != 0 && long_text(at, object, name, &n, &texts) != 0)
		return NULL;
	if (n == 1) {
		text = texts[0];
		texts[0] = NULL;
	}
	h5_names_free(n, texts);
	return text;
}

struct names {
	int n, capacity;
	char **at;
};

static void add_name(struct names *list, const char *name)
{
	MEM_GROW(list->at, list->n, list->capacity);
	list->at[list->n++] = xstrdup(name);
}

static herr_t add_link(hid_t group, const char *name, const H5L_info_t *info, void *into)
{
	struct names *list = into;

	(void)group;
	if (info->type == H5L_TYPE_HARD || info->type == H5L_TYPE_SOFT)
		add_name(list, name);
	return list->n >= LIST_MAX;
}

static herr_t add_attribute(hid_t object, const char *name, const H5A_info_t *info, void *into)
{
	struct names *list = into;

	(void)object;
	(void)info;
	add_name(list, name);
	return list->n >= LIST_MAX;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int finish_names(herr_t status, struct names *list, const char *file, const char *object, int *n, char ***names,
			struct err *e)
{
	if (status < 0) {
		h5_error(e, file, object);
		h5_names_free(list->n, list->at);
		*n = 0;
		*names = NULL;
		return -1;
	}
	if (list->n > 1)
		qsort(list->at, (size_t)list->n, sizeof *list->at, by_bytes);
	*n = list->n;
	*names = list->at;
	return 0;
}

int h5_names(hid_t at, const char *file, const char *group, int *n, char ***names, struct err *e)
{
	struct names list = { 0 };
	herr_t status =
		H5Literate_by_name(at, group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, add_link, &list, H5P_DEFAULT);

	return finish_names(status, &list, file, group, n, names, e);
}

int h5_attribute_names(hid_t at, const char *file, const char *object, int *n, char ***names, struct err *e)
{
	struct names list = { 0 };
	herr_t status =
		H5Aiterate_by_name(at, object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, add_attribute, &list, H5P_DEFAULT);

	return finish_names(status, &list, file, object, n, names, e);
}
