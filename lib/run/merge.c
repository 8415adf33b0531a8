/* merge.c: shards of one run into the file that the run would have written in one piece. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "io/h5read.h"
#include "io/output.h"
#include "run/copy.h"
#include "run/gen.h"
#include "run/gen_plan.h"

static const char *const real_names[] = { "float32", "float64", NULL };
const struct key gen_keys[] = {
	KEY_INT(struct gen_config, samples, "100", 1, 1e12, "number of samples (-n)"),
	KEY_REAL(struct gen_config, valid, "0", 0, 0.9, "fraction of samples in split valid, before test"),
	KEY_REAL(struct gen_config, test, "0.16666666666666666", 0, 0.9,
		 "fraction of samples in split test, at the end"),
	KEY_ONE_OF(struct gen_config, real, "float32", real_names, "number type in the file"),
	KEY_INT(struct gen_config, block, "0", 0, 1e6,
		"samples between flushes, and in an image on a pipe; 0: chosen by size"),
	KEY_INT(struct gen_config, compress, "0", 0, 9,
		"shuffle and deflate the fields, 1 fast to 9 small; 0: stored plain"),
	KEY_TEXT(struct gen_config, noise, "",
		 "measurement noise: 0.05 times the standard deviation of the field in the sample, 5%, 0.1abs, or by "
		 "field: u=0.05"),
	KEY_FLAG(struct gen_config, keep_clean, "false",
		 "also store NAME_clean of fields with noise or missing values"),
	KEY_ANY(struct gen_config, observe,
		"measurements: {times: 20, sensors: 16, missing: 0.1, fields: [u]}; times and sensors by number or as "
		"lists"),
	KEY_END,
};

void gen_add_splits(struct layout *l, const struct gen_config *c, int64_t n)
{
	int64_t n_test = (int64_t)((double)n * c->test + 1e-9), n_valid = (int64_t)((double)n * c->valid + 1e-9);

	if (c->test > 0 && n_test == 0 && n > 1)
		n_test = 1;
	if (c->valid > 0 && n_valid == 0 && n > 2)
		n_valid = 1;
	layout_add_split(l, "train", 0, n - n_valid - n_test);
	if (n_valid > 0)
		layout_add_split(l, "valid", n - n_valid - n_test, n - n_test);
	if (n_test > 0)
		layout_add_split(l, "test", n - n_test, n);
}

struct shard {
	const char *path;
	struct dataset *data;
	char *config; /* without the shard's line */
	long long index, count, first, last;
	int64_t seed;
};

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
	const char *config = dataset_meta(s->data, "config"), *line = config ? strstr(config, "# shard ") : NULL;
	if (!line || sscanf(line, GEN_SHARD_FORMAT, &s->index, &s->count, &s->first, &s->last) != 4)
		return err_set(e, ERR_USAGE, "%s: not a shard of sciml-gen --shard", path);
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
	for (int i = 0; i < n; i++) {
		if (strcmp(s[i].config, s[0].config) != 0 || s[i].count != s[0].count || s[i].seed != s[0].seed)
			return err_set(e, ERR_USAGE, "%s and %s come from runs with different configurations",
				       s[0].path, s[i].path);
		if (i > 0 && s[i].index == s[i - 1].index)
			return err_set(e, ERR_USAGE, "%s and %s are the same shard %lld/%lld", s[i - 1].path, s[i].path,
				       s[i].index, s[i].count);
		if (s[i].index != i)
			return err_set(e, ERR_USAGE, "shard %d/%lld is missing", i, s[0].count);
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

static int copy_samples(const struct shard *s, struct h5part *to, struct err *e)
{
	const struct layout *l = dataset_layout(s->data);
	double **field = xcalloc((size_t)l->n_fields, sizeof *field);
	int64_t block = 16, index[16];
	int status = 0;

	for (int f = 0; f < l->n_fields && status == 0; f++)
		if (!(field[f] = mem_new(block * layout_field_count(l, f), sizeof(double), l->field[f].name, e)))
			status = -1;
	for (int64_t at = 0; at < l->n_samples && status == 0; at += block) {
		int64_t n = l->n_samples - at < block ? l->n_samples - at : block;

		for (int64_t i = 0; i < n; i++)
			index[i] = at + i;
		for (int f = 0; f < l->n_fields && status == 0; f++)
			status = dataset_read(s->data, f, n, index, DTYPE_F64, field[f], e);
		if (status == 0)
			status = h5part_write(to, s->first + at, n, (const double *const *)field, e);
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

char *gen_between(const char *path)
{
	struct str s = { 0 };

	str_printf(&s, "%s.native", path);
	return s.text;
}

int gen_compress(const struct gen_config *c, const char *between, const char *path, const struct h5_meta *m,
		 struct err *e)
{
	const struct copy all = { .reduce = 1, .reduce_time = 1, .deflate = (int)c->compress };
	struct dataset *d;
	int status = dataset_open(&d, between, "native", e);

	if (status == 0) {
		status = copy_run(d, &all, m, path, e);
		dataset_close(d);
	}
	if (status == 0)
		unlink(between);
	return status;
}

static int merge(const char *target, const struct shard *s, int n, struct err *e)
{
	struct gen_config key = { 0 };

	if (read_gen_keys(s[0].config, &key, e) != 0)
		return -1;
	char *path = key.compress > 0 ? gen_between(target) : xstrdup(target);
	const char *inputs = dataset_meta(s[0].data, "inputs");
	struct h5_meta m = { .command = dataset_meta(s[0].data, "command"),
			     .config = s[0].config,
			     .inputs = inputs ? inputs : "",
			     .kind = "data",
			     .seed = s[0].seed };
	struct layout l = layout_copy(dataset_layout(s[0].data));
	l.n_samples = key.samples;
	l.n_splits = 0;
	gen_add_splits(&l, &key, key.samples);
	int n_names;
	char **name;
	struct h5part *to = NULL;
	if (number_names(&s[0], &n_names, &name, e) == 0) {
		to = h5part_open(path, false, &l, &m, n_names, (const char *const *)name, e);
		h5_names_free(n_names, name);
	}
	layout_free(&l);
	int status = to ? 0 : -1;
	for (int i = 0; i < n && status == 0; i++)
		status = copy_numbers(&s[i], to, e) != 0 || copy_samples(&s[i], to, e) != 0 ? -1 : 0;
	if (to && h5part_close(to, status == 0, status == 0 ? e : NULL) != 0)
		status = -1;
	if (status == 0 && key.compress > 0)
		status = gen_compress(&key, path, target, &m, e);
	free(path);
	return status;
}

int gen_merge(const struct run_common *common, int n, const char *const *path, struct err *e)
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
		status = merge(common->output, s, n, e);
	for (int i = 0; i < n; i++) {
		dataset_close(s[i].data);
		free(s[i].config);
	}
	free(s);
	return status;
}
