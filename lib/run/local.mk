run_sources = lib/run/learner.h lib/run/history.h lib/run/history.c \
	lib/run/setup.h lib/run/setup.c lib/run/block.h lib/run/block.c lib/run/gen.h lib/run/gen_plan.h lib/run/gen_plan.c lib/run/gen.c lib/run/merge.h lib/run/merge.c \
	lib/run/task.h lib/run/task_read.h lib/run/task.c lib/run/batch.c lib/run/network.h lib/run/network.c lib/run/polytope.h lib/run/polytope.c lib/run/predictor.c \
	lib/run/train.h lib/run/trainer.h lib/run/train.c lib/run/trainer.c lib/run/online.h \
	lib/run/model_file.h lib/run/model_file.c lib/run/solve.h lib/run/solve.c lib/run/march.h lib/run/march.c lib/run/sample.h lib/run/sample.c \
	lib/run/eval.h lib/run/eval_inside.h lib/run/eval.c lib/run/eval_match.c lib/run/eval_baseline.c lib/run/eval_rows.c \
	lib/run/eval_compare.c lib/run/eval_stat.c lib/run/eval_info.c lib/run/eval_check.c lib/run/eval_convert.c \
	lib/run/eval_collect.c lib/run/eval_picture.h lib/run/eval_picture.c
# the factory: choosing problems, lists
run_sources += lib/run/chosen.h lib/run/chosen.c lib/run/gen_list.c
run_sources += lib/run/eval_residual.c lib/run/eval_source.h lib/run/eval_source.c
# measurements, small versions, draws
run_sources += lib/run/copy.h lib/run/copy.c lib/run/mini.c lib/run/measure.h lib/run/measure.c lib/run/measure_places.h \
	lib/run/measure_places.c lib/run/sample_file.h lib/run/sample_file.c lib/run/sample_picture.c
