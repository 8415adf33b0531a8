/* h5out.h: sticky writer of HDF5 files in the native layout. Same calls, same bytes: no clock times, object times off,
 * default file format. "-" builds the file in memory and writes the image to standard output when closed. */
#ifndef SCIML_IO_H5OUT_H
#define SCIML_IO_H5OUT_H

#include <hdf5.h>
#include <stdbool.h>

#include "io/dataset.h"
#include "num/params.h"

struct h5out;

struct h5out *h5out_open(const char *path, struct err *e); /* NULL: locked, no folder, terminal, ... */

/* Arrays and fields made from now on are deflated (1..9; 0: stored plain, which is the start). */
void h5out_deflate(struct h5out *w, int level);
/* A whole array, path made as needed ("history/loss"). */
void h5out_tensor(struct h5out *w, const char *path, const struct tensor *t);
void h5out_doubles(struct h5out *w, const char *path, int64_t n, const double *v);
void h5out_longs(struct h5out *w, const char *path, int64_t n, const int64_t *v);
/* Attributes of object ("/" or a path). */
void h5out_text(struct h5out *w, const char *object, const char *name, const char *value);
void h5out_long(struct h5out *w, const char *object, const char *name, int64_t value);
void h5out_double(struct h5out *w, const char *object, const char *name, double value);
/* A column table as one group: a 1-D double array a column, all of n rows; rows is row-major, n_rows x n_columns. The
 * order of the columns stands in the group's attribute `columns`. */
void h5out_table(struct h5out *w, const char *path, int n_columns, const char *const *name, int64_t n_rows,
		 const double *rows);

/* Fields of `layout` (names, axes, coordinates, roles, splits, parameters, equation), n_samples long; then any range of
 * samples in any order, every one at least once: a file with samples missing is not completed. A field that is not per
 * sample is written as sample 0. */
void h5out_fields(struct h5out *w, const struct layout *layout);
void h5out_samples(struct h5out *w, int field, int64_t first, int64_t count, enum dtype t, const void *data);

/* What repeats the run: /meta attributes command, version, config (YAML), seed, inputs, math. */
struct h5_meta {
	const char *command, *config, *inputs, *kind; /* kind: "data", "model", "prediction"; NULL: left out */
	int64_t seed;
};
/* version and math (which instructions and vector functions computed: bytes are promised equal for equal math) are
 * added. */
void h5out_meta(struct h5out *w, const struct h5_meta *m);

void h5out_fail(struct h5out *w, const struct err *why); /* the caller's own failure: close will remove and report it */
const struct err *h5out_error(const struct h5out *w);
/* Set attribute complete=1, close, check, rename into place; or remove and report. Frees w in both cases. */
int h5out_close(struct h5out *w, struct err *e);
void h5out_abandon(struct h5out *w); /* remove, no report */

/* Long generation: `NAME.part` written in blocks of samples; a CRC32 per sample is stored after the block's flush.
 * Opening with resume keeps the samples whose CRC agrees, when configuration, seed and layout are the same (else
 * ERR_USAGE that names the first line that differs); without a NAME.part it starts afresh, and a finished NAME of the
 * same configuration counts as having every sample (close then leaves it alone). All metadata are on disk before the
 * first sample, so a kill at any moment leaves a readable file. numbers: names of the per-sample numbers of
 * h5part_numbers, known from the start for that reason. */
struct h5part;
struct h5part *h5part_open(const char *path, bool resume, const struct layout *layout, const struct h5_meta *m,
			   int n_numbers, const char *const *numbers, struct err *e);
/* Is there a complete NAME of the same configuration, seed and layout? 1, 0 when there is no NAME, -1 when it is
 * another. */
int h5part_finished(const char *path, const struct layout *layout, const struct h5_meta *m, struct err *e);
bool h5part_has(const struct h5part *w, int64_t sample);
/* A block: for every field `data[field]` holds count samples back to back (DTYPE_F64; converted to the field's type); a
 * field that is not per sample: its one array (or NULL once it is there). Returns when the block is on disk. */
int h5part_write(struct h5part *w, int64_t first, int64_t count, const double *const *data, struct err *e);
/* Per-sample numbers that are stored under /sample/NAME (solver counts, drawn parameters); before h5part_write of the
 * same samples, whose CRC vouches for both. */
int h5part_numbers(struct h5part *w, const char *name, int64_t first, int64_t count, const double *v, struct err *e);
/* complete: every sample must be there; becomes NAME. Otherwise, and on failure, NAME.part stays. Frees w. */
int h5part_close(struct h5part *w, bool complete, struct err *e);
/* The end of a run that failed: NAME.part stays if it holds samples and a resumed run need not make them again. */
void h5part_fail(struct h5part *w, bool resumable);

#endif
