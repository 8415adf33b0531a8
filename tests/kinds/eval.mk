# tests of metrics and plots
check_PROGRAMS += tests/kinds/test_metrics tests/kinds/test_plot
tests_kinds_test_metrics_SOURCES = tests/kinds/test_metrics.c
tests_kinds_test_metrics_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_metrics_LDADD = $(LDADD) $(CHECK_LIBS)
tests_kinds_test_plot_SOURCES = tests/kinds/test_plot.c
tests_kinds_test_plot_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_plot_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_metrics tests/kinds/test_plot
