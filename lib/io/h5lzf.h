/* h5lzf.h: HDF5 filter 32000 (LZF), which h5py writes and libhdf5 lacks. */
#ifndef SCIML_IO_H5LZF_H
#define SCIML_IO_H5LZF_H

enum { H5LZF_FILTER = 32000 };

/* Called by h5_setup. */
void h5lzf_register(void);

#endif
