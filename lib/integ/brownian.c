/* brownian.c: the virtual Brownian tree. Time is scaled to [0, 1]; a node of the tree is a dyadic interval [s, u] with
 * a key, the path's values at s, its integrals over [0, s], and over [s, u]. Inside, integrals are carried without
 * divisions: Hb = h H, Kb = h^2 K. A node's key gives three: its left child's, its right child's, and that of the
 * normals which halve it. */
#include "integ/brownian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

enum { MOST_LEVELS = 60, INTEGRALS = 3 };

/* W, Hb, Kb of all channels; those beyond the kind are NULL. */
struct values {
	double *at[INTEGRALS];
};

struct level {
	double s;			    /* left end; the length is 2^-level */
	uint64_t key;			    /* of this node */
	bool right, halved;		    /* is it a right child; do left, right_half and middle hold */
	const struct values *begin, *whole; /* over [0, s], over the node */
	struct values left, right_half, middle;
};

struct brownian {
	struct brownian_spec spec;
	struct rng stream; /* its seed is the key of the node in hand */
	int levels;
	int64_t n, visits;
	struct level *level; /* 0 .. levels: the way to the leaf asked for last */
	int depth;	     /* of which this many are valid */
	struct values zero, root;
	struct values end[2]; /* over [0, r] of the last two times asked for */
	double end_at[2];
	bool end_known[2];
	int newest;
	double *normal; /* of a node, n x kind */
	double *memory;
};

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static double *carve(const struct brownian *b, struct values *v, double *memory)
{
	for (int q = 0; q < INTEGRALS; q++) {
		v->at[q] = q < (int)b->spec.kind ? memory : NULL;
		memory += q < (int)b->spec.kind ? b->n : 0;
	}
	return memory;
}

struct brownian *brownian_new(const struct brownian_spec *spec, struct err *e)
{
	struct brownian *b;
	double depth, *memory;
	int64_t arrays;

	if (!(spec->t1 > spec->t0) || !(spec->tolerance > 0) || !isfinite(spec->t1 - spec->t0)) {
		err_set(e, ERR_USAGE, "Brownian path on [%g, %g] with tolerance %g: needs t0 < t1 and tolerance > 0",
			spec->t0, spec->t1, spec->tolerance);
		return NULL;
	}
	depth = ceil(log2((spec->t1 - spec->t0) / spec->tolerance));
	if (depth > MOST_LEVELS) {
		err_set(e, ERR_USAGE, "Brownian path on [%g, %g]: tolerance %g needs %g levels, more than %d", spec->t0,
			spec->t1, spec->tolerance, depth, MOST_LEVELS);
		return NULL;
	}
	b = xcalloc(1, sizeof *b);
	b->spec = *spec;
	b->stream = rng_stream(0, spec->purpose, (uint64_t)spec->kind, (uint64_t)spec->first_sample);
	b->levels = depth > 0 ? (int)depth : 0;
	b->n = spec->n_samples * spec->channels;
	b->level = xcalloc((size_t)b->levels + 1, sizeof *b->level);
	arrays = (int64_t)spec->kind * (3 * (b->levels + 1) + 5);
	b->memory = mem_new(arrays > INT64_MAX / (b->n + 1) ? -1 : arrays * b->n, sizeof *memory, "Brownian tree", e);
	if (!b->memory) {
		brownian_free(b);
		return NULL;
	}
	memory = carve(b, &b->zero, b->memory);
	memory = carve(b, &b->root, memory);
	memory = carve(b, &b->end[0], memory);
	memory = carve(b, &b->end[1], memory);
	for (int l = 0; l <= b->levels; l++) {
		memory = carve(b, &b->level[l].left, memory);
		memory = carve(b, &b->level[l].right_half, memory);
		memory = carve(b, &b->level[l].middle, memory);
	}
	b->normal = memory;
	return b;
}

