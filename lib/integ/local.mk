integ_sources = lib/integ/integ.h lib/integ/tableau.c lib/integ/tableau.h lib/integ/tableau_member.h lib/integ/tableau_explicit.c \
	lib/integ/tableau_dopri8.c lib/integ/tableau_implicit.c lib/integ/runge_kutta.c lib/integ/etdrk4.c lib/integ/step.c \
	lib/integ/sde.c lib/integ/sde.h lib/integ/sde_step.c lib/integ/sde_table.c lib/integ/sde_table.h \
	lib/integ/brownian.c lib/integ/brownian.h lib/integ/brownian_area.c lib/integ/process.c lib/integ/process.h lib/integ/grf.c lib/integ/grf.h
