/* train.c: configuration, data and the loop over epochs; checkpoints beside the output, the model under its final
 * name. */
#include "run/train.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/stop.h"
#include "base/str.h"
#include "conf/help.h"
#include "io/output.h"
#include "run/online.h"
#include "run/trainer.h"

struct train {
	const struct run_common *common;
	const struct train_options *o;
	struct setup setup;
	struct trainer t;
	char *output, *checkpoint, *config, *inputs;
	struct str result; /* what the learner reports at the end */
	FILE *log;
	double started, saved;
	int lock;
};

static bool is_model(const char *name)
{
	return model_find(name) != NULL;
}

static int model_names(const char ***names)
{
	int n = 0, capacity = 0;

	*names = NULL;
	for (int i = 0; model_files[i]; i++)
		for (int k = 0; model_files[i][k]; k++) {
			MEM_GROW(*names, n, capacity);
			(*names)[n++] = model_files[i][k]->name;
		}
	return n;
}

/* The member of a kind that a section names, with its keys read; NULL leaves a message in the reader. */
#define MEMBER(kind, fallback)                                                                                         \
	static const struct kind##_class *choose_##kind(struct cfg *c, void **config)                                  \
	{                                                                                                              \
		const char *name = cfg_name(c, #kind, fallback), *known[128];                                          \
		const struct kind##_class *m = name ? kind##_find(name) : NULL;                                        \
		int n = 0;                                                                                             \
                                                                                                                       \
		for (int i = 0; kind##_files[i]; i++)                                                                  \
			for (int k = 0; kind##_files[i][k] && n < 128; k++)                                            \
				known[n++] = kind##_files[i][k]->name;                                                 \
		if (!m) {                                                                                              \
			const char *near = name ? str_nearest(name, n, known) : NULL;                                  \
                                                                                                                       \
			cfg_fail(c, #kind, "no " #kind " %s%s%s%s%s%s", name ? "'" : "is named", name ? name : "",     \
				 name ? "'" : "", near ? "; did you mean '" : "", near ? near : "",                    \
				 near ? "'?" : "; --list shows what there is");                                        \
			return NULL;                                                                                   \
		}                                                                                                      \
		*config = xcalloc(1, m->config_size);                                                                  \
		cfg_section(c, #kind, 1, &(struct key_table){ m->keys, *config });                                     \
		return m;                                                                                              \
	}
MEMBER(model, NULL)
MEMBER(objective, "rel_l2")
MEMBER(optim, "adam")

/* A learner of this name, or the supervised one with the objective of this name. */
static void choose_learner(struct cfg *c, struct trainer *t)
{
	t->learner = learner_find(cfg_name(c, "objective", "rel_l2"));
	if (t->learner) {
		t->objective_config = xcalloc(1, t->learner->config_size + 1);
		cfg_section(c, "objective", 1, &(struct key_table){ t->learner->keys, t->objective_config });
		return;
	}
	t->learner = learner_find("supervised");
	t->objective = choose_objective(c, &t->objective_config);
}

static int configure(struct train *r, const char *what, struct err *e)
{
	struct trainer *t = &r->t;
	const char **names;
	int n = model_names(&names), status = setup_open(&r->setup, r->common, what, "model", is_model, n, names, e);
	struct cfg *c = r->setup.cfg;

	free(names);
	if (status != 0)
		return -1;
	t->seed = (uint64_t)r->common->seed;
	t->network.class = choose_model(c, &t->network.config);
	cfg_section(c, "data", 2,
		    (struct key_table[]){ { task_keys, &t->task_key }, { network_keys, &t->network.key } });
	choose_learner(c, t);
	t->optim.class = choose_optim(c, &t->optim_config);
	cfg_section(c, "train", 1, &(struct key_table){ train_keys, &t->key });
	if ((t->learner->configure && t->learner->configure(t, c, e) != 0) || cfg_done(c, e) != 0)
		return -1;
	if ((t->network.key.equal || t->network.key.at_most) && !t->learner->constrains)
		return err_set(e, ERR_USAGE, "data.%s: objective %s does not keep constraints, maps and steps do",
			       t->network.key.equal ? "equal" : "at_most", t->learner->name);
	if (t->key.lr == 0)
		t->key.lr = t->optim.class->default_lr;
	return 0;
}

static void describe_run(struct train *r, const char *identity)
{
	struct str s = { 0 };

	cfg_effective(r->setup.cfg, &s);
	if (identity)
		str_printf(&s, "# data: %s\n", identity);
	r->config = s.text ? s.text : xstrdup("");
	r->inputs = xstrdup(identity ? identity : "");
}

static int save(struct train *r, bool checkpoint, struct err *e)
{
	struct model_file_text m = { r->common->command, r->config, r->inputs, str_text(&r->result) };

	r->saved = clock_seconds();
	if (checkpoint && strcmp(r->output, "-") == 0)
		return 0; /* nothing beside a pipe */
	return trainer_save(&r->t, checkpoint ? r->checkpoint : r->output, checkpoint, &m, e);
}

static int open_log(struct train *r, struct err *e)
{
	if (!r->o->log)
		return 0;
	r->log = strcmp(r->o->log, "-") == 0 ? stdout : fopen(r->o->log, "w");
	if (!r->log)
		return err_errno(e, "%s", r->o->log);
	const struct history *h = &r->t.history;
	for (int k = 0; k < h->n_columns; k++)
		fprintf(r->log, "%s\t", h->name[k]);
	fprintf(r->log, "seconds\n");
	for (int64_t i = 0; i < h->n_rows; i++) { /* what an interrupted run had written */
		for (int k = 0; k < h->n_columns; k++)
			fprintf(r->log, "%.9g\t", history_row(h, i)[k]);
		fprintf(r->log, "nan\n");
	}
	return 0;
}

static void log_row(struct train *r)
{
	const struct history *h = &r->t.history;

	if (!r->log)
		return;
	for (int k = 0; k < h->n_columns; k++)
		fprintf(r->log, "%.9g\t", history_row(h, h->n_rows - 1)[k]);
	fprintf(r->log, "%.3f\n", clock_seconds() - r->started);
	fflush(r->log);
}

static int close_log(struct train *r, struct err *e)
{
	int bad = 0;

	if (r->log && r->log != stdout) {
		bad = ferror(r->log) != 0;
		bad = fclose(r->log) != 0 || bad;
	}
	r->log = NULL;
	return bad ? err_errno(e, "%s", r->o->log) : 0;
}

/* All epochs from where the trainer stands. 0 finished, 1 asked to stop (checkpoint written). */
static int epochs(struct train *r, struct err *e)
{
	struct trainer *t = &r->t;
	int64_t per_epoch = (t->n_items + t->key.batch - 1) / t->key.batch, total = per_epoch * t->key.epochs;
	struct schedule s = { t->key.schedule, t->key.lr, t->key.factor, t->key.every, t->key.warmup, t->key.floor };
	bool stop = false;
	double lr = 0, loss;
	char extra[96];

	progress_begin("train", "step", total);
	while (t->epoch < t->key.epochs && !stop) {
		while (t->step < per_epoch) {
			int64_t at = t->step * t->key.batch,
				n = t->n_items - at < t->key.batch ? t->n_items - at : t->key.batch;

			memcpy(t->item, t->order + at, (size_t)n * sizeof *t->item);
			lr = schedule_lr(&s, t->t, total, per_epoch, t->plateau_factor);
			if (trainer_step(t, n, lr, &loss, e) != 0)
				return -1;
			snprintf(extra, sizeof extra, "epoch %lld loss %.4g", (long long)t->epoch + 1,
				 t->loss_sum / t->items);
			progress_update(t->t, extra);
			if (stop_requested() && t->step < per_epoch)
				return save(r, true, e) == 0 ? 1 : -1;
		}
		if (trainer_end_epoch(t, lr, &stop, e) != 0)
			return -1;
		log_row(r);
		if (stop_requested() || clock_seconds() - r->saved >= t->key.checkpoint) {
			if (save(r, true, e) != 0)
				return -1;
			if (stop_requested() && t->epoch < t->key.epochs && !stop)
				return 1;
		}
	}
	return 0;
}

/* One split of the data, or all of it when it has none or the operand already selects. */
static int open_data(int n, const char *const *spec, const char *layout, const char *split, struct dataset **d,
		     bool *found, struct err *e)
{
	struct dataset *all;
	const char *colon = strrchr(spec[0], ':');
	bool selects = colon && access(spec[0], F_OK) != 0;

	*d = NULL;
	*found = false;
	if (dataset_open_all(&all, n, spec, layout, e) != 0)
		return -1;
	*found = !selects && dataset_has_split(all, split);
	if (!*found) {
		*d = all;
		return 0;
	}
	int status = dataset_select(d, all, split, e);
	dataset_close(all);
	return status;
}

static int check_batch(const struct trainer *t, struct err *e)
{
	if (t->learner->needs_data && strcmp(t->optim.class->name, "lbfgs") == 0 && t->key.batch < t->n_items)
		return err_set(e, ERR_USAGE, "optim lbfgs works on full batches: set train.batch=%lld (it is %lld)",
			       (long long)t->n_items, (long long)t->key.batch);
	return 0;
}

static int finish(struct train *r, int status, struct err *e)
{
	int64_t epoch = r->t.epoch, of = r->t.key.epochs;

	progress_end();
	if (status == 0 && r->t.learner->finish)
		status = r->t.learner->finish(&r->t, &r->result, e);
	if (status == 0 && (status = save(r, false, e)) == 0) {
		unlink(r->checkpoint);
		if (strcmp(r->output, "-") != 0) /* there the model goes */
			str_add(r->o->text, str_text(&r->result));
	}
	if (status == 1) {
		log_note("stopped in epoch %lld of %lld: '%s' holds the state, --resume goes on", (long long)epoch + 1,
			 (long long)of, r->checkpoint);
		stop_finish();
		status = err_set(e, ERR_LOCKED, "%s: time limit reached in epoch %lld of %lld; --resume goes on",
				 r->output, (long long)epoch + 1, (long long)of);
	}
	return status;
}

static int run_epochs(struct train *r, int n, const char *const *spec, struct err *e)
{
	struct dataset *data = NULL, *valid = NULL;
	bool split = false, found;
	int status = n > 0 ? open_data(n, spec, r->o->layout, "train", &data, &split, e) : 0;

	if (status == 0 && r->o->valid)
		status = dataset_open(&valid, r->o->valid, r->o->layout, e);
	else if (status == 0 && split && strcmp(spec[0], "-") != 0) {
		status = open_data(n, spec, r->o->layout, "valid", &valid, &found, e);
		if (status == 0 && !found) {
			dataset_close(valid);
			valid = NULL;
		}
	}
	char *identity = data ? dataset_identity(data) : NULL;
	describe_run(r, identity);
	free(identity);
	/* a run that cron starts again after its end has nothing to do */
	bool resume = r->common->resume, part = resume && access(r->checkpoint, F_OK) == 0;
	bool finished = resume && !part && access(r->output, F_OK) == 0;
	if (status == 0 && finished)
		status = trainer_finished(r->output, r->config, (uint64_t)r->common->seed, e);
	else if (status == 0 && (status = trainer_open(&r->t, data, valid, e)) == 0 &&
		 (status = check_batch(&r->t, e)) == 0) {
		if (part)
			status = trainer_restore(&r->t, r->checkpoint, r->config, e);
		if (status == 0 && (status = open_log(r, e)) == 0) {
			stop_hold();
			stop_after(r->common->time_limit);
			status = epochs(r, e);
			if (close_log(r, status == 0 ? e : NULL) != 0 && status == 0)
				status = -1;
			status = finish(r, status, e);
			stop_release();
		}
	}
	dataset_close(data);
	dataset_close(valid);
	return status;
}

static int run_online(struct train *r, int n, const char *const *spec, struct err *e)
{
	const struct online_class *from_pipe = r->t.learner->online;
	struct dataset *valid = NULL;
	int status = 0;

	if (!from_pipe)
		return err_set(e, ERR_USAGE, "--online: objective %s does not learn from a pipe", r->t.learner->name);
	if (r->common->resume)
		return err_set(e, ERR_USAGE, "--resume: what has gone through a pipe does not come again (--online)");
	if (r->o->valid && dataset_open(&valid, r->o->valid, r->o->layout, e) != 0)
		return -1;
	describe_run(r, NULL);
	stop_hold();
	stop_after(r->common->time_limit);
	if ((status = open_log(r, e)) == 0) {
		struct online o = { .t = &r->t, .valid = valid, .layout = r->o->layout };

		status = from_pipe->open(&o, n, spec, e);
		while (status == 0) {
			int64_t rows = r->t.history.n_rows;

			if ((status = from_pipe->round(&o, e)) != 1)
				break;
			if (r->t.history.n_rows > rows) /* none when asked to stop before the first step */
				log_row(r);
			status = 0;
			if (stop_requested())
				break;
		}
		if (status == 2)
			status = 0;
		progress_end();
		if (status == 0)
			status = save(r, false, e);
		if (close_log(r, status == 0 ? e : NULL) != 0)
			status = -1;
		from_pipe->close(&o);
		if (status == 0 && stop_requested())
			stop_finish();
	}
	stop_release();
	dataset_close(valid);
	return status;
}

/* A configuration that lacks something, and an operand that is nothing: most likely a problem's name mistyped; or data,
 * where the equations are missing. */
static void blame_operand(const struct train *r, int n, const char *const *operand, struct err *e)
{
	for (int i = 0; i < n && r->t.learner && !r->t.learner->needs_data; i++)
		if (strcmp(operand[i], "-") != 0 && !strchr(operand[i], ':') && access(operand[i], F_OK) != 0)
			err_set(e, ERR_USAGE, "%s: no such file, and no shipped problem of this name", operand[i]);
		else if (!conf_at(r->setup.conf, "problem"))
			err_set(e, ERR_USAGE,
				"%s: holds data, objective %s needs a problem: name a shipped one, or a file",
				operand[i], r->t.learner->name);
}

static int run(const struct run_common *common, const struct train_options *o, const char *what, int n_data,
	       const char *const *data, struct err *e)
{
	struct train r = { .common = common, .o = o, .started = clock_seconds(), .lock = -1 };
	struct str path = { 0 };
	const char *input = "-";
	int status = configure(&r, what, e);

	if (status != 0)
		blame_operand(&r, n_data, data, e);
	r.saved = r.started;
	if (status == 0 && common->dry_run) {
		cfg_effective(r.setup.cfg, o->text);
	} else if (status == 0) {
		r.output = common->output ? xstrdup(common->output) : NULL;
		if (!r.output) {
			str_printf(&path, "%s.h5", r.t.network.class->name);
			r.output = xstrdup(path.text);
			str_free(&path);
		}
		/* one lock for the whole run; the writers lock the files themselves */
		str_printf(&path, "%s.run", r.output);
		bool pipe = strcmp(r.output, "-") == 0;
		if (pipe && (common->resume || (common->time_limit > 0 && !o->online)))
			status = err_set(e, ERR_USAGE, "a pipe cannot be resumed: no --resume, no --time-limit");
		if (status == 0)
			status = output_not_input(r.output, n_data, data, e);
		if (status == 0 && o->valid)
			status = output_not_input(r.output, 1, &o->valid, e);
		if (status == 0 && !pipe)
			status = output_lock(path.text, &r.lock, e);
		if (status == 0) {
			struct str c = { 0 };

			str_printf(&c, "%s.ckpt", r.output);
			r.checkpoint = c.text;
			if (n_data == 0 && r.t.learner->needs_data) {
				n_data = 1;
				data = &input;
			}
			status = o->online ? run_online(&r, n_data, data, e) : run_epochs(&r, n_data, data, e);
			if (!pipe)
				output_unlock(r.lock, path.text);
		}
		str_free(&path);
	}
	progress_end();
	trainer_close(&r.t);
	setup_close(&r.setup);
	free(r.output);
	free(r.checkpoint);
	free(r.config);
	free(r.inputs);
	str_free(&r.result);
	return status;
}

int train_run(const struct run_common *common, const struct train_options *o, const char *what, int n_data,
	      const char *const *data, struct err *e)
{
	struct run_common full = *common;
	const char **also = xcalloc((size_t)n_data + 1, sizeof *also),
		   **files = xcalloc((size_t)n_data + 1, sizeof *files);
	int n_also = 0, n_files = 0, status;

	for (int i = 0; i < n_data; i++)
		if (setup_is_configuration(data[i]))
			also[n_also++] = data[i];
		else
			files[n_files++] = data[i];
	full.n_also = n_also;
	full.also = also;
	status = run(&full, o, what, n_files, files, e);
	free(also);
	free(files);
	return status;
}

static void shipped(void *context, const char *name, const char *path, const char *summary)
{
	(void)path;
	str_printf(context, "  %-14s %s\n", name, summary);
}

void train_list(struct str *out)
{
	str_add(out, "configurations:\n");
	setup_each_shipped("model", shipped, out);
	str_add(out, "models:\n");
	for (int i = 0; model_files[i]; i++)
		for (int k = 0; model_files[i][k]; k++)
			str_printf(out, "  %-14s %s\n", model_files[i][k]->name, model_files[i][k]->summary);
	str_add(out, "objectives:\n");
	for (int i = 0; objective_files[i]; i++)
		for (int k = 0; objective_files[i][k]; k++)
			str_printf(out, "  %-14s %s\n", objective_files[i][k]->name, objective_files[i][k]->summary);
	for (int i = 0; learner_files[i]; i++)
		for (int k = 0; learner_files[i][k]; k++)
			if (learner_files[i][k]->config_size > 0) /* not the one behind the objectives above */
				str_printf(out, "  %-14s %s\n", learner_files[i][k]->name,
					   learner_files[i][k]->summary);
	str_add(out, "optimisers:\n");
	for (int i = 0; optim_files[i]; i++)
		for (int k = 0; optim_files[i][k]; k++)
			str_printf(out, "  %-14s %s\n", optim_files[i][k]->name, optim_files[i][k]->summary);
	str_add(out, "sections:\n  data           what goes in, what is predicted, normalisation\n"
		     "  train          epochs, batches, learning rate, checkpoints\n");
}

int train_describe(const char *name, bool man, struct str *out, struct err *e)
{
	const struct model_class *m = model_find(name);
	const struct objective_class *o = objective_find(name);
	const struct learner_class *l = learner_find(name);
	const struct optim_class *a = optim_find(name);

	if (strcmp(name, "train") == 0 || strcmp(name, "data") == 0) {
		help_keys_of(out, man, name);
		key_help(*name == 't' ? train_keys : task_keys, man, out);
		if (*name == 'd')
			key_help(network_keys, man, out);
		return 0;
	}
	char *path = !m && !o && !l && !a ? setup_shipped("model", name) : NULL;
	if (path) { /* the file says it best */
		struct conf *c = conf_new();
		const int status = conf_load(c, path, e);

		if (status == 0)
			conf_write(conf_root(c), out);
		conf_free(c);
		free(path);
		return status;
	}
	if (!m && !o && !l && !a)
		return err_set(e, ERR_USAGE, "no model, objective or optimiser '%s'; --list shows what there is", name);
	help_member(out, man, name, m ? m->summary : o ? o->summary : l ? l->summary : a->summary);
	help_label(out, man, "source", m ? m->source : o ? o->source : l ? l->source : a->source);
	help_label(out, man, "notes", m ? m->notes : l ? l->notes : NULL);
	help_keys_of(out, man, m ? "model" : o || l ? "objective" : "optim");
	key_help(m ? m->keys : o ? o->keys : l ? l->keys : a->keys, man, out);
	return 0;
}
