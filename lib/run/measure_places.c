/* measure_places.c: which points of the grid make up the value at a place, and with which weights. */
#include "run/measure_places.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "num/stencil.h"

enum { WIDTH = 6, DIMS = 3 };

struct places {
	int n_dims;
	int64_t n;
	struct axis_of {
		char name[32];
		int64_t size, inner;
		double *at; /* of every place */
		int width;
		int64_t *point; /* place x width: index along the axis */
		double *weight; /* likewise */
	} axis[DIMS];
	bool *sees;
	int n_fields;
};

void places_free(struct places *p)
{
	if (!p)
		return;
	for (int d = 0; d < DIMS; d++) {
		free(p->axis[d].at);
		free(p->axis[d].point);
		free(p->axis[d].weight);
	}
	free(p->sees);
	free(p);
}

/* The space axes of what is observed. */
static int find_axes(struct places *p, const struct layout *l, const bool *observed, int axis[DIMS], struct err *e)
{
	for (int f = 0; f < l->n_fields; f++) {
		int found[DIMS], n = 0;

		for (int i = 0; i < l->field[f].n_axes && observed[f]; i++) {
			const struct axis *a = &l->axis[l->field[f].axis[i]];

			if (a->kind == AXIS_CHANNEL)
				return err_set(e, ERR_USAGE,
					       "observe.sensors: field '%s' has an axis of channels already",
					       l->field[f].name);
			if (a->kind == AXIS_SPACE && n < DIMS)
				found[n++] = l->field[f].axis[i];
		}
		if (n == 0)
			continue;
		if (p->n_dims > 0 && (n != p->n_dims || memcmp(found, axis, (size_t)n * sizeof *axis) != 0))
			return err_set(
				e, ERR_USAGE,
				"observe.sensors: field '%s' has other axes than the ones before; name some by fields",
				l->field[f].name);
		memcpy(axis, found, (size_t)n * sizeof *axis);
		p->n_dims = n;
		p->sees[f] = true;
	}
	return p->n_dims > 0 ? 0 : err_set(e, ERR_USAGE, "observe.sensors: no observed field has space axes");
}

