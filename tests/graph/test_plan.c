/* test_plan.c: compiled plans against the naive evaluator on random graphs, thread counts, memory, rebinding. */
#include <check.h>
#include <math.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "graph/plan.h"
#include "naive.h"
#include "ops.h"

struct dice {
	struct rng r;
	uint64_t at;
};

static int roll(struct dice *d, int n)
{
	return (int)(rng_uniform_at(d->r, d->at++) * n);
}

enum { NODES_MAX = 100, INPUTS = 5, OUTPUTS = 4 };

struct example {
	struct graph *g;
	int n_inputs, n_nodes, n_out;
	node input[INPUTS], at[NODES_MAX], out[OUTPUTS];
	struct tensor value[INPUTS];
};

static struct shape random_shape(struct dice *d, int64_t rows, int64_t width)
{
	struct shape s = shape_scalar();

	s.rank = roll(d, 4);
	for (int i = 0; i < s.rank; i++)
		s.dim[i] = roll(d, 4) == 0 ? 1 : i == 0 ? rows : i == s.rank - 1 ? width : 2 + roll(d, 3);
	return s;
}

/* A random graph over few extents, so that many pairs broadcast and many leading axes agree. */
static struct example make(uint64_t seed, enum dtype t, int64_t rows, int64_t width, int n_nodes)
{
	struct dice d = { rng_stream(seed, "graph", 0, 0), 0 };
	struct example x = { .g = graph_new(t) };

	for (int i = 0; i < INPUTS; i++) {
		struct shape s = i == 0	  ? shape_of(rows, width)
				 : i == 1 ? shape_of(width, width)
				 : i == 2 ? shape_of(rows, 3, width)
					  : random_shape(&d, rows, width);

		x.input[i] = x.at[x.n_nodes++] = graph_input(x.g, "in", t, &s);
		x.value[i] = tensor_new(t, &s);
		for (int64_t e = 0; e < shape_count(&s); e++)
			tensor_set(&x.value[i], e,
				   2 * rng_uniform_at(rng_stream(seed, "data", 0, (uint64_t)i), (uint64_t)e) - 1);
	}
	x.n_inputs = INPUTS;
	while (x.n_nodes < n_nodes) {
		node a = x.at[roll(&d, x.n_nodes)], b = x.at[roll(&d, x.n_nodes)], n = NODE_NONE;
		struct shape s, sa = graph_shape(x.g, a), sb = graph_shape(x.g, b);

		if (roll(&d, 2)) /* longer chains */
			a = x.at[x.n_nodes - 1], sa = graph_shape(x.g, a);
		switch (roll(&d, 13)) {
		case 0:
		case 1:
			if (shape_broadcast(&sa, &sb, &s) && shape_count(&s) < 50000)
				n = graph_add(x.g, a, b);
			break;
		case 2:
		case 3:
			if (shape_broadcast(&sa, &sb, &s) && shape_count(&s) < 50000)
				n = t_mul(x.g, a, b);
			break;
		case 4:
			n = t_tanh(x.g, a);
			break;
		case 5:
			n = t_sin(x.g, a);
			break;
		case 6:
			n = t_scale(x.g, a, 0.5);
			break;
		case 7: /* mean rather than sum: values stay of order one */
			if (sa.rank > 0) {
				unsigned axes = 1u + (unsigned)roll(&d, (1 << sa.rank) - 1);

				n = graph_sum(x.g, a, axes, roll(&d, 2));
				s = graph_shape(x.g, n);
				n = t_scale(x.g, n, 1.0 / (double)(shape_count(&sa) / shape_count(&s)));
			}
			break;
		case 8:
			s = random_shape(&d, rows, width);
			if (shape_broadcast(&sa, &s, &s) && shape_count(&s) < 50000)
				n = graph_broadcast(x.g, a, &s);
			break;
		case 9:
			s = sa.rank == 2   ? shape_of(sa.dim[0], 1, sa.dim[1])
			    : sa.rank == 3 ? shape_of(sa.dim[0], sa.dim[1] * sa.dim[2])
					   : sa;
			if (roll(&d, 4) == 0)
				s = shape_of(shape_count(&sa));
			n = graph_reshape(x.g, a, &s);
			break;
		case 10:
			n = t_stop(x.g, a);
			break;
		case 11:
			if (sa.rank == 2 && sb.rank == 2 && sa.dim[1] == sb.dim[0])
				n = t_scale(x.g, t_rows(x.g, a, b), 1.0 / (double)sa.dim[1]);
			break;
		case 12:
			if (sa.rank == 2 && sb.rank == 2 && sa.dim[0] == sb.dim[0])
				n = t_scale(x.g, t_columns(x.g, a, b), 1.0 / (double)sa.dim[0]);
			else if (sa.rank == 2)
				n = t_transpose(x.g, a);
			break;
		}
		ck_assert_msg(!graph_error(x.g), "%s", graph_error(x.g) ? graph_error(x.g)->message : "");
		if (node_is(n))
			x.at[x.n_nodes++] = n;
	}
	x.n_out = 1 + roll(&d, OUTPUTS);
	for (int k = 0; k < x.n_out; k++)
		x.out[k] = x.at[k == 0 ? x.n_nodes - 1 : roll(&d, x.n_nodes)];
	/* Gradients too, in half of the cases: graphs as they are trained. */
	if (roll(&d, 2)) {
		node grad[2], loss = graph_sum(x.g, x.out[0], (1u << graph_shape(x.g, x.out[0]).rank) - 1, false);

		loss = t_scale(x.g, loss, 0.01);
		ck_assert_int_eq(graph_gradient(x.g, loss, 2, x.input, grad), 0);
		x.n_out = 3;
		x.out[0] = loss;
		x.out[1] = grad[0];
		x.out[2] = grad[1];
	}
	return x;
}

