/* task.c: choosing fields by role or name, checking that they fit, and counting windows. */
#include "run/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "run/task_read.h"

enum { TIME_AUTO, TIME_STEP, TIME_CHANNEL, TIME_SPACE };
static const char *const missing_names[] = { "refuse", "zero", NULL };
static const char *const time_names[] = { "auto", "step", "channel", "space", NULL };

const struct key task_keys[] = {
	KEY_TEXTS(struct task_config, input, "[]",
		  "fields that go in; empty: those the file marks as input, with trajectories none but their history"),
	KEY_TEXTS(struct task_config, target, "[]",
		  "fields to predict; empty: those the file marks as target or trajectory"),
	KEY_ONE_OF(struct task_config, time, "auto", time_names,
		   "trajectories: step (frames -> next frame), channel (frames are channels of a map), space (time is "
		   "the last space axis)"),
	KEY_INT(struct task_config, history, "1", 1, 10000, "frames of a trajectory that the model sees"),
	KEY_INT(struct task_config, rollout, "1", 1, 100000, "frames predicted one after another in a training item"),
	KEY_INTS(struct task_config, frames, "[]", 0, 1e9, "first and last frame used; empty: all"),
	KEY_INT(struct task_config, reduce, "1", 1, 100000, "take every n-th point of each space axis"),
	KEY_INT(struct task_config, reduce_time, "1", 1, 100000, "take every n-th frame"),
	KEY_ONE_OF(struct task_config, missing, "refuse", missing_names,
		   "values of a measured field that are missing: an error, or taken as 0"),
	KEY_REAL(struct task_config, memory, "4e9", 0, 1e15,
		 "bytes of fields kept in memory; larger sets are read batch by batch"),
	KEY_END,
};

static const struct axis *axis_of(const struct task *t, const struct field *f, enum axis_kind kind)
{
	const struct layout *l = dataset_layout(t->data);

	for (int i = 0; i < f->n_axes; i++)
		if (l->axis[f->axis[i]].kind == kind)
			return &l->axis[f->axis[i]];
	return NULL;
}

static int64_t reduced(int64_t n, int64_t stride)
{
	return (n + stride - 1) / stride;
}

static const struct field *field_at(const struct task *t, int index)
{
	return &dataset_layout(t->data)->field[index];
}

static struct task_field describe(const struct task *t, int index)
{
	const struct layout *l = dataset_layout(t->data);
	const struct field *f = &l->field[index];
	struct task_field r = { .index = index, .n_time = 1, .n_channel = 1, .n_points = 1 };

	for (int i = 0; i < f->n_axes; i++) {
		const struct axis *a = &l->axis[f->axis[i]];

		switch (a->kind) {
		case AXIS_TIME:
			r.n_time = a->size;
			r.has_time = true;
			break;
		case AXIS_CHANNEL:
			r.n_channel *= a->size;
			break;
		case AXIS_SPACE:
			r.n_points *= reduced(a->size, t->config->reduce);
			break;
		case AXIS_POINT:
			r.n_points *= a->size;
			break;
		}
	}
	return r;
}

static int add_field(struct task_field *list, int *n, struct task_field f, struct err *e)
{
	if (*n >= TASK_FIELDS_MAX)
		return err_set(e, ERR_USAGE, "more than %d fields", TASK_FIELDS_MAX);
	list[(*n)++] = f;
	return 0;
}

