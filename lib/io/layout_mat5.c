/* layout_mat5.c: MATLAB files of level 5 (versions 5 to 7): the FNO sets and the PINN reference solutions. */
#include <string.h>

#include "io/array_source.h"
#include "io/mat5.h"

static bool probe(const struct layout_probe *p)
{
	return p->n_head >= 128 && memcmp(p->head, "MATLAB 5.0 MAT-file", 19) == 0;
}

static int open_source(struct source *s, struct err *e)
{
	struct array_source *a = array_source_new(s, e);

	if (!a)
		return err_in(e, "%s", s->path);
	if (mat5_parse(a->file.data, a->file.n, &a->arrays, e) != 0 || array_source_layout(s, true, e) != 0) {
		array_source_close(s);
		return err_in(e, "%s", s->path);
	}
	return 0;
}

static const struct layout_class mat5 = {
	.name = "mat5",
	.help = "MATLAB level 5 file (.mat): FNO sets, PINN reference solutions",
	.priority = 40,
	.probe = probe,
	.open = open_source,
	.read = array_source_read,
	.close = array_source_close,
};
const struct layout_class *const layout_file_layout_mat5[] = { &mat5, NULL };
