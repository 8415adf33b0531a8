/* online.c: the reservoir is the trainer's own cache of fields, grown to its capacity. */
#include "run/online.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/stop.h"
#include "learner/supervised.h"

/* Every cached field of a task, in a fixed order. */
static int fields(struct task *t, struct task_field **list)
{
	int n = 0;

	for (int i = 0; i < t->n_inputs; i++)
		list[n++] = &t->input[i];
	for (int i = 0; i < t->n_states; i++)
		list[n++] = &t->state[i];
	for (int i = 0; i < t->n_targets; i++)
		list[n++] = &t->target[i];
	if (t->n_queries)
		list[n++] = &t->query;
	return n;
}

static size_t row_bytes(const struct task *t, const struct task_field *f)
{
	return (size_t)(f->n_time * f->n_channel * f->n_points) * dtype_size(t->real);
}

static int grow(struct online *o, struct err *e)
{
	struct task *t = &supervised_of(o->t)->task;
	struct task_field *list[3 * TASK_FIELDS_MAX + 1];
	int n = fields(t, list);

	for (int i = 0; i < n; i++) {
		void *old = list[i]->cache, *wide = mem_new(o->capacity, row_bytes(t, list[i]), "train.reservoir", e);
		int64_t keep = o->filled < o->capacity ? o->filled : o->capacity;

		if (!wide)
			return -1;
		memcpy(wide, old, (size_t)keep * row_bytes(t, list[i]));
		free(old);
		list[i]->cache = wide;
	}
	return 0;
}

/* Samples of a new image into the reservoir: first fill it, then replace at random. */
static int take(struct online *o, struct dataset *d, struct err *e)
{
	struct trainer *t = o->t;
	struct task fresh, *task = &supervised_of(t)->task;
	struct task_field *to[3 * TASK_FIELDS_MAX + 1], *from[3 * TASK_FIELDS_MAX + 1];
	int64_t n = dataset_layout(d)->n_samples;

	if (task_open(&fresh, d, &t->task_key, 0, t->network.real, e) != 0)
		return -1;
	int n_fields = fields(task, to), m = fields(&fresh, from);
	if (m != n_fields || task_input_count(&fresh) != task_input_count(task) ||
	    task_target_count(&fresh) != task_target_count(task) || fresh.n_windows != task->n_windows) {
		task_close(&fresh);
		return err_set(e, ERR_USAGE, "%s: an image with other fields or shapes than the first",
			       dataset_name(d));
	}
	for (int64_t i = 0; i < n; i++, o->seen++) {
		int64_t slot = o->filled;

		if (o->filled < o->capacity)
			o->filled++;
		else
			slot = (int64_t)(rng_uniform_at(rng_stream(t->seed, "reservoir", 0, 0), (uint64_t)o->seen) *
					 (double)o->capacity);
		for (int k = 0; k < n_fields; k++) {
			size_t w = row_bytes(&fresh, from[k]);

			memcpy((char *)to[k]->cache + (size_t)slot * w, (const char *)from[k]->cache + (size_t)i * w,
			       w);
		}
	}
	o->fresh = n;
	task_close(&fresh);
	return 0;
}

static int online_open(struct online *o, int n, const char *const *spec, struct err *e)
{
	struct trainer *t = o->t;
	int got;

	if (stream_open(&o->stream, n, spec, o->layout, e) != 0)
		return -1;
	got = stream_next(o->stream, &o->first, e);
	if (got <= 0)
		return got == 0 ? err_set(e, ERR_FAIL, "%s: no data", spec[0]) : -1;
	t->online = true;
	int64_t batch = t->key.batch;
	t->task_key.memory = 1e15; /* the reservoir is the cache */
	if (trainer_open(t, o->first, o->valid, e) != 0)
		return -1;
	if (batch > t->n_items)
		log_note("train.batch: %lld, the first image holds %lld items", (long long)batch,
			 (long long)t->n_items);
	o->filled = o->fresh = o->seen = dataset_layout(o->first)->n_samples;
	o->capacity = t->key.reservoir > o->filled ? t->key.reservoir : o->filled;
	progress_begin("train", "sample", 0);
	return grow(o, e);
}

static int train_round(struct online *o, struct err *e)
{
	struct trainer *t = o->t;
	int64_t windows = supervised_of(t)->task.n_windows;
	int64_t steps = (o->fresh * windows * t->key.online_reuse + t->key.batch - 1) / t->key.batch;
	int64_t items = o->filled * windows;
	struct schedule s = { t->key.online_steps > 0 ? t->key.schedule : SCHEDULE_CONSTANT,
			      t->key.lr,
			      t->key.factor,
			      t->key.every,
			      t->key.warmup,
			      t->key.floor };
	double lr = t->key.lr, loss;
	bool stop;
	char extra[64];

	for (int64_t k = 0; k < steps && !stop_requested(); k++) {
		struct rng r = rng_stream(t->seed, "draw", (uint64_t)t->t, 0);

		for (int64_t i = 0; i < t->key.batch; i++)
			t->item[i] = (int64_t)(rng_uniform_at(r, (uint64_t)i) * (double)items);
		if (t->key.online_steps > 0)
			lr = schedule_lr(&s, t->t < t->key.online_steps ? t->t : t->key.online_steps - 1,
					 t->key.online_steps, steps, t->plateau_factor);
		if (trainer_step(t, t->key.batch, lr, &loss, e) != 0)
			return -1;
		snprintf(extra, sizeof extra, "step %lld loss %.4g", (long long)t->t, t->loss_sum / t->items);
		progress_update(o->seen, extra);
	}
	return t->items > 0 ? trainer_end_epoch(t, lr, &stop, e) : 0;
}

static int online_round(struct online *o, struct err *e)
{
	struct dataset *d;

	if (o->fresh == 0) {
		int got = stream_next(o->stream, &d, e);

		if (got <= 0)
			return got == 0 ? 2 : -1;
		int status = take(o, d, e);
		dataset_close(d);
		if (status != 0)
			return -1;
	}
	int status = train_round(o, e);
	o->fresh = 0;
	return status == 0 ? 1 : -1;
}

static void online_close(struct online *o)
{
	stream_close(o->stream);
	dataset_close(o->first);
}

const struct online_class supervised_online = { online_open, online_round, online_close };
