/* pickle.c: a stack machine for the opcodes of Python's pickle module (protocols 0 to 5) that build plain values, and
 * for the three calls that PyTorch's tensors need. No more memory is taken than a small multiple of the input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/bytes.h"
#include "io/pickle.h"

struct machine {
	struct arena *arena;
	const unsigned char *start, *p, *end;
	struct err *e;
	struct pickle **stack;
	int64_t n_stack, stack_capacity;
	int64_t *mark;
	int64_t n_marks, mark_capacity;
	struct pickle **memo; /* as many places as the input has bytes: no writer numbers beyond that */
	int64_t n_memo, memo_next;
};

static const struct storage_type {
	const char *name;
	enum array_type type;
	bool complex;
} storage_types[] = {
	{ "torch.FloatStorage", ARRAY_F32, false },	  { "torch.DoubleStorage", ARRAY_F64, false },
	{ "torch.HalfStorage", ARRAY_F16, false },	  { "torch.BFloat16Storage", ARRAY_BF16, false },
	{ "torch.IntStorage", ARRAY_I32, false },	  { "torch.LongStorage", ARRAY_I64, false },
	{ "torch.ShortStorage", ARRAY_I16, false },	  { "torch.CharStorage", ARRAY_I8, false },
	{ "torch.ByteStorage", ARRAY_U8, false },	  { "torch.BoolStorage", ARRAY_U8, false },
	{ "torch.ComplexFloatStorage", ARRAY_F32, true }, { "torch.ComplexDoubleStorage", ARRAY_F64, true },
};

static int fail(struct machine *m, const char *what)
{
	return err_set(m->e, ERR_FAIL, "pickle: %s at byte %lld", what, (long long)(m->p - m->start));
}

static struct pickle *value(struct machine *m, enum pickle_kind kind)
{
	struct pickle *v = arena_take(m->arena, sizeof *v);

	v->kind = kind;
	return v;
}

static int push(struct machine *m, struct pickle *v)
{
	MEM_GROW(m->stack, m->n_stack, m->stack_capacity);
	m->stack[m->n_stack++] = v;
	return 0;
}

static int push_int(struct machine *m, enum pickle_kind kind, int64_t i)
{
	struct pickle *v = value(m, kind);

	v->integer = i;
	return push(m, v);
}

static int push_text(struct machine *m, enum pickle_kind kind, const unsigned char *text, size_t n)
{
	struct pickle *v = value(m, kind);
	char *copy = arena_take(m->arena, n + 1);

	memcpy(copy, text, n);
	v->text = copy;
	v->n_text = n;
	return push(m, v);
}

/* Elements above the last mark may not be popped by plain opcodes. */
static int64_t floor_of(const struct machine *m)
{
	return m->n_marks ? m->mark[m->n_marks - 1] : 0;
}

static struct pickle *pop(struct machine *m)
{
	if (m->n_stack <= floor_of(m)) {
		fail(m, "empty stack");
		return NULL;
	}
	return m->stack[--m->n_stack];
}

static struct pickle *top(struct machine *m)
{
	if (m->n_stack <= floor_of(m)) {
		fail(m, "empty stack");
		return NULL;
	}
	return m->stack[m->n_stack - 1];
}

/* n bytes of argument, or NULL. */
static const unsigned char *take(struct machine *m, uint64_t n)
{
	const unsigned char *p = m->p;

	if (n > (uint64_t)(m->end - m->p)) {
		fail(m, "ends in the middle of a value");
		return NULL;
	}
	m->p += n;
	return p;
}

/* A text argument with a length of n bytes before it. */
static int counted(struct machine *m, int n, enum pickle_kind kind)
{
	const unsigned char *p = take(m, (uint64_t)n);
	uint64_t length;

	if (!p)
		return -1;
	length = bytes_little(p, n);
	p = take(m, length);
	return p ? push_text(m, kind, p, (size_t)length) : -1;
}

