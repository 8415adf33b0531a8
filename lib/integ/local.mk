integ_sources = 