void brownian_free(struct brownian *b)
{
	if (!b)
		return;
	free(b->level);
	free(b->memory);
	free(b);
}

int brownian_levels(const struct brownian *b)
{
	return b->levels;
}

int64_t brownian_visits(const struct brownian *b)
{
	return b->visits;
}

void brownian_forget(struct brownian *b)
{
	b->depth = 0;
	b->end_known[0] = b->end_known[1] = false;
}

/* ---- halving a node ---------------------------------------------------------------------------------------------- */

/* Keys of the left child, the right child and the node's own normals. The counter is a block that no stream of normals
 * of the project reaches with this purpose. */
static void split_key(uint64_t key, uint64_t *left, uint64_t *right, uint64_t *own)
{
	static const uint32_t children[4] = { 0, 0x74726565, 0, 0 }, middle[4] = { 1, 0x74726565, 0, 0 };
	const uint32_t k[2] = { (uint32_t)key, (uint32_t)(key >> 32) };
	uint32_t word[4];

	rng_philox(children, k, word);
	*left = (uint64_t)word[1] << 32 | word[0];
	*right = (uint64_t)word[3] << 32 | word[2];
	rng_philox(middle, k, word);
	*own = (uint64_t)word[1] << 32 | word[0];
}

/* kind standard normals for every channel, out[i * kind + q]. */
static void draw(struct brownian *b, uint64_t key)
{
	const size_t each = (size_t)(b->spec.channels * (int64_t)b->spec.kind);

	b->stream.seed = key;
	rng_normal_each(b->stream, (size_t)b->spec.n_samples, 0, each, b->normal);
}

static void halve_w(int64_t n, double h, const double *restrict z, const double *restrict W, double *restrict left,
		    double *restrict right)
{
	const double scale = sqrt(h) / 2;

	for (int64_t i = 0; i < n; i++) {
		left[i] = 0.5 * W[i] + scale * z[i];
		right[i] = W[i] - left[i];
	}
}

static void halve_wh(int64_t n, double h, const double *restrict normal, const struct values *whole,
		     const struct values *left, const struct values *right)
{
	const double *restrict W = whole->at[0], *restrict H = whole->at[1];
	double *restrict lw = left->at[0], *restrict lh = left->at[1], *restrict rw = right->at[0],
			 *restrict rh = right->at[1];
	const double sz = sqrt(h) / 4, sq = sqrt(h / 12);

	for (int64_t i = 0; i < n; i++) {
		const double z = sz * normal[2 * i], q = sq * normal[2 * i + 1];
		const double mean = 0.5 * W[i], swing = 1.5 / h * H[i] + z, common = H[i] / 8 - h / 4 * z;

		lw[i] = mean + swing;
		rw[i] = mean - swing;
		lh[i] = common + h / 4 * q;
		rh[i] = common - h / 4 * q;
	}
}

static void halve_whk(int64_t n, double h, const double *restrict normal, const struct values *whole,
		      const struct values *left, const struct values *right)
{
	const double *restrict W = whole->at[0], *restrict H = whole->at[1], *restrict K = whole->at[2];
	double *restrict lw = left->at[0], *restrict lh = left->at[1], *restrict lk = left->at[2];
	double *restrict rw = right->at[0], *restrict rh = right->at[1], *restrict rk = right->at[2];
	const double sz = sqrt(h / 16), s1 = sqrt(h / 768), s2 = sqrt(h / 2880), m = h / 2;

	for (int64_t i = 0; i < n; i++) {
		const double z = sz * normal[3 * i], x1 = s1 * normal[3 * i + 1], x2 = s2 * normal[3 * i + 2];
		const double mean = 0.5 * W[i], swing = 1.5 / h * H[i] + z;
		const double h_common = H[i] / 8 - m / 2 * z, h_swing = 15 / (8 * h) * K[i] + m * x1;
		const double k_common = K[i] / 32 - h * h / 8 * x1, k_swing = h * h / 4 * x2;

		lw[i] = mean + swing;
		rw[i] = mean - swing;
		lh[i] = h_common + h_swing;
		rh[i] = h_common - h_swing;
		lk[i] = k_common + k_swing;
		rk[i] = k_common - k_swing;
	}
}