static void example_free(struct example *x)
{
	for (int i = 0; i < x->n_inputs; i++)
		tensor_free(&x->value[i]);
	graph_free(x->g);
}

static struct plan *compile(struct example *x)
{
	struct err e = { 0 };
	struct plan *p = plan_new(x->g, x->n_out, x->out, &e);

	ck_assert_msg(p != NULL, "%s", e.message);
	for (int i = 0; i < x->n_inputs; i++)
		plan_bind(p, x->input[i], x->value[i].data);
	return p;
}

static void check_output(const struct tensor *got, const struct tensor *expected, double tolerance, uint64_t seed)
{
	double scale = 0;

	ck_assert(shape_equal(&got->shape, &expected->shape));
	for (int64_t e = 0; e < shape_count(&got->shape); e++)
		scale = fmax(scale, fabs(tensor_get(expected, e)));
	for (int64_t e = 0; e < shape_count(&got->shape); e++)
		ck_assert_msg(fabs(tensor_get(got, e) - tensor_get(expected, e)) <= tolerance * (scale + 1e-300),
			      "seed %d, element %d: %.17g for %.17g", (int)seed, (int)e, tensor_get(got, e),
			      tensor_get(expected, e));
}

static void compare(uint64_t seed, enum dtype t, int64_t rows, int64_t width, int n_nodes, double tolerance)
{
	struct example x = make(seed, t, rows, width, n_nodes);
	struct naive naive = naive_run(x.g, x.n_inputs, x.input, x.value);
	struct plan *p = compile(&x);
	struct tensor copy[OUTPUTS];

	ck_assert_int_eq(plan_run(p, NULL), 0);
	for (int k = 0; k < x.n_out; k++) {
		struct tensor out = plan_out(p, k);

		check_output(&out, &naive.value[x.out[k].id], tolerance, seed);
		copy[k] = tensor_copy(&out);
	}
	/* Again, into memory of the caller's: bit for bit the same. */
	for (int k = 0; k < x.n_out; k++) {
		struct tensor mine = tensor_new(copy[k].dtype, &copy[k].shape);

		plan_bind_out(p, k, mine.data);
		ck_assert_int_eq(plan_run(p, NULL), 0);
		for (int i = 0; i < x.n_out; i++) {
			struct tensor out = plan_out(p, i);

			ck_assert_msg(memcmp(out.data, copy[i].data, tensor_bytes(&out)) == 0,
				      "seed %d, output %d of %d", (int)seed, i, k);
		}
		ck_assert_ptr_eq(plan_out(p, k).data, mine.data);
		plan_bind_out(p, k, NULL);
		tensor_free(&mine);
	}
	for (int k = 0; k < x.n_out; k++)
		tensor_free(&copy[k]);
	for (int i = 0; i < x.n_inputs; i++) { /* inputs are only read */
		struct tensor *v = &x.value[i], *n = &naive.value[x.input[i].id];

		ck_assert_int_eq(memcmp(v->data, n->data, tensor_bytes(v)), 0);
	}
	plan_free(p);
	naive_free(&naive);
	example_free(&x);
}

