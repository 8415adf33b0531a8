/* sample_flow.c: draws of velocities between a base and data (objective interpolant): flows and diffusions, forth and
 * back, with the pairs that reflow learns from. Batches as in sample_model.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "learner/sample_model.h"

int sample_conditions(const struct trained *t, struct trained_run *r, const struct examples *x, int64_t label,
		      int64_t first, int64_t n, struct err *e)
{
	double *values, *maps;
	int64_t *item;
	int status = 0;

	if (label >= 0 && label >= t->classes)
		return err_set(e, ERR_USAGE, "sample.label: %lld is not a class of the model (it has %lld)",
			       (long long)label, (long long)t->classes);
	values = xcalloc((size_t)(n * t->values) + 1, sizeof *values);
	maps = xcalloc((size_t)(n * t->map_dim) + 1, sizeof *maps);
	item = xcalloc((size_t)n, sizeof *item);
	for (int64_t i = 0; i < n && x; i++)
		item[i] = (first + i) % x->n_items;
	if (x && (examples_values(x, n, item, values, e) != 0 ||
		  (t->map_dim > 0 && examples_maps(x, n, item, maps, e) != 0)))
		status = -1;
	for (int64_t i = 0; i < n && label >= 0; i++)
		values[i * t->values + label] = 1;
	trained_run_condition(r, values, maps);
	free(values);
	free(maps);
	free(item);
	return status;
}

enum { TASK_DRAW, TASK_ESTIMATE };
static const char *const tasks[] = { "draw", "estimate", NULL };

struct config {
	int64_t samples, batch, steps, label;
	double epsilon, inset, guidance;
	int method, task;
	bool backward, pairs;
};
const struct key sample_flow_keys[] = {
	KEY_INT(struct config, samples, "100", 1, 1e12, "number of draws (-n)"),
	KEY_ONE_OF(struct config, task, "draw", tasks,
		   "draws; or the network's velocity at the points 'x' and times 'time' of DATA"),
	KEY_INT(struct config, batch, "256", 1, 1e6, "samples that go through the network at a time"),
	KEY_ONE_OF(struct config, method, "heun", flow_method_names, "how to step"),
	KEY_INT(struct config, steps, "50", 1, 1e6, "equal steps in time"),
	KEY_REAL(struct config, epsilon, "0", 0, 1e6, "diffusion beside the flow; needs a learned score"),
	KEY_REAL(struct config, inset, "0", 0, 0.49, "from time inset to 1 - inset; 0 with epsilon: 0.001"),
	KEY_FLAG(struct config, backward, "false", "from data (of DATA) to the base"),
	KEY_FLAG(struct config, pairs, "false",
		 "write where each draw started, the squared distance that it went, and how far from straight its path "
		 "was"),
	KEY_INT(struct config, label, "-1", -1, 1e6, "class to draw; -1: conditions of DATA, or none"),
	KEY_REAL(struct config, guidance, "1", -100, 1000, "weight of the condition against none"),
	KEY_END,
};

struct work {
	const struct run_common *common;
	const struct sample_options *o;
	struct config key;
	struct trained trained;
	struct trained_run *run;
	struct flow flow;
	struct flow_options march;
	struct dataset *data;
	struct examples conditions;
	bool conditioned;
	int start_field; /* of data; -1: N(0, I) */
	struct layout layout;
	int64_t n, first, count, batch;
	struct sample_points points;
	double *x, *start, *straightness, *cost;
};

static void close_work(struct work *w)
{
	trained_run_free(w->run);
	trained_close(&w->trained);
	dataset_close(w->data);
	layout_free(&w->layout);
	free(w->x);
	free(w->start);
	free(w->straightness);
	free(w->cost);
}

