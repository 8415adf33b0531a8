/* tableau.c: Butcher tableaus as data. Sources: Hairer, Norsett, Wanner, Solving ODEs I, tables II.1.2 and II.5.2 (Dormand,
 * Prince 1980); Bogacki, Shampine 1989; Tsitouras 2011. The tests check every row against the order conditions. */
#include "integ/integ.h"

#include <string.h>

static const double euler_a[] = { 0 };
static const double euler_b[] = { 1 };
static const double euler_c[] = { 0 };
static const struct tableau euler = {
	.name = "euler", .stages = 1, .order = 1, .a = euler_a, .b = euler_b, .c = euler_c
};

static const double heun_a[] = { 0, 0, 1, 0 };
static const double heun_b[] = { 1. / 2, 1. / 2 };
static const double heun_error[] = { -1. / 2, 1. / 2 };
static const double heun_c[] = { 0, 1 };
static const struct tableau heun = { .name = "heun",
				     .stages = 2,
				     .order = 2,
				     .error_order = 1,
				     .a = heun_a,
				     .b = heun_b,
				     .b_error = heun_error,
				     .c = heun_c };

static const double midpoint_a[] = { 0, 0, 1. / 2, 0 };
static const double midpoint_b[] = { 0, 1 };
static const double midpoint_c[] = { 0, 1. / 2 };
static const struct tableau midpoint = {
	.name = "midpoint", .stages = 2, .order = 2, .a = midpoint_a, .b = midpoint_b, .c = midpoint_c
};

/* clang-format off */
static const double rk4_a[] = {
	0, 0, 0, 0,
	1. / 2, 0, 0, 0,
	0, 1. / 2, 0, 0,
	0, 0, 1, 0,
};
static const double rk4_b[] = { 1. / 6, 1. / 3, 1. / 3, 1. / 6 };
static const double rk4_c[] = { 0, 1. / 2, 1. / 2, 1 };

static const double bogacki_a[] = {
	0, 0, 0, 0,
	1. / 2, 0, 0, 0,
	0, 3. / 4, 0, 0,
	2. / 9, 1. / 3, 4. / 9, 0,
};
static const double bogacki_b[] = { 2. / 9, 1. / 3, 4. / 9, 0 };
static const double bogacki_error[] = { 2. / 9 - 7. / 24, 1. / 3 - 1. / 4, 4. / 9 - 1. / 3, -1. / 8 };
static const double bogacki_c[] = { 0, 1. / 2, 3. / 4, 1 };

static const double dopri5_a[] = {
	0, 0, 0, 0, 0, 0, 0,
	1. / 5, 0, 0, 0, 0, 0, 0,
	3. / 40, 9. / 40, 0, 0, 0, 0, 0,
	44. / 45, -56. / 15, 32. / 9, 0, 0, 0, 0,
	19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729, 0, 0, 0,
	9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656, 0, 0,
	35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0,
};
static const double dopri5_b[] = { 35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0 };
static const double dopri5_error[] = {
	71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40,
};
static const double dopri5_c[] = { 0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1 };

static const double tsit5_a[] = {
	0, 0, 0, 0, 0, 0, 0,
	0.161, 0, 0, 0, 0, 0, 0,
	-0.008480655492356989, 0.335480655492357, 0, 0, 0, 0, 0,
	2.8971530571054935, -6.359448489975075, 4.3622954328695815, 0, 0, 0, 0,
	5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525, 0, 0, 0,
	5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383, 0, 0,
	0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774, 0,
};
static const double tsit5_b[] = {
	0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774, 0,
};
static const double tsit5_error[] = {
	0.00178001105222577714, 0.0008164344596567469, -0.007880878010261995, 0.1447110071732629,
	-0.5823571654525552, 0.45808210592918697, -1. / 66,
};
static const double tsit5_c[] = { 0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1 };
/* clang-format on */

static const struct tableau rk4 = { .name = "rk4", .stages = 4, .order = 4, .a = rk4_a, .b = rk4_b, .c = rk4_c };
static const struct tableau bogacki_shampine = { .name = "bogacki_shampine",
						 .stages = 4,
						 .order = 3,
						 .error_order = 2,
						 .a = bogacki_a,
						 .b = bogacki_b,
						 .b_error = bogacki_error,
						 .c = bogacki_c,
						 .first_same_as_last = true };
static const struct tableau dopri5 = { .name = "dopri5",
				       .stages = 7,
				       .order = 5,
				       .error_order = 4,
				       .a = dopri5_a,
				       .b = dopri5_b,
				       .b_error = dopri5_error,
				       .c = dopri5_c,
				       .first_same_as_last = true };
static const struct tableau tsit5 = { .name = "tsit5",
				      .stages = 7,
				      .order = 5,
				      .error_order = 4,
				      .a = tsit5_a,
				      .b = tsit5_b,
				      .b_error = tsit5_error,
				      .c = tsit5_c,
				      .first_same_as_last = true };

const struct tableau *const tableaus[] = { &euler, &heun, &midpoint, &rk4, &bogacki_shampine, &dopri5, &tsit5, NULL };

const struct tableau *tableau_find(const char *name)
{
	for (int i = 0; tableaus[i]; i++)
		if (strcmp(tableaus[i]->name, name) == 0)
			return tableaus[i];
	return NULL;
}
