/* equation_spec_inside.h: what the files that read a problem's text share. */
#ifndef SCIML_PROBLEM_EQUATION_SPEC_INSIDE_H
#define SCIML_PROBLEM_EQUATION_SPEC_INSIDE_H

#include <stddef.h>

#include "problem/equation_spec.h"

/* "FILE:LINE: " or "-s: " in front of the place within a text; returns buffer. */
const char *equation_spec_place(char *buffer, size_t size, const struct conf_node *n, const char *what);
/* ERR_USAGE "PLACE: message"; returns -1. */
int equation_spec_fail(struct err *e, const struct conf_node *n, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int equation_spec_need_text(const struct conf_node *n, const char *what, struct err *e);
int equation_spec_axis(const struct equation_spec *s, const char *name); /* -1: none */
/* The key boundary (equation_sides.c): which axes have ends, before the fields are known, and the conditions there,
 * after. */
int equation_spec_read_closed(struct equation_spec *s, const struct equation_config *c, struct err *e);
int equation_spec_read_sides(struct equation_spec *s, const struct equation_config *c, struct err *e);
/* The keys events and sensitivity (equation_events.c). */
int equation_spec_read_events(struct equation_spec *s, const struct equation_config *c, struct err *e);

#endif
