/* solve.c: models on data: maps in batches, trajectories by a solver, space-time blocks at once. */
#include "run/solve.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/str.h"
#include "conf/help.h"
#include "io/h5out.h"
#include "io/output.h"
#include "run/learner.h"
#include "run/march.h"
#include "run/model_file.h"
#include "solver/solver.h"

struct solve {
	const struct run_common *common;
	const struct solve_options *o;
	struct model_file model;
	struct dataset *data;
	struct task task;
	struct predictor *predictor;
	const struct solver_class *solver;
	struct h5out *out;
	struct layout layout;
	int64_t batch, n_frames; /* frames in the output; maps: 0 */
	void *x, *query, *y;	 /* a batch in the model's type */
	double *frames, *truth;	 /* (frame, sample, n) */
	double *field;		 /* (sample, frame, n) of one field on its way out */
	int64_t first;		 /* sample of the batch in hand */
};

static void close_all(struct solve *s)
{
	predictor_free(s->predictor);
	task_close(&s->task);
	dataset_close(s->data);
	model_file_close(&s->model);
	layout_free(&s->layout);
	free(s->x);
	free(s->query);
	free(s->y);
	free(s->frames);
	free(s->truth);
	free(s->field);
}

static int allocate(struct solve *s, struct err *e)
{
	size_t w = dtype_size(s->task.real);
	int64_t frame = task_target_count(&s->task), frames = s->n_frames > 0 ? s->n_frames : 1;

	s->x = mem_new(mem_times(s->batch, task_input_count(&s->task)), w, "a batch of inputs", e);
	s->query = mem_new(mem_times(s->batch, task_query_count(&s->task) + 1), w, "a batch of query points", e);
	s->y = mem_new(mem_times(s->batch, frame), w, "a batch of predictions", e);
	s->frames = mem_new(mem_times(s->batch, mem_times(frame, frames)), sizeof(double), "a batch of frames", e);
	s->truth = mem_new(mem_times(s->batch, mem_times(frame, frames)), sizeof(double), "a batch of frames", e);
	s->field = mem_new(mem_times(s->batch, mem_times(frame, frames)), sizeof(double), "a batch of frames", e);
	return s->x && s->query && s->y && s->frames && s->truth && s->field ? 0 : -1;
}

/* Channels of one output field, (frames, sample, all channels x points) -> (sample, frame, its channels x points). */
static void write_field(struct solve *s, int field, int64_t offset, int64_t count, int64_t b, int64_t frames,
			const double *from)
{
	int64_t frame = task_target_count(&s->task);

	for (int64_t k = 0; k < b; k++)
		for (int64_t t = 0; t < frames; t++)
			memcpy(s->field + (k * frames + t) * count, from + (t * b + k) * frame + offset,
			       (size_t)count * sizeof(double));
	h5out_samples(s->out, field, s->first, b, DTYPE_F64, s->field);
}

/* Point values come as (point, channel) for all fields together; files keep (channel, point) of each. */
static void to_channels_first(const struct task *t, int64_t b, double *v)
{
	int64_t q = t->spec.n_query, c = t->spec.n_out;
	double *row = xmalloc((size_t)(q * c) * sizeof *row);

	for (int64_t k = 0; k < b && c > 1; k++) {
		memcpy(row, v + k * q * c, (size_t)(q * c) * sizeof *row);
		for (int64_t i = 0; i < q; i++)
			for (int64_t j = 0; j < c; j++)
				v[k * q * c + j * q + i] = row[i * c + j];
	}
	free(row);
}

static int apply_map(struct solve *s, int64_t b, const int64_t *item, struct err *e)
{
	struct task *t = &s->task;
	int64_t offset = 0;

	if (task_load(t, b, item, s->x, s->query, NULL, e) != 0 ||
	    predictor_run(s->predictor, b, s->x, s->query, s->y, e) != 0)
		return -1;
	tensor_convert(t->real, s->y, DTYPE_F64, s->frames, b * task_target_count(t));
	if (t->spec.n_query > 0)
		to_channels_first(t, b, s->frames);
	for (int f = 0; f < s->layout.n_fields; f++) {
		int64_t count = layout_field_count(&s->layout, f);

		write_field(s, f, offset, count, b, 1, s->frames);
		offset += count;
	}
	return 0;
}

/* One step of the model: window of history frames before t, static fields as loaded with the first window. */
static int advance(void *context, int64_t t, int64_t b, int64_t n, const double *from, double *frames, struct err *e)
{
	struct solve *s = context;
	int64_t h = s->task.config->history, in = task_input_count(&s->task), fixed = in - h * n;
	size_t w = dtype_size(s->task.real);

	for (int64_t k = 0; k < b; k++)
		for (int64_t i = 0; i < h; i++)
			tensor_convert(DTYPE_F64, from + ((t - h + i) * b + k) * n, s->task.real,
				       (char *)s->x + (size_t)(k * in + fixed + i * n) * w, n);
	if (predictor_run(s->predictor, b, s->x, NULL, s->y, e) != 0)
		return -1;
	tensor_convert(s->task.real, s->y, DTYPE_F64, frames + t * b * n, b * n);
	return 0;
}

