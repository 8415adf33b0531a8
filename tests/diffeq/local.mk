# tests of lib/diffeq
check_PROGRAMS += tests/diffeq/test_flow
TESTS += tests/diffeq/test_flow
tests_diffeq_test_flow_SOURCES = tests/diffeq/test_flow.c
tests_diffeq_test_flow_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_diffeq_test_flow_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/diffeq/test_equilibrium
TESTS += tests/diffeq/test_equilibrium
tests_diffeq_test_equilibrium_SOURCES = tests/diffeq/test_equilibrium.c
tests_diffeq_test_equilibrium_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_diffeq_test_equilibrium_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/diffeq/test_implicit
TESTS += tests/diffeq/test_implicit
tests_diffeq_test_implicit_SOURCES = tests/diffeq/test_implicit.c
tests_diffeq_test_implicit_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_diffeq_test_implicit_LDADD = $(LDADD) $(CHECK_LIBS)
