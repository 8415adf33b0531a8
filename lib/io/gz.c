/* gz.c: files through zlib, which passes plain ones on as they are. */
#include "io/gz.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

int gz_read(const char *path, unsigned char **data, size_t *n, struct err *e)
{
	enum { PIECE = 1 << 20 };
	gzFile f = gzopen(path, "rb");
	size_t room = 0;
	int got, code;

	*data = NULL;
	*n = 0;
	if (!f)
		return err_errno(e, "%s", path);
	do {
		if (room - *n < PIECE + 1) {
			room = 2 * room + PIECE + 1;
			*data = xrealloc(*data, room);
		}
		got = gzread(f, *data + *n, PIECE);
		*n += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	const char *why = gzerror(f, &code);
	if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
		err_set(e, ERR_FAIL, "%s: %s", path, code == Z_BUF_ERROR ? "the compressed data end too early" : why);
		gzclose(f);
		free(*data);
		*data = NULL;
		return -1;
	}
	gzclose(f);
	(*data)[*n] = 0;
	return 0;
}

bool gz_peek(const unsigned char *head, size_t n_head, size_t n, unsigned char *out)
{
	z_stream z = { 0 };
	bool all;

	if (n_head < 2 || head[0] != 0x1f || head[1] != 0x8b) {
		if (n_head < n)
			return false;
		memcpy(out, head, n);
		return true;
	}
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return false;
	z.next_in = (unsigned char *)head;
	z.avail_in = (uInt)n_head;
	z.next_out = out;
	z.avail_out = (uInt)n;
	inflate(&z, Z_SYNC_FLUSH);
	all = z.avail_out == 0;
	inflateEnd(&z);
	return all;
}
