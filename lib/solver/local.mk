# *_members: files that export a solver_file_NAME list; the kind's table is generated from this list.
solver_members = \
	lib/solver/autoregressive.c
solver_sources = $(solver_members) lib/solver/solver.h
