/* variables.c: rules that give named arrays their meaning. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/variables.h"

enum { VECTOR_MAX = 1 << 26 };

static int find(const struct variables *v, const char *const *names)
{
	for (; *names; names++)
		for (int i = 0; i < v->n; i++)
			if (strcmp(v->at[i].name, *names) == 0)
				return i;
	return -1;
}

/* Extents without the complex axis. */
static int rank_of(const struct variable *a)
{
	return a->rank - (a->complex ? 1 : 0);
}

static int64_t count_of(const struct variable *a)
{
	int64_t n = 1;

	for (int k = 0; k < rank_of(a); k++) {
		if (a->dim[k] == 0)
			return 0;
		if (n > INT64_MAX / a->dim[k])
			return INT64_MAX;
		n *= a->dim[k];
	}
	return n;
}

/* Length of a real vector: (n), (n, 1) or (1, n); -1: none. */
static int64_t vector_length(const struct variables *v, int i)
{
	const struct variable *a = i < 0 ? NULL : &v->at[i];
	int64_t n;

	if (!a || a->complex || a->rank < 1 || a->rank > 2)
		return -1;
	n = a->rank == 1 || a->dim[1] == 1 ? a->dim[0] : a->dim[0] == 1 ? a->dim[1] : -1;
	return n > VECTOR_MAX ? -1 : n;
}

/* The values of a small variable in new memory. */
static double *read_values(const struct variables *v, int i, struct err *e)
{
	double *x = mem_new(count_of(&v->at[i]), sizeof *x, v->at[i].name, e);

	if (x && v->values(v->arg, i, x, e) != 0) {
		free(x);
		x = NULL;
	}
	return x;
}

int variables_axis(struct layout *l, const char *name, enum axis_kind kind, int64_t size)
{
	char other[32];
	bool taken = false;

	for (int i = 0; i < l->n_axes; i++) {
		if (strcmp(l->axis[i].name, name) != 0)
			continue;
		if (l->axis[i].size == size && l->axis[i].kind == kind)
			return i;
		taken = true;
	}
	if (!taken)
		return layout_add_axis(l, name, kind, size, NULL, false, 0);
	snprintf(other, sizeof other, "%.10s%lld", name, (long long)size);
	for (int i = 0; i < l->n_axes; i++)
		if (strcmp(l->axis[i].name, other) == 0)
			return i;
	return layout_add_axis(l, other, kind, size, NULL, false, 0);
}

/* x: n equidistant values. Sets coordinate, length, and periodic when the interval is symmetric about 0 without its
 * right end; takes no ownership. */
static void variables_coordinate(struct axis *axis, int64_t n, const double *x)
{
	double dx = n > 1 ? (x[n - 1] - x[0]) / (double)(n - 1) : 0;

	free(axis->coordinate);
	axis->coordinate = xmalloc((size_t)n * sizeof *x);
	memcpy(axis->coordinate, x, (size_t)n * sizeof *x);
	axis->length = x[n - 1] - x[0];
	if (axis->kind == AXIS_SPACE && n > 2 && dx > 0 && fabs(x[0] + x[n - 1] + dx) < 1e-6 * dx) {
		axis->periodic = true;
		axis->length = (double)n * dx;
	}
}

static int set_coordinate(const struct variables *v, int i, struct axis *axis, struct err *e)
{
	double *x = read_values(v, i, e);

	if (!x)
		return -1;
	variables_coordinate(axis, axis->size, x);
	free(x);
	return 0;
}

/* Numbers that stand alone belong to the whole set. */
static int add_param(const struct variables *v, int i, struct layout *l, struct err *e)
{
	double *x = read_values(v, i, e);

	if (!x)
		return -1;
	layout_add_param(l, v->at[i].name, *x);
	free(x);
	return 0;
}

static void add_field(const struct variables *v, struct layout *l, struct axis_map **map, const char *name,
		      enum field_role role, const int *axes, const struct axis_map *m)
{
	int i = layout_add_field(l, name, v->at[m->variable].dtype, role, m->n, axes);

	*map = xrealloc(*map, (size_t)l->n_fields * sizeof **map);
	(*map)[i] = *m;
}

