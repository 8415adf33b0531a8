/* merge.c: shards of one run into the file that the run would have written in one piece. */
#include "run/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "io/h5read.h"
#include "io/output.h"
#include "run/gen_plan.h"

enum { BLOCK = 16 }; /* samples on their way */
#define MARK "# shard "

struct shard {
	const char *path;
	struct dataset *data;
	char *config;  /* without the shard's line */
	char what[16]; /* MERGE_SAMPLES or MERGE_DRAWS */
	long long index, count, first, last;
	int64_t seed;
};

void merge_mark(const struct run_common *common, const char *what, int64_t first, int64_t last, struct str *config)
{
	if (common->shard_count > 0)
		str_printf(config, MARK "%lld/%lld: %s %lld to %lld\n", (long long)common->shard_index,
			   (long long)common->shard_count, what, (long long)first, (long long)last);
}

static int read_seed(struct shard *s, struct err *e)
{
	hid_t list = h5_access(), file = H5Fopen(s->path, H5F_ACC_RDONLY, list);
	int status = file < 0 ? err_set(e, ERR_FAIL, "%s: cannot be opened again", s->path)
			      : h5_attribute_long(file, s->path, "/meta", "seed", &s->seed, e);

	H5Pclose(list);
	if (file >= 0)
		H5Fclose(file);
	return status;
}

static int open_shard(struct shard *s, const char *path, struct err *e)
{
	s->path = path;
	if (dataset_open(&s->data, path, "native", e) != 0)
		return -1;
	dataset_allow_nonfinite(s->data, true);
	const char *config = dataset_meta(s->data, "config"), *line = config ? strstr(config, MARK) : NULL;
	if (!line ||
	    sscanf(line, MARK "%lld/%lld: %15s %lld to %lld", &s->index, &s->count, s->what, &s->first, &s->last) !=
		    5 ||
	    (strcmp(s->what, MERGE_SAMPLES) != 0 && strcmp(s->what, MERGE_DRAWS) != 0))
		return err_set(e, ERR_USAGE, "%s: not a shard of sciml-gen or sciml-sample --shard", path);
	s->config = xstrndup(config, (size_t)(line - config));
	return read_seed(s, e);
}

