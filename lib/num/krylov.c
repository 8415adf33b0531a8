/* krylov.c: restarted GMRES. */
#include "num/krylov.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/blas.h"

struct gmres {
	int64_t n, products, most;
	int m; /* restart */
	num_product product;
	void *context;
	double *basis;	    /* m + 1 rows of n */
	double *hessenberg; /* (m + 1) x m, by columns */
	double *cosine, *sine, *right;
	double norm; /* of the residual */
};

static double length(int64_t n, const double *v)
{
	return sqrt(num_dot(n, v, v));
}

/* First row of the basis: the residual of x, normalised. */
static int begin(struct gmres *s, const double *b, const double *x, struct err *e)
{
	double *v = s->basis;

	if (s->product(s->context, x, v, e) != 0)
		return -1;
	s->products++;
	for (int64_t i = 0; i < s->n; i++)
		v[i] = b[i] - v[i];
	s->norm = length(s->n, v);
	for (int64_t i = 0; i < s->n && s->norm > 0; i++)
		v[i] /= s->norm;
	memset(s->right, 0, (size_t)(s->m + 1) * sizeof *s->right);
	s->right[0] = s->norm;
	return 0;
}

/* Column k of the Hessenberg matrix, rotated to a triangle. */
static int extend(struct gmres *s, int k, struct err *e)
{
	double *next = s->basis + (k + 1) * s->n, *h = s->hessenberg + k * (s->m + 1), r;

	if (s->product(s->context, s->basis + k * s->n, next, e) != 0)
		return -1;
	s->products++;
	for (int j = 0; j <= k; j++) {
		const double *v = s->basis + j * s->n;

		h[j] = num_dot(s->n, v, next);
		for (int64_t i = 0; i < s->n; i++)
			next[i] -= h[j] * v[i];
	}
	h[k + 1] = length(s->n, next);
	for (int64_t i = 0; i < s->n && h[k + 1] > 0; i++)
		next[i] /= h[k + 1];
	for (int j = 0; j < k; j++) {
		const double a = h[j], b = h[j + 1];

		h[j] = s->cosine[j] * a + s->sine[j] * b;
		h[j + 1] = -s->sine[j] * a + s->cosine[j] * b;
	}
	r = hypot(h[k], h[k + 1]);
	s->cosine[k] = r > 0 ? h[k] / r : 1;
	s->sine[k] = r > 0 ? h[k + 1] / r : 0;
	h[k] = r;
	s->right[k + 1] = -s->sine[k] * s->right[k];
	s->right[k] *= s->cosine[k];
	s->norm = fabs(s->right[k + 1]);
	return 0;
}

/* x += basis y with the triangle y = right over k columns. */
static void add(struct gmres *s, int k, double *x)
{
	for (int j = k - 1; j >= 0; j--) {
		const double *h = s->hessenberg + j * (s->m + 1);

		s->right[j] = h[j] != 0 ? s->right[j] / h[j] : 0;
		for (int i = 0; i < j; i++)
			s->right[i] -= h[i] * s->right[j];
	}
	for (int j = 0; j < k; j++)
		for (int64_t i = 0; i < s->n; i++)
			x[i] += s->right[j] * s->basis[j * s->n + i];
}

int num_gmres(int64_t n, num_product product, void *context, const double *b, double rtol, double atol, int restart,
	      int64_t max_products, double *x, int64_t *products, double *residual, struct err *e)
{
	const int m = restart < 1 ? 1 : restart;
	struct gmres s = { .n = n, .most = max_products, .m = m, .product = product, .context = context };
	const double goal = rtol * length(n, b) + atol;
	double *memory = mem_new((m + 1) * n + (m + 1) * (m + 4), sizeof *memory, "Krylov space", e);
	int status = memory ? 0 : -1;

	if (status == 0) {
		s.basis = memory;
		s.hessenberg = memory + (m + 1) * n;
		s.cosine = s.hessenberg + (m + 1) * m;
		s.sine = s.cosine + m;
		s.right = s.sine + m;
	}
	while (status == 0) {
		int k = 0;

		status = begin(&s, b, x, e);
		if (status != 0 || s.norm <= goal || s.products >= s.most)
			break;
		while (status == 0 && k < m && s.norm > goal && s.products < s.most)
			status = extend(&s, k++, e);
		if (status == 0)
			add(&s, k, x);
	}
	if (products)
		*products = s.products;
	if (residual)
		*residual = s.norm;
	free(memory);
	return status != 0 ? -1 : s.norm <= goal && isfinite(s.norm) ? 0 : 1;
}
