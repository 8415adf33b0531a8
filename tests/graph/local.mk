# tests of lib/graph
check_PROGRAMS += tests/graph/test_graph
tests_graph_test_graph_SOURCES = tests/graph/test_graph.c tests/graph/ops.c tests/graph/ops.h
tests_graph_test_graph_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_graph_test_graph_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/graph/test_graph
check_PROGRAMS += tests/graph/test_plan
tests_graph_test_plan_SOURCES = tests/graph/naive.c tests/graph/naive.h tests/graph/ops.c tests/graph/ops.h tests/graph/test_plan.c
tests_graph_test_plan_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_graph_test_plan_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/graph/test_plan
check_PROGRAMS += tests/graph/test_peak
tests_graph_test_peak_SOURCES = tests/graph/ops.c tests/graph/ops.h tests/graph/test_peak.c
tests_graph_test_peak_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_graph_test_peak_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/graph/test_peak
