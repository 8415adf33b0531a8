# The five tools; each file is an option table, a run function and one line.
bin_PROGRAMS += sciml-gen sciml-train
sciml_gen_SOURCES = tools/sciml-gen.c
sciml_train_SOURCES = tools/sciml-train.c
