# *_members: files that export a metric_file_NAME list; the kind's table is generated from this list.
metric_members = lib/metric/relative.c lib/metric/well.c lib/metric/pdebench.c lib/metric/spectrum.c lib/metric/distribution.c lib/metric/transport.c lib/metric/classes.c
metric_sources = $(metric_members) lib/metric/metric.h lib/metric/draws.h lib/metric/draws.c lib/metric/state.h lib/metric/state.c lib/metric/run.c
