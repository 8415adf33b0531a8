/* h5sum.h: a checksum with every object of a native file, as its text attribute `checksum`. An object's sum vouches for
 * its attributes and its values, a group's for the names and sums of its members besides: the root's for the whole
 * file. Values that change while NAME.part grows are left out: those below /data, /crc and /sample, for which /crc
 * vouches sample by sample, and those of /meta/statistics, which samples decide. sciml-data(5) says what is summed. */
#ifndef SCIML_IO_H5SUM_H
#define SCIML_IO_H5SUM_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

extern const char h5sum_attribute[]; /* its name */

/* Sums for every object of an open file; file: a name for messages. */
int h5sum_write(hid_t at, const char *file, struct err *e);
/* -1: ERR_FAIL "FILE: OBJECT is damaged ...", the innermost object that does not fit. */
int h5sum_verify(hid_t at, const char *file, struct err *e);
/* CRC-32 of the numbers that each of count samples has below /sample: float64, little endian, in the order of their
 * names. */
int h5sum_numbers(hid_t at, const char *file, int64_t first, int64_t count, uint32_t *sum, struct err *e);
/* Has the file sums at all? Files of format version 1 have none. */
bool h5sum_has(hid_t at);

#endif
