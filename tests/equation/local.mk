# tests of lib/equation
check_PROGRAMS += tests/equation/test_parse tests/equation/test_rules
TESTS += tests/equation/test_parse tests/equation/test_rules
tests_equation_test_parse_SOURCES = tests/equation/test_parse.c
tests_equation_test_parse_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_equation_test_parse_LDADD = $(LDADD) $(CHECK_LIBS)
tests_equation_test_rules_SOURCES = tests/equation/test_rules.c
tests_equation_test_rules_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_equation_test_rules_LDADD = $(LDADD) $(CHECK_LIBS)
