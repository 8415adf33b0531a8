/* riemann.h: exact solutions of Riemann problems: two constant states that meet at x = 0. Self-similar: functions of x
 * / t. */
#ifndef SCIML_PROBLEM_RIEMANN_H
#define SCIML_PROBLEM_RIEMANN_H

/* State of an ideal gas. */
struct riemann_gas {
	double density, velocity, pressure;
};

/* Pressure and velocity between the two sound waves, for ratio of specific heats gamma > 1 (Toro 2009, section 4.2,
 * Newton's method from 4.46). 0, or -1 when the states draw apart so fast that a vacuum opens (4.40). */
int riemann_gas_middle(double gamma, const struct riemann_gas *left, const struct riemann_gas *right, double *pressure,
		       double *velocity);
/* The solution at speed s = x / t (Toro 2009, section 4.5); middle: the result of riemann_gas_middle. */
struct riemann_gas riemann_gas_at(double gamma, const struct riemann_gas *left, const struct riemann_gas *right,
				  double pressure, double velocity, double s);

/* Shallow water on a wet bed: depth and velocity. */
struct riemann_water {
	double depth, velocity;
};

/* Depth and velocity between the waves (Toro 2001, section 5.2; Stoker 1957 for water at rest); -1: the bed falls
 * dry. */
int riemann_water_middle(double gravity, const struct riemann_water *left, const struct riemann_water *right,
			 double *depth, double *velocity);
struct riemann_water riemann_water_at(double gravity, const struct riemann_water *left,
				      const struct riemann_water *right, double depth, double velocity, double s);

#endif
