/* scene.h: a schedule of noise, a Gaussian mixture whose denoiser is exact, and starting points, for tests of the steps
 * of diffusion and flow samplers. */
#ifndef SCIML_TESTS_KINDS_SCENE_H
#define SCIML_TESTS_KINDS_SCENE_H

#include "sampler/mixture.h"
#include "sampler/stepper.h"

enum { GMM_A, MILD8, RING8 }; /* sets of mixture_named */
enum { POINTS = 64, MANY = 512, DIM = 2, SIZE = POINTS * DIM, MOST = MANY * DIM };

struct scene {
	struct noise_schedule schedule;
	struct mixture *mixture;
	int n; /* points: POINTS, or up to MANY */
	double start[MOST], reference[MOST];
	int64_t calls; /* of the last run */
};

extern const struct step_options scene_plain;
extern const struct noise_spec scene_vp;

/* All end the test with a message on failure. */
struct scene scene_open(const struct noise_spec *spec, int set);
void scene_close(struct scene *s);
struct stepper *scene_stepper(struct scene *s, const char *method, enum step_times kind, int64_t steps,
			      const struct step_options *o);
/* The starting points taken to t_end, into x. */
void scene_run(struct scene *s, const char *method, enum step_times kind, int64_t steps, const struct step_options *o,
	       double *x);
/* s->reference: where the points end by a method of another family, with an error below 1e-10 for gmm-a. */
void scene_refer(struct scene *s);

/* Entry n of the table of methods; NULL behind the last. */
const struct stepper_class *scene_method(int n);
int scene_methods(void);

#endif
