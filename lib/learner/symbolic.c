/* symbolic.c: see symbolic.h. */
#include "learner/symbolic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/formula.h"

enum { POPULATIONS, FRONTS };

static int read_operators(struct symbolic *s, struct err *e)
{
	const struct key_strings *names = &s->key->operators;

	for (int i = 0; i < names->n; i++) {
		const int op = evolve_operator_find(names->at[i]);

		if (op < 0)
			return err_set(e, ERR_USAGE, "objective.operators: no operator '%s'", names->at[i]);
		if (i == EVOLVE_SIZE)
			return err_set(e, ERR_USAGE, "objective.operators: more than %d", EVOLVE_SIZE);
		s->evolve.operator[s->evolve.n_operators++] = op;
	}
	return names->n > 0 ? 0 : err_set(e, ERR_USAGE, "objective.operators: there is none");
}

int symbolic_open(struct symbolic *s, const struct symbolic_config *key, uint64_t seed, int64_t n_inputs, int64_t n_out,
		  int64_t n, struct err *e)
{
	const int64_t each = key->populations * key->population;

	*s = (struct symbolic){ .key = key, .seed = seed, .n_out = n_out };
	s->evolve = (struct evolve){ .populations = key->populations,
				     .population = key->population,
				     .cycles = key->cycles,
				     .tournament = key->tournament,
				     .size = key->size,
				     .iterations = key->iterations,
				     .parsimony = key->parsimony,
				     .crossover = key->crossover,
				     .migration = key->migration,
				     .seed = seed,
				     .n = n,
				     .n_inputs = (int)n_inputs };
	if (read_operators(s, e) != 0)
		return -1;
	if (n_inputs > 1000 || n_out > 1000)
		return err_set(e, ERR_USAGE, "%lld inputs and %lld targets are too many for expressions (1000)",
			       (long long)n_inputs, (long long)n_out);
	s->x = mem_new(n_inputs * n, sizeof *s->x, "points", e);
	s->y = s->x ? mem_new(n_out * n, sizeof *s->y, "targets at the points", e) : NULL;
	void *room = s->y ? mem_new(n_out * each, sizeof(struct evolve_member), "populations", e) : NULL;
	if (!room)
		return -1;
	free(room); /* params_add ends the process when memory is out: asked first */
	params_add(&s->state,
		   &(struct param){ .name = (char *)"populations",
				    .value = { .dtype = DTYPE_F64, .shape = shape_of(n_out, each, EVOLVE_MEMBER) },
				    .role = PARAM_STATE });
	params_add(&s->state, &(struct param){ .name = (char *)"fronts",
					       .value = { .dtype = DTYPE_F64,
							  .shape = shape_of(n_out, EVOLVE_SIZE, EVOLVE_MEMBER) },
					       .role = PARAM_STATE });
	s->column = xcalloc((size_t)n_inputs + 1, sizeof *s->column);
	for (int64_t k = 0; k < n_inputs; k++)
		s->column[k] = s->x + k * n;
	s->evolve.x = s->column;
	s->input = xcalloc((size_t)n_inputs + 1, sizeof *s->input);
	s->output = xcalloc((size_t)n_out + 1, sizeof *s->output);
	return 0;
}

void symbolic_close(struct symbolic *s)
{
	free(s->x);
	free(s->y);
	free(s->column);
	free(s->input);
	free(s->output);
	params_free(&s->state);
	*s = (struct symbolic){ 0 };
}

void symbolic_name(char (*out)[EXPR_NAME], const char *name, int64_t n)
{
	for (int tries = 0; tries < 2; tries++, name = "x") {
		struct exprs *p = exprs_new("");
		struct err e = { 0 };
		bool good = strlen(name) < 32 && !strchr(name, '_');

		for (int64_t k = 0; k < n && good; k++) {
			snprintf(out[k], EXPR_NAME, "%.32s", name);
			if (n > 1 || tries > 0)
				snprintf(out[k], EXPR_NAME, "%.32s%d", name, (int)k);
			good = exprs_declare(p, SYMBOL_FIELD, out[k], 1, EXPR_NONE, &e) == 0;
		}
		exprs_free(p);
		if (good)
			return;
	}
}

int symbolic_check(const struct trainer *t, const char *path, struct err *e)
{
	char name[128];

	snprintf(name, sizeof name, "%stree", path);
	if (params_find(&t->network.params, name) < 0)
		return err_set(e, ERR_USAGE, "objective %s finds expressions: it needs model formula without formulas",
			       t->learner->name);
	if (t->key.ema > 0 || t->key.keep_best)
		return err_set(e, ERR_USAGE, "train.%s: expressions that change have no %s",
			       t->key.ema > 0 ? "ema" : "keep_best", t->key.ema > 0 ? "average" : "best weights");
	return 0;
}

