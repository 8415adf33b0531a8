/* axes.c: axes and small duties that most problems share. */
#include "problem/axes.h"

#include <stdlib.h>

#include "base/mem.h"
#include "problem/problem.h"

static int uniform_axis(struct layout *l, const char *name, enum axis_kind kind, int64_t n, int64_t intervals,
			bool periodic, double length)
{
	double *coordinate = xmalloc((size_t)n * sizeof *coordinate);
	int axis;

	for (int64_t i = 0; i < n; i++)
		coordinate[i] = intervals > 0 ? length * ((double)i / (double)intervals) : 0;
	axis = layout_add_axis(l, name, kind, n, coordinate, periodic, length);
	free(coordinate);
	return axis;
}

int problem_time_axis(struct layout *l, int64_t frames, double T)
{
	return uniform_axis(l, "t", AXIS_TIME, frames + 1, frames, false, T);
}

int problem_periodic_axis(struct layout *l, const char *name, int64_t n, double length)
{
	return uniform_axis(l, name, AXIS_SPACE, n, n, true, length);
}

int problem_closed_axis(struct layout *l, const char *name, int64_t n, double length)
{
	return uniform_axis(l, name, AXIS_SPACE, n, n - 1, false, length);
}

int problem_cell_axis(struct layout *l, const char *name, int64_t n, double low, double length, bool periodic)
{
	double *coordinate = xmalloc((size_t)n * sizeof *coordinate);
	int axis;

	for (int64_t i = 0; i < n; i++)
		coordinate[i] = low + length * ((double)i + 0.5) / (double)n;
	axis = layout_add_axis(l, name, AXIS_SPACE, n, coordinate, periodic, length);
	free(coordinate);
	return axis;
}

void problem_numbers_steps(const void *config, struct problem_numbers *n)
{
	(void)config;
	*n = (struct problem_numbers){ 1, { "steps" } };
}

void problem_numbers_drift(const void *config, struct problem_numbers *n)
{
	(void)config;
	*n = (struct problem_numbers){ 2, { "steps", "mass_drift" } };
}

int problem_check_subset(int64_t grid, int64_t solve_grid, struct err *e)
{
	if (solve_grid % grid == 0)
		return 0;
	return err_set(e, ERR_USAGE, "grid: %lld points are not a subset of solve_grid's %lld", (long long)grid,
		       (long long)solve_grid);
}

const char *const *problem_march_u(const void *config)
{
	static const char *const names[] = { "u", NULL };

	(void)config;
	return names;
}

const char *const *problem_march_a(const void *config)
{
	static const char *const names[] = { "a", NULL };

	(void)config;
	return names;
}

int problem_prepare_none(const void *config, void **work, struct err *e)
{
	(void)config;
	(void)e;
	*work = NULL;
	return 0;
}

void problem_release_none(void *work)
{
	(void)work;
}

int problem_sample_error(struct err *e, int64_t sample)
{
	return err_in(e, "sample %lld", (long long)sample);
}

const struct problem_class *problem_of(const struct conf *c, const char *name)
{
	if (conf_at(c, "problem.equation"))
		return problem_find("equation");
	return name ? problem_find(name) : NULL;
}
