/* test_op_contract.c: contractions, real and complex, against loops over all indices: formulas that people write,
 * random ones, and sizes that make the kernel cut its work in every way it knows. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/rng.h"
#include "value.h"

struct product {
	const char *formula;
	bool complex, conj_a, conj_b;
};

static node build(struct graph *g, const node *in, const void *context)
{
	const struct product *p = context;

	return p->complex ? op_complex_contract(g, p->formula, in[0], p->conj_a, in[1], p->conj_b)
			  : op_contract(g, p->formula, in[0], in[1]);
}

/* Sum over all letters, in double. */
static struct tensor brute(const struct product *p, const struct tensor *a, const struct tensor *b)
{
	const char *fa = p->formula, *fb = strchr(fa, ',') + 1, *fo = strstr(fb, "->") + 2;
	int64_t extent[256] = { 0 }, index[256] = { 0 };
	int na = (int)(fb - 1 - fa), nb = (int)(fo - 2 - fb), no = (int)strlen(fo), c = p->complex ? 2 : 1;
	char all[32] = "";
	struct shape s = { .rank = no + (p->complex ? 1 : 0) };
	struct tensor out;
	int i;

	for (int k = 0; k < na; k++)
		extent[(int)fa[k]] = a->shape.dim[k];
	for (int k = 0; k < nb; k++)
		extent[(int)fb[k]] = b->shape.dim[k];
	for (int k = 'a', n = 0; k <= 'z'; k++)
		if (extent[k] > 0)
			all[n++] = (char)k;
	for (int k = 0; k < no; k++)
		s.dim[k] = extent[(int)fo[k]];
	if (p->complex)
		s.dim[no] = 2;
	out = tensor_new(DTYPE_F64, &s);
	do {
		int64_t ia = 0, ib = 0, io = 0;

		for (int k = 0; k < na; k++)
			ia = ia * extent[(int)fa[k]] + index[(int)fa[k]];
		for (int k = 0; k < nb; k++)
			ib = ib * extent[(int)fb[k]] + index[(int)fb[k]];
		for (int k = 0; k < no; k++)
			io = io * extent[(int)fo[k]] + index[(int)fo[k]];
		double *o = (double *)out.data + io * c, x = tensor_get(a, ia * c), y = tensor_get(b, ib * c);

		if (p->complex) {
			double xi = tensor_get(a, ia * c + 1), yi = tensor_get(b, ib * c + 1);

			xi = p->conj_a ? -xi : xi;
			yi = p->conj_b ? -yi : yi;
			o[0] += x * y - xi * yi;
			o[1] += x * yi + xi * y;
		} else {
			o[0] += x * y;
		}
		for (i = (int)strlen(all) - 1; i >= 0; i--) {
			if (++index[(int)all[i]] < extent[(int)all[i]])
				break;
			index[(int)all[i]] = 0;
		}
	} while (i >= 0);
	return out;
}

static void compare(const struct product *p, enum dtype t, const struct shape *sa, const struct shape *sb)
{
	struct shape shape[2] = { *sa, *sb };
	struct tensor in[2], expected, got[2];
	char what[100];

	for (int k = 0; k < 2; k++) {
		if (p->complex)
			shape[k].dim[shape[k].rank++] = 2;
		in[k] = value_random(t, &shape[k], -1, 1, k);
	}
	snprintf(what, sizeof what, "%s %s%s%s", p->formula, p->complex ? "complex " : "", p->conj_a ? "conj a " : "",
		 p->conj_b ? "conj b" : "");
	expected = brute(p, &in[0], &in[1]);
	for (int k = 0; k < 2; k++) {
		pool_set_threads(k + 1);
		got[k] = value_of(build, p, 2, in);
	}
	pool_stop();
	value_near(&got[0], &expected, t == DTYPE_F64 ? 1e-13 : 2e-5, what);
	ck_assert_msg(memcmp(got[0].data, got[1].data, tensor_bytes(&got[0])) == 0, "%s: two threads differ", what);
	for (int k = 0; k < 2; k++) {
		tensor_free(&in[k]);
		tensor_free(&got[k]);
	}
	tensor_free(&expected);
}

