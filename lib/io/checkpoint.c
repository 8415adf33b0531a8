/* checkpoint.c: parameters with their metadata, and everything else of a run, in and out of one file. */
#include "io/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/h5read.h"
#include "io/h5set.h"
#include "io/h5sum.h"
#include "io/image.h"
#include "io/output.h"
#include "io/store.h"

static const char *const roles[] = { "weight", "bias", "gain", "state" };
static const char *const inits[] = { "zero", "one", "constant", "uniform", "uniform01", "normal" };

struct checkpoint {
	char *name; /* for messages */
	hid_t file;
};

enum { PATH_ROOM = 600 };

void checkpoint_put_params(struct h5out *w, const char *group, const struct params *p)
{
	char path[PATH_ROOM];

	h5out_long(w, group, "count", p->n);
	for (int i = 0; i < p->n; i++) {
		const struct param *a = &p->at[i];

		if (strchr(a->name, '/') || strlen(group) > 290 || strlen(a->name) > 290) {
			struct err why;

			err_set(&why, ERR_FAIL, "'%.200s' is no name for a parameter", a->name);
			h5out_fail(w, &why);
			return;
		}
		snprintf(path, sizeof path, "%.290s/%.290s", group, a->name);
		h5out_tensor(w, path, &a->value);
		h5out_long(w, path, "index", i);
		h5out_text(w, path, "role", roles[a->role]);
		h5out_text(w, path, "init", inits[a->init]);
		h5out_double(w, path, "init_scale", a->init_scale);
		h5out_long(w, path, "fan_in", a->fan_in);
		h5out_long(w, path, "fan_out", a->fan_out);
		h5out_double(w, path, "lr_multiplier", a->lr_multiplier);
		h5out_long(w, path, "group", a->group);
		h5out_long(w, path, "frozen", a->frozen);
	}
}

static int open_file(struct checkpoint *c, const char *path, struct err *e)
{
	hid_t list;

	h5_setup();
	if (strcmp(path, "-") == 0) {
		unsigned char *image;
		size_t n;

		if (isatty(STDIN_FILENO))
			return err_set(e, ERR_USAGE, "refusing to read HDF5 from a terminal");
		if (image_read(STDIN_FILENO, 0, &image, &n, e) < 0)
			return -1;
		c->file = image_open(image, n, c->name, e);
		free(image);
		return c->file < 0 ? -1 : 0;
	}
	if (access(path, R_OK) != 0)
		return err_errno(e, "%s", path);
	list = h5_access();
	c->file = H5Fopen(path, H5F_ACC_RDONLY, list);
	if (c->file < 0)
		h5_error(e, path, NULL);
	H5Pclose(list);
	return c->file < 0 ? -1 : 0;
}

static int check_kind(const struct checkpoint *c, const char *kind, struct err *e)
{
	char *format, *have = NULL;
	int64_t version = 0, complete = 0;
	int rc = -1;

	/* damage first: whatever else a damaged file says of itself is of no use */
	if (h5sum_has(c->file) && h5sum_verify(c->file, c->name, e) != 0)
		return -1;
	format = h5_text(c->file, "/", "format");
	if (!format || strcmp(format, "sciml") != 0) {
		err_set(e, ERR_USAGE, "%s: not written by sciml, so no %s", c->name, kind);
		goto out;
	}
	if (h5_attribute_long(c->file, c->name, "/", "format_version", &version, e) != 0 ||
	    h5_attribute_long(c->file, c->name, "/", "complete", &complete, e) != 0)
		goto out;
	have = h5_text(c->file, "meta", "kind");
	if (version != H5_FORMAT_VERSION)
		err_set(e, ERR_USAGE, "%s: format version %lld, a %s is read in version %d", c->name,
			(long long)version, kind, H5_FORMAT_VERSION);
	else if (!h5sum_has(c->file))
		err_set(e, ERR_FAIL, "%s: the file is damaged: it has no checksum", c->name);
	else if (!complete)
		err_set(e, ERR_FAIL, "%s: the file is not complete", c->name);
	else if (!have || strcmp(have, kind) != 0)
		err_set(e, ERR_USAGE, "%s: holds %s, a %s is needed", c->name, have ? have : "data", kind);
	else
		rc = 0;
out:
	free(format);
	free(have);
	return rc;
}

