/* conv_tile.h: tiles of planes for conv_winograd.c: WIDE_f tiles at a time, a lane each. Four neighbouring numbers of a
 * tile's row lie beside the next tile's: where a quarter of the tiles lies inside one row of the plane its rows are
 * read as they are, else they are gathered in a stage, zeros where the plane ends. */
#ifndef SCIML_OP_CONV_TILE_H
#define SCIML_OP_CONV_TILE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "num/wide.h"

/* Vectors are passed between functions that are expanded in place: how a call would pass them does not matter. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

/* MIX_LOW and _HIGH take the numbers of two vectors in turn, from their first and their second halves; MIX_EVEN and
 * _ODD are the inverse. */
#if !defined WIDE_VECTOR
#define MIX_LOW(a, b) (a)
#define MIX_HIGH(a, b) (b)
#define MIX_EVEN(a, b) (a)
#define MIX_ODD(a, b) (b)
#elif WIDE_BYTES == 64
#define MIX_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define MIX_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define MIX_EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define MIX_ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#else
#define MIX_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define MIX_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define MIX_EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define MIX_ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#endif

WIDE_INLINE wide_f load(const float *from)
{
	wide_f v;

	memcpy(&v, from, sizeof v);
	return v;
}

WIDE_INLINE void store(float *to, wide_f v)
{
	memcpy(to, &v, sizeof v);
}

enum { TILE = 4, PATCH = 6, POINTS = PATCH * PATCH, QUARTERS = 4, QUARTER = WIDE_f / QUARTERS };

struct tiles {
	int64_t width;		/* of the plane */
	int64_t from[QUARTERS]; /* in the plane of the first sample's first channel; -1: staged */
	int n_pieces;
	struct piece {
		int64_t from; /* its first number inside the plane */
		int lane, row[2], column[2];
	} piece[WIDE_f];
	float stage[PATCH][2][QUARTERS * WIDE_f]; /* columns 0 to 3 and 2 to 5 of a row of every tile */
};

/* Where tiles first .. first + n - 1 of all samples (tiles[0] x tiles[1] a sample) lie in planes of extents plane[2],
 * n_channels a sample: squares of `size` points that start at multiples of TILE, less lead. */
static void tiles_locate(struct tiles *t, int64_t first, int64_t n, const int64_t *tiles, const int64_t *plane,
			 int64_t n_channels, int size, int64_t lead)
{
	int64_t row[WIDE_f], column[WIDE_f], start[WIDE_f];

	t->width = plane[1];
	t->n_pieces = 0;
	memset(t->stage, 0, sizeof t->stage);
	for (int64_t k = 0; k < WIDE_f && k < n; k++) {
		int64_t at = first + k, sample = at / (tiles[0] * tiles[1]);

		row[k] = at / tiles[1] % tiles[0] * TILE - lead;
		column[k] = at % tiles[1] * TILE - lead;
		start[k] = (sample * n_channels * plane[0] + row[k]) * plane[1] + column[k];
	}
	for (int q = 0; q < QUARTERS; q++) {
		int64_t low = q * QUARTER, last = low + QUARTER - 1;

		if (QUARTER > 0 && last < n && row[low] >= 0 && row[low] + size <= plane[0] && column[low] >= 0 &&
		    column[last] + size <= plane[1] && start[last] - start[low] == (QUARTER - 1) * TILE)
			t->from[q] = start[low];
		else
			t->from[q] = -1;
	}
	for (int k = 0; k < WIDE_f && k < n; k++) {
		struct piece *p = &t->piece[t->n_pieces];

		if (QUARTER > 0 && t->from[k / (QUARTER + !QUARTER)] >= 0)
			continue;
		p->lane = k;
		p->row[0] = row[k] < 0 ? (int)-row[k] : 0;
		p->row[1] = row[k] + size > plane[0] ? (int)(plane[0] - row[k]) : size;
		p->column[0] = column[k] < 0 ? (int)-column[k] : 0;
		p->column[1] = column[k] + size > plane[1] ? (int)(plane[1] - column[k]) : size;
		p->from = start[k] + p->row[0] * plane[1] + p->column[0];
		t->n_pieces += p->row[0] < p->row[1] && p->column[0] < p->column[1];
	}
}

