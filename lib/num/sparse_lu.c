/* sparse_lu.c: UMFPACK. It stores columns, so our rows are factored as the transposed matrix and solved transposed. */
#include "num/sparse_lu.h"

#include <math.h>
#include <stdlib.h>
#include <suitesparse/umfpack.h>

#include "base/mem.h"
#include "num/blas.h"

struct sparse_lu {
	int64_t n;
	SuiteSparse_long *start, *column; /* own copies: sorted within rows */
	int64_t *from;			  /* entry k is the caller's value[from[k]] */
	const double *given;
	double *value;
	void *symbolic, *numeric;
	double control[UMFPACK_CONTROL], info[UMFPACK_INFO];
};

static int explain(const struct sparse_lu *f, int status, struct err *e)
{
	const long long n = (long long)f->n;

	if (status == UMFPACK_WARNING_singular_matrix)
		return err_set(e, ERR_FAIL, "sparse matrix of %lld rows is singular", n);
	if (status == UMFPACK_ERROR_out_of_memory)
		return err_set(e, ERR_FAIL, "sparse matrix of %lld rows: out of memory", n);
	return err_set(e, ERR_FAIL, "sparse matrix of %lld rows: UMFPACK status %d", n, status);
}

int sparse_lu_again(struct sparse_lu *f, struct err *e)
{
	int status;

	for (int64_t k = 0; k < f->start[f->n]; k++) {
		f->value[k] = f->given[f->from[k]];
		if (!isfinite(f->value[k]))
			return err_set(e, ERR_FAIL, "sparse matrix of %lld rows: an entry is not finite",
				       (long long)f->n);
	}
	umfpack_dl_free_numeric(&f->numeric);
	status = (int)umfpack_dl_numeric(f->start, f->column, f->value, f->symbolic, &f->numeric, f->control, f->info);
	return status == UMFPACK_OK ? 0 : explain(f, status, e);
}

/* Rows sorted by column: insertion, as rows are short and mostly sorted. */
static int sort_row(struct sparse_lu *f, int64_t row, const int64_t *column, struct err *e)
{
	const int64_t first = f->start[row], end = f->start[row + 1];

	for (int64_t k = first; k < end; k++) {
		int64_t at = k;

		if (column[k] < 0 || column[k] >= f->n)
			return err_set(e, ERR_USAGE, "sparse matrix: row %lld has column %lld of %lld", (long long)row,
				       (long long)column[k], (long long)f->n);
		for (; at > first && f->column[at - 1] > column[k]; at--) {
			f->column[at] = f->column[at - 1];
			f->from[at] = f->from[at - 1];
		}
		f->column[at] = column[k];
		f->from[at] = k;
	}
	return 0;
}

struct sparse_lu *sparse_lu_new(int64_t n, const int64_t *start, const int64_t *column, const double *value,
				struct err *e)
{
	struct sparse_lu *f = xcalloc(1, sizeof *f);
	int status;

	num_setup();
	f->n = n;
	f->given = value;
	f->start = mem_new(n + 1, sizeof *f->start, "sparse matrix", e);
	f->column = f->start ? mem_new(start[n] + 1, sizeof *f->column, "sparse matrix", e) : NULL;
	f->from = f->column ? mem_new(start[n] + 1, sizeof *f->from, "sparse matrix", e) : NULL;
	f->value = f->from ? mem_new(start[n] + 1, sizeof *f->value, "sparse matrix", e) : NULL;
	if (!f->value)
		goto fail;
	for (int64_t i = 0; i <= n; i++)
		f->start[i] = start[i];
	for (int64_t i = 0; i < n; i++)
		if (sort_row(f, i, column, e) != 0)
			goto fail;
	umfpack_dl_defaults(f->control);
	status = (int)umfpack_dl_symbolic(n, n, f->start, f->column, NULL, &f->symbolic, f->control, f->info);
	if (status != UMFPACK_OK) {
		explain(f, status, e);
		goto fail;
	}
	if (sparse_lu_again(f, e) == 0)
		return f;
fail:
	sparse_lu_free(f);
	return NULL;
}

void sparse_lu_free(struct sparse_lu *f)
{
	if (!f)
		return;
	umfpack_dl_free_numeric(&f->numeric);
	umfpack_dl_free_symbolic(&f->symbolic);
	free(f->start);
	free(f->column);
	free(f->from);
	free(f->value);
	free(f);
}

int sparse_lu_solve(struct sparse_lu *f, const double *b, double *x, struct err *e)
{
	const int status =
		(int)umfpack_dl_solve(UMFPACK_Aat, f->start, f->column, f->value, x, b, f->numeric, f->control, NULL);

	return status == UMFPACK_OK ? 0 : explain(f, status, e);
}

double sparse_lu_condition(const struct sparse_lu *f)
{
	return f->info[UMFPACK_RCOND];
}
