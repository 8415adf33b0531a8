/* riemann.c: exact solutions of Riemann problems for the ideal gas and for shallow water. Both have the same shape: a
 * function of the middle pressure (depth) says how much velocity a wave adds on its side, and the sides must agree. */
#include "problem/riemann.h"

#include <math.h>

/* ---- ideal gas ----------------------------------------------------------------------------------- */

/* Velocity change across the wave between a side and middle pressure p, and its derivative (Toro 4.6, 4.7, 4.37). */
static double gas_wave(double gamma, const struct riemann_gas *side, double p, double *slope)
{
	const double c = sqrt(gamma * side->pressure / side->density);

	if (p > side->pressure) {
		const double a = 2 / ((gamma + 1) * side->density), b = (gamma - 1) / (gamma + 1) * side->pressure;
		const double root = sqrt(a / (p + b));

		*slope = root * (1 - 0.5 * (p - side->pressure) / (p + b));
		return (p - side->pressure) * root;
	}
	*slope = pow(p / side->pressure, -(gamma + 1) / (2 * gamma)) / (side->density * c);
	return 2 * c / (gamma - 1) * (pow(p / side->pressure, (gamma - 1) / (2 * gamma)) - 1);
}

int riemann_gas_middle(double gamma, const struct riemann_gas *left, const struct riemann_gas *right, double *pressure,
		       double *velocity)
{
	const double cl = sqrt(gamma * left->pressure / left->density),
		     cr = sqrt(gamma * right->pressure / right->density);
	const double du = right->velocity - left->velocity, z = (gamma - 1) / (2 * gamma);
	double p, a, b, slope_a, slope_b;

	if (2 * (cl + cr) / (gamma - 1) <= du)
		return -1;
	/* The two-rarefaction value, exact or not, is never below the root: Newton's method on a concave rising function. */
	p = pow((cl + cr - 0.5 * (gamma - 1) * du) / (cl / pow(left->pressure, z) + cr / pow(right->pressure, z)),
		1 / z);
	for (int k = 0; k < 100; k++) {
		a = gas_wave(gamma, left, p, &slope_a);
		b = gas_wave(gamma, right, p, &slope_b);
		const double next = p - (a + b + du) / (slope_a + slope_b);
		const double change = fabs(next - p);

		p = next > 0 ? next : 0.1 * p;
		if (change <= 1e-15 * p)
			break;
	}
	a = gas_wave(gamma, left, p, &slope_a);
	b = gas_wave(gamma, right, p, &slope_b);
	*pressure = p;
	*velocity = 0.5 * (left->velocity + right->velocity + b - a);
	return 0;
}

/* The left half of the pattern, s <= velocity of the contact; the right one is its mirror image. */
static struct riemann_gas gas_side(double gamma, const struct riemann_gas *side, double p, double u, double s)
{
	const double c = sqrt(gamma * side->pressure / side->density), g = (gamma - 1) / (gamma + 1);
	const double ratio = p / side->pressure;

	if (ratio > 1) {
		const double front =
			side->velocity - c * sqrt((gamma + 1) / (2 * gamma) * ratio + (gamma - 1) / (2 * gamma));

		return s < front ? *side : (struct riemann_gas){ side->density * (ratio + g) / (g * ratio + 1), u, p };
	}
	const double head = side->velocity - c, tail = u - c * pow(ratio, (gamma - 1) / (2 * gamma));

	if (s < head)
		return *side;
	if (s > tail)
		return (struct riemann_gas){ side->density * pow(ratio, 1 / gamma), u, p };
	/* inside the fan: u - c = s, u + 2 c / (gamma - 1) constant */
	const double fan = 2 / (gamma + 1) + g / c * (side->velocity - s);

	return (struct riemann_gas){ side->density * pow(fan, 2 / (gamma - 1)),
				     2 / (gamma + 1) * (c + 0.5 * (gamma - 1) * side->velocity + s),
				     side->pressure * pow(fan, 2 * gamma / (gamma - 1)) };
}

struct riemann_gas riemann_gas_at(double gamma, const struct riemann_gas *left, const struct riemann_gas *right,
				  double pressure, double velocity, double s)
{
	struct riemann_gas mirror = { right->density, -right->velocity, right->pressure };

	if (s <= velocity)
		return gas_side(gamma, left, pressure, velocity, s);
	mirror = gas_side(gamma, &mirror, pressure, -velocity, -s);
	mirror.velocity = -mirror.velocity;
	return mirror;
}

/* ---- shallow water ------------------------------------------------------------------------------- */

static double water_wave(double gravity, double side, double h)
{
	if (h > side)
		return (h - side) * sqrt(0.5 * gravity * (h + side) / (h * side));
	return 2 * (sqrt(gravity * h) - sqrt(gravity * side));
}

int riemann_water_middle(double gravity, const struct riemann_water *left, const struct riemann_water *right,
			 double *depth, double *velocity)
{
	const double du = right->velocity - left->velocity;
	double low = 0, high = fmax(left->depth, right->depth);

	if (2 * (sqrt(gravity * left->depth) + sqrt(gravity * right->depth)) <= du)
		return -1;
	while (water_wave(gravity, left->depth, high) + water_wave(gravity, right->depth, high) + du < 0)
		high *= 2;
	for (int k = 0; k < 200 && low < high; k++) {
		const double h = 0.5 * (low + high);

		if (water_wave(gravity, left->depth, h) + water_wave(gravity, right->depth, h) + du < 0)
			low = h;
		else
			high = h;
	}
	*depth = high;
	*velocity = 0.5 * (left->velocity + right->velocity + water_wave(gravity, right->depth, high) -
			   water_wave(gravity, left->depth, high));
	return 0;
}

static struct riemann_water water_side(double gravity, const struct riemann_water *side, double h, double u, double s)
{
	const double c = sqrt(gravity * side->depth), middle = sqrt(gravity * h);

	if (h > side->depth) {
		const double front = side->velocity - c * sqrt(0.5 * (h + side->depth) * h) / side->depth;

		return s < front ? *side : (struct riemann_water){ h, u };
	}
	if (s < side->velocity - c)
		return *side;
	if (s > u - middle)
		return (struct riemann_water){ h, u };
	const double fan = (side->velocity + 2 * c - s) / 3;

	return (struct riemann_water){ fan * fan / gravity, s + fan };
}

struct riemann_water riemann_water_at(double gravity, const struct riemann_water *left,
				      const struct riemann_water *right, double depth, double velocity, double s)
{
	struct riemann_water mirror = { right->depth, -right->velocity };

	if (s <= velocity)
		return water_side(gravity, left, depth, velocity, s);
	mirror = water_side(gravity, &mirror, depth, -velocity, -s);
	mirror.velocity = -mirror.velocity;
	return mirror;
}
