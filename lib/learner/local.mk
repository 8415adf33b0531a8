# Learners: files that export a learner_file_NAME list, as the members of a kind do.
learner_members = \
	lib/learner/learner_cnf.c \
	lib/learner/learner_equilibrium.c \
	lib/learner/learner_latent_ode.c \
	lib/learner/learner_latent_sde.c \
	lib/learner/learner_neural_cde.c \
	lib/learner/learner_neural_ode.c \
	lib/learner/learner_ode_classifier.c \
	lib/learner/learner_physics.c \
	lib/learner/learner_denoise.c \
	lib/learner/learner_interpolant.c \
	lib/learner/learner_sde_gan.c \
	lib/learner/learner_sde_moments.c \
	lib/learner/learner_supervised.c \
	lib/learner/learner_symbolic.c \
	lib/learner/learner_symbolic_ode.c
learner_sources = $(learner_members) \
	lib/learner/chain.c lib/learner/chain.h lib/learner/cnf.c lib/learner/cnf.h lib/learner/compiled.c \
	lib/learner/denoise.h lib/learner/examples.c lib/learner/examples.h lib/learner/generative.c lib/learner/generative.h \
	lib/learner/interpolant.h lib/learner/latent_loop.c lib/learner/latent_sde.h lib/learner/neural_loop.c \
	lib/learner/neural_loop.h lib/learner/online.c lib/learner/path.c lib/learner/path.h lib/learner/physics.c \
	lib/learner/physics.h lib/learner/physics_balance.c lib/learner/physics_balance.h lib/learner/physics_field.c \
	lib/learner/physics_group.c lib/learner/physics_group.h lib/learner/physics_points.c lib/learner/physics_points.h \
	lib/learner/physics_solve.c lib/learner/physics_solve.h lib/learner/regression.c lib/learner/regression.h \
	lib/learner/sample_cnf.c lib/learner/sample_flow.c lib/learner/sample_model.h lib/learner/sample_model.c lib/learner/sample_paths.c \
	lib/learner/sde_draws.c lib/learner/sde_gan.h lib/learner/supervised.h lib/learner/symbolic.c lib/learner/symbolic.h \
	lib/learner/trained.c lib/learner/trained.h lib/learner/trajectory.c lib/learner/trajectory.h lib/learner/trajectory_solve.c
