/* learn.c: reading a configuration as sciml-train does, one step, its loss. */
#include "learn.h"

#include <stdlib.h>

#include "base/mem.h"
#include "bench.h"

/* A learner of the name in section objective, or the supervised one with the objective of that name. */
static void choose_learner(struct learn *l)
{
	struct trainer *t = &l->t;
	const char *name = cfg_name(l->reader, "objective", "rel_l2");
	const struct key *keys;

	t->learner = learner_find(name);
	if (!t->learner) {
		t->learner = learner_find("supervised");
		t->objective = objective_find(name);
	}
	keys = t->objective ? t->objective->keys : t->learner->keys;
	t->objective_config = xcalloc(1, (t->objective ? t->objective->config_size : t->learner->config_size) + 1);
	cfg_section(l->reader, "objective", 1, &(struct key_table){ keys, t->objective_config });
}

int learn_configure(struct learn *l, const char *text, struct err *e)
{
	struct trainer *t = &l->t;
	struct cfg *c;

	l->conf = conf_new();
	if (conf_load_text(l->conf, text, "case", e) != 0)
		return -1;
	c = l->reader = cfg_new(l->conf);
	t->network.class = model_find(cfg_name(c, "model", NULL));
	t->network.config = xcalloc(1, t->network.class->config_size);
	cfg_section(c, "model", 1, &(struct key_table){ t->network.class->keys, t->network.config });
	cfg_section(c, "data", 2,
		    (struct key_table[]){ { task_keys, &t->task_key }, { network_keys, &t->network.key } });
	choose_learner(l);
	t->optim.class = optim_find(cfg_name(c, "optim", "adam"));
	t->optim_config = xcalloc(1, t->optim.class->config_size);
	cfg_section(c, "optim", 1, &(struct key_table){ t->optim.class->keys, t->optim_config });
	cfg_section(c, "train", 1, &(struct key_table){ train_keys, &t->key });
	if (t->learner->configure && t->learner->configure(t, c, e) != 0)
		return -1;
	return cfg_done(c, e);
}

void learn_close(void *learn)
{
	struct learn *l = learn;

	trainer_close(&l->t);
	dataset_close(l->data);
	cfg_free(l->reader);
	conf_free(l->conf);
	free(l);
}

int learn_put_weights(const struct learn *l, const char *dir, struct err *e)
{
	const struct params *p = &l->t.network.params;

	for (int i = 0; i < p->n; i++)
		if (bench_put(dir, p->at[i].name, &p->at[i].value, e) != 0)
			return -1;
	return 0;
}

int learn_run(void *learn, struct err *e)
{
	struct learn *l = learn;

	return trainer_step(&l->t, l->t.key.batch, 1e-3, &l->loss, e);
}

int learn_result(void *learn, double *value)
{
	value[0] = ((struct learn *)learn)->loss;
	return 1;
}
