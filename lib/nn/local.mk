nn_sources = lib/nn/nn.h lib/nn/nn.c lib/nn/layer.c lib/nn/norm.c
