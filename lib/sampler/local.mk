# *_members: files that export a sampler_file_NAME list; the kind's table is generated from this list.
sampler_members = lib/sampler/grf.c lib/sampler/sde_path.c
sampler_sources = $(sampler_members) lib/sampler/sampler.h lib/sampler/noise.c lib/sampler/noise.h \
	lib/sampler/denoiser.c lib/sampler/denoiser.h lib/sampler/mixture.c lib/sampler/mixture.h
