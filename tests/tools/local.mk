# tests of lib/cli and of the tools
check_PROGRAMS += tests/tools/tool_dummy
tests_tools_tool_dummy_SOURCES = tests/tools/tool_dummy.c
dist_check_SCRIPTS += tests/tools/cli.sh tests/tools/man.sh
EXTRA_DIST += tests/init.sh
TESTS += tests/tools/cli.sh tests/tools/man.sh
dist_check_SCRIPTS += tests/tools/layers.sh tests/tools/format.sh
TESTS += tests/tools/layers.sh tests/tools/format.sh
check_PROGRAMS += tests/tools/test_stop
TESTS += tests/tools/test_stop
tests_tools_test_stop_SOURCES = tests/tools/test_stop.c
tests_tools_test_stop_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_tools_test_stop_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/tools/poison
tests_tools_poison_SOURCES = tests/tools/poison.c
dist_check_SCRIPTS += tests/tools/durable.sh tests/tools/pipes.sh tests/tools/errors.sh
TESTS += tests/tools/durable.sh tests/tools/pipes.sh tests/tools/errors.sh
