nn_sources = lib/nn/nn.h lib/nn/nn.c lib/nn/layer.c lib/nn/transformer.c lib/nn/norm.c lib/nn/expression.h lib/nn/expression.c
