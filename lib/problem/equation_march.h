/* equation_march.h: time stepping of equations in text, for any discretisation (equation_method.h). The key `stepper`
 * names the scheme, or leaves the choice to the equation. */
#ifndef SCIML_PROBLEM_EQUATION_MARCH_H
#define SCIML_PROBLEM_EQUATION_MARCH_H

#include "integ/integ.h"
#include "problem/equation_method.h"

extern const char *const equation_stepper_names[]; /* "auto", then the table's names; NULL-terminated */

struct equation_march;
/* One thread's stepper over d, a discretisation by m; all arguments are kept by reference. Errors (ERR_USAGE): a
 * stepper that this discretisation, this equation or this dt does not allow. */
int equation_march_new(struct equation_march **out, const struct equation_config *c, const struct equation_spec *s,
		       const struct equation_method *m, void *d, struct err *e);
void equation_march_free(struct equation_march *w);
/* Before the first step of a sample, after m->set with param: its initial state sets the scale of absolute tolerances.
 * new_tables: the linear part may differ from that of the sample before. */
void equation_march_start(struct equation_march *w, uint64_t seed, int64_t sample, const double *state,
			  const double *param, bool given, bool new_tables);
/* What marches a text without space and noise by a method of integ/ode.h, ready for the sample; NULL: equation_march_to
 * does. */
struct equation_ordinary *equation_march_ordinary(const struct equation_march *w);
/* State at t0 to state at t1. -1: "not finite at t = 0.31", too many steps. */
int equation_march_to(struct equation_march *w, double t0, double t1, double *state, struct err *e);
/* Since the start. Evaluations are those of the whole rate, or of its part outside the diagonal. */
struct integ_counts *equation_march_counts(struct equation_march *w);

#endif
