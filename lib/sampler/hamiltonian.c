/* hamiltonian.c: Hamiltonian Monte Carlo (Duane, Kennedy, Pendleton, Roweth, Phys. Lett. B 195 (1987); Neal, Handbook
 * of MCMC (2011), ch. 5) and the no-U-turn sampler with slices (Hoffman, Gelman, JMLR 15 (2014), algorithm 3). */
#include "sampler/hamiltonian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct point {
	double *x, *p, *slope;
	double f;
};

struct hamiltonian {
	struct density *d;
	int64_t n, leaps;
	double step;
	int depth;
	bool known; /* start holds the chain's state with its gradient */
	struct point start, left, right, other, *chosen;
	double *memory;
	/* one transition */
	struct rng stream;
	uint64_t drawn;
	double slice; /* log u */
};

static struct point carve(double **memory, int64_t n)
{
	struct point a = { *memory, *memory + n, *memory + 2 * n, 0 };

	*memory += 3 * n;
	return a;
}

struct hamiltonian *hamiltonian_new(struct density *d, double step, int64_t leaps, int depth)
{
	struct hamiltonian *p = xcalloc(1, sizeof *p);
	double *memory;

	*p = (struct hamiltonian){ .d = d, .n = density_dim(d), .leaps = leaps, .step = step, .depth = depth };
	p->memory = memory = xcalloc((size_t)(3 * p->n * (5 + depth)), sizeof *memory);
	p->chosen = xcalloc((size_t)depth + 1, sizeof *p->chosen);
	p->start = carve(&memory, p->n);
	p->left = carve(&memory, p->n);
	p->right = carve(&memory, p->n);
	p->other = carve(&memory, p->n);
	for (int k = 0; k <= depth; k++)
		p->chosen[k] = carve(&memory, p->n);
	return p;
}

void hamiltonian_free(struct hamiltonian *p)
{
	if (!p)
		return;
	free(p->memory);
	free(p->chosen);
	free(p);
}

static void copy(const struct hamiltonian *h, const struct point *from, struct point *to)
{
	const size_t bytes = (size_t)h->n * sizeof *to->x;

	memcpy(to->x, from->x, bytes);
	memcpy(to->p, from->p, bytes);
	memcpy(to->slope, from->slope, bytes);
	to->f = from->f;
}

static void leap(struct hamiltonian *h, struct point *a, double step)
{
	for (int64_t i = 0; i < h->n; i++) {
		a->p[i] -= 0.5 * step * a->slope[i];
		a->x[i] += step * a->p[i];
	}
	a->f = density_gradient(h->d, a->x, a->slope);
	for (int64_t i = 0; i < h->n; i++)
		a->p[i] -= 0.5 * step * a->slope[i];
}

static double energy(const struct hamiltonian *h, const struct point *a)
{
	double sum = 0;

	for (int64_t i = 0; i < h->n; i++)
		sum += a->p[i] * a->p[i];
	return a->f + sum / 2;
}

static double uniform(struct hamiltonian *h)
{
	return rng_uniform_at(h->stream, h->drawn++);
}

static bool keeps_going(const struct hamiltonian *h)
{
	double at_left = 0, at_right = 0;

	for (int64_t i = 0; i < h->n; i++) {
		const double span = h->right.x[i] - h->left.x[i];

		at_left += span * h->left.p[i];
		at_right += span * h->right.p[i];
	}
	return at_left >= 0 && at_right >= 0;
}

/* The U-turn test of a subtree needs both of its ends: they are kept on the way, in `from` (the inner one) and the
 * moving end. */
struct subtree {
	int64_t n;
	bool going;
};

/* 2^depth steps from the left or right end; a state drawn from the slice, evenly, goes to chosen[depth]. */
static struct subtree grow(struct hamiltonian *h, struct point *end, double direction, int depth, double *inner)
{
	struct subtree a, b;
	double *mine, at_inner = 0, at_end = 0;

	if (depth == 0) {
		double total;

		leap(h, end, direction * h->step);
		total = -energy(h, end);
		copy(h, end, &h->chosen[0]);
		memcpy(inner, end->x, (size_t)h->n * sizeof *inner);
		memcpy(inner + h->n, end->p, (size_t)h->n * sizeof *inner);
		return (struct subtree){ h->slice <= total, h->slice < total + 1000 };
	}
	mine = xmalloc((size_t)(2 * h->n) * sizeof *mine);
	a = grow(h, end, direction, depth - 1, inner);
	if (a.going) {
		copy(h, &h->chosen[depth - 1], &h->chosen[depth]);
		b = grow(h, end, direction, depth - 1, mine);
		if (b.n > 0 && uniform(h) * (double)(a.n + b.n) < (double)b.n)
			copy(h, &h->chosen[depth - 1], &h->chosen[depth]);
		for (int64_t i = 0; i < h->n; i++) {
			const double span = direction * (end->x[i] - inner[i]);

			at_inner += span * inner[h->n + i];
			at_end += span * end->p[i];
		}
		a.n += b.n;
		a.going = b.going && at_inner >= 0 && at_end >= 0;
	}
	free(mine);
	return a;
}

static void no_u_turn(struct hamiltonian *h)
{
	double *inner = xmalloc((size_t)(2 * h->n) * sizeof *inner);
	int64_t n = 1;
	bool going = true;

	h->slice = log(uniform(h)) - energy(h, &h->start);
	copy(h, &h->start, &h->left);
	copy(h, &h->start, &h->right);
	for (int depth = 0; going && depth < h->depth; depth++) {
		const bool right = uniform(h) < 0.5;
		const struct subtree t = grow(h, right ? &h->right : &h->left, right ? 1 : -1, depth, inner);

		if (t.going && t.n > 0 && uniform(h) * (double)n < (double)t.n)
			copy(h, &h->chosen[depth], &h->start);
		n += t.n;
		going = t.going && keeps_going(h);
	}
	free(inner);
}

void hamiltonian_move(struct hamiltonian *h, struct rng stream, double *x)
{
	h->stream = stream;
	h->drawn = (uint64_t)h->n + 1; /* normals come in pairs of uniforms */
	if (!h->known) {
		memcpy(h->start.x, x, (size_t)h->n * sizeof *x);
		h->start.f = density_gradient(h->d, x, h->start.slope);
		h->known = true;
	}
	rng_normal(stream, 0, (size_t)h->n, h->start.p);
	if (h->leaps > 0) {
		const double before = energy(h, &h->start);
		double after;

		copy(h, &h->start, &h->other);
		for (int64_t k = 0; k < h->leaps; k++)
			leap(h, &h->other, h->step);
		after = energy(h, &h->other);
		if (log(uniform(h)) < before - after)
			copy(h, &h->other, &h->start);
	} else {
		no_u_turn(h);
	}
	memcpy(x, h->start.x, (size_t)h->n * sizeof *x);
}
