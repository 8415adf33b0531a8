# tests of lib/base
check_PROGRAMS += tests/base/test_base tests/base/test_rng tests/base/test_pool
tests_base_test_base_SOURCES = tests/base/test_base.c
tests_base_test_base_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_base_test_base_LDADD = $(LDADD) $(CHECK_LIBS)
tests_base_test_rng_SOURCES = tests/base/test_rng.c
tests_base_test_rng_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_base_test_rng_LDADD = $(LDADD) $(CHECK_LIBS)
tests_base_test_pool_SOURCES = tests/base/test_pool.c
tests_base_test_pool_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_base_test_pool_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/base/test_base tests/base/test_rng tests/base/test_pool
