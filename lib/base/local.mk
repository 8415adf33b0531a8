base_sources = lib/base/arena.h lib/base/err.h lib/base/log.h lib/base/mem.h lib/base/pool.h lib/base/rng.h lib/base/str.h 