static void tiles_fill(struct tiles *t, const float *plane, int size)
{
	for (int k = 0; k < t->n_pieces; k++) {
		const struct piece *p = &t->piece[k];
		const float *from = plane + p->from;
		const bool whole = p->column[1] - p->column[0] == size;

		for (int r = p->row[0]; r < p->row[1]; r++, from += t->width) {
			float *left = t->stage[r][0] + TILE * p->lane, *right = t->stage[r][1] + TILE * p->lane;

			if (whole) {
				memcpy(left, from, TILE * sizeof *left);
				if (size == PATCH)
					memcpy(right, from + 2, TILE * sizeof *right);
				continue;
			}
			for (int c = p->column[0]; c < p->column[1]; c++) {
				if (c < TILE)
					left[c] = from[c - p->column[0]];
				if (c >= 2)
					right[c - 2] = from[c - p->column[0]];
			}
		}
	}
}

/* Rows of quarter q: first number of row 0, distance of rows, distance of the columns from 2 on. */
WIDE_INLINE const float *tiles_rows(const struct tiles *t, const float *plane, int q, int64_t *row, int64_t *right)
{
	const bool staged = t->from[q] < 0;

	*row = staged ? 2 * QUARTERS * WIDE_f : t->width;
	*right = staged ? QUARTERS * WIDE_f : 2;
	return staged ? t->stage[0][0] + q * WIDE_f : plane + t->from[q];
}

/* d[r][c]: number (r, c) of every tile, `size` x size of them, 4 or 6. */
WIDE_INLINE void tiles_read(struct tiles *t, const float *plane, int size, wide_f d[PATCH][PATCH])
{
	const float *at[QUARTERS];
	int64_t row[QUARTERS], right[QUARTERS];

	tiles_fill(t, plane, size);
	for (int q = 0; q < QUARTERS; q++)
		at[q] = tiles_rows(t, plane, q, &row[q], &right[q]);
	for (int r = 0; r < size; r++) {
		wide_f a[QUARTERS];

		WIDE_UNROLL for (int q = 0; q < QUARTERS; q++) a[q] = load(at[q] + r * row[q]);
		wide_f even[2] = { MIX_EVEN(a[0], a[1]), MIX_EVEN(a[2], a[3]) };
		wide_f odd[2] = { MIX_ODD(a[0], a[1]), MIX_ODD(a[2], a[3]) };

		d[r][0] = MIX_EVEN(even[0], even[1]);
		d[r][1] = MIX_EVEN(odd[0], odd[1]);
		d[r][2] = MIX_ODD(even[0], even[1]);
		d[r][3] = MIX_ODD(odd[0], odd[1]);
		if (size == TILE)
			continue;
		WIDE_UNROLL for (int q = 0; q < QUARTERS; q++) a[q] = load(at[q] + r * row[q] + right[q]);
		d[r][4] = MIX_ODD(MIX_EVEN(a[0], a[1]), MIX_EVEN(a[2], a[3]));
		d[r][5] = MIX_ODD(MIX_ODD(a[0], a[1]), MIX_ODD(a[2], a[3]));
	}
}

/* The inverse, for 4 x 4 results. */
WIDE_INLINE void tiles_write(struct tiles *t, float *plane, wide_f d[TILE][TILE])
{
	for (int r = 0; r < TILE; r++) {
		wide_f p = MIX_LOW(d[r][0], d[r][2]), q = MIX_HIGH(d[r][0], d[r][2]);
		wide_f u = MIX_LOW(d[r][1], d[r][3]), v = MIX_HIGH(d[r][1], d[r][3]);
		wide_f a[QUARTERS] = { MIX_LOW(p, u), MIX_HIGH(p, u), MIX_LOW(q, v), MIX_HIGH(q, v) };

		for (int k = 0; k < QUARTERS; k++)
			store(t->from[k] < 0 ? t->stage[r][0] + k * WIDE_f : plane + t->from[k] + r * t->width, a[k]);
	}
	for (int k = 0; k < t->n_pieces; k++) {
		const struct piece *p = &t->piece[k];

		for (int r = 0; r < p->row[1]; r++)
			for (int c = 0; c < p->column[1]; c++)
				plane[p->from + r * t->width + c] = t->stage[r][0][TILE * p->lane + c];
	}
}

#endif
