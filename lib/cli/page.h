/* page.h: what a tool says about itself, from its tables. */
#ifndef SCIML_CLI_PAGE_H
#define SCIML_CLI_PAGE_H

#include "cli/tool.h"

void page_help(const struct tool *t, const struct opt *table, struct str *out);
void page_version(const struct tool *t, struct str *out);
/* The manual page as roff; build-aux/mkman.sh adds the hand-written sections of man/TOOL.x. */
void page_man(const struct tool *t, const struct opt *table, struct str *out);
/* A completion function for bash. */
void page_completion(const struct tool *t, const struct opt *table, struct str *out);

#endif
