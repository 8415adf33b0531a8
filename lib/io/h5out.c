/* h5out.c: the sticky writer: everything goes to a temporary file (or a file in memory) that gets its name at the
 * end. */
#include "io/h5out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5read.h"
#include "io/h5set.h"
#include "io/h5sum.h"
#include "io/h5write.h"
#include "io/output.h"

struct h5out {
	struct err err; /* the first failure; nothing is done after it */
	char *path;	/* as the user gave it */
	char *name;	/* for messages */
	char *target, *temporary;
	bool stream;
	int lock, deflate;
	hid_t file;
	struct h5set set;
	bool has_set;
	uint32_t **crc;		 /* a field: one a sample */
	unsigned char **written; /* a field: one a sample */
};

struct h5out *h5out_open(const char *path, struct err *e)
{
	struct h5out *w = xcalloc(1, sizeof *w);

	h5_setup();
	w->file = -1;
	w->lock = -1;
	w->path = xstrdup(path);
	w->name = xstrdup(strcmp(path, "-") == 0 ? "standard output" : path);
	if (output_resolve(path, true, &w->target, &w->stream, e) != 0)
		goto fail;
	if (!w->stream) {
		if (output_lock(w->target, &w->lock, e) != 0)
			goto fail;
		w->temporary = output_temporary(w->target, e);
		if (!w->temporary)
			goto fail;
	}
	w->file = h5_create(w->temporary, w->name, e);
	if (w->file < 0 || h5set_begin(w->file, w->name, e) != 0)
		goto fail;
	return w;
fail:
	h5out_abandon(w);
	return NULL;
}

void h5out_deflate(struct h5out *w, int level)
{
	w->deflate = level < 0 ? 0 : level > 9 ? 9 : level;
}

void h5out_fail(struct h5out *w, const struct err *why)
{
	if (!w->err.code)
		w->err = *why;
}

const struct err *h5out_error(const struct h5out *w)
{
	return w->err.code ? &w->err : NULL;
}

/* A failure without a code would not stick. */
static void sticky(struct h5out *w, int rc)
{
	if (rc != 0 && !w->err.code)
		err_set(&w->err, ERR_FAIL, "%s: writing failed", w->name);
}

void h5out_tensor(struct h5out *w, const char *path, const struct tensor *t)
{
	if (!w->err.code)
		sticky(w, h5_put_tensor(w->file, w->name, path, t, w->deflate, &w->err));
}

void h5out_doubles(struct h5out *w, const char *path, int64_t n, const double *v)
{
	struct shape shape = shape_of(n);
	struct tensor view = tensor_view(DTYPE_F64, &shape, (void *)(uintptr_t)v);

	h5out_tensor(w, path, &view);
}

void h5out_longs(struct h5out *w, const char *path, int64_t n, const int64_t *v)
{
	if (!w->err.code)
		sticky(w, h5_put_longs(w->file, w->name, path, n, v, &w->err));
}

void h5out_text(struct h5out *w, const char *object, const char *name, const char *value)
{
	if (!w->err.code)
		sticky(w, h5_put_text(w->file, w->name, object, name, value, &w->err));
}

void h5out_long(struct h5out *w, const char *object, const char *name, int64_t value)
{
	if (!w->err.code)
		sticky(w, h5_put_long(w->file, w->name, object, name, value, &w->err));
}

void h5out_double(struct h5out *w, const char *object, const char *name, double value)
{
	if (!w->err.code)
		sticky(w, h5_put_double(w->file, w->name, object, name, value, &w->err));
}

void h5out_table(struct h5out *w, const char *path, int n_columns, const char *const *name, int64_t n_rows,
		 const double *rows)
{
	struct str order = { 0 }, column = { 0 };
	double *values;

	if (w->err.code)
		return;
	values = mem_new(n_rows + 1, sizeof *values, path, &w->err);
	if (!values)
		return;
	for (int c = 0; c < n_columns; c++) {
		str_printf(&order, "%s%s", c ? " " : "", name[c]);
		for (int64_t i = 0; i < n_rows; i++)
			values[i] = rows[i * n_columns + c];
		str_free(&column);
		str_printf(&column, "%s/%s", path, name[c]);
		h5out_doubles(w, str_text(&column), n_rows, values);
	}
	h5out_text(w, path, "columns", str_text(&order));
	str_free(&order);
	str_free(&column);
	free(values);
}

void h5out_meta(struct h5out *w, const struct h5_meta *m)
{
	if (!w->err.code)
		sticky(w, h5set_meta(w->file, w->name, m, &w->err));
}

void h5out_fields(struct h5out *w, const struct layout *layout)
{
	if (w->err.code)
		return;
	if (w->has_set) {
		err_set(&w->err, ERR_FAIL, "%s: fields are described twice", w->name);
		return;
	}
	w->has_set = true;
	sticky(w, h5set_create(&w->set, w->file, w->name, layout, w->deflate, &w->err));
	if (!w->err.code)
		sticky(w, h5set_statistics_create(w->file, w->name, layout, &w->err));
	w->crc = xcalloc((size_t)layout->n_fields + 1, sizeof *w->crc);
	w->written = xcalloc((size_t)layout->n_fields + 1, sizeof *w->written);
	for (int f = 0; f < layout->n_fields && !w->err.code; f++) {
		int64_t rows = h5set_rows(&w->set, f);

		w->crc[f] = mem_new(rows + 1, sizeof **w->crc, w->name, &w->err);
		w->written[f] = mem_new(rows + 1, 1, w->name, &w->err);
	}
}

