/* array_source.c: sources whose fields are strided arrays in a mapped file. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/array_source.h"

int file_bytes_open(struct file_bytes *f, const char *path, struct err *e)
{
	struct stat st;
	void *data;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*f = (struct file_bytes){ 0 };
	if (fd < 0)
		return err_errno(e, "cannot open");
	if (fstat(fd, &st) != 0) {
		err_errno(e, "cannot stat");
		close(fd);
		return -1;
	}
	if (!S_ISREG(st.st_mode) || st.st_size <= 0) {
		close(fd);
		return err_set(e, ERR_FAIL, "%s", S_ISREG(st.st_mode) ? "the file is empty" : "not a regular file");
	}
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return err_errno(e, "cannot map the file");
	f->data = data;
	f->n = (size_t)st.st_size;
	return 0;
}

void file_bytes_close(struct file_bytes *f)
{
	if (f->data)
		munmap((void *)(uintptr_t)f->data, f->n);
	*f = (struct file_bytes){ 0 };
}

struct array_source *array_source_new(struct source *s, struct err *e)
{
	struct array_source *a = xcalloc(1, sizeof *a);

	s->state = a;
	if (file_bytes_open(&a->file, s->path, e) != 0) {
		array_source_close(s);
		return NULL;
	}
	return a;
}

static int values(void *arg, int variable, double *out, struct err *e)
{
	const struct array *a = &((struct array_source *)arg)->arrays.at[variable];

	(void)e;
	array_gather(a, 0, a->rank, a->dim, a->stride, DTYPE_F64, out);
	return 0;
}

int array_source_layout(struct source *s, bool matlab, struct err *e)
{
	struct array_source *a = s->state;
	struct variable *variable = xcalloc((size_t)a->arrays.n + 1, sizeof *variable);
	struct variables all = { s->path, matlab, a->arrays.n, variable, values, a };
	int status;

	for (int i = 0; i < a->arrays.n; i++) {
		const struct array *from = &a->arrays.at[i];

		variable[i].name = from->name;
		variable[i].dtype = from->dtype;
		variable[i].complex = from->complex;
		variable[i].rank = from->rank;
		memcpy(variable[i].dim, from->dim, sizeof variable[i].dim);
	}
	status = variables_layout(&all, &s->layout, &a->map, e);
	free(variable);
	return status;
}

int array_source_read(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t,
		      int64_t stride, enum dtype t, void *out, struct err *e)
{
	const struct array_source *source = s->state;
	const struct field *f = &s->layout.field[field];
	const struct axis_map *m = &source->map[field];
	const int64_t n_read = source->sample_step ? count : 1;
	int64_t n = 1;

	(void)e;
	for (int64_t part = 0; part < n_read; part++) {
		const struct array *a =
			&source->arrays
				 .at[m->variable + (source->sample_step ? first + part : 0) * source->sample_step];
		int64_t extent[ARRAY_RANK_MAX], step[ARRAY_RANK_MAX], offset = 0;
		int rank = 0;

		extent[rank] = source->sample_step ? 1 : count;
		step[rank] = 0;
		if (m->sample >= 0) {
			step[rank] = a->stride[m->sample];
			offset = first * step[rank];
		}
		n = extent[rank++];
		for (int k = 0; k < m->n; k++) {
			const struct axis *axis = &s->layout.axis[f->axis[k]];

			extent[rank] = axis->size;
			step[rank] = m->axis[k] < 0 ? 0 : a->stride[m->axis[k]];
			if (axis->kind == AXIS_TIME) {
				offset += t0 * step[rank];
				extent[rank] = n_t;
				step[rank] *= stride;
			}
			n *= extent[rank++];
		}
		array_gather(a, offset, rank, extent, step, t, (char *)out + (size_t)(part * n) * dtype_size(t));
	}
	return 0;
}

void array_source_close(struct source *s)
{
	struct array_source *a = s->state;

	if (!a)
		return;
	array_list_free(&a->arrays);
	for (int i = 0; i < a->n_blocks; i++)
		free(a->block[i]);
	free(a->block);
	free(a->map);
	file_bytes_close(&a->file);
	free(a);
	s->state = NULL;
}
