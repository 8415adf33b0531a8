conf_sources = 
