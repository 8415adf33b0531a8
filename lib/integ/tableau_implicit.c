/* tableau_implicit.c: implicit Runge-Kutta methods. Sources: Hairer, Wanner, Solving ODEs II, IV.5 (Gauss, Radau IIA)
 * and IV.6 (SDIRK); Bank et al. 1985 (TR-BDF2); Kvaerno 2004 (BIT 44): stiffly accurate, L-stable, first stage
 * explicit, with first guesses for the stages whose weights add up to one. */
#include "integ/tableau_member.h"

#define SQRT2 1.4142135623730951
#define SQRT3 1.7320508075688772
#define SQRT6 2.449489742783178
#define SQRT15 3.872983346207417

/* clang-format off */
/* The first slope serves the error estimate: the difference to the trapezoidal rule. */
static const double implicit_euler_a[] = {
	0, 0,
	0, 1,
};
static const double implicit_euler_b[] = {
	0, 1,
};
static const double implicit_euler_error[] = {
	-1. / 2, 1. / 2,
};
static const double implicit_euler_c[] = {
	0, 1,
};
static const double implicit_midpoint_a[] = {
	1. / 2,
};
static const double implicit_midpoint_b[] = {
	1,
};
static const double implicit_midpoint_c[] = {
	1. / 2,
};
static const double trapezoid_a[] = {
	0, 0,
	1. / 2, 1. / 2,
};
static const double trapezoid_b[] = {
	1. / 2, 1. / 2,
};
static const double trapezoid_c[] = {
	0, 1,
};
static const double sdirk2_a[] = {
	1 - SQRT2 / 2, 0,
	SQRT2 / 2, 1 - SQRT2 / 2,
};
static const double sdirk2_b[] = {
	SQRT2 / 2, 1 - SQRT2 / 2,
};
static const double sdirk2_c[] = {
	1 - SQRT2 / 2, 1,
};
static const double trbdf2_a[] = {
	0, 0, 0,
	1 - SQRT2 / 2, 1 - SQRT2 / 2, 0,
	SQRT2 / 4, SQRT2 / 4, 1 - SQRT2 / 2,
};
static const double trbdf2_b[] = {
	SQRT2 / 4, SQRT2 / 4, 1 - SQRT2 / 2,
};
static const double trbdf2_c[] = {
	0, 2 - SQRT2, 1,
};
static const double gl4_a[] = {
	1. / 4, 1. / 4 - SQRT3 / 6,
	1. / 4 + SQRT3 / 6, 1. / 4,
};
static const double gl4_b[] = {
	1. / 2, 1. / 2,
};
static const double gl4_c[] = {
	1. / 2 - SQRT3 / 6, 1. / 2 + SQRT3 / 6,
};
static const double gl6_a[] = {
	5. / 36, 2. / 9 - SQRT15 / 15, 5. / 36 - SQRT15 / 30,
	5. / 36 + SQRT15 / 24, 2. / 9, 5. / 36 - SQRT15 / 24,
	5. / 36 + SQRT15 / 30, 2. / 9 + SQRT15 / 15, 5. / 36,
};
static const double gl6_b[] = {
	5. / 18, 4. / 9, 5. / 18,
};
static const double gl6_c[] = {
	1. / 2 - SQRT15 / 10, 1. / 2, 1. / 2 + SQRT15 / 10,
};
static const double radauIIA3_a[] = {
	5. / 12, -1. / 12,
	3. / 4, 1. / 4,
};
static const double radauIIA3_b[] = {
	3. / 4, 1. / 4,
};
static const double radauIIA3_c[] = {
	1. / 3, 1,
};
static const double radauIIA5_a[] = {
	11. / 45 - 7 * SQRT6 / 360, 37. / 225 - 169 * SQRT6 / 1800, -2. / 225 + SQRT6 / 75,
	37. / 225 + 169 * SQRT6 / 1800, 11. / 45 + 7 * SQRT6 / 360, -2. / 225 - SQRT6 / 75,
	4. / 9 - SQRT6 / 36, 4. / 9 + SQRT6 / 36, 1. / 9,
};
static const double radauIIA5_b[] = {
	4. / 9 - SQRT6 / 36, 4. / 9 + SQRT6 / 36, 1. / 9,
};
static const double radauIIA5_c[] = {
	2. / 5 - SQRT6 / 10, 2. / 5 + SQRT6 / 10, 1,
};
static const double kvaerno3_a[] = {
	0, 0, 0, 0,
	0.4358665215, 0.4358665215, 0, 0,
	0.49056338841910818, 0.073570090080891895, 0.4358665215, 0,
	0.30880996997303606, 1.4905633882541081, -1.2352398797271447, 0.4358665215,
};
static const double kvaerno3_b[] = {
	0.30880996997303606, 1.4905633882541081, -1.2352398797271447, 0.4358665215,
};
static const double kvaerno3_error[] = {
	-0.18175341844607212, 1.4169932981732161, -1.6711064012271446, 0.4358665215,
};
static const double kvaerno3_c[] = {
	0, 0.871733043, 1, 1,
};
static const double kvaerno3_predictor[] = {
	0, 0, 0, 0,
	1, 0, 0, 0,
	1 - 1 / (2 * 0.4358665215), 1 / (2 * 0.4358665215), 0, 0,
	0.49056338841910818, 0.073570090080891895, 0.4358665215, 0,
};
static const double kvaerno4_a[] = {
	0, 0, 0, 0, 0,
	0.5728160625, 0.5728160625, 0, 0, 0,
	0.16723546204189954, -0.14294653686128728, 0.5728160625, 0, 0,
	0.26260329027397794, -0.31190432741478491, 0.47648497464080769, 0.5728160625, 0,
	0.19721654832102861, 0.1768437839066134, 0.81544218140355162, -0.76231857613119303, 0.5728160625,
};
static const double kvaerno4_b[] = {
	0.19721654832102861, 0.1768437839066134, 0.81544218140355162, -0.76231857613119303, 0.5728160625,
};
static const double kvaerno4_error[] = {
	-0.065386741952949329, 0.48874811132139828, 0.33895720676274393, -1.3351346386311929, 0.5728160625,
};
static const double kvaerno4_c[] = {
	0, 1.145632125, 0.59710498768061226, 1, 1,
};
static const double kvaerno4_predictor[] = {
	0, 0, 0, 0, 0,
	1, 0, 0, 0, 0,
	1 - 0.59710498768061226 / 1.145632125, 0.59710498768061226 / 1.145632125, 0, 0, 0,
	0, 1 - (1 - 1.145632125) / (0.59710498768061226 - 1.145632125),
		(1 - 1.145632125) / (0.59710498768061226 - 1.145632125), 0, 0,
	0.26260329027397794, -0.31190432741478491, 0.47648497464080769, 0.5728160625, 0,
};
static const double kvaerno5_a[] = {
	0, 0, 0, 0, 0, 0, 0,
	0.26, 0.26, 0, 0, 0, 0, 0,
	0.13, 0.84033320996790806, 0.26, 0, 0, 0, 0,
	0.22371961478320504, 0.47675532319799702, -0.064708953631126151, 0.26, 0, 0, 0,
	0.16648564323248322, 0.1045001884159172, 0.036314822720987149, -0.13090704451073998, 0.26, 0, 0,
	0.13855640231268224, 0, -0.042453372017520433, 0.024466578980031409, 0.61943039072480677, 0.26, 0,
	0.13659751177640292, 0, -0.054969087965383759, -0.041186267283210461, 0.629933048990164, 0.069624794482027283,
		0.26,
};
static const double kvaerno5_b[] = {
	0.13659751177640292, 0, -0.054969087965383759, -0.041186267283210461, 0.629933048990164, 0.069624794482027283,
		0.26,
};
static const double kvaerno5_error[] = {
	-0.0019588905362793174, 0, -0.012515715947863326, -0.065652846263241874, 0.010502658265357234,
		-0.19037520551797271, 0.26,
};
static const double kvaerno5_c[] = {
	0, 0.52, 1.2303332099679081, 0.89576598435007593, 0.43639360985864756, 1, 1,
};
static const double kvaerno5_predictor[] = {
	0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0,
	-1.366025403784441, 2.3660254037844357, 0, 0, 0, 0, 0,
	-0.19650552613122207, 0.8113579546496623, 0.38514757148155954, 0, 0, 0, 0,
	0.10375304369958693, 0.937994698066431, -0.04174774176601781, 0, 0, 0, 0,
	-0.17281112873898072, 0.6235784481025847, 0.5492326806363959, 0, 0, 0, 0,
	0.13855640231268224, 0, -0.042453372017520433, 0.024466578980031409, 0.61943039072480677, 0.26, 0,
};
/* clang-format on */

