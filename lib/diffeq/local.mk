diffeq_sources = lib/diffeq/term.h lib/diffeq/term.c
