/* measure.c: from clean fields to measured ones: frames, then places, then noise, then gaps. */
#include "run/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "num/moments.h"
#include "run/measure_places.h"

struct noise {
	double level;
	bool absolute;
};

struct measure {
	uint64_t seed;
	const struct layout *clean;
	struct layout source, out;
	bool keep_clean, marches;
	struct noise *noise; /* a field of source */
	bool *observed;	     /* likewise */
	double missing;
	/* times */
	int64_t n_times;	   /* 0: all frames of the problem */
	double *time;		   /* listed ones, or NULL: drawn */
	int64_t *frame;		   /* of listed ones, when the problem does not march */
	int time_axis, time_field; /* axis of clean; field of out, -1: times are the same for all */
	/* places */
	struct places *places;
	int coordinate_field[3];
	/* fields of out that belong to a field of source */
	int *to, *clean_to;
};

static bool has_axis(const struct layout *l, int field, enum axis_kind kind)
{
	for (int i = 0; i < l->field[field].n_axes; i++)
		if (l->axis[l->field[field].axis[i]].kind == kind)
			return true;
	return false;
}

/* ---- reading ------------------------------------------------------------------------------------- */

static int read_level(const char *text, size_t n, struct noise *to, struct err *e)
{
	char *word = xstrndup(text, n);
	double factor = 1;
	int status = 0;

	if (str_ends(word, "abs")) {
		to->absolute = true;
		word[n - 3] = '\0';
	} else if (str_ends(word, "%")) {
		factor = 0.01;
		word[n - 1] = '\0';
	}
	if (!str_to_double(word, &to->level) || !(to->level >= 0 && to->level <= 1e30))
		status = err_set(e, ERR_USAGE,
				 "noise: '%.*s' is no level: 0.05 (of the standard deviation), 5%% or 0.1abs", (int)n,
				 text);
	to->level *= factor;
	free(word);
	return status;
}

/* One level of the list: "u=0.05", or "0.05" of all fields; named[f]: that field had one, named[n_fields]: all had. */
static int read_item(struct measure *m, const char *text, size_t n, bool *named, struct err *e)
{
	const char *equals = memchr(text, '=', n);
	struct noise level = { 0 };
	char *name;
	int f;

	if (read_level(equals ? equals + 1 : text, n - (size_t)(equals ? equals + 1 - text : 0), &level, e) != 0)
		return -1;
	for (f = 0; !equals && f <= m->clean->n_fields; f++) {
		if (named[f])
			return err_set(e, ERR_USAGE, "noise: the level '%.*s' of all fields must come first, and once",
				       (int)n, text);
		if (f < m->clean->n_fields && m->clean->field[f].per_sample)
			m->noise[f] = level;
	}
	if (!equals) {
		named[m->clean->n_fields] = true;
		return 0;
	}
	name = xstrndup(text, (size_t)(equals - text));
	f = layout_find_field(m->clean, name);
	if (f < 0 || named[f])
		err_set(e, ERR_USAGE, f < 0 ? "noise: there is no field '%s'" : "noise: two levels for field '%s'",
			name);
	else
		m->noise[f] = level;
	free(name);
	if (f < 0 || named[f])
		return -1;
	named[f] = true;
	return 0;
}

/* "0.05", or "u=0.05,v=0.1abs", or a level for all and those of fields that differ: "0.05,v=0.1abs". */
static int read_noise(struct measure *m, const char *text, struct err *e)
{
	bool *named = xcalloc((size_t)m->clean->n_fields + 1, sizeof *named);
	int status = 0;

	while (status == 0 && text && *text) {
		const size_t whole = strcspn(text, ","), skip = strspn(text, " ");
		size_t n = whole;

		while (n > skip && text[n - 1] == ' ')
			n--;
		status = read_item(m, text + skip, n - skip, named, e);
		text += whole + (text[whole] == ',');
	}
	free(named);
	return status;
}

