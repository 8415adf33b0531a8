/* case_diffeq.c: a step of training a neural ODE: adaptive solve, loss, gradient of the steps that were taken, Adam. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "learn.h"
#include "learner/trajectory.h"

enum { BATCH = 64, STATE = 2, WIDTH = 32 };

struct ode_setting {
	int64_t frames;
	double end;
};

/* The vector field of diffrax's benchmark of small neural ODEs (a hidden layer of 32 softplus, tanh behind), its
 * tolerances and batch; as many states are kept as RecursiveCheckpointAdjoint keeps. */
#define ODE                                                                                                            \
	"{model: {name: vector-field, width: 32, depth: 1, scale: false}, data: {real: float64},"                      \
	" objective: {name: neural-ode, method: dopri5, rtol: 1e-6, atol: 1e-6, adjoint: checkpoint, slots: 90},"      \
	" optim: adam, train: {batch: 64, schedule: constant}}"

/* Paths of normal numbers at equal distances of time. */
static struct dataset *paths(const struct ode_setting *s, struct err *e)
{
	struct layout l = { .n_samples = BATCH };
	const int64_t n = BATCH * s->frames * STATE;
	double *time = xcalloc((size_t)s->frames, sizeof *time), *value = xaligned((size_t)n * sizeof *value);
	struct dataset *d;
	int axis[2];

	for (int64_t k = 0; k < s->frames; k++)
		time[k] = s->end * (double)k / (double)(s->frames - 1);
	axis[0] = layout_add_axis(&l, "t", AXIS_TIME, s->frames, time, false, 0);
	axis[1] = layout_add_axis(&l, "component", AXIS_CHANNEL, STATE, NULL, false, 0);
	layout_add_field(&l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, axis);
	rng_normal(rng_stream(7, "bench", 0, 0), 0, (size_t)n, value);
	free(time);
	return dataset_from_memory(&d, "paths", "memory", &l, (void *[]){ value }, e) == 0 ? d : NULL;
}

static void *open_ode(const struct bench_case *c, const char *dir, struct err *e)
{
	const struct ode_setting *s = c->setting;
	struct learn *w = xcalloc(1, sizeof *w);
	const struct trajectory *series;

	w->data = paths(s, e);
	if (!w->data || learn_configure(w, ODE, e) != 0 || trainer_open(&w->t, w->data, NULL, e) != 0)
		return NULL;
	w->t.batch_n = BATCH;
	for (int64_t i = 0; i < BATCH; i++)
		w->t.item[i] = i;
	series = w->t.learning;
	struct tensor u = { .dtype = DTYPE_F64,
			    .shape = shape_of(BATCH, s->frames, STATE),
			    .data = series->train.array[0].value };
	struct tensor t = { .dtype = DTYPE_F64, .shape = shape_of(s->frames), .data = series->train.time };
	return bench_put(dir, "u", &u, e) == 0 && bench_put(dir, "t", &t, e) == 0 && learn_put_weights(w, dir, e) == 0
		       ? w
		       : NULL;
}

static const struct ode_setting path = { 100, 10 }, end = { 2, 10 };

#define CASE(NAME, SIZE, SETTING)                                                                                      \
	{                                                                                                              \
		.name = NAME, .size = SIZE, .open = open_ode, .run = learn_run, .result = learn_result,                \
		.close = learn_close, .setting = SETTING                                                               \
	}
const struct bench_case diffeq_cases[] = {
	CASE("neural-ode", "batch 64 of R^2 width 32 dopri5 1e-6 100 outputs", &path),
	CASE("neural-ode-end", "batch 64 of R^2 width 32 dopri5 1e-6 end only", &end),
	{ .name = NULL },
};
