integ_sources = \
	lib/integ/brownian.c \
	lib/integ/brownian.h \
	lib/integ/brownian_area.c \
	lib/integ/etd.c \
	lib/integ/etd.h \
	lib/integ/etdrk4.c \
	lib/integ/grf.c \
	lib/integ/grf.h \
	lib/integ/imex.c \
	lib/integ/imex.h \
	lib/integ/integ.h \
	lib/integ/process.c \
	lib/integ/process.h \
	lib/integ/runge_kutta.c \
	lib/integ/sde.c \
	lib/integ/sde.h \
	lib/integ/sde_step.c \
	lib/integ/sde_table.c \
	lib/integ/sde_table.h \
	lib/integ/step.c \
	lib/integ/tableau.c \
	lib/integ/tableau.h \
	lib/integ/tableau_dopri8.c \
	lib/integ/tableau_explicit.c \
	lib/integ/tableau_implicit.c \
	lib/integ/tableau_member.h
