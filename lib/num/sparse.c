/* sparse.c: CHOLMOD with one fixed ordering and silent errors, and conjugate gradients. */
#include "num/sparse.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <suitesparse/cholmod.h>

#include "base/mem.h"
#include "num/blas.h"

_Static_assert(sizeof(SuiteSparse_long) == sizeof(int64_t), "CHOLMOD's long indices have 64 bits");

struct sparse_factor {
	int64_t n, n_entries;
	cholmod_common common;
	cholmod_sparse *a; /* the lower triangle by rows is the upper triangle by columns */
	cholmod_factor *l;
	cholmod_dense *x, *y, *work; /* kept from solve to solve */
};

static int check(int64_t n, const int64_t *start, const int64_t *column, struct err *e)
{
	if (n < 1 || start[0] != 0)
		return err_set(e, ERR_USAGE, "sparse matrix: %lld rows, first entry %lld", (long long)n,
			       (long long)start[0]);
	for (int64_t i = 0; i < n; i++) {
		if (start[i + 1] < start[i])
			return err_set(e, ERR_USAGE, "sparse matrix: row %lld ends before it starts", (long long)i);
		for (int64_t k = start[i]; k < start[i + 1]; k++)
			if (column[k] < 0 || column[k] > i)
				return err_set(e, ERR_USAGE,
					       "sparse matrix: row %lld has column %lld, not in its lower triangle",
					       (long long)i, (long long)column[k]);
	}
	return 0;
}

static int factorise(struct sparse_factor *f, const double *value, struct err *e)
{
	if (f->n_entries > 0)
		memcpy(f->a->x, value, (size_t)f->n_entries * sizeof *value);
	if (!cholmod_l_factorize(f->a, f->l, &f->common))
		return err_set(e, ERR_FAIL, "sparse factorisation failed (CHOLMOD status %d)", f->common.status);
	if (f->common.status == CHOLMOD_NOT_POSDEF)
		return err_set(e, ERR_FAIL, "sparse matrix is not positive definite (found at step %lld of %lld)",
			       (long long)f->l->minor, (long long)f->n);
	return 0;
}

struct sparse_factor *sparse_factor_new(int64_t n, const int64_t *start, const int64_t *column, const double *value,
					struct err *e)
{
	struct sparse_factor *f;
	cholmod_common *c;

	if (check(n, start, column, e) != 0)
		return NULL;
	num_setup();
	f = xcalloc(1, sizeof *f);
	f->n = n;
	f->n_entries = start[n];
	c = &f->common;
	cholmod_l_start(c);
	c->print = 0;
	c->nmethods = 1; /* trying several orderings is for one-off factorisations */
	c->method[0].ordering = CHOLMOD_AMD;
	c->final_ll = true; /* a non-positive pivot is an error, also in the simplicial code */
	c->quick_return_if_not_posdef = true;
	f->a = cholmod_l_allocate_sparse((size_t)n, (size_t)n, (size_t)f->n_entries, false, true, 1, CHOLMOD_REAL, c);
	if (!f->a) {
		err_set(e, ERR_FAIL, "sparse matrix of %lld entries: out of memory", (long long)f->n_entries);
		goto fail;
	}
	memcpy(f->a->p, start, ((size_t)n + 1) * sizeof *start);
	if (f->n_entries > 0) {
		memcpy(f->a->i, column, (size_t)f->n_entries * sizeof *column);
		memcpy(f->a->x, value, (size_t)f->n_entries * sizeof *value);
	}
	f->l = cholmod_l_analyze(f->a, c);
	if (!f->l) {
		err_set(e, ERR_FAIL, "sparse matrix of %lld rows: ordering failed (CHOLMOD status %d)", (long long)n,
			c->status);
		goto fail;
	}
	if (factorise(f, value, e) == 0)
		return f;
fail:
	sparse_factor_free(f);
	return NULL;
}

