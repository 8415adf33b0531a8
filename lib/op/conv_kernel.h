/* conv_kernel.h: convolution of one sample and the sum over samples for its kernel; included once per type by
 * conv.c. */

/* columns[i * taps + q][position - begin] for the channels of one group. */
static void NAME(gather)(const struct conv_geometry *v, const REAL *x, int64_t begin, int64_t end, REAL *columns)
{
	const int64_t step = v->stride[2], n = end - begin;

	for (int64_t i = 0; i < v->group_in; i++, x += v->points_in)
		for (int64_t q = 0; q < v->taps; q++, columns += n) {
			int64_t p[CONV_DIMS], count;

			for (int64_t at = begin; at < end; at += count) {
				REAL *restrict to = columns + (at - begin);

				count = conv_stretch(v, at, end, p);
				const REAL *restrict from = x + conv_place(v, p, q);

				if (step == 1)
					memcpy(to, from, (size_t)count * sizeof *to);
				else
					for (int64_t k = 0; k < count; k++)
						to[k] = from[k * step];
			}
		}
}

/* The adjoint: add the columns into x. */
static void NAME(scatter)(const struct conv_geometry *v, const REAL *columns, int64_t begin, int64_t end, REAL *x)
{
	const int64_t step = v->stride[2], n = end - begin;

	for (int64_t i = 0; i < v->group_in; i++, x += v->points_in)
		for (int64_t q = 0; q < v->taps; q++, columns += n) {
			int64_t p[CONV_DIMS], count;

			for (int64_t at = begin; at < end; at += count) {
				const REAL *restrict from = columns + (at - begin);

				count = conv_stretch(v, at, end, p);
				REAL *restrict to = x + conv_place(v, p, q);

				if (step == 1)
					for (int64_t k = 0; k < count; k++)
						to[k] += from[k];
				else
					for (int64_t k = 0; k < count; k++)
						to[k * step] += from[k];
			}
		}
}

static void NAME(forward)(const struct conv_geometry *v, const REAL *x, const REAL *w, REAL *y, REAL *columns)
{
	for (int64_t g = 0; g < v->groups; g++) {
		for (int64_t at = 0; at < v->points_out; at += v->block) {
			int64_t n = v->points_out - at < v->block ? v->points_out - at : v->block;

			if (!v->plain)
				NAME(gather)(v, x, at, at + n, columns);
			NAME(num_gemm)
			(false, false, v->group_out, n, v->window, 1, w, v->window, v->plain ? x : columns, n, 0,
			 y + at, v->points_out);
		}
		x += v->group_in * v->points_in;
		w += v->group_out * v->window;
		y += v->group_out * v->points_out;
	}
}

static void NAME(backward)(const struct conv_geometry *v, const REAL *y, const REAL *w, REAL *x, REAL *columns)
{
	if (!v->plain)
		memset(x, 0, (size_t)(v->n_in * v->points_in) * sizeof *x);
	for (int64_t g = 0; g < v->groups; g++) {
		for (int64_t at = 0; at < v->points_out; at += v->block) {
			int64_t n = v->points_out - at < v->block ? v->points_out - at : v->block;

			NAME(num_gemm)
			(true, false, v->window, n, v->group_out, 1, w, v->window, y + at, v->points_out, 0,
			 v->plain ? x : columns, n);
			if (!v->plain)
				NAME(scatter)(v, columns, at, at + n, x);
		}
		x += v->group_in * v->points_in;
		w += v->group_out * v->window;
		y += v->group_out * v->points_out;
	}
}

/* Unit = (chunk of samples, group, part of the group's output channels): its sum over the chunk, samples in order. */
static void NAME(chunk)(const struct conv_geometry *v, int64_t unit, const REAL *x, const REAL *y, REAL *sums,
			REAL *columns)
{
	int64_t part = unit % v->n_parts, g = unit / v->n_parts % v->groups, chunk = unit / v->n_parts / v->groups;
	int64_t first = part * v->part, n_rows = v->group_out - first < v->part ? v->group_out - first : v->part;
	int64_t begin = chunk * v->batch / v->n_chunks, end = (chunk + 1) * v->batch / v->n_chunks;
	REAL *to = sums + (chunk * v->n_out + g * v->group_out + first) * v->window;

	if (n_rows < 1)
		return;
	for (int64_t b = begin; b < end; b++) {
		const REAL *xb = x + (b * v->n_in + g * v->group_in) * v->points_in;
		const REAL *yb = y + (b * v->n_out + g * v->group_out + first) * v->points_out;

		for (int64_t at = 0; at < v->points_out; at += v->block) {
			int64_t n = v->points_out - at < v->block ? v->points_out - at : v->block;

			if (!v->plain)
				NAME(gather)(v, xb, at, at + n, columns);
			NAME(num_gemm)
			(false, true, n_rows, v->window, n, 1, yb + at, v->points_out, v->plain ? xb : columns, n,
			 b > begin || at > 0, to, v->window);
		}
	}
}

static void NAME(total)(const struct conv_geometry *v, const REAL *sums, REAL *out)
{
	const int64_t n = v->n_out * v->window;

	memcpy(out, sums, (size_t)n * sizeof *out);
	for (int64_t c = 1; c < v->n_chunks; c++) {
		sums += n;
		for (int64_t i = 0; i < n; i++)
			out[i] += sums[i];
	}
}
