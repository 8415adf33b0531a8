/* sciml-solve: apply trained models and classical schemes. */
#include "cli/common.h"
#include "run/solve.h"

static const char *method, *layout;
static int64_t batch;
static bool to_steady;

static const struct opt options[] = {
	{ "method", 0, OPT_STRING, &method, "NAME", "trajectories: roll-out (default) or forward" },
	{ "batch", 0, OPT_INT, &batch, "N", "samples at a time (default 20)" },
	{ "to-steady", 0, OPT_FLAG, &to_steady, NULL, "problems: march until nothing changes, and keep that state" },
	{ "layout", 0, OPT_STRING, &layout, "NAME", "read the data as this layout" },
	{ 0 },
};
static const char *const examples[] = {
	"sciml-solve fno.h5 burgers.h5:test -o pred.h5",
	"apply a trained model to the test split",
	"sciml-solve burgers burgers.h5:test -s problem.solve_grid=1024 -o finer.h5",
	"march the equation itself from the same initial data, on a finer grid",
	NULL,
};
static const struct tool tool = {
	.name = "sciml-solve",
	.summary = "apply trained and classical solvers",
	.synopsis = "[OPTION]... MODEL.h5|PROBLEM|FILE.yaml [DATA]...",
	.options = options,
	.list = solve_list,
	.describe = solve_describe,
	.lacks = (const char *const[]){ "shard", "resume", "time-limit", NULL },
	.examples = examples,
};

static int run(int n, char **operand, struct err *e)
{
	struct run_common common = run_common_of(&tool);
	struct str text = { 0 };
	struct solve_options o = { method, layout, batch, to_steady, &text };

	if (batch < 0)
		return err_set(e, ERR_USAGE, "--batch: %lld is not a number of samples", (long long)batch);
	if (n < 1)
		return err_set(e, ERR_USAGE, "which model or problem? --list shows what there is");
	int status = solve_run(&common, &o, operand[0], n - 1, (const char *const *)operand + 1, e);
	print_text(&text);
	return status;
}

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv, run);
}