int checkpoint_open(struct checkpoint **out, const char *path, const char *kind, struct err *e)
{
	struct checkpoint *c = xcalloc(1, sizeof *c);

	*out = NULL;
	c->file = -1;
	c->name = xstrdup(strcmp(path, "-") == 0 ? "standard input" : path);
	if (open_file(c, path, e) != 0 || check_kind(c, kind, e) != 0) {
		checkpoint_close(c);
		return -1;
	}
	*out = c;
	return 0;
}

bool checkpoint_is(const char *path, const char *kind)
{
	struct checkpoint c = { .name = (char *)(uintptr_t)path, .file = -1 };
	char *have = NULL;

	if (strcmp(path, "-") != 0 && open_file(&c, path, NULL) == 0) {
		have = h5_text(c.file, "meta", "kind");
		H5Fclose(c.file);
	}
	const bool is = have && strcmp(have, kind) == 0;
	free(have);
	return is;
}

void checkpoint_close(struct checkpoint *c)
{
	if (!c)
		return;
	if (c->file >= 0)
		H5Fclose(c->file);
	free(c->name);
	free(c);
}

bool checkpoint_has(const struct checkpoint *c, const char *path)
{
	return h5_has(c->file, path);
}

int checkpoint_get(const struct checkpoint *c, const char *path, struct tensor *t, struct err *e)
{
	return h5_read_tensor(c->file, c->name, path, t, e);
}

int checkpoint_get_into(const struct checkpoint *c, const char *path, enum dtype t, int64_t n, void *out, struct err *e)
{
	const int64_t start[SHAPE_MAX] = { 0 };
	struct h5_array a;

	if (h5_describe(c->file, c->name, path, &a, e) != 0)
		return -1;
	if (shape_count(&a.shape) != n)
		return err_set(e, ERR_USAGE, "%s: %s has %lld values, %lld are needed", c->name, path,
			       (long long)shape_count(&a.shape), (long long)n);
	return n == 0 ? 0 : h5_read_slab(c->file, c->name, path, start, a.shape.dim, NULL, t, out, e);
}

char *checkpoint_text(const struct checkpoint *c, const char *object, const char *name)
{
	return h5_text(c->file, object, name);
}

int checkpoint_long(const struct checkpoint *c, const char *object, const char *name, int64_t *v, struct err *e)
{
	return h5_attribute_long(c->file, c->name, object, name, v, e);
}

static int find(const struct checkpoint *c, const char *object, const char *name, const char *const *list, int n,
		int *index, struct err *e)
{
	char *text = h5_text(c->file, object, name);

	for (*index = 0; text && *index < n; ++*index)
		if (strcmp(text, list[*index]) == 0) {
			free(text);
			return 0;
		}
	err_set(e, ERR_FAIL, "%s: %s: attribute %s is '%.100s'", c->name, object, name, text ? text : "");
	free(text);
	return -1;
}

/* One parameter; p->value is new, p->name borrowed from `name`. */
static int get_param(const struct checkpoint *c, const char *group, char *name, struct param *p, int64_t *index,
		     struct err *e)
{
	char path[PATH_ROOM];
	int64_t number, frozen;
	int role, init;

