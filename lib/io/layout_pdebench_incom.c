/* layout_pdebench_incom.c: PDEBench's incompressible, inhomogeneous Navier-Stokes files: `velocity`, `particles`,
 * `force`, `t` with channels last. Attribute latestIndex of an unfinished file says which frames are there. */
#include <string.h>

#include "base/log.h"
#include "io/h5source.h"
#include "io/pdebench.h"

static bool probe(const struct layout_probe *p)
{
	return p->file >= 0 && h5_is_array(p->file, "velocity") && h5_is_array(p->file, "particles");
}

/* (B, F, X, Y, C), or (B, X, Y, C) without time. */
static int add_field(struct source *s, const char *name, enum field_role role, bool time, struct err *e)
{
	struct axis_map m = { .n = 0 };
	struct h5_array a;
	char text[SHAPE_TEXT];
	int axes[SHAPE_MAX], space = time ? 2 : 1, n_space;

	if (h5_describe(s->file, s->path, name, &a, e) != 0)
		return -1;
	n_space = a.shape.rank - space - 1;
	if (n_space < 1 || n_space > 3 || a.shape.dim[0] < 1)
		return err_set(e, ERR_USAGE, "%s: %s is %s, (sample, %sx, y, channel) is expected", s->path, name,
			       shape_text(text, &a.shape), time ? "time, " : "");
	if (s->layout.n_fields == 0)
		s->layout.n_samples = a.shape.dim[0];
	if (a.shape.dim[0] != s->layout.n_samples)
		return err_set(e, ERR_USAGE, "%s: %s has %lld samples, velocity has %lld", s->path, name,
			       (long long)a.shape.dim[0], (long long)s->layout.n_samples);
	if (time) {
		axes[m.n] = variables_axis(&s->layout, "t", AXIS_TIME, a.shape.dim[1]);
		m.axis[m.n++] = 1;
	}
	axes[m.n] = variables_axis(&s->layout, "channel", AXIS_CHANNEL, a.shape.dim[a.shape.rank - 1]);
	m.axis[m.n++] = a.shape.rank - 1;
	for (int k = 0; k < n_space; k++) {
		axes[m.n] = variables_axis(&s->layout, pdebench_space[k], AXIS_SPACE, a.shape.dim[space + k]);
		m.axis[m.n++] = space + k;
	}
	return h5source_field(s, name, name, role, &m, axes, e) ? 0 : -1;
}

/* `t` holds the times of every sample; those of the first are taken. */
static void read_times(struct source *s)
{
	struct h5_array t;
	int64_t latest;

	for (int i = 0; i < s->layout.n_axes; i++) {
		struct axis *a = &s->layout.axis[i];

		if (a->kind != AXIS_TIME)
			continue;
		if (h5_describe(s->file, s->path, "t", &t, NULL) == 0 && t.shape.rank > 0 &&
		    t.shape.dim[t.shape.rank - 1] == a->size)
			h5source_coordinate(s, s->file, "t", i, false);
		if (h5_attribute_long(s->file, s->path, "/", "latestIndex", &latest, NULL) == 0 && latest >= 0 &&
		    latest < a->size - 1) {
			log_warn("%s: unfinished: %lld of %lld frames are written, the others are left out", s->path,
				 (long long)latest + 1, (long long)a->size);
			a->size = latest + 1;
		}
	}
}

static int open_source(struct source *s, struct err *e)
{
	h5source_new(s);
	if (add_field(s, "velocity", ROLE_TRAJECTORY, true, e) != 0 ||
	    add_field(s, "particles", ROLE_TRAJECTORY, true, e) != 0 ||
	    (h5_is_array(s->file, "force") && add_field(s, "force", ROLE_INPUT, false, e) != 0)) {
		h5source_close(s);
		return -1;
	}
	read_times(s);
	pdebench_split(&s->layout, true);
	return 0;
}

static const struct layout_class incom = {
	.name = "pdebench-incom",
	.help = "PDEBench incompressible Navier-Stokes: velocity, particles, force, t",
	.priority = 60,
	.probe = probe,
	.open = open_source,
	.read = h5source_read,
	.close = h5source_close,
};
const struct layout_class *const layout_file_layout_pdebench_incom[] = { &incom, NULL };
