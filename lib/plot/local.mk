plot_sources =  lib/plot/plot.h
