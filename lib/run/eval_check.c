/* eval_check.c: is a data set fit for training? Values that are not finite, samples without content, samples that occur
 * twice, axes that are not what they should be, sums that do not fit. One line a finding. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/checkpoint.h"
#include "io/h5read.h"
#include "io/h5set.h"
#include "io/h5sum.h"
#include "io/output.h"
#include "run/eval_inside.h"

/* One sample, by content. */
struct print {
	uint64_t hash;
	int file;
	int64_t sample;
	char split[16];
};
struct check {
	const struct eval_options *o;
	const char *name; /* file in hand */
	int file, findings, n_files;
	const char *const *files;
	int64_t n_prints, capacity;
	struct print *print;
};

static void finding(struct check *c, const char *what, const char *object, int64_t sample, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static void finding(struct check *c, const char *what, const char *object, int64_t sample, const char *format, ...)
{
	char text[300];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	str_printf(c->o->out, "%s\t%s\t%s\t", c->name, what, object);
	if (sample >= 0)
		str_printf(c->o->out, "%lld", (long long)sample);
	str_printf(c->o->out, "\t%s\n", text);
	c->findings++;
}

static void check_axis(struct check *c, const struct axis *a)
{
	const double *x = a->coordinate;
	double mean = x && a->size > 1 ? (x[a->size - 1] - x[0]) / (double)(a->size - 1) : 0, off = 0;

	if (!x)
		return;
	for (int64_t i = 0; i < a->size; i++)
		if (!isfinite(x[i])) {
			finding(c, "coordinate", a->name, -1, "entry %lld is not finite", (long long)i);
			return;
		}
	for (int64_t i = 1; i < a->size && a->kind != AXIS_POINT; i++) {
		if (!((x[i] - x[i - 1]) * mean > 0)) {
			finding(c, "monotone", a->name, -1, "entry %lld is %g after %g", (long long)i, x[i], x[i - 1]);
			return;
		}
		off = fmax(off, fabs(x[i] - x[i - 1] - mean));
	}
	/* coordinates stored in single precision are uniform to some parts in a million of their size only */
	if ((a->kind == AXIS_TIME || a->periodic) &&
	    off > 1e-3 * fabs(mean) + 1e-6 * fmax(fabs(x[0]), fabs(x[a->size - 1])))
		finding(c, "uniform", a->name, -1, "steps of %s differ by %g from their mean %g",
			a->kind == AXIS_TIME ? "time" : "a periodic axis", off, mean);
	if (a->periodic && a->length > 0 && a->size > 2 &&
	    fabs(fabs(x[a->size - 1] - x[0]) - a->length) < 0.5 * fabs(mean))
		finding(c, "periodic end", a->name, -1,
			"%lld points span the whole length %g: the end repeats the start", (long long)a->size,
			a->length);
}

static uint64_t hash(uint64_t h, int64_t n, const double *v)
{
	for (int64_t i = 0; i < n; i++) {
		uint64_t bits;

		memcpy(&bits, &v[i], sizeof bits);
		h = (h ^ bits) * UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 29;
	}
	return h;
}

/* Does the last point along a periodic axis repeat the first, everywhere? false also for what is constant. */
static bool repeats(const struct layout *l, int field, int axis, const double *v)
{
	const struct field *f = &l->field[field];
	int64_t inner = 1, size = l->axis[f->axis[axis]].size, count = layout_field_count(l, field);

	for (int i = axis + 1; i < f->n_axes; i++)
		inner *= l->axis[f->axis[i]].size;
	for (int64_t i = 0; i < count; i++)
		if (i / inner % size == 0 && v[i] != v[i + (size - 1) * inner])
			return false;
	return size > 2;
}

static int check_field(struct check *c, struct dataset *d, int field, uint64_t *hashes, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	const struct field *f = &l->field[field];
	int64_t n = f->per_sample ? l->n_samples : 1, count = layout_field_count(l, field);
	bool *periodic = xcalloc((size_t)f->n_axes + 1, sizeof *periodic), varies = false;
	double *v = mem_new(count, sizeof *v, f->name, e);
	int status = v ? 0 : -1;

	for (int a = 0; a < f->n_axes; a++)
		periodic[a] = l->axis[f->axis[a]].periodic;
	for (int64_t i = 0; i < n && status == 0; i++) {
		int64_t bad = 0, first = -1;
		bool constant = count > 1;

		if ((status = dataset_read(d, field, 1, &i, DTYPE_F64, v, e)) != 0)
			break;
		for (int64_t k = 0; k < count; k++) {
			if (!isfinite(v[k]) && bad++ == 0)
				first = k;
			constant = constant && v[k] == v[0];
		}
		if (bad > 0 && !f->missing)
			finding(c, "non-finite", f->name, f->per_sample ? i : -1,
				"%lld of %lld values, the first at %lld", (long long)bad, (long long)count,
				(long long)first);
		if (constant && f->per_sample)
			finding(c, v[0] == 0 ? "all zero" : "constant", f->name, i, "every value is %g", v[0]);
		varies = varies || !constant;
		for (int a = 0; a < f->n_axes; a++)
			periodic[a] = periodic[a] && (constant || repeats(l, field, a, v));
		if (hashes && f->per_sample)
			hashes[i] = hash(hashes[i], count, v);
	}
	for (int a = 0; a < f->n_axes && status == 0 && varies && n > 0; a++)
		if (periodic[a])
			finding(c, "periodic end", f->name, -1,
				"the last values along %s repeat the first in every sample", l->axis[f->axis[a]].name);
	free(periodic);
	free(v);
	return status;
}

/* The n sums of an array, or of the numbers below /sample, against those that the file keeps as /crc/NAME. */
static int check_sum(struct check *c, const char *path, hid_t file, const char *name, bool per_sample, int64_t n,
		     const uint32_t *is, struct err *e)
{
	int64_t stored = 0;
	double *was;
	char sums[100];

	snprintf(sums, sizeof sums, "crc/%s", name);
	if (h5_read_doubles(file, path, sums, &stored, &was, e) != 0)
		return -1;
	for (int64_t i = 0; i < n && i < stored; i++)
		if ((double)is[i] != was[i])
			finding(c, "checksum", name, per_sample ? i : -1, "CRC %08lx, written with %08lx",
				(unsigned long)is[i], (unsigned long)was[i]);
	free(was);
	return 0;
}

/* The sums that a native file keeps of its samples, and of everything else. */
static int check_sums(struct check *c, const char *path, const struct layout *l, struct err *e)
{
	hid_t access = h5_access(), file = H5Fopen(path, H5F_ACC_RDONLY, access);
	struct h5set set = { 0 };
	struct err why = { 0 };
	int status = -1;

	H5Pclose(access);
	if (file < 0)
		return h5_error(e, path, NULL);
	if (h5set_open(&set, file, path, l, e) == 0)
		status = 0;
	if (status == 0 && h5sum_has(file) && h5sum_verify(file, path, &why) != 0)
		finding(c, "checksum", "", -1, "%s", why.message);
	for (int f = 0; f < l->n_fields && status == 0; f++) {
		int64_t n = h5set_rows(&set, f);
		uint32_t *is = xcalloc((size_t)n + 1, sizeof *is);

		status = h5set_check(&set, path, f, 0, n, is, e);
		if (status == 0)
			status = check_sum(c, path, file, l->field[f].name, l->field[f].per_sample, n, is, e);
		free(is);
	}
	if (status == 0 && h5_is_array(file, "crc/sample")) {
		uint32_t *is = xcalloc((size_t)l->n_samples + 1, sizeof *is);

		status = h5sum_numbers(file, path, 0, l->n_samples, is, e);
		if (status == 0)
			status = check_sum(c, path, file, "sample", true, l->n_samples, is, e);
		free(is);
	}
	h5set_close(&set);
	H5Fclose(file);
	return status;
}

static const char *split_of(const struct layout *l, int64_t sample)
{
	for (int i = 0; i < l->n_splits; i++)
		if (sample >= l->split[i].first && sample < l->split[i].last)
			return l->split[i].name;
	return "";
}

/* Models and checkpoints: opening verifies every sum. */
static bool check_model(struct check *c, const char *path)
{
	static const char *const kind[] = { "model", "checkpoint" };
	struct checkpoint *model;
	struct err why = { 0 };

	for (int k = 0; k < 2; k++) {
		if (!checkpoint_is(path, kind[k]))
			continue;
		if (checkpoint_open(&model, path, kind[k], &why) == 0)
			checkpoint_close(model);
		else
			finding(c, "checksum", "", -1, "%s", why.message);
		return true;
	}
	return false;
}

static int check_file(struct check *c, const char *spec, struct err *e)
{
	struct dataset *d;
	const struct layout *l;
	uint64_t *hashes;
	bool inputs = false;
	int status = 0;

	c->name = spec;
	if (check_model(c, spec))
		return 0;
	if (dataset_open(&d, spec, c->o->layout, e) != 0)
		return -1;
	dataset_allow_nonfinite(d, true);
	l = dataset_layout(d);
	for (int a = 0; a < l->n_axes; a++)
		check_axis(c, &l->axis[a]);
	for (int f = 0; f < l->n_fields; f++)
		inputs = inputs || (l->field[f].role == ROLE_INPUT && l->field[f].per_sample);
	hashes = mem_new(l->n_samples + 1, sizeof *hashes, "checks of samples", e);
	status = hashes ? 0 : -1;
	for (int f = 0; f < l->n_fields && status == 0; f++)
		status = check_field(c, d, f, !inputs || l->field[f].role == ROLE_INPUT ? hashes : NULL, e);
	for (int64_t i = 0; i < l->n_samples && status == 0; i++) {
		MEM_GROW(c->print, c->n_prints, c->capacity);
		struct print *p = &c->print[c->n_prints++];
		*p = (struct print){ .hash = hashes[i], .file = c->file, .sample = i };
		snprintf(p->split, sizeof p->split, "%s", split_of(l, i));
	}
	/* sums are those of the whole file: a selection renumbers */
	if (status == 0 && strcmp(dataset_layout_name(d), "native") == 0 && strcmp(dataset_name(d), spec) == 0)
		status = check_sums(c, spec, l, e);
	free(hashes);
	dataset_close(d);
	return status;
}

static int by_hash(const void *a, const void *b)
{
	const struct print *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->sample < y->sample ? -1 : x->sample > y->sample;
}

static int by_sample(const void *a, const void *b)
{
	const struct print *x = a, *y = b;

	return x->file != y->file ? (x->file < y->file ? -1 : 1) : x->sample < y->sample ? -1 : x->sample > y->sample;
}

/* Every sample that has an earlier twin. */
static void find_twins(struct check *c)
{
	struct print *twin = xcalloc((size_t)(2 * c->n_prints) + 1, sizeof *twin);
	int64_t n = 0;

	if (c->n_prints > 0)
		qsort(c->print, (size_t)c->n_prints, sizeof *c->print, by_hash);
	for (int64_t i = 1, first = 0; i < c->n_prints; i++) {
		if (c->print[i].hash != c->print[first].hash) {
			first = i;
			continue;
		}
		twin[n] = c->print[i];
		twin[n++].hash = (uint64_t)first;
	}
	qsort(twin, (size_t)n, sizeof *twin, by_sample);
	for (int64_t i = 0; i < n; i++) {
		const struct print *a = &c->print[twin[i].hash], *b = &twin[i];
		bool across = strcmp(a->split, b->split) != 0;

		c->name = c->files[b->file];
		finding(c, across ? "split leak" : "duplicate", "", b->sample, "equal to sample %lld%s%s%s%s",
			(long long)a->sample, *a->split ? " of split " : "", a->split, a->file != b->file ? " of " : "",
			a->file != b->file ? c->files[a->file] : "");
	}
	free(twin);
}

int eval_check(const struct eval_options *o, int n, const char *const *file, struct err *e)
{
	struct check c = { .o = o, .n_files = n, .files = file };
	struct err first = { 0 }, why;
	int unreadable = 0;

	str_add(o->out, "file\tfinding\tobject\tsample\tdetail\n");
	for (c.file = 0; c.file < n; c.file++) {
		why = (struct err){ 0 };
		if (check_file(&c, file[c.file], &why) == 0)
			continue;
		if (unreadable++ == 0)
			first = why;
		else
			log_warn("%s", why.message);
	}
	find_twins(&c);
	free(c.print);
	if (unreadable > 0)
		return err_set(e, ERR_USAGE, "%s", first.message);
	return c.findings > 0 ? err_set(e, ERR_FAIL, "%d finding%s", c.findings, c.findings == 1 ? "" : "s") : 0;
}