static const struct {
	const char *formula;
	struct shape a, b;
} known[] = {
	{ "oc,bcn->bon", { 2, { 7, 5 } }, { 3, { 3, 5, 40 } } },
	{ "bon,bcn->oc", { 3, { 6, 7, 900 } }, { 3, { 6, 5, 900 } } },	 /* long sum cut over b */
	{ "bon,bcn->oc", { 3, { 2, 7, 5000 } }, { 3, { 2, 9, 5000 } } }, /* cut over n */
	{ "bk,kn->bn", { 2, { 50, 13 } }, { 2, { 13, 17 } } },
	/* small matrices: all tiles, last vectors that overlap, sums in parts */
	{ "bk,kn->bn", { 2, { 67, 20 } }, { 2, { 20, 23 } } },
	{ "bk,kn->bn", { 2, { 9, 64 } }, { 2, { 64, 64 } } },
	{ "bn,kn->bk", { 2, { 67, 20 } }, { 2, { 23, 20 } } },
	{ "bk,bn->kn", { 2, { 601, 21 } }, { 2, { 601, 30 } } },
	{ "bk,bn->kn", { 2, { 500, 13 } }, { 2, { 500, 17 } } },
	{ "bhqd,bhkd->bhqk", { 4, { 2, 3, 10, 8 } }, { 4, { 2, 3, 11, 8 } } },
	{ "bqhd,bkhd->bhqk", { 4, { 2, 10, 3, 8 } }, { 4, { 2, 11, 3, 8 } } },
	{ "bhqk,bkhd->bqhd", { 4, { 2, 3, 10, 11 } }, { 4, { 2, 11, 3, 8 } } },
	{ "bp,tp->bt", { 2, { 30, 20 } }, { 2, { 40, 20 } } },
	{ "bcp,bqp->bqc", { 3, { 3, 2, 20 } }, { 3, { 3, 40, 20 } } },
	{ "bcp,qp->bcq", { 3, { 3, 2, 20 } }, { 2, { 40, 20 } } },
	{ "n,n->", { 1, { 300000 } }, { 1, { 300000 } } },
	{ "n,m->nm", { 1, { 30 } }, { 1, { 20 } } },
	{ "n,m->mn", { 1, { 30 } }, { 1, { 20 } } },
	{ "mk,k->m", { 2, { 30, 20 } }, { 1, { 20 } } },
	{ "km,k->m", { 2, { 30, 20 } }, { 1, { 30 } } },
	{ "bn,bn->b", { 2, { 9, 50 } }, { 2, { 9, 50 } } },
	{ "ab,ba->ab", { 2, { 9, 5 } }, { 2, { 5, 9 } } },
	{ "oc,bcn->bon", { 2, { 30, 40 } }, { 3, { 1, 40, 1000 } } }, /* one row: blocks of n */
	{ "nc,oc->no", { 2, { 1, 1100 } }, { 2, { 1000, 1100 } } },
	{ "ab,cd->abcd", { 2, { 3, 4 } }, { 2, { 5, 2 } } },
	{ "akbl,lck->bca", { 4, { 30, 20, 4, 5 } }, { 3, { 5, 30, 20 } } },
	{ "axbyc,ybxd->cda", { 5, { 3, 4, 5, 2, 3 } }, { 4, { 2, 5, 4, 6 } } },
	{ "ab,ab->", { 2, { 1, 7 } }, { 2, { 1, 7 } } },
	{ "bik,iok->bok", { 3, { 3, 4, 37 } }, { 3, { 4, 5, 37 } } },
	{ "bik,bok->iok", { 3, { 3, 4, 37 } }, { 3, { 3, 5, 37 } } },
};
enum { KNOWN = sizeof known / sizeof known[0] };

