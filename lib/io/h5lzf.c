/* h5lzf.c: the LZF filter over liblzf. Client data of a stored data set: revision of the filter, version of liblzf,
 * bytes of an uncompressed chunk. A chunk that does not shrink is stored plain (the filter is optional). */
#include <errno.h>
#include <hdf5.h>
#include <stdint.h>

#include <lzf.h>

#include "io/h5lzf.h"

enum { FILTER_REVISION = 4, CHUNK_MAX = 1 << 30 };

/* The chunk's size is known only when the data set is created: keep it with the filter. */
static herr_t set_local(hid_t create, hid_t type, hid_t space)
{
	unsigned flags, values[8] = { 0 };
	size_t n = 8;
	hsize_t chunk[H5S_MAX_RANK], bytes = H5Tget_size(type);
	int rank;

	(void)space;
	if (H5Pget_filter_by_id2(create, H5LZF_FILTER, &flags, &n, values, 0, NULL, NULL) < 0)
		return -1;
	rank = H5Pget_chunk(create, H5S_MAX_RANK, chunk);
	if (rank < 0)
		return -1;
	for (int k = 0; k < rank; k++)
		bytes *= chunk[k];
	if (bytes > UINT32_MAX)
		return -1;
	values[0] = FILTER_REVISION;
	values[1] = LZF_VERSION;
	values[2] = (unsigned)bytes;
	return H5Pmodify_filter(create, H5LZF_FILTER, flags, n > 3 ? n : 3, values);
}

static size_t expand(size_t n_in, const void *in, size_t guess, void **out, size_t *capacity)
{
	for (size_t room = guess ? guess : 4 * n_in; room && room <= CHUNK_MAX; room *= 2) {
		void *fresh = H5allocate_memory(room, false);
		unsigned n;

		if (!fresh)
			return 0;
		errno = 0;
		n = lzf_decompress(in, (unsigned)n_in, fresh, (unsigned)room);
		if (n) {
			*out = fresh;
			*capacity = room;
			return n;
		}
		H5free_memory(fresh);
		if (errno != E2BIG)
			return 0;
	}
	return 0;
}

static size_t filter(unsigned flags, size_t n_values, const unsigned values[], size_t n, size_t *capacity,
		     void **buffer)
{
	void *fresh = NULL;
	size_t room = 0, n_out;

	if (n == 0 || n > CHUNK_MAX)
		return 0;
	if (flags & H5Z_FLAG_REVERSE) {
		n_out = expand(n, *buffer, n_values >= 3 ? values[2] : 0, &fresh, &room);
	} else {
		room = n;
		fresh = H5allocate_memory(room, false);
		n_out = fresh ? lzf_compress(*buffer, (unsigned)n, fresh, (unsigned)room) : 0;
	}
	if (!n_out) {
		if (!(flags & H5Z_FLAG_REVERSE))
			H5free_memory(fresh);
		return 0;
	}
	H5free_memory(*buffer);
	*buffer = fresh;
	*capacity = room;
	return n_out;
}

void h5lzf_register(void)
{
	static const H5Z_class2_t class = {
		.version = H5Z_CLASS_T_VERS,
		.id = H5LZF_FILTER,
		.encoder_present = 1,
		.decoder_present = 1,
		.name = "lzf",
		.set_local = set_local,
		.filter = filter,
	};

	H5Zregister(&class);
}