static int named(const struct task *t, const char *name, const char *key, struct err *e)
{
	const struct layout *l = dataset_layout(t->data);
	int k = layout_find_field(l, name);

	if (k < 0) {
		const char **have = xcalloc((size_t)l->n_fields + 1, sizeof *have);
		struct str all = { 0 };

		for (int i = 0; i < l->n_fields; i++) {
			have[i] = l->field[i].name;
			str_printf(&all, "%s%s", i ? ", " : "", have[i]);
		}
		const char *near = str_nearest(name, l->n_fields, have);
		err_set(e, ERR_USAGE, "%s: data.%s: no field '%s' (there are %s)%s%s%s", dataset_name(t->data), key,
			name, str_text(&all), near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		str_free(&all);
		free(have);
	}
	return k;
}

/* Indices of the fields asked for by name, or of those with one of two roles. */
static int choose(const struct task *t, const struct key_strings *names, const char *key, enum field_role a,
		  enum field_role b, int *list, struct err *e)
{
	const struct layout *l = dataset_layout(t->data);
	int n = 0;

	for (int i = 0; i < names->n && n < TASK_FIELDS_MAX; i++) {
		if ((list[n] = named(t, names->at[i], key, e)) < 0)
			return -1;
		n++;
	}
	for (int i = 0; names->n == 0 && i < l->n_fields && n < TASK_FIELDS_MAX; i++)
		if (l->field[i].role == a || l->field[i].role == b)
			list[n++] = i;
	return n;
}

/* The space axes of field f become (or must equal) the model's; an input may also have none: it is the same
 * everywhere. */
static int take_space(struct task *t, int index, bool first, struct err *e)
{
	const struct layout *l = dataset_layout(t->data);
	const struct field *f = &l->field[index];
	int d = 0;

	for (int i = 0; i < f->n_axes; i++) {
		const struct axis *a = &l->axis[f->axis[i]];

		if (a->kind == AXIS_POINT)
			return err_set(e, ERR_USAGE,
				       "%s: field '%s' lies on points (axis %s); only the target of a map and its "
				       "query field may",
				       dataset_name(t->data), f->name, a->name);
		if (a->kind != AXIS_SPACE)
			continue;
		if (d >= 3)
			return err_set(e, ERR_USAGE, "%s: field '%s' has more than 3 space axes", dataset_name(t->data),
				       f->name);
		int64_t size = reduced(a->size, t->config->reduce);
		if (first) {
			t->spec.size[d] = size;
			t->spec.periodic[d] = a->periodic;
			t->spec.length[d] = a->length;
		} else if (d < t->spec.n_dims && t->spec.size[d] != size) {
			return err_set(
				e, ERR_USAGE, "%s: field '%s' has %lld points on axis %s, the other fields have %lld",
				dataset_name(t->data), f->name, (long long)size, a->name, (long long)t->spec.size[d]);
		}
		d++;
	}
	if (first)
		t->spec.n_dims = d;
	else if (d != t->spec.n_dims && d != 0)
		return err_set(e, ERR_USAGE, "%s: field '%s' has %d space axes, the other fields have %d",
			       dataset_name(t->data), f->name, d, t->spec.n_dims);
	return 0;
}

/* What is predicted lives on the whole grid. */
static int take_target_space(struct task *t, int index, bool first, struct err *e)
{
	if (take_space(t, index, first, e) != 0)
		return -1;
	if (t->spec.n_dims > 0 && !axis_of(t, field_at(t, index), AXIS_SPACE))
		return err_set(e, ERR_USAGE, "%s: field '%s' has no space axes, the other fields have %d",
			       dataset_name(t->data), field_at(t, index)->name, t->spec.n_dims);
	return 0;
}

static int frame_range(struct task *t, int64_t n_time, struct err *e)
{
	const struct key_longs *fr = &t->config->frames;
	int64_t last = n_time - 1;

	t->first_frame = 0;
	if (fr->n == 2) {
		t->first_frame = fr->at[0];
		last = fr->at[1];
	} else if (fr->n != 0) {
		return err_set(e, ERR_USAGE, "data.frames: needs two numbers, the first and the last frame");
	}
	if (last >= n_time || t->first_frame > last)
		return err_set(e, ERR_USAGE, "%s: data.frames: %lld to %lld, the trajectory has frames 0 to %lld",
			       dataset_name(t->data), (long long)t->first_frame, (long long)last,
			       (long long)n_time - 1);
	t->n_frames = (last - t->first_frame) / t->config->reduce_time + 1;
	return 0;
}

static int open_states(struct task *t, int n_inputs, const int *input, int n_targets, const int *target,
		       int64_t rollout, struct err *e)
{
	int64_t n_time = describe(t, target[0]).n_time, channels = 0;

	for (int i = 0; i < n_targets; i++) {
		struct task_field f = describe(t, target[i]);

		if (!f.has_time || f.n_time != n_time)
			return err_set(e, ERR_USAGE, "%s: trajectory field '%s' has %lld frames, '%s' has %lld",
				       dataset_name(t->data), field_at(t, target[i])->name, (long long)f.n_time,
				       field_at(t, target[0])->name, (long long)n_time);
		if (take_target_space(t, target[i], i == 0, e) != 0 || add_field(t->state, &t->n_states, f, e) != 0)
			return -1;
		channels += f.n_channel;
	}
	t->spec.n_out = channels;
	t->spec.n_state = channels;
	t->spec.n_in = channels * t->config->history;
	/* unless asked for by name: an initial state stored beside its trajectory says nothing new */
	for (int i = 0; i < n_inputs && t->config->input.n > 0; i++) {
		struct task_field f = describe(t, input[i]);

		if (f.has_time)
			return err_set(e, ERR_USAGE, "%s: data.input: field '%s' has a time axis; list it as target",
				       dataset_name(t->data), field_at(t, input[i])->name);
		if (take_space(t, input[i], false, e) != 0 || add_field(t->input, &t->n_inputs, f, e) != 0)
			return -1;
		t->spec.n_in += f.n_channel;
	}
	if (frame_range(t, n_time, e) != 0)
		return -1;
	if (t->kind == TASK_SPACETIME) {
		int64_t later = t->n_frames - t->config->history;

		if (later < 1 || t->spec.n_dims >= 3)
			return err_set(e, ERR_USAGE,
				       "%s: data.time: space needs more than %lld frames and at most 2 space axes",
				       dataset_name(t->data), (long long)t->config->history);
		t->spec.size[t->spec.n_dims] = later;
		t->spec.periodic[t->spec.n_dims] = false;
		t->spec.length[t->spec.n_dims++] = 1;
		t->n_windows = 1;
	} else {
		t->n_windows = t->n_frames - t->config->history - rollout + 1;
		if (t->n_windows < 1)
			return err_set(e, ERR_USAGE,
				       "%s: %lld frames are too few for data.history %lld and %lld predicted frames",
				       dataset_name(t->data), (long long)t->n_frames, (long long)t->config->history,
				       (long long)rollout);
	}
	return 0;
}

static int open_map(struct task *t, int n_inputs, const int *input, int n_targets, const int *target, struct err *e)
{
	const struct axis *point = NULL;
	int grid = 0; /* the input whose axes are the model's: the first that has any */

	for (int i = 0; i < n_targets + n_inputs && !point; i++)
		point = axis_of(t, field_at(t, i < n_targets ? target[i] : input[i - n_targets]), AXIS_POINT);
	while (grid < n_inputs && ((point && axis_of(t, field_at(t, input[grid]), AXIS_POINT) == point) ||
				   !axis_of(t, field_at(t, input[grid]), AXIS_SPACE)))
		grid++;
	if (grid < n_inputs && take_space(t, input[grid], true, e) != 0)
		return -1;
	for (int i = 0; i < n_inputs; i++) {
		struct task_field f = describe(t, input[i]);
		const struct field *g = field_at(t, input[i]);

		if (point && axis_of(t, g, AXIS_POINT) == point) {
			if (t->n_queries)
				return err_set(e, ERR_USAGE, "%s: fields '%s' and '%s' both hold query points",
					       dataset_name(t->data), field_at(t, t->query.index)->name, g->name);
			t->query = f;
			t->n_queries = 1;
			t->spec.n_query = f.n_points;
			t->spec.query_dims = f.n_channel;
			continue;
		}
		if (take_space(t, input[i], false, e) != 0 || add_field(t->input, &t->n_inputs, f, e) != 0)
			return -1;
		t->spec.n_in += f.n_channel * f.n_time;
	}
	if (t->n_inputs == 0)
		return err_set(e, ERR_USAGE, "%s: no input field; name it with -s data.input=NAME",
			       dataset_name(t->data));
	for (int i = 0; i < n_targets; i++) {
		struct task_field f = describe(t, target[i]);

		if (!point && take_target_space(t, target[i], false, e) != 0)
			return -1;
		if (point && f.n_points != t->spec.n_query)
			return err_set(e, ERR_USAGE, "%s: target '%s' has %lld points, the query field has %lld",
				       dataset_name(t->data), field_at(t, target[i])->name, (long long)f.n_points,
				       (long long)t->spec.n_query);
		if (add_field(t->target, &t->n_targets, f, e) != 0)
			return -1;
		t->spec.n_out += f.n_channel * f.n_time;
	}
	t->n_windows = 1;
	return 0;
}

static int cache_all(struct task *t, struct err *e)
{
	double left = t->config->memory;
	int64_t most = 1;

	for (int i = 0; i < t->n_inputs; i++)
		if (task_cache(t, &t->input[i], &left, e) != 0)
			return -1;
	for (int i = 0; i < t->n_states; i++)
		if (task_cache(t, &t->state[i], &left, e) != 0)
			return -1;
	for (int i = 0; i < t->n_targets; i++)
		if (task_cache(t, &t->target[i], &left, e) != 0)
			return -1;
	if (t->n_queries && task_cache(t, &t->query, &left, e) != 0)
		return -1;
	const struct layout *l = dataset_layout(t->data);
	for (int i = 0; i < l->n_fields; i++)
		if (layout_field_count(l, i) > most)
			most = layout_field_count(l, i);
	t->row = mem_new(most, dtype_size(t->real), "one sample", e);
	return t->row ? 0 : -1;
}

int task_open_for(struct task *t, struct dataset *data, const struct task_config *c, int64_t rollout, enum dtype real,
		  const struct model_spec *trained, struct err *e)
{
	int input[TASK_FIELDS_MAX], target[TASK_FIELDS_MAX], n_inputs, n_targets, status;
	struct key_strings none = { 0, NULL };

	memset(t, 0, sizeof *t);
	t->config = c;
	t->data = data;
	t->real = real;
	if (c->missing == TASK_MISSING_ZERO)
		dataset_allow_nonfinite(data, true);
	if (rollout <= 0)
		rollout = c->rollout;
	bool blind = trained && c->target.n == 1 && layout_find_field(dataset_layout(data), c->target.at[0]) < 0;
	if ((n_inputs = choose(t, &c->input, "input", ROLE_INPUT, ROLE_INPUT, input, e)) < 0 ||
	    (n_targets = choose(t, blind ? &none : &c->target, "target", ROLE_TARGET, ROLE_TRAJECTORY, target, e)) < 0)
		return -1;
	if (n_targets == 0 && !trained)
		return err_set(e, ERR_USAGE, "%s: no target field; name it with -s data.target=NAME",
			       dataset_name(data));
	bool trajectory = n_targets > 0 && describe(t, target[0]).has_time;
	if (!trajectory || c->time == TIME_CHANNEL)
		t->kind = TASK_MAP;
	else
		t->kind = c->time == TIME_SPACE ? TASK_SPACETIME : TASK_STEP;
	if (t->kind == TASK_MAP)
		status = open_map(t, n_inputs, input, n_targets, target, e);
	else
		status = open_states(t, n_inputs, input, n_targets, target, rollout, e);
	if (status == 0 && n_targets == 0)
		t->spec.n_out = trained->n_out;
	if (t->kind == TASK_MAP)
		t->spec.n_state = t->spec.n_in >= t->spec.n_out ? t->spec.n_out : 0;
	t->n_items = t->n_windows * dataset_layout(data)->n_samples;
	if (status == 0)
		status = cache_all(t, e);
	if (status != 0)
		task_close(t);
	return status;
}

int task_open(struct task *t, struct dataset *data, const struct task_config *c, int64_t rollout, enum dtype real,
	      struct err *e)
{
	return task_open_for(t, data, c, rollout, real, NULL, e);
}

void task_close(struct task *t)
{
	for (int i = 0; i < t->n_inputs; i++)
		free(t->input[i].cache);
	for (int i = 0; i < t->n_states; i++)
		free(t->state[i].cache);
	for (int i = 0; i < t->n_targets; i++)
		free(t->target[i].cache);
	if (t->n_queries)
		free(t->query.cache);
	free(t->row);
	t->row = NULL;
	t->n_inputs = t->n_states = t->n_targets = t->n_queries = 0;
}