static struct evolve_member *front_of(const struct symbolic *s, int64_t k)
{
	return (struct evolve_member *)s->state.at[FRONTS].value.data + k * EVOLVE_SIZE;
}

static const struct evolve_member *chosen(const struct symbolic *s, int64_t k)
{
	const int size = evolve_choose(front_of(s, k));

	return size > 0 ? &front_of(s, k)[size - 1] : NULL;
}

int symbolic_round(struct symbolic *s, struct params *p, const char *path, int64_t round, double *loss, struct err *e)
{
	struct evolve_member *members = s->state.at[POPULATIONS].value.data;
	struct evolve v = s->evolve;
	double sum = 0;

	for (int64_t k = 0; k < s->n_out; k++) {
		char purpose[32];

		snprintf(purpose, sizeof purpose, "evolve%lld", (long long)k);
		v.purpose = purpose;
		v.y = s->y + k * v.n;
		if (evolve_round(&v, round, members + k * v.populations * v.population, front_of(s, k), e) != 0)
			return -1;
		if (chosen(s, k)) {
			formula_set_tree(p, path, k, &chosen(s, k)->tree);
			sum += chosen(s, k)->loss / (double)s->n_out;
		}
	}
	*loss = sum;
	return 0;
}

void symbolic_columns(const struct symbolic *s, struct history *h)
{
	for (int64_t k = 0; k < s->n_out && h->n_columns + 2 <= HISTORY_COLUMNS_MAX; k++) {
		char name[EXPR_NAME + 8];

		snprintf(name, sizeof name, "%s_size", s->output[k]);
		history_add_column(h, name);
		snprintf(name, sizeof name, "%s_loss", s->output[k]);
		history_add_column(h, name);
	}
}

void symbolic_row(const struct symbolic *s, double *own)
{
	for (int64_t k = 0; k < s->n_out && HISTORY_COMMON + 2 * k + 5 <= HISTORY_COLUMNS_MAX; k++) {
		const struct evolve_member *m = chosen(s, k);

		own[2 * k] = m ? m->tree.size : NAN;
		own[2 * k + 1] = m ? m->loss : NAN;
	}
}

/* x as a multiple of step: digits that print short where 1/step is a whole number. */
static double to_multiple(double x, double step)
{
	const double per = nearbyint(1 / step), n = nearbyint(x / step);
	const double r = fabs(per * step - 1) < 1e-12 ? n / per : n * step;

	return r != 0 ? r : x;
}

static void round_tree(struct evolve_tree *t, double step)
{
	double number[EVOLVE_SIZE];
	const int n = evolve_numbers(t, number);

	for (int i = 0; i < n && step > 0; i++)
		number[i] = to_multiple(number[i], step);
	evolve_set_numbers(t, number);
}

void symbolic_round_off(const struct symbolic *s, struct trainer *t, const char *path)
{
	for (int64_t k = 0; k < s->n_out; k++) {
		struct evolve_tree tree = formula_tree(&t->network.params, path, k);

		round_tree(&tree, s->key->round);
		formula_set_tree(&t->network.params, path, k, &tree);
	}
}

static void tree_text(const struct symbolic *s, const struct evolve_tree *t, struct str *out)
{
	struct exprs *p = exprs_new("");
	expr *input = xcalloc((size_t)s->evolve.n_inputs + 1, sizeof *input);
	struct err e = { 0 };

	for (int k = 0; k < s->evolve.n_inputs; k++) {
		exprs_declare(p, SYMBOL_FIELD, s->input[k], 1, EXPR_NONE, &e);
		input[k] = expr_field(p, k);
	}
	if (t->size > 0)
		expr_text(p, evolve_tidy(p, evolve_expression(p, t, input, -1)), out);
	else
		str_add(out, "0");
	exprs_free(p);
	free(input);
}

void symbolic_text(const struct symbolic *s, const struct params *p, const char *path, int64_t k, struct str *out)
{
	struct evolve_tree t = formula_tree(p, path, k);

	round_tree(&t, s->key->round); /* once more: they may have been stored in single precision */
	tree_text(s, &t, out);
}

void symbolic_fronts(const struct symbolic *s, struct str *out)
{
	str_add(out, "# target\tsize\tloss\tscore\texpression\n");
	for (int64_t k = 0; k < s->n_out; k++) {
		int size[EVOLVE_SIZE];
		double score[EVOLVE_SIZE];
		const int n = evolve_front(front_of(s, k), size, score);

		for (int i = 0; i < n; i++) {
			const struct evolve_member *m = &front_of(s, k)[size[i] - 1];

			str_printf(out, "# %s\t%d\t%.9g\t%.9g\t", s->output[k], size[i], m->loss, score[i]);
			tree_text(s, &m->tree, out);
			str_add(out, "\n");
		}
	}
}
