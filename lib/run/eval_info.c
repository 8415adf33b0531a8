/* eval_info.c: what a data set or a trained model says about itself, as text. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/checkpoint.h"
#include "io/h5read.h"
#include "run/eval_inside.h"
#include "run/model_file.h"

static const char *const kind_names[] = { "time", "channel", "space", "points" };
static const char *const role_names[] = { "", "input", "target", "trajectory" };

static void axis_text(const struct eval_options *o, const struct axis *a)
{
	str_printf(o->out, "  %-10s %-8s %8lld", a->name, kind_names[a->kind], (long long)a->size);
	if (a->coordinate && a->size > 0) {
		str_add(o->out, "  ");
		eval_number(o->out, o, a->coordinate[0]);
		str_add(o->out, " to ");
		eval_number(o->out, o, a->coordinate[a->size - 1]);
	}
	if (a->periodic)
		str_add(o->out, ", periodic");
	if (a->length > 0) {
		str_add(o->out, ", length ");
		eval_number(o->out, o, a->length);
	}
	str_add(o->out, "\n");
}

static void field_text(const struct eval_options *o, const struct layout *l, const struct field *f)
{
	str_printf(o->out, "  %-10s %-8s (%s", f->name, dtype_name(f->dtype), f->per_sample ? "sample" : "");
	for (int i = 0; i < f->n_axes; i++)
		str_printf(o->out, "%s%s %lld", i > 0 || f->per_sample ? ", " : "", l->axis[f->axis[i]].name,
			   (long long)l->axis[f->axis[i]].size);
	str_printf(o->out, ")%s%s\n", f->role == ROLE_NONE ? "" : "  ", role_names[f->role]);
}

static void config_text(const struct eval_options *o, const char *config)
{
	if (!config || !*config)
		return;
	str_add(o->out, "config:\n");
	for (const char *line = config; *line; line += strcspn(line, "\n"), line += *line == '\n')
		str_printf(o->out, "  %.*s\n", (int)strcspn(line, "\n"), line);
}

static void meta_text(const struct eval_options *o, const struct dataset *d)
{
	static const char *const names[] = { "kind", "command", "version", "inputs", "math" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *text = dataset_meta(d, names[i]);

		if (text && *text)
			str_printf(o->out, "%s: %s\n", names[i], text);
	}
	config_text(o, dataset_meta(d, "config"));
}

/* Its arrays, the last row of its training's history (parameters that were learnt stand there), its configuration. */
static int model_info(const struct eval_options *o, const char *path, struct err *e)
{
	const struct run_common plain = { 0 };
	struct str config = { 0 };
	struct model_file m;
	char shape[SHAPE_TEXT];

	if (model_file_open(&m, path, &plain, e) != 0)
		return -1;
	const struct params *p = &m.network.params;
	const struct history *h = &m.history;
	str_printf(o->out, "%s: model %s, %lld trained numbers\narrays:\n", path, m.network.class->name,
		   (long long)params_count(p));
	for (int i = 0; i < p->n; i++)
		str_printf(o->out, "  %-30s %-8s %s\n", p->at[i].name, dtype_name(p->at[i].value.dtype),
			   shape_text(shape, &p->at[i].value.shape));
	if (h->n_rows > 0)
		str_printf(o->out, "history: %lld rows; the last:\n", (long long)h->n_rows);
	for (int k = 0; k < h->n_columns && h->n_rows > 0; k++) {
		str_printf(o->out, "  %-14s ", h->name[k]);
		eval_number(o->out, o, history_row(h, h->n_rows - 1)[k]);
		str_add(o->out, "\n");
	}
	if (m.result)
		str_printf(o->out, "found:\n%s", m.result);
	conf_write(conf_root(m.setup.conf), &config);
	config_text(o, str_text(&config));
	str_free(&config);
	model_file_close(&m);
	return 0;
}

/* Least and most of every per-sample number. */
static int numbers_text(const struct eval_options *o, const struct dataset *d, struct err *e)
{
	const int64_t samples = dataset_layout(d)->n_samples;
	double *value = mem_new(samples + 1, sizeof *value, "numbers of samples", e);
	char **name;
	int n, status = value ? dataset_number_names(d, &n, &name, e) : -1;

	if (!value)
		return -1;
	if (status == 0 && n > 0)
		str_add(o->out, "numbers of samples:\n");
	for (int k = 0; k < n && status == 0; k++) {
		double least = 0, most = 0;

		status = dataset_numbers(d, name[k], value, e) < 0 ? -1 : 0;
		for (int64_t i = 0; i < samples; i++) {
			least = i == 0 || value[i] < least ? value[i] : least;
			most = i == 0 || value[i] > most ? value[i] : most;
		}
		str_printf(o->out, "  %-16s ", name[k]);
		eval_number(o->out, o, least);
		str_add(o->out, " to ");
		eval_number(o->out, o, most);
		str_add(o->out, "\n");
	}
	h5_names_free(n, name);
	free(value);
	return status;
}

int eval_info(const struct eval_options *o, int n, const char *const *file, struct err *e)
{
	for (int k = 0; k < n; k++) {
		struct dataset *d;
		const struct layout *l;

		if (checkpoint_is(file[k], "model")) {
			str_add(o->out, k ? "\n" : "");
			if (model_info(o, file[k], e) != 0)
				return -1;
			continue;
		}
		if (dataset_open(&d, file[k], o->layout, e) != 0)
			return -1;
		l = dataset_layout(d);
		str_printf(o->out, "%s%s: layout %s, %lld samples\n", k ? "\n" : "", dataset_name(d),
			   dataset_layout_name(d), (long long)l->n_samples);
		if (l->equation)
			str_printf(o->out, "equation: %s\n", l->equation);
		str_add(o->out, "axes:\n");
		for (int i = 0; i < l->n_axes; i++)
			axis_text(o, &l->axis[i]);
		str_add(o->out, "fields:\n");
		for (int i = 0; i < l->n_fields; i++)
			field_text(o, l, &l->field[i]);
		if (l->n_splits > 0)
			str_add(o->out, "splits:\n");
		for (int i = 0; i < l->n_splits; i++)
			str_printf(o->out, "  %-10s %lld-%lld\n", l->split[i].name, (long long)l->split[i].first,
				   (long long)l->split[i].last - 1);
		if (l->n_params > 0)
			str_add(o->out, "parameters:\n");
		for (int i = 0; i < l->n_params; i++) {
			str_printf(o->out, "  %-10s ", l->param[i].name);
			eval_number(o->out, o, l->param[i].value);
			str_add(o->out, "\n");
		}
		int status = numbers_text(o, d, e);
		if (status == 0)
			meta_text(o, d);
		dataset_close(d);
		if (status != 0)
			return -1;
	}
	return 0;
}
