/* model_file.c: saving and restoring models and training runs. */
#include "run/model_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "run/trainer.h"

static void put_history(struct h5out *w, const struct history *h)
{
	h5out_table(w, "history", h->n_columns, (const char *const *)h->name, h->n_rows, h->value);
}

static struct params *learner_state(const struct trainer *t)
{
	return t->learner->state ? t->learner->state((struct trainer *)t) : NULL;
}

/* Everything that decides the next step's bits. */
static void put_position(struct h5out *w, const struct trainer *t)
{
	const int64_t count[] = { t->epoch, t->step, t->t, t->optim.t, t->best_epoch, t->plateau_epoch };
	const double number[] = { t->loss_sum, t->items, t->best_score, t->plateau_factor };

	h5out_longs(w, "position/counts", (int64_t)(sizeof count / sizeof *count), count);
	h5out_doubles(w, "position/numbers", (int64_t)(sizeof number / sizeof *number), number);
	checkpoint_put_params(w, "optim", &t->optim.state);
	if (t->average.n > 0)
		checkpoint_put_params(w, "average", &t->average);
	if (t->best.n > 0)
		checkpoint_put_params(w, "best", &t->best);
	struct params *own = learner_state(t);
	if (own)
		checkpoint_put_params(w, "learner", own);
}

int trainer_save(const struct trainer *t, const char *path, bool checkpoint, const struct model_file_text *m,
		 struct err *e)
{
	const struct params *p = &t->network.params;
	struct h5_meta meta = { .command = m->command,
				.config = m->config,
				.inputs = m->inputs,
				.seed = (int64_t)t->seed,
				.kind = checkpoint ? "checkpoint" : "model" };
	const struct model_spec *s = &t->network.spec;
	struct h5out *w = h5out_open(path, e);

	if (!w)
		return -1;
	if (!checkpoint && t->best.n > 0)
		p = &t->best;
	else if (!checkpoint && t->average.n > 0)
		p = &t->average;
	checkpoint_put_params(w, "param", p);
	const int64_t spec[] = { s->n_dims, s->size[0], s->size[1],    s->size[2], s->n_in,
				 s->n_out,  s->n_query, s->query_dims, s->n_vector };
	h5out_longs(w, "spec", (int64_t)(sizeof spec / sizeof *spec), spec);
	if (checkpoint)
		put_position(w, t);
	else if (t->learner->layout)
		h5out_fields(w, t->learner->layout(t));
	if (m->result && *m->result)
		h5out_text(w, "/param", "result", m->result);
	if (t->history.n_rows > 0)
		put_history(w, &t->history);
	h5out_meta(w, &meta);
	return h5out_close(w, e);
}

/* A table as h5out_table wrote it. */
static int read_history(struct history *h, const struct checkpoint *c, struct err *e)
{
	char *order = checkpoint_text(c, "history", "columns"), *rest = order;
	char path[128];
	int status = order ? 0 : err_set(e, ERR_FAIL, "history: no attribute 'columns'");

	history_free(h);
	for (char *name; status == 0 && (name = strtok_r(rest, " ", &rest));)
		history_add_column(h, name);
	for (int k = 0; k < h->n_columns && status == 0; k++) {
		struct tensor t;

		snprintf(path, sizeof path, "history/%s", h->name[k]);
		if ((status = checkpoint_get(c, path, &t, e)) != 0)
			break;
		while (k == 0 && h->n_rows < shape_count(&t.shape))
			history_new_row(h);
		for (int64_t i = 0; i < h->n_rows && i < shape_count(&t.shape); i++)
			h->value[i * h->n_columns + k] = tensor_get(&t, i);
		tensor_free(&t);
	}
	free(order);
	return status;
}

static int check_config(const struct checkpoint *c, const char *path, const char *config, uint64_t seed, struct err *e)
{
	char *was = checkpoint_text(c, "/meta", "config");
	bool same = was && strcmp(was, config) == 0;
	int64_t sown;

	free(was);
	if (checkpoint_long(c, "/meta", "seed", &sown, e) != 0)
		return -1;
	if (same && sown != (int64_t)seed)
		return err_set(e, ERR_USAGE, "%s: the seed was %lld, now it is %lld", path, (long long)sown,
			       (long long)seed);
	return same ? 0
		    : err_set(e, ERR_USAGE,
			      "%s: written by a run with another configuration; use the same, or start without "
			      "--resume",
			      path);
}

int trainer_restore(struct trainer *t, const char *path, const char *config, struct err *e)
{
	struct checkpoint *c;
	double counted[6], number[4];
	int status = -1;

	if (checkpoint_open(&c, path, "checkpoint", e) != 0)
		return -1;
	if (check_config(c, path, config, t->seed, e) != 0)
		goto out;
	if (checkpoint_load_params(c, "param", &t->network.params, e) != 0 ||
	    checkpoint_load_params(c, "optim", &t->optim.state, e) != 0 ||
	    checkpoint_get_into(c, "position/numbers", DTYPE_F64, 4, number, e) != 0 ||
	    (t->average.n > 0 && checkpoint_load_params(c, "average", &t->average, e) != 0) ||
	    (t->best.n > 0 && checkpoint_load_params(c, "best", &t->best, e) != 0) ||
	    (learner_state(t) && checkpoint_load_params(c, "learner", learner_state(t), e) != 0))
		goto out;
	if (checkpoint_get_into(c, "position/counts", DTYPE_F64, 6, counted, e) != 0)
		goto out;
	for (int k = 0; k < 6; k++)
		if (!(counted[k] >= 0 && counted[k] <= 1e15)) {
			err_set(e, ERR_FAIL, "%s: number %d of position/counts is %g: damaged", path, k, counted[k]);
			goto out;
		}
	t->epoch = (int64_t)counted[0];
	t->step = (int64_t)counted[1];
	t->t = (int64_t)counted[2];
	t->optim.t = (int64_t)counted[3];
	t->best_epoch = (int64_t)counted[4];
	t->plateau_epoch = (int64_t)counted[5];
	t->loss_sum = number[0];
	t->items = number[1];
	t->best_score = number[2];
	t->plateau_factor = number[3];
	if (checkpoint_has(c, "history/epoch") && read_history(&t->history, c, e) != 0)
		goto out;
	trainer_shuffle(t);
	status = 0;
out:
	checkpoint_close(c);
	return status == 0 ? 0 : err_in(e, "--resume");
}

