plot_sources = lib/plot/plot.h lib/plot/plot_inside.h lib/plot/plot.c lib/plot/plot_ticks.c lib/plot/plot_draw.c \
	lib/plot/plot_panel.c lib/plot/plot_write.c
