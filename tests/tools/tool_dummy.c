/* tool_dummy.c: a tool without science, for the tests of tool_main: every option type, every way to end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stop.h"
#include "cli/tool.h"

static struct {
	bool fast;
	const char *plot, *log;
	int64_t count;
	double below;
	struct opt_list field;
} opt;

static const struct opt options[] = {
	{ "fast", 'f', OPT_FLAG, &opt.fast, NULL, "hurry" },
	{ "count", 'n', OPT_INT, &opt.count, "N", "how many" },
	{ "below", 0, OPT_DOUBLE, &opt.below, "X", "largest value that passes" },
	{ "plot", 0, OPT_OUTPUT, &opt.plot, "FILE", "draw into FILE" },
	{ "field", 0, OPT_LIST, &opt.field, "NAME", "a field; may be given several times" },
	{ "log", 0, OPT_OUTPUT, &opt.log, "FILE", "write the history to FILE" },
	{ NULL, 0, OPT_FLAG, NULL, NULL, NULL },
};

static void list(struct str *out)
{
	str_add(out, "endings:\necho\tprint what was understood\nfail\tend with status 1\n");
}

static int describe(const char *name, bool man, struct str *out, struct err *e)
{
	if (strcmp(name, "echo") != 0 && strcmp(name, "fail") != 0)
		return err_set(e, ERR_USAGE, "no ending is called '%s'", name);
	str_printf(out, man ? "The ending\n.BR %s .\n" : "The ending %s.\n", name);
	return 0;
}

static int echo(int n, char **operand)
{
	const struct tool_common *c = &tool_common;

	printf("fast=%d count=%" PRId64 " below=%.17g plot=%s\n", opt.fast, opt.count, opt.below,
	       opt.plot ? opt.plot : "-");
	printf("output=%s seed=%" PRId64 " resume=%d dry_run=%d time_limit=%g shard=%" PRId64 "/%" PRId64 "\n",
	       c->output ? c->output : "none", c->seed, c->resume, c->dry_run, c->time_limit, c->shard.index,
	       c->shard.count);
	printf("threads=%" PRId64 " level=%d\n", c->threads, (int)log_level());
	for (int i = 0; i < c->set.n; i++)
		printf("set=%s\n", c->set.at[i]);
	for (int i = 0; i < opt.field.n; i++)
		printf("field=%s\n", opt.field.at[i]);
	for (int i = 0; i < n; i++)
		printf("operand=%s\n", operand[i]);
	printf("command=%s\n", c->command);
	return 0;
}

/* A temporary file as the writers of io/ have one, then wait. */
static int wait_for_signal(const char *pending, bool hold, struct err *e)
{
	FILE *f = fopen(pending, "w");
	int slot = stop_unlink_on_signal(pending);

	if (!f)
		return err_errno(e, "%s", pending);
	if (hold)
		stop_hold();
	puts("ready");
	fflush(stdout);
	fclose(f);
	while (stop_requested() == 0)
		usleep(1000);
	rename(pending, "saved");
	stop_forget(slot);
	stop_release();
	return -1;
}

static int run(int n, char **operand, struct err *e)
{
	const char *what = n > 0 ? operand[0] : "echo", *text = n > 1 ? operand[1] : "text";

	if (strcmp(what, "fail") == 0)
		return err_set(e, ERR_FAIL, "%s: it failed", text);
	if (strcmp(what, "usage") == 0)
		return err_set(e, ERR_USAGE, "%s: it is wrong", text);
	if (strcmp(what, "bound") == 0)
		return err_set(e, ERR_BOUND, "rel_l2 0.03 is not below 0.02");
	if (strcmp(what, "locked") == 0)
		return err_set(e, ERR_LOCKED, "%s: another run works on it", text);
	if (strcmp(what, "nothing") == 0)
		return -1;
	if (strcmp(what, "flood") == 0)
		for (int64_t i = 0; i < 100000000; i++)
			puts("a line of results");
	if (strcmp(what, "hold") == 0 || strcmp(what, "wait") == 0)
		return wait_for_signal(text, what[0] == 'h', e);
	return echo(n, operand);
}

static const char *const examples[] = {
	"tool-dummy -n 3 echo",
	"print what was understood",
	NULL,
};

static const struct tool tool = {
	.name = "tool-dummy",
	.summary = "end in one of several ways",
	.synopsis = "[OPTION]... [ENDING [TEXT]]",
	.options = options,
	.list = list,
	.describe = describe,
	.examples = examples,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv, run);
}
