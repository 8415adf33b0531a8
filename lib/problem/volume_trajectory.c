/* volume_trajectory.c: a finite-volume run as the frames of a sample. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/axes.h"
#include "problem/volume_state.h"

/* Means over blocks of `refine` cells along every axis, of the conserved variables; then primitive variables of the
 * means. */
static int read_blocks(const struct volume *v, int64_t refine, int n_fields, double *const *field, int64_t offset,
		       double *spare, struct err *e)
{
	const struct volume_setup *s = &v->setup;
	int64_t coarse[VOLUME_DIMS], cells = 1;
	double share = 1;
	const int last = s->dims - 1;

	for (int a = 0; a < s->dims; a++) {
		coarse[a] = s->size[a] / refine;
		cells *= coarse[a];
		share /= (double)refine;
	}
	memset(spare, 0, (size_t)(v->n * cells) * sizeof *spare);
	for (int k = 0; k < v->n; k++)
		for (int64_t r = 0; r < volume_rows(v); r++) {
			const double *u = v->conserved + k * v->plane + volume_cell_row(v, r);
			int64_t to = 0, scale = coarse[last], rest = r;

			for (int a = last - 1; a >= 0; a--) {
				to += scale * (rest % s->size[a] / refine);
				rest /= s->size[a];
				scale *= coarse[a];
			}
			for (int64_t j = 0; j < s->size[last]; j++)
				spare[k * cells + to + j / refine] += share * u[j];
		}
	if (s->law->primitive(&s->physics, s->dims, cells, cells, spare, spare + v->n * cells) > 0)
		return err_set(e, ERR_FAIL, "means over %lld cells are no state at t = %g", (long long)refine, v->time);
	for (int k = 0; k < n_fields; k++)
		memcpy(field[k] + offset, spare + (v->n + k) * cells, (size_t)cells * sizeof *spare);
	return 0;
}

int volume_trajectory(struct volume *v, const double *start, int64_t refine, int64_t frames, double T, int n_fields,
		      double *const *field, int64_t sample, double *steps, struct err *e)
{
	int64_t cells = 1;
	double *spare;
	int status;

	for (int a = 0; a < v->setup.dims; a++)
		cells *= v->setup.size[a] / refine;
	spare = mem_new(2 * v->n * cells, sizeof *spare, "finite volumes", e);
	status = spare ? volume_start(v, start, e) : -1;
	for (int64_t k = 0; k <= frames && status == 0; k++) {
		status = volume_advance(v, T * ((double)k / (double)frames), e);
		if (status == 0)
			status = read_blocks(v, refine, n_fields, field, k * cells, spare, e);
	}
	free(spare);
	*steps = (double)v->steps;
	return status == 0 ? 0 : problem_sample_error(e, sample);
}

void volume_work_free(void *work)
{
	struct volume_work *w = work;

	if (!w)
		return;
	volume_free(w->volume);
	free(w->state);
	free(w);
}

struct volume_work *volume_work_new(const struct volume_setup *s, const char *what, struct err *e)
{
	struct volume_work *w = xcalloc(1, sizeof *w);
	int64_t numbers = volume_count(s->law, s->dims);

	w->volume = volume_new(s, e); /* refuses numbers of cells that are no number */
	for (int a = 0; a < s->dims && w->volume; a++)
		numbers *= s->size[a];
	w->state = w->volume ? mem_new(numbers, sizeof *w->state, what, e) : NULL;
	if (w->state)
		return w;
	volume_work_free(w);
	return NULL;
}
