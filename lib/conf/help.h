/* help.h: two-column text for --help and its roff for manual pages; keys and command-line options share it. */
#ifndef SCIML_CONF_HELP_H
#define SCIML_CONF_HELP_H

#include "base/str.h"

/* "  LEFT      help ..." with the help in `column`, wrapped at 79; a long left part gets a line of its own. */
void help_entry(struct str *out, const char *left, int column, const char *help);
/* The text with roff's special characters escaped, never starting a line with a request. */
void help_roff(struct str *out, const char *text);
/* A paragraph wrapped at 79 columns and indented. */
void help_wrap(struct str *out, const char *text, int indent);

#endif
