# tests of lib/nn
check_PROGRAMS += tests/nn/test_nn
tests_nn_test_nn_SOURCES = tests/nn/test_nn.c
tests_nn_test_nn_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_nn_test_nn_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/nn/test_nn
check_PROGRAMS += tests/nn/test_transformer
tests_nn_test_transformer_SOURCES = tests/nn/test_transformer.c
tests_nn_test_transformer_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_nn_test_transformer_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/nn/test_transformer
