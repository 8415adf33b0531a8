plot_sources = 