static int read_number(const struct conf_node *n, const char *what, double low, double high, double *v, struct err *e)
{
	if (n->kind != CONF_SCALAR || !str_to_double(n->text, v) || *v < low || *v > high)
		return err_set(e, ERR_USAGE, "observe.%s: needs a number from %g to %g", what, low, high);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The frame whose time this is. */
static int find_frame(const struct measure *m, double time, int64_t *frame, struct err *e)
{
	const struct axis *t = &m->clean->axis[m->time_axis];

	for (int64_t i = 0; t->coordinate && i < t->size; i++)
		if (fabs(t->coordinate[i] - time) <= 1e-6 * t->length) {
			*frame = i;
			return 0;
		}
	return err_set(e, ERR_USAGE, "observe.times: %g is no frame of this problem, which stops at its frames only",
		       time);
}

static int read_times(struct measure *m, const struct conf_node *n, struct err *e)
{
	double count = 0;

	m->time_axis = -1;
	for (int a = 0; a < m->clean->n_axes; a++)
		if (m->clean->axis[a].kind == AXIS_TIME)
			m->time_axis = a;
	if (m->time_axis < 0 || !m->clean->axis[m->time_axis].coordinate)
		return err_set(e, ERR_USAGE, "observe.times: the problem has no times");
	const struct axis *t = &m->clean->axis[m->time_axis];
	if (n->kind == CONF_SCALAR) {
		if (read_number(n, "times", 1, 1e7, &count, e) != 0)
			return -1;
		m->n_times = (int64_t)count;
		if ((double)m->n_times != count)
			return err_set(e, ERR_USAGE, "observe.times: '%s' is no number of times; a list holds times",
				       n->text);
		if (!m->marches && m->n_times > t->size)
			return err_set(e, ERR_USAGE, "observe.times: the problem has %lld frames", (long long)t->size);
		return 0;
	}
	if (n->kind != CONF_LIST || n->n == 0)
		return err_set(e, ERR_USAGE, "observe.times: needs a number of times or a list of them");
	m->n_times = n->n;
	m->time = xcalloc((size_t)n->n, sizeof *m->time);
	m->frame = xcalloc((size_t)n->n, sizeof *m->frame);
	for (int i = 0; i < n->n; i++)
		if (read_number(n->child[i], "times", t->coordinate[0], t->coordinate[t->size - 1], &m->time[i], e) !=
		    0)
			return -1;
	qsort(m->time, (size_t)n->n, sizeof *m->time, by_value);
	for (int i = 0; i < n->n; i++) {
		if (i > 0 && !(m->time[i] > m->time[i - 1]))
			return err_set(e, ERR_USAGE, "observe.times: %g stands there twice", m->time[i]);
		if (!m->marches && find_frame(m, m->time[i], &m->frame[i], e) != 0)
			return -1;
	}
	return 0;
}

static int read_fields(struct measure *m, const struct conf_node *n, struct err *e)
{
	const struct layout *l = m->clean;

	for (int f = 0; f < l->n_fields && !n; f++)
		m->observed[f] = l->field[f].role == ROLE_TARGET || l->field[f].role == ROLE_TRAJECTORY;
	for (int i = 0; n && i < (n->kind == CONF_LIST ? n->n : 1); i++) {
		const struct conf_node *name = n->kind == CONF_LIST ? n->child[i] : n;
		const int f = name->kind == CONF_SCALAR ? layout_find_field(l, name->text) : -1;

		if (f < 0)
			return err_set(e, ERR_USAGE, "observe.fields: there is no field '%s'",
				       name->kind == CONF_SCALAR ? name->text : "");
		m->observed[f] = true;
	}
	return 0;
}

static int read_observe(struct measure *m, const struct conf_node *n, struct err *e)
{
	static const char *const keys[] = { "times", "sensors", "missing", "fields" };
	const struct conf_node *at[4] = { NULL };

	if (n && n->kind != CONF_MAP)
		return err_set(e, ERR_USAGE, "observe: needs a map: {times: 20, sensors: 16, missing: 0.1}");
	for (int i = 0; n && i < n->n; i++) {
		int k = 0;

		while (k < 4 && strcmp(keys[k], n->key[i]) != 0)
			k++;
		if (k == 4) {
			const char *near = str_nearest(n->key[i], 4, keys);

			return err_set(e, ERR_USAGE, "observe.%s: unknown key%s%s%s", n->key[i],
				       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		}
		at[k] = n->child[i];
	}
	if (!n)
		return 0;
	if (read_fields(m, at[3], e) != 0 || (at[0] && read_times(m, at[0], e) != 0) ||
	    (at[2] && read_number(at[2], "missing", 0, 1, &m->missing, e) != 0))
		return -1;
	return at[1] ? places_new(&m->places, m->clean, m->observed, at[1], m->seed, e) : 0;
}

/* ---- layouts ------------------------------------------------------------------------------------- */

static bool is_noisy(const struct measure *m, int f)
{
	return m->noise[f].level > 0 || (m->observed[f] && m->missing > 0);
}

/* An axis for the places, when there are some, and fields with their coordinates. */
static int add_places(struct measure *m, struct err *e)
{
	const int axis = layout_add_axis(&m->out, "sensor", AXIS_CHANNEL, places_count(m->places), NULL, false, 0);

	for (int f = 0; f < m->source.n_fields; f++) {
		struct field *g = &m->out.field[f];
		int n = 0;

		if (!places_see(m->places, f))
			continue;
		for (int i = 0; i < g->n_axes; i++)
			if (m->out.axis[g->axis[i]].kind == AXIS_TIME)
				g->axis[n++] = g->axis[i];
		g->axis[n++] = axis;
		g->n_axes = n;
	}
	for (int d = 0; d < places_dims(m->places); d++) {
		const char *name = places_axis(m->places, d);

		if (layout_find_field(&m->out, name) >= 0)
			return err_set(e, ERR_USAGE, "observe.sensors: a field is called '%s' as the axis is", name);
		m->coordinate_field[d] = layout_add_field(&m->out, name, DTYPE_F64, ROLE_NONE, 1, &axis);
		m->out.field[m->coordinate_field[d]].per_sample = false;
	}
	return 0;
}

/* Axes that no field uses any more. */
static void drop_axes(struct layout *l)
{
	int n = 0, *now = xcalloc((size_t)l->n_axes + 1, sizeof *now);

	for (int a = 0; a < l->n_axes; a++) {
		bool used = false;

		for (int f = 0; f < l->n_fields; f++)
			for (int i = 0; i < l->field[f].n_axes; i++)
				used |= l->field[f].axis[i] == a;
		now[a] = used ? n : -1;
		if (used) {
			struct axis kept = l->axis[a];

			if (n < a) {
				l->axis[a].coordinate = NULL;
				l->axis[n] = kept;
			}
			n++;
		} else {
			free(l->axis[a].coordinate);
			l->axis[a].coordinate = NULL;
		}
	}
	l->n_axes = n;
	for (int f = 0; f < l->n_fields; f++)
		for (int i = 0; i < l->field[f].n_axes; i++)
			l->field[f].axis[i] = now[l->field[f].axis[i]];
	free(now);
}

static void set_times(struct measure *m, struct layout *l)
{
	struct axis *t = &l->axis[m->time_axis];

	t->size = m->n_times;
	free(t->coordinate);
	t->coordinate = NULL;
	if (m->time) {
		t->coordinate = xcalloc((size_t)m->n_times, sizeof *t->coordinate);
		memcpy(t->coordinate, m->time, (size_t)m->n_times * sizeof *t->coordinate);
	}
}

static int make_layouts(struct measure *m, struct err *e)
{
	const int n = m->clean->n_fields;

	m->source = layout_copy(m->clean);
	m->out = layout_copy(m->clean);
	m->time_field = -1;
	for (int f = 0; f < n; f++) {
		m->to[f] = f;
		m->clean_to[f] = -1;
	}
	if (m->n_times > 0) {
		const char *name = m->clean->axis[m->time_axis].name;

		if (m->marches)
			set_times(m, &m->source);
		set_times(m, &m->out);
		if (!m->time && layout_find_field(m->clean, name) >= 0)
			return err_set(e, ERR_USAGE, "observe.times: a field is called '%s' as the axis is", name);
		if (!m->time)
			m->time_field = layout_add_field(&m->out, name, DTYPE_F64, ROLE_NONE, 1, &m->time_axis);
	}
	if (m->places && add_places(m, e) != 0)
		return -1;
	for (int f = 0; f < n; f++) {
		struct field copy = m->out.field[f];
		char name[80];

		m->out.field[f].missing = m->observed[f] && m->missing > 0;
		if (!m->keep_clean || !is_noisy(m, f))
			continue;
		snprintf(name, sizeof name, "%.56s_clean", copy.name);
		m->clean_to[f] = layout_add_field(&m->out, name, copy.dtype, ROLE_NONE, copy.n_axes, copy.axis);
	}
	drop_axes(&m->out);
	return 0;
}

int measure_new(struct measure **out, const struct layout *clean, const char *noise, bool keep_clean,
		const struct conf_node *observe, uint64_t seed, bool marches, struct err *e)
{
	struct measure *m = xcalloc(1, sizeof *m);

	*m = (struct measure){ .seed = seed, .clean = clean, .keep_clean = keep_clean, .marches = marches };
	m->noise = xcalloc((size_t)clean->n_fields + 1, sizeof *m->noise);
	m->observed = xcalloc((size_t)clean->n_fields + 1, sizeof *m->observed);
	m->to = xcalloc((size_t)clean->n_fields + 1, sizeof *m->to);
	m->clean_to = xcalloc((size_t)clean->n_fields + 1, sizeof *m->clean_to);
	if (read_noise(m, noise, e) != 0 || read_observe(m, observe, e) != 0 || make_layouts(m, e) != 0) {
		measure_free(m);
		return -1;
	}
	*out = m;
	return 0;
}

void measure_free(struct measure *m)
{
	if (!m)
		return;
	layout_free(&m->source);
	layout_free(&m->out);
	places_free(m->places);
	free(m->noise);
	free(m->observed);
	free(m->to);
	free(m->clean_to);
	free(m->time);
	free(m->frame);
	free(m);
}

const struct layout *measure_source(const struct measure *m)
{
	return &m->source;
}

const struct layout *measure_layout(const struct measure *m)
{
	return &m->out;
}

/* ---- samples ------------------------------------------------------------------------------------- */

int64_t measure_n_times(const struct measure *m)
{
	return m->marches ? m->n_times : 0;
}

static int by_number(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void measure_times(const struct measure *m, int64_t sample, double *time)
{
	const struct axis *t = &m->clean->axis[m->time_axis];
	const double first = t->coordinate[0], last = t->coordinate[t->size - 1];
	const struct rng r = rng_stream(m->seed, "observe times", 0, (uint64_t)sample);

	if (m->time) {
		memcpy(time, m->time, (size_t)m->n_times * sizeof *time);
		return;
	}
	for (int64_t i = 0; i < m->n_times; i++)
		time[i] = first + (last - first) * rng_uniform_at(r, (uint64_t)i);
	qsort(time, (size_t)m->n_times, sizeof *time, by_value);
}

/* Which frames of the source are kept: those drawn or listed, else all. */
static int64_t *frames_of(const struct measure *m, int64_t sample, struct err *e)
{
	const int64_t all = m->source.axis[m->time_axis].size;
	int64_t *frame = mem_new(all > m->n_times ? all : m->n_times, sizeof *frame, "frames", e);

	if (!frame)
		return NULL;
	if (m->marches)
		for (int64_t i = 0; i < m->n_times; i++)
			frame[i] = i;
	else if (m->time)
		memcpy(frame, m->frame, (size_t)m->n_times * sizeof *frame);
	else {
		rng_permutation(rng_stream(m->seed, "observe times", 0, (uint64_t)sample), all, frame);
		qsort(frame, (size_t)m->n_times, sizeof *frame, by_number);
	}
	return frame;
}

/* Noise and gaps on n measured values; std: of the clean field in the sample. */
static void disturb(const struct measure *m, int f, int64_t sample, double std, int64_t n, double *v)
{
	const double scale = m->noise[f].level * (m->noise[f].absolute ? 1 : std);
	char purpose[100];

	if (m->noise[f].level > 0) {
		snprintf(purpose, sizeof purpose, "measurement noise of %s", m->clean->field[f].name);
		const struct rng r = rng_stream(m->seed, purpose, 0, (uint64_t)sample);

		for (int64_t i = 0; i < n; i++)
			v[i] += scale * rng_normal_at(r, (uint64_t)i);
	}
	if (m->observed[f] && m->missing > 0) {
		snprintf(purpose, sizeof purpose, "missing values of %s", m->clean->field[f].name);
		const struct rng r = rng_stream(m->seed, purpose, 0, (uint64_t)sample);

		for (int64_t i = 0; i < n; i++)
			if (rng_uniform_at(r, (uint64_t)i) < m->missing)
				v[i] = NAN;
	}
}

static void one_field(const struct measure *m, int f, int64_t sample, const int64_t *frame, const double *source,
		      double *const *out)
{
	const int64_t count = layout_field_count(&m->source, f), n = layout_field_count(&m->out, m->to[f]);
	const bool moving = has_axis(&m->source, f, AXIS_TIME);
	const int64_t n_source = moving ? m->source.axis[m->source.field[f].axis[0]].size : 1;
	const int64_t n_frames = moving && frame ? m->n_times : n_source, size = count / n_source, kept = n / n_frames;
	struct moments moments = { 0 };

	for (int64_t i = 0; i < n_frames; i++) {
		const double *from = source + (moving && frame ? frame[i] : i) * size;
		double *to = out[m->to[f]] + i * kept;

		if (m->places && places_see(m->places, f))
			places_values(m->places, from, to);
		else
			memcpy(to, from, (size_t)size * sizeof *to);
	}
	if (m->clean_to[f] >= 0)
		memcpy(out[m->clean_to[f]], out[m->to[f]], (size_t)n * sizeof(double));
	if (m->noise[f].level > 0 && !m->noise[f].absolute)
		moments_add(&moments, count, source);
	disturb(m, f, sample, moments.n > 1 ? moments_std(&moments) : 0, n, out[m->to[f]]);
}

int measure_sample(const struct measure *m, int64_t sample, const double *const *source, double *const *out,
		   struct err *e)
{
	int64_t *frame = m->n_times > 0 ? frames_of(m, sample, e) : NULL;

	if (m->n_times > 0 && !frame)
		return -1;
	for (int f = 0; f < m->source.n_fields; f++)
		one_field(m, f, sample, frame, source[f], out);
	if (m->time_field >= 0 && m->marches)
		measure_times(m, sample, out[m->time_field]);
	for (int64_t i = 0; i < m->n_times && m->time_field >= 0 && !m->marches; i++)
		out[m->time_field][i] = m->clean->axis[m->time_axis].coordinate[frame[i]];
	for (int d = 0; m->places && d < places_dims(m->places); d++)
		memcpy(out[m->coordinate_field[d]], places_coordinate(m->places, d),
		       (size_t)places_count(m->places) * sizeof(double));
	free(frame);
	return 0;
}
