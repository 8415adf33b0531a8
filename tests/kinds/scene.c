/* scene.c: runs of diffusion and flow samplers for tests. */
#include "scene.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

const struct step_options scene_plain = { .churn_max = HUGE_VAL, .churn_inflation = 1 };

const struct noise_spec scene_vp = { .kind = NOISE_VP_LINEAR, .beta_min = 0.1, .beta_max = 20, .t_end = 1e-2 };

struct scene scene_open(const struct noise_spec *spec, int set)
{
	struct scene s = { .mixture = mixture_named(set), .n = POINTS };
	struct err e = { 0 };

	ck_assert_msg(noise_open(&s.schedule, spec, &e) == 0, "%s", e.message);
	rng_normal(rng_stream(11, "start", 0, 0), 0, MOST, s.start);
	for (int i = 0; i < MOST; i++)
		s.start[i] *= noise_prior_std(&s.schedule);
	return s;
}

void scene_close(struct scene *s)
{
	mixture_free(s->mixture);
	noise_close(&s->schedule);
}

struct stepper *scene_stepper(struct scene *s, const char *method, enum step_times kind, int64_t steps,
			      const struct step_options *o)
{
	const struct stepper_class *c = stepper_find(method);
	struct err e = { 0 };
	struct stepper *out;
	double *t;
	int64_t n;

	ck_assert_msg(c != NULL, "no method %s", method);
	n = stepper_intervals(c, o, steps);
	t = xmalloc((size_t)(n + 1) * sizeof *t);
	ck_assert_msg(step_times_fill(kind, &s->schedule, 0, n, t, &e) == 0, "%s", e.message);
	out = stepper_new(c, &s->schedule, o, steps, n, t, &e);
	ck_assert_msg(out != NULL, "%s", e.message);
	free(t);
	return out;
}

/* The starting points taken to t_end, into x. */
void scene_run(struct scene *s, const char *method, enum step_times kind, int64_t steps, const struct step_options *o,
	       double *x)
{
	struct stepper *m = scene_stepper(s, method, kind, steps, o);
	struct denoiser d = mixture_denoiser(s->mixture, &s->schedule, stepper_find(method)->value);
	struct err e = { 0 };

	memcpy(x, s->start, (size_t)(DIM * s->n) * sizeof *x);
	ck_assert_msg(stepper_run(m, &d, 5, 0, s->n, x, &e) == 0, "%s", e.message);
	s->calls = d.calls;
	stepper_free(m);
}

/* A method of another family, with an error below 1e-10 for gmm-a. */
void scene_refer(struct scene *s)
{
	scene_run(s, "rk4", TIMES_LOG_SNR, 400, &scene_plain, s->reference);
}

const struct stepper_class *scene_method(int wanted)
{
	for (int i = 0; stepper_files[i]; i++)
		for (int k = 0; stepper_files[i][k]; k++)
			if (wanted-- == 0)
				return stepper_files[i][k];
	return NULL;
}

int scene_methods(void)
{
	int n = 0;

	while (scene_method(n))
		n++;
	return n;
}
