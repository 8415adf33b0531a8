/* test_op_fft.c: Fourier transforms and spectral layers against sums over all points and modes. */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "op/modes.h"

static const double pi = 3.14159265358979323846;

/* Index of each axis of element i of an array of n_dims axes. */
static void unravel(int64_t i, int n_dims, const int64_t *n, int64_t *index)
{
	for (int d = n_dims - 1; d >= 0; d--) {
		index[d] = i % n[d];
		i /= n[d];
	}
}

static int64_t product(int n, const int64_t *d)
{
	int64_t p = 1;

	for (int i = 0; i < n; i++)
		p *= d[i];
	return p;
}

static double complex wave(int n_dims, const int64_t *n, const int64_t *j, const int64_t *k, double sign)
{
	double turns = 0;

	for (int d = 0; d < n_dims; d++)
		turns += (double)(((j[d] * k[d]) % n[d] + n[d]) % n[d]) / (double)n[d];
	return cexp(sign * 2 * pi * I * turns);
}

static double complex at(const struct tensor *t, int64_t i)
{
	return tensor_get(t, 2 * i) + I * tensor_get(t, 2 * i + 1);
}

static struct shape complex_shape(int64_t batch, int n_dims, const int64_t *n, int64_t last)
{
	struct shape s = shape_of(batch);

	for (int d = 0; d < n_dims; d++)
		s.dim[s.rank++] = d == n_dims - 1 && last ? last : n[d];
	s.dim[s.rank++] = 2;
	return s;
}

static const int64_t grids[][4] = { { 8 },    { 7 },	   { 1 },	{ 6, 4 },      { 5, 3 },
				    { 4, 5 }, { 3, 4, 6 }, { 2, 3, 5 }, { 2, 3, 2, 4 } };
static const int grid_dims[] = { 1, 1, 1, 2, 2, 2, 3, 3, 4 };
enum { N_GRIDS = 9, BATCH = 3 };

START_TEST(complex_transforms)
{
	for (int c = 0; c < N_GRIDS; c++) {
		int n_dims = grid_dims[c];
		int64_t count = product(n_dims, grids[c]), j[4], k[4];
		struct shape s = complex_shape(BATCH, n_dims, grids[c], 0);
		struct feed f = feed_new(DTYPE_F64);
		node a = feed_random(&f, "a", &s);
		struct tensor there = feed_run(&f, op_fft(f.g, a, n_dims)),
			      back = feed_run(&f, op_ifft(f.g, a, n_dims));
		struct tensor round = feed_run(&f, op_ifft(f.g, op_fft(f.g, a, n_dims), n_dims));

		for (int64_t b = 0; b < BATCH; b++)
			for (int64_t m = 0; m < count; m++) {
				double complex y = 0, x = 0;

				unravel(m, n_dims, grids[c], k);
				for (int64_t i = 0; i < count; i++) {
					unravel(i, n_dims, grids[c], j);
					y += at(&f.value[0], b * count + i) * wave(n_dims, grids[c], j, k, -1) /
					     (double)count;
					x += at(&f.value[0], b * count + i) * wave(n_dims, grids[c], j, k, 1);
				}
				ck_assert_double_lt(cabs(y - at(&there, b * count + m)), 1e-14);
				ck_assert_double_lt(cabs(x - at(&back, b * count + m)), 1e-13);
			}
		ck_assert_double_lt(tensor_distance(&round, &f.value[0]), 1e-14);
		tensor_free(&there);
		tensor_free(&back);
		tensor_free(&round);
		feed_free(&f);
	}
}
END_TEST

