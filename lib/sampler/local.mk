# *_members: files that export a sampler_file_NAME list; the kind's table is generated from this list.
sampler_members =
sampler_sources = $(sampler_members)  lib/sampler/sampler.h
