/* fft.c: FFTW plans for new arrays. FFTW_UNALIGNED would switch FFTW's vector code off (two to five times slower), and
 * a second plan for unaligned arrays would round differently, so unaligned arrays are copied instead. */
#include "num/fft.h"

#include <fftw3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct fft_plan {
	struct fft_plan *next;
	int n_users;
	struct fft_shape shape;
	fftw_plan d;
	fftwf_plan f;
	size_t in_size, out_size;   /* bytes of an element */
	size_t in_bytes, out_bytes; /* from the first to behind the last element */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* FFTW's planner, and the list */
static struct fft_plan *plans;

struct fft_shape fft_contiguous(enum fft_kind kind, bool single, int n_dims, const int64_t *n, int64_t batch)
{
	struct fft_shape s = { .kind = kind, .single = single, .n_dims = n_dims, .n_batch = 1 };
	int64_t in = 1, out = 1;

	for (int i = n_dims - 1; i >= 0; i--) {
		int64_t half = i == n_dims - 1 ? n[i] / 2 + 1 : n[i];

		s.dim[i] = (struct fft_axis){ n[i], in, out };
		in *= kind == FFT_REAL_BACK ? half : n[i];
		out *= kind == FFT_REAL ? half : n[i];
	}
	s.batch[0] = (struct fft_axis){ batch, in, out };
	return s;
}

/* Extent of a transformed axis as stored on one side. */
static int64_t stored(const struct fft_shape *s, int axis, bool out)
{
	bool halved = s->kind == (out ? FFT_REAL : FFT_REAL_BACK) && axis == s->n_dims - 1;

	return halved ? s->dim[axis].n / 2 + 1 : s->dim[axis].n;
}

static size_t span(const struct fft_shape *s, bool out)
{
	int64_t last = 0;

	for (int i = 0; i < s->n_dims; i++)
		last += (stored(s, i, out) - 1) * (out ? s->dim[i].out_stride : s->dim[i].in_stride);
	for (int i = 0; i < s->n_batch; i++)
		last += (s->batch[i].n - 1) * (out ? s->batch[i].out_stride : s->batch[i].in_stride);
	return (size_t)(last + 1);
}

/* Descriptions are compared as bytes: clear unused entries and padding. */
static struct fft_shape canonical(const struct fft_shape *s)
{
	struct fft_shape c;

	memset(&c, 0, sizeof c);
	c.kind = s->kind;
	c.single = s->single;
	c.in_place = s->in_place;
	c.spoils = s->spoils;
	c.n_dims = s->n_dims;
	c.n_batch = s->n_batch;
	memcpy(c.dim, s->dim, (size_t)s->n_dims * sizeof c.dim[0]);
	memcpy(c.batch, s->batch, (size_t)s->n_batch * sizeof c.batch[0]);
	return c;
}

static int check(const struct fft_shape *s, struct err *e)
{
	if (s->n_dims < 1 || s->n_dims > FFT_DIMS_MAX || s->n_batch < 0 || s->n_batch > FFT_DIMS_MAX)
		return err_set(e, ERR_USAGE, "transform of %d axes, batched over %d: at most %d each", s->n_dims,
			       s->n_batch, FFT_DIMS_MAX);
	for (int i = 0; i < s->n_dims; i++)
		if (s->dim[i].n < (s->kind == FFT_DCT1 ? 2 : 1))
			return err_set(e, ERR_USAGE, "transform over an axis of %lld points", (long long)s->dim[i].n);
	for (int i = 0; i < s->n_batch; i++)
		if (s->batch[i].n < 1)
			return err_set(e, ERR_USAGE, "transform batched over an axis of %lld",
				       (long long)s->batch[i].n);
	return 0;
}

static const fftw_r2r_kind r2r_kind[] = {
	[FFT_DCT1] = FFTW_REDFT00, [FFT_DCT2] = FFTW_REDFT10, [FFT_DCT3] = FFTW_REDFT01,
	[FFT_DST1] = FFTW_RODFT00, [FFT_DST2] = FFTW_RODFT10, [FFT_DST3] = FFTW_RODFT01,
};