void h5out_samples(struct h5out *w, int field, int64_t first, int64_t count, enum dtype t, const void *data)
{
	if (w->err.code || count == 0)
		return;
	if (!w->has_set || field < 0 || field >= w->set.layout.n_fields) {
		err_set(&w->err, ERR_FAIL, "%s: no field number %d", w->name, field);
		return;
	}
	if (first < 0 || count < 0 || first + count > h5set_rows(&w->set, field)) {
		err_set(&w->err, ERR_FAIL, "%s: field %s: samples %lld-%lld of %lld", w->name,
			w->set.layout.field[field].name, (long long)first, (long long)(first + count - 1),
			(long long)h5set_rows(&w->set, field));
		return;
	}
	sticky(w, h5set_write(&w->set, w->name, field, first, count, t, data, w->crc[field] + first, &w->err));
	memset(w->written[field] + first, 1, (size_t)count);
}

static int put_number_sums(struct h5out *w)
{
	const int64_t n = w->set.layout.n_samples;
	hid_t array = h5set_reserve_number_sums(w->file, w->name, n, &w->err);
	uint32_t *sum = mem_new(n + 1, sizeof *sum, w->name, &w->err);
	int rc = -1;

	if (array >= 0 && sum && h5sum_numbers(w->file, w->name, 0, n, sum, &w->err) == 0)
		rc = h5_put_rows(array, w->name, "sample", H5T_NATIVE_UINT32, 0, n, sum, &w->err);
	if (array >= 0)
		H5Dclose(array);
	free(sum);
	return rc;
}

static void finish_fields(struct h5out *w)
{
	for (int f = 0; w->has_set && f < w->set.layout.n_fields && !w->err.code; f++) {
		int64_t rows = h5set_rows(&w->set, f), there = 0;

		for (int64_t i = 0; i < rows; i++)
			there += w->written[f][i];
		if (there < rows)
			err_set(&w->err, ERR_FAIL, "%s: field %s: only %lld of %lld samples were written", w->name,
				w->set.layout.field[f].name, (long long)there, (long long)rows);
		else
			sticky(w, h5_put_rows(w->set.crc[f], w->name, w->set.layout.field[f].name, H5T_NATIVE_UINT32, 0,
					      rows, w->crc[f], &w->err));
	}
	if (w->has_set && !w->err.code && h5_is_group(w->file, "sample"))
		sticky(w, put_number_sums(w));
	if (w->has_set && !w->err.code)
		sticky(w, h5set_statistics_fill(&w->set, w->file, w->name, &w->err));
}

/* Everything but the temporary file and its fate. */
static void release(struct h5out *w)
{
	for (int f = 0; w->has_set && f < w->set.layout.n_fields; f++) {
		if (w->crc)
			free(w->crc[f]);
		if (w->written)
			free(w->written[f]);
	}
	free(w->crc);
	free(w->written);
	h5set_close(&w->set);
	w->has_set = false;
	w->crc = NULL;
	w->written = NULL;
}

void h5out_abandon(struct h5out *w)
{
	if (!w)
		return;
	release(w);
	if (w->file >= 0)
		H5Fclose(w->file);
	output_drop(w->temporary);
	if (w->target)
		output_unlock(w->lock, w->target);
	free(w->target);
	free(w->path);
	free(w->name);
	free(w);
}

static int close_file(struct h5out *w)
{
	/* Flushed first: what a full disk refuses shows here, with its reason. */
	int rc = H5Fflush(w->file, H5F_SCOPE_GLOBAL) < 0 ? h5_error(&w->err, w->name, NULL) : 0;

	if (rc == 0 && H5Fclose(w->file) < 0)
		rc = h5_error(&w->err, w->name, NULL);
	else if (rc != 0)
		H5Fclose(w->file);
	w->file = -1;
	return rc;
}

int h5out_close(struct h5out *w, struct err *e)
{
	void *image = NULL;
	size_t n = 0;
	int rc;

	finish_fields(w);
	if (!w->err.code)
		sticky(w, h5sum_write(w->file, w->name, &w->err));
	if (!w->err.code)
		sticky(w, h5set_finish(w->file, w->name, &w->err));
	release(w);
	if (!w->err.code && w->stream)
		sticky(w, h5_image(w->file, w->name, &image, &n, &w->err));
	if (!w->err.code && close_file(w) == 0) {
		if (w->stream)
			sticky(w, output_stream(w->path, image, n, &w->err));
		else
			sticky(w, output_commit(w->temporary, w->target, &w->err));
		w->temporary = NULL;
	}
	free(image);
	rc = w->err.code ? -1 : 0;
	if (rc != 0 && e)
		*e = w->err;
	h5out_abandon(w);
	return rc;
}
