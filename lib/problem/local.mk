# *_members: files that export a problem_file_NAME list; the kind's table is generated from this list.
problem_members = lib/problem/advection.c lib/problem/antiderivative.c lib/problem/burgers.c lib/problem/darcy.c \
	lib/problem/equation.c lib/problem/grf.c lib/problem/heat.c lib/problem/navier_stokes.c lib/problem/ode.c lib/problem/scalar_law.c lib/problem/sde.c \
	lib/problem/shallow_water.c
problem_sources = $(problem_members) \
	lib/problem/axes.c \
	lib/problem/axes.h \
	lib/problem/equation_basis.c \
	lib/problem/equation_basis.h \
	lib/problem/equation_difference.c \
	lib/problem/equation_difference.h \
	lib/problem/equation_difference_method.c \
	lib/problem/equation_draw.c \
	lib/problem/equation_draw.h \
	lib/problem/equation_fourier.c \
	lib/problem/equation_fourier.h \
	lib/problem/equation_fourier_method.c \
	lib/problem/equation_graph.c \
	lib/problem/equation_graph.h \
	lib/problem/equation_input.c \
	lib/problem/equation_input.h \
	lib/problem/equation_march.c \
	lib/problem/equation_march.h \
	lib/problem/equation_method.c \
	lib/problem/equation_method.h \
	lib/problem/equation_physics.c \
	lib/problem/equation_physics.h \
	lib/problem/equation_residual.c \
	lib/problem/equation_residual.h \
	lib/problem/equation_spec.c \
	lib/problem/equation_spec.h \
	lib/problem/equation_stepper.c \
	lib/problem/equation_stepper.h \
	lib/problem/equation_terms.c \
	lib/problem/equation_terms.h \
	lib/problem/problem.h \
	lib/problem/riemann.c \
	lib/problem/riemann.h \
	lib/problem/sines.c \
	lib/problem/sines.h \
	lib/problem/spectral.c \
	lib/problem/spectral.h \
	lib/problem/volume.c \
	lib/problem/volume.h \
	lib/problem/volume_diffuse.c \
	lib/problem/volume_euler.c \
	lib/problem/volume_euler_inc.h \
	lib/problem/volume_law.h \
	lib/problem/volume_rate.c \
	lib/problem/volume_rebuild.c \
	lib/problem/volume_scalar.c \
	lib/problem/volume_shallow.c \
	lib/problem/volume_state.h \
	lib/problem/volume_trajectory.c
