/* mat5.c: MATLAB's MAT-file level 5: a 128-byte header, then tagged elements, 8-byte aligned, possibly zlib-compressed
 * one by one. The numbers of an array are stored in any type that holds them; the tag says which, the class what they
 * mean. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "io/bytes.h"
#include "io/mat5.h"

enum { HEADER_SIZE = 128, TAG_SIZE = 8, INFLATE_RATIO = 1032 };
enum { MI_INT8 = 1, MI_INT32 = 5, MI_UINT32 = 6, MI_MATRIX = 14, MI_COMPRESSED = 15 };
enum { CLASS_DOUBLE = 6, CLASS_SINGLE = 7, CLASS_INT32 = 12, CLASS_UINT64 = 15, FLAG_COMPLEX = 0x800 };

/* One tagged element. */
struct element {
	uint32_t type, size;
	const unsigned char *data;
};

/* A part of the file and how far it has been read. */
struct cursor {
	const unsigned char *p, *end;
	bool big;
};

static int truncated(struct err *e)
{
	return err_set(e, ERR_FAIL, "MAT-file: an element reaches beyond the end (truncated?)");
}

static int next_element(struct cursor *c, struct element *out, struct err *e)
{
	uint64_t left = (uint64_t)(c->end - c->p), padded;
	uint32_t word;

	if (left < TAG_SIZE)
		return truncated(e);
	word = (uint32_t)bytes_get(c->p, 4, c->big);
	if (word >> 16) {
		/* Small element: type, length and up to 4 bytes of data in 8 bytes. */
		*out = (struct element){ word & 0xffff, word >> 16, c->p + 4 };
		if (out->size > 4)
			return err_set(e, ERR_FAIL, "MAT-file: a small element of %u bytes", out->size);
		c->p += TAG_SIZE;
		return 0;
	}
	*out = (struct element){ word, (uint32_t)bytes_get(c->p + 4, 4, c->big), c->p + TAG_SIZE };
	left -= TAG_SIZE;
	if (out->size > left)
		return truncated(e);
	padded = out->type == MI_COMPRESSED ? out->size : ((uint64_t)out->size + 7) / 8 * 8;
	/* Some writers leave out the padding of the last element. */
	c->p += TAG_SIZE + (padded < left ? padded : left);
	return 0;
}

static bool stored_type(uint32_t tag, enum array_type *t)
{
	static const struct {
		uint32_t tag;
		enum array_type type;
	} table[] = { { 1, ARRAY_I8 },	{ 2, ARRAY_U8 },  { 3, ARRAY_I16 }, { 4, ARRAY_U16 },  { 5, ARRAY_I32 },
		      { 6, ARRAY_U32 }, { 7, ARRAY_F32 }, { 9, ARRAY_F64 }, { 12, ARRAY_I64 }, { 13, ARRAY_U64 } };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].tag == tag) {
			*t = table[i].type;
			return true;
		}
	return false;
}

static enum dtype class_dtype(uint32_t class)
{
	/* 7 single, 8 to 11 integers up to 16 bits, 12 int32, the others wider */
	if (class == CLASS_INT32)
		return DTYPE_I32;
	return class >= CLASS_SINGLE && class < CLASS_INT32 ? DTYPE_F32 : DTYPE_F64;
}

/* The numbers of part (real or imaginary) of a: type, place, bounds. */
static int read_numbers(struct cursor *c, struct array *a, struct err *e)
{
	struct element part;

	if (next_element(c, &part, e) != 0)
		return -1;
	if (!stored_type(part.type, &a->type))
		return err_set(e, ERR_FAIL, "MAT-file: %s: element type %u is no number", a->name, part.type);
	a->data = part.data;
	return array_check(a, part.size, e);
}