/* rfft is the half of fft; irfft of any half spectrum, Hermitian or not, is its definition. */
START_TEST(real_transforms)
{
	for (int c = 0; c < N_GRIDS; c++) {
		int n_dims = grid_dims[c];
		const int64_t *n = grids[c], last = n[n_dims - 1], half = last / 2 + 1;
		int64_t count = product(n_dims, n), j[4], k[4], mode[4];
		struct shape spectrum = complex_shape(BATCH, n_dims, n, half), s = complex_shape(BATCH, n_dims, n, 0);

		s = shape_make(s.rank - 1, s.dim);
		memcpy(mode, n, sizeof mode);
		mode[n_dims - 1] = half;
		int64_t modes = product(n_dims, mode);
		struct feed f = feed_new(DTYPE_F64);
		node a = feed_random(&f, "a", &s), y = feed_random(&f, "y", &spectrum);
		struct tensor there = feed_run(&f, op_rfft(f.g, a, n_dims)),
			      back = feed_run(&f, op_irfft(f.g, y, n_dims, last));
		struct tensor round = feed_run(&f, op_irfft(f.g, op_rfft(f.g, a, n_dims), n_dims, last));

		ck_assert(shape_equal(&there.shape, &spectrum));
		for (int64_t b = 0; b < BATCH; b++) {
			for (int64_t m = 0; m < modes; m++) {
				double complex want = 0;

				unravel(m, n_dims, mode, k);
				for (int64_t i = 0; i < count; i++) {
					unravel(i, n_dims, n, j);
					want += tensor_get(&f.value[0], b * count + i) * wave(n_dims, n, j, k, -1) /
						(double)count;
				}
				ck_assert_double_lt(cabs(want - at(&there, b * modes + m)), 1e-14);
			}
			for (int64_t i = 0; i < count; i++) {
				double want = 0;

				unravel(i, n_dims, n, j);
				for (int64_t m = 0; m < modes; m++) {
					unravel(m, n_dims, mode, k);
					double h = k[n_dims - 1] == 0 || 2 * k[n_dims - 1] == last ? 1 : 2;

					want += h * creal(at(&f.value[1], b * modes + m) * wave(n_dims, n, j, k, 1));
				}
				ck_assert_double_eq_tol(want, tensor_get(&back, b * count + i), 1e-13);
			}
		}
		ck_assert_double_lt(tensor_distance(&round, &f.value[0]), 1e-14);
		ck_assert_double_lt(linear_error(&f, a, op_rfft(f.g, a, n_dims)), 1e-14);
		ck_assert_double_lt(linear_error(&f, y, op_irfft(f.g, y, n_dims, last)), 1e-14);
		tensor_free(&there);
		tensor_free(&back);
		tensor_free(&round);
		feed_free(&f);
	}
}
END_TEST

/* Arrays without a batch axis. */
START_TEST(all_axes)
{
	struct shape s = shape_of(4, 6);
	struct feed f = feed_new(DTYPE_F32);
	node a = feed_random(&f, "a", &s);
	struct tensor round = feed_run(&f, op_irfft(f.g, op_rfft(f.g, a, 2), 2, 6));

	ck_assert_double_lt(tensor_distance(&round, &f.value[0]), 1e-6);
	tensor_free(&round);
	feed_free(&f);
}
END_TEST

struct layer {
	int n_dims;
	int64_t n[3], m[3], modes[3]; /* grids in and out, retained modes */
};
static const struct layer layers[] = {
	{ 1, { 16 }, { 16 }, { 5 } },
	{ 1, { 9 }, { 12 }, { 5 } },
	{ 1, { 8 }, { 8 }, { 5 } },
	{ 2, { 8, 8 }, { 8, 8 }, { 4, 3 } },
	{ 2, { 6, 4 }, { 6, 4 }, { 6, 3 } },
	{ 2, { 7, 9 }, { 10, 6 }, { 4, 4 } },
	{ 3, { 4, 5, 6 }, { 4, 5, 6 }, { 4, 2, 4 } },
	{ 3, { 6, 4, 5 }, { 4, 7, 8 }, { 2, 4, 3 } },
	/* an axis without sines; several groups of planes side by side, the last one smaller */
	{ 2, { 2, 4 }, { 2, 5 }, { 2, 3 } },
	{ 2, { 16, 26 }, { 12, 24 }, { 12, 13 } },
	{ 3, { 9, 6, 16 }, { 6, 5, 17 }, { 2, 4, 8 } },
	/* planes of 16 x 16: all modes and few, on either side */
	{ 2, { 16, 16 }, { 16, 16 }, { 16, 8 } },
	{ 2, { 16, 16 }, { 16, 16 }, { 10, 5 } },
	{ 2, { 16, 16 }, { 7, 18 }, { 2, 8 } },
	{ 2, { 18, 15 }, { 16, 16 }, { 16, 7 } },
	{ 3, { 2, 16, 16 }, { 2, 16, 16 }, { 2, 4, 8 } },
	/* few modes of long lines, on either side */
	{ 1, { 1024 }, { 1024 }, { 16 } },
	{ 1, { 256 }, { 40 }, { 9 } },
	{ 1, { 30 }, { 512 }, { 11 } },
	{ 2, { 4, 256 }, { 4, 256 }, { 2, 3 } },
};
enum { N_LAYERS = 20, IN = 2, OUT = 3 };

