/* eval_convert.c: a data set in another layout; the training history of a model as a table. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/h5out.h"
#include "io/layout.h"
#include "run/eval_inside.h"
#include "run/eval_picture.h"
#include "run/model_file.h"
#include "run/trainer.h"

static void writable(struct str *out)
{
	str_add(out, "native");
	for (int i = 0; layout_files[i]; i++)
		for (int k = 0; layout_files[i][k]; k++)
			if (layout_files[i][k]->write && strcmp(layout_files[i][k]->name, "native") != 0)
				str_printf(out, ", %s", layout_files[i][k]->name);
}

static int all_samples(struct h5out *w, struct dataset *d, struct err *e)
{
	const struct layout *l = dataset_layout(d);

	for (int f = 0; f < l->n_fields; f++) {
		int64_t n = l->field[f].per_sample ? l->n_samples : 1, count = layout_field_count(l, f);
		void *v = mem_new(count, dtype_size(l->field[f].dtype), l->field[f].name, e);
		int status = v ? 0 : -1;

		for (int64_t i = 0; i < n && status == 0; i++)
			if ((status = dataset_read(d, f, 1, &i, l->field[f].dtype, v, e)) == 0)
				h5out_samples(w, f, i, 1, l->field[f].dtype, v);
		free(v);
		if (status != 0)
			return -1;
	}
	return 0;
}

static int write_native(struct dataset *d, const char *path, const struct run_common *common, struct err *e)
{
	const char *config = dataset_meta(d, "config");
	char *identity = dataset_identity(d);
	struct h5out *w = h5out_open(path, e);

	struct h5_meta m = { .command = common->command,
			     .config = config ? config : "",
			     .inputs = identity,
			     .kind = "data",
			     .seed = common->seed };
	int status = -1;
	if (w) {
		h5out_fields(w, dataset_layout(d));
		h5out_meta(w, &m);
		if (all_samples(w, d, e) == 0)
			status = h5out_close(w, e);
		else
			h5out_abandon(w);
	}
	free(identity);
	return status;
}

int eval_convert(const struct run_common *common, const struct eval_options *o, const char *file, struct err *e)
{
	const struct layout_class *to = o->layout ? layout_find(o->layout) : NULL;
	bool native = o->layout && strcmp(o->layout, "native") == 0;
	struct dataset *d;

	if (!native && (!to || !to->write)) {
		struct str names = { 0 };

		writable(&names);
		if (!o->layout)
			err_set(e, ERR_USAGE, "convert: --layout=NAME says into what: %s", str_text(&names));
		else
			err_set(e, ERR_USAGE, "--layout: '%s' cannot be written (these can: %s)", o->layout,
				str_text(&names));
		str_free(&names);
		return -1;
	}
	if (!common->output)
		return err_set(e, ERR_USAGE, "convert: -o FILE is missing");
	if (dataset_open(&d, file, NULL, e) != 0)
		return -1;
	const char *config = dataset_meta(d, "config");
	dataset_allow_nonfinite(d, true);
	int status = native ? write_native(d, common->output, common, e)
			    : to->write(d, common->output, config ? config : "", e);
	dataset_close(d);
	return status;
}

int eval_history(const struct run_common *common, const struct eval_options *o, const char *file, struct err *e)
{
	struct model_file m;

	if (model_file_open(&m, file, common, e) != 0)
		return -1;
	const struct history *h = &m.history;
	for (int k = 0; k < h->n_columns; k++)
		str_printf(o->out, "%s%s", k ? "\t" : "", h->name[k]);
	str_add(o->out, "\n");
	for (int64_t i = 0; i < h->n_rows; i++)
		for (int k = 0; k < h->n_columns; k++) {
			str_add(o->out, k ? "\t" : "");
			eval_number(o->out, o, history_row(h, i)[k]);
			str_add(o->out, k == h->n_columns - 1 ? "\n" : "");
		}
	int status = o->plot ? eval_picture_history(file, h, o->plot, e) : 0;
	model_file_close(&m);
	return status;
}
