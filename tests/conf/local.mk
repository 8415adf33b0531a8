# tests of lib/conf
check_PROGRAMS += tests/conf/test_conf tests/conf/test_key
TESTS += tests/conf/test_conf tests/conf/test_key
tests_conf_test_conf_SOURCES = tests/conf/test_conf.c
tests_conf_test_conf_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_conf_test_conf_LDADD = $(LDADD) $(CHECK_LIBS)
tests_conf_test_key_SOURCES = tests/conf/test_key.c
tests_conf_test_key_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_conf_test_key_LDADD = $(LDADD) $(CHECK_LIBS)