void sparse_factor_free(struct sparse_factor *f)
{
	if (!f)
		return;
	cholmod_l_free_dense(&f->x, &f->common);
	cholmod_l_free_dense(&f->y, &f->common);
	cholmod_l_free_dense(&f->work, &f->common);
	cholmod_l_free_factor(&f->l, &f->common);
	cholmod_l_free_sparse(&f->a, &f->common);
	cholmod_l_finish(&f->common);
	free(f);
}

int sparse_factor_again(struct sparse_factor *f, const double *value, struct err *e)
{
	return factorise(f, value, e);
}

int sparse_solve(struct sparse_factor *f, int64_t n_rhs, const double *b, double *x, struct err *e)
{
	cholmod_dense rhs = { .nrow = (size_t)f->n,
			      .ncol = (size_t)n_rhs,
			      .nzmax = (size_t)(f->n * n_rhs),
			      .d = (size_t)f->n,
			      .x = (void *)(uintptr_t)b,
			      .xtype = CHOLMOD_REAL,
			      .dtype = CHOLMOD_DOUBLE };

	if (n_rhs < 1)
		return 0;
	if (!cholmod_l_solve2(CHOLMOD_A, f->l, &rhs, NULL, &f->x, NULL, &f->y, &f->work, &f->common))
		return err_set(e, ERR_FAIL, "sparse solve failed (CHOLMOD status %d)", f->common.status);
	memcpy(x, f->x->x, (size_t)(f->n * n_rhs) * sizeof *x);
	return 0;
}

int64_t sparse_factor_fill(const struct sparse_factor *f)
{
	return f->l->is_super ? (int64_t)f->l->xsize : (int64_t)f->l->nzmax;
}

int cg_solve(struct cg *c, const double *b, double *x, struct err *e)
{
	size_t n = (size_t)c->n;
	double *r = xmalloc(4 * n * sizeof *r), *z = r + n, *p = z + n, *ap = p + n;
	double norm_b = sqrt(num_dot(c->n, b, b)), rz = 0, norm_r;
	int status = -1;

	c->iterations = 0;
	c->apply(c->context, x, ap);
	for (size_t i = 0; i < n; i++)
		r[i] = b[i] - ap[i];
	norm_r = sqrt(num_dot(c->n, r, r));
	while (norm_r > c->tolerance * norm_b) {
		double rz_last = rz, curvature, alpha;

		if (c->iterations == c->max_iterations) {
			err_set(e, ERR_FAIL, "conjugate gradients: residual %.3g after %lld iterations, %.3g wanted",
				norm_r / norm_b, (long long)c->iterations, c->tolerance);
			goto out;
		}
		if (c->precondition)
			c->precondition(c->context, r, z);
		else
			memcpy(z, r, n * sizeof *z);
		rz = num_dot(c->n, r, z);
		for (size_t i = 0; i < n; i++)
			p[i] = c->iterations > 0 ? z[i] + rz / rz_last * p[i] : z[i];
		c->apply(c->context, p, ap);
		curvature = num_dot(c->n, p, ap);
		if (!(curvature > 0) || !(rz > 0)) {
			err_set(e, ERR_FAIL,
				"conjugate gradients: the matrix is not positive definite (curvature %.3g at "
				"iteration %lld)",
				curvature, (long long)c->iterations);
			goto out;
		}
		alpha = rz / curvature;
		for (size_t i = 0; i < n; i++) {
			x[i] += alpha * p[i];
			r[i] -= alpha * ap[i];
		}
		norm_r = sqrt(num_dot(c->n, r, r));
		c->iterations++;
	}
	if (!isfinite(norm_r)) /* also where b itself overflows */
		err_set(e, ERR_FAIL, "conjugate gradients: not a number after %lld iterations",
			(long long)c->iterations);
	else
		status = 0;
out:
	c->residual = norm_b > 0 ? norm_r / norm_b : norm_r;
	free(r);
	return status;
}