static void inputs(struct feed *f, const struct layer *l, int64_t in, int64_t out, node *x, node *w)
{
	struct shape xs = shape_of(BATCH, in), ws = shape_of(in, out);

	for (int d = 0; d < l->n_dims; d++) {
		xs.dim[xs.rank++] = l->n[d];
		ws.dim[ws.rank++] = l->modes[d];
	}
	ws.dim[ws.rank++] = 2;
	*x = feed_random(f, "x", &xs);
	*w = feed_random(f, "w", &ws);
}

/* Frequency of retained mode k[] : centred but for the last axis. */
static void frequency(const struct layer *l, int64_t mode, int64_t *k)
{
	unravel(mode, l->n_dims, l->modes, k);
	for (int d = 0; d < l->n_dims - 1; d++)
		k[d] -= l->modes[d] / 2;
}

/* The definition, mode by mode and point by point. */
static void spectral_by_sums(const struct layer *l, const struct tensor *x, const struct tensor *w, struct tensor *y)
{
	int64_t points = product(l->n_dims, l->n), points_out = product(l->n_dims, l->m),
		modes = product(l->n_dims, l->modes);
	int64_t j[3], k[3], last = l->m[l->n_dims - 1];

	for (int64_t b = 0; b < BATCH; b++)
		for (int64_t m = 0; m < modes; m++) {
			double complex spectrum[IN] = { 0 };

			frequency(l, m, k);
			double h = k[l->n_dims - 1] == 0 || 2 * k[l->n_dims - 1] == last ? 1 : 2;

			for (int i = 0; i < IN; i++)
				for (int64_t p = 0; p < points; p++) {
					unravel(p, l->n_dims, l->n, j);
					spectrum[i] += tensor_get(x, (b * IN + i) * points + p) *
						       wave(l->n_dims, l->n, j, k, -1) / (double)points;
				}
			for (int o = 0; o < OUT; o++) {
				double complex out = 0;

				for (int i = 0; i < IN; i++)
					out += spectrum[i] * at(w, (i * OUT + o) * modes + m);
				for (int64_t p = 0; p < points_out; p++) {
					int64_t to = (b * OUT + o) * points_out + p;

					unravel(p, l->n_dims, l->m, j);
					tensor_set(y, to,
						   tensor_get(y, to) + h * creal(out * wave(l->n_dims, l->m, j, k, 1)));
				}
			}
		}
}

START_TEST(spectral_definition)
{
	for (int c = 0; c < N_LAYERS; c++)
		for (int type = 0; type < 2; type++) {
			const struct layer *l = &layers[c];
			struct feed f = feed_new(type ? DTYPE_F64 : DTYPE_F32);
			node x, w;

			inputs(&f, l, IN, OUT, &x, &w);
			struct tensor got = feed_run(&f, op_spectral(f.g, x, w, l->n_dims, l->m));
			struct tensor want = tensor_new(DTYPE_F64, &got.shape);

			spectral_by_sums(l, &f.value[0], &f.value[1], &want);
			ck_assert_double_lt(tensor_distance(&got, &want), type ? 1e-13 : 2e-6);
			tensor_free(&got);
			tensor_free(&want);
			feed_free(&f);
		}
}
END_TEST

/* <t, S(x, w)> is linear in x, w and t: its gradients give it back, and so do the gradients' gradients. */
START_TEST(spectral_adjoints)
{
	for (int c = 0; c < N_LAYERS; c++) {
		const struct layer *l = &layers[c];
		struct feed f = feed_new(DTYPE_F64);
		node x, w, wrt[2], grad[2], second[3];

		inputs(&f, l, IN, OUT, &x, &w);
		node y = op_spectral(f.g, x, w, l->n_dims, l->m);
		struct shape s = graph_shape(f.g, y);
		node t = feed_random(&f, "t", &s);

		wrt[0] = x;
		wrt[1] = w;
		ck_assert_int_eq(graph_vjp(f.g, 1, &y, &t, 2, wrt, grad), 0);
		struct tensor ty = feed_run(&f, y), gx = feed_run(&f, grad[0]), gw = feed_run(&f, grad[1]);
		double form = tensor_dot(&ty, &f.value[2]);

		ck_assert_double_eq_tol(tensor_dot(&gx, &f.value[0]), form, 1e-12 * (1 + fabs(form)));
		ck_assert_double_eq_tol(tensor_dot(&gw, &f.value[1]), form, 1e-12 * (1 + fabs(form)));
		for (int which = 0; which < 2; which++) {
			const node all[] = { x, w, t };

			ck_assert_int_eq(graph_vjp(f.g, 1, &grad[which], &wrt[which], 3, all, second), 0);
			for (int k = 0; k < 3; k++) {
				ck_assert_int_eq(node_is(second[k]), k != which);
				if (k == which)
					continue;
				struct tensor g2 = feed_run(&f, second[k]);

				ck_assert_double_eq_tol(tensor_dot(&g2, &f.value[k]), form, 1e-12 * (1 + fabs(form)));
				tensor_free(&g2);
			}
		}
		tensor_free(&ty);
		tensor_free(&gx);
		tensor_free(&gw);
		feed_free(&f);
	}
}
END_TEST

