/* axes.h: axes and small duties that most problems share. */
#ifndef SCIML_PROBLEM_AXES_H
#define SCIML_PROBLEM_AXES_H

#include "io/dataset.h"

/* t = 0, T/frames, ... T: frames + 1 points. */
int problem_time_axis(struct layout *l, int64_t frames, double T);
/* Periodic, x_i = i length / n. */
int problem_periodic_axis(struct layout *l, const char *name, int64_t n, double length);
/* Both ends included, x_i = i length / (n - 1). */
int problem_closed_axis(struct layout *l, const char *name, int64_t n, double length);
/* Cell centres, x_i = low + length (i + 1/2) / n. */
int problem_cell_axis(struct layout *l, const char *name, int64_t n, double low, double length, bool periodic);

/* march_input of problems whose layout is always the trajectory u, or always the map a -> u. */
const char *const *problem_march_u(const void *config);
const char *const *problem_march_a(const void *config);

/* numbers of problems that tell their steps alone, or steps and mass_drift. */
struct problem_numbers;
void problem_numbers_steps(const void *config, struct problem_numbers *n);
void problem_numbers_drift(const void *config, struct problem_numbers *n);

/* Points an axis that are kept must be every k-th of the solver's: ERR_USAGE. */
int problem_check_subset(int64_t grid, int64_t solve_grid, struct err *e);

/* For problems without a work area. */
int problem_prepare_none(const void *config, void **work, struct err *e);
void problem_release_none(void *work);

/* "sample 17: " in front of the message; returns -1. */
int problem_sample_error(struct err *e, int64_t sample);

#endif
