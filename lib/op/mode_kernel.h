/* mode_kernel.h: sums of products of complex arrays mode by mode, out[p, q] = sum_r a[p, r] (b[q, r] or its conjugate);
 * every array holds n_modes complex numbers per entry. Included once per type by mode_product.c with REAL and NAME defined.
 * Lanes are neighbouring modes, so an entry's value depends on its own operands alone, whatever tile it was part of. */

#define LANES NAME(LANES)
typedef NAME(lanes) NAME(vec);

/* a and out are planar (all real parts, then all imaginary parts) or interleaved like b, as `form` says. */
struct NAME(operand) {
	REAL *data;
	int64_t outer, inner; /* strides in numbers: of p or q, and of r */
	bool interleaved;
};

LANES_INLINE void NAME(load)(const REAL *at, bool interleaved, int64_t n_modes, int64_t mode, NAME(vec) * re,
			     NAME(vec) * im)
{
	if (interleaved) {
		NAME(vec) low, high;

		memcpy(&low, at + 2 * mode, sizeof low);
		memcpy(&high, at + 2 * mode + LANES, sizeof high);
		*re = NAME(LANES_EVEN)(low, high);
		*im = NAME(LANES_ODD)(low, high);
		return;
	}
	memcpy(re, at + mode, sizeof *re);
	memcpy(im, at + n_modes + mode, sizeof *im);
}

LANES_INLINE void NAME(store)(REAL *at, bool interleaved, int64_t n_modes, int64_t mode, const NAME(vec) * re,
			      const NAME(vec) * im)
{
	if (interleaved) {
		NAME(vec) low = NAME(LANES_LOW)(*re, *im), high = NAME(LANES_HIGH)(*re, *im);

		memcpy(at + 2 * mode, &low, sizeof low);
		memcpy(at + 2 * mode + LANES, &high, sizeof high);
		return;
	}
	memcpy(at + mode, re, sizeof *re);
	memcpy(at + n_modes + mode, im, sizeof *im);
}

/* Four entries of one operand against one of the other, for LANES modes: out[p, q] for p = 0..3 and one q, or for one p
 * and q = 0..3. Named accumulators, not arrays: they have to stay in registers. An entry past the end repeats the last one. */
#define EACH(DO) DO(0) DO(1) DO(2) DO(3)
#define ACCUMULATE(i, ar, ai, br, bi)                                                                                  \
	re##i = NAME(LANES_FMA)(ar, br, re##i);                                                                        \
	im##i = NAME(LANES_FMA)(ai, br, im##i);                                                                        \
	re##i = conj_b ? NAME(LANES_FMA)(ai, bi, re##i) : NAME(LANES_FNMA)(ai, bi, re##i);                             \
	im##i = conj_b ? NAME(LANES_FNMA)(ar, bi, im##i) : NAME(LANES_FMA)(ar, bi, im##i);

LANES_INLINE void NAME(tile_p)(int64_t n_p, int64_t n_r, bool conj_b, int64_t n_modes, int64_t mode,
			       struct NAME(operand) a, struct NAME(operand) b, struct NAME(operand) out)
{
	const NAME(vec) zero = { 0 };
#define DECLARE(i)                                                                                                     \
	NAME(vec) re##i = zero, im##i = zero;                                                                          \
	const int64_t row##i = i < n_p ? i : n_p - 1;                                                                  \
	const REAL *at##i = a.data + row##i * a.outer;
#define STEP(i)                                                                                                        \
	NAME(load)(at##i + r * a.inner, false, n_modes, mode, &ar, &ai);                                               \
	ACCUMULATE(i, ar, ai, br, bi)
#define FINISH(i) NAME(store)(out.data + row##i * out.outer, out.interleaved, n_modes, mode, &re##i, &im##i);
	EACH(DECLARE)
	for (int64_t r = 0; r < n_r; r++) {
		NAME(vec) ar, ai, br, bi;

		NAME(load)(b.data + r * b.inner, b.interleaved, n_modes, mode, &br, &bi);
		EACH(STEP)
	}
	EACH(FINISH)
#undef DECLARE
#undef STEP
#undef FINISH
}

LANES_INLINE void NAME(tile_q)(int64_t n_q, int64_t n_r, bool conj_b, int64_t n_modes, int64_t mode,
			       struct NAME(operand) a, struct NAME(operand) b, struct NAME(operand) out)
{
	const NAME(vec) zero = { 0 };
#define DECLARE(i)                                                                                                     \
	NAME(vec) re##i = zero, im##i = zero;                                                                          \
	const int64_t row##i = i < n_q ? i : n_q - 1;                                                                  \
	const REAL *at##i = b.data + row##i * b.outer;
#define STEP(i)                                                                                                        \
	NAME(load)(at##i + r * b.inner, b.interleaved, n_modes, mode, &br, &bi);                                       \
	ACCUMULATE(i, ar, ai, br, bi)
#define FINISH(i) NAME(store)(out.data + row##i * out.inner, out.interleaved, n_modes, mode, &re##i, &im##i);
	EACH(DECLARE)
	for (int64_t r = 0; r < n_r; r++) {
		NAME(vec) ar, ai, br, bi;

		NAME(load)(a.data + r * a.inner, false, n_modes, mode, &ar, &ai);
		EACH(STEP)
	}
	EACH(FINISH)
#undef DECLARE
#undef STEP
#undef FINISH
}

/* The modes left over after whole vectors, one by one. */
static void NAME(rest)(int64_t n_p, int64_t n_q, int64_t n_r, bool conj_b, int64_t n_modes, int64_t first,
		       struct NAME(operand) a, struct NAME(operand) b, struct NAME(operand) out)
{
	const int64_t step_b = b.interleaved ? 2 : 1, im_b = b.interleaved ? 1 : n_modes;
	const int64_t step = out.interleaved ? 2 : 1, im_out = out.interleaved ? 1 : n_modes;

