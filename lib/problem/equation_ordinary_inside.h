/* equation_ordinary_inside.h: a system of ordinary differential equations in text, and the programs that it runs. */
#ifndef SCIML_PROBLEM_EQUATION_ORDINARY_INSIDE_H
#define SCIML_PROBLEM_EQUATION_ORDINARY_INSIDE_H

#include "equation/program.h"
#include "integ/ode.h"
#include "problem/equation_ordinary.h"

enum { ORDINARY_ROOTS = (EQUATION_UNKNOWNS + 1) * (EQUATION_UNKNOWNS + EQUATION_BY + 2) };

struct event_at { /* context of an ode_event */
	struct equation_ordinary *o;
	int index;
};

struct equation_ordinary {
	const struct equation_config *config;
	const struct equation_spec *spec;
	const struct equation_method *m;
	void *d;
	struct ode_method method;
	struct controller_config control;
	int n, n_by, n_all;
	int place[(EQUATION_BY + 1) * EQUATION_UNKNOWNS]; /* in the solver's state: positions first, then velocities */
	struct program *when[EQUATION_EVENTS];
	/* c_t, c_y, c_p; then for every field its value, and of that the derivatives in the same order. Without tangents
	 * the values alone. */
	struct program *jump[EQUATION_EVENTS];
	struct program *slope, *first; /* f_y, f_p by unknown; dy/dp at the beginning */
	const double *param;
	bool given;	  /* the first state, by data: no parameter moves it */
	double *y, *work; /* n_all each */
	double *root;	  /* values of a program's roots */
	struct event_at at[EQUATION_EVENTS];
	struct ode_event event[EQUATION_EVENTS];
	bool happened[EQUATION_EVENTS]; /* which ended the last leg */
	double last[EQUATION_EVENTS];	/* their last times */
	int close[EQUATION_EVENTS];	/* in a row, too soon after the time before */
	bool quiet[EQUATION_EVENTS];	/* conditions that the leg begins on, at quiet_t */
	double quiet_t, t_tangent[EQUATION_BY];
	int64_t evaluations;
};

/* Values of the program's roots at (t, y), into o->root. */
void ordinary_run(struct equation_ordinary *o, struct program *g, double t, const double *y);
/* o->when[i], o->jump[i]; o->slope, o->first. ERR_USAGE: initial data that are random and hold a parameter of which
 * sensitivities are wanted. */
int ordinary_compile_event(struct equation_ordinary *o, int i, struct err *e);
int ordinary_compile_tangents(struct equation_ordinary *o, struct err *e);

#endif
