/* equation_spec.h: the section of a problem that is given by its text, read and checked: names, equations, domain, laws
 * of parameters and initial data. */
#ifndef SCIML_PROBLEM_EQUATION_SPEC_H
#define SCIML_PROBLEM_EQUATION_SPEC_H

#include "conf/key.h"
#include "equation/system.h"
#include "integ/controller_keys.h"

enum {
	EQUATION_UNKNOWNS = 16,
	EQUATION_PARAMS = 32,
	EQUATION_COEFS = 8,
	EQUATION_NOISES = 16,
	EQUATION_GIVEN = 16,
	EQUATION_EVENTS = 8,
	EQUATION_BY = 4,		   /* parameters of sensitivities */
	EQUATION_EXTRAS = 2 + EQUATION_BY, /* numbers of a sample besides counts and parameters */
	EQUATION_NAME = 3 * EXPR_NAME
};

struct equation_config {
	const struct conf_node *equation, *fields, *define, *coefficient, *param, *domain, *boundary, *initial, *grid,
		*solve_grid, *events;
	int64_t frames, max_steps, order;
	double dt, rtol, atol, steady_rtol, steady_atol;
	bool dealias, to_steady;
	struct controller_keys control; /* ordinary differential equations */
	struct key_doubles stops, jumps;
	struct key_strings sensitivity;
	int method, stepper,
		solver; /* indices into equation_method_names, equation_stepper_names, equation_solver_names */
};

struct equation_unknown {
	expr node;     /* EX_FIELD or a component of one */
	char name[64]; /* of the field in the data */
	expr rate;     /* its time derivative, scalar and lowered */
	expr initial;
};

struct equation_side { /* of_value * u + of_slope * u_x = value at one end of an axis */
	bool given;
	expr of_value, of_slope; /* constants */
	expr value;		 /* of time, place, coefficients and parameters */
};

struct equation_noise { /* amplitude * dW in the rate of an unknown; index: which noise */
	int unknown, index;
	expr amplitude;
};

struct equation_event {
	expr when;     /* of unknowns, time and parameters */
	bool boolean;  /* happens at the end of a step where `when` is not 0; else at a change of its sign */
	int direction; /* 1 rising, -1 falling, 0 both */
	bool ends;     /* the march ends; else fields become set[k] (EXPR_NONE: stay) */
	expr set[EQUATION_UNKNOWNS];
};

struct equation_spec {
	struct exprs *pool;
	struct equations system;
	int n_dims;
	double low[3], length[3], t0, t1;
	int64_t grid[3], solve_grid[3]; /* solve_grid 0: automatic */
	int closed[3];			/* 1: both ends are points of the grid, 0: periodic */
	bool sided;			/* some axis is closed */
	bool stationary;		/* no equation has a time derivative: unknown[].rate is to be 0 */
	struct equation_side side[3][2][EQUATION_UNKNOWNS];
	int n_unknowns, n_params, n_coefs;
	struct equation_unknown unknown[EQUATION_UNKNOWNS];
	expr param[EQUATION_PARAMS]; /* law or value */
	expr coef[EQUATION_COEFS];   /* formula */
	int n_given;
	struct equation_given *given[EQUATION_GIVEN]; /* what EX_DATA reads (equation_given.h) */
	int n_noises;
	struct equation_noise noise[EQUATION_NOISES];
	int n_events;
	struct equation_event event[EQUATION_EVENTS];
	bool ends;						   /* some event does */
	int n_by, by[EQUATION_BY];				   /* parameters that tangents are wanted of */
	char *text;						   /* the equations as one line */
	const char *names[EQUATION_UNKNOWNS + EQUATION_COEFS + 1]; /* initial fields, then coefficients */
};

/* Errors read "FILE:LINE: equation:1:14: ...". */
int equation_spec_new(struct equation_spec **out, const struct equation_config *c, struct err *e);
void equation_spec_free(struct equation_spec *s);
/* Highest derivative of an unknown along an axis in all equations: (a*u_x)_x counts 2. */
int equation_spec_order(const struct equation_spec *s, int axis, int unknown);
/* Is a parameter drawn for every sample? */
bool equation_param_is_drawn(const struct equation_spec *s, int param);
/* "dx_dg": the tangent of x by the parameter by[k]. */
void equation_tangent_name(const struct equation_spec *s, const char *of, int by, char name[EQUATION_NAME]);
/* Names of further numbers of a sample: when the march ended and that time's tangents, how often events changed the
 * state; how many. */
int equation_extras(const struct equation_config *c, const struct equation_spec *s,
		    char name[EQUATION_EXTRAS][EQUATION_NAME]);

#endif
