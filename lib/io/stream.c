/* stream.c: HDF5 images that follow one another on standard input, and lists of files, one set at a time. The
 * superblock says where an image ends (HDF5 File Format Specification, II.A). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/dataset_run.h"
#include "io/image.h"
#include "io/select.h"

enum { SUPERBLOCK = 64, STEP = 32 << 20 };

static ssize_t read_full(int fd, unsigned char *into, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t k = read(fd, into + got, n - got);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		if (k == 0)
			break;
		got += (size_t)k;
	}
	return (ssize_t)got;
}

static uint64_t little_endian(const unsigned char *at, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = n; i-- > 0;)
		v = v << 8 | at[i];
	return v;
}

/* End-of-file address of the image that starts with these SUPERBLOCK bytes, 0 if it is no superblock we understand. */
static uint64_t image_size(const unsigned char *head)
{
	unsigned version = head[8], width = version < 2 ? head[13] : head[9];
	unsigned base = version == 0 ? 24 : version == 1 ? 28 : 12;

	if (version > 3 || (width != 2 && width != 4 && width != 8))
		return 0;
	if (little_endian(head + base, width) != 0)
		return 0;
	return little_endian(head + base + 2 * width, width);
}

int image_read(int fd, int64_t number, unsigned char **image, size_t *size, struct err *e)
{
	unsigned char head[SUPERBLOCK], *all = NULL;
	ssize_t got = read_full(fd, head, sizeof head);
	uint64_t total;
	size_t have, room = 0;

	*image = NULL;
	if (got < 0)
		return err_errno(e, "standard input");
	if (got == 0 && number == 0)
		return err_set(e, ERR_FAIL, "standard input is empty: did the command before the pipe fail?");
	if (got == 0)
		return 0;
	if (got < 8 || memcmp(head, "\211HDF\r\n\032\n", 8) != 0)
		return number == 0 ? err_set(e, ERR_FAIL, "standard input is not HDF5")
				   : err_set(e, ERR_FAIL, "standard input: what follows image %lld is not HDF5",
					     (long long)number);
	if (got < SUPERBLOCK)
		return err_set(e, ERR_FAIL, "standard input: image %lld is cut off in its header (%lld bytes)",
			       (long long)number + 1, (long long)got);
	total = image_size(head);
	if (total < SUPERBLOCK || total > (uint64_t)INT64_MAX / 2)
		return err_set(e, ERR_FAIL, "standard input: image %lld has a damaged header", (long long)number + 1);
	/* Memory grows with what really arrives: a damaged header must not take the machine down. */
	for (have = 0; have < total;) {
		size_t want;
		ssize_t k;

		if (have == room) {
			unsigned char *more;

			room = room < STEP ? STEP : 2 * room;
			if (room > total)
				room = (size_t)total;
			more = realloc(all, room);
			if (!more) {
				free(all);
				return err_set(e, ERR_FAIL, "standard input: image %lld of %llu bytes: out of memory",
					       (long long)number + 1, (unsigned long long)total);
			}
			all = more;
		}
		if (have == 0) {
			memcpy(all, head, sizeof head);
			have = sizeof head;
			continue;
		}
		want = room - have;
		k = read_full(fd, all + have, want);
		if (k < 0) {
			free(all);
			return err_errno(e, "standard input");
		}
		have += (size_t)k;
		if ((size_t)k < want) {
			free(all);
			return err_set(e, ERR_FAIL, "standard input: image %lld is cut off: %llu of %llu bytes",
				       (long long)number + 1, (unsigned long long)have, (unsigned long long)total);
		}
	}
	*image = all;
	*size = have;
	return 1;
}

struct stream {
	int n, next; /* specs */
	char **path, **selection;
	char *force_layout;
	int64_t images; /* read from standard input */
};

int stream_open(struct stream **out, int n, const char *const *spec, const char *force_layout, struct err *e)
{
	struct stream *s = xcalloc(1, sizeof *s);
	bool input = false;

	*out = NULL;
	s->n = n;
	s->path = xcalloc((size_t)n + 1, sizeof *s->path);
	s->selection = xcalloc((size_t)n + 1, sizeof *s->selection);
	s->force_layout = force_layout ? xstrdup(force_layout) : NULL;
	for (int i = 0; i < n; i++) {
		select_split_spec(spec[i], &s->path[i], &s->selection[i]);
		if (strcmp(s->path[i], "-") != 0)
			continue;
		if (input) {
			err_set(e, ERR_USAGE, "standard input can be read only once");
			goto fail;
		}
		input = true;
		if (isatty(STDIN_FILENO)) {
			err_set(e, ERR_USAGE, "refusing to read HDF5 from a terminal");
			goto fail;
		}
		if (s->selection[i] && !select_is_splits(s->selection[i])) {
			err_set(e, ERR_USAGE, "%s: only splits can be selected from a stream", spec[i]);
			goto fail;
		}
	}
	if (n < 1) {
		err_set(e, ERR_USAGE, "no data set given");
		goto fail;
	}
	*out = s;
	return 0;
fail:
	stream_close(s);
	return -1;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n; i++) {
		free(s->path[i]);
		free(s->selection[i]);
	}
	free(s->path);
	free(s->selection);
	free(s->force_layout);
	free(s);
}

/* The next image of standard input: 1, 0 at its end, -1. */
static int next_image(struct stream *s, struct dataset **d, struct err *e)
{
	unsigned char *image;
	struct store *store;
	char name[64];
	size_t size;
	int rc = image_read(STDIN_FILENO, s->images, &image, &size, e);

	if (rc <= 0)
		return rc;
	snprintf(name, sizeof name, "standard input, image %lld", (long long)++s->images);
	rc = store_open_image(&store, image, size, name, s->force_layout, e);
	free(image);
	if (rc != 0)
		return -1;
	*d = dataset_of_store(store);
	store_release(store);
	return 1;
}

int stream_next(struct stream *s, struct dataset **d, struct err *e)
{
	*d = NULL;
	while (s->next < s->n) {
		const char *selection = s->selection[s->next];
		bool input = strcmp(s->path[s->next], "-") == 0;
		struct dataset *whole;
		int rc;

		if (input) {
			rc = next_image(s, &whole, e);
		} else {
			struct store *store;

			rc = store_open(&store, s->path[s->next], s->force_layout, e) == 0 ? 1 : -1;
			if (rc > 0) {
				whole = dataset_of_store(store);
				store_release(store);
			}
		}
		if (rc < 0)
			return -1;
		if (rc == 0 || !input)
			s->next++;
		if (rc == 0)
			continue;
		if (!selection) {
			*d = whole;
			return 1;
		}
		rc = dataset_select(d, whole, selection, e);
		dataset_close(whole);
		return rc == 0 ? 1 : -1;
	}
	return 0;
}
