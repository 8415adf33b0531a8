/* run.c: executing a compiled plan. Nothing is allocated or looked up here: stages follow each other, each a set of
 * tasks whose number and extent were fixed from shapes when the plan was made. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "graph/run.h"
#include "graph/sum.h"

int plan_reserve(struct plan *p, struct err *e)
{
	int n = pool_threads();

	if (p->memory && n <= p->n_workers)
		return 0;
	free(p->memory);
	p->memory_bytes = (p->memory_bytes + 2 * MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
	p->memory = mem_new((int64_t)p->memory_bytes * n, 1, "plan: workers", e);
	p->n_workers = p->memory ? n : 0;
	p->stats.scratch_bytes = p->memory_bytes * (size_t)p->n_workers;
	return p->memory ? 0 : -1;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->n_evals; i++)
		if (p->eval[i]->op->teardown)
			p->eval[i]->op->teardown(p->eval[i]->call.state);
	free(p->patch);
	free(p->buffer);
	free(p->memory);
	arena_free(p->arena);
	free(p);
}

/* Write the address of a place into every kernel that uses it. */
static void rebind(struct plan *p, int place, void *data)
{
	int low = 0, high = p->n_patches;

	p->place[place] = data;
	while (low < high) {
		int middle = low + (high - low) / 2;

		if (p->patch[middle].place < place)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < p->n_patches && p->patch[low].place == place; low++)
		*p->patch[low].address = data;
}

void plan_bind(struct plan *p, node n, const void *data)
{
	int low = 0, high = p->n_inputs;

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (p->input_id[middle] < n.id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == p->n_inputs || p->input_id[low] != n.id)
		return;
	p->n_unbound += p->input_bound[low] - (data != NULL);
	p->input_bound[low] = data != NULL;
	if (p->place[p->input_place[low]] != data)
		rebind(p, p->input_place[low], (void *)data);
}

void plan_bind_out(struct plan *p, int k, void *data)
{
	struct output *o = &p->output[k];

	o->bound = data;
	if (o->moves)
		rebind(p, o->place, data ? data : o->own);
}

static void run_eval(const struct eval *k, int64_t begin, int64_t end, int64_t row, char *memory, char *area)
{
	struct tensor in[CALL_ARGS_MAX];
	struct op_call call;

	if (!k->local) {
		k->op->eval(&k->call, begin, end, area);
		return;
	}
	call = k->call;
	memcpy(in, k->in, (size_t)call.n_args * sizeof *in);
	for (int i = 0; i < call.n_args; i++)
		in[i].data = ref_data(&k->in_ref[i], memory, row);
	call.in = in;
	call.out.data = ref_data(&k->out_ref, memory, row);
	k->op->eval(&call, begin, end, area);
}

struct job {
	struct plan *plan;
	const struct stage *stage;
};

static void run_task(void *arg, int64_t i, int worker)
{
	const struct job *job = arg;
	const struct stage *s = job->stage;
	char *memory = job->plan->memory + (size_t)worker * job->plan->memory_bytes, *area = memory + s->area;
	int64_t begin = i * s->chunk, end = begin + s->chunk < s->total ? begin + s->chunk : s->total;
	int64_t row = s->by_element ? 0 : begin;

	for (int j = 0; j < s->n_kernels; j++) {
		const struct kernel *k = &s->kernel[j];

		if (k->cluster) {
			int64_t n = s->by_element ? 1 : k->cluster->row_count;

			cluster_run(k->cluster, begin * n, end * n, row, memory, area);
		} else if (k->eval) {
			run_eval(k->eval, begin, end, row, memory, area);
		} else {
			const struct partial *p = k->partial;

			sum_rows(&p->in, p->axes, p->dtype, ref_data(&p->in_ref, memory, row), begin, end,
				 (double *)p->work + i * p->n_out);
		}
	}
}

/* What is left to do of kernel j once all rows are through. Kernels do not know of each other: threads share them. */
static void finish(void *arg, int64_t j, int worker)
{
	const struct stage *s = arg;
	const struct eval *k = s->kernel[j].eval;
	const struct partial *p = s->kernel[j].partial;
	double *sum = p ? p->work : NULL;

	(void)worker;
	if (k && k->op->finish)
		k->op->finish(&k->call);
	if (!p)
		return;
	for (int64_t i = 1; i < p->n_parts; i++)
		for (int64_t o = 0; o < p->n_out; o++)
			sum[o] += sum[i * p->n_out + o];
	sum_store(p->dtype, sum, p->n_out, p->out_ref.base);
}

static void finish_all(const struct stage *s)
{
	if (s->much_to_finish) {
		pool_run(s->n_kernels, finish, (void *)s);
		return;
	}
	for (int j = 0; j < s->n_kernels; j++)
		finish((void *)s, j, 0);
}

int plan_run(struct plan *p, struct err *e)
{
	for (int i = 0; p->n_unbound > 0 && i < p->n_inputs; i++)
		if (!p->input_bound[i])
			return err_set(e, ERR_FAIL, "plan: input %s is not bound", p->input_name[i]);
	/* More threads than when the plan was made: the one case in which memory is taken here. */
	if (p->n_workers < pool_threads() && plan_reserve(p, e) != 0)
		return -1;
	for (int i = 0; i < p->n_stages; i++) {
		struct job job = { p, &p->stage[i] };

		if (job.stage->in_place) {
			for (int64_t t = 0; t < job.stage->n_tasks; t++)
				run_task(&job, t, 0);
		} else {
			pool_run(job.stage->n_tasks, run_task, &job);
		}
		if (job.stage->finishes)
			finish_all(job.stage);
	}
	for (int k = 0; k < p->n_outputs; k++) {
		struct output *o = &p->output[k];

		if (o->bound && !o->moves)
			memmove(o->bound, p->place[o->place], tensor_bytes(&o->value));
	}
	return 0;
}

struct tensor plan_out(const struct plan *p, int k)
{
	const struct output *o = &p->output[k];
	struct tensor t = o->value;

	t.data = o->bound ? o->bound : p->place[o->place];
	return t;
}

struct plan_stats plan_stats(const struct plan *p)
{
	return p->stats;
}

int plan_eval(struct graph *g, int n_in, const node *in, const struct tensor *in_value, int n_out, const node *out,
	      struct tensor *value, struct err *e)
{
	struct plan *p = plan_new(g, n_out, out, e);
	int failed;

	if (!p)
		return -1;
	for (int i = 0; i < n_in; i++)
		plan_bind(p, in[i], in_value[i].data);
	failed = plan_run(p, e);
	for (int k = 0; k < n_out && !failed; k++) {
		struct tensor t = plan_out(p, k);

		value[k] = tensor_copy(&t);
	}
	plan_free(p);
	return failed;
}