/* Over [0, t] from [0, s] and [s, t], m = t - s. */
static void append(const struct brownian *b, const struct values *begin, const struct values *part, double s, double m,
		   const struct values *out)
{
	const double t = s + m;
	const double *restrict ws = begin->at[0], *restrict dw = part->at[0];
	double *restrict w = out->at[0];

	for (int64_t i = 0; i < b->n; i++)
		w[i] = ws[i] + dw[i];
	if (b->spec.kind >= BROWNIAN_WHK) {
		const double *restrict hs = begin->at[1], *restrict dh = part->at[1];
		const double *restrict ks = begin->at[2], *restrict dk = part->at[2];
		double *restrict k = out->at[2];

		for (int64_t i = 0; i < b->n; i++)
			k[i] = ks[i] + dk[i] + m / 2 * hs[i] - s / 2 * dh[i] +
			       (t - 2 * s) / 12 * (t * ws[i] - s * w[i]);
	}
	if (b->spec.kind >= BROWNIAN_WH) {
		const double *restrict hs = begin->at[1], *restrict dh = part->at[1];
		double *restrict h = out->at[1];

		for (int64_t i = 0; i < b->n; i++)
			h[i] = hs[i] + dh[i] + 0.5 * (t * ws[i] - s * w[i]);
	}
}

static void halve(struct brownian *b, struct level *v, double h, uint64_t own)
{
	draw(b, own);
	if (b->spec.kind == BROWNIAN_W)
		halve_w(b->n, h, b->normal, v->whole->at[0], v->left.at[0], v->right_half.at[0]);
	else if (b->spec.kind == BROWNIAN_WH)
		halve_wh(b->n, h, b->normal, v->whole, &v->left, &v->right_half);
	else
		halve_whk(b->n, h, b->normal, v->whole, &v->left, &v->right_half);
	append(b, v->begin, &v->left, v->s, h / 2, &v->middle);
	v->halved = true;
	b->visits++;
}

/* ---- inside a leaf ----------------------------------------------------------------------------------------------- */

static void leaf_w(struct brownian *b, double a, double rest, const struct values *whole, const struct values *out)
{
	const double h = a + rest, share = a / h, spread = sqrt(a * rest / h);
	const double *restrict W = whole->at[0], *restrict z = b->normal;
	double *restrict w = out->at[0];

	for (int64_t i = 0; i < b->n; i++)
		w[i] = share * W[i] + spread * z[i];
}

static void leaf_wh(struct brownian *b, double a, double rest, const struct values *whole, const struct values *out)
{
	const double h = a + rest, share = a / h, a3 = a * a * a, b3 = rest * rest * rest, d = sqrt(a3 + b3);
	const double A = a3 * sqrt(a * rest) / (2 * h * d), B = b3 * sqrt(a * rest) / (2 * h * d);
	const double C = sqrt(3 * a3 * b3) / (6 * d), from_h = 6 * a * rest / (h * h * h), spread = 2 * (A + B) / h;
	const double *restrict W = whole->at[0], *restrict H = whole->at[1], *restrict z = b->normal;
	double *restrict w = out->at[0], *restrict g = out->at[1];

	for (int64_t i = 0; i < b->n; i++) {
		w[i] = share * W[i] + from_h * H[i] + spread * z[2 * i];
		g[i] = share * share * share * H[i] - A * z[2 * i] + C * z[2 * i + 1];
	}
}

/* The conditional covariance of (W, H, K) over the first part al = a/h of the leaf, by its Cholesky factor. It is h be
 * times a matrix that stays finite as be -> 0, where it has rank one; a vanishing pivot then leaves its column
 * empty. */
