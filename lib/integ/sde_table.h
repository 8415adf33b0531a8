/* sde_table.h: stochastic Runge-Kutta methods as data. */
#ifndef SCIML_INTEG_SDE_TABLE_H
#define SCIML_INTEG_SDE_TABLE_H

enum { SDE_STAGES = 7 };

/* Stage j: z_j = x + h sum_i a_ji f_i + sum_i (aw_ji W + ah_ji H) g_i, f_j and g_j at (t + c_j h, z_j);
 * x1 = x + h sum b_j f_j + sum (bw_j W + bh_j H) g_j, error the same with e, ew, eh. Additive methods use g at t alone
 * and add (g(t + h) - g(t)) (W/2 - H). */
struct sde_tableau {
	int stages;
	double c[SDE_STAGES];
	double a[SDE_STAGES][SDE_STAGES], aw[SDE_STAGES][SDE_STAGES], ah[SDE_STAGES][SDE_STAGES];
	double b[SDE_STAGES], bw[SDE_STAGES], bh[SDE_STAGES];
	double e[SDE_STAGES], ew[SDE_STAGES], eh[SDE_STAGES];
};

/* Roessler's form for Ito equations with diagonal noise (SIAM J. Numer. Anal. 48 (2010), eq. 6.1), with the stages of
 * drift and diffusion apart. */
enum { SRI_STAGES = 4 };
struct sri_tableau {
	double c0[SRI_STAGES], c1[SRI_STAGES];
	double a0[SRI_STAGES][SRI_STAGES], a1[SRI_STAGES][SRI_STAGES], b0[SRI_STAGES][SRI_STAGES],
		b1[SRI_STAGES][SRI_STAGES];
	double alpha[SRI_STAGES], beta[4][SRI_STAGES];
};
extern const struct sri_tableau sri_d2;

#endif
