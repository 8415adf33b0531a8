# learners: files that export a learner_file_NAME list, as the members of a kind do
learner_members = \
	lib/run/learner_cnf.c \
	lib/run/learner_latent_ode.c \
	lib/run/learner_latent_sde.c \
	lib/run/learner_neural_cde.c \
	lib/run/learner_neural_ode.c \
	lib/run/learner_ode_classifier.c \
	lib/run/learner_physics.c \
	lib/run/learner_denoise.c \
	lib/run/learner_interpolant.c \
	lib/run/learner_sde_gan.c \
	lib/run/learner_sde_moments.c \
	lib/run/learner_supervised.c \
	lib/run/learner_symbolic.c \
	lib/run/learner_symbolic_ode.c
run_sources = $(learner_members) lib/run/learner.h lib/run/supervised.h lib/run/history.h lib/run/history.c \
	lib/run/physics.h lib/run/physics.c lib/run/physics_balance.h lib/run/physics_balance.c lib/run/physics_field.c \
	lib/run/physics_group.h lib/run/physics_group.c lib/run/physics_points.h lib/run/physics_points.c lib/run/physics_solve.h lib/run/physics_solve.c \
	lib/run/setup.h lib/run/setup.c lib/run/block.h lib/run/block.c lib/run/gen.h lib/run/gen_plan.h lib/run/gen.c lib/run/merge.c \
	lib/run/task.h lib/run/task_read.h lib/run/task.c lib/run/batch.c lib/run/network.h lib/run/network.c lib/run/polytope.h lib/run/polytope.c lib/run/predictor.c \
	lib/run/train.h lib/run/trainer.h lib/run/train.c lib/run/trainer.c lib/run/compiled.c lib/run/online.h lib/run/online.c \
	lib/run/model_file.h lib/run/model_file.c lib/run/solve.h lib/run/solve.c lib/run/march.h lib/run/march.c lib/run/sample.h lib/run/sample.c \
	lib/run/eval.h lib/run/eval_inside.h lib/run/eval.c lib/run/eval_match.c lib/run/eval_baseline.c lib/run/eval_rows.c \
	lib/run/eval_compare.c lib/run/eval_stat.c lib/run/eval_info.c lib/run/eval_check.c lib/run/eval_convert.c \
	lib/run/eval_collect.c lib/run/eval_picture.h lib/run/eval_picture.c
# the factory: choosing problems, lists
run_sources += lib/run/chosen.h lib/run/chosen.c lib/run/gen_list.c
run_sources += lib/run/eval_residual.c lib/run/eval_source.h lib/run/eval_source.c
# generative models
run_sources += lib/run/denoise.h lib/run/interpolant.h lib/run/examples.h lib/run/examples.c lib/run/regression.h lib/run/regression.c \
	lib/run/generative.h lib/run/generative.c lib/run/trained.h lib/run/trained.c lib/run/sample_inside.h \
	lib/run/sample_model.c lib/run/sample_file.c lib/run/sample_flow.c lib/run/sample_picture.c
run_sources += lib/run/copy.h lib/run/copy.c lib/run/mini.c lib/run/measure.h lib/run/measure.c lib/run/measure_places.h \
	lib/run/measure_places.c
# neural differential equations
run_sources += lib/run/chain.h lib/run/chain.c lib/run/trajectory.h lib/run/trajectory.c lib/run/trajectory_solve.c lib/run/path.h lib/run/path.c \
	lib/run/symbolic.h lib/run/symbolic.c
# neural stochastic differential equations
run_sources += lib/run/neural_loop.h lib/run/neural_loop.c lib/run/sde_gan.h lib/run/sde_draws.c lib/run/sample_paths.c
run_sources += lib/run/latent_sde.h lib/run/latent_loop.c
# continuous normalising flows
run_sources += lib/run/cnf.h lib/run/cnf.c lib/run/sample_cnf.c
