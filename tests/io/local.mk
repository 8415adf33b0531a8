# tests of lib/io

# foreign layouts
foreign_tests = tests/io/test_foreign_parsers tests/io/test_foreign_arrays tests/io/test_foreign_hdf5 \
	tests/io/test_foreign_shared tests/io/test_foreign_well
check_PROGRAMS += $(foreign_tests)
TESTS += $(foreign_tests)
EXTRA_DIST += tests/io/foreign.h tests/io/containers.h tests/io/h5build.h
tests_io_test_foreign_parsers_SOURCES = tests/io/test_foreign_parsers.c
tests_io_test_foreign_parsers_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
tests_io_test_foreign_parsers_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_foreign_arrays_SOURCES = tests/io/test_foreign_arrays.c
tests_io_test_foreign_arrays_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
tests_io_test_foreign_arrays_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_foreign_hdf5_SOURCES = tests/io/test_foreign_hdf5.c
tests_io_test_foreign_hdf5_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
tests_io_test_foreign_hdf5_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_foreign_shared_SOURCES = tests/io/test_foreign_shared.c
tests_io_test_foreign_shared_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
tests_io_test_foreign_shared_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_foreign_well_SOURCES = tests/io/test_foreign_well.c
tests_io_test_foreign_well_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
tests_io_test_foreign_well_LDADD = $(LDADD) $(CHECK_LIBS)
io_tests = tests/io/test_h5out tests/io/test_h5part tests/io/test_dataset tests/io/test_damage tests/io/test_stream
check_PROGRAMS += $(io_tests)
TESTS += $(io_tests)
tests_io_test_h5out_SOURCES = tests/io/test_h5out.c tests/io/scene.h
tests_io_test_h5out_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_h5out_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_io_test_h5part_SOURCES = tests/io/test_h5part.c tests/io/scene.h
tests_io_test_h5part_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_h5part_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_io_test_stream_SOURCES = tests/io/test_stream.c tests/io/scene.h
tests_io_test_stream_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_stream_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_io_test_dataset_SOURCES = tests/io/test_dataset.c tests/io/scene.h
tests_io_test_dataset_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_dataset_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_io_test_damage_SOURCES = tests/io/test_damage.c tests/io/scene.h
tests_io_test_damage_LDADD = $(LDADD) $(CHECK_LIBS)
tests_io_test_damage_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
