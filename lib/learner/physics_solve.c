/* physics_solve.c: a trained network of coordinates on a grid. */
#include "learner/physics_solve.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/h5out.h"
#include "io/output.h"
#include "problem/problem.h"
#include "run/chosen.h"
#include "learner/physics_points.h"

struct evaluation {
	struct physics_config key;
	struct physics p;
	struct dataset *data; /* NULL: a problem's grid */
	struct layout grid;   /* owned when data is NULL */
	const struct layout *from;
	const char *name; /* of the grid's owner, for messages */
	int field;	  /* whose axes are taken */
	struct layout out;
	struct h5out *file;
};

static int read_configuration(struct evaluation *v, struct model_file *m, struct err *e)
{
	cfg_section(m->setup.cfg, "objective", 1, &(struct key_table){ physics_keys, &v->key });
	return physics_read(&v->p, &v->key, m->setup.cfg, e) == 0 ? cfg_done(m->setup.cfg, e) : -1;
}

static bool is_text(const struct problem_class *class)
{
	return class == problem_find("equation");
}

static int open_grid(struct evaluation *v, const struct run_common *common, const struct solve_options *o, int n_data,
		     const char *const *data, struct err *e)
{
	struct chosen other;
	int status;

	if (n_data == 0) {
		problem_find("equation")->layout(v->p.text, &v->grid);
		v->grid.n_samples = 1;
		v->from = &v->grid;
		v->name = "the problem";
		return 0;
	}
	if (n_data == 1 && setup_is_configuration(data[0])) {
		const struct run_common plain = { .tool = common->tool };

		status = chosen_open(&other, &plain, data[0], is_text, "is no text", e);
		if (status == 0 && (status = chosen_done(&other, e)) == 0)
			other.class->layout(other.config, &v->grid);
		chosen_close(&other);
		v->grid.n_samples = 1;
		v->from = &v->grid;
		v->name = data[0];
		return status;
	}
	if (dataset_open_all(&v->data, n_data, data, o->layout, e) != 0)
		return -1;
	v->from = dataset_layout(v->data);
	v->name = dataset_name(v->data);
	return 0;
}

/* The unknowns on the axes of the field found. */
static int lay_out(struct evaluation *v, enum dtype real, struct err *e)
{
	const struct physics *p = &v->p;
	int axis[SHAPE_MAX], n = 0;

	v->field = -1;
	for (int i = 0; i < p->n_outputs && v->field < 0; i++)
		v->field = physics_field_of(p, v->from, p->output[i]);
	if (v->field < 0)
		return err_set(e, ERR_USAGE, "%s: no field is an unknown of the text ('%s'), so there is no grid",
			       v->name, p->spec->unknown[p->output[0]].name);
	const struct field *f = &v->from->field[v->field];
	v->out.n_samples = v->from->n_samples;
	for (int k = 0; k < f->n_axes; k++) {
		const struct axis *a = &v->from->axis[f->axis[k]];

		axis[n++] = layout_add_axis(&v->out, a->name, a->kind, a->size, a->coordinate, a->periodic, a->length);
	}
	for (int k = 0; k < p->spec->n_unknowns; k++)
		layout_add_field(&v->out, p->spec->unknown[k].name, real, f->role, n, axis);
	v->out.equation = xstrdup(p->spec->text);
	return 0;
}

static int one_sample(struct evaluation *v, struct physics_field *field, int64_t sample, double *const *out,
		      struct err *e)
{
	struct physics_points x = { 0 };
	double param[EQUATION_PARAMS];
	int status = 0;

	memcpy(param, v->p.param, sizeof param);
	if (v->data)
		status = physics_points_params(&v->p, v->data, sample, param, e);
	if (status == 0)
		status = physics_points_of_field(&x, &v->p, v->from, v->name, v->field, param, e);
	if (status == 0)
		status = physics_field_run(field, x.n, (const double *const *)x.column, out, e);
	for (int k = 0; k < v->p.spec->n_unknowns && status == 0; k++)
		h5out_samples(v->file, k, sample, 1, DTYPE_F64, out[k]);
	physics_points_free(&x);
	return status;
}

static int all_samples(struct evaluation *v, struct network *n, struct err *e)
{
	struct physics_field *field = physics_field_new(&v->p, n);
	double *out[EQUATION_UNKNOWNS] = { NULL };
	int status = 0;

	for (int k = 0; k < v->p.spec->n_unknowns && status == 0; k++)
		if (!(out[k] = mem_new(layout_field_count(&v->out, k), sizeof(double), "a prediction", e)))
			status = -1;
	progress_begin("solve", "sample", v->out.n_samples);
	for (int64_t i = 0; i < v->out.n_samples && status == 0; i++) {
		status = one_sample(v, field, i, out, e);
		progress_update(i + 1, NULL);
	}
	progress_end();
	for (int k = 0; k < EQUATION_UNKNOWNS; k++)
		free(out[k]);
	physics_field_free(field);
	return status;
}

static int write_all(struct evaluation *v, const struct run_common *common, struct model_file *m, const char *config,
		     struct err *e)
{
	char *identity = v->data ? dataset_identity(v->data) : NULL;
	struct str inputs = { 0 };
	int status = -1;

	v->file = h5out_open(common->output ? common->output : "prediction.h5", e);
	if (v->file) {
		str_printf(&inputs, "%s%s%s", m->identity, identity ? "; " : "", identity ? identity : "");
		struct h5_meta meta = { .command = common->command,
					.config = config,
					.inputs = inputs.text,
					.kind = "prediction",
					.seed = common->seed };
		h5out_fields(v->file, &v->out);
		h5out_meta(v->file, &meta);
		status = all_samples(v, &m->network, e);
		if (status != 0)
			h5out_abandon(v->file);
		else
			status = h5out_close(v->file, e);
	}
	str_free(&inputs);
	free(identity);
	return status;
}

int physics_solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		  const char *const *data, struct err *e)
{
	struct evaluation v = { 0 };
	struct str config = { 0 };
	int status = read_configuration(&v, m, e);

	cfg_effective(m->setup.cfg, &config);
	if (status == 0 && common->dry_run) {
		str_add(o->dry_run_text, str_text(&config));
	} else if (status == 0 && (status = open_grid(&v, common, o, n_data, data, e)) == 0 &&
		   (status = lay_out(&v, m->network.real, e)) == 0) {
		m->network.spec = physics_spec(&v.p);
		status = write_all(&v, common, m, str_text(&config), e);
	}
	str_free(&config);
	layout_free(&v.grid);
	layout_free(&v.out);
	dataset_close(v.data);
	physics_free(&v.p);
	return status;
}