static int apply_steps(struct solve *s, int64_t b, const int64_t *item, struct err *e)
{
	struct task *t = &s->task;
	int64_t n = task_target_count(t), h = t->config->history, offset = 0, *at = xcalloc((size_t)b, sizeof *at);
	void *target[1] = { s->y };
	int status = 0;

	/* all frames of the data, window by window: the first brings the history, each its target */
	for (int64_t step = 0; step < s->n_frames - h && status == 0; step++) {
		for (int64_t k = 0; k < b; k++)
			at[k] = item[k] * t->n_windows + step;
		status = task_load(t, b, at, s->x, NULL, target, e);
		int64_t in = task_input_count(t), fixed = in - h * n;
		for (int64_t k = 0; k < b && step == 0; k++)
			for (int64_t i = 0; i < h; i++)
				tensor_convert(t->real,
					       (char *)s->x + (size_t)(k * in + fixed + i * n) * dtype_size(t->real),
					       DTYPE_F64, s->truth + (i * b + k) * n, n);
		tensor_convert(t->real, s->y, DTYPE_F64, s->truth + (h + step) * b * n, b * n);
	}
	free(at);
	if (status != 0)
		return -1;
	memcpy(s->frames, s->truth, (size_t)(h * b * n) * sizeof(double));
	if (s->solver->solve(NULL, advance, s, b, n, h, s->n_frames, s->truth, s->frames, e) != 0)
		return -1;
	for (int f = 0; f < s->layout.n_fields; f++) {
		int64_t count = layout_field_count(&s->layout, f) / s->n_frames;

		write_field(s, f, offset, count, b, s->n_frames, s->frames);
		offset += count;
	}
	return 0;
}

/* (channel, point, time) back to (time, channel, point), behind the given frames. */
static int apply_spacetime(struct solve *s, int64_t b, const int64_t *item, struct err *e)
{
	struct task *t = &s->task;
	int64_t h = t->config->history, later = s->n_frames - h, n = task_target_count(t) / later, offset = 0;

	if (task_load(t, b, item, s->x, NULL, NULL, e) != 0 || predictor_run(s->predictor, b, s->x, NULL, s->y, e) != 0)
		return -1;
	int64_t in = task_input_count(t), fixed = in - h * n * later;
	const struct tensor x = { .dtype = t->real, .data = s->x }, y = { .dtype = t->real, .data = s->y };
	for (int64_t k = 0; k < b; k++)
		for (int64_t i = 0; i < n; i++) {
			for (int64_t f = 0; f < h; f++)
				s->frames[(f * b + k) * n + i] = tensor_get(&x, k * in + fixed + (f * n + i) * later);
			for (int64_t f = 0; f < later; f++)
				s->frames[((h + f) * b + k) * n + i] = tensor_get(&y, (k * n + i) * later + f);
		}
	for (int f = 0; f < s->layout.n_fields; f++) {
		int64_t count = layout_field_count(&s->layout, f) / s->n_frames;

		for (int64_t k = 0; k < b; k++)
			for (int64_t i = 0; i < s->n_frames; i++)
				memcpy(s->field + (k * s->n_frames + i) * count, s->frames + (i * b + k) * n + offset,
				       (size_t)count * sizeof(double));
		h5out_samples(s->out, f, s->first, b, DTYPE_F64, s->field);
		offset += count;
	}
	return 0;
}

static int all_samples(struct solve *s, struct err *e)
{
	int64_t n = dataset_layout(s->data)->n_samples, *item = xcalloc((size_t)s->batch, sizeof *item);
	int status = 0;

	progress_begin("solve", "sample", n);
	for (s->first = 0; s->first < n && status == 0; s->first += s->batch) {
		int64_t b = n - s->first < s->batch ? n - s->first : s->batch;

		for (int64_t k = 0; k < b; k++)
			item[k] = s->first + k;
		status = s->task.kind == TASK_MAP    ? apply_map(s, b, item, e)
			 : s->task.kind == TASK_STEP ? apply_steps(s, b, item, e)
						     : apply_spacetime(s, b, item, e);
		progress_update(s->first + b, NULL);
	}
	progress_end();
	free(item);
	return status;
}

/* The section problem of the data behind the model's configuration: the prediction names the equation that it should
 * solve. */
static void add_problem(const struct dataset *d, struct str *config)
{
	const char *text = dataset_meta(d, "config");
	struct conf *c = conf_new();
	const struct conf_node *problem;

	if (text && !strstr(config->text ? config->text : "", "\nproblem:") &&
	    !str_starts(str_text(config), "problem:") && conf_load_text(c, text, "config", NULL) == 0 &&
	    (problem = conf_at(c, "problem")) != NULL && problem->kind == CONF_MAP) {
		struct str s = { 0 };

		conf_write(problem, &s);
		str_add(config, "problem:\n");
		for (const char *line = str_text(&s); *line;) {
			const size_t n = strcspn(line, "\n");

			str_add(config, "  ");
			str_add_n(config, line, n);
			str_add(config, "\n");
			line += n + (line[n] == '\n');
		}
		str_free(&s);
	}
	conf_free(c);
}