/* A line argument, without its newline, in the arena. */
static const char *line(struct machine *m)
{
	const unsigned char *end = memchr(m->p, '\n', (size_t)(m->end - m->p));
	char *text;

	if (!end) {
		fail(m, "ends in the middle of a line");
		return NULL;
	}
	text = arena_take(m->arena, (size_t)(end - m->p) + 1);
	memcpy(text, m->p, (size_t)(end - m->p));
	m->p = end + 1;
	return text;
}

static int append(struct machine *m, struct pickle *to, struct pickle *item)
{
	if (to->n_items == to->capacity) {
		int64_t capacity = to->capacity ? 2 * to->capacity : 4;
		struct pickle **grown = arena_take(m->arena, (size_t)capacity * sizeof(struct pickle *));

		if (to->n_items)
			memcpy(grown, to->item, (size_t)to->n_items * sizeof *grown);
		to->item = grown;
		to->capacity = capacity;
	}
	to->item[to->n_items++] = item;
	return 0;
}

/* Everything above the last mark into a new tuple, list or dictionary. */
static struct pickle *collect(struct machine *m, enum pickle_kind kind)
{
	struct pickle *v = value(m, kind);
	int64_t from;

	if (m->n_marks == 0) {
		fail(m, "no mark");
		return NULL;
	}
	from = m->mark[--m->n_marks];
	for (int64_t i = from; i < m->n_stack; i++)
		append(m, v, m->stack[i]);
	m->n_stack = from;
	if (kind == PICKLE_DICT && v->n_items % 2 != 0) {
		fail(m, "a key without a value");
		return NULL;
	}
	return v;
}

static int push_tuple(struct machine *m, int n)
{
	struct pickle *v = value(m, PICKLE_TUPLE);

	if (m->n_stack - floor_of(m) < n)
		return fail(m, "empty stack");
	for (int i = 0; i < n; i++)
		append(m, v, m->stack[m->n_stack - n + i]);
	m->n_stack -= n;
	return push(m, v);
}

/* Items above the mark are appended to the list or dictionary below it. */
static int extend(struct machine *m, enum pickle_kind kind)
{
	struct pickle *items = collect(m, kind), *to;

	if (!items || !(to = top(m)))
		return -1;
	if (to->kind != kind)
		return fail(m, "items for what is no container");
	for (int64_t i = 0; i < items->n_items; i++)
		append(m, to, items->item[i]);
	return 0;
}

static int put(struct machine *m, uint64_t index)
{
	struct pickle *v = top(m);

	if (!v)
		return -1;
	if (index >= (uint64_t)m->n_memo)
		return fail(m, "impossible memo index");
	m->memo[index] = v;
	return 0;
}

static int get(struct machine *m, uint64_t index)
{
	if (index >= (uint64_t)m->n_memo || !m->memo[index])
		return fail(m, "unknown memo index");
	return push(m, m->memo[index]);
}

static int push_global(struct machine *m, const char *module, const char *name)
{
	struct pickle *v = value(m, PICKLE_GLOBAL);
	bool known;

	v->text = arena_printf(m->arena, "%s.%s", module, name);
	known = strcmp(v->text, "torch._utils._rebuild_tensor_v2") == 0 ||
		strcmp(v->text, "collections.OrderedDict") == 0;
	for (size_t i = 0; i < sizeof storage_types / sizeof *storage_types; i++)
		known = known || strcmp(v->text, storage_types[i].name) == 0;
	if (!known)
		return err_set(
			m->e, ERR_USAGE,
			"the pickle asks for %.200s; only plain tensors, lists and dictionaries of them are read",
			v->text);
	return push(m, v);
}