START_TEST(random_small)
{
	for (uint64_t seed = 0; seed < 2000; seed++)
		compare(seed, DTYPE_F64, 1 + (int64_t)(seed % 7), 1 + (int64_t)(seed / 7 % 5), 10 + (int)(seed % 40),
			1e-11);
}
END_TEST

START_TEST(random_single)
{
	for (uint64_t seed = 0; seed < 500; seed++)
		compare(seed, DTYPE_F32, 5, 33, 25, 1e-4);
}
END_TEST

START_TEST(random_large)
{
	for (uint64_t seed = 0; seed < 40; seed++)
		compare(seed, DTYPE_F64, 300, 1 + (int64_t)(37 * (seed % 3)), 30, 1e-10);
}
END_TEST

START_TEST(thread_counts)
{
	static const int threads[] = { 1, 2, 3, 7 };

	for (uint64_t seed = 200; seed < 230; seed++) {
		struct tensor first[OUTPUTS];

		for (int k = 0; k < 4; k++) {
			struct example x = make(seed, seed & 1 ? DTYPE_F32 : DTYPE_F64, 500, 40, 30);
			struct plan *p;

			pool_set_threads(threads[k]);
			p = compile(&x);
			ck_assert_int_eq(plan_run(p, NULL), 0);
			for (int i = 0; i < x.n_out; i++) {
				struct tensor out = plan_out(p, i);

				if (k == 0)
					first[i] = tensor_copy(&out);
				ck_assert_int_eq(memcmp(out.data, first[i].data, tensor_bytes(&out)), 0);
				if (k == 3)
					tensor_free(&first[i]);
			}
			plan_free(p);
			example_free(&x);
		}
	}
	pool_stop();
}
END_TEST

/* A plan made for one thread still runs after the pool has grown. */
START_TEST(pool_grows)
{
	struct example x = make(7, DTYPE_F64, 500, 40, 30);
	struct plan *p;

	pool_set_threads(1);
	p = compile(&x);
	pool_set_threads(4);
	ck_assert_int_eq(plan_run(p, NULL), 0);
	plan_free(p);
	example_free(&x);
	pool_stop();
}
END_TEST

START_TEST(running_takes_no_memory)
{
	struct example x = make(3, DTYPE_F64, 500, 40, 40);
	struct plan *p = compile(&x);
	struct mallinfo2 before, after;

	ck_assert_int_eq(plan_run(p, NULL), 0);
	before = mallinfo2();
	for (int i = 0; i < 20; i++) {
		plan_bind(p, x.input[0], x.value[0].data);
		ck_assert_int_eq(plan_run(p, NULL), 0);
	}
	after = mallinfo2();
	ck_assert_int_eq((int)(after.uordblks - before.uordblks), 0);
	ck_assert_int_eq((int)(after.hblkhd - before.hblkhd), 0);
	plan_free(p);
	example_free(&x);
}
END_TEST

/* y = f(f(...)) over a matrix product: two buffers serve any depth. */
START_TEST(buffers_are_reused)
{
	size_t bytes[2];

	for (int k = 0; k < 2; k++) {
		struct graph *g = graph_new(DTYPE_F64);
		struct shape s = shape_of(64, 64);
		node x = graph_input(g, "x", DTYPE_F64, &s), y = x;
		struct plan *p;

		for (int i = 0; i < (k + 1) * 20; i++)
			y = t_tanh(g, t_transpose(g, y));
		p = plan_new(g, 1, &y, NULL);
		bytes[k] = plan_stats(p).buffer_bytes;
		plan_free(p);
		graph_free(g);
	}
	ck_assert_uint_eq(bytes[0], bytes[1]);
	ck_assert_uint_le(bytes[0], 2 * 64 * 64 * sizeof(double));
}
END_TEST

/* An elementwise chain is one kernel and keeps nothing but its result; a result takes over a dying argument's
 * memory. */
