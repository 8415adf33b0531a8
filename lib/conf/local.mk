conf_sources = lib/conf/cfg.c lib/conf/conf.c lib/conf/conf.h lib/conf/help.c lib/conf/help.h lib/conf/key.h lib/conf/parse.c \
	lib/conf/tree.c lib/conf/tree.h lib/conf/value.c lib/conf/value.h lib/conf/write.c
