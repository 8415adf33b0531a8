/* complex_kernel.h: included by complex.c for float and double: sums of products of complex vectors, interleaved, whose
 * strides are counted in complex numbers. REAL and NAME(x) are given; the signs conj_a and conj_b are +1 or -1. */

/* out_i (+)= a_i b_i */
static inline void NAME(line)(int64_t n, REAL *out, int64_t so, const REAL *a, int64_t sa, const REAL *b, int64_t sb,
			      const REAL conj_a, const REAL conj_b, const bool add)
{
	for (int64_t i = 0; i < n; i++) {
		REAL ar = a[2 * i * sa], ai = conj_a * a[2 * i * sa + 1];
		REAL br = b[2 * i * sb], bi = conj_b * b[2 * i * sb + 1];
		REAL *o = out + 2 * i * so;

		o[0] = (add ? o[0] : 0) + (ar * br - ai * bi);
		o[1] = (add ? o[1] : 0) + (ar * bi + ai * br);
	}
}

#ifdef LANES_VECTOR
/* out_i += a_i b_i with unit strides, but sa = 0 or 1: out + ar (br, bi) + ai (-bi, br), signs as conjugation asks.
 * Returns how many were done. */
static inline int64_t NAME(vectors)(int64_t n, REAL *restrict out, const REAL *a, const int64_t sa, const REAL *b,
				    bool conj_a, bool conj_b)
{
	enum { PAIRS = NAME(LANES) / 2 };
	const REAL one[2] = { 1, conj_b ? -1 : 1 }, other[2] = { conj_a == conj_b ? -1 : 1, conj_a ? -1 : 1 };
	NAME(lanes) sign, cross, re, im;
	int64_t i = 0;

	for (int k = 0; k < 2 * PAIRS; k++) {
		sign[k] = one[k % 2];
		cross[k] = other[k % 2];
	}
	for (int k = 0; k < 2 * PAIRS; k++) {
		re[k] = a[0] * sign[k];
		im[k] = a[1] * cross[k];
	}
	for (; i + PAIRS <= n; i += PAIRS) {
		NAME(lanes) x, y, o;

		memcpy(&y, b + 2 * i, sizeof y);
		memcpy(&o, out + 2 * i, sizeof o);
		if (sa != 0) {
			memcpy(&x, a + 2 * i, sizeof x);
			re = NAME(TWICE_EVEN)(x) * sign;
			im = NAME(TWICE_ODD)(x) * cross;
		}
		o = NAME(LANES_FMA)(re, y, o);
		o = NAME(LANES_FMA)(im, NAME(CROSS)(y), o);
		memcpy(out + 2 * i, &o, sizeof o);
	}
	return i;
}
#endif

/* The usual strides as constants: whole vectors, and a number times a vector. */
static inline void NAME(lines)(int64_t n, REAL *restrict out, int64_t so, const REAL *a, int64_t sa, const REAL *b,
			       int64_t sb, const REAL conj_a, const REAL conj_b, const bool add)
{
	if (so == 1 && sa == 1 && sb == 1)
		NAME(line)(n, out, 1, a, 1, b, 1, conj_a, conj_b, add);
	else if (so == 1 && sa == 0 && sb == 1)
		NAME(line)(n, out, 1, a, 0, b, 1, conj_a, conj_b, add);
	else if (so == 1 && sa == 1 && sb == 0)
		NAME(line)(n, out, 1, a, 1, b, 0, conj_a, conj_b, add);
	else
		NAME(line)(n, out, so, a, sa, b, sb, conj_a, conj_b, add);
}

static void NAME(products)(int64_t n, REAL *out, int64_t so, const REAL *a, int64_t sa, const REAL *b, int64_t sb,
			   bool conj_a, bool conj_b, bool add)
{
	const REAL sign_a = conj_a ? -1 : 1, sign_b = conj_b ? -1 : 1;

#ifdef LANES_VECTOR
	if (add && so == 1 && sa <= 1 && sb <= 1 && sa + sb > 0) {
		int64_t done = sb == 0	 ? NAME(vectors)(n, out, b, 0, a, conj_b, conj_a)
			       : sa == 0 ? NAME(vectors)(n, out, a, 0, b, conj_a, conj_b)
					 : NAME(vectors)(n, out, a, 1, b, conj_a, conj_b);

		n -= done;
		out += 2 * done;
		a += 2 * done * sa;
		b += 2 * done * sb;
	}
#endif
	if (add)
		NAME(lines)(n, out, so, a, sa, b, sb, sign_a, sign_b, true);
	else
		NAME(lines)(n, out, so, a, sa, b, sb, sign_a, sign_b, false);
}

/* out (+)= sum_i a_i b_i, in LANES partial sums */
static void NAME(dot)(int64_t n, REAL *out, const REAL *a, int64_t sa, const REAL *b, int64_t sb, bool conj_a,
		      bool conj_b, bool add)
{
	const REAL sign_a = conj_a ? -1 : 1, sign_b = conj_b ? -1 : 1;
	REAL re[LANES] = { 0 }, im[LANES] = { 0 };
	double real = add ? out[0] : 0, imaginary = add ? out[1] : 0;
	int64_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		for (int j = 0; j < LANES; j++) {
			REAL ar = a[2 * (i + j) * sa], ai = sign_a * a[2 * (i + j) * sa + 1];
			REAL br = b[2 * (i + j) * sb], bi = sign_b * b[2 * (i + j) * sb + 1];

			re[j] += ar * br - ai * bi;
			im[j] += ar * bi + ai * br;
		}
	}
	for (; i < n; i++) {
		REAL ar = a[2 * i * sa], ai = sign_a * a[2 * i * sa + 1];
		REAL br = b[2 * i * sb], bi = sign_b * b[2 * i * sb + 1];

		real += (double)(ar * br - ai * bi);
		imaginary += (double)(ar * bi + ai * br);
	}
	for (int j = 0; j < LANES; j++) {
		real += (double)re[j];
		imaginary += (double)im[j];
	}
	out[0] = (REAL)real;
	out[1] = (REAL)imaginary;
}