/* FFTW looks at the planning arrays' alignment and whether they are one, and with FFTW_ESTIMATE never touches them.
 * What it remembers of earlier plans is dropped first, so that a plan depends on its description alone. */
static void make(struct fft_plan *p)
{
	static _Alignas(64) char array[2][64];
	const struct fft_shape *s = &p->shape;
	void *in = array[0], *out = array[s->in_place ? 0 : 1];
	int nd = s->n_dims, nb = s->n_batch, sign = s->kind == FFT_BACKWARD ? FFTW_BACKWARD : FFTW_FORWARD;
	unsigned flags = FFTW_ESTIMATE |
			 (s->kind == FFT_REAL_BACK && nd == 1 && !s->in_place && !s->spoils ? FFTW_PRESERVE_INPUT : 0);
	fftw_iodim64 dim[FFT_DIMS_MAX], batch[FFT_DIMS_MAX];
	fftw_r2r_kind kind[FFT_DIMS_MAX] = { 0 };

	for (int i = 0; i < nd; i++) {
		dim[i] = (fftw_iodim64){ s->dim[i].n, s->dim[i].in_stride, s->dim[i].out_stride };
		if (s->kind >= FFT_DCT1)
			kind[i] = r2r_kind[s->kind];
	}
	for (int i = 0; i < nb; i++)
		batch[i] = (fftw_iodim64){ s->batch[i].n, s->batch[i].in_stride, s->batch[i].out_stride };
	if (s->single) {
		fftwf_forget_wisdom();
		if (s->kind == FFT_FORWARD || s->kind == FFT_BACKWARD)
			p->f = fftwf_plan_guru64_dft(nd, dim, nb, batch, in, out, sign, flags);
		else if (s->kind == FFT_REAL)
			p->f = fftwf_plan_guru64_dft_r2c(nd, dim, nb, batch, in, out, flags);
		else if (s->kind == FFT_REAL_BACK)
			p->f = fftwf_plan_guru64_dft_c2r(nd, dim, nb, batch, in, out, flags);
		else
			p->f = fftwf_plan_guru64_r2r(nd, dim, nb, batch, in, out, kind, flags);
	} else {
		fftw_forget_wisdom();
		if (s->kind == FFT_FORWARD || s->kind == FFT_BACKWARD)
			p->d = fftw_plan_guru64_dft(nd, dim, nb, batch, in, out, sign, flags);
		else if (s->kind == FFT_REAL)
			p->d = fftw_plan_guru64_dft_r2c(nd, dim, nb, batch, in, out, flags);
		else if (s->kind == FFT_REAL_BACK)
			p->d = fftw_plan_guru64_dft_c2r(nd, dim, nb, batch, in, out, flags);
		else
			p->d = fftw_plan_guru64_r2r(nd, dim, nb, batch, in, out, kind, flags);
	}
}

struct fft_plan *fft_plan_new(const struct fft_shape *s, struct err *e)
{
	struct fft_plan *p;
	struct fft_shape c;
	size_t real = s->single ? sizeof(float) : sizeof(double);

	if (check(s, e) != 0)
		return NULL;
	c = canonical(s);
	pthread_mutex_lock(&lock);
	for (p = plans; p; p = p->next)
		if (memcmp(&p->shape, &c, sizeof c) == 0)
			break;
	if (!p) {
		p = xcalloc(1, sizeof *p);
		p->shape = c;
		p->in_size = c.kind < FFT_DCT1 && c.kind != FFT_REAL ? 2 * real : real;
		p->out_size = c.kind < FFT_DCT1 && c.kind != FFT_REAL_BACK ? 2 * real : real;
		p->in_bytes = span(&c, false) * p->in_size;
		p->out_bytes = span(&c, true) * p->out_size;
		make(p);
		if (p->d || p->f) {
			p->next = plans;
			plans = p;
		}
	}
	if (p->d || p->f) {
		p->n_users++;
	} else {
		free(p);
		p = NULL;
		err_set(e, ERR_FAIL, "FFTW makes no plan for a transform of %d axes, the last of %lld points",
			s->n_dims, (long long)s->dim[s->n_dims - 1].n);
	}
	pthread_mutex_unlock(&lock);
	return p;
}

