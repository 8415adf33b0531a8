# tests of lib/num
check_PROGRAMS += tests/num/test_elliptic tests/num/test_num tests/num/test_fft tests/num/test_linear
tests_num_test_elliptic_SOURCES = tests/num/test_elliptic.c
tests_num_test_elliptic_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_num_test_elliptic_LDADD = $(LDADD) $(CHECK_LIBS)
tests_num_test_num_SOURCES = tests/num/test_num.c
tests_num_test_num_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_num_test_num_LDADD = $(LDADD) $(CHECK_LIBS)
tests_num_test_fft_SOURCES = tests/num/test_fft.c
tests_num_test_fft_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_num_test_fft_LDADD = $(LDADD) $(CHECK_LIBS)
tests_num_test_linear_SOURCES = tests/num/test_linear.c
tests_num_test_linear_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_num_test_linear_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/num/test_elliptic tests/num/test_num tests/num/test_fft tests/num/test_linear
