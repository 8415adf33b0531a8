base_sources = lib/base/arena.c lib/base/arena.h lib/base/err.c lib/base/err.h lib/base/log.c lib/base/log.h lib/base/mem.c \
	lib/base/mem.h lib/base/pool.c lib/base/pool.h lib/base/progress.c lib/base/rng.c lib/base/rng.h lib/base/rng_normal.c \
	lib/base/philox.h lib/base/str.c lib/base/str.h
base_sources += lib/base/stop.c lib/base/stop.h
base_sources += lib/base/ranks.c lib/base/ranks.h