static int allocate(struct places *p, struct err *e)
{
	for (int d = 0; d < p->n_dims; d++) {
		struct axis_of *a = &p->axis[d];

		a->at = mem_new(p->n, sizeof *a->at, "sensors", e);
		a->point = mem_new(p->n * WIDTH, sizeof *a->point, "sensors", e);
		a->weight = mem_new(p->n * WIDTH, sizeof *a->weight, "sensors", e);
		if (!a->at || !a->point || !a->weight)
			return -1;
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int draw(struct places *p, const struct layout *l, const int *axis, const char *text, uint64_t seed,
		struct err *e)
{
	int64_t n_points = 1, *order;
	double count;

	for (int d = 0; d < p->n_dims; d++)
		n_points *= p->axis[d].size;
	if (!str_to_double(text, &count) || count != floor(count) || count < 1 || count > (double)n_points)
		return err_set(e, ERR_USAGE, "observe.sensors: '%s' is no number of points out of %lld", text,
			       (long long)n_points);
	p->n = (int64_t)count;
	order = mem_new(n_points, sizeof *order, "points of the grid", e);
	if (!order || allocate(p, e) != 0) {
		free(order);
		return -1;
	}
	rng_permutation(rng_stream(seed, "observe sensors", 0, 0), n_points, order);
	qsort(order, (size_t)p->n, sizeof *order, by_number);
	for (int64_t i = 0; i < p->n; i++)
		for (int d = 0; d < p->n_dims; d++) {
			const int64_t at = order[i] / p->axis[d].inner % p->axis[d].size;

			p->axis[d].at[i] = l->axis[axis[d]].coordinate[at];
		}
	free(order);
	return 0;
}

static int read_list(struct places *p, const struct conf_node *n, struct err *e)
{
	p->n = n->n;
	if (p->n < 1 || allocate(p, e) != 0)
		return p->n < 1 ? err_set(e, ERR_USAGE, "observe.sensors: the list is empty") : -1;
	for (int64_t i = 0; i < p->n; i++) {
		const struct conf_node *at = n->child[i];
		const bool list = at->kind == CONF_LIST;

		if ((list ? at->n : 1) != p->n_dims)
			return err_set(e, ERR_USAGE, "observe.sensors: place %lld needs %d number%s", (long long)i + 1,
				       p->n_dims, p->n_dims > 1 ? "s: [x, y]" : "");
		for (int d = 0; d < p->n_dims; d++) {
			const struct conf_node *v = list ? at->child[d] : at;

			if (v->kind != CONF_SCALAR || !str_to_double(v->text, &p->axis[d].at[i]))
				return err_set(e, ERR_USAGE, "observe.sensors: place %lld is no number",
					       (long long)i + 1);
		}
	}
	return 0;
}

/* Neighbours and weights of every place along an axis. */
static int weigh(struct places *p, int d, const struct axis *a, struct err *e)
{
	struct axis_of *to = &p->axis[d];
	const double *x = a->coordinate;
	const double low = x[0], high = a->periodic ? x[0] + a->length : x[a->size - 1];

	to->width = a->size < WIDTH ? (int)a->size : WIDTH;
	for (int64_t i = 0; i < p->n; i++) {
		if (!(to->at[i] >= low - 1e-12 * fabs(high) && to->at[i] <= high + 1e-12 * fabs(high)))
			return err_set(e, ERR_USAGE, "observe.sensors: %s = %g is outside of %g to %g", to->name,
				       to->at[i], low, high);
		stencil_interpolate(to->at[i], a->size, x, a->periodic ? a->length : 0, to->width,
				    to->point + i * WIDTH, to->weight + i * WIDTH);
	}
	return 0;
}

int places_new(struct places **out, const struct layout *l, const bool *observed, const struct conf_node *n,
	       uint64_t seed, struct err *e)
{
	struct places *p = xcalloc(1, sizeof *p);
	int axis[DIMS], status;
	int64_t inner = 1;

	p->n_fields = l->n_fields;
	p->sees = xcalloc((size_t)l->n_fields + 1, sizeof *p->sees);
	status = find_axes(p, l, observed, axis, e);
	for (int d = p->n_dims - 1; d >= 0 && status == 0; d--) {
		const struct axis *a = &l->axis[axis[d]];

		snprintf(p->axis[d].name, sizeof p->axis[d].name, "%s", a->name);
		p->axis[d].size = a->size;
		p->axis[d].inner = inner;
		inner *= a->size;
		if (!a->coordinate)
			status = err_set(e, ERR_USAGE, "observe.sensors: axis %s has no coordinates", a->name);
	}
	if (status == 0)
		status = n->kind == CONF_SCALAR ? draw(p, l, axis, n->text, seed, e)
			 : n->kind == CONF_LIST
				 ? read_list(p, n, e)
				 : err_set(e, ERR_USAGE, "observe.sensors: needs a number or a list of places");
	for (int d = 0; d < p->n_dims && status == 0; d++)
		status = weigh(p, d, &l->axis[axis[d]], e);
	if (status != 0) {
		places_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

bool places_see(const struct places *p, int field)
{
	return field < p->n_fields && p->sees[field];
}

int64_t places_count(const struct places *p)
{
	return p->n;
}

int places_dims(const struct places *p)
{
	return p->n_dims;
}

const char *places_axis(const struct places *p, int dim)
{
	return p->axis[dim].name;
}

const double *places_coordinate(const struct places *p, int dim)
{
	return p->axis[dim].at;
}

void places_values(const struct places *p, const double *frame, double *out)
{
	for (int64_t i = 0; i < p->n; i++) {
		int64_t total = 1;
		double sum = 0;

		for (int d = 0; d < p->n_dims; d++)
			total *= p->axis[d].width;
		for (int64_t k = 0; k < total; k++) {
			int64_t rest = k, at = 0;
			double weight = 1;

			for (int d = p->n_dims - 1; d >= 0; d--) {
				const struct axis_of *a = &p->axis[d];
				const int64_t j = i * WIDTH + rest % a->width;

				rest /= a->width;
				at += a->point[j] * a->inner;
				weight *= a->weight[j];
			}
			/* a place on the grid is that value alone, whatever its neighbours are */
			if (weight != 0)
				sum += weight * frame[at];
		}
		out[i] = sum;
	}
}
