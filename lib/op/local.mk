# *_members: files that export a op_file_NAME list; the kind's table is generated from this list.
op_members =
op_sources = $(op_members) lib/op/op.h 
