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

static int one_field(struct h5set *s, const char *name, int f, struct moments *m, struct err *e)
{
	const struct field *field = &s->layout.field[f];
	const int64_t rows = h5set_rows(s, f), n = layout_field_count(&s->layout, f);
	const struct shape shape = layout_field_shape(&s->layout, f);
	const size_t w = dtype_size(field->dtype);
	const int64_t step = n > 0 && n * (int64_t)w < BLOCK ? BLOCK / (n * (int64_t)w) : 1;
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
		struct moments m = { 0 };

		rc = one_field(s, name, f, &m, e);
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
