# tests of the six kinds
check_PROGRAMS += tests/kinds/test_problems tests/kinds/test_samplers
TESTS += tests/kinds/test_problems tests/kinds/test_samplers
tests_kinds_test_problems_SOURCES = tests/kinds/test_problems.c tests/kinds/fixture.c tests/kinds/fixture.h
tests_kinds_test_problems_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_problems_LDADD = $(LDADD) $(CHECK_LIBS)
tests_kinds_test_samplers_SOURCES = tests/kinds/test_samplers.c tests/kinds/fixture.c tests/kinds/fixture.h
tests_kinds_test_samplers_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_samplers_LDADD = $(LDADD) $(CHECK_LIBS)
