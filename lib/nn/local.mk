nn_sources = 
