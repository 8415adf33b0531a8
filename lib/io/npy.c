/* npy.c: NumPy's .npy: a magic string, a Python dictionary as text ('descr', 'fortran_order', 'shape'), raw numbers. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/bytes.h"
#include "io/npy.h"

static int bad_header(struct err *e, const char *what)
{
	return err_set(e, ERR_FAIL, ".npy header: %s", what);
}

/* The text after 'key': in the dictionary, or NULL. */
static const char *find_key(const char *header, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = header; (p = strstr(p, key)); p++) {
		const char *after = p + n;

		if (p == header || (p[-1] != '\'' && p[-1] != '"') || *after != p[-1])
			continue;
		after++;
		while (*after == ' ')
			after++;
		if (*after != ':')
			continue;
		after++;
		while (*after == ' ')
			after++;
		return after;
	}
	return NULL;
}

/* "'<f8'" to a number type; complex numbers are pairs. */
static int read_type(const char *p, struct array *a, struct err *e)
{
	static const struct {
		const char *code;
		enum array_type type;
		bool complex;
	} table[] = { { "b1", ARRAY_U8, false },  { "i1", ARRAY_I8, false },  { "u1", ARRAY_U8, false },
		      { "i2", ARRAY_I16, false }, { "u2", ARRAY_U16, false }, { "i4", ARRAY_I32, false },
		      { "u4", ARRAY_U32, false }, { "i8", ARRAY_I64, false }, { "u8", ARRAY_U64, false },
		      { "f2", ARRAY_F16, false }, { "f4", ARRAY_F32, false }, { "f8", ARRAY_F64, false },
		      { "c8", ARRAY_F32, true },  { "c16", ARRAY_F64, true } };
	char quote = *p;
	size_t n;

	if (quote != '\'' && quote != '"')
		return err_set(e, ERR_USAGE, ".npy array of records: only arrays of numbers are read");
	p++;
	a->big_endian = *p == '>';
	if (strchr("<>|=", *p) && *p)
		p++;
	for (n = 0; p[n] && p[n] != quote; n++)
		;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strlen(table[i].code) == n && memcmp(table[i].code, p, n) == 0) {
			a->type = table[i].type;
			a->complex = table[i].complex;
			a->dtype = array_dtype(a->type);
			return 0;
		}
	if (n > 0 && *p == 'O')
		return err_set(e, ERR_USAGE, ".npy array of Python objects: refused, it would be a pickle");
	return err_set(e, ERR_USAGE, ".npy array of type '%.*s': only numbers are read", n > 20 ? 20 : (int)n, p);
}

/* "(3, 4)", "(3,)", "()" */
static int read_shape(const char *p, struct array *a, struct err *e)
{
	if (*p++ != '(')
		return bad_header(e, "'shape' is no tuple");
	for (a->rank = 0;;) {
		int64_t v = 0;

		while (*p == ' ' || *p == ',')
			p++;
		if (*p == ')')
			return 0;
		if (!isdigit((unsigned char)*p))
			return bad_header(e, "'shape' is no tuple of counts");
		for (; isdigit((unsigned char)*p); p++) {
			if (v > (INT64_MAX - 9) / 10)
				return bad_header(e, "'shape' has an extent beyond 64 bits");
			v = 10 * v + (*p - '0');
		}
		if (*p == 'L') /* Python 2 */
			p++;
		if (a->rank == SHAPE_MAX)
			return bad_header(e, "'shape' has more than 8 axes");
		a->dim[a->rank++] = v;
	}
}

static int read_header(const char *text, struct array *a, struct err *e)
{
	const char *descr = find_key(text, "descr"), *order = find_key(text, "fortran_order");
	const char *shape = find_key(text, "shape");
	bool fortran;

	if (!descr || !order || !shape)
		return bad_header(e, "'descr', 'fortran_order' or 'shape' is missing");
	fortran = str_starts(order, "True");
	if (!fortran && !str_starts(order, "False"))
		return bad_header(e, "'fortran_order' is neither True nor False");
	if (read_type(descr, a, e) != 0 || read_shape(shape, a, e) != 0)
		return -1;
	if (array_count(a) < 0)
		return bad_header(e, "'shape' is impossibly large");
	array_set_strides(a, fortran);
	if (a->complex) {
		for (int k = 0; k < a->rank; k++)
			a->stride[k] *= 2;
		a->stride[a->rank] = 1;
		a->dim[a->rank++] = 2;
	}
	return 0;
}

int npy_parse(const void *data, size_t n_bytes, struct array *a, struct err *e)
{
	const unsigned char *p = data;
	size_t n_length, length, start;
	char *text;
	int status;

	*a = (struct array){ 0 };
	if (n_bytes < 10 || memcmp(p, "\223NUMPY", 6) != 0)
		return bad_header(e, "missing or truncated");
	if (p[6] < 1 || p[6] > 3)
		return err_set(e, ERR_FAIL, ".npy version %d is unknown", p[6]);
	n_length = p[6] == 1 ? 2 : 4;
	if (n_bytes < 8 + n_length)
		return bad_header(e, "truncated");
	length = (size_t)bytes_little(p + 8, (int)n_length);
	start = 8 + n_length + length;
	if (start > n_bytes)
		return bad_header(e, "truncated");
	text = xstrndup((const char *)p + 8 + n_length, length);
	status = read_header(text, a, e);
	free(text);
	if (status != 0)
		return -1;
	a->data = p + start;
	return array_check(a, n_bytes - start, e);
}

void *npy_header(enum dtype t, const struct shape *s, size_t *n)
{
	static const char *const descr[] = { "<f4", "<f8", "<i4" };
	struct str text = { 0 };
	size_t length;
	unsigned char *out;

	str_printf(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr[t]);
	for (int k = 0; k < s->rank; k++)
		str_printf(&text, k ? " %lld," : "%lld,", (long long)s->dim[k]);
	str_add(&text, "), }");
	/* Magic, version, length, text, spaces, newline: a multiple of 64. */
	length = (10 + text.length + 1 + 63) / 64 * 64 - 10;
	out = xmalloc(10 + length);
	memcpy(out, "\223NUMPY\1\0", 8);
	out[8] = (unsigned char)(length & 255);
	out[9] = (unsigned char)(length >> 8);
	memset(out + 10, ' ', length);
	memcpy(out + 10, text.text, text.length);
	out[10 + length - 1] = '\n';
	str_free(&text);
	*n = 10 + length;
	return out;
}