/* Real and imaginary parts, each stored in a type of its own, as one double array with a last axis of 2. */
static int read_complex(struct cursor *c, struct array *a, struct err *e)
{
	struct array imaginary = *a;
	int64_t n = array_count(a), unit = 1;
	double *both;

	if (a->rank == ARRAY_RANK_MAX)
		return err_set(e, ERR_FAIL, "MAT-file: %s has too many axes", a->name);
	if (read_numbers(c, &imaginary, e) != 0)
		return -1;
	both = mem_new(n, 2 * sizeof *both, a->name, e);
	if (!both)
		return -1;
	/* Both parts are contiguous: copied as vectors, in file order. */
	array_gather(a, 0, 1, &n, &unit, DTYPE_F64, both);
	array_gather(&imaginary, 0, 1, &n, &unit, DTYPE_F64, both + n);
	a->dim[a->rank] = 2;
	a->stride[a->rank++] = n;
	a->type = ARRAY_F64;
	a->dtype = a->dtype == DTYPE_I32 ? DTYPE_F64 : a->dtype;
	a->complex = true;
	a->data = (unsigned char *)both;
	a->big_endian = array_host_is_big();
	a->owned = both;
	return 0;
}

/* The content of a matrix element. *name must be freed by the caller; a->data NULL: not numeric, passed over. */
static int read_matrix(struct cursor c, struct array *a, struct err *e)
{
	struct element flags, extents, name;
	uint32_t word, class;

	if (c.p == c.end)
		return 0; /* an empty array without even a name */
	if (next_element(&c, &flags, e) != 0)
		return -1;
	if (flags.type != MI_UINT32 || flags.size < 8)
		return err_set(e, ERR_FAIL, "MAT-file: an array without flags");
	word = (uint32_t)bytes_get(flags.data, 4, c.big);
	class = word & 0xff;
	if (class < CLASS_DOUBLE || class > CLASS_UINT64)
		return 0;
	if (next_element(&c, &extents, e) != 0 || next_element(&c, &name, e) != 0)
		return -1;
	if (extents.type != MI_INT32 || extents.size % 4 != 0 || name.type != MI_INT8)
		return err_set(e, ERR_FAIL, "MAT-file: an array without extents or name");
	a->name = xstrndup((const char *)name.data, name.size);
	if (extents.size / 4 > SHAPE_MAX)
		return err_set(e, ERR_FAIL, "MAT-file: %s has %u axes, at most %d are read", a->name, extents.size / 4,
			       SHAPE_MAX);
	a->rank = (int)(extents.size / 4);
	for (int k = 0; k < a->rank; k++)
		a->dim[k] = (int32_t)bytes_get(extents.data + 4 * k, 4, c.big);
	if (array_count(a) < 0)
		return err_set(e, ERR_FAIL, "MAT-file: %s: impossible extents", a->name);
	array_set_strides(a, true);
	a->big_endian = c.big;
	a->dtype = class_dtype(class);
	if (read_numbers(&c, a, e) != 0)
		return -1;
	return word & FLAG_COMPLEX && array_count(a) > 0 ? read_complex(&c, a, e) : 0;
}