START_TEST(fusion)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(100, 70), row = shape_of(70);
	node x = graph_input(g, "x", DTYPE_F64, &s), b = graph_input(g, "b", DTYPE_F64, &row), y = x, z;
	struct plan_stats st;
	struct plan *p;

	for (int i = 0; i < 50; i++)
		y = t_tanh(g, graph_add(g, t_mul(g, y, b), x));
	p = plan_new(g, 1, &y, NULL);
	st = plan_stats(p);
	ck_assert_int_eq(st.n_kernels, 1);
	ck_assert_int_eq(st.n_fused_nodes, 150);
	ck_assert_uint_le(st.buffer_bytes, 100 * 70 * sizeof(double) + 64);
	plan_free(p);

	/* Diamond through another kernel: x -> sin -> columns -> ... and back; must not become one circular cluster. */
	y = t_sin(g, x);
	z = t_columns(g, y, y);
	z = graph_add(g, t_rows(g, y, z), t_mul(g, y, y));
	p = plan_new(g, 1, &z, NULL);
	st = plan_stats(p);
	ck_assert_int_eq(st.n_kernels, 4);
	plan_free(p);
	graph_free(g);
}
END_TEST

/* Layer after layer on few rows: every stage of row-wise kernels keeps its intermediates out of the plan's buffer. */
START_TEST(row_stages)
{
	struct graph *g = graph_new(DTYPE_F32);
	struct shape s = shape_of(4096, 32), sw = shape_of(32, 32), sb = shape_of(32);
	node y = graph_input(g, "x", DTYPE_F32, &s);
	struct plan *p;

	for (int i = 0; i < 6; i++)
		y = t_tanh(g, graph_add(g, t_rows(g, y, graph_input(g, "w", DTYPE_F32, &sw)),
					graph_input(g, "b", DTYPE_F32, &sb)));
	p = plan_new(g, 1, &y, NULL);
	ck_assert_int_eq(plan_stats(p).n_kernels, 12);
	ck_assert_uint_eq(plan_stats(p).buffer_bytes, 4096 * 32 * sizeof(float));
	ck_assert_uint_le(plan_stats(p).scratch_bytes, (size_t)pool_threads() << 20);
	plan_free(p);
	graph_free(g);
}
END_TEST

/* An argument that dies in a stage, but is read in full by every task of it, must not be overwritten row by row. */
START_TEST(no_overwriting_under_readers)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(300, 300);
	struct example x = { .g = g, .n_inputs = 1, .n_out = 1 };
	node in = graph_input(g, "x", DTYPE_F64, &s), p = t_transpose(g, in);
	struct naive naive;
	struct plan *plan;
	struct tensor out;

	x.input[0] = in;
	x.value[0] = tensor_new(DTYPE_F64, &s);
	for (int64_t i = 0; i < shape_count(&s); i++)
		tensor_set(&x.value[0], i, rng_uniform_at(rng_stream(1, "data", 0, 0), (uint64_t)i));
	x.out[0] = t_scale(g, t_mul(g, p, t_rows(g, in, p)), 0.1);
	naive = naive_run(g, 1, x.input, x.value);
	plan = compile(&x);
	ck_assert_int_eq(plan_run(plan, NULL), 0);
	out = plan_out(plan, 0);
	check_output(&out, &naive.value[x.out[0].id], 1e-13, 0);
	plan_free(plan);
	naive_free(&naive);
	example_free(&x);
}
END_TEST

/* Outputs that are inputs, constants, the same node twice, views of one another. */
START_TEST(odd_outputs)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(2, 3), flat = shape_of(6);
	node x = graph_input(g, "x", DTYPE_F64, &s), unused = graph_input(g, "unused", DTYPE_F64, &s);
	node y = t_scale(g, x, 2), c = graph_scalar(g, 5);
	node out[7] = { x, y, y, graph_reshape(g, y, &flat), c, graph_reshape(g, x, &flat), t_stop(g, y) };
	double data[6] = { 1, 2, 3, 4, 5, 6 }, mine[7][6];
	struct err e = { 0 };
	struct plan *p = plan_new(g, 7, out, &e);

	ck_assert_ptr_nonnull(p);
	plan_bind(p, x, data);
	plan_bind(p, unused, data);
	for (int pass = 0; pass < 2; pass++) {
		ck_assert_int_eq(plan_run(p, &e), 0);
		for (int k = 0; k < 7; k++) {
			struct tensor t = plan_out(p, k);
			struct shape shape = graph_shape(g, out[k]);

			ck_assert(shape_equal(&t.shape, &shape));
			for (int i = 0; i < (k == 4 ? 1 : 6); i++)
				ck_assert_double_eq(tensor_get(&t, i), k == 4		  ? 5
								       : k == 0 || k == 5 ? data[i]
											  : 2 * data[i]);
			plan_bind_out(p, k, mine[k]);
		}
	}
	plan_free(p);
	graph_free(g);
}
END_TEST

