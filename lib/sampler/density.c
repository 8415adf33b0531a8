/* density.c: potentials from text, differentiated by the rules of the equation language, and from mixtures. */
#include "sampler/density.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "equation/program.h"

struct density {
	int64_t n, gradients;
	/* text */
	struct exprs *pool;
	struct program *program; /* f, then its derivatives */
	const double **in;
	double **out, value;
	/* mixture */
	struct mixture *mixture;
};

static int compile(struct density *d, const struct density_keys *k, struct err *e)
{
	expr *root;
	struct program_input *input;
	int n = k->variables.n, status = -1;

	if (n < 1)
		return err_set(e, ERR_USAGE, "variables: none");
	d->n = n;
	d->pool = exprs_new("");
	for (int i = 0; i < n; i++)
		if (exprs_declare(d->pool, SYMBOL_FIELD, k->variables.at[i], 1, EXPR_NONE, e) != 0)
			return err_in(e, "variables");
	root = xcalloc((size_t)n + 1, sizeof *root);
	input = xcalloc((size_t)n, sizeof *input);
	d->in = xcalloc((size_t)n, sizeof *d->in);
	d->out = xcalloc((size_t)n + 1, sizeof *d->out);
	root[0] = expr_parse(d->pool, k->potential, "potential", ALLOW_FIELDS, e);
	if (root[0] != EXPR_NONE) {
		for (int i = 0; i < n; i++) {
			input[i].node = expr_field(d->pool, i);
			root[i + 1] = expr_partial(d->pool, root[0], input[i].node);
		}
		status = program_new(&d->program, d->pool, n + 1, root, n, input, e);
		if (status != 0)
			err_in(e, "potential");
	}
	free(root);
	free(input);
	return status;
}

struct density *density_new(const struct density_keys *k, struct err *e)
{
	struct density *d = xcalloc(1, sizeof *d);

	if (k->potential) {
		if (compile(d, k, e) != 0)
			goto fail;
	} else {
		d->mixture = mixture_read(&k->mixture, e);
		if (!d->mixture)
			goto fail;
		d->n = mixture_dim(d->mixture);
	}
	return d;
fail:
	density_free(d);
	return NULL;
}

void density_free(struct density *d)
{
	if (!d)
		return;
	program_free(d->program);
	exprs_free(d->pool);
	free(d->in);
	free(d->out);
	mixture_free(d->mixture);
	free(d);
}

int64_t density_dim(const struct density *d)
{
	return d->n;
}

int64_t density_gradients(const struct density *d)
{
	return d->gradients;
}

double density_gradient(struct density *d, const double *x, double *gradient)
{
	d->gradients++;
	if (d->mixture) {
		static const struct noise_level data = { .alpha = 1 };
		const double f = -mixture_score(d->mixture, &data, x, gradient);

		for (int64_t i = 0; i < d->n; i++)
			gradient[i] = -gradient[i];
		return f;
	}
	d->out[0] = &d->value;
	for (int64_t i = 0; i < d->n; i++) {
		d->in[i] = x + i;
		d->out[i + 1] = gradient + i;
	}
	program_run(d->program, 1, d->in, NULL, d->out);
	return d->value;
}
