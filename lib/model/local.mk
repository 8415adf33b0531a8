# *_members: files that export a model_file_NAME list; the kind's table is generated from this list.
model_members = \
	lib/model/fno.c \
	lib/model/unet.c \
	lib/model/coordinate.c \
	lib/model/deeponet.c \
	lib/model/time_mlp.c \
	lib/model/time_unet.c \
	lib/model/hamiltonian.c \
	lib/model/lagrangian.c \
	lib/model/vector_field.c \
	lib/model/dit.c \
	lib/model/formula.c \
	lib/model/neural_sde.c
model_sources = $(model_members) lib/model/formula.h lib/model/residual.c lib/model/time_features.c lib/model/model.h lib/model/neural_sde.h
