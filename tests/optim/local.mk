# tests of lib/optim
check_PROGRAMS += tests/optim/test_optim
tests_optim_test_optim_SOURCES = tests/optim/test_optim.c
tests_optim_test_optim_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_optim_test_optim_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/optim/test_optim
