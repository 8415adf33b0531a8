run_sources = 
