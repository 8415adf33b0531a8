/* h5part.c: long generation that survives a kill. All of NAME.part's metadata are written, flushed and synced under a
 * temporary name before it appears; from then on only values at fixed addresses change: a block of samples, and after
 * the disk has it, the samples' CRCs. Whatever is lost in between is recognised by its CRC and made again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "io/h5read.h"
#include "io/h5set.h"
#include "io/h5sum.h"
#include "io/h5write.h"
#include "io/output.h"
#include "num/crc.h"

struct h5part {
	char *path;   /* as given, for messages */
	char *target; /* NAME */
	char *part;   /* NAME.part */
	int lock;
	bool finished; /* NAME was complete before */
	hid_t file;
	struct h5set set;
	bool *has;	  /* a sample */
	bool *has_shared; /* a field that is not per sample */
	int n_numbers;
	char **number_name;
	hid_t *number;
	hid_t number_crc; /* /crc/sample; -1: there are no numbers */
};

static void part_free(struct h5part *w)
{
	for (int i = 0; i < w->n_numbers; i++) {
		if (w->number && w->number[i] >= 0)
			H5Dclose(w->number[i]);
		free(w->number_name[i]);
	}
	if (w->number_crc >= 0)
		H5Dclose(w->number_crc);
	h5set_close(&w->set);
	if (w->file >= 0)
		H5Fclose(w->file);
	if (w->target)
		output_unlock(w->lock, w->target);
	free(w->number);
	free(w->number_name);
	free(w->has);
	free(w->has_shared);
	free(w->part);
	free(w->target);
	free(w->path);
	free(w);
}

/* Where the arrays are whose values change, as a CRC. Were an address damaged, values would go over what is sound:
 * attribute `places` of /meta keeps the CRC, and the checksums vouch for that. */
static int find_places(hid_t file, const char *path, int64_t *crc, struct err *e)
{
	static const char *const group[] = { "data", "crc", "sample", "meta/statistics" };
	struct str text = { 0 };
	int rc = 0;

	for (int g = 0; g < 4 && rc == 0; g++) {
		char **name = NULL;
		int n = 0;

		if (h5_is_group(file, group[g]))
			rc = h5_names(file, path, group[g], &n, &name, e);
		for (int i = 0; i < n && rc == 0; i++) {
			struct str object = { 0 };
			hid_t array;

			str_printf(&object, "%s/%s", group[g], name[i]);
			array = h5_open_array(file, path, str_text(&object), e);
			if (array < 0)
				rc = -1;
			else
				str_printf(&text, "%llu\n", (unsigned long long)H5Dget_offset(array));
			if (array >= 0)
				H5Dclose(array);
			str_free(&object);
		}
		h5_names_free(n, name);
	}
	*crc = crc_of(str_text(&text), text.length);
	str_free(&text);
	return rc;
}

/* Is NAME.part sound, but for values that have sums of their own? */
static int verify(hid_t file, const char *part, struct err *e)
{
	int64_t was, is;

	if (h5sum_verify(file, part, e) != 0 || find_places(file, part, &is, e) != 0 ||
	    h5_attribute_long(file, part, "meta", "places", &was, e) != 0)
		return -1;
	return was == is ? 0 : err_set(e, ERR_FAIL, "%s: /data is damaged: an array is not where it was put", part);
}

