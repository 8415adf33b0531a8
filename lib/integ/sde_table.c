/* sde_table.c: the methods. Coefficients: Roessler, SIAM J. Numer. Anal. 48 (2010); Foster, dos Reis, Strange, SIAM J.
 * Numer. Anal. 62 (2024): shark, slowrk, spark; Kidger, Foster, Li, Lyons, NeurIPS 2021: reversible-heun; log-ode: see
 * there; Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992): the others.
 * tests/integ/test_sde.c measures the orders. */
#include "integ/sde_table.h"

#include <stddef.h>

#include "integ/sde.h"

static const struct sde_tableau euler_maruyama = { .stages = 1, .b = { 1 }, .bw = { 1 } };

static const struct sde_tableau heun = {
	.stages = 2,
	.c = { 0, 1 },
	.a = { { 0 }, { 1 } },
	.aw = { { 0 }, { 1 } },
	.b = { 0.5, 0.5 },
	.bw = { 0.5, 0.5 },
	.e = { -0.5, 0.5 },
	.ew = { -0.5, 0.5 },
};

static const struct sde_tableau euler_heun = {
	.stages = 2, .c = { 0, 1 }, .aw = { { 0 }, { 1 } }, .b = { 1, 0 }, .bw = { 0.5, 0.5 }
};

static const struct sde_tableau midpoint = {
	.stages = 2,
	.c = { 0, 0.5 },
	.a = { { 0 }, { 0.5 } },
	.aw = { { 0 }, { 0.5 } },
	.b = { 0, 1 },
	.bw = { 0, 1 },
	.e = { -1, 1 },
	.ew = { -1, 1 },
};

static const struct sde_tableau ralston = {
	.stages = 2,
	.c = { 0, 2. / 3 },
	.a = { { 0 }, { 2. / 3 } },
	.aw = { { 0 }, { 2. / 3 } },
	.b = { 0.25, 0.75 },
	.bw = { 0.25, 0.75 },
	.e = { -0.75, 0.75 },
	.ew = { -0.75, 0.75 },
};

static const struct sde_tableau sea = { .stages = 1, .aw = { { 0.5 } }, .ah = { { 1 } }, .b = { 1 }, .bw = { 1 } };

static const struct sde_tableau sra1 = {
	.stages = 2,
	.c = { 0, 0.75 },
	.a = { { 0 }, { 0.75 } },
	.aw = { { 0 }, { 0.75 } },
	.ah = { { 0 }, { 1.5 } },
	.b = { 1. / 3, 2. / 3 },
	.bw = { 1 },
	.e = { -2. / 3, 2. / 3 },
};

static const struct sde_tableau shark = {
	.stages = 2,
	.c = { 0, 5. / 6 },
	.a = { { 0 }, { 5. / 6 } },
	.aw = { { 0 }, { 5. / 6 } },
	.ah = { { 1 }, { 1 } },
	.b = { 0.4, 0.6 },
	.bw = { 1 },
	.e = { -0.6, 0.6 },
};

static const struct sde_tableau general_shark = {
	.stages = 3,
	.c = { 0, 0, 5. / 6 },
	.a = { { 0 }, { 0 }, { 0, 5. / 6 } },
	.aw = { { 0 }, { 0 }, { 0, 5. / 6 } },
	.ah = { { 0 }, { 1 }, { 1 } },
	.b = { 0, 0.4, 0.6 },
	.bw = { 0, 0.4, 0.6 },
	.bh = { 0, 1.2, -1.2 },
};

/* (3 - sqrt 3)/6 and sqrt(3)/3 */
#define X1 0.21132486540518711775
#define X2 0.57735026918962576451
static const struct sde_tableau spark = {
	.stages = 3,
	.c = { 0, 0.5, 1 },
	.a = { { 0 }, { 0.5 }, { 0, 1 } },
	.aw = { { 0 }, { 0.5 }, { 0, 1 } },
	.ah = { { 0 }, { 1.7320508075688772935 } },
	.b = { X1, X2, X1 },
	.bw = { X1, X2, X1 },
	.bh = { 1, 0, -1 },
	.e = { X1 - 0.5, X2, X1 - 0.5 },
	.ew = { X1 - 0.5, X2, X1 - 0.5 },
	.eh = { 1, 0, -1 },
};

