num_sources = lib/num/params.c lib/num/params.h lib/num/shape.c lib/num/shape.h lib/num/tensor.c lib/num/tensor.h
