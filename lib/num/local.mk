num_sources = lib/num/params.h lib/num/shape.h lib/num/tensor.h 