/* ---- rules 1 and 2: one sample on a grid whose axes are given as vectors ---- */

/* 1: the variable's axes are (x, t), 2: (t, x), 0: neither, 3: both fit. */
static int order_of(const struct variable *a, int64_t nx, int64_t nt)
{
	int64_t p = a->rank > 0 ? a->dim[0] : 0, q = a->rank > 1 ? a->dim[1] : 0;

	if (rank_of(a) != 2 || (p == 1 && q == 1))
		return 0;
	return (p == nx && q == nt ? 1 : 0) | (p == nt && q == nx ? 2 : 0);
}

/* Axes of the field in canonical order (time, channel, space) from the variable's axes first, second. */
static void add_grid_field(const struct variables *v, int i, struct layout *l, struct axis_map **map, bool in_time,
			   const int *grid, const int *at)
{
	const struct variable *a = &v->at[i];
	struct axis_map m = { .variable = i, .sample = -1 };
	int axes[3];
	const char *name = strcmp(a->name, "usol") == 0 || strcmp(a->name, "uu") == 0 ? "u" : a->name;

	for (int k = 0; k < 2; k++) {
		if (k == (in_time ? 1 : 0) && a->complex) {
			axes[m.n] = variables_axis(l, "channel", AXIS_CHANNEL, 2);
			m.axis[m.n++] = a->rank - 1;
		}
		axes[m.n] = grid[k];
		m.axis[m.n++] = at[k];
	}
	add_field(v, l, map, name, in_time ? ROLE_TRAJECTORY : ROLE_TARGET, axes, &m);
}

/* 1: recognised, 0: not this, -1: error. first: the vector of the first canonical axis (t, or x of a steady set). */
static int grid_layout(const struct variables *v, int first, int second, bool in_time, struct layout *l,
		       struct axis_map **map, struct err *e)
{
	int64_t n_first = vector_length(v, first), n_second = vector_length(v, second);
	int grid[2], n_found = 0;

	if (n_first < 2 || n_second < 2)
		return 0;
	for (int i = 0; i < v->n; i++)
		if (i != first && i != second && order_of(&v->at[i], n_first, n_second))
			n_found++;
	if (n_found == 0)
		return 0;
	if (in_time && n_first == n_second)
		return err_set(e, ERR_USAGE,
			       "%s and %s have the same length %lld: which axis of the data is time cannot be told",
			       v->at[first].name, v->at[second].name, (long long)n_first);
	l->n_samples = 1;
	grid[0] = in_time ? variables_axis(l, "t", AXIS_TIME, n_first) : variables_axis(l, "x", AXIS_SPACE, n_first);
	grid[1] = variables_axis(l, in_time ? "x" : "y", AXIS_SPACE, n_second);
	if (set_coordinate(v, first, &l->axis[grid[0]], e) != 0 || set_coordinate(v, second, &l->axis[grid[1]], e) != 0)
		return -1;
	for (int i = 0; i < v->n; i++) {
		static const int straight[2] = { 0, 1 }, crossed[2] = { 1, 0 };
		int order = order_of(&v->at[i], n_first, n_second);

		if (i == first || i == second)
			continue;
		if (order)
			add_grid_field(v, i, l, map, in_time, grid, order & 1 ? straight : crossed);
		else if (count_of(&v->at[i]) == 1 && !v->at[i].complex && add_param(v, i, l, e) != 0)
			return -1;
	}
	return 1;
}

/* ---- rule 3: samples on the first axis ---- */

static const char *const input_names[] = { "a", "coeff", "input", NULL };
static const char *const output_names[] = { "u", "sol", "output", NULL };
static const char *const tensor_input[] = { "x", "a", "coeff", "input", NULL };
static const char *const tensor_output[] = { "y", "u", "sol", "output", NULL };
static const char *const time_names[] = { "t", "tt", NULL };

static int largest(const struct variables *v)
{
	int best = -1;

	for (int i = 0; i < v->n; i++)
		if (rank_of(&v->at[i]) > 0 && (best < 0 || count_of(&v->at[i]) > count_of(&v->at[best])))
			best = i;
	return best;
}

static bool same_space(const struct variable *a, int from_a, const struct variable *b, int from_b, int n)
{
	for (int k = 0; k < n; k++)
		if (a->dim[from_a + k] != b->dim[from_b + k])
			return false;
	return true;
}

