# The library: one static archive, never installed. Each folder lists its own sources; tables are generated from the lists.
include lib/base/local.mk
include lib/num/local.mk
include lib/conf/local.mk
include lib/io/local.mk
include lib/graph/local.mk
include lib/op/local.mk
include lib/integ/local.mk
include lib/equation/local.mk
include lib/nn/local.mk
include lib/diffeq/local.mk
include lib/optim/local.mk
include lib/problem/local.mk
include lib/model/local.mk
include lib/objective/local.mk
include lib/sampler/local.mk
include lib/solver/local.mk
include lib/metric/local.mk
include lib/run/local.mk
include lib/learner/local.mk
include lib/cli/local.mk
include lib/plot/local.mk

noinst_LIBRARIES += lib/libsciml.a
lib_libsciml_a_SOURCES = $(base_sources) $(num_sources) $(conf_sources) $(io_sources) $(graph_sources) $(op_sources) \
	$(integ_sources) $(equation_sources) $(nn_sources) $(diffeq_sources) $(optim_sources) $(problem_sources) $(model_sources) \
	$(objective_sources) $(sampler_sources) $(solver_sources) $(metric_sources) $(run_sources) $(learner_sources) $(cli_sources) $(plot_sources)
nodist_lib_libsciml_a_SOURCES = $(generated_tables)

# $(call table,KIND,HEADER,TYPE,FILES)
mktable = $(AM_V_GEN)$(MKDIR_P) $(@D) && $(SHELL) $(srcdir)/build-aux/mktable.sh
generated_tables = lib/op/op_table.c lib/io/layout_table.c lib/optim/optim_table.c lib/problem/problem_table.c lib/model/model_table.c \
	lib/objective/objective_table.c lib/sampler/sampler_table.c lib/sampler/stepper_table.c lib/solver/solver_table.c lib/metric/metric_table.c \
	lib/learner/learner_table.c
CLEANFILES += $(generated_tables)
lib/op/op_table.c: lib/op/local.mk build-aux/mktable.sh
	$(mktable) op graph/op_class.h op_class $(op_members) > $@.tmp && mv $@.tmp $@
lib/io/layout_table.c: lib/io/local.mk build-aux/mktable.sh
	$(mktable) layout io/layout.h layout_class $(layout_members) > $@.tmp && mv $@.tmp $@
lib/optim/optim_table.c: lib/optim/local.mk build-aux/mktable.sh
	$(mktable) optim optim/optim.h optim_class $(optim_members) > $@.tmp && mv $@.tmp $@
lib/problem/problem_table.c: lib/problem/local.mk build-aux/mktable.sh
	$(mktable) problem problem/problem.h problem_class $(problem_members) > $@.tmp && mv $@.tmp $@
lib/model/model_table.c: lib/model/local.mk build-aux/mktable.sh
	$(mktable) model model/model.h model_class $(model_members) > $@.tmp && mv $@.tmp $@
lib/objective/objective_table.c: lib/objective/local.mk build-aux/mktable.sh
	$(mktable) objective objective/objective.h objective_class $(objective_members) > $@.tmp && mv $@.tmp $@
lib/sampler/sampler_table.c: lib/sampler/local.mk build-aux/mktable.sh
	$(mktable) sampler sampler/sampler.h sampler_class $(sampler_members) > $@.tmp && mv $@.tmp $@
lib/sampler/stepper_table.c: lib/sampler/local.mk build-aux/mktable.sh
	$(mktable) stepper sampler/stepper.h stepper_class $(stepper_members) > $@.tmp && mv $@.tmp $@
lib/solver/solver_table.c: lib/solver/local.mk build-aux/mktable.sh
	$(mktable) solver solver/solver.h solver_class $(solver_members) > $@.tmp && mv $@.tmp $@
lib/metric/metric_table.c: lib/metric/local.mk build-aux/mktable.sh
	$(mktable) metric metric/metric.h metric_class $(metric_members) > $@.tmp && mv $@.tmp $@
lib/learner/learner_table.c: lib/learner/local.mk build-aux/mktable.sh
	$(mktable) learner run/learner.h learner_class $(learner_members) > $@.tmp && mv $@.tmp $@