static int by_index(const void *a, const void *b)
{
	const struct shard *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

/* One after another, the same run, no gap, none twice. */
static int check_shards(const struct shard *s, int n, struct err *e)
{
	int64_t first = 0;

	for (int i = 0; i < n; i++) {
		if (strcmp(s[i].config, s[0].config) != 0 || strcmp(s[i].what, s[0].what) != 0 ||
		    s[i].count != s[0].count || s[i].seed != s[0].seed)
			return err_set(e, ERR_USAGE, "%s and %s come from runs with different configurations",
				       s[0].path, s[i].path);
		if (i > 0 && s[i].index == s[i - 1].index)
			return err_set(e, ERR_USAGE, "%s and %s are the same shard %lld/%lld", s[i - 1].path, s[i].path,
				       s[i].index, s[i].count);
		if (s[i].index != i)
			return err_set(e, ERR_USAGE, "shard %d/%lld is missing", i, s[0].count);
		if (s[i].first != first || s[i].last != first + dataset_layout(s[i].data)->n_samples - 1)
			return err_set(e, ERR_USAGE,
				       "%s: says that it holds %s %lld to %lld, but has %lld from %lld on", s[i].path,
				       s[i].what, s[i].first, s[i].last,
				       (long long)dataset_layout(s[i].data)->n_samples, (long long)first);
		first += dataset_layout(s[i].data)->n_samples;
	}
	if (n != s[0].count)
		return err_set(e, ERR_USAGE, "shard %d/%lld is missing", n, s[0].count);
	return 0;
}

static int read_gen_keys(const char *config, struct gen_config *key, struct err *e)
{
	struct conf *c = conf_new();
	int status = conf_load_text(c, config, "/meta/config", e);

	if (status == 0) {
		struct cfg *r = cfg_new(c);

		cfg_section(r, "gen", 1, &(struct key_table){ gen_keys, key });
		status = cfg_done(r, e);
		cfg_free(r);
	}
	conf_free(c);
	return status;
}

/* Per-sample numbers of a shard, /sample/NAME. */
static int copy_numbers(const struct shard *s, struct h5part *to, struct err *e)
{
	hid_t list = h5_access(), file = H5Fopen(s->path, H5F_ACC_RDONLY, list);
	int n = 0, status = 0;
	char **name = NULL;

	H5Pclose(list);
	if (file < 0)
		return err_set(e, ERR_FAIL, "%s: cannot be opened again", s->path);
	if (h5_has(file, "/sample"))
		status = h5_names(file, s->path, "/sample", &n, &name, e);
	for (int i = 0; i < n && status == 0; i++) {
		char path[160];
		double *v = NULL;
		int64_t count;

		snprintf(path, sizeof path, "/sample/%s", name[i]);
		status = h5_read_doubles(file, s->path, path, &count, &v, e);
		if (status == 0)
			status = h5part_numbers(to, name[i], s->first, count, v, e);
		free(v);
	}
	h5_names_free(n, name);
	H5Fclose(file);
	return status;
}

/* Where samples go: the unfinished file of a generator, or that of draws. */
struct target {
	struct h5part *part;
	struct h5out *out;
};

static int put(const struct target *to, int n_fields, int64_t at, int64_t n, double *const *field, struct err *e)
{
	if (to->part)
		return h5part_write(to->part, at, n, (const double *const *)field, e);
	for (int f = 0; f < n_fields; f++)
		h5out_samples(to->out, f, at, n, DTYPE_F64, field[f]);
	return 0; /* h5out_close tells */
}

static int copy_samples(const struct shard *s, const struct target *to, struct err *e)
{
	const struct layout *l = dataset_layout(s->data);
	double **field = xcalloc((size_t)l->n_fields, sizeof *field);
	int64_t index[BLOCK];
	int status = 0;

	for (int f = 0; f < l->n_fields && status == 0; f++)
		if (!(field[f] =
			      mem_new(mem_times(BLOCK, layout_field_count(l, f)), sizeof(double), l->field[f].name, e)))
			status = -1;
	for (int64_t at = 0; at < l->n_samples && status == 0; at += BLOCK) {
		int64_t n = l->n_samples - at < BLOCK ? l->n_samples - at : BLOCK;

		for (int64_t i = 0; i < n; i++)
			index[i] = at + i;
		for (int f = 0; f < l->n_fields && status == 0; f++)
			status = dataset_read(s->data, f, n, index, DTYPE_F64, field[f], e);
		if (status == 0)
			status = put(to, l->n_fields, s->first + at, n, field, e);
	}
	for (int f = 0; f < l->n_fields; f++)
		free(field[f]);
	free(field);
	return status;
}

/* What /sample of the first shard holds: the target has to know before its first block. */
static int number_names(const struct shard *s, int *n, char ***name, struct err *e)
{
	hid_t list = h5_access(), file = H5Fopen(s->path, H5F_ACC_RDONLY, list);
	int status = 0;

	*n = 0;
	*name = NULL;
	H5Pclose(list);
	if (file < 0)
		return err_set(e, ERR_FAIL, "%s: cannot be opened again", s->path);
	if (h5_has(file, "/sample"))
		status = h5_names(file, s->path, "/sample", n, name, e);
	H5Fclose(file);
	return status;
}

static struct h5_meta meta_of(const struct shard *s)
{
	const char *inputs = dataset_meta(s->data, "inputs");

	return (struct h5_meta){ .command = dataset_meta(s->data, "command"),
				 .config = s->config,
				 .inputs = inputs ? inputs : "",
				 .kind = "data",
				 .seed = s->seed };
}

static int merge_samples(const char *target, const struct shard *s, int n, struct err *e)
{
	struct gen_config key = { 0 };
	const struct h5_meta m = meta_of(s);

	if (read_gen_keys(s[0].config, &key, e) != 0)
		return -1;
	if (key.samples != s[n - 1].last + 1)
		return err_set(e, ERR_USAGE, "%s: the last of %lld shards ends at sample %lld of %lld", s[n - 1].path,
			       s[0].count, s[n - 1].last, (long long)key.samples);
	char *path = key.compress > 0 ? gen_between(target) : xstrdup(target);
	struct layout l = layout_copy(dataset_layout(s[0].data));
	l.n_samples = key.samples;
	l.n_splits = 0;
	gen_add_splits(&l, &key, key.samples);
	int n_names;
	char **name;
	struct target to = { 0 };
	if (number_names(&s[0], &n_names, &name, e) == 0) {
		to.part = h5part_open(path, false, &l, &m, n_names, (const char *const *)name, e);
		h5_names_free(n_names, name);
	}
	layout_free(&l);
	int status = to.part ? 0 : -1;
	for (int i = 0; i < n && status == 0; i++)
		status = copy_numbers(&s[i], to.part, e) != 0 || copy_samples(&s[i], &to, e) != 0 ? -1 : 0;
	if (to.part && status != 0)
		h5part_fail(to.part, false);
	else if (to.part && h5part_close(to.part, true, e) != 0)
		status = -1;
	if (status == 0 && key.compress > 0)
		status = gen_compress(&key, path, target, &m, e);
	free(path);
	return status;
}

static int merge_draws(const char *target, const struct shard *s, int n, struct err *e)
{
	const struct h5_meta m = meta_of(s);
	struct layout l = layout_copy(dataset_layout(s[0].data));
	const struct target to = { .out = h5out_open(target, e) };
	int status = to.out ? 0 : -1;

	l.n_samples = s[n - 1].last + 1;
	if (to.out) {
		h5out_fields(to.out, &l);
		h5out_meta(to.out, &m);
	}
	layout_free(&l);
	for (int i = 0; i < n && status == 0; i++)
		status = copy_samples(&s[i], &to, e);
	if (!to.out)
		return -1;
	if (status == 0)
		return h5out_close(to.out, e);
	h5out_abandon(to.out);
	return -1;
}

int merge_run(const struct run_common *common, int n, const char *const *path, struct err *e)
{
	struct shard *s = xcalloc((size_t)n, sizeof *s);
	int status = common->output ? 0 : err_set(e, ERR_USAGE, "merge: where to? give -o FILE");

	if (status == 0)
		status = output_not_input(common->output, n, path, e);
	for (int i = 0; i < n && status == 0; i++)
		status = open_shard(&s[i], path[i], e);
	if (status == 0) {
		qsort(s, (size_t)n, sizeof *s, by_index);
		status = check_shards(s, n, e);
	}
	if (status == 0)
		status = (strcmp(s->what, MERGE_DRAWS) == 0 ? merge_draws : merge_samples)(common->output, s, n, e);
	for (int i = 0; i < n; i++) {
		dataset_close(s[i].data);
		free(s[i].config);
	}
	free(s);
	return status;
}
