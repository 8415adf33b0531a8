/* equation_terms.h: the parts of a Fourier discretisation, shared by the files that translate and that run it. */
#ifndef SCIML_PROBLEM_EQUATION_TERMS_H
#define SCIML_PROBLEM_EQUATION_TERMS_H

#include "equation/program.h"
#include "problem/equation_basis.h"
#include "problem/equation_fourier.h"

enum { SLOTS = 96, TERMS = 64 };

enum slot_kind {
	SLOT_STATE,    /* linear operator on the unknowns */
	SLOT_POINTS,   /* linear operator on a function of values at points */
	SLOT_INTEGRAL, /* its integral or mean */
	SLOT_COORD,
	SLOT_TIME,
	SLOT_COEF,
};

struct slot {
	enum slot_kind kind;
	expr linear;		 /* SLOT_STATE: in the unknowns; SLOT_POINTS: in the blank */
	struct program *program; /* SLOT_POINTS, SLOT_INTEGRAL: of the argument */
	int index;		 /* axis, coefficient */
	double scale;		 /* SLOT_INTEGRAL: volume or 1 */
	double *symbol;		 /* kept modes x unknowns (or x 1), complex */
	bool used[EQUATION_UNKNOWNS];
	double *value; /* at the points, or one number */
};

/* Kept modes first .. first + count - 1 are entries entry .. of the half spectrum. */
struct mode_run {
	int64_t first, entry, count;
};

struct term { /* P_j(D) r_j of one unknown */
	int unknown;
	expr multiplier, point; /* in the blank; pointwise */
	struct program *program;
	bool steady;	/* neither fields nor time: once a sample */
	double *symbol; /* over the number of points */
};

struct equation_fourier {
	struct equation_spec *spec;
	struct spectral s;
	double factor[3]; /* 2 pi / length */
	int n_unknowns;
	int64_t n_kept;
	int64_t *kept; /* entry of the half spectrum */
	int n_runs;
	struct mode_run *run;	/* the same, as runs of neighbours */
	int64_t *partner;	/* of entries that hold both members of a pair: the other, else -1 */
	int64_t n_pairs, *pair; /* entries whose partner is not before them */
	double *wave;		/* n_kept x 3 */
	expr linear[EQUATION_UNKNOWNS], blank;
	int n_slots, n_terms;
	struct slot slot[SLOTS];
	struct program_input input[SLOTS];
	struct term term[TERMS];
	struct equation_basis *basis;
	struct program *noise[EQUATION_NOISES]; /* amplitudes */
	double *one;				/* the symbol 1, over the number of points */
	const double *param;
	const double *in[SLOTS];
	double *points, *modes, *physical, *steady; /* work: n_points, half spectrum, state, state */
	double *sum;				    /* work of noise: state */
	const double *at;			    /* the state whose slots are filled, in unknowns */
	bool has_rest;
};

/* Fill linear, slots and terms from the equations of f->spec. exact: products have no aliases on the kept modes, so
 * that u^p u_x may be taken as (u^(p+1))_x / (p+1): a transform less. */
int equation_translate(struct equation_fourier *f, bool exact, struct err *e);
/* Factors of the products that reach the Fourier modes. */
int equation_product_degree(struct equation_spec *s);

#endif
