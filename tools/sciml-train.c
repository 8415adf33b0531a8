/* sciml-train: learn operators from data sets or from a pipe. */
#include "cli/common.h"
#include "run/train.h"

static const char *log_file, *layout, *valid;
static bool online;

static const struct opt options[] = {
	{ "log", 0, OPT_OUTPUT, &log_file, "FILE", "write the history as TSV while training; '-': standard output" },
	{ "valid", 0, OPT_INPUT, &valid, "DATA", "data to validate on (default: split valid of the data)" },
	{ "online", 0, OPT_FLAG, &online, NULL, "train while data arrive, from a reservoir; nothing is stored" },
	{ "layout", 0, OPT_STRING, &layout, "NAME", "read the data as this layout" },
	{ 0 },
};
static const char *const examples[] = {
	"sciml-train fno burgers.h5 -s model.modes=16 -o fno.h5",
	"train a Fourier neural operator on split train of burgers.h5",
	"sciml-train fno burgers.h5 -o night.h5 --resume --time-limit 8h --log night.tsv",
	"as far as it gets by morning (status 75: not finished); the same command goes on",
	"sciml-gen burgers -n 100000 -o - | sciml-train fno - --online -o fno.h5",
	"train on simulations as they come",
	NULL,
};
static const struct tool tool = {
	.name = "sciml-train",
	.summary = "learn models from data",
	.synopsis = "[OPTION]... MODEL|FILE.yaml [DATA]...",
	.options = options,
	.list = train_list,
	.describe = train_describe,
	.lacks = (const char *const[]){ "shard", NULL },
	.examples = examples,
};

static int run(int n, char **operand, struct err *e)
{
	struct run_common common = run_common_of(&tool);
	struct str text = { 0 };
	struct train_options o = { log_file, layout, valid, online, &text };

	if (n < 1)
		return err_set(e, ERR_USAGE, "which model? --list shows what there is");
	int status = train_run(&common, &o, operand[0], n - 1, (const char *const *)operand + 1, e);
	print_text(&text);
	return status;
}

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv, run);
}
