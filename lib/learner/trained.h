/* trained.h: a trained network behind the denoiser handle, so that every sampler applies to it: batches of points of
 * doubles go through its evaluation graph, with conditions, guidance and thresholding. */
#ifndef SCIML_LEARNER_TRAINED_H
#define SCIML_LEARNER_TRAINED_H

#include "learner/denoise.h"
#include "learner/generative.h"
#include "learner/interpolant.h"
#include "run/model_file.h"

/* A model file of objective denoise or interpolant. */
struct trained {
	struct model_file *file; /* borrowed */
	bool is_flow;		 /* interpolant */
	struct denoise_config config;
	struct interpolant_config flow;
	int64_t classes;	  /* of the labels that it is conditioned on */
	struct standard standard; /* its samples' scale */
	int64_t points, dim, map_dim, values;
};
/* m, of objective denoise or interpolant, is borrowed; further sections can be read from m->setup.cfg afterwards. */
int trained_open(struct trained *t, struct model_file *m, bool is_flow, struct err *e);
void trained_close(struct trained *t);

struct guidance {
	double weight; /* of the condition: estimate = without + weight (with - without); 1: with the condition alone */
	/* > 0: data estimates are clipped to the quantile of their magnitude, at least limit, and scaled back to limit (arXiv
	 * 2205.11487, section 2.3, "dynamic thresholding") */
	double quantile, limit;
};
struct trained_run;
/* For batches of n points, and no others. t is borrowed; conditions are all zeros until set. */
struct trained_run *trained_run_new(struct trained *t, int64_t n, const struct guidance *g, struct err *e);
void trained_run_free(struct trained_run *r);
/* n conditions: values (n, t->values), maps (n, t->map_dim); NULL: none. */
void trained_run_condition(struct trained_run *r, const double *values, const double *maps);
/* is_flow: the velocity, and the score where the network has learned it. r is borrowed. */
struct flow trained_flow(struct trained_run *r);
/* Objective denoise: the handle; schedule and r are borrowed. Its Jacobian is exact (forward mode); none with
 * thresholds. */
struct denoiser trained_denoiser(struct trained_run *r, const struct noise_schedule *schedule);

#endif
