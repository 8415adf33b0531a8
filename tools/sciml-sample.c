/* sciml-sample: draw random fields, paths, and what trained models make. */
#include <string.h>

#include "cli/common.h"
#include "run/merge.h"
#include "run/sample.h"

static int64_t samples = INT64_MIN, steps = INT64_MIN; /* not given */
static const char *sampler, *plot;

static const struct opt options[] = {
	{ "samples", 'n', OPT_INT, &samples, "N", "number of draws (sample.samples)" },
	{ "sampler", 0, OPT_STRING, &sampler, "METHOD", "how diffusion and flow models step (sample.method)" },
	{ "steps", 0, OPT_INT, &steps, "N", "their number of steps (sample.steps)" },
	{ "plot", 0, OPT_OUTPUT, &plot, "FILE", "draw the first draws: .png, .svg or .pdf" },
	{ 0 },
};
static const char *const examples[] = {
	"sciml-sample grf -n 16 -o fields.h5",
	"16 Gaussian random fields on a circle",
	"sciml-sample grf -n 4 -s sample.dims=2 -s sample.grid=32 -s sample.boundary=neumann -o squares.h5",
	"four on a square",
	"sciml-sample sde-path -n 1000 --seed 7 -o paths.h5",
	"1000 paths of an Ornstein-Uhlenbeck process",
	"for i in 0 1; do sciml-sample sde-path -n 1000 --seed 7 --shard $i/2 -o part$i.h5; done",
	"the two halves of the same draws, on any machine",
	"sciml-sample merge part0.h5 part1.h5 -o paths.h5",
	"joined: the same bytes",
	"sciml-train ddpm squares.h5 -o d.h5",
	"train a diffusion model on what is in squares.h5",
	"sciml-sample d.h5 -n 64 --sampler dpm-solver++2m --steps 10 -o s.h5 --plot s.png",
	"64 samples of a trained diffusion model in ten network calls, and a picture of them",
	NULL,
};
static const struct tool tool = {
	.name = "sciml-sample",
	.summary = "draw from distributions",
	.synopsis = "[OPTION]... SAMPLER|FILE.yaml|MODEL.h5 [DATA]\nmerge SHARD... -o FILE",
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
	struct sample_options o = { .n_samples = samples == INT64_MIN ? 0 : samples,
				    .sampler = sampler,
				    .steps = steps == INT64_MIN ? 0 : steps,
				    .plot = plot,
				    .n_data = n - 1,
				    .data = (const char *const *)operand + 1,
				    .dry_run_text = &text };

	if (samples != INT64_MIN && samples < 1)
		return err_set(e, ERR_USAGE, "-n: %lld is not a number of samples", (long long)samples);
	if (steps != INT64_MIN && steps < 1)
		return err_set(e, ERR_USAGE, "--steps: %lld is not a number of steps", (long long)steps);
	if (n < 1)
		return err_set(e, ERR_USAGE, "which sampler or model? --list shows what there is");
	if (n > 1 && strcmp(operand[0], "merge") == 0 && (o.n_samples || steps != INT64_MIN || sampler || plot))
		return err_set(e, ERR_USAGE,
			       "merge: the shards are joined as they are, without options of their making");
	if (n > 1 && strcmp(operand[0], "merge") == 0)
		return merge_run(&common, n - 1, o.data, e);
	int status = sample_run(&common, &o, operand[0], e);
	print_text(&text);
	return status;
}

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv, run);
}
