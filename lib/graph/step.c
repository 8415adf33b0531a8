/* step.c: from members of a cluster to steps. A value that only one member reads is computed in that member's kernel
 * where the two make at most f p + g q or f p + c: p and q products of up to three values, f, g and c numbers. Every
 * operation is rounded as in the members' own kernels and in their order (a factor -1 or 1 rounds nothing), so results
 * have the same bits. */
#include "graph/step.h"

#include <stdlib.h>

#include "base/mem.h"
#include "num/wide.h"

enum { FACTORS = 3, PRODUCTS = 2 };

/* What a member computes: factor[0] product[0] + (factor[1] product[1] or constant). */
struct form {
	bool known; /* of this kind at all */
	bool has_constant;
	int n_factors[PRODUCTS]; /* n_factors[1] == 0: one product */
	int of[PRODUCTS][FACTORS];
	double factor[PRODUCTS], constant;
	int n_joined; /* members computed here */
};

/* ---- kernels ---- */

struct numbers {
	double factor[PRODUCTS], constant;
};

#define ARGUMENT(K) in_##K[i]
#define KERNEL_T(NAME, REAL, SUFFIX, N, EXPRESSION)                                                                    \
	static void NAME##_##SUFFIX(int64_t n, REAL *out, const REAL *const *in, const void *attr)                     \
	{                                                                                                              \
		const struct numbers *number = attr;                                                                   \
		const REAL f = (REAL)number->factor[0], g = (REAL)number->factor[1], c = (REAL)number->constant;       \
		const REAL *in_0 = WIDE_ALIGNED(in[0]), *in_1 = WIDE_ALIGNED(in[(N) > 1 ? 1 : 0]);                     \
		const REAL *in_2 = WIDE_ALIGNED(in[(N) > 2 ? 2 : 0]), *in_3 = WIDE_ALIGNED(in[(N) > 3 ? 3 : 0]);       \
		const REAL *in_4 = WIDE_ALIGNED(in[(N) > 4 ? 4 : 0]), *in_5 = WIDE_ALIGNED(in[(N) > 5 ? 5 : 0]);       \
		REAL *result = WIDE_ALIGNED(out);                                                                      \
                                                                                                                       \
		(void)f, (void)g, (void)c, (void)in_1, (void)in_2, (void)in_3, (void)in_4, (void)in_5;                 \
		n &= -(int64_t)OP_LANES;                                                                               \
		WIDE_INDEPENDENT for (int64_t i = 0; i < n; i++) result[i] = (EXPRESSION);                             \
	}
#define KERNEL(NAME, N, EXPRESSION)                                                                                    \
	KERNEL_T(NAME, float, f, N, EXPRESSION)                                                                        \
	KERNEL_T(NAME, double, d, N, EXPRESSION)
#define ONE(A) ARGUMENT(A)
#define TWO(A, B) (ARGUMENT(A) * ARGUMENT(B))
#define THREE(A, B, C) (ARGUMENT(A) * ARGUMENT(B) * ARGUMENT(C))

KERNEL(product_1, 1, f *ONE(0))
KERNEL(product_2, 2, f *TWO(0, 1))
KERNEL(product_3, 3, f *THREE(0, 1, 2))
KERNEL(product_1_1, 2, f *ONE(0) + g * ONE(1))
KERNEL(product_2_1, 3, f *TWO(0, 1) + g * ONE(2))
KERNEL(product_2_2, 4, f *TWO(0, 1) + g * TWO(2, 3))
KERNEL(product_3_1, 4, f *THREE(0, 1, 2) + g * ONE(3))
KERNEL(product_3_2, 5, f *THREE(0, 1, 2) + g * TWO(3, 4))
KERNEL(product_3_3, 6, f *THREE(0, 1, 2) + g * THREE(3, 4, 5))
KERNEL(offset_1, 1, f *ONE(0) + c)
KERNEL(offset_2, 2, f *TWO(0, 1) + c)
KERNEL(offset_3, 3, f *THREE(0, 1, 2) + c)

#define BLOCK(NAME)                                                                                                    \
	{                                                                                                              \
		NAME##_f, NAME##_d                                                                                     \
	}
static const struct op_block offsets[FACTORS] = { BLOCK(offset_1), BLOCK(offset_2), BLOCK(offset_3) };
/* By the numbers of factors; the second product is not the longer one. */
static const struct op_block products[FACTORS][FACTORS + 1] = {
	{ BLOCK(product_1), BLOCK(product_1_1) },
	{ BLOCK(product_2), BLOCK(product_2_1), BLOCK(product_2_2) },
	{ BLOCK(product_3), BLOCK(product_3_1), BLOCK(product_3_2), BLOCK(product_3_3) },
};

/* ---- forms ---- */

struct joining {
	const struct builder *b;
	int unit;
	struct form *form; /* by position in the unit */
	int *uses;	   /* within the unit; more than one for what others need */
	bool *joined;	   /* computed by its reader */
};

/* The form of value v to be computed within its only reader, or NULL: one product without a constant. */
static struct form *product_of(const struct joining *j, int v)
{
	const struct value *a = &j->b->c.value[v];
	struct form *f;

	if (a->kind != KIND_BLOCK || a->unit != j->unit || j->uses[a->position] != 1)
		return NULL;
	f = &j->form[a->position];
	return f->known && !f->has_constant && f->n_factors[1] == 0 ? f : NULL;
}

