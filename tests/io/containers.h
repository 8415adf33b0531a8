/* containers.h: small foreign files built byte by byte for the tests, from the formats' specifications. */
#ifndef SCIML_TESTS_CONTAINERS_H
#define SCIML_TESTS_CONTAINERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct bytes {
	unsigned char *at;
	size_t n;
};

static inline void put(struct bytes *b, const void *data, size_t n)
{
	b->at = realloc(b->at, b->n + n + 1);
	if (n)
		memcpy(b->at + b->n, data, n);
	b->n += n;
}

static inline void put_text(struct bytes *b, const char *text)
{
	put(b, text, strlen(text));
}

static inline void put_number(struct bytes *b, uint64_t v, int n, bool big)
{
	for (int i = 0; i < n; i++) {
		unsigned char c = (unsigned char)(v >> 8 * (big ? n - 1 - i : i));

		put(b, &c, 1);
	}
}

static inline void drop(struct bytes *b)
{
	free(b->at);
	*b = (struct bytes){ 0 };
}

/* ---- ZIP ---- */

struct zip_builder {
	struct bytes file, directory;
	int n;
};

static inline void deflate_raw(struct bytes *out, const void *data, size_t n)
{
	z_stream z = { 0 };
	unsigned char *room = malloc(n + n / 100 + 100);

	deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (unsigned char *)(uintptr_t)data;
	z.avail_in = (uInt)n;
	z.next_out = room;
	z.avail_out = (uInt)(n + n / 100 + 100);
	deflate(&z, Z_FINISH);
	put(out, room, z.total_out);
	deflateEnd(&z);
	free(room);
}

/* As PyTorch does it: lengths only in the directory (bit 3 of the flags), when stored. */
static inline void zip_put(struct zip_builder *z, const char *name, const void *data, size_t n, bool packed)
{
	struct bytes body = { 0 };
	size_t header = z->file.n;
	uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), data, (uInt)n);

	if (packed)
		deflate_raw(&body, data, n);
	else
		put(&body, data, n);
	put(&z->file, "PK\3\4", 4);
	put_number(&z->file, 20, 2, false);
	put_number(&z->file, packed ? 0 : 8, 2, false);
	put_number(&z->file, packed ? 8 : 0, 2, false);
	put_number(&z->file, 0, 4, false);
	put_number(&z->file, packed ? crc : 0, 4, false);
	put_number(&z->file, packed ? body.n : 0, 4, false);
	put_number(&z->file, packed ? n : 0, 4, false);
	put_number(&z->file, strlen(name), 2, false);
	put_number(&z->file, 3, 2, false);
	put_text(&z->file, name);
	put_text(&z->file, "FB\1"); /* an extra field that is not in the directory */
	put(&z->file, body.at, body.n);
	put(&z->directory, "PK\1\2", 4);
	put_number(&z->directory, 20, 2, false);
	put_number(&z->directory, 20, 2, false);
	put_number(&z->directory, packed ? 0 : 8, 2, false);
	put_number(&z->directory, packed ? 8 : 0, 2, false);
	put_number(&z->directory, 0, 4, false);
	put_number(&z->directory, crc, 4, false);
	put_number(&z->directory, body.n, 4, false);
	put_number(&z->directory, n, 4, false);
	put_number(&z->directory, strlen(name), 2, false);
	put_number(&z->directory, 0, 8, false); /* extra, comment, disk, attributes */
	put_number(&z->directory, 0, 4, false);
	put_number(&z->directory, header, 4, false);
	put_text(&z->directory, name);
	drop(&body);
	z->n++;
}

static inline struct bytes zip_finish(struct zip_builder *z)
{
	size_t start = z->file.n;

	put(&z->file, z->directory.at, z->directory.n);
	put(&z->file, "PK\5\6\0\0\0\0", 8);
	put_number(&z->file, (uint64_t)z->n, 2, false);
	put_number(&z->file, (uint64_t)z->n, 2, false);
	put_number(&z->file, z->directory.n, 4, false);
	put_number(&z->file, start, 4, false);
	put_number(&z->file, 0, 2, false);
	drop(&z->directory);
	return z->file;
}

/* ---- pickle (protocol 2, as torch.save writes it) ---- */

static inline void pickle_text(struct bytes *b, const char *text)
{
	put_text(b, "X");
	put_number(b, strlen(text), 4, false);
	put_text(b, text);
}

static inline void pickle_int(struct bytes *b, int64_t v)
{
	put_text(b, "\x8a\x08");
	put_number(b, (uint64_t)v, 8, false);
}

static inline void pickle_ints(struct bytes *b, int n, const int64_t *v)
{
	put_text(b, "(");
	for (int i = 0; i < n; i++)
		pickle_int(b, v[i]);
	put_text(b, "t");
}

static inline void pickle_tensor(struct bytes *b, const char *storage, const char *key, int64_t n, int64_t offset,
				 int rank, const int64_t *dim, const int64_t *stride)
{
	put_text(b, "ctorch._utils\n_rebuild_tensor_v2\n((");
	pickle_text(b, "storage");
	put_text(b, "ctorch\n");
	put_text(b, storage);
	put_text(b, "\n");
	pickle_text(b, key);
	pickle_text(b, "cpu");
	pickle_int(b, n);
	put_text(b, "tQ");
	pickle_int(b, offset);
	pickle_ints(b, rank, dim);
	pickle_ints(b, rank, stride);
	put_text(b, "\x89"
		    "ccollections\nOrderedDict\n)RtR");
}

/* ---- MAT level 5 ---- */

static inline void mat_header(struct bytes *b, bool big)
{
	char text[124] = "MATLAB 5.0 MAT-file, written by a test";

	memset(text + strlen(text), ' ', 116 - strlen(text));
	put(b, text, 124);
	put_number(b, 0x0100, 2, big);
	put_text(b, big ? "MI" : "IM");
}

static inline void mat_element(struct bytes *b, uint32_t type, const void *data, size_t n, bool big)
{
	put_number(b, type, 4, big);
	put_number(b, n, 4, big);
	put(b, data, n);
	if (type != 15)
		put(b, "\0\0\0\0\0\0\0", (8 - n % 8) % 8);
}

/* A small element when it fits. */
static inline void mat_small(struct bytes *b, uint32_t type, const void *data, size_t n, bool big)
{
	char room[4] = { 0 };

	if (n > 4 || n == 0) {
		mat_element(b, type, data, n, big);
		return;
	}
	memcpy(room, data, n);
	put_number(b, (uint64_t)n << 16 | type, 4, big);
	put(b, room, 4);
}

/* An array's content; its parts are elements given by the caller. */
static inline struct bytes mat_matrix(const char *name, uint32_t flags, int rank, const int32_t *dim, bool big)
{
	struct bytes b = { 0 }, part = { 0 };

	put_number(&part, flags, 4, big);
	put_number(&part, 0, 4, big);
	mat_element(&b, 6, part.at, part.n, big);
	drop(&part);
	for (int k = 0; k < rank; k++)
		put_number(&part, (uint32_t)dim[k], 4, big);
	mat_element(&b, 5, part.at, part.n, big);
	drop(&part);
	mat_small(&b, 1, name, strlen(name), big);
	return b;
}

static inline void mat_packed(struct bytes *b, const struct bytes *matrix, bool big)
{
	struct bytes whole = { 0 };
	unsigned char room[65536];
	uLongf n = sizeof room;

	mat_element(&whole, 14, matrix->at, matrix->n, big);
	compress2(room, &n, whole.at, whole.n, 9);
	mat_element(b, 15, room, n, big);
	drop(&whole);
}

#endif
