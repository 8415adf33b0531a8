/* noise_keys.c: a schedule's specification out of its keys. */
#include "sampler/noise_keys.h"

struct noise_spec noise_spec_of(const struct noise_keys *k)
{
	return (struct noise_spec){ .kind = (enum noise_kind)k->schedule,
				    .T = k->T,
				    .t_end = k->t_end,
				    .beta_min = k->beta_min,
				    .beta_max = k->beta_max,
				    .sigma_min = k->sigma_min,
				    .sigma_max = k->sigma_max,
				    .shift = k->shift,
				    .betas = (enum noise_betas)k->betas,
				    .n_betas = k->beta_values.n > 0 ? k->beta_values.n : k->train_steps,
				    .beta = k->beta_values.n > 0 ? k->beta_values.at : NULL };
}

bool noise_is_flow(enum noise_kind kind)
{
	return kind == NOISE_FLOW_LINEAR || kind == NOISE_FLOW_TRIG;
}
