# *_members: files that export a optim_file_NAME list; the kind's table is generated from this list.
optim_members =
optim_sources = $(optim_members)  lib/optim/optim.h