/* A persistent id: ("storage", type, key, location, number of elements). */
static int push_storage(struct machine *m)
{
	struct pickle *id = pop(m), *v;

	if (!id)
		return -1;
	if (id->kind != PICKLE_TUPLE || id->n_items < 5 || id->item[0]->kind != PICKLE_TEXT ||
	    strcmp(id->item[0]->text, "storage") != 0 || id->item[1]->kind != PICKLE_GLOBAL ||
	    id->item[2]->kind != PICKLE_TEXT || id->item[4]->kind != PICKLE_INT)
		return fail(m, "a persistent id that is no tensor storage");
	for (size_t i = 0; i < sizeof storage_types / sizeof *storage_types; i++) {
		if (strcmp(id->item[1]->text, storage_types[i].name) != 0)
			continue;
		v = value(m, PICKLE_STORAGE);
		v->type = storage_types[i].type;
		v->complex = storage_types[i].complex;
		v->text = id->item[2]->text;
		v->integer = id->item[4]->integer;
		return push(m, v);
	}
	return fail(m, "a storage of unknown type");
}

static int read_extents(struct machine *m, const struct pickle *from, int rank, int64_t *to)
{
	for (int k = 0; k < rank; k++) {
		if (from->item[k]->kind != PICKLE_INT || from->item[k]->integer < 0)
			return fail(m, "a tensor whose extents or strides are no counts");
		to[k] = from->item[k]->integer;
	}
	return 0;
}

/* _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks) */
static int rebuild(struct machine *m, const struct pickle *argument)
{
	struct pickle *v = value(m, PICKLE_TENSOR), *const *a = argument->item;

	if (argument->n_items < 4 || a[0]->kind != PICKLE_STORAGE || a[1]->kind != PICKLE_INT || a[1]->integer < 0 ||
	    a[2]->kind != PICKLE_TUPLE || a[3]->kind != PICKLE_TUPLE || a[2]->n_items != a[3]->n_items)
		return fail(m, "a tensor with unexpected arguments");
	if (a[2]->n_items > SHAPE_MAX)
		return fail(m, "a tensor of more than 8 axes");
	v->storage = a[0];
	v->type = a[0]->type;
	v->complex = a[0]->complex;
	v->offset = a[1]->integer;
	v->rank = (int)a[2]->n_items;
	if (read_extents(m, a[2], v->rank, v->dim) != 0 || read_extents(m, a[3], v->rank, v->stride) != 0)
		return -1;
	return push(m, v);
}

static int reduce(struct machine *m)
{
	struct pickle *argument = pop(m), *function = argument ? pop(m) : NULL, *v;

	if (!function)
		return -1;
	if (function->kind != PICKLE_GLOBAL || argument->kind != PICKLE_TUPLE)
		return fail(m, "a call of what is no function");
	if (strcmp(function->text, "torch._utils._rebuild_tensor_v2") == 0)
		return rebuild(m, argument);
	if (strcmp(function->text, "collections.OrderedDict") != 0)
		return fail(m, "a call of what is no function");
	/* Nothing, or (protocol 2 and below) a list of pairs. */
	v = value(m, PICKLE_DICT);
	if (argument->n_items > 0 && argument->item[0]->kind == PICKLE_LIST) {
		const struct pickle *pairs = argument->item[0];

		for (int64_t i = 0; i < pairs->n_items; i++) {
			const struct pickle *pair = pairs->item[i];

			if ((pair->kind != PICKLE_LIST && pair->kind != PICKLE_TUPLE) || pair->n_items != 2)
				return fail(m, "a dictionary entry that is no pair");
			append(m, v, pair->item[0]);
			append(m, v, pair->item[1]);
		}
	}
	return push(m, v);
}

/* Two's complement of any length; what does not fit in 64 bits is refused. */
static int push_long(struct machine *m, int n_length)
{
	const unsigned char *p = take(m, (uint64_t)n_length);
	uint64_t n, bits = 0;

	if (!p)
		return -1;
	n = bytes_little(p, n_length);
	p = take(m, n);
	if (!p)
		return -1;
	if (n > 8)
		return fail(m, "an integer of more than 64 bits");
	if (n > 0) {
		bits = bytes_little(p, (int)n);
		if (n < 8 && p[n - 1] >> 7)
			bits |= ~UINT64_C(0) << (8 * n);
	}
	return push_int(m, PICKLE_INT, (int64_t)bits);
}

