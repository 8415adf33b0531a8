# tests of metrics and plots
check_PROGRAMS += tests/kinds/test_metrics tests/kinds/test_metric_definitions tests/kinds/test_plot
tests_kinds_test_metrics_SOURCES = tests/kinds/test_metrics.c tests/kinds/pairs.c tests/kinds/pairs.h
tests_kinds_test_metrics_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_metrics_LDADD = $(LDADD) $(CHECK_LIBS)
tests_kinds_test_metric_definitions_SOURCES = tests/kinds/test_metric_definitions.c tests/kinds/pairs.c tests/kinds/pairs.h
tests_kinds_test_metric_definitions_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_metric_definitions_LDADD = $(LDADD) $(CHECK_LIBS)
tests_kinds_test_plot_SOURCES = tests/kinds/test_plot.c
tests_kinds_test_plot_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_plot_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_metrics tests/kinds/test_metric_definitions tests/kinds/test_plot
