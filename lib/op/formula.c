/* formula.c: see formula.h. */
#include "op/formula.h"

#include <ctype.h>
#include <string.h>

static const char *letters(const char *p, char *out)
{
	int n = 0;

	while (isalpha((unsigned char)*p) && n < SHAPE_MAX) {
		if (memchr(out, *p, (size_t)n))
			return NULL;
		out[n++] = *p++;
	}
	return p;
}

int formula_parse(struct formula *f, const char *text, struct err *e)
{
	const char *p;

	memset(f, 0, sizeof *f);
	p = letters(text, f->a);
	if (!p || *p != ',' || !(p = letters(p + 1, f->b)) || strncmp(p, "->", 2) != 0 ||
	    !(p = letters(p + 2, f->out)) || *p)
		return err_set(e, ERR_USAGE, "\"%s\" does not read like \"bcn,oc->bon\"", text);
	for (p = f->out; *p; p++)
		if (!strchr(f->a, *p) && !strchr(f->b, *p))
			return err_set(e, ERR_USAGE, "\"%s\": %c stands only in the result", text, *p);
	for (p = f->a; *p; p++)
		if (!strchr(f->b, *p) && !strchr(f->out, *p))
			return err_set(e, ERR_USAGE, "\"%s\": %c stands only in the first array", text, *p);
	for (p = f->b; *p; p++)
		if (!strchr(f->a, *p) && !strchr(f->out, *p))
			return err_set(e, ERR_USAGE, "\"%s\": %c stands only in the second array", text, *p);
	return 0;
}

static int place(const char *list, char letter)
{
	const char *p = strchr(list, letter);

	return p ? (int)(p - list) : -1;
}

int formula_infer(const struct formula *f, const struct shape *a, const struct shape *b, struct shape *out,
		  struct err *e)
{
	char s[SHAPE_TEXT], t[SHAPE_TEXT];

	if ((int)strlen(f->a) != a->rank || (int)strlen(f->b) != b->rank)
		return err_set(e, ERR_USAGE, "%s,%s->%s does not fit shapes %s and %s", f->a, f->b, f->out,
			       shape_text(s, a), shape_text(t, b));
	for (int i = 0; i < a->rank; i++) {
		int k = place(f->b, f->a[i]);

		if (k >= 0 && a->dim[i] != b->dim[k])
			return err_set(e, ERR_USAGE, "%s,%s->%s: axis %c differs between shapes %s and %s", f->a, f->b,
				       f->out, f->a[i], shape_text(s, a), shape_text(t, b));
	}
	memset(out, 0, sizeof *out);
	out->rank = (int)strlen(f->out);
	for (int i = 0; i < out->rank; i++) {
		int k = place(f->a, f->out[i]);

		out->dim[i] = k >= 0 ? a->dim[k] : b->dim[place(f->b, f->out[i])];
	}
	return 0;
}

/* True when p is the outer neighbour of q in every array that has them. */
static bool neighbours(const struct formula_axis *p, const struct formula_axis *q)
{
	return p->kind == q->kind && p->a == q->a * q->extent && p->b == q->b * q->extent &&
	       p->out == q->out * q->extent;
}

void formula_axes(struct formula_axes *x, const struct formula *f, const struct shape *a, const struct shape *b)
{
	int64_t sa[SHAPE_MAX], sb[SHAPE_MAX], so[SHAPE_MAX];
	char order[2 * SHAPE_MAX + 1], first = f->out[0];
	struct shape out;
	size_t n;

	formula_infer(f, a, b, &out, NULL);
	shape_strides(a, sa);
	shape_strides(b, sb);
	shape_strides(&out, so);
	*x = (struct formula_axes){ .first = -1, .first_inner = 1 };
	x->rows = first ? (f->a[0] == first) | (unsigned)(f->b[0] == first) << 1 : 0;
	/* Letters of the result in its order, then the summed ones in the order of a. */
	strcpy(order, f->out);
	n = strlen(order);
	for (const char *p = f->a; *p; p++)
		if (!strchr(f->out, *p))
			order[n++] = *p;
	order[n] = '\0';
	for (int kind = AXIS_BATCH; kind <= AXIS_SUM; kind++) {
		for (const char *p = order; *p; p++) {
			int ia = place(f->a, *p), ib = place(f->b, *p), io = place(f->out, *p);
			struct formula_axis next = { .extent = ia >= 0 ? a->dim[ia] : b->dim[ib] }, *last;

			next.a = ia >= 0 ? sa[ia] : 0;
			next.b = ib >= 0 ? sb[ib] : 0;
			next.out = io >= 0 ? so[io] : 0;
			next.kind = io < 0 ? AXIS_SUM : ia < 0 ? AXIS_COLUMN : ib < 0 ? AXIS_ROW : AXIS_BATCH;
			if ((int)next.kind != kind || next.extent == 1)
				continue;
			last = x->n > 0 ? &x->axis[x->n - 1] : NULL;
			if (last && neighbours(last, &next)) {
				last->extent *= next.extent;
				last->a = next.a;
				last->b = next.b;
				last->out = next.out;
				if (x->first == x->n - 1)
					x->first_inner *= next.extent;
				continue;
			}
			if (*p == first)
				x->first = x->n;
			x->axis[x->n++] = next;
		}
	}
}
