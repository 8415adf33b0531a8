# Man pages of the tools: what TOOL --man prints, and the sections of man/TOOL.x; bash completion likewise. Both come from the
# tools just built and are not distributed, so that they can never be older than the tables. Hand-written pages are plain roff:
# add them to dist_man_MANS.
tool_names = $(patsubst tools/%$(EXEEXT),%,$(bin_PROGRAMS))
tool_pages = $(tool_names:%=man/%.1)
tool_completions = $(tool_names:%=man/completion/%)
man1_MANS = $(tool_pages)
completiondir = $(datadir)/bash-completion/completions
completion_DATA = $(tool_completions)
dist_man_MANS += man/sciml.7 man/sciml-data.5 man/sciml-equation.5
man5_MANS = man/sciml-experiment.5
EXTRA_DIST += build-aux/mkexperiment.sh man/sciml-experiment.5.in
EXTRA_DIST += build-aux/mkman.sh man/sciml-eval.x man/sciml-gen.x man/sciml-sample.x man/sciml-solve.x man/sciml-train.x
CLEANFILES += $(tool_pages) $(tool_completions) man/sciml-experiment.5

man/%.1: man/%.x tools/%$(EXEEXT) build-aux/mkman.sh
	$(AM_V_GEN)$(MKDIR_P) man && $(SHELL) $(srcdir)/build-aux/mkman.sh tools/$*$(EXEEXT) $(srcdir)/man/$*.x > $@.tmp && mv $@.tmp $@
man/completion/%: tools/%$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) man/completion && tools/$*$(EXEEXT) --completion > $@.tmp && mv $@.tmp $@
man/sciml-experiment.5: man/sciml-experiment.5.in build-aux/mkexperiment.sh $(tool_pages)
	$(AM_V_GEN)$(SHELL) $(srcdir)/build-aux/mkexperiment.sh $(srcdir)/man/sciml-experiment.5.in man > $@.tmp && mv $@.tmp $@
