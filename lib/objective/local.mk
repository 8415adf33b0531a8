# *_members: files that export a objective_file_NAME list; the kind's table is generated from this list.
objective_members = \
	lib/objective/relative.c \
	lib/objective/mse.c
objective_sources = $(objective_members) lib/objective/objective.h
