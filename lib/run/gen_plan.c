/* gen_plan.c: keys of section gen, splits, and the way of deflated files. */
#include "run/gen_plan.h"

#include <unistd.h>

#include "base/str.h"
#include "run/copy.h"

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
