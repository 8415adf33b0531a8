/* common.h: what the common options mean for a run. */
#ifndef SCIML_CLI_COMMON_H
#define SCIML_CLI_COMMON_H

#include "cli/tool.h"
#include "run/setup.h"

/* tool_common as the verbs take it; borrows from it. */
struct run_common run_common_of(const struct tool *t);

/* Print a text made by a verb (--dry-run, tables) on standard output and free it. */
void print_text(struct str *s);

#endif