static const struct tableau implicit_euler = {
	.name = "implicit_euler",
	.stages = 2,
	.order = 1,
	.error_order = 1,
	.a = implicit_euler_a,
	.b = implicit_euler_b,
	.b_error = implicit_euler_error,
	.c = implicit_euler_c,
	.first_same_as_last = true,
	.kind = TABLEAU_DIAGONAL,
};
static const struct tableau implicit_midpoint = {
	.name = "implicit_midpoint",
	.stages = 1,
	.order = 2,
	.a = implicit_midpoint_a,
	.b = implicit_midpoint_b,
	.c = implicit_midpoint_c,
	.kind = TABLEAU_FULL,
};
static const struct tableau trapezoid = {
	.name = "trapezoid",
	.stages = 2,
	.order = 2,
	.a = trapezoid_a,
	.b = trapezoid_b,
	.c = trapezoid_c,
	.first_same_as_last = true,
	.kind = TABLEAU_DIAGONAL,
};
static const struct tableau sdirk2 = {
	.name = "sdirk2",
	.stages = 2,
	.order = 2,
	.a = sdirk2_a,
	.b = sdirk2_b,
	.c = sdirk2_c,
	.kind = TABLEAU_DIAGONAL,
};
static const struct tableau trbdf2 = {
	.name = "trbdf2",
	.stages = 3,
	.order = 2,
	.a = trbdf2_a,
	.b = trbdf2_b,
	.c = trbdf2_c,
	.first_same_as_last = true,
	.kind = TABLEAU_DIAGONAL,
};
static const struct tableau gl4 = {
	.name = "gl4",
	.stages = 2,
	.order = 4,
	.a = gl4_a,
	.b = gl4_b,
	.c = gl4_c,
	.kind = TABLEAU_FULL,
};
static const struct tableau gl6 = {
	.name = "gl6",
	.stages = 3,
	.order = 6,
	.a = gl6_a,
	.b = gl6_b,
	.c = gl6_c,
	.kind = TABLEAU_FULL,
};
static const struct tableau radauIIA3 = {
	.name = "radauIIA3",
	.stages = 2,
	.order = 3,
	.a = radauIIA3_a,
	.b = radauIIA3_b,
	.c = radauIIA3_c,
	.kind = TABLEAU_FULL,
};
static const struct tableau radauIIA5 = {
	.name = "radauIIA5",
	.stages = 3,
	.order = 5,
	.a = radauIIA5_a,
	.b = radauIIA5_b,
	.c = radauIIA5_c,
	.kind = TABLEAU_FULL,
};
static const struct tableau kvaerno3 = {
	.name = "kvaerno3",
	.stages = 4,
	.order = 3,
	.error_order = 2,
	.a = kvaerno3_a,
	.b = kvaerno3_b,
	.b_error = kvaerno3_error,
	.c = kvaerno3_c,
	.first_same_as_last = true,
	.kind = TABLEAU_DIAGONAL,
	.predictor = kvaerno3_predictor,
};
static const struct tableau kvaerno4 = {
	.name = "kvaerno4",
	.stages = 5,
	.order = 4,
	.error_order = 3,
	.a = kvaerno4_a,
	.b = kvaerno4_b,
	.b_error = kvaerno4_error,
	.c = kvaerno4_c,
	.first_same_as_last = true,
	.kind = TABLEAU_DIAGONAL,
	.predictor = kvaerno4_predictor,
};
static const struct tableau kvaerno5 = {
	.name = "kvaerno5",
	.stages = 7,
	.order = 5,
	.error_order = 4,
	.a = kvaerno5_a,
	.b = kvaerno5_b,
	.b_error = kvaerno5_error,
	.c = kvaerno5_c,
	.first_same_as_last = true,
	.kind = TABLEAU_DIAGONAL,
	.predictor = kvaerno5_predictor,
};

const struct tableau *const tableau_implicit[] = {
	&implicit_euler, &implicit_midpoint, &trapezoid, &sdirk2,   &trbdf2,   &gl4, &gl6,
	&radauIIA3,	 &radauIIA5,	     &kvaerno3,	 &kvaerno4, &kvaerno5, NULL
};
