/* eval_baseline.c: predictors that anybody has for nothing; a model is worth what it gains over them. persistence: the
 * last given frame for ever, or a map's input where it has the target's shape. mean: that frame's or input's own mean
 * over space. train-mean: the mean of the targets of split train, point by point. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/select.h"
#include "run/eval_inside.h"

const char *const eval_what_names[EVAL_WHATS] = { "prediction", "persistence", "mean", "train-mean" };

/* Split train of the reference's file, where it has one and the reference is something else: NULL if not. */
static struct dataset *open_train(const char *reference, const struct eval_options *o)
{
	struct dataset *whole = NULL, *train = NULL;
	char *path, *selection;

	select_split_spec(reference, &path, &selection);
	if (selection && strcmp(path, "-") != 0 && strcmp(selection, "train") != 0 &&
	    dataset_open(&whole, path, o->layout, NULL) == 0 && dataset_has_split(whole, "train") &&
	    dataset_select(&train, whole, "train", NULL) != 0)
		train = NULL;
	dataset_close(whole);
	free(path);
	free(selection);
	return train;
}

static int train_mean(double *mean, struct dataset *train, struct eval_field *f, int64_t most, struct err *e)
{
	int64_t n = dataset_layout(train)->n_samples, count = metric_count(&f->shape);
	double *one;

	/* a mean needs no more than a gigabyte of samples */
	if (n > most)
		n = most;
	if (n * f->n_reference > (int64_t)1 << 27)
		n = ((int64_t)1 << 27) / f->n_reference + 1;
	if (!(one = mem_new(count, sizeof *one, f->name, e)))
		return -1;
	for (int64_t i = 0; i < n; i++) {
		if (eval_read_reference(train, f->reference, f, i, f->shape.n_time, f->frame, one, e) != 0) {
			free(one);
			return -1;
		}
		for (int64_t k = 0; k < count; k++)
			mean[k] += one[k] / (double)n;
	}
	free(one);
	return 0;
}

int eval_baselines_open(struct eval_baselines *b, struct eval_pair *m, struct eval_field *f,
			const struct eval_options *o, const struct eval_config *c, const char *reference, struct err *e)
{
	struct dataset *train = o->no_baselines ? NULL : open_train(reference, o);
	int status = 0;

	(void)m;
	*b = (struct eval_baselines){ 0 };
	b->has[EVAL_PREDICTION] = true;
	b->has[EVAL_PERSISTENCE] = b->has[EVAL_MEAN] = !o->no_baselines && (f->last_given >= 0 || f->input >= 0);
	b->has[EVAL_TRAIN_MEAN] = train && c->train_samples > 0;
	for (int w = 0; w < EVAL_WHATS && status == 0; w++)
		if (b->has[w] && !(b->value[w] = mem_new(metric_count(&f->shape), sizeof(double), f->name, e)))
			status = -1;
	if (status == 0 && b->has[EVAL_TRAIN_MEAN])
		status = train_mean(b->value[EVAL_TRAIN_MEAN], train, f, c->train_samples, e);
	dataset_close(train);
	if (status != 0)
		eval_baselines_close(b);
	return status;
}

void eval_baselines_close(struct eval_baselines *b)
{
	for (int w = 0; w < EVAL_WHATS; w++)
		free(b->value[w]);
	memset(b, 0, sizeof *b);
}

int eval_baselines_fill(struct eval_baselines *b, struct eval_pair *m, struct eval_field *f, int64_t sample,
			struct err *e)
{
	static const int64_t first = 0;
	int64_t points = metric_points(&f->shape), n = f->n_frame;
	double *still = b->value[EVAL_PERSISTENCE], *flat = b->value[EVAL_MEAN];

	if (!b->has[EVAL_PERSISTENCE])
		return 0;
	if (f->input >= 0) {
		if (eval_read_reference(m->reference, f->input, f, sample, 1, &first, still, e) != 0)
			return -1;
	} else if (eval_read_reference(m->reference, f->reference, f, sample, 1, &f->last_given, still, e) != 0) {
		return -1;
	}
	for (int64_t c = 0; c < f->shape.n_channel; c++) {
		double mean = 0;

		for (int64_t i = 0; i < points; i++)
			mean += still[c * points + i] / (double)points;
		for (int64_t i = 0; i < points; i++)
			flat[c * points + i] = mean;
	}
	for (int64_t t = 1; t < f->shape.n_time; t++) {
		memcpy(still + t * n, still, (size_t)n * sizeof *still);
		memcpy(flat + t * n, flat, (size_t)n * sizeof *flat);
	}
	return 0;
}