/* Which axis of a is time, which its channels; -1: none. */
static void find_axes(const struct variables *v, const struct variable *a, const struct variable *in, int64_t n_time,
		      int *time, int *channel)
{
	int rank = rank_of(a), in_rank = in ? rank_of(in) : -1;

	*time = *channel = -1;
	if (a->complex)
		*channel = a->rank - 1;
	if (v->matlab && in && strcmp(in->name, "input") == 0 && rank == 5) {
		/* plas: (sample, x, y, time, channel) for an input of (sample, x) */
		*time = 3;
		*channel = a->complex ? *channel : 4;
		return;
	}
	if (rank >= 3 && a->dim[rank - 1] == n_time)
		*time = rank - 1;
	else if (in && in != a && rank == in_rank + 1 && v->matlab && same_space(a, 1, in, 1, in_rank - 1))
		*time = rank - 1;
	else if (in && in != a && rank == in_rank + 1 && !v->matlab && same_space(a, 2, in, 1, in_rank - 1))
		*time = 1;
	/* Without time a fourth axis (of three in space: unless all are equal) is channels, second as PyTorch has it. */
	if (*time < 0 && !v->matlab && *channel < 0 &&
	    (rank >= 5 || (rank == 4 && !(a->dim[1] == a->dim[2] && a->dim[2] == a->dim[3]))))
		*channel = 1;
	if (*time == 1 && *channel < 0 && rank >= 5 && !v->matlab && in_rank >= 4)
		*channel = 2;
}

static int add_sample_field(const struct variables *v, int i, const struct variable *in, int64_t n_time,
			    bool per_sample, enum field_role role, struct layout *l, struct axis_map **map,
			    struct err *e)
{
	static const char *const space[] = { "x", "y", "z", "w" };
	const struct variable *a = &v->at[i];
	struct axis_map m = { .variable = i, .sample = per_sample ? 0 : -1 };
	int time = -1, channel = a->complex ? a->rank - 1 : -1, n_space = 0, axes[ARRAY_RANK_MAX];

