/* conv_direct.h: convolution without gathering: a tile of output channels times neighbouring positions of a row stays
 * in registers while all windows' numbers pass by once. Included once per type by conv.c; needs stride 1 along the last
 * axis. Every result is one sum in the order of (channel, tap), whatever tile it was part of. */

#define LANES NAME(LANES)
typedef NAME(lanes) NAME(vec);

/* What a tile needs: x at the window of the row's first position, w of the first of the tile's channels. */
struct NAME(row) {
	const REAL *x, *w;
	REAL *y;
	const int64_t *tap; /* place of each tap relative to the window's first number */
};

#define TILE(CHANNELS, VECTORS)                                                                                        \
	static LANES_APART void NAME(tile_##CHANNELS##_##VECTORS)(const struct conv_geometry *v, struct NAME(row) r)   \
	{                                                                                                              \
		NAME(vec) sum[CHANNELS][VECTORS];                                                                      \
		const REAL *at = r.x, *w = r.w;                                                                        \
		const int64_t *tap = r.tap, taps = v->taps, window = v->window, step = v->points_in;                   \
                                                                                                                       \
		LANES_UNROLL for (int c = 0; c < CHANNELS; c++) LANES_UNROLL for (int k = 0; k < VECTORS; k++)         \
			sum[c][k] = (NAME(vec)){ 0 };                                                                  \
		for (int64_t i = 0; i < v->group_in; i++, at += step)                                                  \
			for (int64_t q = 0; q < taps; q++, w++) {                                                      \
				const REAL *x = at + tap[q];                                                           \
				NAME(vec) column[VECTORS];                                                             \
                                                                                                                       \
				LANES_UNROLL for (int k = 0; k < VECTORS; k++)                                         \
					memcpy(&column[k], x + k * LANES, sizeof column[k]);                           \
				LANES_UNROLL for (int c = 0; c < CHANNELS; c++)                                        \
				{                                                                                      \
					const NAME(vec) weight = w[c * window] - (NAME(vec)){ 0 };                     \
                                                                                                                       \
					LANES_UNROLL for (int k = 0; k < VECTORS; k++) sum[c][k] =                     \
						NAME(LANES_FMA)(weight, column[k], sum[c][k]);                         \
				}                                                                                      \
			}                                                                                              \
		LANES_UNROLL for (int c = 0; c < CHANNELS; c++) LANES_UNROLL for (int k = 0; k < VECTORS; k++)         \
			memcpy(r.y + c * v->points_out + k * LANES, &sum[c][k], sizeof sum[c][k]);                     \
	}
TILE(4, 2)
TILE(4, 1)
TILE(1, 4)
TILE(1, 1)
#undef TILE

/* Single positions at a row's end. */
static void NAME(single)(const struct conv_geometry *v, struct NAME(row) r)
{
	REAL sum = 0;

	for (int64_t i = 0; i < v->group_in; i++)
		for (int64_t q = 0; q < v->taps; q++)
			sum += r.w[i * v->taps + q] * r.x[i * v->points_in + r.tap[q]];
	*r.y = sum;
}

/* One group of one sample: x (group_in, in...), w (group_out, group_in, taps), y (group_out, out...). */
static void NAME(direct_group)(const struct conv_geometry *v, const int64_t *tap, const REAL *x, const REAL *w, REAL *y)
{
	const int64_t width = v->out[2];

	for (int64_t p = 0; p < v->out[0] * v->out[1]; p++) {
		int64_t p0 = p / v->out[1], p1 = p % v->out[1];
		const REAL *from = x + (p0 * v->stride[0] * v->in[1] + p1 * v->stride[1]) * v->in[2];

		for (int64_t o = 0, n; o < v->group_out; o += n) {
			const struct NAME(row) r = { from, w + o * v->window, y + o * v->points_out + p * width, tap };

			n = v->group_out - o < 4 ? 1 : 4;
			for (int64_t at = 0, step; at < width; at += step) {
				int64_t left = width - at, wide = n == 4 ? 2 * LANES : 4 * LANES;
				struct NAME(row) t = r;

				step = left >= wide ? wide : width >= LANES ? LANES : 1;
				if (left < step) /* the last vector overlaps the one before: the same values again */
					at = width - LANES;
				t.x += at;
				t.y += at;
				if (step == 1)
					for (int64_t c = 0; c < n; c++, t.w += v->window, t.y += v->points_out)
						NAME(single)(v, t);
				else if (n == 4)
					step == wide ? NAME(tile_4_2)(v, t) : NAME(tile_4_1)(v, t);
				else
					step == wide ? NAME(tile_1_4)(v, t) : NAME(tile_1_1)(v, t);
			}
		}
	}
}

static void NAME(direct)(const struct conv_geometry *v, const int64_t *tap, const REAL *x, const REAL *w, REAL *y)
{
	for (int64_t g = 0; g < v->groups; g++)
		NAME(direct_group)
	(v, tap, x + g * v->group_in * v->points_in, w + g * v->group_out * v->window,
	 y + g * v->group_out * v->points_out);
}

/* For the adjoint at stride 1, a convolution of y in a frame of zeros with the kernel turned around and its channels
 * exchanged: w (out, in, taps) -> turned (in, out, taps reversed), group by group; y -> framed (v is the adjoint's). */
static void NAME(turn)(const struct conv_geometry *v, const REAL *w, REAL *turned)
{
	for (int64_t g = 0; g < v->groups; g++)
		for (int64_t o = 0; o < v->group_in; o++)
			for (int64_t i = 0; i < v->group_out; i++, w += v->taps) {
				REAL *to = turned + ((g * v->group_out + i) * v->group_in + o) * v->taps + v->taps - 1;

				for (int64_t q = 0; q < v->taps; q++)
					to[-q] = w[q];
			}
}

static void NAME(frame)(const struct conv_geometry *v, const struct conv_geometry *forward, const REAL *y, REAL *framed)
{
	const int64_t *n = forward->out;
	int64_t edge[CONV_DIMS];

	for (int d = 0; d < CONV_DIMS; d++)
		edge[d] = v->dilation[d] * (v->kernel[d] - 1);
	for (int64_t c = 0; c < v->n_in; c++, framed += v->points_in)
		for (int64_t i = 0; i < n[0] * n[1]; i++, y += n[2])
			memcpy(framed + ((i / n[1] + edge[0]) * v->in[1] + i % n[1] + edge[1]) * v->in[2] + edge[2], y,
			       (size_t)n[2] * sizeof *y);
}

/* One sample of the convolution. */
static void NAME(sample)(const struct conv_geometry *v, bool direct, const REAL *x, const REAL *w, REAL *y,
			 void *scratch)
{
	if (direct)
		NAME(direct)(v, scratch, x, w, y);
	else
		NAME(forward)(v, x, w, y, scratch);
}

/* Samples begin .. end-1 of the adjoint; t: as a convolution, or NULL. Scratch: turned kernel, framed sample, taps. */
static void NAME(adjoint)(const struct conv_geometry *v, const struct conv_geometry *t, int64_t begin, int64_t end,
			  const REAL *y, const REAL *w, REAL *x, REAL *scratch)
{
	REAL *turned = scratch, *framed = NULL;
	int64_t *tap = NULL;

	if (t) {
		framed = turned + conv_aligned(t->n_out * t->window);
		tap = (int64_t *)(framed + conv_aligned(t->n_in * t->points_in));
		NAME(turn)(t, w, turned);
		memset(framed, 0, (size_t)(t->n_in * t->points_in) * sizeof *framed);
		conv_taps(t, tap);
	}
	for (int64_t b = begin; b < end; b++) {
		const REAL *from = y + b * v->n_out * v->points_out;
		REAL *to = x + b * v->n_in * v->points_in;

		if (t) {
			NAME(frame)(t, v, from, framed);
			NAME(direct)(t, tap, framed, turned, to);
		} else {
			NAME(backward)(v, from, w, to, scratch);
		}
	}
}

/* sum[t] += sum over one channel's positions of y times x at tap t, for four taps that share the loads of y. */
static LANES_APART void NAME(dots)(const struct conv_geometry *v, const REAL *x, const REAL *y, const int64_t *tap,
				   REAL *sum)
{
	const int64_t width = v->out[2], t0 = tap[0], t1 = tap[1], t2 = tap[2], t3 = tap[3];
	NAME(vec) total[4] = { 0 };
	REAL rest[4] = { 0 };

	for (int64_t p = 0; p < v->out[0] * v->out[1]; p++, y += width) {
		int64_t p0 = p / v->out[1], p1 = p % v->out[1], at = 0;
		const REAL *row = x + (p0 * v->stride[0] * v->in[1] + p1 * v->stride[1]) * v->in[2];

		for (; at + LANES <= width; at += LANES) {
			NAME(vec) a, b[4];

			memcpy(&a, y + at, sizeof a);
			memcpy(&b[0], row + at + t0, sizeof a);
			memcpy(&b[1], row + at + t1, sizeof a);
			memcpy(&b[2], row + at + t2, sizeof a);
			memcpy(&b[3], row + at + t3, sizeof a);
			LANES_UNROLL for (int t = 0; t < 4; t++) total[t] = NAME(LANES_FMA)(a, b[t], total[t]);
		}
		for (; at < width; at++)
			for (int t = 0; t < 4; t++)
				rest[t] += y[at] * row[at + tap[t]];
	}
	for (int t = 0; t < 4; t++) {
		REAL lane[LANES];

		memcpy(lane, &total[t], sizeof lane);
		for (int k = 0; k < LANES; k++)
			rest[t] += lane[k];
		sum[t] += rest[t];
	}
}

/* The sum over a chunk of samples where a matrix product would have a row or two only. */
static void NAME(chunk_direct)(const struct conv_geometry *v, int64_t unit, const REAL *x, const REAL *y, REAL *sums)
{
	const int64_t origin[CONV_DIMS] = { 0 };
	int64_t g = unit % v->groups, chunk = unit / v->groups;
	int64_t begin = chunk * v->batch / v->n_chunks, end = (chunk + 1) * v->batch / v->n_chunks;
	REAL *to = sums + (chunk * v->n_out + g * v->group_out) * v->window;

	memset(to, 0, (size_t)(v->group_out * v->window) * sizeof *to);
	for (int64_t q = 0; q < v->taps; q += 4) {
		int64_t n = v->taps - q < 4 ? v->taps - q : 4, tap[4];

		for (int64_t t = 0; t < 4; t++)
			tap[t] = conv_place(v, origin, t < n ? q + t : q);
		for (int64_t b = begin; b < end; b++)
			for (int64_t o = 0; o < v->group_out; o++)
				for (int64_t i = 0; i < v->group_in; i++) {
					REAL *at = to + o * v->window + i * v->taps + q, sum[4] = { 0 };

					NAME(dots)
					(v, x + (b * v->n_in + g * v->group_in + i) * v->points_in,
					 y + (b * v->n_out + g * v->group_out + o) * v->points_out, tap, sum);
					for (int64_t t = 0; t < n; t++)
						at[t] += sum[t];
				}
	}
}

static void NAME(weight_unit)(const struct conv_geometry *v, int64_t unit, const REAL *x, const REAL *y, REAL *sums,
			      REAL *columns)
{
	if (!v->plain && v->group_out <= 2 && v->stride[2] == 1)
		NAME(chunk_direct)(v, unit, x, y, sums);
	else
		NAME(chunk)(v, unit, x, y, sums, columns);
}
#undef LANES
