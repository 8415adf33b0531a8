# tests of lib/op
check_PROGRAMS += tests/op/test_op_table
tests_op_test_op_table_SOURCES = tests/op/test_op_table.c tests/op/table.c tests/op/table.h
tests_op_test_op_table_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_table_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_table

check_PROGRAMS += tests/op/test_op_linmap
tests_op_test_op_linmap_SOURCES = tests/op/test_op_linmap.c tests/op/evaluate.c tests/op/evaluate.h
tests_op_test_op_linmap_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_linmap_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_linmap

check_PROGRAMS += tests/op/test_op_fft
tests_op_test_op_fft_SOURCES = tests/op/test_op_fft.c tests/op/evaluate.c tests/op/evaluate.h
tests_op_test_op_fft_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_fft_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_fft

check_PROGRAMS += tests/op/test_op_conv
tests_op_test_op_conv_SOURCES = tests/op/test_op_conv.c tests/op/evaluate.c tests/op/evaluate.h
tests_op_test_op_conv_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_conv_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_conv

check_PROGRAMS += tests/op/test_op_linalg
tests_op_test_op_linalg_SOURCES = tests/op/test_op_linalg.c tests/op/evaluate.c tests/op/evaluate.h
tests_op_test_op_linalg_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_linalg_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_linalg

check_PROGRAMS += tests/op/test_op_contract
tests_op_test_op_contract_SOURCES = tests/op/test_op_contract.c tests/op/value.c tests/op/value.h
tests_op_test_op_contract_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_contract_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_contract

check_PROGRAMS += tests/op/test_op_values
tests_op_test_op_values_SOURCES = tests/op/test_op_values.c tests/op/value.c tests/op/value.h
tests_op_test_op_values_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_values_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_values

check_PROGRAMS += tests/op/test_op_elementwise
tests_op_test_op_elementwise_SOURCES = tests/op/test_op_elementwise.c tests/op/value.c tests/op/value.h
tests_op_test_op_elementwise_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_elementwise_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_elementwise

check_PROGRAMS += tests/op/test_op_units
tests_op_test_op_units_SOURCES = tests/op/test_op_units.c tests/op/table.c tests/op/table.h
tests_op_test_op_units_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_units_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_units

check_PROGRAMS += tests/op/test_op_quadratic
tests_op_test_op_quadratic_SOURCES = tests/op/test_op_quadratic.c tests/op/evaluate.c tests/op/evaluate.h
tests_op_test_op_quadratic_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_op_test_op_quadratic_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/op/test_op_quadratic
