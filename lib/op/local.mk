# *_members: files that export a op_file_NAME list; the kind's table is generated from this list.
op_members = \
	lib/op/activation.c \
	lib/op/elementwise.c \
	lib/op/reduce.c \
	lib/op/slice.c \
	lib/op/structure.c \
	lib/op/transcendental.c
# Files without ops of their own: helpers and compositions.
op_helpers = \
	lib/op/copy.c \
	lib/op/copy.h \
	lib/op/kernel.h \
	lib/op/rule.c \
	lib/op/rule.h \
	lib/op/softmax.c
op_sources = $(op_members) $(op_helpers) lib/op/op.h