START_TEST(rebinding)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(5);
	node x = graph_input(g, "x", DTYPE_F64, &s), y = t_mul(g, x, x);
	double a[5] = { 1, 2, 3, 4, 5 }, odd[6] = { 0, 6, 7, 8, 9, 10 };
	struct plan *p = plan_new(g, 1, &y, NULL);

	/* Binding is remembered; memory that is not aligned is fine; unbinding is an error at the next run. */
	plan_bind(p, x, a);
	ck_assert_int_eq(plan_run(p, NULL), 0);
	ck_assert_double_eq(((double *)plan_out(p, 0).data)[4], 25);
	plan_bind(p, x, odd + 1);
	ck_assert_int_eq(plan_run(p, NULL), 0);
	ck_assert_double_eq(((double *)plan_out(p, 0).data)[4], 100);
	plan_bind(p, x, NULL);
	ck_assert_int_eq(plan_run(p, NULL), -1);
	/* The graph may grow meanwhile. */
	for (int i = 0; i < 1000; i++)
		y = t_scale(g, y, i);
	plan_bind(p, x, a);
	ck_assert_int_eq(plan_run(p, NULL), 0);
	plan_free(p);
	graph_free(g);
}
END_TEST

/* Sums large enough for every way of dividing the work, against long double. */
START_TEST(sums)
{
	static const int64_t dims[][3] = { { 1, 1, 100000 }, { 100000, 1, 1 }, { 3000, 1, 7 },	{ 40, 300, 20 },
					   { 7, 5, 3001 },   { 300, 9000, 1 }, { 20, 32, 129 }, { 1, 1, 1 } };

	for (int k = 0; k < 8; k++) {
		for (unsigned axes = 1; axes < 8; axes++) {
			struct graph *g = graph_new(DTYPE_F32);
			struct shape s = shape_make(3, dims[k]), kept;
			node x = graph_input(g, "x", DTYPE_F32, &s), y = graph_sum(g, x, axes, true);
			struct tensor in = tensor_new(DTYPE_F32, &s), out;
			struct rng r = rng_stream(1, "sum", axes, (uint64_t)k);
			long double *expected;

			kept = graph_shape(g, y);
			expected = xcalloc((size_t)shape_count(&kept), sizeof *expected);
			rng_uniform_f(r, 0, (size_t)shape_count(&s), in.data);
			for (int64_t e = 0; e < shape_count(&s); e++) {
				int64_t at[3] = { e / s.dim[2] / s.dim[1], e / s.dim[2] % s.dim[1], e % s.dim[2] },
					o = 0;

				for (int i = 0; i < 3; i++)
					o = o * kept.dim[i] + (kept.dim[i] == 1 ? 0 : at[i]);
				expected[o] += (long double)((float *)in.data)[e];
			}
			ck_assert_int_eq(plan_eval(g, 1, &x, &in, 1, &y, &out, NULL), 0);
			for (int64_t o = 0; o < shape_count(&kept); o++)
				ck_assert_double_eq_tol(tensor_get(&out, o), (double)expected[o],
							1e-6 * (double)expected[o]);
			free(expected);
			tensor_free(&in);
			tensor_free(&out);
			graph_free(g);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *t = tcase_create("plan");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, random_small);
	tcase_add_test(t, random_single);
	tcase_add_test(t, random_large);
	tcase_add_test(t, thread_counts);
	tcase_add_test(t, pool_grows);
	tcase_add_test(t, running_takes_no_memory);
	tcase_add_test(t, buffers_are_reused);
	tcase_add_test(t, fusion);
	tcase_add_test(t, row_stages);
	tcase_add_test(t, no_overwriting_under_readers);
	tcase_add_test(t, odd_outputs);
	tcase_add_test(t, rebinding);
	tcase_add_test(t, sums);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