/* Everything that is not a sample, under a name of its own until the disk has it. */
static int create(struct h5part *w, const struct layout *layout, const struct h5_meta *m, struct err *e)
{
	const struct shape shape = shape_of(layout->n_samples);
	char *temporary = output_temporary(w->part, e), path[200];
	struct h5set set = { 0 };
	int64_t at;
	hid_t file;
	int rc = -1;

	if (!temporary)
		return -1;
	file = h5_create(temporary, w->path, e);
	if (file < 0 || h5set_begin(file, w->path, e) != 0 || h5set_meta(file, w->path, m, e) != 0 ||
	    h5set_create(&set, file, w->path, layout, 0, e) != 0 ||
	    h5set_statistics_create(file, w->path, layout, e) != 0)
		goto out;
	for (int f = 0; f < layout->n_fields; f++) {
		/* Not written must read as 0, also on file systems that reuse blocks. */
		int64_t rows = h5set_rows(&set, f);
		uint32_t *zero = xcalloc((size_t)rows + 1, sizeof *zero);
		int failed = h5_put_rows(set.crc[f], w->path, "crc", H5T_NATIVE_UINT32, 0, rows, zero, e);

		free(zero);
		if (failed)
			goto out;
	}
	for (int i = 0; i < w->n_numbers; i++) {
		hid_t array;

		snprintf(path, sizeof path, "/sample/%.180s", w->number_name[i]);
		array = h5_reserve(file, w->path, path, H5T_IEEE_F64LE, &shape, 0, e);
		if (array < 0)
			goto out;
		H5Dclose(array);
	}
	if (w->n_numbers > 0) {
		hid_t array = h5set_reserve_number_sums(file, w->path, layout->n_samples, e);

		if (array < 0)
			goto out;
		H5Dclose(array);
	}
	if (find_places(file, w->path, &at, e) == 0 && h5_put_long(file, w->path, "/meta", "places", at, e) == 0)
		rc = h5sum_write(file, w->path, e);
out:
	h5set_close(&set);
	if (file >= 0) {
		if (rc == 0 && H5Fflush(file, H5F_SCOPE_GLOBAL) < 0)
			rc = h5_error(e, w->path, NULL);
		if (H5Fclose(file) < 0 && rc == 0)
			rc = h5_error(e, w->path, NULL);
	}
	if (rc != 0) {
		output_drop(temporary);
		return -1;
	}
	return output_commit(temporary, w->part, e);
}

/* The first line on which two texts differ, as a usage error. */
static int same_text(const char *path, const char *what, const char *before, const char *now, struct err *e)
{
	for (int line = 1;; line++) {
		size_t a = strcspn(before, "\n"), b = strcspn(now, "\n");

		if (a != b || strncmp(before, now, a) != 0)
			return err_set(e, ERR_USAGE,
				       "%s: cannot resume: the %s differs in line %d: it was '%.*s', now it is '%.*s'",
				       path, what, line, a < 200 ? (int)a : 200, before, b < 200 ? (int)b : 200, now);
		if (!before[a] && !now[b])
			return 0;
		before += a + (before[a] == '\n');
		now += b + (now[b] == '\n');
	}
}

/* Was this file begun with the same configuration? */
static int compare(hid_t file, const char *path, const struct layout *layout, const struct h5_meta *m, struct err *e)
{
	struct layout old;
	char *config = NULL, *before = NULL, *now = NULL;
	int64_t seed;
	int rc = -1;

	if (native_layout(file, path, &old, e) != 0 || h5_attribute_long(file, path, "meta", "seed", &seed, e) != 0)
		goto out;
	config = h5_text(file, "meta", "config");
	before = native_layout_text(&old);
	now = native_layout_text(layout);
	if (seed != m->seed)
		err_set(e, ERR_USAGE, "%s: cannot resume: the seed was %lld, now it is %lld", path, (long long)seed,
			(long long)m->seed);
	else if (same_text(path, "configuration", config ? config : "", m->config ? m->config : "", e) == 0 &&
		 same_text(path, "layout", before, now, e) == 0)
		rc = 0;
out:
	layout_free(&old);
	free(config);
	free(before);
	free(now);
	return rc;
}

static hid_t open_file(const char *file, bool write, const char *path, struct err *e)
{
	hid_t list = h5_access(), id = H5Fopen(file, write ? H5F_ACC_RDWR : H5F_ACC_RDONLY, list);

	if (id < 0)
		h5_error(e, path, NULL);
	H5Pclose(list);
	return id;
}

