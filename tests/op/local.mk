# tests of lib/op
check_PROGRAMS += tests/op/test_op_table
tests_op_test_op_table_SOURCES = tests/op/test_op_table.c
tests_op_test_op_table_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_table_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_table

check_PROGRAMS += tests/op/test_op_linmap
tests_op_test_op_linmap_SOURCES = tests/op/test_op_linmap.c tests/op/evaluate.c tests/op/evaluate.h
tests_op_test_op_linmap_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_linmap_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_linmap