	if (per_sample)
		find_axes(v, a, in, n_time, &time, &channel);
	if (a->rank - (per_sample ? 1 : 0) > SHAPE_MAX - 1)
		return err_set(e, ERR_USAGE, "%s has too many axes", a->name);
	if (time >= 0) {
		axes[m.n] = variables_axis(l, "t", AXIS_TIME, a->dim[time]);
		m.axis[m.n++] = time;
	}
	if (channel >= 0) {
		axes[m.n] = variables_axis(l, "channel", AXIS_CHANNEL, a->dim[channel]);
		m.axis[m.n++] = channel;
	}
	for (int k = per_sample ? 1 : 0; k < a->rank; k++) {
		if (k == time || k == channel)
			continue;
		if (n_space == 4)
			return err_set(e, ERR_USAGE, "%s has more than four axes in space", a->name);
		axes[m.n] = variables_axis(l, space[n_space++], AXIS_SPACE, a->dim[k]);
		m.axis[m.n++] = k;
	}
	if (role == ROLE_TARGET && time >= 0 && v->matlab)
		role = ROLE_TRAJECTORY;
	add_field(v, l, map, a->name, role, axes, &m);
	l->field[l->n_fields - 1].per_sample = per_sample || l->n_samples == 1;
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static void add_splits(const struct variables *v, struct layout *l)
{
	const char *name = base_name(v->path);
	int64_t n = l->n_samples, n_test = n / 6;

	if (!v->matlab || n < 2)
		return;
	if (strstr(name, "train") || strstr(name, "smooth1")) {
		layout_add_split(l, "train", 0, n);
	} else if (strstr(name, "test") || strstr(name, "smooth2")) {
		layout_add_split(l, "test", 0, n);
	} else if (strstr(name, "burgers_data_R10") && n >= 1200) {
		layout_add_split(l, "train", 0, 1000);
		layout_add_split(l, "test", n - 200, n);
	} else {
		n_test = n_test ? n_test : 1;
		layout_add_split(l, "train", 0, n - n_test);
		layout_add_split(l, "test", n - n_test, n);
	}
}

/* Domains of the published FNO sets: all on the unit interval, square or torus. */
static void add_domain(const struct variables *v, struct layout *l)
{
	static const struct {
		const char *start;
		bool periodic;
	} known[] = {
		{ "NavierStokes_", true }, { "ns_", true }, { "burgers_data_R", true }, { "piececonst_", false }
	};
	const char *name = base_name(v->path);

	for (size_t i = 0; v->matlab && i < sizeof known / sizeof *known; i++) {
		if (!str_starts(name, known[i].start))
			continue;
		for (int k = 0; k < l->n_axes; k++) {
			struct axis *a = &l->axis[k];
			double cells = (double)(known[i].periodic ? a->size : a->size - 1);

			if (a->kind != AXIS_SPACE || a->size < 2 || a->size > VECTOR_MAX)
				continue;
			a->periodic = known[i].periodic;
			a->length = 1;
			free(a->coordinate);
			a->coordinate = xmalloc((size_t)a->size * sizeof(double));
			for (int64_t j = 0; j < a->size; j++)
				a->coordinate[j] = (double)j / cells;
		}
	}
}

static int sample_layout(const struct variables *v, struct layout *l, struct axis_map **map, struct err *e)
{
	int input = find(v, v->matlab ? input_names : tensor_input);
	int output = find(v, v->matlab ? output_names : tensor_output), t = find(v, time_names);
	int lead = input >= 0 && rank_of(&v->at[input]) > 0 ? input : output;
	const struct variable *in;
	int64_t n_time = vector_length(v, t);

	if (lead < 0 || rank_of(&v->at[lead]) == 0)
		lead = largest(v);
	if (lead < 0 || v->at[lead].dim[0] < 1)
		return err_set(e, ERR_USAGE, "no array with samples in it");
	l->n_samples = v->at[lead].dim[0];
	in = input >= 0 && lead == input ? &v->at[input] : NULL;
	/* One unnamed matrix is one field, not a row a sample (py2d's Omega). */
	if (v->matlab && v->n == 1 && rank_of(&v->at[0]) == 2 && lead != input && lead != output)
		l->n_samples = 1;
	for (int i = 0; i < v->n; i++) {
		const struct variable *a = &v->at[i];
		bool per_sample = rank_of(a) > 0 && a->dim[0] == l->n_samples && count_of(a) > 0;
		enum field_role role = i == input ? ROLE_INPUT : i == output ? ROLE_TARGET : ROLE_NONE;

		if (i == t && n_time > 0)
			continue;
		if (count_of(a) == 0)
			continue;
		if (count_of(a) == 1 && !a->complex && role == ROLE_NONE) {
			if (add_param(v, i, l, e) != 0)
				return -1;
			continue;
		}
		if (role != ROLE_NONE && !per_sample)
			return err_set(e, ERR_USAGE, "%s has %lld samples, %s has %lld", v->at[lead].name,
				       (long long)l->n_samples, a->name, (long long)(a->rank ? a->dim[0] : 1));
		if (add_sample_field(v, i, in, n_time, per_sample, role, l, map, e) != 0)
			return -1;
	}
	for (int k = 0; k < l->n_axes; k++)
		if (l->axis[k].kind == AXIS_TIME && l->axis[k].size == n_time &&
		    set_coordinate(v, t, &l->axis[k], e) != 0)
			return -1;
	add_splits(v, l);
	add_domain(v, l);
	return 0;
}

int variables_layout(const struct variables *v, struct layout *l, struct axis_map **map, struct err *e)
{
	static const char *const x_name[] = { "x", NULL }, *const y_name[] = { "y", NULL };
	int t = find(v, time_names), x = find(v, x_name), y = find(v, y_name);
	int status;

	*map = NULL;
	status = grid_layout(v, t, x, true, l, map, e);
	if (status == 0)
		status = grid_layout(v, x, y, false, l, map, e);
	if (status == 0)
		status = sample_layout(v, l, map, e);
	if (status >= 0 && l->n_fields == 0)
		status = err_set(e, ERR_USAGE, "no numeric arrays");
	if (status < 0) {
		free(*map);
		*map = NULL;
		return -1;
	}
	return 0;
}
