/* tableau_explicit.c: explicit Runge-Kutta methods. Sources: Hairer, Norsett, Wanner, Solving ODEs I, II.1 and table
 * II.5.2 (Dormand, Prince 1980), quartic of Shampine 1986 between its steps; Ralston 1962; Shu, Osher 1988 (ssprk3);
 * Bogacki, Shampine 1989; Tsitouras 2011. The tests check every row against the order conditions. */
#include "integ/tableau_member.h"

/* clang-format off */
static const double euler_a[] = {
	0,
};
static const double euler_b[] = {
	1,
};
static const double euler_c[] = {
	0,
};
static const double heun_a[] = {
	0, 0,
	1, 0,
};
static const double heun_b[] = {
	1. / 2, 1. / 2,
};
static const double heun_error[] = {
	-1. / 2, 1. / 2,
};
static const double heun_c[] = {
	0, 1,
};
static const double midpoint_a[] = {
	0, 0,
	1. / 2, 0,
};
static const double midpoint_b[] = {
	0, 1,
};
static const double midpoint_error[] = {
	-1, 1,
};
static const double midpoint_c[] = {
	0, 1. / 2,
};
static const double ralston_a[] = {
	0, 0,
	2. / 3, 0,
};
static const double ralston_b[] = {
	1. / 4, 3. / 4,
};
static const double ralston_error[] = {
	-3. / 4, 3. / 4,
};
static const double ralston_c[] = {
	0, 2. / 3,
};
static const double heun3_a[] = {
	0, 0, 0,
	1. / 3, 0, 0,
	0, 2. / 3, 0,
};
static const double heun3_b[] = {
	1. / 4, 0, 3. / 4,
};
static const double heun3_c[] = {
	0, 1. / 3, 2. / 3,
};
static const double ssprk3_a[] = {
	0, 0, 0,
	1, 0, 0,
	1. / 4, 1. / 4, 0,
};
static const double ssprk3_b[] = {
	1. / 6, 1. / 6, 2. / 3,
};
static const double ssprk3_c[] = {
	0, 1, 1. / 2,
};
static const double fehlberg2_a[] = {
	0, 0, 0,
	1. / 2, 0, 0,
	1. / 256, 255. / 256, 0,
};
static const double fehlberg2_b[] = {
	1. / 512, 255. / 256, 1. / 512,
};
static const double fehlberg2_error[] = {
	-1. / 512, 0, 1. / 512,
};
static const double fehlberg2_c[] = {
	0, 1. / 2, 1,
};
static const double rk4_a[] = {
	0, 0, 0, 0,
	1. / 2, 0, 0, 0,
	0, 1. / 2, 0, 0,
	0, 0, 1, 0,
};
static const double rk4_b[] = {
	1. / 6, 1. / 3, 1. / 3, 1. / 6,
};
static const double rk4_c[] = {
	0, 1. / 2, 1. / 2, 1,
};
static const double rk4_38_a[] = {
	0, 0, 0, 0,
	1. / 3, 0, 0, 0,
	-1. / 3, 1, 0, 0,
	1, -1, 1, 0,
};
static const double rk4_38_b[] = {
	1. / 8, 3. / 8, 3. / 8, 1. / 8,
};
static const double rk4_38_c[] = {
	0, 1. / 3, 2. / 3, 1,
};
static const double bosh3_a[] = {
	0, 0, 0, 0,
	1. / 2, 0, 0, 0,
	0, 3. / 4, 0, 0,
	2. / 9, 1. / 3, 4. / 9, 0,
};
static const double bosh3_b[] = {
	2. / 9, 1. / 3, 4. / 9, 0,
};
static const double bosh3_error[] = {
	2. / 9 - 7. / 24, 1. / 3 - 1. / 4, 4. / 9 - 1. / 3, -1. / 8,
};
static const double bosh3_c[] = {
	0, 1. / 2, 3. / 4, 1,
};
static const double dopri5_a[] = {
	0, 0, 0, 0, 0, 0, 0,
	1. / 5, 0, 0, 0, 0, 0, 0,
	3. / 40, 9. / 40, 0, 0, 0, 0, 0,
	44. / 45, -56. / 15, 32. / 9, 0, 0, 0, 0,
	19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729, 0, 0, 0,
	9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656, 0, 0,
	35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0,
};
static const double dopri5_b[] = {
	35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0,
};
static const double dopri5_error[] = {
	35. / 384 - 1951. / 21600, 0, 500. / 1113 - 22642. / 50085, 125. / 192 - 451. / 720,
		-2187. / 6784 + 12231. / 42400, 11. / 84 - 649. / 6300, -1. / 60,
};
static const double dopri5_c[] = {
	0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1,
};
static const double dopri5_dense[] = {
	1, -2.8535800653862835, 3.0717434641059005, -1.1270175653862835,
	0, 0, 0, 0,
	0, 4.023133379230305, -6.249321565289, 2.675424484351598,
	0, -3.7324019615885042, 10.068970589843675, -5.685526961588504,
	0, 2.5548038301849423, -6.399112377351017, 3.5219323679207912,
	0, -1.3744241142186024, 3.272657752246729, -1.7672812570757455,
	0, 1.3824689317781436, -3.764937863556287, 2.382468931778144,
};
static const double tsit5_a[] = {
	0, 0, 0, 0, 0, 0, 0,
	0.161, 0, 0, 0, 0, 0, 0,
	-0.0084806554923569887, 0.335480655492357, 0, 0, 0, 0, 0,
	2.8971530571054935, -6.3594484899750752, 4.3622954328695815, 0, 0, 0, 0,
	5.3258648284392569, -11.748883564062828, 7.4955393428898365, -0.092495066361755252, 0, 0, 0,
	5.8614554429464203, -12.92096931784711, 8.1593678985761589, -0.071584973281400996, -0.028269050394068383, 0,
		0,
	0.09646076681806523, 0.01, 0.4798896504144996, 1.3790085741037419, -3.2900695154360808, 2.3247105240997739, 0,
};
static const double tsit5_b[] = {
	0.09646076681806523, 0.01, 0.4798896504144996, 1.3790085741037419, -3.2900695154360808, 2.3247105240997739, 0,
};
static const double tsit5_error[] = {
	0.0017800110522257773, 0.00081643445965674626, -0.0078808780102619935, 0.14471100717326291,
		-0.58235716545255523, 0.45808210592918686, -0.015151515151515152,
};
static const double tsit5_c[] = {
	0, 0.161, 0.327, 0.9, 0.98002554090451044, 1, 1,
};
static const double tsit5_dense[] = {
	1, -2.763706197274826, 2.9132554618219126, -1.0530884977290216,
	0, 0.13169999999999998, -0.2234, 0.1017,
	0, 3.9302962368947516, -5.941033872131505, 2.490627285651253,
	0, -12.411077166933676, 30.33818863028232, -16.548102889244902,
	0, 37.50931341651104, -88.1789048947664, 47.37952196281928,
	0, -27.896526289197286, 65.09189467479366, -34.87065786149661,
	0, 1.5, -4, 2.5,
};
/* clang-format on */