int trainer_finished(const char *path, const char *config, uint64_t seed, struct err *e)
{
	struct checkpoint *c;

	if (checkpoint_open(&c, path, "model", e) != 0)
		return err_in(e, "--resume");
	int status = check_config(c, path, config, seed, e);
	checkpoint_close(c);
	return status == 0 ? 0 : err_in(e, "--resume");
}

/* ---- reading models ---- */

static char *identity(const char *path, const struct params *p)
{
	const char *slash = strrchr(path, '/');
	struct str s = { 0 };
	uLong crc = crc32(0, NULL, 0);

	for (int i = 0; i < p->n; i++)
		crc = crc32(crc, p->at[i].value.data, (uInt)tensor_bytes(&p->at[i].value));
	str_printf(&s, "%s crc32=%08lx", slash ? slash + 1 : path, crc);
	return s.text;
}

static int read_config(struct model_file *m, const char *path, const char *text, const struct run_common *common,
		       struct err *e)
{
	struct network *n = &m->network;
	struct key_table data[2] = { { task_keys, &m->task_key }, { network_keys, &n->key } };

	if (setup_open_text(&m->setup, common, text, path, e) != 0)
		return -1;
	const char *name = cfg_name(m->setup.cfg, "model", "");
	n->class = model_find(name);
	if (!n->class && cfg_done(m->setup.cfg, e) != 0) /* a misspelt section of -s */
		return -1;
	if (!n->class)
		return err_set(e, ERR_FAIL, "%s: model '%s' is not known to this version", path, name);
	n->config = xcalloc(1, n->class->config_size);
	cfg_section(m->setup.cfg, "model", 1, &(struct key_table){ n->class->keys, n->config });
	cfg_section(m->setup.cfg, "data", 2, data);
	n->task = &m->task_key;
	n->real = n->key.real == 0 ? DTYPE_F32 : DTYPE_F64;
	return cfg_done(m->setup.cfg, e);
}

/* The shapes that the network was made for, as they were written; the rest of the program may rely on them. */
static int read_spec(const struct checkpoint *c, const char *path, struct model_spec *s, struct err *e)
{
	const double most = 1 << 30, all = 0x1p50;
	double v[9], points = 1;

	if (checkpoint_get_into(c, "spec", DTYPE_F64, 9, v, e) != 0)
		return -1;
	for (int k = 0; k < 9; k++)
		if (!(v[k] >= 0 && v[k] <= (k == 0 ? 3 : most)) || v[k] != floor(v[k]))
			return err_set(e, ERR_FAIL, "%s: number %d of /spec is %g: damaged", path, k, v[k]);
	for (int d = 0; d < (int)v[0]; d++)
		points *= v[1 + d];
	if (points < 1 || points * (v[4] + v[5]) > all)
		return err_set(e, ERR_FAIL, "%s: /spec has %g points, %g channels in and %g out: damaged", path, points,
			       v[4], v[5]);
	s->n_dims = (int)v[0];
	for (int d = 0; d < 3; d++)
		s->size[d] = (int64_t)v[1 + d];
	s->n_in = (int64_t)v[4];
	s->n_out = (int64_t)v[5];
	s->n_query = (int64_t)v[6];
	s->query_dims = (int64_t)v[7];
	s->n_vector = (int64_t)v[8];
	return 0;
}

int model_file_open(struct model_file *m, const char *path, const struct run_common *common, struct err *e)
{
	struct checkpoint *c;
	int status = -1;

	memset(m, 0, sizeof *m);
	if (checkpoint_open(&c, path, "model", e) != 0)
		return -1;
	char *text = checkpoint_text(c, "/meta", "config");
	if (!text)
		err_set(e, ERR_FAIL, "%s: no configuration in /meta", path);
	else if (read_config(m, path, text, common, e) == 0 &&
		 checkpoint_get_params(c, "param", &m->network.params, e) == 0 &&
		 read_spec(c, path, &m->network.spec, e) == 0 && checkpoint_layout(c, &m->makes, e) == 0 &&
		 (!checkpoint_has(c, "history/epoch") || read_history(&m->history, c, e) == 0))
		status = 0;
	free(text);
	m->result = checkpoint_has(c, "param") ? checkpoint_text(c, "/param", "result") : NULL;
	checkpoint_close(c);
	if (status != 0) {
		model_file_close(m);
		return -1;
	}
	m->identity = identity(path, &m->network.params);
	return 0;
}

void model_file_close(struct model_file *m)
{
	network_free(&m->network);
	setup_close(&m->setup);
	history_free(&m->history);
	layout_free(&m->makes);
	free(m->identity);
	free(m->result);
	memset(m, 0, sizeof *m);
}
