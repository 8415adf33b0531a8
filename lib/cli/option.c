/* option.c: long and short options from tables: exact names, whole numbers, and the nearest name in messages. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "cli/option.h"
#include "conf/tree.h"
#include "io/output.h"

struct tool_common tool_common;

struct opt *option_table(const struct tool *t, struct option_ask *ask)
{
	struct tool_common *c = &tool_common;
	const struct opt common[] = {
		{ "output", 'o', OPT_OUTPUT, &c->output, "FILE", "write to FILE; '-' is standard output" },
		{ "set", 's', OPT_LIST, &c->set, "KEY.PATH=VALUE",
		  "override one key of the configuration; the value is YAML; may be given several times" },
		{ "seed", 0, OPT_INT, &c->seed, "N", "random seed (default 0)" },
		{ "threads", 'j', OPT_INT, &c->threads, "N",
		  "use N threads (default: all processors); results do not depend on it" },
		{ "resume", 0, OPT_FLAG, &c->resume, NULL, "continue an interrupted run" },
		{ "time-limit", 0, OPT_DURATION, &c->time_limit, "TIME",
		  "save and stop after TIME, such as 90s, 30m or 2h, with status 75; continue with --resume" },
		{ "shard", 0, OPT_SHARD, &c->shard, "I/N", "do part I of N, counted from 0" },
		{ "dry-run", 0, OPT_FLAG, &c->dry_run, NULL, "print the full effective configuration and stop" },
		{ "quiet", 'q', OPT_FLAG, &ask->quiet, NULL, "say nothing but errors" },
		{ "verbose", 'v', OPT_FLAG, &ask->verbose, NULL, "say more" },
		{ "list", 0, OPT_FLAG, &ask->list, NULL, "list the names to choose from, one a line" },
		{ "describe", 0, OPT_STRING, &ask->describe, "NAME",
		  "explain one of them: equation, keys, defaults, source" },
		{ "help", 'h', OPT_FLAG, &ask->help, NULL, "show this help" },
		{ "version", 0, OPT_FLAG, &ask->version, NULL, "show version, licence and libraries" },
		{ "man", 0, OPT_FLAG, &ask->man, NULL, NULL },
		{ "completion", 0, OPT_FLAG, &ask->completion, NULL, NULL },
	};
	size_t n_common = sizeof common / sizeof *common, n = 0, m = 0;
	struct opt *table;

	while (t->options && t->options[n].name)
		n++;
	table = xcalloc(n + n_common + 1, sizeof *table);
	if (n)
		memcpy(table, t->options, n * sizeof *table);
	m = n;
	for (size_t i = 0; i < n_common; i++) {
		bool own = (!t->list && strcmp(common[i].name, "list") == 0) ||
			   (!t->describe && strcmp(common[i].name, "describe") == 0);

		for (size_t k = 0; k < n; k++)
			own = own || strcmp(table[k].name, common[i].name) == 0;
		for (const char *const *name = t->lacks; name && *name; name++)
			own = own || strcmp(*name, common[i].name) == 0;
		if (own)
			continue;
		table[m] = common[i];
		for (size_t k = 0; k < n; k++)
			if (table[k].letter == table[m].letter)
				table[m].letter = 0;
		m++;
	}
	return table;
}

/* Options that name files or steer the run without touching a result. */
static bool is_neutral(const char *name)
{
	static const char *const names[] = { "output", "threads", "quiet",   "verbose", "resume",
					     "shard",  "log",	  "dry-run", "plot",	"time-limit" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void add_quoted(struct str *out, const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=+,@%^-";

	if (*word && strspn(word, safe) == strlen(word)) {
		str_add(out, word);
		return;
	}
	str_add(out, "'");
	for (; *word; word++)
		str_add_n(out, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
	str_add(out, "'");
}

static void record(struct str *command, const struct opt *o, const char *value)
{
	struct str word = { 0 };

	if (is_neutral(o->name))
		return;
	str_add(command, " ");
	if (o->letter && value) {
		str_printf(command, "-%c ", o->letter);
		add_quoted(command, value);
		return;
	}
	str_printf(&word, "--%s%s%s", o->name, value ? "=" : "", value ? value : "");
	add_quoted(command, word.text);
	str_free(&word);
}

static bool parse_shard(const char *text, struct opt_shard *s)
{
	const char *slash = strchr(text, '/');
	char *index;
	bool ok;

	if (!slash)
		return false;
	index = xstrndup(text, (size_t)(slash - text));
	ok = str_to_int(index, &s->index) && str_to_int(slash + 1, &s->count) && s->index >= 0 && s->index < s->count;
	free(index);
	return ok;
}

/* value is not NULL except for flags. spelled: the option as the user wrote it. */
static int store(const struct opt *o, const char *spelled, const char *value, struct err *e)
{
	char shown[CONF_SHOWN];
	struct opt_shard shard;
	struct opt_list *list;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->value = true;
		return 0;
	case OPT_STRING:
	case OPT_INPUT:
	case OPT_OUTPUT:
		if (!*value)
			return err_set(e, ERR_USAGE, "%s: %s is empty", spelled, o->argument);
		*(const char **)o->value = value;
		return 0;
	case OPT_INT:
		if (!str_to_int(value, o->value))
			return err_set(e, ERR_USAGE, "%s: '%s' is not an integer of 64 bits", spelled,
				       conf_show(shown, value));
		return 0;
	case OPT_DOUBLE:
		if (!str_to_double(value, o->value))
			return err_set(e, ERR_USAGE, "%s: '%s' is not a number", spelled, conf_show(shown, value));
		return 0;
	case OPT_DURATION:
		if (!str_to_duration(value, o->value))
			return err_set(e, ERR_USAGE, "%s: '%s' is not a time such as 90s, 30m or 1h30m", spelled,
				       conf_show(shown, value));
		return 0;
	case OPT_SHARD:
		if (!parse_shard(value, &shard))
			return err_set(e, ERR_USAGE, "%s: '%s' is not I/N with 0 <= I < N", spelled,
				       conf_show(shown, value));
		*(struct opt_shard *)o->value = shard;
		return 0;
	case OPT_LIST:
		list = o->value;
		MEM_GROW(list->at, list->n, list->capacity);
		list->at[list->n++] = value;
		return 0;
	}
	return -1;
}

static const struct opt *find_long(const struct opt *table, const char *name, size_t length)
{
	for (const struct opt *o = table; o->name; o++)
		if (strncmp(o->name, name, length) == 0 && !o->name[length])
			return o;
	return NULL;
}

static int unknown_long(const struct opt *table, const char *name, size_t length, struct err *e)
{
	const char **known = NULL, *near;
	char *copy = xstrndup(name, length), shown[CONF_SHOWN];
	int n = 0, capacity = 0;

	for (const struct opt *o = table; o->name; o++) {
		if (!o->help)
			continue;
		MEM_GROW(known, n, capacity);
		known[n++] = o->name;
	}
	near = str_nearest(copy, n, known);
	err_set(e, ERR_USAGE, "unknown option '--%s'%s%s%s", conf_show(shown, copy), near ? "; did you mean '--" : "",
		near ? near : "", near ? "'?" : "");
	free(known);
	free(copy);
	return -1;
}

static int parse_long(const struct opt *table, char **argv, int argc, int *i, struct str *command, struct err *e)
{
	const char *name = argv[*i] + 2, *equal = strchr(name, '='), *value = equal ? equal + 1 : NULL;
	size_t length = equal ? (size_t)(equal - name) : strlen(name);
	const struct opt *o = find_long(table, name, length);
	char spelled[80] = "--";

	if (!o)
		return unknown_long(table, name, length, e);
	strncat(spelled, o->name, 70);
	if (o->type == OPT_FLAG && value)
		return err_set(e, ERR_USAGE, "%s takes no value", spelled);
	if (o->type != OPT_FLAG && !value) {
		if (*i + 1 >= argc)
			return err_set(e, ERR_USAGE, "%s needs a value: %s=%s", spelled, spelled, o->argument);
		value = argv[++*i];
	}
	record(command, o, value);
	return store(o, spelled, value, e);
}

/* A bundle: "-qv", "-j2", "-qo FILE". */
static int parse_short(const struct opt *table, char **argv, int argc, int *i, struct str *command, struct err *e)
{
	for (const char *at = argv[*i] + 1; *at; at++) {
		const struct opt *o = table;
		const char *value = NULL;
		char spelled[3] = { '-', *at, '\0' };

		while (o->name && o->letter != *at)
			o++;
		if (!o->name) {
			char shown[CONF_SHOWN];

			return err_set(e, ERR_USAGE, "unknown option '-%s'", conf_show(shown, (char[]){ *at, '\0' }));
		}
		if (o->type != OPT_FLAG) {
			if (!at[1] && *i + 1 >= argc)
				return err_set(e, ERR_USAGE, "%s needs a value: %s %s", spelled, spelled, o->argument);
			value = at[1] ? at + 1 : argv[++*i];
		}
		record(command, o, value);
		if (store(o, spelled, value, e) != 0)
			return -1;
		if (value)
			return 0;
	}
	return 0;
}

int option_parse(const char *name, const struct opt *table, struct option_ask *ask, int argc, char **argv, int *n,
		 char ***operand, struct str *command, struct err *e)
{
	bool ended = false, dashed = false;

	*n = 0;
	*operand = xcalloc((size_t)argc + 1, sizeof **operand);
	str_add(command, name);
	for (int i = 1; i < argc && !ask->help && !ask->version; i++) {
		int status = 0;

		if (ended || argv[i][0] != '-' || !argv[i][1]) {
			(*operand)[(*n)++] = argv[i];
			dashed = dashed || (argv[i][0] == '-' && argv[i][1]);
		} else if (strcmp(argv[i], "--") == 0) {
			ended = true;
		} else if (argv[i][1] == '-') {
			status = parse_long(table, argv, argc, &i, command, e);
		} else {
			status = parse_short(table, argv, argc, &i, command, e);
		}
		if (status != 0)
			return -1;
	}
	str_add(command, dashed ? " --" : "");
	for (int i = 0; i < *n; i++) {
		str_add(command, " ");
		add_quoted(command, (*operand)[i]);
	}
	return 0;
}

void option_free_lists(const struct opt *table)
{
	for (const struct opt *o = table; o->name; o++) {
		if (o->type == OPT_LIST) {
			free(((struct opt_list *)o->value)->at);
			*(struct opt_list *)o->value = (struct opt_list){ 0 };
		}
	}
}

int option_check_common(const struct tool_common *c, struct err *e)
{
	if (c->seed < 0)
		return err_set(e, ERR_USAGE, "--seed: %" PRId64 " is negative", c->seed);
	if (c->threads != THREADS_DEFAULT && (c->threads < 1 || c->threads > POOL_THREADS_MAX))
		return err_set(e, ERR_USAGE, "-j: %" PRId64 " is outside [1, %d]", c->threads, POOL_THREADS_MAX);
	return 0;
}

static const char *file_of(const struct opt *o)
{
	return *(const char *const *)o->value;
}

int option_check_files(const struct opt *table, int n, char *const *operand, struct err *e)
{
	for (const struct opt *o = table; o->name; o++) {
		const char *file = o->type == OPT_OUTPUT ? file_of(o) : NULL;

		for (int i = 0; file && i < n; i++) {
			/* a word alone in front is the name of a member or a verb */
			const char *const what = i > 0 || strpbrk(operand[i], "./") ? operand[i] : "-";

			if (output_not_input(file, 1, &what, e) != 0)
				return -1;
		}
		for (const struct opt *other = table; file && other->name; other++) {
			const bool read = other->type == OPT_INPUT, written = other->type == OPT_OUTPUT && other < o;
			const char *const what = read || written ? file_of(other) : NULL;

			if (read && what && output_not_input(file, 1, &what, e) != 0)
				return -1;
			if (written && what && strcmp(file, "-") != 0 && strcmp(file, what) == 0)
				return err_set(e, ERR_USAGE, "%s: --%s and --%s name the same file", file, other->name,
					       o->name);
		}
	}
	return 0;
}
