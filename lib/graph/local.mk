graph_sources = lib/graph/cluster.c lib/graph/compile.h lib/graph/core.c lib/graph/core.h lib/graph/derive.c lib/graph/expand.c \
	lib/graph/fuse.c lib/graph/graph.c lib/graph/graph.h lib/graph/internal.h lib/graph/memory.c lib/graph/op_class.h \
	lib/graph/peak.c lib/graph/places.c lib/graph/plan.c lib/graph/plan.h lib/graph/recompute.c lib/graph/run.c \
	lib/graph/run.h lib/graph/simplify.c lib/graph/stage.c lib/graph/step.c lib/graph/step.h lib/graph/sum.c \
	lib/graph/sum.h
