# bench/: built and run by 'make bench' only. CASES="fno2d ns2d-64" chooses, THREADS=2, ROUNDS=7, PYTHON=/path/to/python3.
EXTRA_PROGRAMS += bench/sciml-bench bench/pairs
bench_sciml_bench_SOURCES = bench/bench.h bench/bench.c bench/floor.c bench/learn.h bench/learn.c \
	bench/case_train.c bench/case_physics.c bench/case_diffeq.c bench/case_generate.c bench/case_sample.c \
	bench/case_sampler.c bench/case_network.c bench/case_io.c bench/case_start.c
bench_pairs_SOURCES = bench/pairs.c
bench_pairs_LDADD =
EXTRA_DIST += bench/README bench/run.sh bench/peers/peer.py bench/peers/files.py bench/peers/torch_train.py \
	bench/peers/torch_network.py bench/peers/generate.py \
	bench/peers/draw.py bench/peers/torch_physics.py bench/peers/jax_physics.py bench/peers/diffeq.py \
	bench/peers/sampler.py bench/peers/start.py bench/peers/stored.py bench/loaded.sh
CLEANFILES += bench/sciml-bench$(EXEEXT) bench/pairs$(EXEEXT)

.PHONY: bench
bench: bench/sciml-bench$(EXEEXT) bench/pairs$(EXEEXT) all
	srcdir=$(srcdir) $(SHELL) $(srcdir)/bench/run.sh
