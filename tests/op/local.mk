# tests of lib/op
check_PROGRAMS += tests/op/test_op_table
tests_op_test_op_table_SOURCES = tests/op/test_op_table.c
tests_op_test_op_table_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_table_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_table
