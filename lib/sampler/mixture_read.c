/* mixture_read.c: lists of numbers and shapes of a mixture's keys. */
#include "sampler/mixture_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static int fail(const struct conf_node *n, struct err *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "FILE:LINE: MESSAGE"; overrides of the command line have no line. */
static int fail(const struct conf_node *n, struct err *e, const char *format, ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	return n->line > 0 ? err_set(e, ERR_USAGE, "%s:%d: %s", n->origin, n->line, message)
			   : err_set(e, ERR_USAGE, "%s", message);
}

static int number(const struct conf_node *n, const char *what, double *out, struct err *e)
{
	if (n->kind == CONF_SCALAR && str_to_double(n->text, out))
		return 0;
	return fail(n, e, "%s: %s is not a number", what, n->kind == CONF_SCALAR ? n->text : "a list");
}

static int expect_list(const struct conf_node *n, const char *what, int64_t length, struct err *e)
{
	if (n->kind != CONF_LIST)
		return fail(n, e, "%s: not a list of %lld", what, (long long)length);
	return n->n == length ? 0 : fail(n, e, "%s: a list of %d, not of %lld", what, n->n, (long long)length);
}

static int row(const struct conf_node *n, const char *what, int64_t length, double *out, struct err *e)
{
	if (expect_list(n, what, length, e) != 0)
		return -1;
	for (int64_t i = 0; i < length; i++)
		if (number(n->child[i], what, out + i, e) != 0)
			return -1;
	return 0;
}

/* A component's standard deviations become variances: a number for all coordinates, or one each. */
static int variances(const struct conf_node *n, const char *what, int64_t dim, double *out, struct err *e)
{
	if (n->kind == CONF_LIST) {
		if (row(n, what, dim, out, e) != 0)
			return -1;
	} else {
		if (number(n, what, out, e) != 0)
			return -1;
		for (int64_t i = 1; i < dim; i++)
			out[i] = out[0];
	}
	for (int64_t i = 0; i < dim; i++) {
		if (!(out[i] >= 0))
			return fail(n, e, "%s: %g is negative", what, out[i]);
		out[i] *= out[i];
	}
	return 0;
}

static int read_stds(const struct conf_node *stds, int64_t n, int64_t dim, double *out, struct err *e)
{
	if (!stds) {
		for (int64_t i = 0; i < n * dim; i++)
			out[i] = 1;
		return 0;
	}
	if (stds->kind != CONF_SCALAR && expect_list(stds, "stds", n, e) != 0)
		return -1;
	for (int64_t k = 0; k < n; k++) {
		const bool one = stds->kind == CONF_SCALAR;
		char what[48] = "stds";

		if (!one)
			snprintf(what, sizeof what, "stds, number %lld", (long long)k + 1);
		if (variances(one ? stds : stds->child[k], what, dim, out + k * dim, e) != 0)
			return -1;
	}
	return 0;
}

static int read_covariances(const struct conf_node *all, int64_t n, int64_t dim, double *out, struct err *e)
{
	if (expect_list(all, "covariances", n, e) != 0)
		return -1;
	for (int64_t k = 0; k < n; k++) {
		if (expect_list(all->child[k], "covariances", dim, e) != 0)
			return -1;
		for (int64_t i = 0; i < dim; i++)
			if (row(all->child[k]->child[i], "covariances", dim, out + (k * dim + i) * dim, e) != 0)
				return -1;
	}
	return 0;
}

static int fill(const struct mixture_keys *k, int64_t n, int64_t dim, double *weight, double *mean, double *spread,
		struct err *e)
{
	if (k->weights.n != 1 && k->weights.n != n)
		return err_set(e, ERR_USAGE, "weights: %d numbers for %lld components", k->weights.n, (long long)n);
	for (int64_t i = 0; i < n; i++) {
		const struct conf_node *m = k->means->child[i];
		char what[48];

		snprintf(what, sizeof what, "means, number %lld", (long long)i + 1);
		weight[i] = k->weights.at[k->weights.n == 1 ? 0 : i];
		if (m->kind == CONF_LIST ? row(m, what, dim, mean + i * dim, e) != 0
					 : dim != 1 || number(m, what, mean + i, e) != 0)
			return dim == 1 || m->kind == CONF_LIST ? -1 : expect_list(m, what, dim, e);
	}
	return k->covariances ? read_covariances(k->covariances, n, dim, spread, e)
			      : read_stds(k->stds, n, dim, spread, e);
}

struct mixture *mixture_read(const struct mixture_keys *k, struct err *e)
{
	struct mixture *out = NULL;
	const struct conf_node *first;
	int64_t n, dim;
	double *memory;

	if (!k->means) {
		if (k->stds || k->covariances) {
			err_set(e, ERR_USAGE, "%s: without means", k->stds ? "stds" : "covariances");
			return NULL;
		}
		return mixture_named(k->mixture);
	}
	if (k->stds && k->covariances) {
		fail(k->covariances, e, "covariances: and stds: one of them");
		return NULL;
	}
	if (k->means->kind != CONF_LIST || k->means->n == 0) {
		fail(k->means, e, "means: not a list of components");
		return NULL;
	}
	n = k->means->n;
	first = k->means->child[0];
	dim = first->kind == CONF_LIST ? first->n : 1;
	if (dim == 0 || first->kind == CONF_MAP) {
		fail(first, e, "means: a component without coordinates");
		return NULL;
	}
	memory = mem_new(n * (1 + dim + dim * (k->covariances ? dim : 1)), sizeof *memory, "components", e);
	if (memory) {
		double *mean = memory + n, *spread = mean + n * dim;

		if (fill(k, n, dim, memory, mean, spread, e) == 0)
			out = mixture_new(n, dim, memory, mean, k->covariances ? NULL : spread, spread, e);
	}
	free(memory);
	return out;
}
