/* stiff.c: CVODE behind stiff.h: sparse matrices through UMFPACK, full ones through SUNDIALS' dense LU, else
 * preconditioned GMRES. */
#include "integ/stiff.h"

#include <cvode/cvode.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdlib.h>
#include <string.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunmatrix/sunmatrix_sparse.h>

#include "base/mem.h"
#include "base/stop.h"
#include "integ/jacobian.h"
#include "num/sparse_lu.h"

_Static_assert(sizeof(sunindextype) == sizeof(int64_t), "SUNDIALS is built with indices of 64 bits");
_Static_assert(sizeof(realtype) == sizeof(double), "SUNDIALS is built for double");

struct stiff {
	struct stiff_system system;
	SUNContext sun;
	void *cvode;
	N_Vector y;
	SUNMatrix matrix;
	SUNLinearSolver solver;
	struct jacobian *jacobian; /* sparse ones */
	double *typical, *value;   /* value: of the matrix that is factored */
	struct sparse_lu *lu;
	double t, atol;
	struct integ_counts counts;
};

static void silent(int code, const char *module, const char *function, char *message, void *context)
{
	(void)code;
	(void)module;
	(void)function;
	(void)message;
	(void)context;
}

static int evaluate(struct stiff *s, double t, const double *y, double *out)
{
	s->counts.evaluations++;
	if (s->system.f(s->system.context, t, y, out) != 0)
		return -1;
	for (int64_t i = 0; i < s->system.n; i++)
		if (!isfinite(out[i]))
			return 1; /* recoverable: a shorter step may do */
	return 0;
}

static int rate(double t, N_Vector y, N_Vector out, void *context)
{
	return stop_check(NULL) != 0 ? -1 : evaluate(context, t, NV_DATA_S(y), NV_DATA_S(out));
}

static int counted(void *context, double t, const double *y, double *out)
{
	return evaluate(context, t, y, out);
}

static int sparse_jacobian(double t, N_Vector y, N_Vector f_y, SUNMatrix to, void *context, N_Vector a, N_Vector b,
			   N_Vector c)
{
	struct stiff *s = context;
	struct jacobian *j = s->jacobian;

	(void)a;
	(void)b;
	(void)c;
	for (int64_t i = 0; i < j->n; i++)
		s->typical[i] = s->atol;
	if (jacobian_find(j, counted, s, t, NV_DATA_S(y), NV_DATA_S(f_y), s->typical) != 0)
		return 1;
	memcpy(SM_INDEXPTRS_S(to), j->start, (size_t)(j->n + 1) * sizeof *j->start);
	memcpy(SM_INDEXVALS_S(to), j->column, (size_t)j->start[j->n] * sizeof *j->column);
	memcpy(SM_DATA_S(to), j->value, (size_t)j->start[j->n] * sizeof *j->value);
	return 0;
}

static SUNLinearSolver_Type direct_type(SUNLinearSolver solver)
{
	(void)solver;
	return SUNLINEARSOLVER_DIRECT;
}

/* > 0: a shorter step, another Jacobian may do. */
static int direct_setup(SUNLinearSolver solver, SUNMatrix a)
{
	struct stiff *s = solver->content;
	const struct jacobian *j = s->jacobian;
	struct err ignored = { 0 };

	memcpy(s->value, SM_DATA_S(a), (size_t)j->start[j->n] * sizeof *s->value);
	if (s->lu)
		return sparse_lu_again(s->lu, &ignored) == 0 ? 0 : 1;
	s->lu = sparse_lu_new(j->n, j->start, j->column, s->value, &ignored);
	return s->lu ? 0 : 1;
}

static int direct_solve(SUNLinearSolver solver, SUNMatrix a, N_Vector x, N_Vector b, double tolerance)
{
	struct stiff *s = solver->content;
	struct err ignored = { 0 };

	(void)a;
	(void)tolerance;
	return sparse_lu_solve(s->lu, NV_DATA_S(b), NV_DATA_S(x), &ignored) == 0 ? 0 : 1;
}

static int direct_free(SUNLinearSolver solver)
{
	SUNLinSolFreeEmpty(solver);
	return 0;
}

static SUNLinearSolver direct_solver(struct stiff *s)
{
	SUNLinearSolver solver = SUNLinSolNewEmpty(s->sun);

	if (!solver)
		return NULL;
	solver->content = s;
	solver->ops->gettype = direct_type;
	solver->ops->setup = direct_setup;
	solver->ops->solve = direct_solve;
	solver->ops->free = direct_free;
	return solver;
}

static int precondition(double t, N_Vector y, N_Vector f_y, N_Vector r, N_Vector z, double gamma, double delta,
			int side, void *context)
{
	const struct stiff *s = context;

	(void)t;
	(void)y;
	(void)f_y;
	(void)delta;
	(void)side;
	memcpy(NV_DATA_S(z), NV_DATA_S(r), (size_t)s->system.n * sizeof(double));
	s->system.precondition(s->system.context, gamma, NV_DATA_S(z));
	return 0;
}

