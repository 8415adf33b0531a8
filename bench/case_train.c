/* case_train.c: a step of training: forward, loss, gradients, Adam. The opponent gets the same data and first
 * weights. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "learn.h"
#include "learner/supervised.h"

struct train_setting {
	const char *config;
	int n_dims;
	int64_t size[3], n_in, n_out, batch;
	bool periodic;
	/* for the floor: channels, layers, modes kept by axis, hidden channels of the projection */
	int64_t width, layers, modes[3], projection;
};

static struct dataset *numbers(const struct train_setting *s, struct err *e)
{
	static const char *const names[] = { "x", "y", "z" };
	struct layout l = { .n_samples = s->batch };
	struct dataset *d;
	int axis[2][4];
	void *data[2];
	int64_t points = 1;

	axis[0][0] = layout_add_axis(&l, "channel", AXIS_CHANNEL, s->n_in, NULL, false, 0);
	axis[1][0] = layout_add_axis(&l, "channel_out", AXIS_CHANNEL, s->n_out, NULL, false, 0);
	for (int k = 0; k < s->n_dims; k++) {
		axis[0][1 + k] = axis[1][1 + k] =
			layout_add_axis(&l, names[k], AXIS_SPACE, s->size[k], NULL, s->periodic, 1);
		points *= s->size[k];
	}
	layout_add_field(&l, "a", DTYPE_F32, ROLE_INPUT, 1 + s->n_dims, axis[0]);
	layout_add_field(&l, "u", DTYPE_F32, ROLE_TARGET, 1 + s->n_dims, axis[1]);
	for (int f = 0; f < 2; f++) {
		size_t n = (size_t)(s->batch * points * (f ? s->n_out : s->n_in));

		data[f] = xaligned(n * sizeof(float));
		rng_normal_f(rng_stream(7, "bench", (uint64_t)f, 0), 0, n, data[f]);
	}
	return dataset_from_memory(&d, "numbers", "memory", &l, data, e) == 0 ? d : NULL;
}

static int give(const struct learn *w, const char *dir, struct err *e)
{
	const struct supervised *s = supervised_of(&w->t);
	struct shape in = network_shape(&w->t.network, w->t.key.batch), out = in;

	in.dim[1] = w->t.network.spec.n_in;
	struct tensor x = { .dtype = DTYPE_F32, .shape = in, .data = s->x };
	struct tensor y = { .dtype = DTYPE_F32, .shape = out, .data = s->target[0] };
	if (bench_put(dir, "x", &x, e) != 0 || bench_put(dir, "y", &y, e) != 0)
		return -1;
	return learn_put_weights(w, dir, e);
}

static void *open_work(const struct bench_case *c, const char *dir, struct err *e)
{
	const struct train_setting *s = c->setting;
	struct learn *w = xcalloc(1, sizeof *w);

	w->data = numbers(s, e);
	if (!w->data || learn_configure(w, s->config, e) != 0)
		return NULL;
	w->t.key.batch = s->batch;
	if (trainer_open(&w->t, w->data, NULL, e) != 0)
		return NULL;
	w->t.batch_n = s->batch;
	for (int64_t i = 0; i < s->batch; i++)
		w->t.item[i] = i;
	return w->t.learner->load(&w->t, e) == 0 && give(w, dir, e) == 0 ? w : NULL;
}

/* An FNO's step: forward and twice as much backward. Products: pointwise maps (2 flop a weight and point) and mode
 * products (8 a complex weight, mode and sample); transforms: there and back a layer, forward and backward; pointwise:
 * the block's output is read and written four times a layer each way. */
static void fno_floor(const struct bench_case *c, struct bench_floor *f)
{
	const struct train_setting *s = c->setting;
	double points = (double)s->batch, modes = (double)s->batch, per_point, fields = (double)(s->batch * s->width);
	const double w = (double)s->width;

	for (int d = 0; d < s->n_dims; d++) {
		points *= (double)s->size[d];
		modes *= (double)(d < s->n_dims - 1 ? 2 * s->modes[d] : s->modes[d]);
	}
	per_point = 2 * (double)(s->n_in + s->n_dims) * w + (double)s->layers * 2 * 3 * w * w +
		    2 * w * (double)s->projection + 2 * (double)(s->projection * s->n_out);
	f->gemm_flop = 3 * (points * per_point + (double)s->layers * 8 * w * w * modes);
	f->bytes = 4 * points * w * (double)s->layers * 8;
	f->fft[0].shape = fft_contiguous(FFT_REAL, true, s->n_dims, s->size, 1);
	f->fft[0].count = 4 * fields * (double)s->layers;
	f->n_ffts = 1;
}

#define TRAIN "objective: rel_l2, optim: adam, train: {schedule: constant}"
static const struct train_setting settings[] = {
	{ "{model: {name: fno, modes: 12, width: 32, layers: 4, projection: 128}, " TRAIN "}",
	  2,
	  { 64, 64 },
	  1,
	  1,
	  20,
	  true,
	  32,
	  4,
	  { 12, 12 },
	  128 },
	{ "{model: {name: fno, modes: 8, width: 32, layers: 4, projection: 128}, " TRAIN "}",
	  2,
	  { 16, 16 },
	  1,
	  1,
	  32,
	  true,
	  32,
	  4,
	  { 8, 8 },
	  128 },
	{ "{model: {name: fno, modes: 16, width: 64, layers: 4, projection: 128}, " TRAIN "}",
	  1,
	  { 1024 },
	  1,
	  1,
	  20,
	  true,
	  64,
	  4,
	  { 16 },
	  128 },
	{ "{model: {name: fno, modes: 8, width: 20, layers: 4, projection: 128}, " TRAIN "}",
	  3,
	  { 64, 64, 40 },
	  1,
	  1,
	  4,
	  true,
	  20,
	  4,
	  { 8, 8, 8 },
	  128 },
	{ "{model: {name: unet, width: 64, levels: 4, norm: batch, activation: gelu}, " TRAIN "}",
	  2,
	  { 128, 128 },
	  1,
	  1,
	  8,
	  true,
	  0,
	  0,
	  { 0 },
	  0 },
};

#define CASE(name_text, size_text, k, floor_of)                                                                        \
	{                                                                                                              \
		.name = name_text, .size = size_text, .open = open_work, .run = learn_run, .result = learn_result,     \
		.floor = floor_of, .close = learn_close, .setting = &settings[k]                                       \
	}
const struct bench_case train_cases[] = {
	CASE("fno2d", "64x64 batch 20 width 32 modes 12", 0, fno_floor),
	CASE("fno2d-16", "16x16 batch 32 width 32 modes 8", 1, fno_floor),
	CASE("fno1d", "1024 batch 20 width 64 modes 16", 2, fno_floor),
	CASE("fno3d", "64x64x40 batch 4 width 20 modes 8", 3, fno_floor),
	CASE("unet", "128x128 batch 8 width 64 levels 4", 4, NULL),
	{ .name = NULL },
};
