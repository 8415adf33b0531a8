/* trained.c: see trained.h. */
#include "trained.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

static double bump(int field, int64_t i)
{
	return rng_normal_at(rng_stream(5, "data", (uint64_t)field, 0), (uint64_t)i);
}

struct dataset *trained_numbers(int64_t samples, int64_t points, bool periodic)
{
	struct layout l = { .n_samples = samples };
	struct err e = { 0 };
	struct dataset *d;
	void *data[3];
	int t = layout_add_axis(&l, "t", AXIS_TIME, TIMES, NULL, false, 0),
	    c = layout_add_axis(&l, "channel", AXIS_CHANNEL, 2, NULL, false, 0),
	    x = layout_add_axis(&l, "x", AXIS_SPACE, points, NULL, periodic, 1);
	const int64_t count[3] = { 2, 2, TIMES };

	layout_add_field(&l, "a", DTYPE_F64, ROLE_NONE, 2, (int[]){ c, x });
	layout_add_field(&l, "b", DTYPE_F64, ROLE_NONE, 2, (int[]){ c, x });
	layout_add_field(&l, "u", DTYPE_F64, ROLE_NONE, 2, (int[]){ t, x });
	for (int f = 0; f < 3; f++) {
		int64_t n = samples * count[f] * points;
		double *v = xmalloc((size_t)n * sizeof *v);

		for (int64_t i = 0; i < n; i++) {
			double at = (double)(i % points), of = (double)(i / points % count[f]);

			v[i] = f == 2 ? 0.3 * bump(f, i) : 3 * of - at + (1 + f + of + 0.2 * at) * bump(f, i);
		}
		data[f] = v;
	}
	ck_assert_msg(dataset_from_memory(&d, "set", "memory", &l, data, &e) == 0, "%s", e.message);
	return d;
}

static const struct key no_keys[] = { KEY_END };

void trained_open_on(struct run *r, struct dataset *data, struct dataset *valid, uint64_t seed, const char *text)
{
	struct err e = { 0 };
	struct trainer *t = &r->t;

	memset(r, 0, sizeof *r);
	r->data = data;
	r->valid = valid;
	r->conf = conf_new();
	ck_assert_msg(conf_load_text(r->conf, text, "test", &e) == 0, "%s", e.message);
	r->reader = cfg_new(r->conf);
	t->seed = seed;
	t->network.class = model_find(cfg_name(r->reader, "model", NULL));
	ck_assert_ptr_nonnull(t->network.class);
	t->network.config = xcalloc(1, t->network.class->config_size);
	cfg_section(r->reader, "model", 1, &(struct key_table){ t->network.class->keys, t->network.config });
	cfg_section(r->reader, "data", 2,
		    (struct key_table[]){ { task_keys, &t->task_key }, { network_keys, &t->network.key } });
	t->learner = learner_find("supervised");
	t->objective = objective_find("mse");
	t->objective_config = xcalloc(1, t->objective->config_size + 1);
	cfg_section(r->reader, "objective", 1,
		    &(struct key_table){ t->objective->keys ? t->objective->keys : no_keys, t->objective_config });
	t->optim.class = optim_find("sgd");
	t->optim_config = xcalloc(1, t->optim.class->config_size);
	cfg_section(r->reader, "optim", 1, &(struct key_table){ t->optim.class->keys, t->optim_config });
	cfg_section(r->reader, "train", 1, &(struct key_table){ train_keys, &t->key });
	ck_assert_msg(cfg_done(r->reader, &e) == 0, "%s", e.message);
	ck_assert_msg(trainer_open(t, data, valid, &e) == 0, "%s", e.message);
}

void fixture_trained_open(struct run *r, uint64_t seed, const char *text)
{
	trained_open_on(r, trained_numbers(SAMPLES, POINTS, true), NULL, seed, text);
}

void fixture_trained_close(struct run *r)
{
	trainer_close(&r->t);
	dataset_close(r->data);
	dataset_close(r->valid);
	cfg_free(r->reader);
	conf_free(r->conf);
}

double *trained_values(struct run *r, const char *name)
{
	int k = params_find(&r->t.network.params, name);

	ck_assert_msg(k >= 0, "no parameter %s", name);
	return r->t.network.params.at[k].value.data;
}

void trained_zero(struct run *r, const char *name)
{
	int k = params_find(&r->t.network.params, name);

	memset(trained_values(r, name), 0, tensor_bytes(&r->t.network.params.at[k].value));
}

void trained_load(struct trainer *t, int64_t n, int64_t first)
{
	struct err e = { 0 };

	t->batch_n = n;
	for (int64_t i = 0; i < n; i++)
		t->item[i] = first + i;
	ck_assert_msg(t->learner->load(t, &e) == 0, "%s", e.message);
}

void trained_predict(struct run *r, int64_t n, const double *x, double *out)
{
	struct predictor *p = predictor_new(&r->t.network);
	struct err e = { 0 };

	ck_assert_msg(predictor_run(p, n, x, NULL, out, &e) == 0, "%s", e.message);
	predictor_free(p);
}

double trained_step(struct run *r, int64_t n, int64_t first, double lr)
{
	struct err e = { 0 };
	double loss;

	for (int64_t i = 0; i < n; i++)
		r->t.item[i] = first + i;
	ck_assert_msg(trainer_step(&r->t, n, lr, &loss, &e) == 0, "%s", e.message);
	return loss;
}

void trained_epoch(struct run *r, double lr, bool *stop)
{
	struct err e = { 0 };
	int64_t batch = r->t.key.batch, items = r->t.n_items;

	for (int64_t at = 0; at < items; at += batch)
		trained_step(r, items - at < batch ? items - at : batch, at, lr);
	ck_assert_msg(trainer_end_epoch(&r->t, lr, stop, &e) == 0, "%s", e.message);
}

struct trained_scene trained_scene_open(const char *model)
{
	struct trained_scene s = { .network = { .class = model_find("vector-field"), .real = DTYPE_F64 } };
	struct err e = { 0 };

	s.conf = conf_new();
	ck_assert_int_eq(conf_load_text(s.conf, model, "test", &e), 0);
	s.reader = cfg_new(s.conf);
	s.network.config = xcalloc(1, s.network.class->config_size);
	cfg_section(s.reader, "model", 1, &(struct key_table){ s.network.class->keys, s.network.config });
	ck_assert_msg(cfg_done(s.reader, &e) == 0, "%s", e.message);
	return s;
}

void trained_scene_close(struct trained_scene *s)
{
	network_free(&s->network);
	cfg_free(s->reader);
	conf_free(s->conf);
}