/* More channels, samples and modes than the kernels take at a time: each product is the gradient of the two others. */
START_TEST(products_of_modes)
{
	const int64_t n_b = 67, n_i = 70, n_o = 37, n_k = 21;

	for (int type = 0; type < 2; type++) {
		struct feed f = feed_new(type ? DTYPE_F64 : DTYPE_F32);
		struct shape xs = shape_of(n_b, n_i, 2, n_k), ws = shape_of(n_i, n_o, n_k, 2),
			     ys = shape_of(n_b, n_o, 2, n_k);
		node x = feed_random(&f, "x", &xs), w = feed_random(&f, "w", &ws), t = feed_random(&f, "t", &ys);
		node y = op_mode_product(f.g, x, w), wrt[2] = { x, w }, grad[2];
		struct tensor want = tensor_new(DTYPE_F64, &ys), got[3];
		const double tolerance = type ? 1e-14 : 2e-6;

		for (int64_t b = 0; b < n_b; b++)
			for (int64_t o = 0; o < n_o; o++)
				for (int64_t k = 0; k < n_k; k++) {
					double re = 0, im = 0;

					for (int64_t i = 0; i < n_i; i++) {
						int64_t at = (b * n_i + i) * 2 * n_k + k,
							of = ((i * n_o + o) * n_k + k) * 2;
						double xr = tensor_get(&f.value[0], at),
						       xi = tensor_get(&f.value[0], at + n_k);
						double wr = tensor_get(&f.value[1], of),
						       wi = tensor_get(&f.value[1], of + 1);

						re += xr * wr - xi * wi;
						im += xr * wi + xi * wr;
					}
					tensor_set(&want, (b * n_o + o) * 2 * n_k + k, re);
					tensor_set(&want, (b * n_o + o) * 2 * n_k + n_k + k, im);
				}
		ck_assert_int_eq(graph_vjp(f.g, 1, &y, &t, 2, wrt, grad), 0);
		got[0] = feed_run(&f, y);
		got[1] = feed_run(&f, grad[0]);
		got[2] = feed_run(&f, grad[1]);
		ck_assert_double_lt(tensor_distance(&got[0], &want), 10 * tolerance);
		double form = tensor_dot(&got[0], &f.value[2]);
		for (int k = 0; k < 2; k++)
			ck_assert_double_eq_tol(tensor_dot(&got[1 + k], &f.value[k]), form,
						1e3 * tolerance * (1 + fabs(form)));
		for (int k = 0; k < 3; k++)
			tensor_free(&got[k]);
		tensor_free(&want);
		feed_free(&f);
	}
}
END_TEST

static double smooth(const int64_t *n, const int64_t *j)
{
	double a = 2 * pi * (double)j[0] / (double)n[0], b = 2 * pi * (double)j[1] / (double)n[1];

	return 0.3 + cos(a) * sin(2 * b) + 0.5 * sin(3 * a - b + 1) + 0.1 * cos(2 * a + 3 * b);
}

/* Identity weights with all modes reproduce the field; the layer's output at shared points does not depend on the
 * grid. */
START_TEST(spectral_identity_and_grids)
{
	struct tensor coarse = { 0 };

	for (int64_t n = 10; n <= 20; n += 10) {
		const int64_t size[] = { n, n };
		struct shape xs = shape_of(1, 1, n, n), all = shape_of(1, 1, n, n / 2 + 1, 2),
			     some = shape_of(1, 1, 8, 4, 2);
		struct feed f = feed_new(DTYPE_F64);
		struct tensor x = tensor_new(DTYPE_F64, &xs), one = tensor_new(DTYPE_F64, &all);
		int64_t j[2];

		for (int64_t i = 0; i < n * n; i++) {
			unravel(i, 2, size, j);
			tensor_set(&x, i, smooth(size, j));
		}
		for (int64_t i = 0; i < shape_count(&all); i += 2)
			tensor_set(&one, i, 1);
		node a = feed_value(&f, "x", x), w = feed_random(&f, "w", &some);
		struct tensor same = feed_run(&f, op_spectral(f.g, a, feed_value(&f, "one", one), 2, NULL));
		struct tensor y = feed_run(&f, op_spectral(f.g, a, w, 2, NULL));

		ck_assert_double_lt(tensor_distance(&same, &f.value[0]), 1e-13);
		tensor_free(&same);
		if (n == 10)
			coarse = y;
		else {
			for (int64_t p = 0; p < 10; p++)
				for (int64_t q = 0; q < 10; q++)
					ck_assert_double_eq_tol(tensor_get(&y, 2 * p * n + 2 * q),
								tensor_get(&coarse, p * 10 + q), 1e-12);
			tensor_free(&y);
		}
		feed_free(&f);
	}
	tensor_free(&coarse);
}
END_TEST