/* Protocol 0 numbers are lines of text: "12", "12L", "01" for true. */
static int push_line_int(struct machine *m)
{
	const char *text = line(m);
	struct str s = { 0 };
	int64_t v = 0;
	bool ok;

	if (!text)
		return -1;
	if (strcmp(text, "00") == 0 || strcmp(text, "01") == 0)
		return push_int(m, PICKLE_BOOL, text[1] - '0');
	str_add_n(&s, text, str_ends(text, "L") ? strlen(text) - 1 : strlen(text));
	ok = str_to_int(str_text(&s), &v);
	str_free(&s);
	return ok ? push_int(m, PICKLE_INT, v) : fail(m, "a number that is none");
}

static int push_real(struct machine *m)
{
	const unsigned char *p = take(m, 8);
	struct pickle *v = value(m, PICKLE_FLOAT);
	uint64_t bits;

	if (!p)
		return -1;
	bits = bytes_big(p, 8);
	memcpy(&v->real, &bits, sizeof v->real);
	return push(m, v);
}

/* Argument of n bytes, then one of put, get, push_int. */
static int with_number(struct machine *m, int n, int (*act)(struct machine *m, uint64_t v))
{
	const unsigned char *p = take(m, (uint64_t)n);

	return p ? act(m, bytes_little(p, n)) : -1;
}

static int push_unsigned(struct machine *m, uint64_t v)
{
	return push_int(m, PICKLE_INT, (int64_t)v);
}

static int push_int32(struct machine *m, uint64_t v)
{
	return push_int(m, PICKLE_INT, (int32_t)(uint32_t)v);
}

static int stack_global(struct machine *m)
{
	struct pickle *name = pop(m), *module = name ? pop(m) : NULL;

	if (!module)
		return -1;
	if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
		return fail(m, "a global without a name");
	return push_global(m, module->text, name->text);
}

/* The attributes that BUILD sets (version numbers of a state_dict) mean nothing here, on a tensor or a dictionary. */
static int build(struct machine *m)
{
	struct pickle *state = pop(m), *to = state ? top(m) : NULL;

	if (!to)
		return -1;
	return to->kind == PICKLE_DICT || to->kind == PICKLE_TENSOR ? 0 : fail(m, "state for an unknown object");
}

static int put_item(struct machine *m)
{
	struct pickle *v = pop(m), *key = v ? pop(m) : NULL, *to = key ? top(m) : NULL;

	if (!to)
		return -1;
	if (to->kind != PICKLE_DICT)
		return fail(m, "items for what is no container");
	append(m, to, key);
	return append(m, to, v);
}

static int put_last(struct machine *m)
{
	struct pickle *v = pop(m), *to = v ? top(m) : NULL;

	if (!to)
		return -1;
	return to->kind == PICKLE_LIST ? append(m, to, v) : fail(m, "items for what is no container");
}

static int push_collected(struct machine *m, enum pickle_kind kind)
{
	struct pickle *v = collect(m, kind);

	return v ? push(m, v) : -1;
}

