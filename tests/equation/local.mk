# tests of lib/equation
check_PROGRAMS += tests/equation/test_parse tests/equation/test_rules
TESTS += tests/equation/test_parse tests/equation/test_rules
tests_equation_test_parse_SOURCES = tests/equation/test_parse.c
tests_equation_test_parse_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_equation_test_parse_LDADD = $(LDADD) $(CHECK_LIBS)
tests_equation_test_rules_SOURCES = tests/equation/test_rules.c
tests_equation_test_rules_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_equation_test_rules_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/equation/test_program
TESTS += tests/equation/test_program
tests_equation_test_program_SOURCES = tests/equation/test_program.c tests/op/evaluate.c tests/op/evaluate.h
tests_equation_test_program_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
tests_equation_test_program_LDADD = $(LDADD) $(CHECK_LIBS)
