/* help.h: two-column text for --help and its roff for manual pages; keys and command-line options share it. */
#ifndef SCIML_CONF_HELP_H
#define SCIML_CONF_HELP_H

#include <stdbool.h>

#include "base/str.h"

/* "  LEFT      help ..." with the help in `column`, wrapped at 79; a long left part gets a line of its own. */
void help_entry(struct str *out, const char *left, int column, const char *help);
/* The text with roff's special characters escaped, never starting a line with a request. */
void help_roff(struct str *out, const char *text);
/* What --describe says of a member, before its keys: "NAME: SUMMARY"; one "  LABEL: TEXT", wrapped (nothing without a
 * text); "  keys of section SECTION:". */
void help_member(struct str *out, bool man, const char *name, const char *summary);
void help_label(struct str *out, bool man, const char *label, const char *text);
void help_keys_of(struct str *out, bool man, const char *section);
/* A paragraph wrapped at 79 columns and indented. */
void help_wrap(struct str *out, const char *text, int indent);

#endif