/* Where draws start: the base's field, backwards that of the data, of DATA; or Gaussian. */
static int open_data(struct work *w, struct err *e)
{
	const struct trained *t = &w->trained;
	const bool gaussian = !w->key.backward && (t->flow.base == BASE_GAUSSIAN || w->o->n_data == 0);
	const char *name = w->key.backward ? t->file->makes.field[0].name : t->flow.base_field;

	w->start_field = -1;
	if (w->o->n_data > 1)
		return err_set(e, ERR_USAGE, "one data set at a time");
	if (w->o->n_data == 0 && w->key.task == TASK_ESTIMATE)
		return err_set(e, ERR_USAGE, "sample.task: velocities are those at points of a data set; name one");
	if (w->o->n_data == 0)
		return w->key.backward ? err_set(e, ERR_USAGE, "sample.backward: starts from data; name a data set")
		       : t->flow.base == BASE_SHUFFLED
			       ? err_set(e, ERR_USAGE, "the model starts from field '%s' of a data set; name one", name)
			       : 0;
	if (dataset_open(&w->data, w->o->data[0], NULL, e) != 0)
		return -1;
	if (w->key.task == TASK_ESTIMATE)
		return sample_points_open(&w->points, w->data, t->dim, e);
	if (t->values + t->map_dim > 0) {
		w->conditioned = true;
		if (examples_open_conditions(&w->conditions, w->data, &t->file->task_key, t->classes,
					     &t->file->network.spec, e) != 0)
			return -1;
	}
	if (gaussian)
		return 0;
	w->start_field = layout_find_field(dataset_layout(w->data), name);
	if (w->start_field < 0 || layout_field_count(dataset_layout(w->data), w->start_field) != t->dim)
		return err_set(e, ERR_USAGE, "%s: no field '%s' of %lld elements to start from", dataset_name(w->data),
			       name, (long long)t->dim);
	return 0;
}

static int open_run(struct work *w, struct err *e)
{
	const double inset = w->key.inset > 0 ? w->key.inset : w->key.epsilon > 0 ? 1e-3 : 0;
	const struct guidance g = { .weight = w->key.guidance };
	const int64_t dim = w->trained.dim;

	w->march = (struct flow_options){ .method = (enum flow_method)w->key.method,
					  .steps = w->key.steps,
					  .from = w->key.backward ? 1 - inset : inset,
					  .to = w->key.backward ? inset : 1 - inset,
					  .epsilon = w->key.epsilon };
	w->n = w->key.task == TASK_DRAW ? w->key.samples : dataset_layout(w->data)->n_samples;
	w->batch = w->key.task != TASK_DRAW ? 1 : w->key.batch < w->n ? w->key.batch : w->n;
	if (w->key.epsilon > 0 && !w->trained.flow.score)
		return err_set(e, ERR_USAGE, "sample.epsilon: the model has no score: train with objective.score");
	if (sample_share(w->common, w->n, &w->first, &w->count, e) != 0 ||
	    !(w->run = trained_run_new(&w->trained, w->batch, &g, e)))
		return -1;
	w->flow = trained_flow(w->run);
	w->x = mem_new(mem_times(w->batch, dim), sizeof *w->x, "samples", e);
	w->start = mem_new(mem_times(w->batch, dim), sizeof *w->x, "samples", e);
	w->straightness = mem_new(w->batch, sizeof *w->x, "samples", e);
	w->cost = mem_new(w->batch, sizeof *w->x, "samples", e);
	return w->x && w->start && w->straightness && w->cost ? 0 : -1;
}

static void make_layout(struct work *w)
{
	struct layout *l = &w->layout;

	l->n_samples = w->count;
	if (w->key.task == TASK_ESTIMATE) {
		const int axis = layout_add_axis(l, "channel", AXIS_CHANNEL, w->trained.dim, NULL, false, 0);

		layout_add_field(l, "estimate", DTYPE_F64, ROLE_TARGET, 1, &axis);
		return;
	}
	*l = layout_copy(&w->trained.file->makes);
	if (w->key.backward)
		for (int f = 0; f < l->n_fields; f++) /* they are of the base now */
			l->field[f].role = ROLE_NONE;
	if (w->key.pairs) {
		const struct field made = l->field[0]; /* the list moves as it grows */

		if (l->n_fields == 1)
			layout_add_field(l, "start", DTYPE_F64, ROLE_NONE, made.n_axes, made.axis);
		layout_add_field(l, "cost", DTYPE_F64, ROLE_NONE, 0, NULL);
		layout_add_field(l, "straightness", DTYPE_F64, ROLE_NONE, 0, NULL);
	}
	layout_add_param(l, "model_calls", (double)flow_calls(&w->march));
	l->n_samples = w->count;
}