/* NAME itself: complete and of the same configuration? 1 yes, 0 there is none, -1. */
static int already_finished(const struct h5part *w, const struct layout *layout, const struct h5_meta *m, struct err *e)
{
	int64_t complete = 0;
	hid_t file;
	int rc = -1;

	if (access(w->target, F_OK) != 0)
		return 0;
	file = open_file(w->target, false, w->path, e);
	if (file < 0)
		return -1;
	if (h5_attribute_long(file, w->path, "/", "complete", &complete, e) == 0) {
		if (!complete)
			err_set(e, ERR_FAIL, "%s: cannot resume: the file is not complete and has no .part", w->path);
		else if (h5sum_verify(file, w->path, e) == 0 && compare(file, w->path, layout, m, e) == 0)
			rc = 1;
	}
	H5Fclose(file);
	return rc;
}

int h5part_finished(const char *path, const struct layout *layout, const struct h5_meta *m, struct err *e)
{
	struct h5part w = { .path = (char *)(uintptr_t)path };
	bool stream;
	int rc = -1;

	h5_setup();
	if (output_resolve(path, true, &w.target, &stream, e) == 0)
		rc = stream ? 0 : already_finished(&w, layout, m, e);
	free(w.target);
	return rc;
}

/* Trust what agrees with its CRC, in every field. */
static int find_samples(struct h5part *w, struct err *e)
{
	enum { STEP = 1024 };
	uint32_t stored[STEP], found[STEP];

	for (int f = 0; f < w->set.layout.n_fields; f++) {
		const char *name = w->set.layout.field[f].name;
		bool per_sample = w->set.layout.field[f].per_sample;
		int64_t rows = h5set_rows(&w->set, f);

		for (int64_t i = 0, n; i < rows; i += n) {
			n = rows - i < STEP ? rows - i : STEP;
			if (h5_get_rows(w->set.crc[f], w->path, name, H5T_NATIVE_UINT32, i, n, stored, e) != 0)
				return -1;
			/* Only stretches that claim to be there are read. */
			for (int64_t k = 0, to; k < n; k = to) {
				for (to = k; to < n && stored[to]; to++)
					;
				if (to > k && h5set_check(&w->set, w->path, f, i + k, to - k, found + k, e) != 0)
					return -1;
				for (; k < to; k++)
					if (!per_sample)
						w->has_shared[f] = stored[k] == found[k];
					else if (stored[k] != found[k])
						w->has[i + k] = false;
				for (; to < n && !stored[to]; to++)
					if (per_sample)
						w->has[i + to] = false;
			}
		}
	}
	for (int64_t i = 0, n; w->n_numbers > 0 && i < w->set.layout.n_samples; i += n) {
		n = w->set.layout.n_samples - i < STEP ? w->set.layout.n_samples - i : STEP;
		if (h5_get_rows(w->number_crc, w->path, "sample", H5T_NATIVE_UINT32, i, n, stored, e) != 0 ||
		    h5sum_numbers(w->file, w->path, i, n, found, e) != 0)
			return -1;
		for (int64_t k = 0; k < n; k++)
			w->has[i + k] = w->has[i + k] && stored[k] == found[k];
	}
	return 0;
}

static int open_part(struct h5part *w, const struct layout *layout, struct err *e)
{
	char path[200];

	w->file = open_file(w->part, true, w->part, e);
	if (w->file < 0)
		return -1;
	if (h5set_open(&w->set, w->file, w->path, layout, e) != 0)
		return -1;
	for (int i = 0; i < w->n_numbers; i++) {
		snprintf(path, sizeof path, "/sample/%.180s", w->number_name[i]);
		if (!h5_is_array(w->file, path))
			return err_set(e, ERR_USAGE, "%s: cannot resume: %s has no %s", w->path, w->part, path);
		w->number[i] = H5Dopen2(w->file, path, H5P_DEFAULT);
		if (w->number[i] < 0)
			return h5_error(e, w->path, path);
	}
	if (w->n_numbers > 0 && (w->number_crc = H5Dopen2(w->file, "/crc/sample", H5P_DEFAULT)) < 0)
		return h5_error(e, w->path, "/crc/sample");
	return 0;
}

