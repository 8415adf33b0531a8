/* eval.c: which of the things that sciml-eval does is asked for. */
#include "run/eval.h"

#include <string.h>

#include "io/checkpoint.h"
#include "conf/help.h"
#include "run/eval_inside.h"

typedef int many(const struct eval_options *o, int n, const char *const *file, struct err *e);
static const struct {
	const char *name;
	many *run;
} verbs[] = { { "check", eval_check }, { "info", eval_info }, { "stat", eval_stat }, { "table", eval_collect } };

static bool plots(const char *verb)
{
	return strcmp(verb, "table") == 0;
}

int eval_run(const struct run_common *common, const struct eval_options *o, int n, const char *const *operand,
	     struct err *e)
{
	static const char *const input = "-";

	for (size_t i = 0; n > 0 && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(operand[0], verbs[i].name) != 0)
			continue;
		if (n == 1)
			return err_set(e, ERR_USAGE, "%s: which files?", verbs[i].name);
		if (o->plot && !plots(verbs[i].name))
			return err_set(e, ERR_USAGE, "--plot: %s draws nothing", verbs[i].name);
		return verbs[i].run(o, n - 1, operand + 1, e);
	}
	if (n > 0 && strcmp(operand[0], "convert") == 0)
		return n == 2 ? eval_convert(common, o, operand[1], e)
			      : err_set(e, ERR_USAGE, "convert: one file at a time");
	if (n > 0 && strcmp(operand[0], "residual") == 0)
		return n == 2 ? eval_residual(common, o, operand[1], e)
			      : err_set(e, ERR_USAGE, "residual: one file at a time");
	if (o->problem)
		return err_set(e, ERR_USAGE, "--problem goes with residual");
	if (n > 2)
		return err_set(e, ERR_USAGE,
			       "%d operands: PREDICTION REFERENCE are two; 'stat FILE...' describes many files", n);
	if (n == 2)
		return eval_compare(common, o, operand[0], operand[1], e);
	if (o->below.n + o->above.n > 0)
		return err_set(e, ERR_USAGE, "bounds need PREDICTION and REFERENCE");
	if (n == 1 && strcmp(operand[0], "-") != 0 && checkpoint_is(operand[0], "model"))
		return eval_history(common, o, operand[0], e);
	if (o->plot)
		return err_set(e, ERR_USAGE, "--plot needs PREDICTION and REFERENCE, or a model file");
	return eval_stat(o, 1, n == 1 ? operand : &input, e);
}

void eval_list(struct str *out)
{
	str_add(out, "metrics (*: printed when none is chosen):\n");
	for (int i = 0; metric_files[i]; i++)
		for (int k = 0; metric_files[i][k]; k++) {
			const struct metric_class *m = metric_files[i][k];

			str_printf(out, "  %-17s%s %s\n", m->name, m->by_default ? "*" : " ", m->formula);
		}
	str_add(out, "metrics of residual:\n");
	for (int i = 0; eval_residual_metrics[i]; i++)
		str_printf(out, "  %-17s* %s\n", eval_residual_metrics[i]->name, eval_residual_metrics[i]->formula);
	str_add(out, "sections:\n  eval               frames left out, baselines, pictures\n");
}

int eval_describe(const char *name, bool man, struct str *out, struct err *e)
{
	const struct metric_class *m = metric_find(name);
	const char *near = m ? NULL : metric_nearest(name);

	for (int i = 0; eval_residual_metrics[i]; i++)
		if (strcmp(eval_residual_metrics[i]->name, name) == 0)
			m = eval_residual_metrics[i];
	if (strcmp(name, "eval") == 0) {
		help_keys_of(out, man, "eval");
		key_help(eval_keys, man, out);
		return 0;
	}
	if (!m)
		return err_set(e, ERR_USAGE, "no metric '%s'%s%s%s", name, near ? "; did you mean '" : "",
			       near ? near : "; --list shows what there is", near ? "'?" : "");
	str_printf(out, man ? "%s%s.\nSource: %s.\n" : "%s: %s\n  source: %s\n", man ? "" : m->name, m->formula,
		   m->source);
	if (m->needs_grid)
		str_add(out, man ? "For points on a grid.\n" : "  for points on a grid\n");
	if (!man) {
		str_add(out, "  keys of section eval:\n");
		key_help(eval_keys, man, out);
	}
	return 0;
}
