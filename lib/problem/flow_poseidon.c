/* flow_poseidon.c: initial states of the compressible Euler families CE-* (Herde et al., Poseidon 2024, appendix
 * B.1.3-B.1.6, B.2.7, B.2.8), on the unit square made periodic.
 *
 * Where the print leaves room: waves of CE-CRP and CE-RPUI are read as sin(2 pi (i x + j y + beta)), periodic in both
 * directions, with p = 2; the interface of CE-RM is a curve around the corner whose radius is
 * 0.25 + 0.06 sum_j a_j sin(j angle + 2 pi b_j), after Fjordholm, Kaeppeli, Mishra, Tadmor (Found. Comput. Math. 17,
 * 2017). */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "problem/flow.h"
#include "problem/spectral.h"

static double uniform(struct rng r, uint64_t at, double low, double high)
{
	return low + (high - low) * rng_uniform_at(r, at);
}

/* Position in the unit square, whatever the box. */
static void place(const struct flow *f, int64_t cell, double *x, double *y)
{
	*x = ((double)(cell / f->size[1]) + 0.5) / (double)f->size[0];
	*y = ((double)(cell % f->size[1]) + 0.5) / (double)f->size[1];
}

/* ---- Riemann problems on a partition ------------------------------------------------------------- */

enum { PARTS_MAX = 3, WAVES = 2 };

struct ranges {
	double density[2], velocity[2], pressure[2];
};

/* Edges bent by sum_{i,j <= 2} a_ij sin(2 pi ((i + more) x + (j + more) y + b_ij)), |a_ij| <= bend, one such sum an
 * axis. */
static double bent(struct rng r, int axis, int more, double bend, double x, double y)
{
	double sum = 0;

	for (int i = 0; i < WAVES && bend > 0; i++)
		for (int j = 0; j < WAVES; j++) {
			const uint64_t at = 2 * (uint64_t)((axis * WAVES + i) * WAVES + j);

			sum += uniform(r, at, -bend, bend) *
			       sin(2 * M_PI * ((i + 1 + more) * x + (j + 1 + more) * y + rng_uniform_at(r, at + 1)));
		}
	return sum;
}

static int part_of(double x, int parts)
{
	const int k = (int)((x - floor(x)) * parts);

	return k < parts ? k : parts - 1;
}

static int partition(const struct flow *f, struct rng r, int parts, int more, double bend, const struct ranges *in,
		     double *q)
{
	const struct rng edge = rng_stream(r.seed, "compressible edges", 0, r.sample);
	const int64_t cells = flow_cells(f);
	double state[PARTS_MAX * PARTS_MAX][4];

	for (int k = 0; k < parts * parts; k++) {
		const uint64_t at = 4 * (uint64_t)k;

		state[k][0] = uniform(r, at, in->density[0], in->density[1]);
		state[k][1] = uniform(r, at + 1, in->pressure[0], in->pressure[1]);
		state[k][2] = uniform(r, at + 2, in->velocity[0], in->velocity[1]);
		state[k][3] = uniform(r, at + 3, in->velocity[0], in->velocity[1]);
	}
	for (int64_t c = 0; c < cells; c++) {
		double x, y;

		place(f, c, &x, &y);
		const int i = part_of(x + bent(edge, 0, more, bend, x, y), parts);
		const int j = part_of(y + bent(edge, 1, more, bend, x, y), parts);

		for (int k = 0; k < 4; k++)
			q[k * cells + c] = state[i * parts + j][k];
	}
	return 0;
}

static const struct ranges mild = { { 0.1, 1 }, { -1, 1 }, { 0.1, 1 } };
static const struct ranges violent = { { 1, 3 }, { -10, 10 }, { 5, 7 } };

int flow_ce_rp(const struct flow *f, struct rng r, double *q, struct err *e)
{
	(void)e;
	return partition(f, r, 2, 0, 0, &mild, q);
}

int flow_ce_crp(const struct flow *f, struct rng r, double *q, struct err *e)
{
	(void)e;
	return partition(f, r, WAVES + 1, 0, 0.1, &mild, q);
}

int flow_ce_rpui(const struct flow *f, struct rng r, double *q, struct err *e)
{
	(void)e;
	return partition(f, r, WAVES + 1, 2 * WAVES * WAVES, 0.01, &violent, q);
}

/* ---- layers and balls ---------------------------------------------------------------------------- */

enum { RIPPLES = 10 };

/* Amplitudes of sum 1 and phases of a rippled edge; edge k of the sample. */
struct ripple {
	double amplitude[RIPPLES], phase[RIPPLES];
};

