/* equation_given.h: functions of space that a text takes from a data set: initial states and coefficients,
 * u: {file: init.h5:test, field: u, frame: 0}. */
#ifndef SCIML_PROBLEM_EQUATION_GIVEN_H
#define SCIML_PROBLEM_EQUATION_GIVEN_H

#include "problem/equation_draw.h"

struct equation_given;
/* n: a map with file (as tools take them, with a selection), field (name: the default), frame (of a trajectory: 0; -1
 * is the last), repeat (false: sample i of the run is sample i of the file; true: it starts over), smooth (true:
 * between points by Fourier series on periodic boxes, else by polynomials of degree 5; false: linear). The field needs
 * the axes of s, which has its domain read already. what: in front of messages. */
int equation_given_open(struct equation_given **out, const struct equation_spec *s, const struct conf_node *n,
			const char *what, const char *name, struct err *e);
void equation_given_close(struct equation_given *g);
/* Values at the points of a grid. Any number of threads: files are read one at a time. */
int equation_given_read(struct equation_given *g, const struct equation_spec *s, const struct equation_points *grid,
			int64_t sample, double *out, struct err *e);
/* What identifies the data set; free it. */
char *equation_given_identity(const struct equation_given *g);

#endif
