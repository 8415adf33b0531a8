# tests of lib/cli and of the tools
check_PROGRAMS += tests/tools/tool_dummy
tests_tools_tool_dummy_SOURCES = tests/tools/tool_dummy.c
dist_check_SCRIPTS += tests/tools/cli.sh tests/tools/man.sh
EXTRA_DIST += tests/init.sh
TESTS += tests/tools/cli.sh tests/tools/man.sh
dist_check_SCRIPTS += tests/tools/layers.sh tests/tools/format.sh
TESTS += tests/tools/layers.sh tests/tools/format.sh