	memset(p, 0, sizeof *p);
	snprintf(path, sizeof path, "%s/%s", group, name);
	if (h5_attribute_long(c->file, c->name, path, "index", index, e) != 0 ||
	    find(c, path, "role", roles, 4, &role, e) != 0 || find(c, path, "init", inits, 6, &init, e) != 0 ||
	    h5_attribute_double(c->file, c->name, path, "init_scale", &p->init_scale, e) != 0 ||
	    h5_attribute_long(c->file, c->name, path, "fan_in", &p->fan_in, e) != 0 ||
	    h5_attribute_long(c->file, c->name, path, "fan_out", &p->fan_out, e) != 0 ||
	    h5_attribute_double(c->file, c->name, path, "lr_multiplier", &p->lr_multiplier, e) != 0 ||
	    h5_attribute_long(c->file, c->name, path, "group", &number, e) != 0 ||
	    h5_attribute_long(c->file, c->name, path, "frozen", &frozen, e) != 0 ||
	    h5_read_tensor(c->file, c->name, path, &p->value, e) != 0)
		return -1;
	p->name = name;
	p->role = (enum param_role)role;
	p->init = (enum param_init)init;
	p->group = (int)number;
	p->frozen = frozen != 0;
	return 0;
}

int checkpoint_get_params(const struct checkpoint *c, const char *group, struct params *p, struct err *e)
{
	struct param *found;
	int *at_index;
	char **names;
	int n, got = 0, rc = 0;

	memset(p, 0, sizeof *p);
	if (!h5_is_group(c->file, group))
		return err_set(e, ERR_FAIL, "%s: no group %s", c->name, group);
	if (h5_names(c->file, c->name, group, &n, &names, e) != 0)
		return -1;
	found = xcalloc((size_t)n + 1, sizeof *found);
	at_index = xcalloc((size_t)n + 1, sizeof *at_index);
	for (int i = 0; i < n; i++)
		at_index[i] = -1;
	for (; got < n && rc == 0; got++) {
		int64_t index = -1;

		rc = get_param(c, group, names[got], &found[got], &index, e);
		if (rc != 0)
			break;
		if (index < 0 || index >= n || at_index[index] >= 0)
			rc = err_set(e, ERR_FAIL, "%s: %s/%s: index %lld of %d parameters", c->name, group, names[got],
				     (long long)index, n);
		else
			at_index[index] = got;
	}
	for (int i = 0; i < n && rc == 0; i++) {
		const struct param *from = &found[at_index[i]];
		int k = params_add(p, from);

		memcpy(p->at[k].value.data, from->value.data, tensor_bytes(&from->value));
	}
	for (int i = 0; i < n; i++)
		tensor_free(&found[i].value);
	free(found);
	free(at_index);
	h5_names_free(n, names);
	return rc;
}

int checkpoint_load_params(const struct checkpoint *c, const char *group, struct params *p, struct err *e)
{
	struct params stored;
	int rc = checkpoint_get_params(c, group, &stored, e);

	for (int i = 0; i < stored.n && rc == 0; i++)
		if (params_find(p, stored.at[i].name) < 0)
			rc = err_set(e, ERR_USAGE, "%s: parameter %s is unknown to this model", c->name,
				     stored.at[i].name);
	for (int i = 0; i < p->n && rc == 0; i++) {
		struct tensor *want = &p->at[i].value;
		int k = params_find(&stored, p->at[i].name);
		char had[SHAPE_TEXT], wanted[SHAPE_TEXT];

		if (k < 0)
			rc = err_set(e, ERR_USAGE, "%s: no parameter %s", c->name, p->at[i].name);
		else if (!shape_equal(&want->shape, &stored.at[k].value.shape))
			rc = err_set(e, ERR_USAGE, "%s: parameter %s has shape %s, the model needs %s", c->name,
				     p->at[i].name, shape_text(had, &stored.at[k].value.shape),
				     shape_text(wanted, &want->shape));
		else
			tensor_convert(stored.at[k].value.dtype, stored.at[k].value.data, want->dtype, want->data,
				       shape_count(&want->shape));
	}
	params_free(&stored);
	return rc;
}

int checkpoint_layout(const struct checkpoint *c, struct layout *l, struct err *e)
{
	*l = (struct layout){ 0 };
	return checkpoint_has(c, "data") ? native_layout(c->file, c->name, l, e) : 0;
}