static const struct sde_tableau slowrk = {
	.stages = 7,
	.c = { 0, 0.5, 0.5, 0.5, 0.5, 0.75, 1 },
	.a = { { 0 }, { 0.5 }, { 0.5 }, { 0.5 }, { 0.5 }, { 0.75 }, { 1 } },
	.aw = { { 0 }, { 0 }, { 0, 0.5 }, { 0, 0, 0.5 }, { 0, 0, 0, 1 }, { 0, 0, 0, 0.75 }, { 0, 0, 0.5 } },
	.ah = { { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 0, 0, 0, 1.5 } },
	.b = { 1. / 3, 0, 0, 0, 0, 2. / 3 },
	.bw = { 0, 1. / 6, 1. / 3, 1. / 3, 1. / 6 },
	.bh = { 0, 0, 0, 2, 0, 0, -2 },
};

/* SRID2 */
const struct sri_tableau sri_d2 = {
	.c0 = { 0, 1, 0.5, 0 },
	.c1 = { 0, 0.25, 1, 0.25 },
	.a0 = { { 0 }, { 1 }, { 0.25, 0.25 } },
	.a1 = { { 0 }, { 0.25 }, { 1 }, { 0, 0, 0.25 } },
	.b0 = { { 0 }, { 0 }, { 1, 0.5 } },
	.b1 = { { 0 }, { -0.5 }, { 1 }, { 2, -1, 0.5 } },
	.alpha = { 1. / 6, 1. / 6, 2. / 3 },
	.beta = { { -1, 4. / 3, 2. / 3 }, { 1, -4. / 3, 1. / 3 }, { 2, -4. / 3, -2. / 3 }, { -2, 5. / 3, -2. / 3, 1 } },
};

