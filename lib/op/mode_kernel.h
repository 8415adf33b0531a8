/* mode_kernel.h: sums of products of complex arrays mode by mode, out[p, q] = sum_r a[p, r] (b[q, r] or its
 * conjugate); every array holds n_modes complex numbers per entry. Included once per type by mode_product.c with
 * REAL and NAME defined. Lanes are neighbouring modes. For one vector of modes entries are copied close together
 * first: where they are they stand at the distance of all modes, often a power of two, and push each other out of
 * the cache. The terms of an element are added in order, whatever tile it is part of. */

#define LANES NAME(WIDE)
typedef NAME(wide) NAME(vec);

/* Planar (all real parts, then all imaginary parts) or interleaved. */
struct NAME(operand) {
	REAL *data;
	int64_t outer, inner; /* strides in numbers: of p or q, and of r (of out: of p, and of q) */
	bool interleaved;
};

/* `count` modes from `mode` on, the lanes behind them 0. */
WIDE_INLINE void NAME(load)(const REAL *at, bool interleaved, int64_t n_modes, int64_t mode, int64_t count,
			    NAME(vec) * re, NAME(vec) * im)
{
	REAL part[2 * LANES] = { 0 };
	NAME(vec) low, high;

	if (interleaved) {
		at += 2 * mode;
		if (count < LANES)
			at = memcpy(part, at, (size_t)(2 * count) * sizeof *at);
		memcpy(&low, at, sizeof low);
		memcpy(&high, at + LANES, sizeof high);
		*re = NAME(WIDE_EVEN)(low, high);
		*im = NAME(WIDE_ODD)(low, high);
	} else if (count < LANES) {
		memcpy(part, at + mode, (size_t)count * sizeof *at);
		memcpy(part + LANES, at + n_modes + mode, (size_t)count * sizeof *at);
		memcpy(re, part, sizeof *re);
		memcpy(im, part + LANES, sizeof *im);
	} else {
		memcpy(re, at + mode, sizeof *re);
		memcpy(im, at + n_modes + mode, sizeof *im);
	}
}

WIDE_INLINE void NAME(store)(REAL *at, bool interleaved, int64_t n_modes, int64_t mode, int64_t count,
			     const NAME(vec) * re, const NAME(vec) * im)
{
	const size_t bytes = (size_t)count * sizeof *at;
	REAL part[2 * LANES];

	if (interleaved) {
		NAME(vec) low = NAME(WIDE_FIRST)(*re, *im), high = NAME(WIDE_SECOND)(*re, *im);

		memcpy(part, &low, sizeof low);
		memcpy(part + LANES, &high, sizeof high);
		if (count == LANES)
			memcpy(at + 2 * mode, part, sizeof part);
		else
			memcpy(at + 2 * mode, part, 2 * bytes);
	} else if (count == LANES) {
		memcpy(at + mode, re, sizeof *re);
		memcpy(at + n_modes + mode, im, sizeof *im);
	} else {
		memcpy(part, re, sizeof *re);
		memcpy(at + mode, part, bytes);
		memcpy(part, im, sizeof *im);
		memcpy(at + n_modes + mode, part, bytes);
	}
}

/* Entries 0 .. n-1 of an operand for `terms` r, `tile` of them at a time side by side; the last one fills up the
 * last tile. */
WIDE_INLINE void NAME(pack)(struct NAME(operand) from, int64_t n, int64_t tile, int64_t terms, int64_t n_modes,
			    int64_t mode, int64_t count, REAL *to)
{
	for (int64_t first = 0; first < n; first += tile)
		for (int64_t t = 0; t < tile; t++) {
			const int64_t entry = first + t < n ? first + t : n - 1;
			const REAL *at = from.data + entry * from.outer;
			REAL *target = to + (first * terms + t) * 2 * LANES;

			for (int64_t r = 0; r < terms; r++, at += from.inner, target += tile * 2 * LANES) {
				NAME(vec) re, im;

				NAME(load)(at, from.interleaved, n_modes, mode, count, &re, &im);
				memcpy(target, &re, sizeof re);
				memcpy(target + LANES, &im, sizeof im);
			}
		}
}

/* Lines of the next vector of modes that a tile asks for, one a term. */
struct NAME(ahead) {
	const REAL *at;
	int64_t step;
};

