/* h5statistics.c: /meta/statistics, mean, spread and range of every field as it is stored. The table is made with the
 * file, so that addresses are settled, and filled when every sample is there: its values depend on nothing but the
 * samples. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5read.h"
#include "io/h5set.h"
#include "io/h5write.h"
#include "io/output.h"
#include "num/moments.h"

enum { COLUMNS = 5 };
static const char *const columns[COLUMNS] = { "mean", "std", "min", "max", "count" };
static const char group[] = "/meta/statistics";

/* Bytes read at a time, and values converted at a time: both stay in the cache. */
static const int64_t BLOCK = (int64_t)256 << 10;
enum { PIECE = 4096 };

struct h5sums {
	struct moments m;
	int64_t row;   /* samples so far, all before it; -1: they came in another order */
	int64_t n, at; /* values that wait in piece; values of the block that is read at a time, below */
	double *piece;
};

struct h5sums *h5sums_new(int n_fields)
{
	struct h5sums *s = xcalloc((size_t)n_fields + 1, sizeof *s);

	for (int f = 0; f < n_fields; f++)
		s[f].piece = xmalloc(PIECE * sizeof *s->piece);
	return s;
}

void h5sums_free(struct h5sums *s)
{
	for (int f = 0; s && s[f].piece; f++)
		free(s[f].piece);
	free(s);
}

int h5set_statistics_create(hid_t file, const char *name, const struct layout *l, struct err *e)
{
	const struct shape shape = shape_of(l->n_fields);
	struct str fields = { 0 }, path = { 0 };
	int rc = h5_put_group(file, name, group, e);

	for (int k = 0; k < COLUMNS && rc == 0; k++) {
		hid_t array;

		str_free(&path);
		str_printf(&path, "%s/%s", group, columns[k]);
		array = h5_reserve(file, name, path.text, H5T_IEEE_F64LE, &shape, 0, e);
		rc = array < 0 ? -1 : 0;
		if (array >= 0)
			H5Dclose(array);
	}
	for (int f = 0; f < l->n_fields; f++)
		str_printf(&fields, "%s%s", f ? " " : "", l->field[f].name);
	if (rc == 0)
		rc = h5_put_text(file, name, group, "columns", "mean std min max count", e) != 0 ||
				     h5_put_text(file, name, group, "fields", str_text(&fields), e) != 0
			     ? -1
			     : 0;
	str_free(&fields);
	str_free(&path);
	return rc;
}

/* Samples of a field that are read at a time. */
static int64_t block_rows(const struct h5set *s, int f)
{
	const int64_t bytes = layout_field_count(&s->layout, f) * (int64_t)dtype_size(s->layout.field[f].dtype);

	return bytes > 0 && bytes < BLOCK ? BLOCK / bytes : 1;
}

/* Cut into calls as one_field does, so that the bits are the same. */
void h5set_statistics_add(struct h5set *s, int f, int64_t first, int64_t rows, const void *v)
{
	const int64_t n = layout_field_count(&s->layout, f), block = block_rows(s, f) * n;
	const enum dtype t = s->layout.field[f].dtype;
	struct h5sums *a = &s->sums[f];

	if (first != a->row) {
		a->row = -1;
		return;
	}
	for (int64_t k = 0, part; k < rows * n; k += part) {
		part = PIECE - a->n < block - a->at ? PIECE - a->n : block - a->at;
		part = part < rows * n - k ? part : rows * n - k;
		tensor_convert(t, (const char *)v + (size_t)k * dtype_size(t), DTYPE_F64, a->piece + a->n, part);
		a->n += part;
		a->at += part;
		if (a->n == PIECE || a->at == block) {
			moments_add(&a->m, a->n, a->piece);
			a->n = 0;
		}
		a->at = a->at == block ? 0 : a->at;
	}
	a->row += rows;
}

static int one_field(struct h5set *s, const char *name, int f, struct moments *m, struct err *e)
{
	const struct field *field = &s->layout.field[f];
	const int64_t rows = h5set_rows(s, f), n = layout_field_count(&s->layout, f);
	const struct shape shape = layout_field_shape(&s->layout, f);
	const size_t w = dtype_size(field->dtype);
	const int64_t step = block_rows(s, f);
	/* a field shared by all samples is one entry, which counts its own first axis */
	const int64_t entries = field->per_sample || shape.rank == 0 ? 1 : shape.dim[0];
	char *v = mem_unset((step < rows ? step : rows) * n + 1, w, name, e);
	double piece[PIECE];
	int rc = v ? 0 : -1;

	for (int64_t i = 0; i < rows && rc == 0; i += step) {
		const int64_t now = rows - i < step ? rows - i : step;

		rc = h5_get_rows(s->field[f], name, field->name, h5_memory_type(field->dtype), i, now * entries, v, e);
		for (int64_t k = 0; k < now * n && rc == 0; k += PIECE) {
			const int64_t part = now * n - k < PIECE ? now * n - k : PIECE;

			tensor_convert(field->dtype, v + (size_t)k * w, DTYPE_F64, piece, part);
			moments_add(m, part, piece);
		}
	}
	free(v);
	return rc;
}

int h5set_statistics_fill(struct h5set *s, hid_t file, const char *name, struct err *e)
{
	const int n = s->layout.n_fields;
	double *v = xcalloc((size_t)n * COLUMNS + 1, sizeof *v);
	int rc = 0;

	for (int f = 0; f < n && rc == 0; f++) {
		struct h5sums *a = &s->sums[f];
		struct moments m = { 0 };

		if (a->row == h5set_rows(s, f)) {
			moments_add(&a->m, a->n, a->piece);
			a->n = 0;
			m = a->m;
		} else {
			rc = one_field(s, name, f, &m, e);
		}
		v[f] = m.n > 0 ? m.mean : NAN;
		v[n + f] = moments_std(&m);
		v[2 * n + f] = m.n > 0 ? m.least : NAN;
		v[3 * n + f] = m.n > 0 ? m.most : NAN;
		v[4 * n + f] = (double)m.n;
	}
	for (int k = 0; k < COLUMNS && rc == 0; k++) {
		struct str path = { 0 };
		hid_t array;

		str_printf(&path, "%s/%s", group, columns[k]);
		/* files begun by an earlier version have no such table */
		if (h5_is_array(file, path.text)) {
			array = H5Dopen2(file, path.text, H5P_DEFAULT);
			rc = array < 0 ? h5_error(e, name, path.text)
				       : h5_put_rows(array, name, path.text, H5T_NATIVE_DOUBLE, 0, n, v + k * n, e);
			if (array >= 0)
				H5Dclose(array);
		}
		str_free(&path);
	}
	free(v);
	return rc;
}
