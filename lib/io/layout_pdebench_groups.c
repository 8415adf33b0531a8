/* layout_pdebench_groups.c: PDEBench files with a group a sample, named by numbers: `data` (time, space..., channel)
 * and `grid`. The last tenth of the samples is the test set. Numbers may be missing: a worker of the generator died. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/h5source.h"
#include "io/output.h"
#include "io/pdebench.h"

static bool is_number(const char *name)
{
	return *name && strspn(name, "0123456789") == strlen(name);
}

static bool probe(const struct layout_probe *p)
{
	bool found = false;
	char **name;
	int n;

	if (p->file < 0 || h5_names(p->file, p->path, "/", &n, &name, NULL) != 0)
		return false;
	for (int i = 0; i < n && !found; i++) {
		hid_t group;

		if (!is_number(name[i]) || !h5_is_group(p->file, name[i]))
			continue;
		group = H5Gopen2(p->file, name[i], H5P_DEFAULT);
		if (group < 0)
			break;
		found = h5_is_array(group, "data") && h5_is_group(group, "grid");
		H5Gclose(group);
		break;
	}
	h5_names_free(n, name);
	return found;
}

/* By value, whatever the padding. */
static int by_number(const void *a, const void *b)
{
	const char *p = *(char *const *)a, *q = *(char *const *)b;
	size_t m, n;

	p += strspn(p, "0");
	q += strspn(q, "0");
	m = strlen(p);
	n = strlen(q);
	return m != n ? (m < n ? -1 : 1) : strcmp(p, q);
}

static int find_groups(struct source *s, struct h5source *h, struct err *e)
{
	char **name;
	int n, kept = 0;

	if (h5_names(s->file, s->path, "/", &n, &name, e) != 0)
		return -1;
	for (int i = 0; i < n; i++) {
		char *this = name[i];

		name[i] = NULL;
		if (is_number(this) && h5_is_group(s->file, this))
			name[kept++] = this;
		else
			free(this);
	}
	h->group = name;
	h->n_groups = kept;
	if (kept == 0)
		return err_set(e, ERR_USAGE, "%s: no groups named by numbers", s->path);
	qsort(name, (size_t)kept, sizeof *name, by_number);
	if (strtoll(name[kept - 1], NULL, 10) - strtoll(name[0], NULL, 10) != kept - 1)
		log_warn("%s: the numbers of the %d samples are not contiguous (%s to %s)", s->path, kept, name[0],
			 name[kept - 1]);
	s->layout.n_samples = kept;
	return 0;
}

static int open_group(struct source *s, hid_t group, struct err *e)
{
	struct axis_map m = { .sample = -1 };
	struct h5_array data;
	char text[SHAPE_TEXT];
	int axes[SHAPE_MAX], n_space;

	if (h5_describe(group, s->path, "data", &data, e) != 0)
		return -1;
	n_space = data.shape.rank - 2;
	if (n_space < 1 || n_space > 3)
		return err_set(e, ERR_USAGE, "%s: data is %s, (time, space..., channel) is expected", s->path,
			       shape_text(text, &data.shape));
	axes[m.n] = variables_axis(&s->layout, "t", AXIS_TIME, data.shape.dim[0]);
	m.axis[m.n++] = 0;
	axes[m.n] = variables_axis(&s->layout, "channel", AXIS_CHANNEL, data.shape.dim[n_space + 1]);
	m.axis[m.n++] = n_space + 1;
	for (int k = 0; k < n_space; k++) {
		axes[m.n] = variables_axis(&s->layout, pdebench_space[k], AXIS_SPACE, data.shape.dim[k + 1]);
		m.axis[m.n++] = k + 1;
	}
	if (!h5source_field(s, "data", "data", ROLE_TRAJECTORY, &m, axes, e))
		return -1;
	h5source_coordinate(s, group, "grid/t", axes[0], false);
	for (int k = 0; k < n_space; k++) {
		char name[] = "grid/x";

		name[5] = pdebench_space[k][0];
		h5source_coordinate(s, group, name, axes[k + 2], true);
	}
	return 0;
}

static int open_source(struct source *s, struct err *e)
{
	struct h5source *h = h5source_new(s);
	int status = find_groups(s, h, e);

	if (status == 0) {
		hid_t group = h5source_place(h);

		status = group < 0 ? h5_error(e, s->path, h->group[0]) : open_group(s, group, e);
		if (group >= 0)
			H5Oclose(group);
	}
	if (status != 0)
		h5source_close(s);
	else
		pdebench_split(&s->layout, false);
	return status;
}

static const struct layout_class groups = {
	.name = "pdebench-groups",
	.help = "PDEBench seed groups: 0000/data, 0000/grid, ... (diffusion-sorption, diffusion-reaction, shallow "
		"water)",
	.priority = 65,
	.probe = probe,
	.open = open_source,
	.read = h5source_read,
	.close = h5source_close,
};
const struct layout_class *const layout_file_layout_pdebench_groups[] = { &groups, NULL };
