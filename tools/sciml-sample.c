/* sciml-sample: draw random fields and paths. */
#include "cli/common.h"
#include "run/sample.h"

static int64_t samples = INT64_MIN; /* not given */

static const struct opt options[] = {
	{ "samples", 'n', OPT_INT, &samples, "N", "number of draws (sample.samples)" },
	{ 0 },
};
static const char *const examples[] = {
	"sciml-sample grf -n 16 -o fields.h5",
	"16 Gaussian random fields on a circle",
	"sciml-sample grf -n 4 -s sample.dims=2 -s sample.grid=64 -s sample.boundary=neumann -o squares.h5",
	"four on a square",
	"sciml-sample sde-path -n 1000 --seed 7 -o paths.h5",
	"1000 paths of an Ornstein-Uhlenbeck process",
	NULL,
};
static const struct tool tool = {
	.name = "sciml-sample",
	.summary = "draw from distributions",
	.synopsis = "[OPTION]... SAMPLER|FILE.yaml",
	.options = options,
	.list = sample_list,
	.describe = sample_describe,
	.lacks = (const char *const[]){ "resume", "time-limit", NULL },
	.examples = examples,
};

static int run(int n, char **operand, struct err *e)
{
	struct run_common common = run_common_of(&tool);
	struct str text = { 0 };
	struct sample_options o = { samples == INT64_MIN ? 0 : samples, &text };

	if (samples != INT64_MIN && samples < 1)
		return err_set(e, ERR_USAGE, "-n: %lld is not a number of samples", (long long)samples);
	if (n != 1)
		return err_set(e, ERR_USAGE,
			       n == 0 ? "which sampler? --list shows what there is" : "one sampler at a time");
	int status = sample_run(&common, &o, operand[0], e);
	print_text(&text);
	return status;
}

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv, run);
}