START_TEST(known_formulas)
{
	struct product p = { .formula = known[_i].formula };

	compare(&p, DTYPE_F64, &known[_i].a, &known[_i].b);
	compare(&p, DTYPE_F32, &known[_i].a, &known[_i].b);
}
END_TEST

START_TEST(known_formulas_complex)
{
	for (int k = 0; k < 4; k++) {
		struct product p = { known[_i].formula, true, k & 1, k >> 1 };

		compare(&p, k & 1 ? DTYPE_F32 : DTYPE_F64, &known[_i].a, &known[_i].b);
	}
}
END_TEST

/* Up to seven letters, each in two or three of the arrays, extents 1 to 5, orders shuffled. */
START_TEST(random_formulas)
{
	struct rng r = rng_stream(3, "formula", 0, (uint64_t)_i);
	uint32_t bits[64];
	int n, next = 0, length[3] = { 0 };
	char list[3][8] = { "", "", "" }, formula[40];
	struct shape s[3] = { { 0 }, { 0 }, { 0 } };
	struct product p = { .formula = formula };

	rng_bits(r, 0, 64, bits);
	n = 1 + (int)(bits[next++] % 7);
	for (int i = 0; i < n; i++) {
		static const int where[4] = { 7, 5, 6, 3 }; /* batch, row, column, sum */
		int in = where[bits[next++] % 4];
		int64_t extent = 1 + bits[next++] % 5;

		for (int k = 0; k < 3; k++) {
			int at;

			if (!(in & (k == 2 ? 4 : 1 << k)))
				continue;
			at = length[k] > 0 ? (int)(bits[next++] % (uint32_t)(length[k] + 1)) : 0;
			memmove(list[k] + at + 1, list[k] + at, (size_t)(length[k] - at) + 1);
			memmove(s[k].dim + at + 1, s[k].dim + at, (size_t)(length[k] - at) * sizeof s[k].dim[0]);
			list[k][at] = (char)('a' + i);
			s[k].dim[at] = extent;
			s[k].rank = ++length[k];
		}
	}
	snprintf(formula, sizeof formula, "%s,%s->%s", list[0], list[1], list[2]);
	compare(&p, DTYPE_F64, &s[0], &s[1]);
	p.complex = true;
	p.conj_a = bits[60] & 1;
	p.conj_b = bits[61] & 1;
	compare(&p, DTYPE_F64, &s[0], &s[1]);
}
END_TEST

static node build_matmul(struct graph *g, const node *in, const void *context)
{
	(void)context;
	return op_matmul(g, in[0], in[1]);
}

START_TEST(matmul_is_a_contraction)
{
	static const struct {
		const char *formula;
		struct shape a, b;
	} cases[] = {
		{ "xy,yz->xz", { 2, { 4, 3 } }, { 2, { 3, 5 } } },
		{ "axy,yz->axz", { 3, { 2, 4, 3 } }, { 2, { 3, 5 } } },
		{ "abxy,abyz->abxz", { 4, { 2, 3, 4, 3 } }, { 4, { 2, 3, 3, 5 } } },
		{ "y,yz->z", { 1, { 3 } }, { 2, { 3, 5 } } },
	};

	for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++) {
		struct tensor in[2] = { value_random(DTYPE_F64, &cases[i].a, -1, 1, 0),
					value_random(DTYPE_F64, &cases[i].b, -1, 1, 1) };
		struct product p = { .formula = cases[i].formula };
		struct tensor expected = brute(&p, &in[0], &in[1]), got = value_of(build_matmul, NULL, 2, in);

		value_near(&got, &expected, 1e-14, cases[i].formula);
		tensor_free(&in[0]);
		tensor_free(&in[1]);
		tensor_free(&got);
		tensor_free(&expected);
	}
}
END_TEST

/* The gradient of a pointwise layer's weight: its arguments, made row by row, are summed over rows without being
 * stored, to the same bits for any number of threads. */