static int fill_start(struct work *w, int64_t first, struct err *e)
{
	const int64_t dim = w->trained.dim;
	int64_t *item;
	int status;

	if (w->start_field < 0) {
		sample_starts(w->common, first, w->batch, dim, w->x);
		return 0;
	}
	item = xcalloc((size_t)w->batch, sizeof *item);
	for (int64_t i = 0; i < w->batch; i++)
		item[i] = (first + i) % dataset_layout(w->data)->n_samples;
	status = dataset_read(w->data, w->start_field, w->batch, item, DTYPE_F64, w->x, e);
	standard_apply(&w->trained.standard, w->batch, dim, w->x);
	free(item);
	return status;
}

static int draw_batch(struct work *w, int64_t first, struct err *e)
{
	const struct trained *t = &w->trained;
	const int64_t dim = t->dim;

	if (fill_start(w, first, e) != 0 ||
	    sample_conditions(t, w->run, w->conditioned ? &w->conditions : NULL, w->key.label, first, w->batch, e) != 0)
		return -1;
	memcpy(w->start, w->x, (size_t)(w->batch * dim) * sizeof *w->x);
	if (flow_march(&w->flow, &w->march, (uint64_t)w->common->seed, first, w->batch, w->x, w->straightness, e) != 0)
		return err_in(e, "samples %lld to %lld", (long long)first, (long long)(first + w->batch - 1));
	standard_undo(&t->standard, w->batch, dim, w->x);
	standard_undo(&t->standard, w->batch, dim, w->start);
	for (int64_t i = 0; i < w->batch; i++) {
		w->cost[i] = 0;
		for (int64_t k = i * dim; k < (i + 1) * dim; k++)
			w->cost[i] += (w->x[k] - w->start[k]) * (w->x[k] - w->start[k]);
	}
	return 0;
}

static int draw(struct sample_file *f, void *context, int64_t begin, int64_t from, int64_t to, struct err *e)
{
	struct work *w = context;
	const int64_t dim = w->trained.dim, skip = from - begin, n = to - from;
	int field;
	double t;

	if (w->key.task == TASK_ESTIMATE) { /* the velocity at one point of the data */
		if (sample_point(&w->points, from, w->x, &t, e) != 0 ||
		    (!(t >= 0 && t <= 1) && err_set(e, ERR_USAGE, "time %g is outside [0, 1]", t)) ||
		    w->flow.eval(&w->flow, t, 1, w->x, w->start, NULL, e) != 0)
			return err_in(e, "sample %lld", (long long)from);
		sample_put(f, 0, from, 1, w->start);
		return 0;
	}
	if (draw_batch(w, begin, e) != 0)
		return -1;
	field = sample_put_rows(f, w->trained.file->makes.n_fields, from, n, w->x + skip * dim, dim);
	if (w->key.pairs) {
		if (field == 1)
			sample_put(f, field++, from, n, w->start + skip * dim);
		sample_put(f, field++, from, n, w->cost + skip);
		sample_put(f, field, from, n, w->straightness + skip);
	}
	return 0;
}

int sample_flow(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e)
{
	struct work w = { .common = common, .o = o };
	int status = -1;

	if (trained_open(&w.trained, m, true, e) != 0)
		return -1;
	struct setup *s = &m->setup;

	sample_set_options(s->conf, o);
	cfg_section(s->cfg, "sample", 1, &(struct key_table){ sample_flow_keys, &w.key });
	if (cfg_done(s->cfg, e) == 0 && open_data(&w, e) == 0 && open_run(&w, e) == 0) {
		const struct sample_file f = { .layout = &w.layout,
					       .first = w.first,
					       .count = w.count,
					       .batch = w.batch,
					       .draw = draw,
					       .context = &w };

		make_layout(&w);
		status = sample_file_of_model(common, o, m, &f, e);
	}
	close_work(&w);
	return status;
}
