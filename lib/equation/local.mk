equation_sources = lib/equation/derive.c lib/equation/expr.c lib/equation/expr.h lib/equation/lower.c lib/equation/parse.c \
	lib/equation/print.c lib/equation/program.c lib/equation/program.h lib/equation/reader.c lib/equation/reader.h lib/equation/split.c lib/equation/system.c lib/equation/system.h \
	lib/equation/evolve.h lib/equation/evolve_inside.h lib/equation/evolve.c lib/equation/evolve_tree.c lib/equation/evolve_fit.c