#define NAMES(METHOD)                                                                                                  \
	METHOD("euler-maruyama", "Kloeden, Platen (1992), 10.2", .calculus = SDE_ITO, .order = 0.5,                    \
	       .order_additive = 1, .noise = BROWNIAN_W, .evaluations = 1, .tableau = &euler_maruyama)                 \
	METHOD("milstein", "Kloeden, Platen (1992), 10.3", .own_calculus = true, .diagonal_only = true,                \
	       .needs_slope = true, .order = 1, .order_additive = 1, .noise = BROWNIAN_W, .evaluations = 1,            \
	       .form = SDE_MILSTEIN)                                                                                   \
	METHOD("heun", "Kloeden, Platen (1992), 15.5", .calculus = SDE_STRATONOVICH, .has_error = true, .order = 1,    \
	       .order_additive = 1, .noise = BROWNIAN_W, .evaluations = 2, .tableau = &heun)                           \
	METHOD("euler-heun", "Kloeden, Platen (1992), 10.5", .calculus = SDE_STRATONOVICH, .order = 1,                 \
	       .order_additive = 1, .noise = BROWNIAN_W, .evaluations = 1, .tableau = &euler_heun)                     \
	METHOD("midpoint", "Kloeden, Platen (1992), 15.5", .calculus = SDE_STRATONOVICH, .has_error = true,            \
	       .order = 1, .order_additive = 1, .noise = BROWNIAN_W, .evaluations = 2, .tableau = &midpoint)           \
	METHOD("ralston", "Ralston, Math. Comp. 16 (1962)", .calculus = SDE_STRATONOVICH, .has_error = true,           \
	       .order = 1, .order_additive = 1, .noise = BROWNIAN_W, .evaluations = 2, .tableau = &ralston)            \
	METHOD("log-ode", "Foster, Oberhauser, Lyons, SIAM J. Numer. Anal. 58 (2020)", .calculus = SDE_STRATONOVICH,   \
	       .has_error = true, .order = 1, .order_additive = 1, .noise = BROWNIAN_WH, .evaluations = 2,             \
	       .form = SDE_LOG_ODE,                                                                                    \
	       .notes = "noises that do not commute: brackets of their fields times Levy areas (Foster 2020)")         \
	METHOD("reversible-heun", "Kidger, Foster, Li, Lyons, NeurIPS 2021", .calculus = SDE_STRATONOVICH,             \
	       .has_error = true, .order = 0.5, .order_additive = 1, .noise = BROWNIAN_W, .evaluations = 1,            \
	       .form = SDE_REVERSIBLE, .notes = "algebraically reversible: gradients in constant memory")              \
	METHOD("sea", "Foster, dos Reis, Strange, SIAM J. Numer. Anal. 62 (2024)", .own_calculus = true,               \
	       .additive_only = true, .order = 1, .order_additive = 1, .noise = BROWNIAN_WH, .evaluations = 1,         \
	       .tableau = &sea)                                                                                        \
	METHOD("sra1", "Roessler, SIAM J. Numer. Anal. 48 (2010)", .own_calculus = true, .additive_only = true,        \
	       .has_error = true, .order = 1.5, .order_additive = 1.5, .noise = BROWNIAN_WH, .evaluations = 2,         \
	       .tableau = &sra1)                                                                                       \
	METHOD("shark", "Foster, dos Reis, Strange, SIAM J. Numer. Anal. 62 (2024)", .own_calculus = true,             \
	       .additive_only = true, .has_error = true, .order = 1.5, .order_additive = 1.5, .noise = BROWNIAN_WH,    \
	       .evaluations = 2, .tableau = &shark)                                                                    \
	METHOD("general-shark", "Foster, dos Reis, Strange, SIAM J. Numer. Anal. 62 (2024)",                           \
	       .calculus = SDE_STRATONOVICH, .order = 1, .order_additive = 1.5, .noise = BROWNIAN_WH,                  \
	       .evaluations = 2, .tableau = &general_shark)                                                            \
	METHOD("spark", "Foster, dos Reis, Strange, SIAM J. Numer. Anal. 62 (2024)", .calculus = SDE_STRATONOVICH,     \
	       .has_error = true, .order = 1, .order_additive = 1.5, .noise = BROWNIAN_WH, .evaluations = 3,           \
	       .tableau = &spark)                                                                                      \
	METHOD("slowrk", "Foster, dos Reis, Strange, SIAM J. Numer. Anal. 62 (2024)", .calculus = SDE_STRATONOVICH,    \
	       .order = 1.5, .order_additive = 1.5, .noise = BROWNIAN_WH, .evaluations = 2, .tableau = &slowrk)        \
	METHOD("splitting", "Foster, dos Reis, Strange, SIAM J. Numer. Anal. 62 (2024)", .own_calculus = true,         \
	       .diagonal_only = true, .needs_flows = true, .order = 1.5, .order_additive = 1.5, .noise = BROWNIAN_WH,  \
	       .evaluations = 3, .form = SDE_SPLITTING,                                                                \
	       .notes = "composes the exact flows of drift and diffusion, for processes that have them: stays "        \
			"positive")                                                                                    \
	METHOD("srk", "Roessler, SIAM J. Numer. Anal. 48 (2010), SRID2", .calculus = SDE_ITO, .diagonal_only = true,   \
	       .order = 1.5, .order_additive = 1.5, .noise = BROWNIAN_WH, .evaluations = 3, .form = SDE_SRI)

#define ROW(id, paper, ...) { .name = id, .source = paper, __VA_ARGS__ },
#define NAME(id, paper, ...) id,
const struct sde_method sde_methods[] = { NAMES(ROW){ .name = NULL } };
const char *const sde_method_names[] = { NAMES(NAME) NULL };
const char *const sde_exact_or_method_names[] = { "exact", NAMES(NAME) NULL };
