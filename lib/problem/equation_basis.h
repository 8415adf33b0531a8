/* equation_basis.h: the linear part of a system mode by mode: a small complex matrix each, brought to its eigenvectors
 * where they are well conditioned. State arrays: unknown by unknown, then mode, complex. */
#ifndef SCIML_PROBLEM_EQUATION_BASIS_H
#define SCIML_PROBLEM_EQUATION_BASIS_H

#include <stdbool.h>
#include <stdint.h>

struct equation_basis;
struct equation_basis *equation_basis_new(int64_t n_modes, int n_unknowns);
void equation_basis_free(struct equation_basis *b);
/* n_modes x n_unknowns x n_unknowns complex, to be filled; then find. partner[i] >= 0: mode whose matrix is the
 * conjugate. */
double *equation_basis_matrix(struct equation_basis *b);
void equation_basis_find(struct equation_basis *b, const int64_t *partner);
const double *equation_basis_diagonal(const struct equation_basis *b);
/* Modes without a good basis (a Jordan block, such as that of u_tt = u_xx at k = 0) keep their off-diagonal entries as
 * a rest that is treated explicitly. */
bool equation_basis_has_rest(const struct equation_basis *b);
void equation_basis_add_rest(const struct equation_basis *b, const double *physical, double *out);
void equation_basis_enter(const struct equation_basis *b, const double *physical, double *state); /* may be in place */
void equation_basis_leave(const struct equation_basis *b, const double *state, double *physical);
/* The same without a copy where the two are one: state itself, or physical. */
const double *equation_basis_unknowns(const struct equation_basis *b, const double *state, double *physical);
/* out = -matrix^-1 rhs mode by mode, 0 where the matrix is singular (the mean of a Poisson problem); physical
 * arrays. */
void equation_basis_solve(const struct equation_basis *b, const double *rhs, double *out);

#endif