/* Line 0 or 1 of entry `entry`, term by term, of the vector of modes behind `mode`; or none. */
WIDE_INLINE struct NAME(ahead)
	NAME(ahead_of)(struct NAME(operand) of, int64_t entry, int64_t n, int line, int64_t n_modes, int64_t mode)
{
	const int64_t next = mode + LANES;

	if (entry >= n || next >= n_modes || (of.interleaved && 2 * next + line * LANES >= 2 * n_modes))
		return (struct NAME(ahead)){ of.data, 0 };
	of.data += entry * of.outer + (of.interleaved ? 2 * next + line * LANES : next + line * n_modes);
	return (struct NAME(ahead)){ of.data, of.inner };
}

/* A tile: sums go on from what out holds when `more`. */
WIDE_INLINE void NAME(tile)(const REAL *a, const REAL *b, int64_t terms, bool conj_b, bool more, int64_t n_p,
			    int64_t n_q, int64_t n_modes, int64_t mode, int64_t count, struct NAME(operand) out,
			    struct NAME(ahead) ahead)
{
	NAME(vec) re[TILE_P][TILE_Q], im[TILE_P][TILE_Q];

	WIDE_UNROLL for (int p = 0; p < TILE_P; p++) WIDE_UNROLL for (int q = 0; q < TILE_Q; q++)
	{
		re[p][q] = im[p][q] = (NAME(vec)){ 0 };
		if (more && p < n_p && q < n_q)
			NAME(load)
		(out.data + p * out.outer + q * out.inner, out.interleaved, n_modes, mode, count, &re[p][q], &im[p][q]);
	}
	for (int64_t r = 0; r < terms; r++, a += TILE_P * 2 * LANES, b += TILE_Q * 2 * LANES) {
		NAME(vec) br[TILE_Q], bi[TILE_Q];

		WIDE_PREFETCH(ahead.at + r * ahead.step, 0, 2);
		WIDE_UNROLL for (int q = 0; q < TILE_Q; q++)
		{
			memcpy(&br[q], b + 2 * q * LANES, sizeof br[q]);
			memcpy(&bi[q], b + (2 * q + 1) * LANES, sizeof bi[q]);
		}
		WIDE_UNROLL for (int p = 0; p < TILE_P; p++)
		{
			NAME(vec) ar, ai;

			memcpy(&ar, a + 2 * p * LANES, sizeof ar);
			memcpy(&ai, a + (2 * p + 1) * LANES, sizeof ai);
			WIDE_UNROLL for (int q = 0; q < TILE_Q; q++)
			{
				re[p][q] = NAME(WIDE_FMA)(ar, br[q], re[p][q]);
				im[p][q] = NAME(WIDE_FMA)(ai, br[q], im[p][q]);
				re[p][q] = conj_b ? NAME(WIDE_FMA)(ai, bi[q], re[p][q])
						  : NAME(WIDE_FNMA)(ai, bi[q], re[p][q]);
				im[p][q] = conj_b ? NAME(WIDE_FNMA)(ar, bi[q], im[p][q])
						  : NAME(WIDE_FMA)(ar, bi[q], im[p][q]);
			}
		}
	}
	WIDE_UNROLL for (int p = 0; p < TILE_P; p++)
		WIDE_UNROLL for (int q = 0; q < TILE_Q; q++) if (p < n_p && q < n_q)
			NAME(store)(out.data + p * out.outer + q * out.inner, out.interleaved, n_modes, mode, count,
				    &re[p][q], &im[p][q]);
}

