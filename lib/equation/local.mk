equation_sources = 
