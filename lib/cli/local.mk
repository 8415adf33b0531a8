cli_sources = lib/cli/common.h lib/cli/common.c lib/cli/man.c lib/cli/option.c lib/cli/option.h lib/cli/page.c lib/cli/page.h lib/cli/tool.c lib/cli/tool.h
