/* sciml-gen: simulate ODEs, SDEs, PDEs and random fields into data sets. */
#include <string.h>

#include "cli/common.h"
#include "run/gen.h"
#include "run/merge.h"

static int64_t samples = INT64_MIN; /* not given */
static const char *layout, *noise, *observe;
static int64_t compress = INT64_MIN, reduce = 1, reduce_time = 1;

static const struct opt options[] = {
	{ "samples", 'n', OPT_INT, &samples, "N", "number of samples (gen.samples)" },
	{ "layout", 0, OPT_STRING, &layout, "NAME", "write a foreign layout: pdebench, well" },
	{ "noise", 0, OPT_STRING, &noise, "LEVEL",
	  "measurement noise: 0.05 (of the field's standard deviation), 5%, 0.1abs, u=0.05 (gen.noise)" },
	{ "observe", 0, OPT_STRING, &observe, "SPEC",
	  "measurements: times=20,sensors=16,missing=0.1, each a number or times=[0.1,0.5] (gen.observe)" },
	{ "compress", 0, OPT_INT, &compress, "LEVEL", "shuffle and deflate the fields, 1 to 9 (gen.compress)" },
	{ "reduce", 'r', OPT_INT, &reduce, "N", "mini: every N-th point of each space axis" },
	{ "reduce-time", 0, OPT_INT, &reduce_time, "N", "mini: every N-th frame" },
	{ 0 },
};
static const char *const examples[] = {
	"sciml-gen burgers -n 1200 -o burgers.h5",
	"1200 samples of Burgers' equation, the last sixth of them as split test",
	"sciml-gen darcy -s problem.grid=29 -s gen.valid=0.1 --dry-run",
	"print the whole configuration and stop",
	"for i in 0 1 2; do sciml-gen burgers -n 300 --shard $i/3 -o part$i.h5 & done; wait",
	"the parts of one run, in any order, on any machine",
	"sciml-gen merge part0.h5 part1.h5 part2.h5 -o all.h5",
	"joined: the same bytes as 'sciml-gen burgers -n 300 -o all.h5' writes",
	"sciml-gen kdv -n 50 --noise 2% --observe times=30,sensors=16,missing=0.1 -o measured.h5",
	"what 16 sensors saw at 30 times of each sample, noisy and with gaps",
	"sciml-gen mini burgers.h5 -n 60 -r 2 -o small.h5",
	"a twentieth of the samples, every second point, splits in proportion",
	"sciml-gen navier-stokes -n 1000 -o flow.h5 --resume --time-limit 8h",
	"a night's worth; status 75 and flow.h5.part tell that there is more to do, the same command continues",
	NULL,
};
static const struct tool tool = {
	.name = "sciml-gen",
	.summary = "simulate equations into data sets",
	.synopsis = "[OPTION]... PROBLEM|FILE.yaml\nmerge SHARD... -o FILE\nmini [-n N] [-r N] DATA -o FILE",
	.options = options,
	.list = gen_list,
	.describe = gen_describe,
	.examples = examples,
};

static int run(int n, char **operand, struct err *e)
{
	struct run_common common = run_common_of(&tool);
	struct str text = { 0 };
	struct gen_options o = { .n_samples = samples == INT64_MIN ? 0 : samples,
				 .layout = layout,
				 .noise = noise,
				 .observe = observe,
				 .compress = compress == INT64_MIN ? 0 : compress,
				 .reduce = reduce,
				 .reduce_time = reduce_time,
				 .dry_run_text = &text };

	if (samples != INT64_MIN && samples < 1)
		return err_set(e, ERR_USAGE, "-n: %lld is not a number of samples", (long long)samples);
	if (compress != INT64_MIN && (compress < 1 || compress > 9))
		return err_set(e, ERR_USAGE, "--compress: %lld is not a level from 1 to 9", (long long)compress);
	if (reduce < 1 || reduce_time < 1)
		return err_set(e, ERR_USAGE, "%s is out of range", reduce < 1 ? "--reduce" : "--reduce-time");
	if (n == 2 && strcmp(operand[0], "mini") == 0)
		return gen_mini(&common, &o, operand[1], e);
	if (reduce > 1 || reduce_time > 1)
		return err_set(e, ERR_USAGE, "--reduce and --reduce-time go with mini");
	if (n > 1 && strcmp(operand[0], "merge") == 0 && (noise || observe || layout || o.compress || o.n_samples))
		return err_set(e, ERR_USAGE,
			       "merge: the shards are joined as they are, without options of their making");
	if (n > 1 && strcmp(operand[0], "merge") == 0)
		return merge_run(&common, n - 1, (const char *const *)operand + 1, e);
	if (n != 1)
		return err_set(e, ERR_USAGE,
			       n == 0 ? "which problem? --list shows what there is" : "one problem at a time");
	int status = gen_run(&common, &o, operand[0], e);
	print_text(&text);
	return status;
}

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv, run);
}