/* Product k of f becomes sign times value v, computed here where possible. */
static void take_product(const struct joining *j, struct form *f, int k, int v, double sign)
{
	const struct form *p = product_of(j, v);

	f->n_factors[k] = 1;
	f->of[k][0] = v;
	f->factor[k] = sign;
	if (!p)
		return;
	f->n_factors[k] = p->n_factors[0];
	for (int i = 0; i < p->n_factors[0]; i++)
		f->of[k][i] = p->of[0][i];
	f->factor[k] = sign * p->factor[0];
	f->n_joined += 1 + p->n_joined;
	j->joined[j->b->c.value[v].position] = true;
}

/* a times b. One of them may be a product itself, not of three, and with no factor that rounds. */
static void multiply(const struct joining *j, struct form *f, const int *arg)
{
	int k = 0;

	for (; k < 2; k++) {
		const struct form *p = product_of(j, arg[k]);

		if (p && p->n_factors[0] < FACTORS && (p->factor[0] == 1 || p->factor[0] == -1))
			break;
	}
	if (k < 2) {
		take_product(j, f, 0, arg[k], 1);
	} else {
		k = 0;
		f->n_factors[0] = 1;
		f->of[0][0] = arg[0];
		f->factor[0] = 1;
	}
	f->of[0][f->n_factors[0]++] = arg[1 - k];
}

/* sign times value v, a number that rounds only where the product has none yet. */
static void scale(const struct joining *j, struct form *f, int v, double number)
{
	const struct form *p = product_of(j, v);
	bool exact = number == -1 || (p && (p->factor[0] == 1 || p->factor[0] == -1));

	if (p && exact) {
		take_product(j, f, 0, v, number);
		return;
	}
	f->n_factors[0] = 1;
	f->of[0][0] = v;
	f->factor[0] = number;
}

static void swap_products(struct form *f)
{
	int of[FACTORS], n = f->n_factors[0];
	double factor = f->factor[0];

	for (int i = 0; i < FACTORS; i++) {
		of[i] = f->of[0][i];
		f->of[0][i] = f->of[1][i];
		f->of[1][i] = of[i];
	}
	f->n_factors[0] = f->n_factors[1];
	f->factor[0] = f->factor[1];
	f->n_factors[1] = n;
	f->factor[1] = factor;
}

static void form_of(const struct joining *j, const struct value *a, struct form *f)
{
	const double *number = a->node->attr;
	const int twice[2] = { a->arg[0], a->arg[0] };

	f->known = a->node->op->arithmetic != OP_OTHER;
	switch (a->node->op->arithmetic) {
	case OP_OTHER:
		return;
	case OP_ADD:
	case OP_SUB:
		take_product(j, f, 0, a->arg[0], 1);
		take_product(j, f, 1, a->arg[1], a->node->op->arithmetic == OP_ADD ? 1 : -1);
		if (f->n_factors[0] < f->n_factors[1])
			swap_products(f);
		return;
	case OP_MUL:
		multiply(j, f, a->arg);
		return;
	case OP_SQUARE:
		f->n_factors[0] = 2;
		f->of[0][0] = f->of[0][1] = twice[0];
		f->factor[0] = 1;
		return;
	case OP_NEG:
		scale(j, f, a->arg[0], -1);
		return;
	case OP_SCALE:
		scale(j, f, a->arg[0], *number);
		return;
	case OP_SHIFT:
		take_product(j, f, 0, a->arg[0], 1);
		f->has_constant = true;
		f->constant = *number;
		return;
	}
}

/* ---- steps ---- */

static void step_joined(struct arena *arena, const struct form *f, struct step *s)
{
	struct numbers *number = arena_take(arena, sizeof *number);
	int *arg = arena_take(arena, (size_t)(f->n_factors[0] + f->n_factors[1]) * sizeof *arg);

	*number = (struct numbers){ { f->factor[0], f->factor[1] }, f->constant };
	s->attr = number;
	s->block = f->has_constant ? offsets[f->n_factors[0] - 1] : products[f->n_factors[0] - 1][f->n_factors[1]];
	s->n_args = 0;
	s->arg = arg;
	for (int k = 0; k < PRODUCTS; k++)
		for (int i = 0; i < f->n_factors[k]; i++)
			arg[s->n_args++] = f->of[k][i];
}

int steps_of(struct builder *b, int unit, struct step *step)
{
	const struct unit *u = &b->c.unit[unit];
	const int *member = &b->c.member[u->first];
	struct joining j = { .b = b, .unit = unit };
	int n = 0;

	j.form = xcalloc((size_t)u->n + 1, sizeof *j.form);
	j.uses = xcalloc((size_t)u->n + 1, sizeof *j.uses);
	j.joined = xcalloc((size_t)u->n + 1, sizeof *j.joined);
	for (int i = 0; i < u->n; i++) {
		const struct value *a = &b->c.value[member[i]];

		j.uses[i] += b->outside[member[i]] ? 2 : 0;
		for (int k = 0; k < a->n_args; k++)
			if (b->c.value[a->arg[k]].unit == unit)
				j.uses[b->c.value[a->arg[k]].position]++;
	}
	for (int i = 0; i < u->n; i++)
		form_of(&j, &b->c.value[member[i]], &j.form[i]);
	for (int i = 0; i < u->n; i++) {
		const struct value *a = &b->c.value[member[i]];
		struct step *s = &step[n];

		if (j.joined[i])
			continue;
		n++;
		*s = (struct step){ member[i], a->node->op->block, a->node->attr, a->n_args, a->arg };
		if (j.form[i].n_joined > 0)
			step_joined(b->plan->arena, &j.form[i], s);
	}
	free(j.form);
	free(j.uses);
	free(j.joined);
	return n;
}