static const struct tableau euler = {
	.name = "euler",
	.stages = 1,
	.order = 1,
	.a = euler_a,
	.b = euler_b,
	.c = euler_c,
};
static const struct tableau heun = {
	.name = "heun",
	.stages = 2,
	.order = 2,
	.error_order = 1,
	.a = heun_a,
	.b = heun_b,
	.b_error = heun_error,
	.c = heun_c,
};
static const struct tableau midpoint = {
	.name = "midpoint",
	.stages = 2,
	.order = 2,
	.error_order = 1,
	.a = midpoint_a,
	.b = midpoint_b,
	.b_error = midpoint_error,
	.c = midpoint_c,
};
static const struct tableau ralston = {
	.name = "ralston",
	.stages = 2,
	.order = 2,
	.error_order = 1,
	.a = ralston_a,
	.b = ralston_b,
	.b_error = ralston_error,
	.c = ralston_c,
};
static const struct tableau heun3 = {
	.name = "heun3",
	.stages = 3,
	.order = 3,
	.a = heun3_a,
	.b = heun3_b,
	.c = heun3_c,
};
static const struct tableau ssprk3 = {
	.name = "ssprk3",
	.stages = 3,
	.order = 3,
	.a = ssprk3_a,
	.b = ssprk3_b,
	.c = ssprk3_c,
};
static const struct tableau fehlberg2 = {
	.name = "fehlberg2",
	.stages = 3,
	.order = 2,
	.error_order = 1,
	.a = fehlberg2_a,
	.b = fehlberg2_b,
	.b_error = fehlberg2_error,
	.c = fehlberg2_c,
};
static const struct tableau rk4 = {
	.name = "rk4",
	.stages = 4,
	.order = 4,
	.a = rk4_a,
	.b = rk4_b,
	.c = rk4_c,
};
static const struct tableau rk4_38 = {
	.name = "rk4_38",
	.stages = 4,
	.order = 4,
	.a = rk4_38_a,
	.b = rk4_38_b,
	.c = rk4_38_c,
};
static const struct tableau bosh3 = {
	.name = "bosh3",
	.stages = 4,
	.order = 3,
	.error_order = 2,
	.a = bosh3_a,
	.b = bosh3_b,
	.b_error = bosh3_error,
	.c = bosh3_c,
	.first_same_as_last = true,
};
static const struct tableau dopri5 = {
	.name = "dopri5",
	.stages = 7,
	.order = 5,
	.error_order = 4,
	.a = dopri5_a,
	.b = dopri5_b,
	.b_error = dopri5_error,
	.c = dopri5_c,
	.first_same_as_last = true,
	.dense_degree = 4,
	.dense = dopri5_dense,
	.stability = 3.3066,
};
static const struct tableau tsit5 = {
	.name = "tsit5",
	.stages = 7,
	.order = 5,
	.error_order = 4,
	.a = tsit5_a,
	.b = tsit5_b,
	.b_error = tsit5_error,
	.c = tsit5_c,
	.first_same_as_last = true,
	.dense_degree = 4,
	.dense = tsit5_dense,
	.stability = 3.5068, /* as in the code of arXiv 2105.03918 */
};

const struct tableau *const tableau_explicit[] = { &euler, &heun,   &midpoint, &ralston, &heun3,  &ssprk3, &fehlberg2,
						   &rk4,   &rk4_38, &bosh3,    &tsit5,	 &dopri5, NULL };
