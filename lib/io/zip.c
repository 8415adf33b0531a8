/* zip.c: reader of ZIP archives (PKWARE APPNOTE 4.3-4.5), as far as NumPy and PyTorch use them. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "io/bytes.h"
#include "io/zip.h"

enum {
	END_SIZE = 22,
	END64_SIZE = 56,
	LOCATOR_SIZE = 20,
	CENTRAL_SIZE = 46,
	LOCAL_SIZE = 30,
	DEFLATE_RATIO = 1032, /* no deflate stream expands further */
};

/* Offset of the end-of-central-directory record, searched backwards over the comment; -1: none. */
static int64_t find_end(const unsigned char *p, size_t n)
{
	size_t lowest = n > END_SIZE + 65535 ? n - END_SIZE - 65535 : 0;

	if (n < END_SIZE)
		return -1;
	for (size_t i = n - END_SIZE + 1; i-- > lowest;)
		if (memcmp(p + i, "PK\5\6", 4) == 0)
			return (int64_t)i;
	return -1;
}

/* ZIP64 extra field: replaces those of size, packed, header that are all ones. */
static int widen(struct zip_entry *z, const unsigned char *extra, size_t n, struct err *e)
{
	uint64_t *value[] = { &z->size, &z->packed, &z->header };

	while (n >= 4) {
		size_t id = (size_t)bytes_little(extra, 2), length = (size_t)bytes_little(extra + 2, 2);

		extra += 4;
		n -= 4;
		if (length > n)
			break;
		if (id == 1) {
			for (int k = 0; k < 3; k++) {
				if (*value[k] != UINT32_MAX)
					continue;
				if (length < 8)
					return err_set(e, ERR_FAIL, "ZIP entry %s: short ZIP64 field", z->name);
				*value[k] = bytes_little(extra, 8);
				extra += 8;
				length -= 8;
			}
			return 0;
		}
		extra += length;
		n -= length;
	}
	return 0;
}

static int read_directory(struct zip *z, uint64_t offset, uint64_t size, uint64_t n_entries, struct err *e)
{
	const unsigned char *p, *end;
	uint64_t total = 0;

	if (offset > z->n_bytes || size > z->n_bytes - offset || n_entries > size / CENTRAL_SIZE)
		return err_set(e, ERR_FAIL, "ZIP archive: its directory lies outside the file (truncated?)");
	p = z->data + offset;
	end = p + size;
	for (uint64_t i = 0; i < n_entries; i++) {
		struct zip_entry entry = { 0 };
		size_t name, extra, comment, flags;

		if ((size_t)(end - p) < CENTRAL_SIZE || memcmp(p, "PK\1\2", 4) != 0)
			return err_set(e, ERR_FAIL, "ZIP archive: entry %llu of the directory is damaged",
				       (unsigned long long)i);
		flags = (size_t)bytes_little(p + 8, 2);
		entry.method = (int)bytes_little(p + 10, 2);
		entry.crc = (uint32_t)bytes_little(p + 16, 4);
		entry.packed = bytes_little(p + 20, 4);
		entry.size = bytes_little(p + 24, 4);
		entry.header = bytes_little(p + 42, 4);
		name = (size_t)bytes_little(p + 28, 2);
		extra = (size_t)bytes_little(p + 30, 2);
		comment = (size_t)bytes_little(p + 32, 2);
		if (name + extra + comment > (size_t)(end - p) - CENTRAL_SIZE)
			return err_set(e, ERR_FAIL, "ZIP archive: entry %llu of the directory is damaged",
				       (unsigned long long)i);
		entry.name = xstrndup((const char *)p + CENTRAL_SIZE, name);
		MEM_GROW(z->entry, z->n, z->capacity);
		z->entry[z->n++] = entry;
		if (flags & 1)
			return err_set(e, ERR_FAIL, "ZIP entry %s is encrypted", entry.name);
		if (widen(&z->entry[z->n - 1], p + CENTRAL_SIZE + name, extra, e) != 0)
			return -1;
		/* Entries that overlap are how a small archive unpacks to petabytes. */
		if (z->entry[z->n - 1].packed > z->n_bytes - total)
			return err_set(e, ERR_FAIL, "ZIP entry %s: the entries are longer than the file", entry.name);
		total += z->entry[z->n - 1].packed;
		p += CENTRAL_SIZE + name + extra + comment;
	}
	return 0;
}