static void leaf_whk(struct brownian *b, double a, double rest, const struct values *whole, const struct values *out)
{
	const double h = a + rest, al = a / h, be = rest / h, al3 = al * al * al, al4 = al3 * al;
	const double part = (al - be) * (al - be), scale = sqrt(h * be);
	const double ww = al * (part * part + 4 * al * al * be * be);
	const double wh = -al3 * (al * al - 3 * al * be + 6 * be * be) / 2, wk = al4 * (al - be) / 12;
	const double hh = al / 12 * (1 + al + al * al - 15 * al3 * be), hk = -al4 * al / 24;
	const double kk = al / 720 * (1 + al + al * al + al3 + al4);
	const double l11 = sqrt(ww), l21 = l11 > 0 ? wh / l11 : 0, l31 = l11 > 0 ? wk / l11 : 0;
	const double p22 = hh - l21 * l21, l22 = p22 > 1e-15 * hh ? sqrt(p22) : 0;
	const double l32 = l22 > 0 ? (hk - l31 * l21) / l22 : 0, p33 = kk - l31 * l31 - l32 * l32;
	const double l33 = p33 > 1e-15 * kk ? sqrt(p33) : 0;
	const double w_h = 6 * al * be / h, w_k = 120 * al * be / (h * h) * (0.5 - al);
	const double h_h = al * al / h, h_k = 30 * al * al * be / (h * h), k_k = al3 / (h * h);
	const double *restrict W = whole->at[0], *restrict H = whole->at[1], *restrict K = whole->at[2];
	const double *restrict z = b->normal;
	double *restrict w = out->at[0], *restrict g = out->at[1], *restrict k = out->at[2];

	for (int64_t i = 0; i < b->n; i++) {
		const double *x = z + 3 * i;

		w[i] = al * W[i] + w_h * H[i] + w_k * K[i] + scale * l11 * x[0];
		g[i] = a * (h_h * H[i] + h_k * K[i] + scale * (l21 * x[0] + l22 * x[1]));
		k[i] = a * a * (k_k * K[i] + scale * (l31 * x[0] + l32 * x[1] + l33 * x[2]));
	}
}

/* ---- the way down ------------------------------------------------------------------------------------------------ */

static void start(struct brownian *b)
{
	static const double deviation[INTEGRALS] = { 1, 0.28867513459481288225, 0.037267799624996494940 };
	uint64_t key, left, right;

	/* The root's own normals and its key are split from the seed like any node's. */
	split_key(b->spec.seed, &key, &left, &right);
	draw(b, right);
	for (int q = 0; q < (int)b->spec.kind; q++)
		for (int64_t i = 0; i < b->n; i++)
			b->root.at[q][i] = deviation[q] * b->normal[(int64_t)b->spec.kind * i + q];
	b->level[0] = (struct level){ .key = key,
				      .begin = &b->zero,
				      .whole = &b->root,
				      .left = b->level[0].left,
				      .right_half = b->level[0].right_half,
				      .middle = b->level[0].middle };
	b->depth = 1;
}

/* Make level[b->levels] the leaf that holds r in [0, 1]. */
static struct level *descend(struct brownian *b, double r)
{
	if (b->depth == 0)
		start(b);
	for (int l = 0; l < b->levels; l++) {
		struct level *v = &b->level[l], *child = v + 1;
		const double h = ldexp(1, -l), middle = v->s + h / 2;
		const bool right = r > middle;
		uint64_t left_key, right_key, own;

		if (l + 1 < b->depth && child->right == right)
			continue;
		split_key(v->key, &left_key, &right_key, &own);
		if (!v->halved)
			halve(b, v, h, own);
		child->s = right ? middle : v->s;
		child->key = right ? right_key : left_key;
		child->right = right;
		child->halved = false;
		child->begin = right ? &v->middle : v->begin;
		child->whole = right ? &v->right_half : &v->left;
		b->depth = l + 2;
	}
	return &b->level[b->levels];
}

