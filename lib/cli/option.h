/* option.h: command lines through option tables; used by tool.c and page.c. */
#ifndef SCIML_CLI_OPTION_H
#define SCIML_CLI_OPTION_H

#include <stddef.h>

#include "cli/tool.h"

/* tool_common.threads before anybody gave a number. */
#define THREADS_DEFAULT INT64_MIN

/* What was asked for besides a run. */
struct option_ask {
	bool help, version, list, man, completion;
	bool quiet, verbose;
	const char *describe;
};

/* The tool's options, then the common ones that it does not define itself, name NULL at the end. Those whose help is
 * NULL are not shown. Free with free(). */
struct opt *option_table(const struct tool *t, struct option_ask *ask);

/* Parse argv; *operand gets the operands in order (freed with free()). Parsing ends early at --help and --version.
 * command gets the canonical command line: "NAME OPTION... OPERAND...", quoted for the shell, without the options that
 * cannot change a result (output name, threads, talk, resume ...), so that equal runs are recorded equally. */
int option_parse(const char *name, const struct opt *table, struct option_ask *ask, int argc, char **argv, int *n,
		 char ***operand, struct str *command, struct err *e);
/* Free what OPT_LIST options collected. */
void option_free_lists(const struct opt *table);

/* Ranges that types do not say: seed, threads. */
int option_check_common(const struct tool_common *c, struct err *e);

/* ERR_USAGE when a file to be written is an operand, a file to be read, or to be written twice. */
int option_check_files(const struct opt *table, int n, char *const *operand, struct err *e);

#endif
