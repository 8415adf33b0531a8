/* test_op_units.c: kernels called by hand, as the plan may call them: unit by unit, in any order, with other rows
 * unreadable. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "table.h"

enum { ARGS = OP_SAMPLE_ARGS };

/* An op run by hand, unit by unit. */
struct bench {
	struct op_call c;
	struct tensor in[ARGS];
	void *scratch;
	const struct op_class *op;
};

static void bench_open(struct bench *b, const struct op_class *op, const struct op_sample *s)
{
	struct op_shape shape[ARGS], out = { 0 };
	struct err e = { 0 };

	*b = (struct bench){ .op = op };
	for (int k = 0; k < s->n_args; k++) {
		b->in[k] = table_draw(s, k, DTYPE_F64, "value");
		shape[k] = (struct op_shape){ b->in[k].dtype, b->in[k].shape };
	}
	ck_assert_msg(op->infer(s->attr, s->n_args, shape, &out, &e) == 0, "%s: %s", op->name, e.message);
	b->c = (struct op_call){ .attr = s->attr, .n_args = s->n_args, .in = b->in };
	b->c.out = tensor_new(out.dtype, &out.shape);
	ck_assert_msg(!op->setup || op->setup(&b->c, &b->c.state, &e) == 0, "%s: %s", op->name, e.message);
	b->c.work = xaligned((op->work_size ? op->work_size(&b->c) : 0) + MEM_ALIGN);
	b->scratch = xaligned((op->scratch_size ? op->scratch_size(&b->c) : 0) + MEM_ALIGN);
}

static void bench_close(struct bench *b)
{
	if (b->op->teardown)
		b->op->teardown(b->c.state);
	for (int k = 0; k < b->c.n_args; k++)
		tensor_free(&b->in[k]);
	tensor_free(&b->c.out);
	free(b->c.work);
	free(b->scratch);
}

static bool equal_values(const struct tensor *a, const struct tensor *b, int64_t from, int64_t n)
{
	double largest = 0;
	bool equal = true;

	for (int64_t i = 0; i < shape_count(&a->shape); i++)
		largest = fmax(largest, fabs(tensor_get(a, i)));
	/* A product of other extents may round otherwise. */
	for (int64_t i = from; i < from + n; i++)
		equal = equal && fabs(tensor_get(a, i) - tensor_get(b, i)) <= 1e-14 * largest;
	return equal;
}

/* Units one at a time, backwards, as all of them at once. */
START_TEST(units_are_independent)
{
	const struct op_class *op = table_op(_i);

	for (int i = 0; i < op->n_samples && op->eval; i++) {
		struct bench one, all;
		int64_t n;

		bench_open(&one, op, &op->samples[i]);
		bench_open(&all, op, &op->samples[i]);
		n = op->units ? op->units(&all.c) : 1;
		op->eval(&all.c, 0, n, all.scratch);
		for (int64_t u = n; u-- > 0;)
			op->eval(&one.c, u, u + 1, one.scratch);
		if (op->finish) {
			op->finish(&all.c);
			op->finish(&one.c);
		}
		ck_assert_msg(equal_values(&all.c.out, &one.c.out, 0, shape_count(&all.c.out.shape)),
			      "%s, sample %d: %d units depend on how they are grouped", op->name, i, (int)n);
		bench_close(&one);
		bench_close(&all);
	}
}
END_TEST

/* An op that says it works by rows gets nothing but NaN in the other rows. */
START_TEST(rows_read_their_own_row)
{
	const struct op_class *op = table_op(_i);

	for (int i = 0; i < op->n_samples && op->eval; i++) {
		struct bench all, b;
		unsigned mask;
		int64_t n, row;

		bench_open(&all, op, &op->samples[i]);
		mask = op->row_args_for ? op->row_args_for(&all.c) : op->row_args;
		if (mask == 0) {
			bench_close(&all);
			continue;
		}
		n = op->units ? op->units(&all.c) : 1;
		ck_assert_msg(all.c.out.shape.rank > 0 && n == all.c.out.shape.dim[0], "%s, sample %d: %d units",
			      op->name, i, (int)n);
		op->eval(&all.c, 0, n, all.scratch);
		row = shape_count(&all.c.out.shape) / n;
		for (int64_t u = 0; u < n; u++) {
			bench_open(&b, op, &op->samples[i]);
			for (int k = 0; k < b.c.n_args; k++) {
				int64_t count = shape_count(&b.in[k].shape);

				if (!(mask >> k & 1))
					continue;
				ck_assert_msg(b.in[k].shape.rank > 0 && b.in[k].shape.dim[0] == n,
					      "%s, sample %d: argument %d has other rows", op->name, i, k);
				for (int64_t j = 0; j < count; j++)
					if (j / (count / n) != u)
						tensor_set(&b.in[k], j, b.in[k].dtype == DTYPE_I32 ? 1 << 30 : NAN);
			}
			op->eval(&b.c, u, u + 1, b.scratch);
			ck_assert_msg(equal_values(&all.c.out, &b.c.out, u * row, row),
				      "%s, sample %d: row %d reads other rows", op->name, i, (int)u);
			bench_close(&b);
		}
		bench_close(&all);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("units of ops");
	TCase *tests = tcase_create("properties");
	SRunner *runner;
	int failed, n = 0;

	while (table_op(n))
		n++;
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, units_are_independent, 0, n);
	tcase_add_loop_test(tests, rows_read_their_own_row, 0, n);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
