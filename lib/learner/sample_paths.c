/* sample_paths.c: draws of a trained neural SDE. Batches stand at fixed places of the numbering of draws and are always
 * full, so that shards make the same bytes. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "run/model_file.h"
#include "learner/sample_model.h"

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
	const struct path_source *source;
	void *draws;
	const struct params *values;
	uint64_t seed;
	double *path;
};

static int draw(struct sample_file *f, void *context, int64_t begin, int64_t from, int64_t to, struct err *e)
{
	struct work *w = context;

	if (w->source->run(w->draws, w->values, w->seed, "sampler path", begin, w->path, e) != 0)
		return -1;
	sample_put(f, 0, from, to - from, w->path + (from - begin) * w->each);
	return 0;
}

int sample_paths(const struct run_common *common, const struct sample_options *o, struct model_file *m,
		 const struct path_source *source, struct err *e)
{
	struct work w = { .seed = (uint64_t)common->seed, .values = &m->network.params, .source = source };
	struct layout l;
	int status = -1;

	if (o->n_data > 0)
		return err_set(e, ERR_USAGE, "%s: a neural SDE makes its paths without data", o->data[0]);
	sample_set_options(m->setup.conf, o);
	cfg_section(m->setup.cfg, "objective", 1, &source->objective);
	cfg_section(m->setup.cfg, "sample", 1, &(struct key_table){ sample_paths_keys, &w.key });
	if (cfg_done(m->setup.cfg, e) != 0 || sample_share(common, w.key.samples, &w.first, &w.count, e) != 0)
		return -1;
	w.batch = w.key.batch < w.key.samples ? w.key.batch : w.key.samples;
	w.each = m->network.spec.size[0] * m->network.spec.n_out;
	if (m->makes.n_fields != 1 || layout_field_count(&m->makes, 0) != w.each)
		return err_set(e, ERR_FAIL, "the model file's fields are not what its network makes");
	l = layout_copy(&m->makes);
	l.n_samples = w.count;
	w.path = mem_new(mem_times(w.batch, w.each), sizeof *w.path, "paths", e);
	w.draws = w.path ? source->open(&m->network, source->objective.into, &m->makes, w.batch, e) : NULL;
	if (w.draws) {
		const struct sample_file f = {
			.layout = &l, .first = w.first, .count = w.count, .batch = w.batch, .draw = draw, .context = &w
		};

		status = sample_file_of_model(common, o, m, &f, e);
	}
	layout_free(&l);
	source->close(w.draws);
	free(w.path);
	return status;
}
