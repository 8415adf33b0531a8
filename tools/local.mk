# The five tools; each file is an option table, a run function and one line.
bin_PROGRAMS += tools/sciml-gen tools/sciml-train tools/sciml-solve tools/sciml-sample tools/sciml-eval
tools_sciml_gen_SOURCES = tools/sciml-gen.c
tools_sciml_train_SOURCES = tools/sciml-train.c
tools_sciml_solve_SOURCES = tools/sciml-solve.c
tools_sciml_sample_SOURCES = tools/sciml-sample.c
tools_sciml_eval_SOURCES = tools/sciml-eval.c
