/* conv_geometry.c: see conv_geometry.h. */
#include <string.h>

#include "op/conv_geometry.h"
#include "op/lanes.h"

void conv_describe(struct conv_geometry *v, const struct conv_attr *a, const struct shape *x, int64_t n_out,
		   const int64_t *kernel)
{
	int64_t lead = CONV_DIMS - a->n_dims;

	memset(v, 0, sizeof *v);
	v->batch = x->dim[0];
	v->n_in = x->dim[1];
	v->n_out = n_out;
	v->groups = a->groups;
	v->group_in = v->n_in / v->groups;
	v->group_out = v->n_out / v->groups;
	v->points_in = v->points_out = v->taps = 1;
	v->plain = true;
	for (int d = 0; d < CONV_DIMS; d++) {
		int64_t from = d - lead;
		bool real = from >= 0;

		v->in[d] = real ? x->dim[2 + from] : 1;
		v->kernel[d] = real ? kernel[from] : 1;
		v->stride[d] = real ? a->stride[from] : 1;
		v->dilation[d] = real ? a->dilation[from] : 1;
		v->out[d] = (v->in[d] - v->dilation[d] * (v->kernel[d] - 1) - 1) / v->stride[d] + 1;
		v->points_in *= v->in[d];
		v->points_out *= v->out[d];
		v->taps *= v->kernel[d];
		v->plain = v->plain && v->kernel[d] == 1 && v->stride[d] == 1;
	}
	v->window = v->group_in * v->taps;
	v->block = COLUMN_NUMBERS / v->window;
	if (v->block < 32)
		v->block = 32;
	if (v->block > v->points_out || v->plain)
		v->block = v->points_out;
}

void conv_divide(struct conv_geometry *v)
{
	const int64_t partial_numbers = (int64_t)1 << 21, rows = 64;
	int64_t n = partial_numbers / (v->n_out * v->window);

	v->n_chunks = n < 1 ? 1 : n > 8 ? 8 : n;
	if (v->n_chunks > v->batch)
		v->n_chunks = v->batch;
	v->n_parts = (v->group_out + rows - 1) / rows;
	v->part = (v->group_out + v->n_parts - 1) / v->n_parts;
}

int64_t conv_stretch(const struct conv_geometry *v, int64_t position, int64_t end, int64_t p[CONV_DIMS])
{
	int64_t left = end - position;

	p[2] = position % v->out[2];
	p[1] = position / v->out[2] % v->out[1];
	p[0] = position / v->out[2] / v->out[1];
	return left < v->out[2] - p[2] ? left : v->out[2] - p[2];
}

int64_t conv_place(const struct conv_geometry *v, const int64_t p[CONV_DIMS], int64_t q)
{
	int64_t q2 = q % v->kernel[2], q1 = q / v->kernel[2] % v->kernel[1], q0 = q / v->kernel[2] / v->kernel[1];

	return ((p[0] * v->stride[0] + q0 * v->dilation[0]) * v->in[1] + p[1] * v->stride[1] + q1 * v->dilation[1]) *
		       v->in[2] +
	       p[2] * v->stride[2] + q2 * v->dilation[2];
}

bool conv_is_direct(const struct conv_geometry *v, enum dtype type)
{
	return !v->plain && v->stride[2] == 1 &&
	       (v->out[2] >= (type == DTYPE_F64 ? LANES_d : LANES_f) || v->group_out <= 2);
}

bool conv_turned_around(const struct conv_geometry *v, enum dtype type, struct conv_geometry *turned)
{
	*turned = *v;
	for (int d = 0; d < CONV_DIMS; d++) {
		if (v->stride[d] != 1)
			return false;
		turned->in[d] = v->out[d] + 2 * v->dilation[d] * (v->kernel[d] - 1);
		turned->out[d] = v->in[d];
	}
	turned->n_in = v->n_out;
	turned->n_out = v->n_in;
	turned->group_in = v->group_out;
	turned->group_out = v->group_in;
	turned->points_in = turned->in[0] * turned->in[1] * turned->in[2];
	turned->points_out = v->points_in;
	turned->window = turned->group_in * v->taps;
	return v->points_out >= 64 && v->group_out <= 64 && conv_is_direct(turned, type);
}

int64_t conv_aligned(int64_t n)
{
	return (n + 15) / 16 * 16;
}

void conv_taps(const struct conv_geometry *v, int64_t *tap)
{
	const int64_t origin[CONV_DIMS] = { 0 };

	for (int64_t q = 0; q < v->taps; q++)
		tap[q] = conv_place(v, origin, q);
}
