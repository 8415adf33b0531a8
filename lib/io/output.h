/* output.h: a file appears under its final name only when it is complete. `.NAME.XXXXXX` beside the target, written,
 * flushed, fsynced, renamed; removed on failure or signal. One lock per target: a second run gets ERR_LOCKED. */
#ifndef SCIML_IO_OUTPUT_H
#define SCIML_IO_OUTPUT_H

#include <hdf5.h>
#include <stdbool.h>

#include "base/err.h"

/* Where a path given by the user leads. *stream: standard output ("-"), or a device or pipe that is there already and
 * is written to directly; else *target is the file to replace (a link is followed), to be freed. Folders, missing
 * folders and a closed standard output are errors. binary: a terminal is refused ("refusing to write HDF5 to a
 * terminal"). */
int output_resolve(const char *path, bool binary, char **target, bool *stream, struct err *e);
/* ERR_USAGE when output would replace one of the n files that are read ("FILE:selection" too): a slip, not a wish. */
int output_not_input(const char *output, int n, const char *const *spec, struct err *e);
/* All bytes to standard output or an existing device or pipe. */
int output_stream(const char *path, const void *data, size_t n, struct err *e);

/* Lock for target path (flock on `.NAME.lock`, removed when released; dies with the process). fd out; -1 with
 * ERR_LOCKED "PATH: another run is writing this file (process N)". On file systems without locks: none, lock = -1,
 * which unlock takes. */
int output_lock(const char *path, int *lock, struct err *e);
void output_unlock(int lock, const char *path);

/* Plain text or image files (plots, TSV): write all bytes atomically. path "-" is standard output. */
int output_write(const char *path, const void *data, size_t n, struct err *e);
/* For libraries that want a name: a temporary name in the target's folder (to be freed), then commit or drop. */
char *output_temporary(const char *path, struct err *e);
int output_commit(char *temporary, const char *path, struct err *e); /* fsync, mode, rename; frees temporary */
void output_drop(char *temporary);
/* fsync, rename, fsync of the folder; on failure `from` stays. */
int output_rename(const char *from, const char *target, struct err *e);

/* Call once before any HDF5 call: error printing off, LZF filter registered. */
void h5_setup(void);
/* err_set from HDF5's innermost error record: "PATH: /data/u: ...". ENOSPC is told as such. */
int h5_error(struct err *e, const char *path, const char *object);

#endif
