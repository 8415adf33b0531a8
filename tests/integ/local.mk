# tests of lib/integ
check_PROGRAMS += tests/integ/test_tableaus tests/integ/test_schemes
TESTS += tests/integ/test_tableaus tests/integ/test_schemes
tests_integ_test_tableaus_SOURCES = tests/integ/test_tableaus.c
tests_integ_test_tableaus_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_integ_test_tableaus_LDADD = $(LDADD) $(CHECK_LIBS)
tests_integ_test_schemes_SOURCES = tests/integ/test_schemes.c
tests_integ_test_schemes_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_integ_test_schemes_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/integ/test_step
TESTS += tests/integ/test_step
tests_integ_test_step_SOURCES = tests/integ/test_step.c
tests_integ_test_step_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_integ_test_step_LDADD = $(LDADD) $(CHECK_LIBS)