START_TEST(sums_over_rows_join_their_stage)
{
	static const int threads[] = { 1, 2, 3, 7 };
	/* the second: both summed axes run through memory as one; the third leaves enough to add up for several threads */
	const struct product formula = { .formula = _i == 0 ? "bon,bcn->oc" : "bno,bnc->oc" };
	struct shape as = _i == 0 ? shape_of(12, 9, 700) : _i == 1 ? shape_of(12, 700, 9) : shape_of(12, 400, 70);
	struct shape bs = _i == 0 ? shape_of(12, 7, 700) : _i == 1 ? shape_of(12, 700, 7) : shape_of(12, 400, 60);
	struct tensor a = value_random(DTYPE_F32, &as, -1, 1, 0), b = value_random(DTYPE_F32, &bs, -1, 1, 1);
	struct tensor abs_a = tensor_copy(&a), first = { 0 };

	for (int64_t i = 0; i < shape_count(&as); i++)
		tensor_set(&abs_a, i, tensor_get(&a, i) < 0 ? -tensor_get(&a, i) : tensor_get(&a, i));
	struct tensor expected = brute(&formula, &abs_a, &b);
	for (int k = 0; k < 4; k++) {
		struct graph *g = graph_new(DTYPE_F32);
		node x = graph_input(g, "x", DTYPE_F32, &as), y = graph_input(g, "y", DTYPE_F32, &bs);
		node out = op_contract(g, formula.formula, op_abs(g, x), op_neg(g, op_neg(g, op_scale(g, y, 2))));

		pool_set_threads(threads[k]);
		out = op_scale(g, out, 0.5);
		struct plan *p = plan_new(g, 1, &out, NULL);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_lt(plan_stats(p).buffer_bytes, tensor_bytes(&b) / 4);
		plan_bind(p, x, a.data);
		plan_bind(p, y, b.data);
		ck_assert_int_eq(plan_run(p, NULL), 0);
		struct tensor got = plan_out(p, 0);
		value_near(&got, &expected, 1e-6, formula.formula);
		if (k == 0)
			first = tensor_copy(&got);
		ck_assert_int_eq(memcmp(got.data, first.data, tensor_bytes(&got)), 0);
		plan_free(p);
		graph_free(g);
	}
	pool_stop();
	tensor_free(&first);
	tensor_free(&expected);
	tensor_free(&abs_a);
	tensor_free(&a);
	tensor_free(&b);
}
END_TEST

START_TEST(refusals)
{
	static const struct {
		const char *formula, *says;
	} cases[] = {
		{ "ab,bc", "does not read like" },
		{ "aa,ac->c", "does not read like" },
		{ "ab,bc->ad", "d stands only" },
		{ "ab,bc->c", "a stands only in the first" },
		{ "ab,bc->a", "c stands only in the second" },
		{ "abc,bc->a", "does not fit" },
		{ "ab,ac->bc", "axis a differs" },
	};
	struct shape s = { 2, { 3, 4 } }, t = { 2, { 4, 5 } };
	struct tensor in[2] = { tensor_new(DTYPE_F64, &s), tensor_new(DTYPE_F64, &t) };

	for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++) {
		struct product p = { .formula = cases[i].formula };
		const char *message = value_refusal(build, &p, 2, in);

		ck_assert_msg(strstr(message, cases[i].says), "%s: \"%s\"", cases[i].formula, message);
	}
	tensor_free(&in[0]);
	tensor_free(&in[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contractions");
	TCase *tests = tcase_create("values");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, known_formulas, 0, KNOWN);
	tcase_add_loop_test(tests, known_formulas_complex, 0, KNOWN);
	tcase_add_loop_test(tests, random_formulas, 0, 200);
	tcase_add_test(tests, matmul_is_a_contraction);
	tcase_add_loop_test(tests, sums_over_rows_join_their_stage, 0, 3);
	tcase_add_test(tests, refusals);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
