/* evolve.c: regularised evolution of populations, and the front of best trees by size. */
#include "equation/evolve.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "equation/evolve_inside.h"

/* Of squared errors, in units of squares of the data. */
static const double rounding = 1e-28;

struct round {
	const struct evolve *v;
	int64_t number;
	double variance;
	struct evolve_member *members, *best; /* best: a front of every population */
};

static struct evolve_draws draws_of(const struct evolve *v, int64_t round, int64_t population)
{
	return (struct evolve_draws){ rng_stream(v->seed, v->purpose, (uint64_t)round, (uint64_t)population), 0 };
}

static void note(struct evolve_member *front, const struct evolve_member *m)
{
	struct evolve_member *best = &front[(int)m->tree.size - 1];

	if (isfinite(m->loss) && (best->tree.size == 0 || m->loss < best->loss))
		*best = *m;
}

static double cost(const struct round *r, const struct evolve_member *m)
{
	return m->loss / r->variance + r->v->parsimony * m->tree.size;
}

static const struct evolve_member *tournament(const struct round *r, struct evolve_draws *d,
					      const struct evolve_member *population)
{
	const struct evolve_member *best = NULL;

	for (int64_t i = 0; i < r->v->tournament; i++) {
		const struct evolve_member *m = &population[evolve_below(d, (int)r->v->population)];

		if (!best || cost(r, m) < cost(r, best))
			best = m;
	}
	return best;
}

static struct evolve_member *oldest(const struct round *r, struct evolve_member *population)
{
	struct evolve_member *old = population;

	for (int64_t i = 1; i < r->v->population; i++)
		if (population[i].birth < old->birth)
			old = &population[i];
	return old;
}

/* One population through a round. */
static void run_population(void *arg, int64_t k, int worker)
{
	const struct round *r = arg;
	const struct evolve *v = r->v;
	struct evolve_member *population = r->members + k * v->population, *best = r->best + k * EVOLVE_SIZE;
	struct evolve_draws d = draws_of(v, r->number, k);
	const int64_t children = v->cycles * v->population;

	(void)worker;
	for (int64_t i = 0; i < v->population && r->number == 0; i++) {
		struct evolve_member *m = &population[i];

		m->tree = evolve_random(v, &d, 1 + evolve_below(&d, 7));
		m->loss = evolve_loss(v, &m->tree);
		m->birth = (double)(i - v->population);
		note(best, m);
	}
	for (int64_t i = 0; i < children; i++) {
		const struct evolve_member *a = tournament(r, &d, population);
		struct evolve_member child = { .birth = (double)(r->number * children + i) };

		if (evolve_uniform(&d) < v->crossover)
			child.tree = evolve_cross(v, &d, &a->tree, &tournament(r, &d, population)->tree);
		else
			child.tree = evolve_mutate(v, &d, &a->tree);
		child.loss = evolve_loss(v, &child.tree);
		note(best, &child);
		*oldest(r, population) = child;
	}
	for (int64_t i = 0; i < v->population; i++) {
		evolve_tune(v, &population[i]);
		note(best, &population[i]);
	}
	/* the best of every size once more: most of them died of old age */
	for (int s = 0; s < v->size; s++)
		if (best[s].tree.size > 0)
			evolve_tune(v, &best[s]);
}

/* A part of every population gives way to the best of other populations and of the front. */
static void migrate(const struct round *r, int64_t n, struct evolve_member *guest, const struct evolve_member *front)
{
	const struct evolve *v = r->v;

	for (int64_t k = 0; k < v->populations; k++) {
		struct evolve_draws d = {
			rng_stream(v->seed, v->purpose, (uint64_t)r->number, (uint64_t)(v->populations + k)), 0
		};

		for (int64_t j = 0; j < n; j++) {
			const int64_t other = evolve_below(&d, (int)v->populations);
			const struct evolve_member *from = tournament(r, &d, r->members + other * v->population);
			const int s = evolve_below(&d, (int)v->size);

			guest[k * n + j] = j % 2 == 1 && front[s].tree.size > 0 ? front[s] : *from;
		}
	}
	for (int64_t k = 0; k < v->populations; k++)
		for (int64_t j = 0; j < n; j++) {
			struct evolve_member *place = oldest(r, r->members + k * v->population);

			guest[k * n + j].birth = (double)((r->number + 1) * v->cycles * v->population - 1);
			*place = guest[k * n + j];
		}
}

int evolve_round(const struct evolve *v, int64_t round, struct evolve_member *members, struct evolve_member *front,
		 struct err *e)
{
	const int64_t guests = (int64_t)ceil(v->migration * (double)v->population);
	struct round r = { .v = v, .number = round, .members = members };
	struct evolve_member *guest = mem_new(v->populations * guests, sizeof *guest, "members that move", e);
	double mean = 0;

	r.best = guest ? mem_new(v->populations * EVOLVE_SIZE, sizeof *r.best, "fronts of populations", e) : NULL;
	if (!r.best) {
		free(guest);
		return -1;
	}
	for (int64_t i = 0; i < v->n; i++)
		mean += v->y[i] / (double)v->n;
	for (int64_t i = 0; i < v->n; i++)
		r.variance += (v->y[i] - mean) * (v->y[i] - mean) / (double)v->n;
	r.variance = fmax(r.variance, DBL_MIN);
	pool_run(v->populations, run_population, &r);
	for (int64_t k = 0; k < v->populations * EVOLVE_SIZE; k++)
		if (r.best[k].tree.size > 0)
			note(front, &r.best[k]);
	migrate(&r, guests, guest, front);
	free(guest);
	free(r.best);
	return 0;
}

int evolve_front(const struct evolve_member *front, int *size, double *score)
{
	double before = INFINITY, most = DBL_MIN;
	int n = 0;

	for (int s = 1; s <= EVOLVE_SIZE; s++)
		most = fmax(most, front[s - 1].tree.size > 0 ? front[s - 1].loss : 0);
	for (int s = 1; s <= EVOLVE_SIZE; s++) {
		/* what rounding leaves says nothing about trees */
		const double loss = fmax(front[s - 1].loss, rounding * most);

		if (front[s - 1].tree.size == 0 || !(loss < before))
			continue;
		score[n] = n > 0 ? -(log(loss) - log(before)) / (s - size[n - 1]) : 0;
		size[n++] = s;
		before = loss;
	}
	return n;
}

int evolve_choose(const struct evolve_member *front)
{
	int size[EVOLVE_SIZE], best = 0;
	double score[EVOLVE_SIZE];
	const int n = evolve_front(front, size, score);

	for (int i = 1; i < n; i++)
		if (score[i] > score[best])
			best = i;
	return n > 0 ? size[best] : 0;
}
