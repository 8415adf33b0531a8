# The five tools; each file is an option table, a run function and one line.
bin_PROGRAMS += sciml-gen sciml-train sciml-solve sciml-sample
sciml_gen_SOURCES = tools/sciml-gen.c
sciml_train_SOURCES = tools/sciml-train.c
sciml_solve_SOURCES = tools/sciml-solve.c
sciml_sample_SOURCES = tools/sciml-sample.c
