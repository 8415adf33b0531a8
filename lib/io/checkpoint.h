/* checkpoint.h: everything a training run needs to go on bit-equal: a flat list of named arrays and texts in one HDF5
 * file, written atomically. A model file is a checkpoint with kind "model". */
#ifndef SCIML_IO_CHECKPOINT_H
#define SCIML_IO_CHECKPOINT_H

#include "io/h5out.h"
#include "num/params.h"

/* Writing goes through h5out: */
void checkpoint_put_params(struct h5out *w, const char *group,
			   const struct params *p); /* value + metadata attributes */
/* Reading. Opening reads the whole file once to verify its checksums (io/h5sum.h); a wrong kind is told. */
struct checkpoint;
int checkpoint_open(struct checkpoint **c, const char *path, const char *kind, struct err *e);
bool checkpoint_is(const char *path, const char *kind); /* does the file say that it is one, sound or not? */
void checkpoint_close(struct checkpoint *c);
bool checkpoint_has(const struct checkpoint *c, const char *path);
int checkpoint_get(const struct checkpoint *c, const char *path, struct tensor *t,
		   struct err *e); /* new tensor, stored type */
int checkpoint_get_into(const struct checkpoint *c, const char *path, enum dtype t, int64_t n, void *out,
			struct err *e);
int checkpoint_get_params(const struct checkpoint *c, const char *group, struct params *p,
			  struct err *e); /* new params */
/* Fill existing params by name; missing, extra, wrong shape are errors with both shapes. */
int checkpoint_load_params(const struct checkpoint *c, const char *group, struct params *p, struct err *e);
char *checkpoint_text(const struct checkpoint *c, const char *object,
		      const char *name); /* attribute or NULL; free it */
/* The fields that the file holds beside the arrays (h5out_fields), samples or none; n_fields 0: none. layout_free()
 * it. */
int checkpoint_layout(const struct checkpoint *c, struct layout *l, struct err *e);
int checkpoint_long(const struct checkpoint *c, const char *object, const char *name, int64_t *v, struct err *e);

#endif