/* All n_p, a block of n_q, for the modes mode .. mode+count-1. */
WIDE_INLINE void NAME(block)(int64_t n_p, int64_t n_q, int64_t n_r, bool conj_b, int64_t n_modes, int64_t mode,
			     int64_t count, struct NAME(operand) a, struct NAME(operand) b, struct NAME(operand) out,
			     REAL *scratch)
{
	for (int64_t first = 0, terms; first < n_r; first += terms) {
		terms = n_r - first < TERMS ? n_r - first : TERMS;
		REAL *pack_a = scratch, *pack_b = scratch + terms * TILE_P * 2 * LANES;
		const struct NAME(operand) b_now = b;
		struct NAME(operand) rows = a, to = out;

		NAME(pack)(b, n_q, TILE_Q, terms, n_modes, mode, count, pack_b);
		b.data += terms * b.inner;
		for (int64_t p = 0; p < n_p; p += TILE_P) {
			struct NAME(operand) at = to;

			NAME(pack)
			(rows, n_p - p < TILE_P ? n_p - p : TILE_P, TILE_P, terms, n_modes, mode, count, pack_a);
			/* by turns one of the rows of a, of those of b, and one of the two lines of an entry */
			for (int64_t q = 0; q < n_q; q += TILE_Q, at.data += TILE_Q * out.inner) {
				const int64_t turn = q / TILE_Q, row = turn % TILE_P;
				const int line = (int)(turn / TILE_P % 2);
				const struct NAME(ahead) ahead =
					turn / TILE_P % 4 < 2
						? NAME(ahead_of)(rows, row, n_p - p, line, n_modes, mode)
						: NAME(ahead_of)(b_now, p + row, n_q, line, n_modes, mode);

				NAME(tile)
				(pack_a, pack_b + q * terms * 2 * LANES, terms, conj_b, first > 0, n_p - p, n_q - q,
				 n_modes, mode, count, at, ahead);
			}
			rows.data += TILE_P * a.outer;
			to.data += TILE_P * out.outer;
		}
		a.data += terms * a.inner;
	}
}

/* Units begin .. end-1: vectors of modes, each times blocks of q. The forms are known to the compiler in every call. */
WIDE_INLINE void NAME(units)(const struct work_of *w, int64_t begin, int64_t end, bool conj_b, bool interleaved_b,
			     bool interleaved_out, struct NAME(operand) a, struct NAME(operand) b,
			     struct NAME(operand) out, REAL *scratch)
{
	b.interleaved = interleaved_b;
	out.interleaved = interleaved_out;
	for (int64_t u = begin; u < end; u++) {
		const int64_t mode = u / w->blocks * LANES, q = u % w->blocks * w->block;
		const int64_t n_q = w->n_q - q < w->block ? w->n_q - q : w->block;
		struct NAME(operand) b_at = b, out_at = out;

		b_at.data += q * b.outer;
		out_at.data += q * out.inner;
		if (w->n_modes - mode >= LANES)
			NAME(block)(w->n_p, n_q, w->n_r, conj_b, w->n_modes, mode, LANES, a, b_at, out_at, scratch);
		else
			NAME(block)
		(w->n_p, n_q, w->n_r, conj_b, w->n_modes, mode, w->n_modes - mode, a, b_at, out_at, scratch);
	}
}

/* The three products. x (n_b, n_i, modes) and y (n_b, n_o, modes) planar, w (n_i, n_o, modes) interleaved. */
static void NAME(forward)(const struct work_of *s, int64_t begin, int64_t end, int64_t n_i, int64_t n_o, const REAL *x,
			  const REAL *w, REAL *y, REAL *scratch)
{
	const int64_t n = s->n_modes;

	NAME(units)
	(s, begin, end, false, true, false, (struct NAME(operand)){ (REAL *)x, n_i * 2 * n, 2 * n, false },
	 (struct NAME(operand)){ (REAL *)w, 2 * n, n_o * 2 * n, true },
	 (struct NAME(operand)){ y, n_o * 2 * n, 2 * n, false }, scratch);
}

static void NAME(adjoint)(const struct work_of *s, int64_t begin, int64_t end, int64_t n_i, int64_t n_o, const REAL *y,
			  const REAL *w, REAL *x, REAL *scratch)
{
	const int64_t n = s->n_modes;

	NAME(units)
	(s, begin, end, true, true, false, (struct NAME(operand)){ (REAL *)y, n_o * 2 * n, 2 * n, false },
	 (struct NAME(operand)){ (REAL *)w, n_o * 2 * n, 2 * n, true },
	 (struct NAME(operand)){ x, n_i * 2 * n, 2 * n, false }, scratch);
}

/* The batch is summed in ascending order. */
static void NAME(weight)(const struct work_of *s, int64_t begin, int64_t end, int64_t n_i, int64_t n_o, const REAL *x,
			 const REAL *y, REAL *w, REAL *scratch)
{
	const int64_t n = s->n_modes;

	NAME(units)
	(s, begin, end, true, false, true, (struct NAME(operand)){ (REAL *)y, 2 * n, n_o * 2 * n, false },
	 (struct NAME(operand)){ (REAL *)x, 2 * n, n_i * 2 * n, false },
	 (struct NAME(operand)){ w, 2 * n, n_o * 2 * n, true }, scratch);
}
#undef LANES
