/* step_keys.c: from keys to a method on a grid of times. */
#include "sampler/step_keys.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "conf/help.h"
#include "sampler/noise_keys.h"

const char *const step_grid_names[] = { "auto", "uniform", "power", "log-snr", "karras", NULL };

/* Deterministic methods stay so unless told. */
struct step_options step_options_of(const struct step_keys *c, const struct stepper_class *m)
{
	return (struct step_options){ .eta = c->eta >= 0 ? c->eta
					     : m->noisy	 ? 1
							 : 0,
				      .churn = c->churn,
				      .churn_min = c->churn_min,
				      .churn_max = c->churn_max,
				      .churn_inflation = c->churn_inflation,
				      .rtol = c->rtol,
				      .atol = c->atol,
				      .denoise = c->denoise,
				      .corrector = c->corrector,
				      .corrector_ratio = c->corrector_ratio };
}

const struct stepper_class *step_method(const struct step_keys *c, struct err *e)
{
	const struct stepper_class *m = stepper_find(c->method);
	const char *names[256], *near;
	int n = 0;

	if (m)
		return m;
	for (int i = 0; stepper_files[i]; i++)
		for (int k = 0; stepper_files[i][k] && n < 256; k++)
			names[n++] = stepper_files[i][k]->name;
	near = str_nearest(c->method, n, names);
	err_set(e, ERR_USAGE, "method: no method '%s'%s%s%s", c->method, near ? ", did you mean '" : "",
		near ? near : "; --describe diffusion lists them", near ? "'?" : "");
	return NULL;
}

int step_schedule(const struct stepper_class *m, const struct noise_spec *given, struct noise_schedule *s,
		  struct err *e)
{
	struct noise_spec spec = *given;

	if (noise_is_flow(spec.kind) && !m->ends) {
		spec.T = spec.T > 0 ? spec.T : 0.999;
		spec.t_end = spec.t_end > 0 ? spec.t_end : 1e-3;
	}
	return noise_open(s, &spec, e);
}

static enum step_times times_of(const struct step_keys *c, const struct stepper_class *m, enum noise_kind kind)
{
	if (c->times > 0)
		return (enum step_times)(c->times - 1);
	if (noise_is_flow(kind) && m->ends)
		return TIMES_UNIFORM;
	return kind == NOISE_EDM || kind == NOISE_VE ? TIMES_KARRAS : TIMES_LOG_SNR;
}

struct stepper *step_open(const struct step_keys *c, const struct stepper_class *m, const struct noise_schedule *s,
			  struct err *e)
{
	const struct step_options o = step_options_of(c, m);
	const int64_t n = stepper_intervals(m, &o, c->steps);
	struct stepper *out = NULL;
	double *t;

	if (n < 1) {
		err_set(e, ERR_USAGE, "steps: %lld leave none before the one that denoises", (long long)c->steps);
		return NULL;
	}
	t = mem_new(n + 1, sizeof *t, "times", e);
	if (t && step_times_fill(times_of(c, m, s->spec.kind), s, c->power, n, t, e) == 0)
		out = stepper_new(m, s, &o, c->steps, n, t, e);
	free(t);
	return out;
}

void step_describe(bool man, struct str *out)
{
	enum { COLUMN = 26 };

	str_add(out, man ? ".PP\nMethods:\n" : "  methods:\n");
	for (int i = 0; stepper_files[i]; i++)
		for (int k = 0; stepper_files[i][k]; k++) {
			const struct stepper_class *m = stepper_files[i][k];
			struct str text = { 0 };

			str_add(&text, m->summary);
			if (m->noisy)
				str_add(&text, "; random");
			else
				str_printf(&text, "; order %d", m->order);
			if (m->calls > 1)
				str_printf(&text, ", %d model calls a step", m->calls);
			str_printf(&text, ". %s", m->source);
			if (man) {
				str_add(out, ".TP\n.B ");
				help_roff(out, m->name);
				str_add(out, "\n");
				help_roff(out, str_text(&text));
				str_add(out, "\n");
			} else {
				help_entry(out, m->name, COLUMN, str_text(&text));
			}
			str_free(&text);
		}
}
