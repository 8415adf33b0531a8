/* ranks.c: as much of MPI as independent work needs. */
#include "config.h"

#include "base/ranks.h"

#include <stdlib.h>

#ifdef HAVE_MPI
#include <mpi.h>

static int n_ranks = 1, rank;

static void leave(void)
{
	MPI_Finalize();
}

void ranks_start(void)
{
	/* what launchers leave for their processes: a process on its own need not wait for MPI to find that out */
	static const char *const signs[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK", NULL };
	int started = 0;

	MPI_Initialized(&started);
	for (int i = 0; signs[i] && !started; i++)
		if (getenv(signs[i])) {
			if (MPI_Init(NULL, NULL) != MPI_SUCCESS)
				return;
			started = 1;
			atexit(leave);
			MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
			MPI_Comm_rank(MPI_COMM_WORLD, &rank);
		}
}

int ranks_count(void)
{
	return n_ranks;
}

int ranks_index(void)
{
	return rank;
}

int ranks_largest(int mine)
{
	int all = mine;

	if (n_ranks > 1)
		MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
	return all;
}

#else

void ranks_start(void)
{
}

int ranks_count(void)
{
	return 1;
}

int ranks_index(void)
{
	return 0;
}

int ranks_largest(int mine)
{
	return mine;
}
#endif
