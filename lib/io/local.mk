# *_members: files that export a layout_file_NAME list; the kind's table is generated from this list.
layout_members =
io_sources = $(layout_members) lib/io/checkpoint.h lib/io/dataset.h lib/io/h5out.h lib/io/layout.h lib/io/output.h \
	lib/io/h5read.h lib/io/h5read.c lib/io/h5attr.c lib/io/h5error.c lib/io/h5lzf.h lib/io/h5lzf.c \
	lib/io/layout_describe.c
