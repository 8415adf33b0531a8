/* runge_kutta.c: the short ways into ode.c: a fixed number of steps; steps under control that end at every output. */
#include "integ/integ.h"
#include "integ/ode.h"

#include <string.h>

int integ_fixed(const struct tableau *m, integ_rhs f, void *context, int64_t n, double t0, double t1, int64_t n_steps,
		double *y, struct err *e)
{
	const struct ode_system o = { .n = n, .f = f, .context = context };
	const struct controller_config control = { .fixed = true,
						   .dt0 = (t1 > t0 ? t1 - t0 : t0 - t1) / (double)n_steps,
						   .max_steps = n_steps + 1 };
	const struct ode_run run = { .method = m->name, .control = &control, .t0 = t0, .t1 = t1 };

	return ode_solve(&o, &run, y, NULL, e);
}

/* The PI rule of Hairer and Wanner (Solving ODEs II, IV.2), exponents 0.85/q and 0.2/q. */
int integ_adaptive(const struct tableau *m, integ_rhs f, void *context, int64_t n, const double *y0, int64_t n_out,
		   const double *t_out, const struct integ_tolerance *tol, double *out, struct integ_counts *counts,
		   struct err *e)
{
	const struct ode_system o = { .n = n, .f = f, .context = context };
	const struct controller_config control = { .rtol = tol->rtol,
						   .atol = tol->atol,
						   .p = 0.2,
						   .i = 0.65,
						   .dt0 = tol->first_step,
						   .max_steps = tol->max_steps,
						   .n_stop = n_out,
						   .stop = t_out };
	/* outputs after the first; the march's own state goes where the last one will be */
	double *const last = out + (n_out - 1) * n;
	const struct ode_run run = { .method = m->name,
				     .control = &control,
				     .t0 = t_out[0],
				     .t1 = t_out[n_out - 1],
				     .n_save = n_out - 1,
				     .save = t_out,
				     .out = out };
	struct ode_result r = { 0 };
	int status;

	memmove(last, y0, (size_t)n * sizeof *y0);
	status = ode_solve(&o, &run, last, &r, e);
	if (counts)
		*counts = (struct integ_counts){ r.evaluations, r.accepted, r.rejected };
	return status;
}
