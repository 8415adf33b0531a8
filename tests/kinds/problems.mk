# tests of problems and samplers
check_PROGRAMS += tests/kinds/test_problems
TESTS += tests/kinds/test_problems
tests_kinds_test_problems_SOURCES = tests/kinds/test_problems.c tests/kinds/fixture.c tests/kinds/fixture.h
tests_kinds_test_problems_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -DSCIML_DATA='"$(srcdir)/data"'
tests_kinds_test_problems_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/kinds/test_samplers
TESTS += tests/kinds/test_samplers
tests_kinds_test_samplers_SOURCES = tests/kinds/test_samplers.c tests/kinds/fixture.c tests/kinds/fixture.h
tests_kinds_test_samplers_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_samplers_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/kinds/test_periodic_problems
TESTS += tests/kinds/test_periodic_problems
tests_kinds_test_periodic_problems_SOURCES = tests/kinds/test_periodic_problems.c tests/kinds/fixture.c tests/kinds/fixture.h
tests_kinds_test_periodic_problems_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_periodic_problems_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/kinds/test_other_problems
TESTS += tests/kinds/test_other_problems
tests_kinds_test_other_problems_SOURCES = tests/kinds/test_other_problems.c tests/kinds/fixture.c tests/kinds/fixture.h
tests_kinds_test_other_problems_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_other_problems_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/kinds/test_noise
TESTS += tests/kinds/test_noise
tests_kinds_test_noise_SOURCES = tests/kinds/test_noise.c
tests_kinds_test_noise_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_noise_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/kinds/test_diffusion
TESTS += tests/kinds/test_diffusion
tests_kinds_test_diffusion_SOURCES = tests/kinds/test_diffusion.c
tests_kinds_test_diffusion_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_kinds_test_diffusion_LDADD = $(LDADD) $(CHECK_LIBS)
check_PROGRAMS += tests/kinds/test_equations
TESTS += tests/kinds/test_equations
tests_kinds_test_equations_SOURCES = tests/kinds/test_equations.c tests/kinds/fixture.c tests/kinds/fixture.h
tests_kinds_test_equations_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -DSCIML_DATA='"$(srcdir)/data"'
tests_kinds_test_equations_LDADD = $(LDADD) $(CHECK_LIBS)
