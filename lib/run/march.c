/* march.c: initial data in, a problem's solution out. */
#include "run/march.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "io/output.h"
#include "run/block.h"
#include "run/chosen.h"
#include "run/gen.h"

enum { BLOCK = 64, INPUTS_MAX = 8 };

struct march {
	struct chosen problem;
	struct dataset *data;
	struct layout layout;
	struct problem_numbers numbers;
	int n_inputs, input[INPUTS_MAX]; /* fields of the data */
	int64_t input_count[INPUTS_MAX];
	struct block block;
	double *in[INPUTS_MAX];
	double *number; /* all samples' */
};

static bool marches(const struct problem_class *class)
{
	return class->march != NULL;
}

static void close_all(struct march *m)
{
	block_close(&m->block);
	for (int i = 0; i < m->n_inputs; i++)
		free(m->in[i]);
	free(m->number);
	layout_free(&m->layout);
	dataset_close(m->data);
	chosen_close(&m->problem);
}

static bool has_key(const struct problem_class *class, const char *name)
{
	for (const struct key *k = class->keys; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return true;
	return false;
}

static int configure(struct march *m, const struct run_common *common, bool to_steady, const char *what, struct err *e)
{
	const char **set = xmalloc((size_t)(common->n_set + 1) * sizeof *set);
	struct run_common with = *common;
	int status;

	for (int i = 0; i < common->n_set; i++)
		set[i] = common->set[i];
	set[with.n_set++] = "problem.to_steady=true";
	with.set = set;
	status = chosen_open(&m->problem, to_steady ? &with : common, what, marches, "cannot march given data", e);
	if (status == 0 && to_steady && !has_key(m->problem.class, "to_steady"))
		status = err_set(e, ERR_USAGE,
				 "--to-steady: problem %s has no such march; problems given by a text have",
				 m->problem.class->name);
	if (status == 0)
		status = chosen_done(&m->problem, e);
	free(set);
	if (status != 0)
		return -1;
	m->problem.class->layout(m->problem.config, &m->layout);
	if (layout_check_sizes(&m->layout, 1, e) != 0)
		return err_in(e, "problem %s", m->problem.class->name);
	if (m->problem.class->numbers)
		m->problem.class->numbers(m->problem.config, &m->numbers);
	return 0;
}

/* Fields that the march starts from, in the data, with the sizes that the problem's own layout gives them. */
static int find_inputs(struct march *m, struct err *e)
{
	const struct layout *l = dataset_layout(m->data);
	const char *const *name = m->problem.class->march_input(m->problem.config);

	for (; name[m->n_inputs]; m->n_inputs++) {
		int i = m->n_inputs, f = layout_find_field(l, name[i]), own = layout_find_field(&m->layout, name[i]);
		struct shape have, want;
		char a[SHAPE_TEXT], b[SHAPE_TEXT];

		if (i >= INPUTS_MAX || own < 0)
			return err_set(e, ERR_FAIL, "problem %s: its initial field '%s' is not among its fields",
				       m->problem.class->name, name[i]);
		if (f < 0)
			return err_set(e, ERR_USAGE, "%s: no field '%s', which %s starts from", dataset_name(m->data),
				       name[i], m->problem.class->name);
		have = layout_field_shape(l, f);
		want = layout_field_shape(&m->layout, own);
		/* frame 0 only */
		if (l->field[f].n_axes > 0 && l->axis[l->field[f].axis[0]].kind == AXIS_TIME)
			have = shape_remove(&have, 0);
		if (m->layout.field[own].n_axes > 0 && m->layout.axis[m->layout.field[own].axis[0]].kind == AXIS_TIME)
			want = shape_remove(&want, 0);
		if (!shape_equal(&have, &want))
			return err_set(e, ERR_USAGE,
				       "%s: field '%s' has shape %s, problem %s is set up for %s (see its key grid)",
				       dataset_name(m->data), name[i], shape_text(a, &have), m->problem.class->name,
				       shape_text(b, &want));
		m->input[i] = f;
		m->input_count[i] = shape_count(&want);
		m->in[i] = mem_new(mem_times(BLOCK, m->input_count[i]), sizeof(double), name[i], e);
		if (!m->in[i])
			return -1;
	}
	return 0;
}

static int one_sample(void *context, void *work, int64_t i, int64_t sample, double *const *field, struct err *e)
{
	struct march *m = context;
	const double *in[INPUTS_MAX];

	for (int k = 0; k < m->n_inputs; k++)
		in[k] = m->in[k] + i * m->input_count[k];
	if (m->problem.class->march(m->problem.config, work, sample, in, field, m->number + sample * m->numbers.n, e) !=
	    0)
		return -1;
	return m->problem.class->lacks ? 0 : block_check_finite(&m->layout, 0, sample, field, e);
}

static int allocate(struct march *m, struct err *e)
{
	m->number = mem_new(mem_times(dataset_layout(m->data)->n_samples, m->numbers.n + 1), sizeof *m->number,
			    "numbers", e);
	if (!m->number)
		return -1;
	m->block = (struct block){
		.what = m->problem.class->name,
		.layout = &m->layout,
		.size = BLOCK,
		.config = m->problem.config,
		.prepare = m->problem.class->prepare,
		.release = m->problem.class->release,
		.make = one_sample,
		.context = m,
	};
	return block_open(&m->block, e);
}

static int march_block(struct march *m, int64_t first, int64_t n, struct h5out *out, struct err *e)
{
	int64_t index[BLOCK];

	for (int k = 0; k < m->n_inputs; k++) {
		const struct layout *l = dataset_layout(m->data);
		bool has_time =
			l->field[m->input[k]].n_axes > 0 && l->axis[l->field[m->input[k]].axis[0]].kind == AXIS_TIME;

		for (int64_t i = 0; i < n; i++) {
			double *to = m->in[k] + i * m->input_count[k];

			index[0] = first + i;
			if ((has_time ? dataset_read_frames(m->data, m->input[k], index[0], 0, 1, 1, DTYPE_F64, to, e)
				      : dataset_read(m->data, m->input[k], 1, index, DTYPE_F64, to, e)) != 0)
				return -1;
		}
	}
	if (block_run(&m->block, first, n, e) != 0)
		return -1;
	for (int f = 0; f < m->layout.n_fields; f++)
		h5out_samples(out, f, first, n, DTYPE_F64, m->block.field[f]);
	return 0;
}

static void write_numbers(const struct march *m, int64_t n, struct h5out *out)
{
	double *column = xmalloc((size_t)(n + 1) * sizeof *column);

	for (int k = 0; k < m->numbers.n; k++) {
		char path[96];

		for (int64_t i = 0; i < n; i++)
			column[i] = m->number[i * m->numbers.n + k];
		snprintf(path, sizeof path, "sample/%s", m->numbers.name[k]);
		h5out_doubles(out, path, n, column);
	}
	free(column);
}

static int run(struct march *m, const struct run_common *common, struct err *e)
{
	const char *path = common->output ? common->output : "prediction.h5";
	struct str config = { 0 };
	char *identity = dataset_identity(m->data);
	int64_t n = dataset_layout(m->data)->n_samples;
	int status = 0;

	cfg_effective(m->problem.setup.cfg, &config);
	struct h5_meta meta = { .command = common->command,
				.config = str_text(&config),
				.inputs = identity,
				.kind = "prediction",
				.seed = common->seed };
	struct h5out *out = h5out_open(path, e);
	if (out) {
		m->layout.n_samples = n;
		h5out_fields(out, &m->layout);
		h5out_meta(out, &meta);
		progress_begin("march", "sample", n);
		for (int64_t at = 0; at < n && status == 0; at += BLOCK) {
			status = march_block(m, at, n - at < BLOCK ? n - at : BLOCK, out, e);
			progress_update(at, NULL);
		}
		progress_end();
		if (status == 0)
			write_numbers(m, n, out);
		if (status != 0)
			h5out_abandon(out);
		else
			status = h5out_close(out, e);
	} else {
		status = -1;
	}
	str_free(&config);
	free(identity);
	return status;
}

int march_run(const struct run_common *common, const struct solve_options *o, const char *what, int n_data,
	      const char *const *data, struct err *e)
{
	struct march m = { 0 };
	int status = configure(&m, common, o->to_steady, what, e);

	if (status == 0 && common->dry_run)
		cfg_effective(m.problem.setup.cfg, o->dry_run_text);
	else if (status == 0 &&
		 (status = output_not_input(common->output ? common->output : "prediction.h5", n_data, data, e)) == 0 &&
		 (status = dataset_open_all(&m.data, n_data, data, o->layout, e)) == 0 &&
		 (status = find_inputs(&m, e)) == 0 && (status = allocate(&m, e)) == 0)
		status = run(&m, common, e);
	close_all(&m);
	return status;
}

void march_list(struct str *out)
{
	str_add(out, "problems that march given initial data:\n");
	for (int i = 0; problem_files[i]; i++)
		for (int k = 0; problem_files[i][k]; k++)
			if (problem_files[i][k]->march)
				str_printf(out, "  %-22s %s\n", problem_files[i][k]->name,
					   problem_files[i][k]->summary);
}

int march_describe(const char *name, bool man, struct str *out, struct err *e)
{
	return gen_describe(name, man, out, e);
}