struct h5part *h5part_open(const char *path, bool resume, const struct layout *layout, const struct h5_meta *m,
			   int n_numbers, const char *const *numbers, struct err *e)
{
	struct h5part *w = xcalloc(1, sizeof *w);
	struct str part = { 0 };
	bool stream, fresh = true;

	h5_setup();
	w->file = -1;
	w->lock = -1;
	w->number_crc = -1;
	w->path = xstrdup(path);
	w->n_numbers = n_numbers;
	w->number_name = xcalloc((size_t)n_numbers + 1, sizeof *w->number_name);
	w->number = xcalloc((size_t)n_numbers + 1, sizeof *w->number);
	for (int i = 0; i < n_numbers; i++) {
		w->number_name[i] = xstrdup(numbers[i]);
		w->number[i] = -1;
	}
	w->has_shared = xcalloc((size_t)layout->n_fields + 1, sizeof *w->has_shared);
	w->has = mem_new(layout->n_samples + 1, sizeof *w->has, path, e);
	if (!w->has || output_resolve(path, true, &w->target, &stream, e) != 0)
		goto fail;
	if (stream) {
		err_set(e, ERR_USAGE, "%s: a file that can be resumed is needed here", path);
		goto fail;
	}
	if (output_lock(w->target, &w->lock, e) != 0)
		goto fail;
	str_printf(&part, "%s.part", w->target);
	w->part = part.text;
	if (resume && access(w->part, F_OK) == 0) {
		hid_t file = open_file(w->part, false, w->part, e);
		int rc = file < 0 || verify(file, w->part, e) != 0 ? -1 : compare(file, w->path, layout, m, e);

		if (file >= 0)
			H5Fclose(file);
		if (rc != 0)
			goto fail;
		fresh = false;
	} else if (resume) {
		int finished = already_finished(w, layout, m, e);

		if (finished < 0)
			goto fail;
		w->finished = finished > 0;
	}
	memset(w->has, !fresh || w->finished, (size_t)layout->n_samples * sizeof *w->has);
	if (w->finished)
		return w;
	if (fresh && create(w, layout, m, e) != 0)
		goto fail;
	if (open_part(w, layout, e) != 0 || (!fresh && find_samples(w, e) != 0))
		goto fail;
	return w;
fail:
	part_free(w);
	return NULL;
}

bool h5part_has(const struct h5part *w, int64_t sample)
{
	return w->has[sample];
}

/* The program's and the machine's buffers. */
static int to_disk(struct h5part *w, struct err *e)
{
	void *handle;

	if (H5Fflush(w->file, H5F_SCOPE_GLOBAL) < 0 || H5Fget_vfd_handle(w->file, H5P_DEFAULT, &handle) < 0)
		return h5_error(e, w->path, NULL);
	if (fsync(*(int *)handle) != 0 && errno != EINVAL)
		return err_errno(e, "%s", w->path);
	return 0;
}

