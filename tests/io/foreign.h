/* foreign.h: help for the tests of foreign layouts: files in a private folder, opening a layout's class by itself. */
#ifndef SCIML_TESTS_FOREIGN_H
#define SCIML_TESTS_FOREIGN_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/layout.h"
#include "io/output.h"

/* Path of NAME in a folder of this process, which goes away with it when empty; static buffer, two at a time. */
static char scratch_folder[64];

static inline void scratch_remove(void)
{
	rmdir(scratch_folder);
}

static inline const char *scratch(const char *name)
{
	static char path[2][256];
	static int turn;
	static long owner;

	turn = !turn;
	if (owner != (long)getpid()) {
		owner = (long)getpid();
		snprintf(scratch_folder, sizeof scratch_folder, "foreign-%ld.tmp", owner);
		ck_assert_int_eq(mkdir(scratch_folder, 0777), 0);
		atexit(scratch_remove);
	}
	snprintf(path[turn], sizeof path[turn], "%s/%s", scratch_folder, name);
	return path[turn];
}

static inline void write_file(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static inline unsigned char *read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	*n = (size_t)ftell(f);
	rewind(f);
	data = malloc(*n + 1);
	ck_assert_uint_eq(fread(data, 1, *n, f), *n);
	fclose(f);
	return data;
}

/* A file of the shared reference data, or NULL. */
static inline const char *shared(const char *name)
{
	static char path[2][1024];
	static int turn;
	const char *root = getenv("SCIML_SHARED");

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/data/%s", root ? root : "../shared", name);
	if (access(path[turn], R_OK) == 0)
		return path[turn];
	fprintf(stderr, "skipped: %s is not there\n", path[turn]);
	return NULL;
}

/* The class of `list` that recognises the file, opened. */
static inline int foreign_open(struct source *s, const struct layout_class *const *list, const char *path,
			       struct err *e)
{
	unsigned char head[512];
	struct layout_probe p = { .path = path, .head = head, .file = -1 };
	FILE *f = fopen(path, "rb");

	h5_setup();
	*s = (struct source){ .path = path, .file = -1 };
	ck_assert_ptr_nonnull(f);
	p.n_head = fread(head, 1, sizeof head, f);
	fclose(f);
	if (H5Fis_hdf5(path) > 0)
		p.file = s->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	for (; *list; list++) {
		int status;

		if (!(*list)->probe(&p))
			continue;
		s->class = *list;
		status = (*list)->open(s, e);
		if (status != 0) {
			layout_free(&s->layout);
			if (s->file >= 0)
				H5Fclose(s->file);
		}
		return status;
	}
	if (s->file >= 0)
		H5Fclose(s->file);
	return err_set(e, ERR_USAGE, "no layout");
}

static inline void foreign_close(struct source *s)
{
	s->class->close(s);
	layout_free(&s->layout);
	if (s->file >= 0)
		H5Fclose(s->file);
}

static inline const struct axis *foreign_axis(const struct source *s, int field, int k)
{
	return &s->layout.axis[s->layout.field[field].axis[k]];
}

/* Elements of a sample of a field, and the whole field of n samples as doubles. */
static inline int64_t foreign_count(const struct source *s, int field)
{
	int64_t n = 1;

	for (int k = 0; k < s->layout.field[field].n_axes; k++)
		n *= foreign_axis(s, field, k)->size;
	return n;
}

static inline int64_t foreign_frames(const struct source *s, int field)
{
	for (int k = 0; k < s->layout.field[field].n_axes; k++)
		if (foreign_axis(s, field, k)->kind == AXIS_TIME)
			return foreign_axis(s, field, k)->size;
	return 1;
}

static inline double *foreign_read(struct source *s, const char *name, int64_t *count)
{
	struct err e = { 0 };
	int f = layout_find_field(&s->layout, name);
	int64_t n;
	double *out;

	ck_assert_msg(f >= 0, "no field %s", name);
	n = foreign_count(s, f);
	out = calloc((size_t)(n * s->layout.n_samples), sizeof *out);
	ck_assert_msg(s->class->read(s, f, 0, s->layout.n_samples, 0, foreign_frames(s, f), 1, DTYPE_F64, out, &e) == 0,
		      "%s", e.message);
	if (count)
		*count = n;
	return out;
}

/* The field's axes as text: "t:100 channel:2 x:64". */
static inline const char *foreign_axes(const struct source *s, const char *name)
{
	static char text[256];
	int f = layout_find_field(&s->layout, name);

	ck_assert_msg(f >= 0, "no field %s", name);
	text[0] = 0;
	for (int k = 0; k < s->layout.field[f].n_axes; k++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%lld", k ? " " : "",
			 foreign_axis(s, f, k)->name, (long long)foreign_axis(s, f, k)->size);
	return text;
}

#endif
