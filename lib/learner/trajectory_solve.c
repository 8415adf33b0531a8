/* trajectory_solve.c: sciml-solve for models of time series: predictions for every sample of data sets. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "learner/trajectory.h"

struct predictions {
	struct trajectory s;
	struct dataset *data;
	struct layout out;
	struct h5out *file;
	int64_t evaluations, steps, solves;
};

/* One field: as the data have it, or a vector. */
static void lay_out(struct predictions *p)
{
	const struct layout *l = dataset_layout(p->data);
	int axis[SHAPE_MAX], n = 0;

	p->out.n_samples = l->n_samples;
	if (p->s.like < 0) {
		axis[n++] = layout_add_axis(&p->out, "channel", AXIS_CHANNEL, p->s.n_out, NULL, false, 0);
		layout_add_field(&p->out, "prediction", p->s.network->real, ROLE_TARGET, n, axis);
		return;
	}
	const struct field *f = &l->field[p->s.like];
	for (int k = 0; k < f->n_axes; k++) {
		const struct axis *a = &l->axis[f->axis[k]];

		axis[n++] = layout_add_axis(&p->out, a->name, a->kind, a->size, a->coordinate, a->periodic, a->length);
	}
	layout_add_field(&p->out, f->name, p->s.network->real, f->role, n, axis);
}

static int all_samples(struct predictions *p, int64_t batch, struct err *e)
{
	struct trajectory *s = &p->s;
	int status = 0;

	progress_begin("solve", "sample", s->train.n);
	for (int64_t at = 0; at < s->train.n && status == 0; at += batch) {
		const int64_t n = s->train.n - at < batch ? s->train.n - at : batch;
		struct flow_result r;
		double loss;
		struct trajectory_slot *slot = trajectory_apply(s, &s->train, at, n, &loss, &r, e);

		if (!slot) {
			status = -1;
			break;
		}
		p->evaluations += r.evaluations;
		p->steps += r.accepted;
		p->solves++;
		struct tensor v = chain_prediction(&slot->chain);
		h5out_samples(p->file, 0, at, n, v.dtype, v.data);
		progress_update(at + n, NULL);
	}
	progress_end();
	return status;
}

static int write_all(struct predictions *p, const struct run_common *common, const struct model_file *m, int64_t batch,
		     const char *config, struct err *e)
{
	char *identity = dataset_identity(p->data);
	struct str inputs = { 0 };
	int status = -1;

	p->file = h5out_open(common->output ? common->output : "prediction.h5", e);
	if (p->file) {
		str_printf(&inputs, "%s; %s", m->identity, identity);
		struct h5_meta meta = { .command = common->command,
					.config = config,
					.inputs = inputs.text,
					.kind = "prediction",
					.seed = common->seed };
		h5out_fields(p->file, &p->out);
		h5out_meta(p->file, &meta);
		status = all_samples(p, batch, e);
		if (status == 0 && p->solves > 0) {
			const double counts[2] = { (double)p->evaluations / (double)p->solves,
						   (double)p->steps / (double)p->solves };

			h5out_doubles(p->file, "solver/evaluations_and_steps", 2, counts);
		}
		if (status != 0)
			h5out_abandon(p->file);
		else
			status = h5out_close(p->file, e);
	}
	str_free(&inputs);
	free(identity);
	return status;
}

int trajectory_solve(const struct trajectory_kind *kind, const struct key *keys, size_t config_size,
		     const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		     const char *const *data, struct err *e)
{
	struct predictions p = { .s = { .kind = kind, .network = &m->network, .like = -1 } };
	void *config = xcalloc(1, config_size);
	struct str text = { 0 };
	int status;

	cfg_section(m->setup.cfg, "objective", 1, &(struct key_table){ keys, config });
	status = cfg_done(m->setup.cfg, e);
	cfg_effective(m->setup.cfg, &text);
	p.s.config = config;
	if (status == 0 && common->dry_run) {
		str_add(o->dry_run_text, str_text(&text));
	} else if (status == 0 && n_data == 0) {
		status = err_set(e, ERR_USAGE, "a model of time series is applied to data, none are named");
	} else if (status == 0 && (status = dataset_open_all(&p.data, n_data, data, o->layout, e)) == 0) {
		p.s.train.from = p.data;
		p.s.train.n = dataset_layout(p.data)->n_samples;
		p.s.train.own_times = -1;
		status = kind->read(&p.s, &p.s.train, false, e);
		if (status != 0) {
			trajectory_name_data(&p.s.train, e);
		} else {
			lay_out(&p);
			status = write_all(&p, common, m, o->batch > 0 ? o->batch : 256, str_text(&text), e);
		}
	}
	trajectory_slots_free(&p.s);
	trajectory_data_free(&p.s.train);
	layout_free(&p.out);
	dataset_close(p.data);
	str_free(&text);
	free(config);
	return status;
}