void fft_plan_free(struct fft_plan *p)
{
	struct fft_plan **link = &plans;

	if (!p)
		return;
	pthread_mutex_lock(&lock);
	if (--p->n_users == 0) {
		while (*link != p)
			link = &(*link)->next;
		*link = p->next;
		if (p->shape.single)
			fftwf_destroy_plan(p->f);
		else
			fftw_destroy_plan(p->d);
		free(p);
		/* FFTW keeps tables after the last plan; give them back, as leak checkers ask for. */
		if (!plans) {
			fftw_cleanup();
			fftwf_cleanup();
		}
	}
	pthread_mutex_unlock(&lock);
}

static void execute(const struct fft_plan *p, void *in, void *out)
{
	switch (p->shape.kind) {
	case FFT_FORWARD:
	case FFT_BACKWARD:
		if (p->shape.single)
			fftwf_execute_dft(p->f, in, out);
		else
			fftw_execute_dft(p->d, in, out);
		break;
	case FFT_REAL:
		if (p->shape.single)
			fftwf_execute_dft_r2c(p->f, in, out);
		else
			fftw_execute_dft_r2c(p->d, in, out);
		break;
	case FFT_REAL_BACK:
		if (p->shape.single)
			fftwf_execute_dft_c2r(p->f, in, out);
		else
			fftw_execute_dft_c2r(p->d, in, out);
		break;
	default:
		if (p->shape.single)
			fftwf_execute_r2r(p->f, in, out);
		else
			fftw_execute_r2r(p->d, in, out);
	}
}

/* Copy the elements of one side, and none between them: those may belong to another thread. */
static void copy_elements(const struct fft_plan *p, bool out, const char *from, char *to)
{
	const struct fft_shape *s = &p->shape;
	size_t size = out ? p->out_size : p->in_size;
	int64_t n[2 * FFT_DIMS_MAX], stride[2 * FFT_DIMS_MAX], at[2 * FFT_DIMS_MAX] = { 0 }, offset = 0;
	int rank = 0, k;

	for (int i = 0; i < s->n_batch; i++, rank++) {
		n[rank] = s->batch[i].n;
		stride[rank] = out ? s->batch[i].out_stride : s->batch[i].in_stride;
	}
	for (int i = 0; i < s->n_dims; i++, rank++) {
		n[rank] = stored(s, i, out);
		stride[rank] = out ? s->dim[i].out_stride : s->dim[i].in_stride;
	}
	do {
		memcpy(to + (size_t)offset * size, from + (size_t)offset * size, size);
		for (k = rank - 1; k >= 0; k--) {
			offset += stride[k];
			if (++at[k] < n[k])
				break;
			offset -= n[k] * stride[k];
			at[k] = 0;
		}
	} while (k >= 0);
}

void fft_run(const struct fft_plan *p, void *in, void *out)
{
	bool single = p->shape.single;
	bool in_fits = (single ? fftwf_alignment_of(in) : fftw_alignment_of(in)) == 0;
	bool out_fits = (single ? fftwf_alignment_of(out) : fftw_alignment_of(out)) == 0;
	char *copy_in = in, *copy_out = out;

	if (in_fits && out_fits) {
		execute(p, in, out);
		return;
	}
	if (!in_fits) {
		copy_in = xaligned(p->in_bytes > p->out_bytes ? p->in_bytes : p->out_bytes);
		copy_elements(p, false, in, copy_in);
	}
	if (p->shape.in_place)
		copy_out = copy_in;
	else if (!out_fits)
		copy_out = xaligned(p->out_bytes);
	execute(p, copy_in, copy_out);
	if (!out_fits)
		copy_elements(p, true, copy_out, out);
	if (!in_fits)
		free(copy_in);
	if (!out_fits && !p->shape.in_place)
		free(copy_out);
}
