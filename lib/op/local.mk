# *_members: files that export a op_file_NAME list; the kind's table is generated from this list.
op_members = \
	lib/op/activation.c \
	lib/op/complex.c \
	lib/op/contract.c \
	lib/op/elementwise.c \
	lib/op/index.c \
	lib/op/order.c \
	lib/op/quadratic_program.c \
	lib/op/random.c \
	lib/op/reduce.c \
	lib/op/slice.c \
	lib/op/structure.c \
	lib/op/transcendental.c
# Files without ops of their own: helpers and compositions.
op_helpers = \
	lib/op/complex_kernel.h \
	lib/op/copy.c \
	lib/op/copy.h \
	lib/op/formula.c \
	lib/op/formula.h \
	lib/op/kernel.h \
	lib/op/rule.c \
	lib/op/rule.h \
	lib/op/softmax.c
op_sources = $(op_members) $(op_helpers) lib/op/op.h

# Linear maps, Fourier transforms, convolutions, linear algebra.
op_members += lib/op/conv.c
op_members += lib/op/fft.c
op_members += lib/op/linalg.c
op_members += lib/op/linmap.c
op_members += lib/op/modes.c
op_members += lib/op/mode_product.c
op_helpers += lib/op/conv_winograd.c lib/op/conv_winograd.h lib/op/conv_tile.h
op_helpers += lib/op/conv_geometry.c lib/op/conv_geometry.h lib/op/conv_kernel.h lib/op/conv_direct.h
op_helpers += lib/op/linmap.h lib/op/linmap_kernel.h lib/op/resample.c
op_helpers += lib/op/modes.h lib/op/modes_kernel.h lib/op/modes_sixteen.h lib/op/modes_lines.h lib/op/mode_kernel.h lib/op/lanes.h lib/op/spectral.c
