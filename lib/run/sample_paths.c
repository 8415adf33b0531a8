/* sample_paths.c: draws of a trained neural SDE. Batches stand at fixed places of the numbering of draws and are always full, so
 * that shards make the same bytes. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "run/model_file.h"
#include "run/sample_inside.h"
#include "run/sde_gan.h"

struct config {
	int64_t samples, batch;
};
const struct key sample_paths_keys[] = {
	KEY_INT(struct config, samples, "100", 1, 1e12, "number of draws (-n)"),
	KEY_INT(struct config, batch, "256", 1, 1e6, "paths that are made at a time"),
	KEY_END,
};

struct work {
	struct config key;
	int64_t first, count, batch, each;
	struct h5out *out;
	struct sample_picture *picture;
	struct sde_draws *draws;
	const struct params *values;
	uint64_t seed;
	double *path;
};

static int draw_all(struct work *w, struct err *e)
{
	for (int64_t b = w->first / w->batch * w->batch; b < w->first + w->count; b += w->batch) {
		const int64_t from = b > w->first ? b : w->first,
			      to = b + w->batch < w->first + w->count ? b + w->batch : w->first + w->count;
		const double *part = w->path + (from - b) * w->each;

		if (sde_draws_run(w->draws, w->values, w->seed, "sampler path", b, w->path, e) != 0)
			return -1;
		h5out_samples(w->out, 0, from - w->first, to - from, DTYPE_F64, part);
		sample_picture_add(w->picture, to - from, part);
		progress_update(to - w->first, NULL);
	}
	return 0;
}

static int write_all(struct work *w, const struct run_common *common, const struct sample_options *o,
		     const struct model_file *m, const char *config, struct err *e)
{
	const struct h5_meta meta = { .command = common->command,
				      .config = config,
				      .inputs = m->identity,
				      .kind = "data",
				      .seed = common->seed };
	struct layout l = layout_copy(&m->makes);
	int status = -1;

	l.n_samples = w->count;
	if ((!o->plot || (w->picture = sample_picture_new(&l, 0, o->plot, e))) &&
	    (w->out = h5out_open(common->output ? common->output : "sample.h5", e))) {
		h5out_fields(w->out, &l);
		h5out_meta(w->out, &meta);
		progress_begin("sample", "draw", w->count);
		status = draw_all(w, e);
		progress_end();
		if (status != 0)
			h5out_abandon(w->out);
		else
			status = h5out_close(w->out, e);
		if (status == 0 && w->picture)
			status = sample_picture_write(w->picture, e);
	}
	layout_free(&l);
	return status;
}

int sample_paths(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e)
{
	struct sde_gan c = { 0 };
	struct work w = { .seed = (uint64_t)common->seed, .values = &m->network.params };
	struct str config = { 0 };
	int status = -1;

	if (o->n_data > 0)
		return err_set(e, ERR_USAGE, "%s: a neural SDE makes its paths without data", o->data[0]);
	sample_set_options(m->setup.conf, o);
	cfg_section(m->setup.cfg, "objective", 1, &(struct key_table){ sde_gan_keys, &c });
	cfg_section(m->setup.cfg, "sample", 1, &(struct key_table){ sample_paths_keys, &w.key });
	if (cfg_done(m->setup.cfg, e) != 0 || sample_share(common, w.key.samples, &w.first, &w.count, e) != 0)
		return -1;
	cfg_effective(m->setup.cfg, &config);
	w.batch = w.key.batch < w.key.samples ? w.key.batch : w.key.samples;
	w.each = m->network.spec.size[0] * m->network.spec.n_out;
	if (common->dry_run) {
		str_add(o->dry_run_text, str_text(&config));
		status = 0;
	} else if (m->makes.n_fields == 1 && layout_field_count(&m->makes, 0) == w.each) {
		w.path = mem_new(w.batch * w.each, sizeof *w.path, "paths", e);
		w.draws = w.path ? sde_draws_new(&m->network, &c, w.batch, e) : NULL;
		if (common->shard_count > 0)
			str_printf(&config, "# draws %lld to %lld\n", (long long)w.first,
				   (long long)(w.first + w.count - 1));
		if (w.draws)
			status = write_all(&w, common, o, m, str_text(&config), e);
	} else {
		err_set(e, ERR_FAIL, "the model file's fields are not what its network makes");
	}
	sample_picture_free(w.picture);
	sde_draws_free(w.draws);
	free(w.path);
	str_free(&config);
	return status;
}
