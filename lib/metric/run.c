/* run.c: a metric over whole samples and over each frame and each channel by itself. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "metric/metric.h"

struct metric_run {
	const struct metric_class *class;
	const struct metric_shape *shape;
	void *whole, **frame, **channel;
	struct metric_shape one_frame, one_channel;
	int64_t n_frames, n_channels; /* 0: not wanted, or there is only one */
	double *p, *y;		      /* one channel of a sample */
};

struct metric_run *metric_run_new(const struct metric_class *c, const struct metric_shape *s, unsigned by)
{
	struct metric_run *m = xcalloc(1, sizeof *m);

	m->class = c;
	m->shape = s;
	m->whole = c->begin(s);
	m->one_frame = m->one_channel = *s;
	m->one_frame.n_time = 1;
	m->one_channel.n_channel = 1;
	m->n_frames = by & METRIC_BY_TIME && s->n_time > 1 ? s->n_time : 0;
	m->n_channels = by & METRIC_BY_CHANNEL && s->n_channel > 1 ? s->n_channel : 0;
	m->frame = xcalloc((size_t)m->n_frames + 1, sizeof *m->frame);
	m->channel = xcalloc((size_t)m->n_channels + 1, sizeof *m->channel);
	for (int64_t t = 0; t < m->n_frames; t++)
		m->frame[t] = c->begin(&m->one_frame);
	for (int64_t k = 0; k < m->n_channels; k++)
		m->channel[k] = c->begin(&m->one_channel);
	if (m->n_channels > 0) {
		m->p = xcalloc((size_t)metric_count(&m->one_channel), sizeof *m->p);
		m->y = xcalloc((size_t)metric_count(&m->one_channel), sizeof *m->y);
	}
	return m;
}

void metric_run_add(struct metric_run *m, const double *p, const double *y)
{
	int64_t n = metric_points(m->shape), frame = n * m->shape->n_channel;

	m->class->add(m->whole, p, y);
	for (int64_t t = 0; t < m->n_frames; t++)
		m->class->add(m->frame[t], p + t * frame, y + t * frame);
	for (int64_t k = 0; k < m->n_channels; k++) {
		for (int64_t t = 0; t < m->shape->n_time; t++) {
			memcpy(m->p + t * n, p + t * frame + k * n, (size_t)n * sizeof *p);
			memcpy(m->y + t * n, y + t * frame + k * n, (size_t)n * sizeof *y);
		}
		m->class->add(m->channel[k], m->p, m->y);
	}
}

static double end_part(const struct metric_class *c, void *state)
{
	struct metric_result r = { 0 };
	double value;

	c->end(state, &r);
	value = r.row[0].value;
	metric_result_free(&r);
	return value;
}

void metric_run_end(struct metric_run *m, struct metric_result *r)
{
	const struct metric_shape *s = m->shape;

	*r = (struct metric_result){ .median = NAN, .standard_error = NAN, .worst = NAN, .worst_sample = -1 };
	m->class->end(m->whole, r);
	for (int64_t t = 0; t < m->n_frames; t++) {
		double value = end_part(m->class, m->frame[t]);

		if (s->time)
			metric_row_add(r, value, "t=%.6g", s->time[t]);
		else
			metric_row_add(r, value, "t=%lld", (long long)t);
	}
	for (int64_t k = 0; k < m->n_channels; k++) {
		double value = end_part(m->class, m->channel[k]);

		if (s->channel_name)
			metric_row_add(r, value, "channel=%.30s", s->channel_name[k]);
		else
			metric_row_add(r, value, "channel=%lld", (long long)k);
	}
	free(m->frame);
	free(m->channel);
	free(m->p);
	free(m->y);
	free(m);
}