static int open_output(struct solve *s, const char *path, const char *config, struct err *e)
{
	struct task *t = &s->task;
	struct str inputs = { 0 };
	char *identity = dataset_identity(s->data);

	s->layout = task_prediction_layout(t, s->n_frames);
	if (s->n_frames > 0)
		layout_add_param(&s->layout, "given_frames", (double)t->config->history);
	s->out = h5out_open(path, e);
	if (s->out) {
		str_printf(&inputs, "%s; %s", s->model.identity, identity);
		struct h5_meta m = { .command = s->common->command,
				     .config = config,
				     .inputs = inputs.text,
				     .kind = "prediction",
				     .seed = s->common->seed };
		h5out_fields(s->out, &s->layout);
		h5out_meta(s->out, &m);
	}
	str_free(&inputs);
	free(identity);
	return s->out ? 0 : -1;
}

/* The learner that a model file's section objective names; NULL: a member of objective/. */
static const struct learner_class *learner_of(const struct model_file *m)
{
	const struct conf_node *o = conf_at(m->setup.conf, "objective");

	if (o && o->kind == CONF_MAP)
		o = conf_child(o, "name");
	return o && o->kind == CONF_SCALAR ? learner_find(o->text) : NULL;
}

static int solve_model(struct solve *s, const char *what, int n_data, const char *const *data, struct err *e)
{
	const char *path = s->common->output ? s->common->output : "prediction.h5",
		   *name = s->o->method ? s->o->method : "roll-out";
	struct str config = { 0 };
	struct network *n = &s->model.network;
	const struct learner_class *learner;
	const char *input = "-";

	s->solver = solver_find(name);
	if (!s->solver)
		return err_set(e, ERR_USAGE, "--method: no solver '%s'; --list shows what there is", name);
	if (output_not_input(path, 1, &what, e) != 0 || output_not_input(path, n_data, data, e) != 0 ||
	    model_file_open(&s->model, what, s->common, e) != 0)
		return -1;
	learner = learner_of(&s->model);
	if (learner && learner->solve)
		return learner->solve(s->common, s->o, &s->model, n_data, data, e);
	if (learner && learner->sample)
		return err_set(e, ERR_USAGE, "%s: a model of objective %s is applied by sciml-sample", what,
			       learner->name);
	if (dataset_open_all(&s->data, n_data > 0 ? n_data : 1, n_data > 0 ? data : &input, s->o->layout, e) != 0)
		return -1;
	cfg_effective(s->model.setup.cfg, &config);
	int status = 0;
	if (s->common->dry_run) {
		str_add(s->o->dry_run_text, str_text(&config));
	} else if ((status = task_open_for(&s->task, s->data, &s->model.task_key, 1, n->real, &n->spec, e)) == 0 &&
		   (status = network_fit(&s->model.network, &s->task, e)) == 0) {
		add_problem(s->data, &config);
		s->n_frames = s->task.kind == TASK_MAP ? 0 : s->task.n_frames;
		s->batch = s->o->batch > 0 ? s->o->batch : 20;
		s->predictor = predictor_new(n);
		if ((status = allocate(s, e)) == 0 && (status = open_output(s, path, str_text(&config), e)) == 0) {
			status = all_samples(s, e);
			if (status != 0)
				h5out_abandon(s->out);
			else
				status = h5out_close(s->out, e);
		}
	}
	str_free(&config);
	return status;
}

/* What is on disk and no YAML is meant as a model file: then errors speak of the file. */
static bool is_file(const char *what)
{
	return access(what, F_OK) == 0 && !str_ends(what, ".yaml") && !str_ends(what, ".yml");
}

int solve_run(const struct run_common *common, const struct solve_options *o, const char *what, int n_data,
	      const char *const *data, struct err *e)
{
	struct solve s = { .common = common, .o = o };
	const char *input = "-";

	if (!is_file(what))
		return march_run(common, o, what, n_data > 0 ? n_data : 1, n_data > 0 ? data : &input, e);
	if (o->to_steady)
		return err_set(e, ERR_USAGE, "--to-steady: %s is a model, not a problem", what);
	int status = solve_model(&s, what, n_data, data, e);
	close_all(&s);
	return status;
}

void solve_list(struct str *out)
{
	str_add(out, "methods for trajectories:\n");
	for (int i = 0; solver_files[i]; i++)
		for (int k = 0; solver_files[i][k]; k++)
			str_printf(out, "  %-14s %s\n", solver_files[i][k]->name, solver_files[i][k]->summary);
	march_list(out);
}

int solve_describe(const char *name, bool man, struct str *out, struct err *e)
{
	const struct solver_class *s = solver_find(name);

	if (!s)
		return march_describe(name, man, out, e);
	help_member(out, man, s->name, s->summary);
	help_label(out, man, "source", s->source);
	key_help(s->keys, man, out);
	return 0;
}
