graph_sources = lib/graph/core.h lib/graph/graph.h lib/graph/op_class.h lib/graph/plan.h
