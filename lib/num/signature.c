/* signature.c: the truncated tensor algebra, and Lie elements in the Lyndon basis (Reutenauer, Free Lie algebras, 1993,
 * 4.4 and 5.1; log-signatures of streams: Reizenstein, Graham, arXiv 1802.08252). */
#include "num/signature.h"

#include <string.h>

int64_t signature_size(int64_t d, int depth)
{
	return depth == 1 ? d : depth == 2 ? d + d * d : d + d * d + d * d * d;
}

int64_t signature_log_size(int64_t d, int depth)
{
	if (d > 1000000)
		return INT64_MAX;
	return depth == 1 ? d : depth == 2 ? d + d * (d - 1) / 2 : d + d * (d - 1) / 2 + (d * d * d - d) / 3;
}

/* Level k (from 1) of a tensor. */
static double *level(int64_t d, int k, double *s)
{
	return s + (k > 1 ? d : 0) + (k > 2 ? d * d : 0);
}

static const double *level_of(int64_t d, int k, const double *s)
{
	return s + (k > 1 ? d : 0) + (k > 2 ? d * d : 0);
}

void signature_extend(int64_t d, int depth, const double *step, double *s)
{
	double *s1 = s, *s2 = level(d, 2, s), *s3 = level(d, 3, s);

	/* from the highest level down: each takes the old ones below */
	for (int64_t i = 0; i < d && depth > 2; i++)
		for (int64_t j = 0; j < d; j++) {
			const double a = s2[i * d + j] + step[j] * (s1[i] / 2 + step[i] / 6);

			for (int64_t k = 0; k < d; k++)
				s3[(i * d + j) * d + k] += a * step[k];
		}
	for (int64_t i = 0; i < d && depth > 1; i++)
		for (int64_t j = 0; j < d; j++)
			s2[i * d + j] += (s1[i] + step[i] / 2) * step[j];
	for (int64_t i = 0; i < d; i++)
		s1[i] += step[i];
}

/* out = factor a b without the 1s, of levels below: (ab)_2 = a1 b1, (ab)_3 = a1 b2 + a2 b1; added to out. */
static void add_product(int64_t d, int depth, double factor, const double *a, const double *b, double *out)
{
	const double *a2 = level_of(d, 2, a), *b2 = level_of(d, 2, b);
	double *o2 = level(d, 2, out), *o3 = level(d, 3, out);

	for (int64_t i = 0; i < d && depth > 1; i++)
		for (int64_t j = 0; j < d; j++)
			o2[i * d + j] += factor * a[i] * b[j];
	for (int64_t i = 0; i < d && depth > 2; i++)
		for (int64_t j = 0; j < d; j++)
			for (int64_t k = 0; k < d; k++)
				o3[(i * d + j) * d + k] += factor * (a[i] * b2[j * d + k] + a2[i * d + j] * b[k]);
}

/* out += factor x1 x1 x1 */
static void add_cube(int64_t d, int depth, double factor, const double *x, double *out)
{
	double *o3 = level(d, 3, out);

	for (int64_t i = 0; i < d && depth > 2; i++)
		for (int64_t j = 0; j < d; j++)
			for (int64_t k = 0; k < d; k++)
				o3[(i * d + j) * d + k] += factor * x[i] * x[j] * x[k];
}

void signature_join(int64_t d, int depth, const double *a, const double *b, double *out)
{
	for (int64_t i = 0; i < signature_size(d, depth); i++)
		out[i] = a[i] + b[i];
	add_product(d, depth, 1, a, b, out);
}

/* s - s^2/2 + s^3/3 */
void signature_log(int64_t d, int depth, const double *s, double *out)
{
	memcpy(out, s, (size_t)signature_size(d, depth) * sizeof *out);
	add_product(d, depth, -0.5, s, s, out);
	add_cube(d, depth, 1. / 3, s, out);
}

/* l + l^2/2 + l^3/6 */
void signature_exp(int64_t d, int depth, const double *l, double *out)
{
	memcpy(out, l, (size_t)signature_size(d, depth) * sizeof *out);
	add_product(d, depth, 0.5, l, l, out);
	add_cube(d, depth, 1. / 6, l, out);
}

/* Is a word of three letters smaller than its rotations? Those are iij, ijj, ijk, ikj for i < j < k. */
static int is_lyndon(int64_t i, int64_t j, int64_t k)
{
	/* ijk < jki and ijk < kij */
	const int before = i != j ? i < j : j != k ? j < k : k < i;
	const int twice = i != k ? i < k : j != i ? j < i : k < j;

	return before && twice;
}

void signature_to_lyndon(int64_t d, int depth, const double *l, double *out)
{
	const double *l2 = level_of(d, 2, l), *l3 = level_of(d, 3, l);

	memcpy(out, l, (size_t)d * sizeof *out);
	out += d;
	for (int64_t i = 0; i < d && depth > 1; i++)
		for (int64_t j = i + 1; j < d; j++)
			*out++ = l2[i * d + j];
	/* a bracket has its own word with factor 1, and later words; only [i,[j,k]] has another Lyndon word, ikj, with -1 */
	for (int64_t i = 0; i < d && depth > 2; i++)
		for (int64_t j = i; j < d; j++)
			for (int64_t k = i; k < d; k++)
				if (is_lyndon(i, j, k))
					*out++ = l3[(i * d + j) * d + k] +
						 (i < k && k < j ? l3[(i * d + k) * d + j] : 0);
}

/* l3 += factor [a,[b,c]] */
static void add_bracket(int64_t d, double *l3, double factor, int64_t a, int64_t b, int64_t c)
{
	l3[(a * d + b) * d + c] += factor;
	l3[(a * d + c) * d + b] -= factor;
	l3[(b * d + c) * d + a] -= factor;
	l3[(c * d + b) * d + a] += factor;
}

void signature_from_lyndon(int64_t d, int depth, const double *c, double *l)
{
	double *l2 = level(d, 2, l), *l3 = level(d, 3, l);

	memset(l, 0, (size_t)signature_size(d, depth) * sizeof *l);
	memcpy(l, c, (size_t)d * sizeof *l);
	c += d;
	for (int64_t i = 0; i < d && depth > 1; i++)
		for (int64_t j = i + 1; j < d; j++, c++) {
			l2[i * d + j] += *c;
			l2[j * d + i] -= *c;
		}
	for (int64_t i = 0; i < d && depth > 2; i++)
		for (int64_t j = i; j < d; j++)
			for (int64_t k = i; k < d; k++)
				if (is_lyndon(i, j, k)) {
					/* jk is a Lyndon word: [i,[j,k]]; else [[i,j],k] = -[k,[i,j]] */
					if (j < k)
						add_bracket(d, l3, *c, i, j, k);
					else
						add_bracket(d, l3, -*c, k, i, j);
					c++;
				}
}
