# *_members: files that export a optim_file_NAME list; the kind's table is generated from this list.
optim_members = \
	lib/optim/first_order.c \
	lib/optim/lbfgs.c \
	lib/optim/scaled.c \
	lib/optim/self_scaled.c
optim_sources = $(optim_members) lib/optim/optim.h lib/optim/chunk.h lib/optim/flat.h lib/optim/flat.c lib/optim/optim.c lib/optim/schedule.c
