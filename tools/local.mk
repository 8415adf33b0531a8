# The five tools; each file is an option table, a run function and one line.
bin_PROGRAMS +=
