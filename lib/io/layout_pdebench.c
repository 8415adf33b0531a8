/* layout_pdebench.c: PDEBench files without groups: one scalar `tensor` (advection, Burgers, reaction-diffusion), Darcy
 * flow (`nu` and `tensor`), or compressible flow (a data set a variable). The first tenth of the samples is the test
 * set. */
#include <stdio.h>
#include <string.h>

#include "io/h5source.h"
#include "io/pdebench.h"

const char *const pdebench_space[3] = { "x", "y", "z" };
const char *const pdebench_flow[5] = { "density", "pressure", "Vx", "Vy", "Vz" };

static bool probe(const struct layout_probe *p)
{
	if (p->file < 0 || h5_has(p->file, "dimensions"))
		return false;
	return h5_is_array(p->file, "tensor") || (h5_is_array(p->file, "density") && h5_is_array(p->file, "Vx"));
}

/* Axes time (if any) and space from the extents of a data set, from its file axis `at` on. */
static int grid_axes(struct source *s, const struct h5_array *a, int at, bool time, struct axis_map *m, int *axes,
		     struct err *e)
{
	char text[SHAPE_TEXT];
	int n_space = a->shape.rank - at - (time ? 1 : 0);

	if (n_space < 1 || n_space > 3)
		return err_set(e, ERR_USAGE, "%s: data set of shape %s: from 1 to 3 axes in space are known", s->path,
			       shape_text(text, &a->shape));
	for (int k = 0; k < n_space + (time ? 1 : 0); k++) {
		bool is_time = time && k == 0;

		axes[m->n] = variables_axis(&s->layout, is_time ? "t" : pdebench_space[k - (time ? 1 : 0)],
					    is_time ? AXIS_TIME : AXIS_SPACE, a->shape.dim[at + k]);
		m->axis[m->n++] = at + k;
	}
	return 0;
}

static int open_darcy(struct source *s, struct err *e)
{
	struct h5_array nu, tensor;
	struct axis_map in = { .n = 0 }, out;
	struct h5view *v;
	char text[SHAPE_TEXT];
	int axes[SHAPE_MAX];

	if (h5_describe(s->file, s->path, "nu", &nu, e) != 0 ||
	    h5_describe(s->file, s->path, "tensor", &tensor, e) != 0 || grid_axes(s, &nu, 1, false, &in, axes, e) != 0)
		return -1;
	s->layout.n_samples = nu.shape.dim[0];
	/* (N, 1, X, Y), or without the frame axis. */
	if ((tensor.shape.rank != nu.shape.rank + 1 || tensor.shape.dim[1] != 1) && tensor.shape.rank != nu.shape.rank)
		return err_set(e, ERR_USAGE, "%s: tensor is %s, (samples, 1, x, y) is expected beside nu", s->path,
			       shape_text(text, &tensor.shape));
	if (tensor.shape.dim[0] != s->layout.n_samples)
		return err_set(e, ERR_USAGE, "%s: nu has %lld samples, tensor has %lld", s->path,
			       (long long)s->layout.n_samples, (long long)tensor.shape.dim[0]);
	out = in;
	for (int k = 0; k < out.n; k++)
		out.axis[k] += tensor.shape.rank - nu.shape.rank;
	v = h5source_field(s, "nu", "nu", ROLE_INPUT, &in, axes, e);
	return v && h5source_field(s, "tensor", "tensor", ROLE_TARGET, &out, axes, e) ? 0 : -1;
}

static int open_scalar(struct source *s, struct err *e)
{
	struct h5_array tensor;
	struct axis_map m = { .n = 0 };
	int axes[SHAPE_MAX];

	if (h5_describe(s->file, s->path, "tensor", &tensor, e) != 0)
		return -1;
	/* A generator of 2023 wrote (1, N, T, X) for one spatial axis. */
	if (tensor.shape.rank == 4 && tensor.shape.dim[0] == 1 && !h5_is_array(s->file, "y-coordinate"))
		m.sample = 1;
	if (grid_axes(s, &tensor, m.sample + 1, true, &m, axes, e) != 0)
		return -1;
	s->layout.n_samples = tensor.shape.dim[m.sample];
	return h5source_field(s, "tensor", "tensor", ROLE_TRAJECTORY, &m, axes, e) ? 0 : -1;
}

static int open_flow(struct source *s, struct err *e)
{
	for (int i = 0; i < 5; i++) {
		struct axis_map m = { .n = 0 };
		struct h5_array a;
		int axes[SHAPE_MAX];

		if (i >= 3 && !h5_is_array(s->file, pdebench_flow[i]))
			continue;
		if (h5_describe(s->file, s->path, pdebench_flow[i], &a, e) != 0 ||
		    grid_axes(s, &a, 1, true, &m, axes, e) != 0)
			return -1;
		if (i == 0)
			s->layout.n_samples = a.shape.dim[0];
		if (a.shape.dim[0] != s->layout.n_samples)
			return err_set(e, ERR_USAGE, "%s: density has %lld samples, %s has %lld", s->path,
				       (long long)s->layout.n_samples, pdebench_flow[i], (long long)a.shape.dim[0]);
		if (!h5source_field(s, pdebench_flow[i], pdebench_flow[i], ROLE_TRAJECTORY, &m, axes, e))
			return -1;
	}
	return 0;
}

/* Scalar problems are periodic, Darcy flow is not; of flows the name tells. */
static bool is_periodic(const struct source *s, bool darcy, bool flow)
{
	static const char *const open_ends[] = { "trans", "Shock", "shock", "Sod" };
	const char *slash = strrchr(s->path, '/'), *name = slash ? slash + 1 : s->path;

	for (size_t i = 0; flow && i < sizeof open_ends / sizeof *open_ends; i++)
		if (strstr(name, open_ends[i]) && !strstr(name, "periodic"))
			return false;
	return !darcy;
}

void pdebench_split(struct layout *l, bool test_first)
{
	int64_t n = l->n_samples, n_test = n / 10 ? n / 10 : 1;

	if (n < 2)
		return;
	layout_add_split(l, "train", test_first ? n_test : 0, test_first ? n : n - n_test);
	layout_add_split(l, "test", test_first ? 0 : n - n_test, test_first ? n_test : n);
}

static int open_source(struct source *s, struct err *e)
{
	bool darcy = h5_is_array(s->file, "nu"), flow = !h5_is_array(s->file, "tensor");

	h5source_new(s);
	if ((flow ? open_flow(s, e) : darcy ? open_darcy(s, e) : open_scalar(s, e)) != 0) {
		h5source_close(s);
		return -1;
	}
	for (int i = 0; i < s->layout.n_axes; i++) {
		struct axis *a = &s->layout.axis[i];
		char name[64];

		snprintf(name, sizeof name, "%s-coordinate", a->name);
		h5source_coordinate(s, s->file, name, i, true);
		if (a->kind == AXIS_SPACE)
			a->periodic = is_periodic(s, darcy, flow);
	}
	h5source_params(s, s->file, "/");
	pdebench_split(&s->layout, true);
	return 0;
}

static const struct layout_class pdebench = {
	.name = "pdebench",
	.help = "PDEBench single file: tensor, nu and tensor, or density, pressure, Vx, ...",
	.priority = 70,
	.probe = probe,
	.open = open_source,
	.read = h5source_read,
	.close = h5source_close,
	.write = pdebench_write,
};
const struct layout_class *const layout_file_layout_pdebench[] = { &pdebench, NULL };
