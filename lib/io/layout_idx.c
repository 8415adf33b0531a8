/* layout_idx.c: the IDX files of MNIST and its kin: two zero bytes, a type, a rank, the extents as big-endian 32-bit
 * numbers, then the values, the first axis counting samples; plain or gzipped. NAME-images-idx3-ubyte brings the labels
 * of NAME-labels-idx1-ubyte beside it along. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/array.h"
#include "io/bytes.h"
#include "io/gz.h"
#include "io/layout.h"

enum { RANK_MAX = 5 };

static bool type_of(unsigned char code, enum array_type *t)
{
	static const struct {
		unsigned char code;
		enum array_type type;
	} types[] = { { 0x08, ARRAY_U8 },  { 0x09, ARRAY_I8 },	{ 0x0b, ARRAY_I16 },
		      { 0x0c, ARRAY_I32 }, { 0x0d, ARRAY_F32 }, { 0x0e, ARRAY_F64 } };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].code == code) {
			*t = types[i].type;
			return true;
		}
	return false;
}

static bool probe(const struct layout_probe *p)
{
	unsigned char head[4];
	enum array_type t;

	return p->n_head > 0 && gz_peek(p->head, p->n_head, 4, head) && head[0] == 0 && head[1] == 0 &&
	       type_of(head[2], &t) && head[3] >= 1 && head[3] <= RANK_MAX;
}

/* The array of one file; its bytes are owned by the array, also after a failure. */
static int read_array(const char *path, struct array *a, struct err *e)
{
	unsigned char *data;
	size_t n, head;

	*a = (struct array){ .big_endian = true };
	if (gz_read(path, &data, &n, e) != 0)
		return -1;
	a->owned = data;
	if (n < 4 || !type_of(data[2], &a->type) || data[3] < 1 || data[3] > RANK_MAX || n < 4 + 4 * (size_t)data[3])
		return err_set(e, ERR_FAIL, "%s: not an IDX file", path);
	a->rank = data[3];
	head = 4 + 4 * (size_t)a->rank;
	for (int k = 0; k < a->rank; k++)
		a->dim[k] = (int64_t)bytes_big(data + 4 + 4 * k, 4);
	a->dtype = array_dtype(a->type);
	a->data = data + head;
	array_set_strides(a, false);
	if (array_count(a) < 0)
		return err_set(e, ERR_FAIL, "%s: its extents multiply to more values than a file can hold", path);
	if ((uint64_t)array_count(a) * array_type_size(a->type) != n - head)
		return err_set(e, ERR_FAIL, "%s: %zu bytes of values, its extents ask for %lld values of %zu", path,
			       n - head, (long long)array_count(a), array_type_size(a->type));
	return 0;
}

/* "DIR/train-images-idx3-ubyte.gz" -> the labels' path, or NULL when there are none. */
static char *labels_beside(const char *path)
{
	static const char from[] = "images-idx3", to[] = "labels-idx1";
	const char *file = strrchr(path, '/'), *at = strstr(file ? file : path, from);
	struct str s = { 0 };

	if (!at)
		return NULL;
	str_add_n(&s, path, (size_t)(at - path));
	str_add(&s, to);
	str_add(&s, at + strlen(from));
	if (access(s.text, R_OK) == 0)
		return s.text;
	str_free(&s);
	return NULL;
}

/* Axes behind the sample axis: none; channel; y, x; channel or z before them. */
static void add_field(struct layout *l, const char *name, const struct array *a, enum field_role role)
{
	static const char *const names[RANK_MAX][RANK_MAX] = {
		{ NULL }, { "channel" }, { "y", "x" }, { "z", "y", "x" }, { "channel", "z", "y", "x" }
	};
	int axis[RANK_MAX];

	for (int k = 1; k < a->rank; k++) {
		const char *of = names[a->rank - 1][k - 1];

		axis[k - 1] =
			layout_add_axis(l, of, of[0] == 'c' ? AXIS_CHANNEL : AXIS_SPACE, a->dim[k], NULL, false, 0);
	}
	layout_add_field(l, name, a->dtype, role, a->rank - 1, axis);
}

static void *values_of(const struct array *a, struct err *e)
{
	void *out = mem_new(array_count(a) + 1, dtype_size(a->dtype), "values of an IDX file", e);

	if (out)
		array_gather(a, 0, a->rank, a->dim, a->stride, a->dtype, out);
	return out;
}

static int open_source(struct source *s, struct err *e)
{
	char *beside = labels_beside(s->path);
	struct array a, labels = { 0 };
	void *data[2] = { NULL, NULL };
	int status = -1;

	if (read_array(s->path, &a, e) != 0 || (beside && read_array(beside, &labels, e) != 0))
		goto out;
	if (beside && (labels.rank != 1 || labels.dim[0] != a.dim[0])) {
		err_set(e, ERR_FAIL, "%s: %lld images, %lld labels in %s", s->path, (long long)a.dim[0],
			(long long)labels.dim[0], beside);
		goto out;
	}
	s->layout.n_samples = a.dim[0];
	add_field(&s->layout,
		  a.rank == 1	? "label"
		  : a.rank == 2 ? "x"
				: "image",
		  &a, a.rank == 1 ? ROLE_NONE : ROLE_TARGET);
	if (beside)
		add_field(&s->layout, "label", &labels, ROLE_NONE);
	if (!(data[0] = values_of(&a, e)) || (beside && !(data[1] = values_of(&labels, e)))) {
		free(data[0]);
		goto out;
	}
	source_keep(s, data);
	status = 0;
out:
	free(a.owned);
	free(labels.owned);
	free(beside);
	return status;
}

static const struct layout_class idx = {
	.name = "idx",
	.help = "IDX file of MNIST and its kin, plain or .gz, with the labels beside it",
	.priority = 95,
	.probe = probe,
	.open = open_source,
	.read = source_memory_read,
	.close = source_memory_close,
};
const struct layout_class *const layout_file_layout_idx[] = { &idx, NULL };
