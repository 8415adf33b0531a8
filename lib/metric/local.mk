# *_members: files that export a metric_file_NAME list; the kind's table is generated from this list.
metric_members =
metric_sources = $(metric_members)  lib/metric/metric.h
