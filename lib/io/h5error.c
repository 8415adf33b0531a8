/* h5error.c: HDF5 as we want it (silent, no cleaning at exit, no files pulled in from elsewhere) and its errors in our
 * words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/h5lzf.h"
#include "io/h5read.h"
#include "io/output.h"

void h5_setup(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	/* After a full disk HDF5 would try to write its cache again at exit, and complain on standard error. */
	H5dont_atexit();
	H5open();
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	H5Lunregister(H5L_TYPE_EXTERNAL); /* a file from elsewhere must not make us open others */
	h5lzf_register();
}

hid_t h5_access(void)
{
	h5_setup();
	hid_t list = H5Pcreate(H5P_FILE_ACCESS);

#if H5_VERSION_GE(1, 10, 7)
	/* Outputs have locks of their own, and HDF5's fail on some network file systems. */
	H5Pset_file_locking(list, false, true);
#endif
	H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
	return list;
}

hid_t h5_memory_type(enum dtype t)
{
	return t == DTYPE_F32 ? H5T_NATIVE_FLOAT : t == DTYPE_F64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT32;
}

hid_t h5_file_type(enum dtype t)
{
	return t == DTYPE_F32 ? H5T_IEEE_F32LE : t == DTYPE_F64 ? H5T_IEEE_F64LE : H5T_STD_I32LE;
}

struct innermost {
	char text[512], filter[200];
	int number; /* errno, 0 unknown */
};

static herr_t keep_innermost(unsigned n, const H5E_error2_t *record, void *into)
{
	struct innermost *in = into;
	const char *text = record->desc ? record->desc : "";
	const char *number = strstr(text, "errno = ");

	if (n == 0)
		snprintf(in->text, sizeof in->text, "%s", text);
	if (!in->number && number)
		in->number = atoi(number + strlen("errno = "));
	if (!in->filter[0] && strstr(text, "filter") && strstr(text, "is not registered"))
		snprintf(in->filter, sizeof in->filter, "%s", text);
	return 0;
}

int h5_error(struct err *e, const char *path, const char *object)
{
	struct innermost in = { 0 };
	unsigned long long eof, stored;
	char where[600];
	const char *truncated;

	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &in);
	if (object && *object)
		snprintf(where, sizeof where, "%.380s: %.200s", path, object);
	else
		snprintf(where, sizeof where, "%.580s", path);
	if (in.number) {
		errno = in.number;
		return err_errno(e, "%s", where);
	}
	if (in.filter[0])
		return err_set(e, ERR_FAIL, "%s: %s (install the HDF5 plugin package that brings it)", where,
			       in.filter);
	truncated = strstr(in.text, "truncated file: eof = ");
	if (truncated && sscanf(truncated, "truncated file: eof = %llu, sblock->base_addr = %*u, stored_eof = %llu",
				&eof, &stored) == 2)
		return err_set(e, ERR_FAIL, "%s: truncated: %llu of %llu bytes", where, eof, stored);
	return err_set(e, ERR_FAIL, "%s: HDF5: %s", where, in.text[0] ? in.text : "unknown error");
}