/* Inflate one compressed element: the tag inside says how long it is. */
static int inflate_element(const struct element *packed, bool big, unsigned char **out, size_t *n, struct err *e)
{
	z_stream stream = { 0 };
	unsigned char tag[TAG_SIZE];
	uint64_t size;
	int status;

	*out = NULL;
	if (inflateInit(&stream) != Z_OK)
		return err_set(e, ERR_FAIL, "MAT-file: zlib does not start");
	stream.next_in = (unsigned char *)(uintptr_t)packed->data;
	stream.avail_in = packed->size;
	stream.next_out = tag;
	stream.avail_out = TAG_SIZE;
	status = inflate(&stream, Z_SYNC_FLUSH);
	if ((status != Z_OK && status != Z_STREAM_END) || stream.avail_out != 0)
		goto damaged;
	size = (uint64_t)TAG_SIZE + bytes_get(tag + 4, 4, big);
	if (bytes_get(tag, 4, big) >> 16)
		size = TAG_SIZE; /* a small element: nothing follows */
	if (size / INFLATE_RATIO > (uint64_t)packed->size + 16)
		goto damaged;
	*out = mem_new((int64_t)size, 1, "compressed MAT-file element", e);
	if (!*out) {
		inflateEnd(&stream);
		return -1;
	}
	memcpy(*out, tag, TAG_SIZE);
	stream.next_out = *out + TAG_SIZE;
	stream.avail_out = (uInt)(size - TAG_SIZE);
	if (size > TAG_SIZE && status == Z_OK)
		status = inflate(&stream, Z_FINISH);
	if (stream.avail_out != 0)
		goto damaged;
	/* All bytes are there; go on to the end of the stream for its checksum, padding after the element allowed. */
	while (status == Z_OK || status == Z_BUF_ERROR) {
		unsigned char rest[64];
		uInt before = stream.avail_in;

		stream.next_out = rest;
		stream.avail_out = sizeof rest;
		status = inflate(&stream, Z_SYNC_FLUSH);
		if (status == Z_OK && before == stream.avail_in && stream.avail_out == sizeof rest)
			status = Z_DATA_ERROR;
		else if (status == Z_BUF_ERROR)
			status = Z_DATA_ERROR;
	}
	if (status != Z_STREAM_END)
		goto damaged;
	inflateEnd(&stream);
	*n = (size_t)size;
	return 0;
damaged:
	inflateEnd(&stream);
	free(*out);
	*out = NULL;
	return err_set(e, ERR_FAIL, "MAT-file: a compressed element is damaged");
}

static int add_matrix(struct array_list *out, struct cursor c, void *owned, struct err *e)
{
	struct array a = { 0 };
	int status = read_matrix(c, &a, e);

	if (status != 0 || !a.data) {
		free(a.name);
		free(a.owned);
		free(owned);
		return status;
	}
	if (a.owned)
		free(owned); /* complex: copied */
	else
		a.owned = owned;
	array_list_add(out, &a);
	return 0;
}

static int read_packed(struct array_list *out, const struct element *packed, bool big, struct err *e)
{
	struct element inner;
	struct cursor c = { .big = big };
	unsigned char *data;
	size_t n = 0;

	if (inflate_element(packed, big, &data, &n, e) != 0)
		return -1;
	c.p = data;
	c.end = data + n;
	if (next_element(&c, &inner, e) != 0) {
		free(data);
		return -1;
	}
	if (inner.type != MI_MATRIX) {
		free(data);
		return 0;
	}
	c.p = inner.data;
	c.end = inner.data + inner.size;
	return add_matrix(out, c, data, e);
}

int mat5_parse(const void *data, size_t n_bytes, struct array_list *out, struct err *e)
{
	const unsigned char *p = data;
	struct cursor c = { .end = p + n_bytes };

	if (n_bytes < HEADER_SIZE)
		return err_set(e, ERR_FAIL, "MAT-file: shorter than its header");
	if (memcmp(p + 126, "IM", 2) != 0 && memcmp(p + 126, "MI", 2) != 0)
		return err_set(e, ERR_FAIL, "MAT-file: no byte order mark in the header");
	c.big = p[126] == 'M';
	if (bytes_get(p + 124, 2, c.big) >> 8 != 1)
		return err_set(e, ERR_FAIL, "MAT-file: version 0x%04x is not level 5",
			       (unsigned)bytes_get(p + 124, 2, c.big));
	for (c.p = p + HEADER_SIZE; c.p < c.end;) {
		struct element element;

		if (next_element(&c, &element, e) != 0)
			return -1;
		if (element.type == MI_COMPRESSED) {
			if (read_packed(out, &element, c.big, e) != 0)
				return -1;
		} else if (element.type == MI_MATRIX) {
			struct cursor inside = { element.data, element.data + element.size, c.big };

			if (add_matrix(out, inside, NULL, e) != 0)
				return -1;
		}
	}
	return 0;
}
