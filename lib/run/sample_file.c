/* sample_file.c: the file of a run of sciml-sample: its configuration, batches at fixed places of the numbering of
 * draws and always full, so that shards make the same bytes, and what of them is this run's. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "run/merge.h"
#include "run/sample_file.h"

int sample_share(const struct run_common *common, int64_t n, int64_t *first, int64_t *count, struct err *e)
{
	const int64_t i = common->shard_index, parts = common->shard_count;

	*first = parts > 0 ? i * n / parts : 0;
	*count = parts > 0 ? (i + 1) * n / parts - *first : n;
	if (*count == 0)
		return err_set(e, ERR_USAGE, "--shard %lld/%lld: nothing to do, there are %lld draws", (long long)i,
			       (long long)parts, (long long)n);
	return 0;
}

void sample_starts(const struct run_common *common, int64_t first, int64_t n, int64_t dim, double *x)
{
	for (int64_t i = 0; i < n; i++)
		rng_normal(rng_stream((uint64_t)common->seed, "sampler start", 0, (uint64_t)(first + i)), 0,
			   (size_t)dim, x + i * dim);
}

void sample_put(struct sample_file *f, int field, int64_t at, int64_t n, const double *x)
{
	h5out_samples(f->out, field, at - f->first, n, DTYPE_F64, x);
	if (field == 0)
		sample_picture_add(f->picture, n, x);
}

int sample_put_rows(struct sample_file *f, int n_fields, int64_t at, int64_t n, const double *x, int64_t width)
{
	int64_t offset = 0;

	for (int k = 0; k < n_fields; k++) {
		const int64_t count = layout_field_count(f->layout, k);

		for (int64_t i = 0; i < n; i++)
			memcpy(f->part + i * count, x + i * width + offset, (size_t)count * sizeof *x);
		sample_put(f, k, at, n, f->part);
		offset += count;
	}
	return n_fields;
}

static int all_batches(struct sample_file *f, struct err *e)
{
	const int64_t end = f->first + f->count;

	for (int64_t b = f->first / f->batch * f->batch; b < end; b += f->batch) {
		const int64_t from = b > f->first ? b : f->first, to = b + f->batch < end ? b + f->batch : end;

		if (f->draw(f, f->context, b, from, to, e) != 0)
			return -1;
		progress_update(to - f->first, NULL);
	}
	return 0;
}

static int write_file(struct sample_file *f, const char *config, struct err *e)
{
	const struct h5_meta m = { .command = f->common->command,
				   .config = config,
				   .inputs = f->inputs,
				   .kind = "data",
				   .seed = f->common->seed };
	int64_t widest = 0;
	int status;

	for (int k = 0; k < f->layout->n_fields; k++)
		if (layout_field_count(f->layout, k) > widest)
			widest = layout_field_count(f->layout, k);
	if (!(f->part = mem_new(mem_times(f->batch, widest), sizeof *f->part, "samples", e)) ||
	    (f->options->plot && !(f->picture = sample_picture_new(f->layout, 0, f->options->plot, e))) ||
	    !(f->out = h5out_open(f->common->output ? f->common->output : "sample.h5", e)))
		return -1;
	h5out_fields(f->out, f->layout);
	h5out_meta(f->out, &m);
	progress_begin("sample", "draw", f->count);
	status = all_batches(f, e);
	progress_end();
	if (status != 0)
		h5out_abandon(f->out);
	else
		status = h5out_close(f->out, e);
	return status == 0 && f->picture ? sample_picture_write(f->picture, e) : status;
}

int sample_file_write(struct sample_file *f, struct err *e)
{
	struct str config = { 0 };
	int status = 0;

	cfg_effective(f->cfg, &config);
	merge_mark(f->common, MERGE_DRAWS, f->first, f->first + f->count - 1, &config);
	if (f->common->dry_run)
		str_add(f->options->dry_run_text, str_text(&config));
	else
		status = write_file(f, str_text(&config), e);
	sample_picture_free(f->picture);
	free(f->part);
	str_free(&config);
	return status;
}