static void draw_ripple(struct rng r, int k, struct ripple *p)
{
	double sum = 0;

	for (int j = 0; j < RIPPLES; j++) {
		p->amplitude[j] = rng_uniform_at(r, 2 * (uint64_t)(k * RIPPLES + j));
		p->phase[j] = rng_uniform_at(r, 2 * (uint64_t)(k * RIPPLES + j) + 1);
		sum += p->amplitude[j];
	}
	for (int j = 0; j < RIPPLES; j++)
		p->amplitude[j] /= sum;
}

int flow_ce_kh(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const int64_t cells = flow_cells(f);
	struct ripple edge[2];

	(void)e;
	draw_ripple(r, 0, &edge[0]);
	draw_ripple(r, 1, &edge[1]);
	for (int64_t c = 0; c < cells; c++) {
		double x, y, shift[2] = { 0 };

		place(f, c, &x, &y);
		for (int k = 0; k < 2; k++)
			for (int j = 0; j < RIPPLES; j++)
				shift[k] +=
					0.05 * edge[k].amplitude[j] * cos(2 * M_PI * (j + 1) * (x + edge[k].phase[j]));
		const bool outside = y < 0.25 + shift[0] || y > 0.75 + shift[1];

		q[c] = outside ? 1 : 2;
		q[cells + c] = 2.5;
		q[2 * cells + c] = outside ? 0.5 : -0.5;
		q[3 * cells + c] = 0;
	}
	return 0;
}

int flow_ce_rm(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const int64_t cells = flow_cells(f);
	struct ripple edge;

	(void)e;
	draw_ripple(r, 0, &edge);
	for (int64_t c = 0; c < cells; c++) {
		double x, y, radius = 0.25;

		place(f, c, &x, &y);
		x -= floor(x + 0.5);
		y -= floor(y + 0.5);
		const double angle = atan2(y, x), distance = hypot(x, y);

		for (int j = 0; j < RIPPLES; j++)
			radius += 0.06 * edge.amplitude[j] * sin((j + 1) * angle + 2 * M_PI * edge.phase[j]);
		q[c] = distance < radius ? 2 : 1;
		q[cells + c] = distance < 0.1 ? 20 : 1;
		q[2 * cells + c] = q[3 * cells + c] = 0;
	}
	return 0;
}

/* ---- vortices ------------------------------------------------------------------------------------ */

enum { VORTICES = 100 };

/* Vorticity sum_i a_i / s_i exp(-|x - x_i|^2 / (2 s_i^2)), nearest image each; velocity (psi_y, -psi_x), -Laplace psi =
 * w. */
int flow_ce_gauss(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const int64_t cells = flow_cells(f);
	double *w = q, *modes[3] = { 0 }; /* vorticity in density's place for a while */
	struct spectral s;
	int status = spectral_init(&s, 2, f->size, e);

	if (status != 0)
		return -1;
	for (int64_t c = 0; c < cells; c++)
		w[c] = 0;
	for (uint64_t i = 0; i < VORTICES; i++) {
		const double strength = uniform(r, 4 * i, -1, 1), width = uniform(r, 4 * i + 1, 0.01, 0.1);
		const double cx = rng_uniform_at(r, 4 * i + 2), cy = rng_uniform_at(r, 4 * i + 3);

		for (int64_t c = 0; c < cells; c++) {
			double x, y;

			place(f, c, &x, &y);
			x -= cx + floor(x - cx + 0.5);
			y -= cy + floor(y - cy + 0.5);
			w[c] += strength / width * exp(-0.5 * (x * x + y * y) / (width * width));
		}
	}
	for (int k = 0; k < 3 && status == 0; k++) {
		modes[k] = mem_new(2 * s.n_modes, sizeof **modes, "random flow", e);
		status = modes[k] ? 0 : -1;
	}
	if (status == 0) {
		spectral_forward(&s, w, modes[0]);
		for (int64_t m = 0; m < s.n_modes; m++) {
			int64_t k[3];
			const double laplace = spectral_laplace(&s, m), scale = laplace > 0 ? 2 * M_PI / laplace : 0;

			spectral_wave(&s, m, k);
			for (int part = 0; part < 2; part++) {
				/* i w: (re, im) -> (-im, re) */
				const double turned = part ? modes[0][2 * m] : -modes[0][2 * m + 1];

				modes[1][2 * m + part] = scale * (double)k[1] * turned;
				modes[2][2 * m + part] = -scale * (double)k[0] * turned;
			}
		}
		spectral_inverse(&s, modes[1], q + 2 * cells);
		spectral_inverse(&s, modes[2], q + 3 * cells);
		for (int64_t c = 0; c < cells; c++) {
			q[c] = 0.1;
			q[cells + c] = 2.5;
		}
	}
	for (int k = 0; k < 3; k++)
		free(modes[k]);
	spectral_clear(&s);
	return status;
}