int zip_open(struct zip *z, const void *data, size_t n_bytes, struct err *e)
{
	int64_t end = find_end(data, n_bytes);
	const unsigned char *p;
	uint64_t n, size, offset;

	*z = (struct zip){ .data = data, .n_bytes = n_bytes };
	if (end < 0)
		return err_set(e, ERR_FAIL, "ZIP archive without an end record: the file is truncated");
	p = z->data + end;
	n = bytes_little(p + 10, 2);
	size = bytes_little(p + 12, 4);
	offset = bytes_little(p + 16, 4);
	if ((n == UINT16_MAX || size == UINT32_MAX || offset == UINT32_MAX) && end >= LOCATOR_SIZE &&
	    memcmp(p - LOCATOR_SIZE, "PK\6\7", 4) == 0) {
		uint64_t at = bytes_little(p - LOCATOR_SIZE + 8, 8);

		if (at > n_bytes || n_bytes - at < END64_SIZE || memcmp(z->data + at, "PK\6\6", 4) != 0)
			return err_set(e, ERR_FAIL, "ZIP archive: its ZIP64 end record is damaged");
		p = z->data + at;
		n = bytes_little(p + 32, 8);
		size = bytes_little(p + 40, 8);
		offset = bytes_little(p + 48, 8);
	}
	if (read_directory(z, offset, size, n, e) != 0) {
		zip_close(z);
		return -1;
	}
	return 0;
}

void zip_close(struct zip *z)
{
	for (int i = 0; i < z->n; i++)
		free(z->entry[i].name);
	free(z->entry);
	*z = (struct zip){ 0 };
}

int zip_find(const struct zip *z, const char *name)
{
	for (int i = 0; i < z->n; i++)
		if (strcmp(z->entry[i].name, name) == 0)
			return i;
	return -1;
}

static int inflate_entry(const struct zip_entry *z, const unsigned char *packed, void **out, struct err *e)
{
	z_stream stream = { 0 };
	uint64_t in_left = z->packed, out_left = z->size;
	unsigned char *to;
	int status = Z_OK;

	if (z->size / DEFLATE_RATIO > z->packed + 16)
		return err_set(e, ERR_FAIL, "ZIP entry %s: %llu bytes cannot come out of %llu", z->name,
			       (unsigned long long)z->size, (unsigned long long)z->packed);
	to = mem_new((int64_t)z->size + 1, 1, z->name, e);
	if (!to)
		return -1;
	*out = to;
	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		return err_set(e, ERR_FAIL, "ZIP entry %s: zlib does not start", z->name);
	stream.next_in = (unsigned char *)(uintptr_t)packed;
	stream.next_out = to;
	/* zlib counts in 32 bits; entries may be larger. */
	while (status == Z_OK) {
		uInt in = in_left > 1u << 30 ? 1u << 30 : (uInt)in_left;
		uInt room = out_left > 1u << 30 ? 1u << 30 : (uInt)out_left;

		stream.avail_in = in;
		stream.avail_out = room;
		status = inflate(&stream, Z_NO_FLUSH);
		in_left -= in - stream.avail_in;
		out_left -= room - stream.avail_out;
		if (status == Z_OK && in == stream.avail_in && room == stream.avail_out)
			status = Z_BUF_ERROR;
	}
	inflateEnd(&stream);
	/* An entry of length 0 may end before zlib has seen room for output. */
	if (status != Z_STREAM_END || out_left != 0)
		return err_set(e, ERR_FAIL, "ZIP entry %s: the compressed data are damaged", z->name);
	return 0;
}

int zip_content(const struct zip *z, int i, const unsigned char **data, size_t *n, void **owned, struct err *e)
{
	const struct zip_entry *entry = &z->entry[i];
	const unsigned char *p;
	uint64_t start;
	uLong crc;

	*owned = NULL;
	if (entry->header > z->n_bytes || z->n_bytes - entry->header < LOCAL_SIZE)
		return err_set(e, ERR_FAIL, "ZIP entry %s lies outside the file (truncated?)", entry->name);
	p = z->data + entry->header;
	if (memcmp(p, "PK\3\4", 4) != 0)
		return err_set(e, ERR_FAIL, "ZIP entry %s: its local header is damaged", entry->name);
	start = entry->header + LOCAL_SIZE + bytes_little(p + 26, 2) + bytes_little(p + 28, 2);
	if (start > z->n_bytes || entry->packed > z->n_bytes - start)
		return err_set(e, ERR_FAIL, "ZIP entry %s lies outside the file (truncated?)", entry->name);
	*data = z->data + start;
	if (entry->method == 8) {
		if (inflate_entry(entry, *data, owned, e) != 0)
			goto fail;
		*data = *owned;
	} else if (entry->method != 0) {
		return err_set(e, ERR_FAIL, "ZIP entry %s: compression method %d is not deflate", entry->name,
			       entry->method);
	} else if (entry->size != entry->packed) {
		return err_set(e, ERR_FAIL, "ZIP entry %s: stored, but with two different lengths", entry->name);
	}
	*n = (size_t)entry->size;
	crc = crc32_z(crc32(0, Z_NULL, 0), *data, *n);
	if (crc != entry->crc) {
		err_set(e, ERR_FAIL, "ZIP entry %s: the checksum does not agree, the file is damaged", entry->name);
		goto fail;
	}
	return 0;
fail:
	free(*owned);
	*owned = NULL;
	return -1;
}
