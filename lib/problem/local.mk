# *_members: files that export a problem_file_NAME list; the kind's table is generated from this list.
problem_members = lib/problem/advection.c lib/problem/antiderivative.c lib/problem/burgers.c lib/problem/darcy.c lib/problem/grf.c \
	lib/problem/heat.c lib/problem/navier_stokes.c lib/problem/ode.c lib/problem/sde.c
problem_sources = $(problem_members) lib/problem/axes.c lib/problem/axes.h lib/problem/problem.h \
	lib/problem/spectral.c lib/problem/spectral.h
