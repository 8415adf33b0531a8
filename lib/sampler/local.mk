# *_members: files that export a sampler_file_NAME list; the kind's table is generated from this list. The steps of diffusion
# samplers have a table of their own.
sampler_members = lib/sampler/diffusion.c lib/sampler/grf.c lib/sampler/point_sets.c lib/sampler/mcmc.c lib/sampler/sde_path.c \
	lib/sampler/mixture_interpolant.c
stepper_members = lib/sampler/steps_exponential.c lib/sampler/steps_deis.c lib/sampler/steps_pndm.c lib/sampler/steps_euler.c
sampler_sources = $(sampler_members) $(stepper_members) lib/sampler/sampler.h lib/sampler/noise.c lib/sampler/noise.h \
	lib/sampler/denoiser.c lib/sampler/denoiser.h lib/sampler/density.c lib/sampler/density.h lib/sampler/hamiltonian.c lib/sampler/hamiltonian.h \
	lib/sampler/mixture.c lib/sampler/mixture.h \
	lib/sampler/mixture_read.c lib/sampler/mixture_read.h lib/sampler/stepper.c lib/sampler/stepper.h \
	lib/sampler/likelihood.c lib/sampler/likelihood.h lib/sampler/noise_keys.h lib/sampler/noise_keys.c \
	lib/sampler/step_keys.h lib/sampler/step_keys.c \
	lib/sampler/interpolant.h lib/sampler/interpolant.c lib/sampler/interpolant_mixture.c