	for (int64_t p = 0; p < n_p; p++)
		for (int64_t q = 0; q < n_q; q++)
			for (int64_t mode = first; mode < n_modes; mode++) {
				const REAL *at_a = a.data + p * a.outer + mode,
					   *at_b = b.data + q * b.outer + mode * step_b;
				REAL re = 0, im = 0;

				for (int64_t r = 0; r < n_r; r++, at_a += a.inner, at_b += b.inner) {
					REAL ar = at_a[0], ai = at_a[n_modes], br = at_b[0],
					     bi = conj_b ? -at_b[im_b] : at_b[im_b];

					re += ar * br - ai * bi;
					im += ai * br + ar * bi;
				}
				REAL *to = out.data + p * out.outer + q * out.inner + mode * step;

				to[0] = re;
				to[im_out] = im;
			}
}

LANES_INLINE struct NAME(operand) NAME(advance)(struct NAME(operand) o, int64_t outer, int64_t inner)
{
	o.data += outer * o.outer + inner * o.inner;
	return o;
}

LANES_INLINE void NAME(tiles)(int64_t n_p, int64_t n_q, int64_t n_r, bool conj_b, bool interleaved_b,
			      bool interleaved_out, int64_t n_modes, struct NAME(operand) a, struct NAME(operand) b,
			      struct NAME(operand) out)
{
	int64_t mode = 0;

	b.interleaved = interleaved_b;
	out.interleaved = interleaved_out;
	for (; mode + LANES <= n_modes; mode += LANES) {
		int64_t p = 0;

		/* many p: each vector of b serves four of them */
		for (int64_t q = 0; n_p > 1 && q < n_q; q++)
			for (p = 0; n_p - p > 1; p += 4)
				NAME(tile_p)
		(n_p - p, n_r, conj_b, n_modes, mode, NAME(advance)(a, p, 0), NAME(advance)(b, q, 0),
		 NAME(advance)(out, p, q));
		for (int64_t q = 0; p < n_p && q < n_q; q += 4)
			NAME(tile_q)
		(n_q - q, n_r, conj_b, n_modes, mode, NAME(advance)(a, p, 0), NAME(advance)(b, q, 0),
		 NAME(advance)(out, p, q));
	}
	if (mode < n_modes)
		NAME(rest)(n_p, n_q, n_r, conj_b, n_modes, mode, a, b, out);
}

/* The three products. x (n_b, n_i, modes) and y (n_b, n_o, modes) planar, w (n_i, n_o, modes) interleaved. */
static void NAME(forward)(int64_t n_b, int64_t n_i, int64_t n_o, int64_t n, const REAL *x, const REAL *w, REAL *y)
{
	NAME(tiles)
	(n_b, n_o, n_i, false, true, false, n, (struct NAME(operand)){ (REAL *)x, n_i * 2 * n, 2 * n, false },
	 (struct NAME(operand)){ (REAL *)w, 2 * n, n_o * 2 * n, true },
	 (struct NAME(operand)){ y, n_o * 2 * n, 2 * n, false });
}

static void NAME(adjoint)(int64_t n_b, int64_t n_i, int64_t n_o, int64_t n, const REAL *y, const REAL *w, REAL *x)
{
	NAME(tiles)
	(n_b, n_i, n_o, true, true, false, n, (struct NAME(operand)){ (REAL *)y, n_o * 2 * n, 2 * n, false },
	 (struct NAME(operand)){ (REAL *)w, n_o * 2 * n, 2 * n, true },
	 (struct NAME(operand)){ x, n_i * 2 * n, 2 * n, false });
}

/* Entries first .. first+count-1 of the first axis of w; b in ascending order. */
static void NAME(weight)(int64_t n_b, int64_t n_i, int64_t n_o, int64_t n, int64_t first, int64_t count, const REAL *x,
			 const REAL *y, REAL *w)
{
	NAME(tiles)
	(n_o, count, n_b, true, false, true, n, (struct NAME(operand)){ (REAL *)y, 2 * n, n_o * 2 * n, false },
	 (struct NAME(operand)){ (REAL *)x + first * 2 * n, 2 * n, n_i * 2 * n, false },
	 (struct NAME(operand)){ w + first * n_o * 2 * n, 2 * n, n_o * 2 * n, true });
}
#undef LANES
#undef EACH
#undef ACCUMULATE
