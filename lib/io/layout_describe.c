/* layout_describe.c: building and copying the description of a data set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/dataset.h"

void layout_free(struct layout *l)
{
	for (int i = 0; i < l->n_axes; i++)
		free(l->axis[i].coordinate);
	free(l->axis);
	free(l->field);
	free(l->split);
	free(l->param);
	free(l->equation);
	memset(l, 0, sizeof *l);
}

static void *copy(const void *from, int n, size_t size)
{
	void *to;

	if (n == 0)
		return NULL;
	to = xcalloc((size_t)n, size);
	memcpy(to, from, (size_t)n * size);
	return to;
}

struct layout layout_copy(const struct layout *l)
{
	struct layout c = *l;

	c.axis = copy(l->axis, l->n_axes, sizeof *l->axis);
	c.field = copy(l->field, l->n_fields, sizeof *l->field);
	c.split = copy(l->split, l->n_splits, sizeof *l->split);
	c.param = copy(l->param, l->n_params, sizeof *l->param);
	c.equation = l->equation ? xstrdup(l->equation) : NULL;
	for (int i = 0; i < c.n_axes; i++)
		if (c.axis[i].coordinate)
			c.axis[i].coordinate = copy(l->axis[i].coordinate, (int)l->axis[i].size, sizeof(double));
	return c;
}

/* Room for one more; lists are short, growth by one is fine. Entries are zeroed, names are cut at their room. */
static void *grow(void *list, int n, size_t size)
{
	char *bigger = xrealloc(list, (size_t)(n + 1) * size);

	memset(bigger + (size_t)n * size, 0, size);
	return bigger;
}

int layout_add_axis(struct layout *l, const char *name, enum axis_kind kind, int64_t size, const double *coordinate,
		    bool periodic, double length)
{
	struct axis *a;

	l->axis = grow(l->axis, l->n_axes, sizeof *l->axis);
	a = &l->axis[l->n_axes];
	snprintf(a->name, sizeof a->name, "%s", name);
	a->kind = kind;
	a->size = size;
	a->periodic = periodic;
	a->length = length;
	if (coordinate) {
		a->coordinate = xcalloc((size_t)size + 1, sizeof(double));
		memcpy(a->coordinate, coordinate, (size_t)size * sizeof(double));
	}
	return l->n_axes++;
}

int layout_add_field(struct layout *l, const char *name, enum dtype t, enum field_role role, int n_axes,
		     const int *axis)
{
	struct field *f;

	l->field = grow(l->field, l->n_fields, sizeof *l->field);
	f = &l->field[l->n_fields];
	snprintf(f->name, sizeof f->name, "%s", name);
	f->dtype = t;
	f->role = role;
	f->n_axes = n_axes;
	f->per_sample = true;
	for (int k = 0; k < n_axes; k++)
		f->axis[k] = axis[k];
	return l->n_fields++;
}

void layout_add_split(struct layout *l, const char *name, int64_t first, int64_t last)
{
	struct split_range *s;

	l->split = grow(l->split, l->n_splits, sizeof *l->split);
	s = &l->split[l->n_splits++];
	snprintf(s->name, sizeof s->name, "%s", name);
	s->first = first;
	s->last = last;
}

/* By name, as files list them: read and written again, a file has the same bytes. */
void layout_add_param(struct layout *l, const char *name, double value)
{
	int at = l->n_params;

	l->param = grow(l->param, l->n_params, sizeof *l->param);
	for (; at > 0 && strcmp(l->param[at - 1].name, name) > 0; at--)
		l->param[at] = l->param[at - 1];
	snprintf(l->param[at].name, sizeof l->param->name, "%s", name);
	l->param[at].value = value;
	l->n_params++;
}

int layout_find_field(const struct layout *l, const char *name)
{
	for (int i = 0; i < l->n_fields; i++)
		if (strcmp(l->field[i].name, name) == 0)
			return i;
	return -1;
}

struct shape layout_field_shape(const struct layout *l, int field)
{
	const struct field *f = &l->field[field];
	struct shape s = { 0 };

	s.rank = f->n_axes;
	for (int k = 0; k < f->n_axes; k++)
		s.dim[k] = l->axis[f->axis[k]].size;
	return s;
}

int64_t layout_field_count(const struct layout *l, int field)
{
	struct shape s = layout_field_shape(l, field);

	return shape_count(&s);
}

int layout_check_sizes(const struct layout *l, int64_t samples, struct err *e)
{
	for (int f = 0; f < l->n_fields; f++) {
		double count = l->field[f].per_sample ? (double)samples : 1;

		for (int k = 0; k < l->field[f].n_axes; k++) {
			const struct axis *a = &l->axis[l->field[f].axis[k]];

			if (a->size <= 0)
				return err_set(e, ERR_USAGE, "%s: axis %s has %lld points", l->field[f].name, a->name,
					       (long long)a->size);
			count *= (double)a->size;
		}
		if (count > 0x1p48)
			return err_set(e, ERR_FAIL, "%s claims %.3g elements", l->field[f].name, count);
	}
	return 0;
}
