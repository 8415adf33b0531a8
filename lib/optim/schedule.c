/* schedule.c: learning rate as a function of the step. */
#include <math.h>

#include "optim/optim.h"

const char *const schedule_names[] = { "constant", "step", "cosine", "one_cycle", "plateau", NULL };

/* Half a cosine from a to b, s in [0, 1]. */
static double cosine(double a, double b, double s)
{
	return b + (a - b) * 0.5 * (1 + cos(3.14159265358979323846 * s));
}

double schedule_lr(const struct schedule *s, int64_t t, int64_t total, int64_t per_epoch, double plateau_factor)
{
	double at = total > 1 ? (double)t / (double)total : 0, rise = s->warmup;

	if (s->kind == SCHEDULE_ONE_CYCLE) {
		/* Smith, Topin 2018 as PyTorch's OneCycleLR: from lr/25 to lr, then down to lr/25e4 */
		if (rise <= 0)
			rise = 0.3;
		return at < rise ? cosine(s->lr / 25, s->lr, at / rise)
				 : cosine(s->lr, s->lr / 25e4, (at - rise) / (1 - rise));
	}
	if (rise > 0 && at < rise)
		return s->lr * (double)(t + 1) / ceil(rise * (double)total);
	switch (s->kind) {
	case SCHEDULE_STEP:
		return s->lr * fmax(s->floor, pow(s->factor, (double)(t / (per_epoch * s->every))));
	case SCHEDULE_COSINE:
		return cosine(s->lr, s->floor * s->lr, (at - rise) / (1 - rise));
	case SCHEDULE_PLATEAU:
		return s->lr * fmax(s->floor, plateau_factor);
	default:
		return s->lr;
	}
}
