/* test_num.c: shapes, tensors, parameter lists. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/params.h"
#include "num/shape.h"
#include "num/tensor.h"

START_TEST(shapes)
{
	struct shape s = shape_of(20, 3, 64, 64), scalar = shape_scalar(), t, large;
	int64_t stride[SHAPE_MAX];
	char text[SHAPE_TEXT];

	ck_assert_int_eq(s.rank, 4);
	ck_assert_int_eq(shape_count(&s), 20 * 3 * 64 * 64);
	ck_assert_int_eq(shape_count(&scalar), 1);
	ck_assert_str_eq(shape_text(text, &s), "(20, 3, 64, 64)");
	ck_assert_str_eq(shape_text(text, &scalar), "()");
	shape_strides(&s, stride);
	ck_assert(stride[0] == 12288 && stride[1] == 4096 && stride[2] == 64 && stride[3] == 1);
	t = shape_insert(&s, 4, 2);
	ck_assert_str_eq(shape_text(text, &t), "(20, 3, 64, 64, 2)");
	t = shape_remove(&t, 1);
	ck_assert_str_eq(shape_text(text, &t), "(20, 64, 64, 2)");
	t = shape_insert(&t, 1, 3);
	t = shape_remove(&t, 4);
	ck_assert(shape_equal(&s, &t) && memcmp(&s, &t, sizeof s) == 0);
	ck_assert(!shape_equal(&s, &scalar));
	large = shape_of(1 << 30, 1 << 30, 1 << 30);
	ck_assert(shape_count(&large) == INT64_MAX);
	large = shape_of(1 << 30, 1 << 30, 1 << 30, 0);
	ck_assert_int_eq(shape_count(&large), 0);
	large = shape_of(INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN);
	ck_assert_uint_lt(strlen(shape_text(text, &large)), SHAPE_TEXT);
}
END_TEST

START_TEST(broadcast)
{
	struct shape a = shape_of(8, 1, 6, 1), b = shape_of(7, 1, 5), want = shape_of(8, 7, 6, 5), out,
		     bad = shape_of(2, 5);
	struct shape scalar = shape_scalar(), empty = shape_of(0), one = shape_of(1);

	ck_assert(shape_broadcast(&a, &b, &out) && shape_equal(&out, &want));
	ck_assert(shape_broadcast(&b, &a, &out) && shape_equal(&out, &want));
	ck_assert(shape_broadcast(&a, &scalar, &out) && shape_equal(&out, &a));
	ck_assert(!shape_broadcast(&a, &bad, &out));
	ck_assert(shape_broadcast(&empty, &one, &out) && shape_equal(&out, &empty));
}
END_TEST

START_TEST(tensors)
{
	struct shape s = shape_of(3, 5), huge = shape_of(1 << 30, 1 << 30, 1 << 30), negative = shape_of(2, -1);
	struct err e = { 0 };

	for (int type = DTYPE_F32; type <= DTYPE_I32; type++) {
		struct tensor t = tensor_new((enum dtype)type, &s), c;

		ck_assert_uint_eq((uintptr_t)t.data % 64, 0);
		ck_assert_uint_eq(tensor_bytes(&t), 15 * dtype_size((enum dtype)type));
		ck_assert(tensor_get(&t, 14) == 0);
		tensor_fill(&t, 7);
		tensor_set(&t, 3, -2);
		c = tensor_copy(&t);
		tensor_set(&t, 3, 5);
		ck_assert(tensor_get(&c, 3) == -2 && tensor_get(&c, 14) == 7 && tensor_get(&t, 3) == 5);
		ck_assert_int_eq(tensor_find_nonfinite(&t), -1);
		tensor_set(&t, 14, NAN);
		ck_assert_int_eq(tensor_find_nonfinite(&t), type == DTYPE_I32 ? -1 : 14);
		tensor_set(&t, 9, INFINITY);
		ck_assert_int_eq(tensor_find_nonfinite(&t), type == DTYPE_I32 ? -1 : 9);
		tensor_free(&t);
		ck_assert_ptr_null(t.data);
		tensor_free(&c);
	}
	{
		struct tensor t;

		ck_assert_int_eq(tensor_new_checked(&t, DTYPE_F32, &huge, "/data/u", &e), -1);
		ck_assert_int_eq(strncmp(e.message, "/data/u: ", 9), 0);
		ck_assert_int_eq(tensor_new_checked(&t, DTYPE_F32, &negative, "/data/u", &e), -1);
		ck_assert_str_eq(e.message, "/data/u: negative extent in (2, -1)");
		ck_assert_ptr_null(t.data);
		ck_assert_int_eq(tensor_new_checked(&t, DTYPE_F32, &s, "/data/u", &e), 0);
		tensor_free(&t);
	}
}
END_TEST

START_TEST(conversions)
{
	const double in[] = { 0, 1, -1, 3.75, -3.75, 1e6, 3e9, -3e9 };
	float f[8];
	double d[8];
	int32_t i[8];

	tensor_convert(DTYPE_F64, in, DTYPE_F32, f, 8);
	tensor_convert(DTYPE_F32, f, DTYPE_F64, d, 8);
	tensor_convert(DTYPE_F64, in, DTYPE_I32, i, 8);
	for (int k = 0; k < 8; k++) {
		ck_assert(f[k] == (float)in[k]);
		ck_assert(d[k] == in[k]);
		ck_assert_int_eq(i[k], k == 6 ? INT32_MAX : k == 7 ? INT32_MIN : (int32_t)in[k]);
	}
	tensor_convert(DTYPE_I32, i, DTYPE_F32, f, 6);
	for (int k = 0; k < 6; k++)
		ck_assert(f[k] == (float)(int32_t)in[k]);
	tensor_convert(DTYPE_F64, NULL, DTYPE_I32, NULL, 0);
}
END_TEST

static struct param make(const char *name, enum param_init init, double scale, int64_t n)
{
	return (struct param){ .name = (char *)(uintptr_t)name,
			       .value = { .dtype = DTYPE_F64, .shape = shape_of(n) },
			       .init = init,
			       .init_scale = scale,
			       .lr_multiplier = 1 };
}

START_TEST(parameter_lists)
{
	struct params p = { 0 }, q = { 0 }, copy, like;
	struct param a = make("a", INIT_NORMAL, 0.5, 4000), b = make("b", INIT_UNIFORM, 2, 4000);
	struct param c = make("c", INIT_UNIFORM01, 2, 4000), d = make("d", INIT_CONSTANT, 3, 10);
	struct param state = make("state", INIT_ONE, 0, 7), single = a;
	double sum = 0, square = 0;
	const double *x;

	state.role = PARAM_STATE;
	params_add(&p, &a);
	params_add(&p, &b);
	params_add(&p, &c);
	params_add(&p, &d);
	params_add(&p, &state);
	ck_assert_int_eq(params_find(&p, "c"), 2);
	ck_assert_int_eq(params_find(&p, "x"), -1);
	ck_assert_int_eq(params_count(&p), 12010);
	params_init(&p, 42);
	x = p.at[0].value.data;
	for (int i = 0; i < 4000; i++) {
		sum += x[i];
		square += x[i] * x[i];
	}
	ck_assert_double_eq_tol(sum / 4000, 0, 5 * 0.5 / sqrt(4000));
	ck_assert_double_eq_tol(square / 4000, 0.25, 5 * 0.25 * sqrt(2.0 / 4000));
	for (int i = 0; i < 4000; i++) {
		double u = tensor_get(&p.at[1].value, i), v = tensor_get(&p.at[2].value, i);

		ck_assert(u > -2 && u < 2 && v > 0 && v < 2);
		square = i ? fmin(square, u) : u;
	}
	ck_assert_double_lt(square, -1.9);
	ck_assert(tensor_get(&p.at[3].value, 9) == 3 && tensor_get(&p.at[4].value, 6) == 1);

	/* Other neighbours and order: the same values; in float: the same, rounded. */
	single.value.dtype = DTYPE_F32;
	params_add(&q, &c);
	params_add(&q, &single);
	params_init(&q, 42);
	ck_assert_mem_eq(q.at[0].value.data, p.at[2].value.data, 4000 * sizeof(double));
	for (int i = 0; i < 4000; i++)
		ck_assert(((float *)q.at[1].value.data)[i] == (float)x[i]);
	params_init(&q, 43);
	ck_assert_mem_ne(q.at[0].value.data, p.at[2].value.data, 4000 * sizeof(double));

	copy = params_copy(&p);
	like = params_like(&p);
	ck_assert_mem_eq(copy.at[1].value.data, p.at[1].value.data, 4000 * sizeof(double));
	ck_assert(tensor_get(&like.at[1].value, 17) == 0 && like.at[4].role == PARAM_STATE);
	ck_assert_str_eq(like.at[4].name, "state");
	params_free(&p);
	params_free(&q);
	params_free(&copy);
	params_free(&like);
	ck_assert_int_eq(p.n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("num");
	TCase *t = tcase_create("num");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, shapes);
	tcase_add_test(t, broadcast);
	tcase_add_test(t, tensors);
	tcase_add_test(t, conversions);
	tcase_add_test(t, parameter_lists);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
