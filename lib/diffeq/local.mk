diffeq_sources = \
	lib/diffeq/equilibrium.c \
	lib/diffeq/equilibrium.h \
	lib/diffeq/flow.c \
	lib/diffeq/flow.h \
	lib/diffeq/flow_back.c \
	lib/diffeq/flow_backsolve.c \
	lib/diffeq/flow_build.c \
	lib/diffeq/flow_event.c \
	lib/diffeq/flow_inside.h \
	lib/diffeq/flow_keep.c \
	lib/diffeq/flow_newton.c \
	lib/diffeq/flow_run.c \
	lib/diffeq/flow_tangent.c \
	lib/diffeq/term.c \
	lib/diffeq/term.h \
	lib/diffeq/term_implicit.c \
	lib/diffeq/term_inside.h