int h5part_write(struct h5part *w, int64_t first, int64_t count, const double *const *data, struct err *e)
{
	const struct layout *l = &w->set.layout;
	uint32_t **crc;
	int rc = 0;

	if (w->finished || first < 0 || count < 0 || first + count > l->n_samples)
		return err_set(e, ERR_FAIL, "%s: samples %lld-%lld cannot be written", w->path, (long long)first,
			       (long long)(first + count - 1));
	crc = xcalloc((size_t)l->n_fields + 1, sizeof *crc);
	for (int f = 0; f < l->n_fields && rc == 0; f++) {
		bool per_sample = l->field[f].per_sample;

		if (!per_sample && (!data[f] || w->has_shared[f]))
			continue;
		crc[f] = xcalloc((size_t)count + 1, sizeof **crc);
		rc = h5set_write(&w->set, w->path, f, per_sample ? first : 0, per_sample ? count : 1, DTYPE_F64,
				 data[f], crc[f], e);
	}
	if (rc == 0)
		rc = to_disk(w, e);
	for (int f = 0; f < l->n_fields && rc == 0; f++) {
		bool per_sample = l->field[f].per_sample;

		if (!crc[f])
			continue;
		rc = h5_put_rows(w->set.crc[f], w->path, l->field[f].name, H5T_NATIVE_UINT32, per_sample ? first : 0,
				 per_sample ? count : 1, crc[f], e);
		if (rc == 0 && !per_sample)
			w->has_shared[f] = true;
	}
	if (rc == 0 && w->n_numbers > 0 && count > 0) {
		uint32_t *sum = xcalloc((size_t)count, sizeof *sum);

		rc = h5sum_numbers(w->file, w->path, first, count, sum, e) != 0 ||
				     h5_put_rows(w->number_crc, w->path, "sample", H5T_NATIVE_UINT32, first, count, sum,
						 e) != 0
			     ? -1
			     : 0;
		free(sum);
	}
	/* The CRCs need not be on the disk yet: losing them costs work, not truth. */
	if (rc == 0 && H5Fflush(w->file, H5F_SCOPE_GLOBAL) < 0)
		rc = h5_error(e, w->path, NULL);
	for (int64_t i = 0; rc == 0 && i < count; i++)
		w->has[first + i] = true;
	for (int f = 0; f < l->n_fields; f++)
		free(crc[f]);
	free(crc);
	return rc;
}

int h5part_numbers(struct h5part *w, const char *name, int64_t first, int64_t count, const double *v, struct err *e)
{
	for (int i = 0; i < w->n_numbers; i++)
		if (strcmp(w->number_name[i], name) == 0)
			return w->finished || first < 0 || count < 0 || first + count > w->set.layout.n_samples
				       ? err_set(e, ERR_FAIL, "%s: %s: samples cannot be written", w->path, name)
				       : h5_put_rows(w->number[i], w->path, name, H5T_NATIVE_DOUBLE, first, count, v,
						     e);
	return err_set(e, ERR_FAIL, "%s: per-sample number %s was not announced", w->path, name);
}

static int all_there(const struct h5part *w, struct err *e)
{
	const struct layout *l = &w->set.layout;
	int64_t there = 0;

	for (int64_t i = 0; i < l->n_samples; i++)
		there += w->has[i];
	if (there < l->n_samples)
		return err_set(e, ERR_FAIL, "%s: only %lld of %lld samples are there", w->path, (long long)there,
			       (long long)l->n_samples);
	for (int f = 0; f < l->n_fields; f++)
		if (!l->field[f].per_sample && !w->has_shared[f])
			return err_set(e, ERR_FAIL, "%s: field %s was not written", w->path, l->field[f].name);
	return 0;
}

int h5part_close(struct h5part *w, bool complete, struct err *e)
{
	int rc = 0;

	if (w->finished) {
		part_free(w);
		return 0;
	}
	if (complete && (all_there(w, e) != 0 || h5set_statistics_fill(&w->set, w->file, w->path, e) != 0 ||
			 to_disk(w, e) != 0 || h5set_finish(w->file, w->path, e) != 0))
		rc = -1;
	for (int i = 0; i < w->n_numbers; i++) {
		H5Dclose(w->number[i]);
		w->number[i] = -1;
	}
	if (w->number_crc >= 0)
		H5Dclose(w->number_crc);
	w->number_crc = -1;
	h5set_close(&w->set);
	if (H5Fclose(w->file) < 0 && rc == 0)
		rc = h5_error(e, w->path, NULL);
	w->file = -1;
	if (complete && rc == 0)
		rc = output_rename(w->part, w->target, e);
	part_free(w);
	return rc;
}

void h5part_fail(struct h5part *w, bool resumable)
{
	bool any = w->finished;
	char *part = xstrdup(w->part);

	for (int64_t i = 0; i < w->set.layout.n_samples && !any; i++)
		any = w->has[i];
	h5part_close(w, false, NULL);
	if (!any || !resumable)
		unlink(part);
	free(part);
}