/* Many modes (through the FFT) and few of the same field agree where both keep them. */
START_TEST(many_modes)
{
	const int64_t size[] = { 6, 200 }, many[] = { 6, 101 }, few[] = { 4, 7 };

	for (int d = 0; d < 2; d++) { /* the last axis alone, then both */
		int64_t n_few = d == 0 ? few[1] : few[0] * few[1], n_many = d == 0 ? many[1] : many[0] * many[1];
		struct shape xs = d == 0 ? shape_of(2, 3, size[1]) : shape_of(2, 3, size[0], size[1]);
		struct feed f = feed_new(DTYPE_F64);
		node x = feed_random(&f, "x", &xs), a = op_to_modes(f.g, x, 1 + d, many + 1 - d);
		struct tensor all = feed_run(&f, a), part = feed_run(&f, op_to_modes(f.g, x, 1 + d, few + 1 - d));
		struct shape s = graph_shape(f.g, a);
		node y = feed_random(&f, "y", &s), b = op_from_modes(f.g, y, 1 + d, size + 1 - d);
		struct tensor back = feed_run(&f, op_from_modes(f.g, a, 1 + d, size + 1 - d));

		for (int64_t c = 0; c < 12; c++)
			for (int64_t k = 0; k < n_few; k++)
				ck_assert_double_eq_tol(
					tensor_get(&all, c * n_many + (k / few[1] + d) * many[1] + k % few[1]),
					tensor_get(&part, c * n_few + k), 1e-14);
		ck_assert_double_lt(tensor_distance(&back, &f.value[0]), 1e-13);
		ck_assert_double_lt(linear_error(&f, x, a), 1e-14);
		ck_assert_double_lt(linear_error(&f, y, b), 1e-14);
		tensor_free(&all);
		tensor_free(&part);
		tensor_free(&back);
		feed_free(&f);
	}
}
END_TEST

START_TEST(errors)
{
	const struct {
		struct shape x, w;
		int n_dims;
		const char *message;
	} c[] = {
		{ shape_of(1, 1, 6, 8), shape_of(1, 1, 8, 3, 2), 2,
		  "to_modes: modes -4 .. 3 overlap on axis 0 of 6 points: at most 3" },
		{ shape_of(1, 1, 6, 8), shape_of(1, 1, 4, 6, 2), 2,
		  "to_modes: modes 0 .. 5 on the last axis of 8 points: at most 5" },
		{ shape_of(1, 1, 6, 8), shape_of(1, 1, 3, 4, 2), 2,
		  "to_modes: 3 Fourier modes on axis 0: centred modes are even in number" },
		{ shape_of(1, 2, 6), shape_of(1, 1, 3, 2), 1,
		  "spectral layer: field (1, 2, 6) (batch, in, space) and weight (1, 1, 3, 2) (in, out, modes, 2)" },
	};

	for (int i = 0; i < 4; i++) {
		struct feed f = feed_new(DTYPE_F64);
		node x = feed_random(&f, "x", &c[i].x), w = feed_random(&f, "w", &c[i].w);

		ck_assert(!node_is(op_spectral(f.g, x, w, c[i].n_dims, NULL)));
		ck_assert_str_eq(graph_error(f.g)->message, c[i].message);
		feed_free(&f);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fft");
	TCase *c = tcase_create("fft");

	tcase_add_test(c, complex_transforms);
	tcase_add_test(c, real_transforms);
	tcase_add_test(c, all_axes);
	tcase_add_test(c, spectral_definition);
	tcase_add_test(c, spectral_adjoints);
	tcase_add_test(c, products_of_modes);
	tcase_add_test(c, spectral_identity_and_grids);
	tcase_add_test(c, many_modes);
	tcase_add_test(c, errors);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
