diffeq_sources = \
	lib/diffeq/flow.c \
	lib/diffeq/flow.h \
	lib/diffeq/flow_back.c \
	lib/diffeq/flow_backsolve.c \
	lib/diffeq/flow_build.c \
	lib/diffeq/flow_inside.h \
	lib/diffeq/flow_keep.c \
	lib/diffeq/flow_run.c \
	lib/diffeq/term.c \
	lib/diffeq/term.h
