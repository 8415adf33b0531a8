cli_sources = 