/* One opcode; 1 at the end. Letters as in pickle.py. */
static int step(struct machine *m, int opcode)
{
	const char *module, *name;
	int64_t index;

	switch (opcode) {
	case 0x80: /* PROTO */
		return take(m, 1) ? 0 : -1;
	case 0x95: /* FRAME */
		return take(m, 8) ? 0 : -1;
	case '.':
		return 1;
	case '(':
		MEM_GROW(m->mark, m->n_marks, m->mark_capacity);
		m->mark[m->n_marks++] = m->n_stack;
		return 0;
	case '0':
		return pop(m) ? 0 : -1;
	case '1':
		return collect(m, PICKLE_TUPLE) ? 0 : -1;
	case '2':
		return top(m) ? push(m, top(m)) : -1;
	case 'N':
		return push(m, value(m, PICKLE_NONE));
	case 0x88:
		return push_int(m, PICKLE_BOOL, 1);
	case 0x89:
		return push_int(m, PICKLE_BOOL, 0);
	case 'I':
	case 'L':
		return push_line_int(m);
	case 'J':
		return with_number(m, 4, push_int32);
	case 'K':
		return with_number(m, 1, push_unsigned);
	case 'M':
		return with_number(m, 2, push_unsigned);
	case 0x8a:
		return push_long(m, 1);
	case 0x8b:
		return push_long(m, 4);
	case 'G':
		return push_real(m);
	case 'X':
		return counted(m, 4, PICKLE_TEXT);
	case 0x8c:
		return counted(m, 1, PICKLE_TEXT);
	case 0x8d:
		return counted(m, 8, PICKLE_TEXT);
	case 'T':
		return counted(m, 4, PICKLE_TEXT);
	case 'U':
		return counted(m, 1, PICKLE_TEXT);
	case 'B':
		return counted(m, 4, PICKLE_BYTES);
	case 'C':
		return counted(m, 1, PICKLE_BYTES);
	case 0x8e:
		return counted(m, 8, PICKLE_BYTES);
	case 'V':
		name = line(m);
		return name ? push_text(m, PICKLE_TEXT, (const unsigned char *)name, strlen(name)) : -1;
	case '}':
		return push(m, value(m, PICKLE_DICT));
	case ']':
		return push(m, value(m, PICKLE_LIST));
	case ')':
		return push(m, value(m, PICKLE_TUPLE));
	case 'd':
		return push_collected(m, PICKLE_DICT);
	case 'l':
		return push_collected(m, PICKLE_LIST);
	case 't':
		return push_collected(m, PICKLE_TUPLE);
	case 0x85:
	case 0x86:
	case 0x87:
		return push_tuple(m, opcode - 0x84);
	case 'a':
		return put_last(m);
	case 'e':
		return extend(m, PICKLE_LIST);
	case 's':
		return put_item(m);
	case 'u':
		return extend(m, PICKLE_DICT);
	case 'p':
	case 'g':
		name = line(m);
		if (!name || !str_to_int(name, &index) || index < 0)
			return name ? fail(m, "impossible memo index") : -1;
		return opcode == 'p' ? put(m, (uint64_t)index) : get(m, (uint64_t)index);
	case 'q':
		return with_number(m, 1, put);
	case 'r':
		return with_number(m, 4, put);
	case 0x94: /* MEMOIZE */
		return put(m, (uint64_t)m->memo_next++);
	case 'h':
		return with_number(m, 1, get);
	case 'j':
		return with_number(m, 4, get);
	case 'c':
		module = line(m);
		name = module ? line(m) : NULL;
		return name ? push_global(m, module, name) : -1;
	case 0x93:
		return stack_global(m);
	case 'Q':
		return push_storage(m);
	case 'R':
		return reduce(m);
	case 'b':
		return build(m);
	default:
		m->p--;
		return err_set(m->e, ERR_FAIL, "pickle: opcode 0x%02x at byte %lld is not one of plain values", opcode,
			       (long long)(m->p - m->start));
	}
}

struct pickle *pickle_parse(struct arena *a, const void *data, size_t n_bytes, struct err *e)
{
	const unsigned char *start = data;
	struct machine m = { .arena = a, .start = start, .p = start, .end = start + n_bytes, .e = e };
	struct pickle *result = NULL;
	int status = 0;

	m.n_memo = (int64_t)n_bytes;
	m.memo = mem_new(m.n_memo + 1, sizeof *m.memo, "pickle", e);
	if (!m.memo)
		return NULL;
	while (status == 0)
		status = m.p < m.end ? step(&m, *m.p++) : fail(&m, "ends before its STOP");
	if (status == 1)
		result = pop(&m);
	free(m.stack);
	free(m.mark);
	free(m.memo);
	return result;
}
