# *_members: files that export a layout_file_NAME list; the kind's table is generated from this list.
layout_members = $(layout_members_own) $(layout_members_foreign)
io_sources = $(layout_members) $(io_sources_own) $(io_sources_foreign)

layout_members_own = lib/io/layout_native.c lib/io/layout_plain.c
io_sources_own = lib/io/checkpoint.h lib/io/dataset.h lib/io/h5out.h lib/io/layout.h lib/io/output.h \
	lib/io/h5read.h lib/io/h5read.c lib/io/h5attr.c lib/io/h5error.c lib/io/h5lzf.h lib/io/h5lzf.c \
	lib/io/layout_describe.c lib/io/select.h lib/io/select.c lib/io/store.h lib/io/store.c \
	lib/io/dataset_run.h lib/io/dataset.c lib/io/dataset_read.c lib/io/image.h lib/io/stream.c \
	lib/io/output.c lib/io/h5write.h lib/io/h5write.c \
	lib/io/h5set.h lib/io/h5set.c lib/io/h5sum.h lib/io/h5sum.c lib/io/h5statistics.c lib/io/h5out.c lib/io/h5part.c lib/io/checkpoint.c

# foreign layouts, and the containers that several of them share
layout_members_foreign = lib/io/layout_well.c lib/io/layout_pdebench.c lib/io/layout_pdebench_groups.c \
	lib/io/layout_pdebench_incom.c lib/io/layout_mat73.c lib/io/layout_poseidon.c lib/io/layout_numpy.c \
	lib/io/layout_torch.c lib/io/layout_mat5.c lib/io/layout_idx.c lib/io/layout_csv.c lib/io/layout_refuse.c
io_sources_foreign = lib/io/array.c lib/io/array.h lib/io/array_source.c lib/io/array_source.h lib/io/bytes.h \
	lib/io/gz.h lib/io/gz.c lib/io/h5make.c lib/io/h5make.h lib/io/h5source.c lib/io/h5source.h lib/io/mat5.c lib/io/mat5.h lib/io/npy.c \
	lib/io/npy.h lib/io/pdebench.h lib/io/pdebench_write.c lib/io/pickle.c lib/io/pickle.h lib/io/variables.c \
	lib/io/variables.h lib/io/well.h lib/io/well_write.c lib/io/zip.c lib/io/zip.h
