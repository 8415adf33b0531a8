# tests of the six kinds
include tests/kinds/problems.mk
include tests/kinds/eval.mk
check_PROGRAMS += tests/kinds/test_models
tests_kinds_test_models_SOURCES = tests/kinds/test_models.c
tests_kinds_test_models_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_models_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_models
check_PROGRAMS += tests/kinds/test_objectives
tests_kinds_test_objectives_SOURCES = tests/kinds/test_objectives.c
tests_kinds_test_objectives_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_objectives_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_objectives
check_PROGRAMS += tests/kinds/test_task
tests_kinds_test_task_SOURCES = tests/kinds/test_task.c
tests_kinds_test_task_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_task_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_task
check_PROGRAMS += tests/kinds/test_network
tests_kinds_test_network_SOURCES = tests/kinds/test_network.c tests/kinds/trained.c tests/kinds/trained.h
tests_kinds_test_network_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_network_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_network
check_PROGRAMS += tests/kinds/test_trainer
tests_kinds_test_trainer_SOURCES = tests/kinds/test_trainer.c tests/kinds/trained.c tests/kinds/trained.h
tests_kinds_test_trainer_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_trainer_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_trainer
check_PROGRAMS += tests/kinds/test_physics
tests_kinds_test_physics_SOURCES = tests/kinds/test_physics.c
tests_kinds_test_physics_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_physics_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_physics
check_PROGRAMS += tests/kinds/test_neural_loop
tests_kinds_test_neural_loop_SOURCES = tests/kinds/test_neural_loop.c
tests_kinds_test_neural_loop_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_neural_loop_LDADD = $(LDADD) $(CHECK_LIBS)
TESTS += tests/kinds/test_neural_loop
