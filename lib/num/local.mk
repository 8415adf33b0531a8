num_sources = lib/num/blas.c lib/num/blas.h lib/num/collocation.c lib/num/collocation.h lib/num/fft.c lib/num/fft.h lib/num/field.c lib/num/field.h lib/num/gemm_inc.h lib/num/gemm_kernel.h lib/num/row_fold.h lib/num/wide.h \
	lib/num/lapack.c lib/num/lapack.h lib/num/multigrid.c lib/num/multigrid.h lib/num/params.c lib/num/params.h lib/num/points.c lib/num/points.h lib/num/shape.c lib/num/shape.h lib/num/sparse.c lib/num/sparse.h lib/num/sparse_lu.c lib/num/sparse_lu.h \
	lib/num/stencil.c lib/num/stencil.h lib/num/tensor.c lib/num/tensor.h
num_sources += lib/num/moments.c lib/num/moments.h
num_sources += lib/num/crc.c lib/num/crc.h
num_sources += lib/num/krylov.c lib/num/krylov.h
num_sources += lib/num/signature.c lib/num/signature.h
