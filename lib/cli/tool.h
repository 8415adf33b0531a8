/* tool.h: what every tool does the same way: options, help, version, signals, the error line, closing standard
 * output. */
#ifndef SCIML_CLI_TOOL_H
#define SCIML_CLI_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum opt_type {
	OPT_FLAG,     /* bool */
	OPT_STRING,   /* const char * */
	OPT_INPUT,    /* const char *: a file that is read, "FILE:selection" too */
	OPT_OUTPUT,   /* const char *: a file that is written; tool_main refuses one that is read */
	OPT_INT,      /* int64_t */
	OPT_DOUBLE,   /* double */
	OPT_DURATION, /* double, seconds; "2h" */
	OPT_SHARD,    /* struct opt_shard; "i/n", 0 <= i < n */
	OPT_LIST,     /* struct opt_list: every use adds one (-s key=value) */
};

struct opt_shard {
	int64_t index, count; /* count 0: not given */
};
struct opt_list {
	int n, capacity;
	const char **at;
};

struct opt {
	const char *name; /* long name without dashes */
	char letter;	  /* 0: none */
	enum opt_type type;
	void *value;
	const char *argument; /* "FILE", "N"; NULL for flags */
	const char *help;
};

struct tool {
	const char *name;	   /* "sciml-gen" */
	const char *summary;	   /* one line */
	const char *synopsis;	   /* "[OPTION]... PROBLEM"; more ways on further lines */
	const struct opt *options; /* name NULL ends; common ones are added by tool_main */
	/* --list: names with one line each (of WHAT, and of what else the tool chooses among); --describe NAME: everything
	 * about one member (equation, keys, defaults, source), 2 if unknown. man: as roff. */
	void (*list)(struct str *out);
	int (*describe)(const char *name, bool man, struct str *out, struct err *e);
	const char *const *lacks;    /* NULL-terminated names of common options that mean nothing here; may be NULL */
	const char *const *examples; /* NULL-terminated, each "command" then "what it does"; help and man show them */
};

/* What the common options said: -o -q -v -j --seed --resume --time-limit --shard --dry-run -s. */
struct tool_common {
	const char *output; /* NULL: not given; "-": standard output */
	int64_t seed, threads;
	bool resume, dry_run;
	double time_limit; /* 0: none */
	struct opt_shard shard;
	struct opt_list set; /* -s key.path=value */
	/* The command line, quoted for the shell, for /meta: "NAME OPTION... OPERAND..." without the options that cannot
	 * change a result (output, threads, talk, resume, shard ...), so that equal runs are recorded equally. */
	const char *command;
};
extern struct tool_common tool_common;

/* Parse, run, report: returns the exit status. --help --version --list --describe --man (roff source of the page, used
 * by the build) --completion (bash) are answered here on standard output with status 0. A failure prints "NAME:
 * message" on one line, and for status 2 "Try 'NAME --help'." on a second. Operands are what follows the options
 * (options may come after operands too; "--" ends them). Work that stopped because stop_requested asked for it returns
 * -1 with an empty message: nothing is printed, and the process ends by the signal. Work stopped by the time limit says
 * so with ERR_LOCKED. */
int tool_main(const struct tool *t, int argc, char **argv, int (*run)(int n, char **operand, struct err *e));

#endif
