# Unit tests (Check), pipelines (shell); a fragment by folder.
include tests/base/local.mk
include tests/num/local.mk
include tests/conf/local.mk
include tests/io/local.mk
include tests/graph/local.mk
include tests/op/local.mk
include tests/integ/local.mk
include tests/diffeq/local.mk
include tests/equation/local.mk
include tests/nn/local.mk
include tests/optim/local.mk
include tests/kinds/local.mk
include tests/tools/local.mk
AM_TESTS_ENVIRONMENT = LC_ALL=C OPENBLAS_NUM_THREADS=1 \
	LSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0 SCIML_SHARED=$${SCIML_SHARED:-$(abs_top_srcdir)/../shared} \
	abs_top_builddir=$(abs_top_builddir) abs_top_srcdir=$(abs_top_srcdir); \
	export LC_ALL OPENBLAS_NUM_THREADS LSAN_OPTIONS SCIML_SHARED abs_top_builddir abs_top_srcdir;
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
EXTRA_DIST += tests/lsan.supp tests/valgrind.supp

# Unit tests under memcheck, without the forks of Check: "make check-valgrind", or VALGRIND_TESTS="tests/nn/test_nn ..." for
# some (all take long). Definite leaks and wrong reads fail; what libraries keep until the end does not.
VALGRIND = valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --child-silent-after-fork=yes \
	--suppressions=$(srcdir)/tests/valgrind.supp
VALGRIND_TESTS = $(filter-out %.sh tests/tools/%,$(TESTS))
.PHONY: check-valgrind
check-valgrind: $(check_PROGRAMS)
	@$(AM_TESTS_ENVIRONMENT) status=0; for t in $(VALGRIND_TESTS); do \
		if CK_FORK=no $(VALGRIND) $$t >$$t.valgrind 2>&1; then echo "CLEAN: $$t"; \
		else echo "FAULTY: $$t (see $$t.valgrind)"; status=1; fi; \
	done; exit $$status
