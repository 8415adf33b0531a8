nn_sources =  lib/nn/nn.h
