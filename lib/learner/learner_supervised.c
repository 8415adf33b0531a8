/* learner_supervised.c: pairs of a data set: a network's prediction against a target, by a member of objective/. */
#include <stdlib.h>

#include "base/mem.h"
#include "learner/supervised.h"

struct supervised *supervised_of(const struct trainer *t)
{
	return t->learning;
}

static int64_t rollout_of(const struct trainer *t)
{
	return supervised_of(t)->task.kind == TASK_STEP ? t->task_key.rollout : 1;
}

static int allocate_batch(struct trainer *t, struct err *e)
{
	struct supervised *s = t->learning;
	size_t w = dtype_size(t->network.real);
	int64_t n = t->key.batch < t->n_items ? t->key.batch : t->n_items, frames = rollout_of(t);

	s->x = mem_new(mem_times(n, task_input_count(&s->task)), w, "a batch of inputs", e);
	s->query = mem_new(mem_times(n, task_query_count(&s->task) + 1), w, "a batch of query points", e);
	s->target = xcalloc((size_t)frames, sizeof *s->target);
	if (!s->x || !s->query)
		return -1;
	for (int64_t k = 0; k < frames; k++)
		if (!(s->target[k] = mem_new(mem_times(n, task_target_count(&s->task)), w, "a batch of targets", e)))
			return -1;
	return 0;
}

static int open_task(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	struct supervised *s = t->learning = xcalloc(1, sizeof *s);
	struct network *n = &t->network;

	if (task_open(&s->task, data, &t->task_key, 0, n->real, e) != 0)
		return -1;
	n->spec = s->task.spec;
	if (valid) {
		if (task_open(&s->valid_task, valid, &t->task_key, 1, n->real, e) != 0)
			return err_in(e, "validation data");
		t->has_score = true;
	}
	t->n_items = s->task.n_items;
	if (network_start(n, &s->task, t->seed, e) != 0)
		return -1;
	s->judged = *n;
	if (valid && network_fit(&s->judged, &s->valid_task, e) != 0)
		return err_in(e, "validation data");
	return allocate_batch(t, e);
}

static void close_task(struct trainer *t)
{
	struct supervised *s = t->learning;

	if (!s)
		return;
	for (int i = 0; i < 2; i++)
		compiled_free(s->compiled[i]);
	predictor_free(s->judge);
	for (int64_t k = 0; s->target && k < rollout_of(t); k++)
		free(s->target[k]);
	task_close(&s->task);
	if (t->has_score)
		task_close(&s->valid_task);
	free(s->x);
	free(s->query);
	free(s->target);
	free(s);
	t->learning = NULL;
}

static int load(struct trainer *t, struct err *e)
{
	struct supervised *s = t->learning;

	return task_load(&s->task, t->batch_n, t->item, s->x, s->query, s->target, e);
}

static struct compiled *compiled_for(struct trainer *t, int64_t n, struct err *e)
{
	struct supervised *s = t->learning;
	int slot = n == t->key.batch ? 0 : 1;

	if (s->compiled[slot] && compiled_batch(s->compiled[slot]) != n) {
		compiled_free(s->compiled[slot]);
		s->compiled[slot] = NULL;
	}
	if (!s->compiled[slot])
		s->compiled[slot] = compiled_new(t, n, e);
	return s->compiled[slot];
}

static int evaluate(struct trainer *t, double *loss, struct err *e)
{
	struct compiled *c = compiled_for(t, t->batch_n, e);

	return c ? compiled_run(c, t, loss, e) : -1;
}

/* rel_l2 on the validation data, whatever is minimised: histories of different objectives can be compared. */
static int judge(struct trainer *t, struct params *p, double *score, struct err *e)
{
	struct supervised *s = t->learning;
	const struct objective_class *o = objective_find("rel_l2");
	void *config = xcalloc(1, o->config_size);
	struct conf *none = conf_new();
	struct cfg *defaults = cfg_new(none);

	cfg_section(defaults, "objective", 1, &(struct key_table){ o->keys, config });
	if (!s->judge) {
		s->judged = t->network;
		s->judged.spec = s->valid_task.spec;
		s->judged.key.encoded_loss = false;
		s->judged.params = *p;
		s->judge = predictor_new(&s->judged);
	}
	int status = predictor_score(s->judge, &s->valid_task, o, config, t->key.batch, score, e);
	cfg_free(defaults);
	conf_free(none);
	free(config);
	return status;
}

static const struct key no_keys[] = { KEY_END };

static const struct learner_class supervised = {
	.name = "supervised",
	.summary = "predictions against targets of a data set, by one of the objectives",
	.keys = no_keys,
	.needs_data = true,
	.constrains = true,
	.online = &supervised_online,
	.score = "valid_rel_l2",
	.open = open_task,
	.close = close_task,
	.load = load,
	.evaluate = evaluate,
	.judge = judge,
	.test_config = "problem: {name: heat, grid: 16}\n"
		       "gen: {samples: 16}\n"
		       "model: {name: fno, width: 4, modes: 4, layers: 2}\n"
		       "objective: rel_l2\n"
		       "train: {epochs: 20, batch: 4, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_supervised[] = { &supervised, NULL };
