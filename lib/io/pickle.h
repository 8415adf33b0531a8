/* pickle.h: the subset of Python's pickle format (protocols 0 to 5) that PyTorch's containers of tensors use. A pickle
 * can ask for any Python function to be called; here nothing is called: the few globals of plain tensors are
 * understood, every other one is refused by name. */
#ifndef SCIML_IO_PICKLE_H
#define SCIML_IO_PICKLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "io/array.h"

enum pickle_kind {
	PICKLE_NONE,
	PICKLE_BOOL,
	PICKLE_INT,
	PICKLE_FLOAT,
	PICKLE_TEXT,
	PICKLE_BYTES,
	PICKLE_TUPLE,
	PICKLE_LIST,
	PICKLE_DICT, /* also OrderedDict; item[2k] key, item[2k+1] value */
	PICKLE_GLOBAL,
	PICKLE_STORAGE,
	PICKLE_TENSOR
};

/* A value; all of it lies in the arena. Values may be shared (a graph without promises: a list may even hold
 * itself). */
struct pickle {
	enum pickle_kind kind;
	int64_t integer;  /* BOOL, INT; STORAGE: elements */
	double real;	  /* FLOAT */
	const char *text; /* TEXT, BYTES; GLOBAL: "module.name"; STORAGE: its key */
	size_t n_text;
	struct pickle **item; /* TUPLE, LIST, DICT */
	int64_t n_items, capacity;
	/* STORAGE, TENSOR */
	enum array_type type;
	bool complex;
	/* TENSOR */
	struct pickle *storage;
	int64_t offset;
	int rank;
	int64_t dim[ARRAY_RANK_MAX], stride[ARRAY_RANK_MAX];
};

/* The value of the pickle in data; NULL with a message. */
struct pickle *pickle_parse(struct arena *a, const void *data, size_t n_bytes, struct err *e);

#endif
