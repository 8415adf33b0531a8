/* common.c: between the tools' options and the verbs. */
#include "cli/common.h"

#include <stdio.h>

struct run_common run_common_of(const struct tool *t)
{
	const struct tool_common *c = &tool_common;

	return (struct run_common){
		.tool = t->name,
		.command = c->command,
		.output = c->output,
		.seed = c->seed,
		.resume = c->resume,
		.dry_run = c->dry_run,
		.time_limit = c->time_limit,
		.shard_index = c->shard.index,
		.shard_count = c->shard.count,
		.n_set = c->set.n,
		.set = c->set.at,
	};
}

void print_text(struct str *s)
{
	fputs(str_text(s), stdout);
	str_free(s);
}
