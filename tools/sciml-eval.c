/* sciml-eval: judge predictions, describe and check data. */
#include "base/log.h"
#include "cli/common.h"
#include "io/output.h"
#include "run/eval.h"

static struct opt_list metric, below, above;
static const char *by, *plot, *layout, *problem;
static bool no_baselines, precise, subset;

static const struct opt options[] = {
	{ "metric", 0, OPT_LIST, &metric, "NAME", "what to compute (repeatable; --list shows all)" },
	{ "by", 0, OPT_STRING, &by, "AXIS",
	  "also by time, channel or band (of wavenumbers); residual: by time or sample; -v: all" },
	{ "problem", 'p', OPT_INPUT, &problem, "WHAT",
	  "residual: the equation's problem: a name, FILE.yaml, or the data set of the same samples" },
	{ "below", 0, OPT_LIST, &below, "NAME=VALUE",
	  "end with status 3 unless metric NAME, or part of one as in rel_l2.median, is below VALUE (repeatable)" },
	{ "above", 0, OPT_LIST, &above, "NAME=VALUE", "likewise above VALUE" },
	{ "no-baselines", 0, OPT_FLAG, &no_baselines, NULL, "leave the trivial predictors out" },
	{ "subset", 0, OPT_FLAG, &subset, NULL, "compare where the prediction's points are some of the reference's" },
	{ "precise", 0, OPT_FLAG, &precise, NULL, "numbers with 17 digits, which read back exactly" },
	{ "plot", 0, OPT_OUTPUT, &plot, "FILE", "draw into FILE.png, .svg or .pdf" },
	{ "layout", 0, OPT_STRING, &layout, "NAME", "read the data as this layout; convert: write it" },
	{ 0 },
};
static const char *const examples[] = {
	"sciml-eval pred.h5 burgers.h5:test --below rel_l2=0.02",
	"table of metrics; status 3 if the relative error is not below 2 %",
	"sciml-eval pred.h5 burgers.h5:test --by time --plot report.png",
	"error of every frame, and a picture",
	"cat part0.h5 part1.h5 | sciml-eval -",
	"range, mean and spread of every field",
	"sciml-eval check burgers.h5",
	"look for damage, duplicates and samples without content",
	"sciml-gen kdv -n 8 -o kdv.h5 && sciml-eval residual kdv.h5 --by time --below residual=0.1",
	"do stored trajectories solve the equation that their file names?",
	"sciml-eval table fno.tsv unet.tsv --metric rel_l2",
	"results of several models side by side",
	"sciml-eval convert --layout pdebench burgers.h5 -o b.hdf5",
	"write another layout",
	NULL,
};
static const struct tool tool = {
	.name = "sciml-eval",
	.summary = "judge predictions, describe and check data",
	.synopsis =
		"[OPTION]... PREDICTION REFERENCE\n[OPTION]... DATA|MODEL.h5\n"
		"check|info|stat FILE...\nresidual [-p PROBLEM] FILE\nconvert --layout NAME FILE -o FILE\ntable TSV...",
	.options = options,
	.list = eval_list,
	.describe = eval_describe,
	.lacks = (const char *const[]){ "resume", "time-limit", "shard", "seed", NULL },
	.examples = examples,
};

static struct eval_texts texts(const struct opt_list *l)
{
	return (struct eval_texts){ l->n, l->at };
}

static int run(int n, char **operand, struct err *e)
{
	struct run_common common = run_common_of(&tool);
	struct str text = { 0 };
	struct eval_options o = {
		.metric = texts(&metric),
		.below = texts(&below),
		.above = texts(&above),
		.by = by,
		.problem = problem,
		.plot = plot,
		.layout = layout,
		.no_baselines = no_baselines,
		.precise = precise,
		.verbose = log_level() == LOG_VERBOSE,
		.subset = subset,
		.out = &text,
	};
	/* tool_main takes a word in front for a name */
	if (common.output && n > 0 && output_not_input(common.output, 1, (const char *const *)operand, e) != 0)
		return -1;
	int status = eval_run(&common, &o, n, (const char *const *)operand, e);

	if (common.output && text.length > 0 && output_write(common.output, text.text, text.length, e) != 0)
		status = -1;
	else if (!common.output)
		print_text(&text);
	str_free(&text);
	return status;
}

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv, run);
}