/* The linear solver; SUNDIALS' own return codes. */
static int attach(struct stiff *s)
{
	const int64_t n = s->system.n;

	if (s->jacobian) {
		s->matrix = SUNSparseMatrix(n, n, s->jacobian->start[n], CSR_MAT, s->sun);
		s->solver = s->matrix ? direct_solver(s) : NULL;
	} else if (s->system.direct) {
		s->matrix = SUNDenseMatrix(n, n, s->sun);
		s->solver = s->matrix ? SUNLinSol_Dense(s->y, s->matrix, s->sun) : NULL;
	} else {
		s->solver = SUNLinSol_SPGMR(s->y, s->system.precondition ? SUN_PREC_LEFT : SUN_PREC_NONE, 30, s->sun);
	}
	if (!s->solver || CVodeSetLinearSolver(s->cvode, s->solver, s->matrix) != CVLS_SUCCESS)
		return -1;
	if (s->jacobian)
		return CVodeSetJacFn(s->cvode, sparse_jacobian);
	return !s->system.direct && s->system.precondition ? CVodeSetPreconditioner(s->cvode, NULL, precondition) : 0;
}

struct stiff *stiff_new(const struct stiff_system *system, struct err *e)
{
	struct stiff *s = xcalloc(1, sizeof *s);
	const int64_t n = system->n;

	s->system = *system;
	if (system->direct && system->start) {
		s->jacobian = jacobian_new(n, system->start, system->column, e);
		if (!s->jacobian) {
			stiff_free(s);
			return NULL;
		}
		s->typical = xmalloc((size_t)n * sizeof *s->typical);
		s->value = xmalloc((size_t)s->jacobian->start[n] * sizeof *s->value);
	}
	if (SUNContext_Create(NULL, &s->sun) != 0 || !(s->y = N_VNew_Serial(n, s->sun)) ||
	    !(s->cvode = CVodeCreate(CV_BDF, s->sun)) || CVodeSetErrHandlerFn(s->cvode, silent, NULL) != CV_SUCCESS ||
	    CVodeInit(s->cvode, rate, 0, s->y) != CV_SUCCESS || CVodeSetUserData(s->cvode, s) != CV_SUCCESS ||
	    CVodeSStolerances(s->cvode, 1e-6, 1e-6) != CV_SUCCESS || attach(s) != 0) {
		err_set(e, ERR_FAIL, "CVODE cannot be set up for %lld unknowns", (long long)n);
		stiff_free(s);
		return NULL;
	}
	return s;
}

void stiff_free(struct stiff *s)
{
	if (!s)
		return;
	if (s->cvode)
		CVodeFree(&s->cvode);
	if (s->solver)
		SUNLinSolFree(s->solver);
	if (s->matrix)
		SUNMatDestroy(s->matrix);
	if (s->y)
		N_VDestroy(s->y);
	if (s->sun)
		SUNContext_Free(&s->sun);
	sparse_lu_free(s->lu);
	jacobian_free(s->jacobian);
	free(s->value);
	free(s->typical);
	free(s);
}

int stiff_start(struct stiff *s, double t0, double t_end, const double *y, double rtol, double atol, double max_step,
		struct err *e)
{
	memcpy(NV_DATA_S(s->y), y, (size_t)s->system.n * sizeof *y);
	s->t = t0;
	s->atol = atol;
	s->counts = (struct integ_counts){ 0 };
	if (CVodeReInit(s->cvode, t0, s->y) != CV_SUCCESS || CVodeSStolerances(s->cvode, rtol, atol) != CV_SUCCESS ||
	    CVodeSetStopTime(s->cvode, t_end) != CV_SUCCESS || CVodeSetMaxStep(s->cvode, max_step) != CV_SUCCESS)
		return err_set(e, ERR_FAIL, "CVODE does not start at t = %g", t0);
	return 0;
}

static void update_counts(struct stiff *s)
{
	long steps = 0, errors = 0, failures = 0;

	CVodeGetNumSteps(s->cvode, &steps);
	CVodeGetNumErrTestFails(s->cvode, &errors);
	CVodeGetNumNonlinSolvConvFails(s->cvode, &failures);
	s->counts.accepted = steps;
	s->counts.rejected = errors + failures;
	CVodeGetCurrentTime(s->cvode, &s->t);
}

int stiff_march(struct stiff *s, double t1, int64_t max_steps, double *y, struct err *e)
{
	realtype reached;
	int status;

	CVodeSetMaxNumSteps(s->cvode, (long)max_steps);
	status = CVode(s->cvode, t1, s->y, &reached, CV_NORMAL);
	update_counts(s);
	memcpy(y, NV_DATA_S(s->y), (size_t)s->system.n * sizeof *y);
	switch (status) {
	case CV_SUCCESS:
	case CV_TSTOP_RETURN:
		return 0;
	case CV_TOO_MUCH_WORK:
		return err_set(e, ERR_FAIL, "more than %lld steps at t = %g", (long long)max_steps, s->t);
	case CV_ERR_FAILURE:
	case CV_CONV_FAILURE:
	case CV_REPTD_RHSFUNC_ERR:
	case CV_UNREC_RHSFUNC_ERR:
		return err_set(e, ERR_FAIL, "no step is short enough at t = %g", s->t);
	default:
		return err_set(e, ERR_FAIL, "CVODE: %s at t = %g",
			       status == CV_LSETUP_FAIL || status == CV_LSOLVE_FAIL ? "a linear system was not solved"
										    : "failed",
			       s->t);
	}
}

struct integ_counts stiff_counts(const struct stiff *s)
{
	return s->counts;
}

double stiff_time(const struct stiff *s)
{
	return s->t;
}