/* Over [0, r], kept for the two times asked for last. */
static const struct values *until(struct brownian *b, double r)
{
	const struct level *leaf;
	uint64_t left, right, own;
	double h, a, rest;
	struct values *out;

	for (int k = 0; k < 2; k++)
		if (b->end_known[k] && b->end_at[k] == r) {
			b->newest = k;
			return &b->end[k];
		}
	b->newest = 1 - b->newest;
	out = &b->end[b->newest];
	leaf = descend(b, r);
	h = ldexp(1, -b->levels);
	a = fmin(fmax(r - leaf->s, 0), h);
	rest = fmax(h - a, 0);
	split_key(leaf->key, &left, &right, &own);
	draw(b, own);
	/* Into the leaf's own unused child, then appended to what comes before. */
	if (b->spec.kind == BROWNIAN_W)
		leaf_w(b, a, rest, leaf->whole, &leaf->left);
	else if (b->spec.kind == BROWNIAN_WH)
		leaf_wh(b, a, rest, leaf->whole, &leaf->left);
	else
		leaf_whk(b, a, rest, leaf->whole, &leaf->left);
	append(b, leaf->begin, &leaf->left, leaf->s, a, out);
	b->end_at[b->newest] = r;
	b->end_known[b->newest] = true;
	return out;
}

void brownian_increment(struct brownian *b, double s, double t, double *w, double *h, double *k)
{
	const double length = b->spec.t1 - b->spec.t0, root = sqrt(length);
	const double from = fmin(fmax((s - b->spec.t0) / length, 0), 1),
		     to = fmin(fmax((t - b->spec.t0) / length, 0), 1);
	const double step = to - from;
	const struct values *at_s = from > 0 ? until(b, from) : &b->zero, *at_u = to > 0 ? until(b, to) : &b->zero;
	const double *restrict ws = at_s->at[0], *restrict wu = at_u->at[0], *restrict hs = at_s->at[1],
			       *restrict hu = at_u->at[1], *restrict ks = at_s->at[2], *restrict ku = at_u->at[2];

	for (int64_t i = 0; i < b->n; i++)
		w[i] = root * (wu[i] - ws[i]);
	if (!h && !k)
		return;
	if (!(step > 0)) {
		memset(h, 0, (size_t)b->n * sizeof *h);
		if (k)
			memset(k, 0, (size_t)b->n * sizeof *k);
		return;
	}
	/* Chen's relation solved for the second part. */
	for (int64_t i = 0; i < b->n; i++) {
		const double bracket = to * ws[i] - from * wu[i], hb = hu[i] - hs[i] - 0.5 * bracket;

		h[i] = root * (hb / step);
		if (k)
			k[i] = root *
			       ((ku[i] - ks[i] - step / 2 * hs[i] + from / 2 * hb - (to - 2 * from) / 12 * bracket) /
				(step * step));
	}
}

void brownian_join(int64_t n, const struct brownian_part *first, const struct brownian_part *second,
		   struct brownian_part *joined)
{
	const double a = first->length, b = second->length, h = a + b;

	/* With s = 0 at the left end of `first`: the rule of append(), w_s = W of the first part. */
	for (int64_t i = 0; i < n; i++) {
		const double ws = first->w[i], w = ws + second->w[i], bracket = h * ws - a * w;

		if (first->h) {
			const double hs = a * first->h[i], hd = b * second->h[i];

			if (first->k)
				joined->k[i] = (a * a * first->k[i] + b * b * second->k[i] + b / 2 * hs - a / 2 * hd +
						(h - 2 * a) / 12 * bracket) /
					       (h * h);
			joined->h[i] = (hs + hd + 0.5 * bracket) / h;
		}
		joined->w[i] = w;
	}
	joined->length = h;
}
