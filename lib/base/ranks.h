/* ranks.h: the processes of one run under mpirun (configure --with-mpi); without MPI, or started alone, one process. */
#ifndef SCIML_BASE_RANKS_H
#define SCIML_BASE_RANKS_H

/* Join the others when this process was started by mpirun or the like; ends by itself at exit. May be called again. */
void ranks_start(void);
int ranks_count(void); /* 1: alone */
int ranks_index(void); /* 0 .. count-1 */
/* The largest of everybody's numbers; everybody has to call it, and waits for the last. */
int ranks_largest(int mine);

#endif
