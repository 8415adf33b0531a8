/* pairs.c: two processes that take turns: ours, opponent, ours, opponent ... and one row of the table.
 *   pairs CASE SIZE ROUNDS SECONDS OURS -- OPPONENT      commands as one argument each, run by the shell
 * Columns: case, size, opponent's name for itself, medians of seconds (ours, its, ratio pair by pair) and of processor
 * seconds likewise, floor, its share of our processor time, largest relative difference of the results, peak memory of
 * both in MB. An opponent that cannot run is said so on stderr and has no row. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS_MAX = 101, VALUES = 64, LINE = 4096 };

struct player {
	const char *command;
	pid_t pid;
	FILE *to, *from;
	char name[128];
	int n_values;
	double value[VALUES], seconds[ROUNDS_MAX], used[ROUNDS_MAX]; /* wall, processor */
};

static bool start(struct player *p)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 || (p->pid = fork()) < 0)
		return false;
	if (p->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		execl("/bin/sh", "sh", "-c", p->command, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	p->to = fdopen(to[1], "w");
	p->from = fdopen(from[0], "r");
	return p->to && p->from;
}

/* "ready [NAME=...] RESULT..." */
static bool ready(struct player *p)
{
	char line[LINE], *rest = line, *word;

	if (!fgets(line, sizeof line, p->from) || strncmp(line, "ready", 5) != 0)
		return false;
	rest += 5;
	while ((word = strtok_r(rest, " \n", &rest))) {
		if (strncmp(word, "name=", 5) == 0)
			snprintf(p->name, sizeof p->name, "%s", word + 5);
		else if (p->n_values < VALUES)
			p->value[p->n_values++] = atof(word);
	}
	return true;
}

static bool ask(struct player *p, const char *what, double *answer, double *second)
{
	char line[LINE];

	fprintf(p->to, "%s\n", what);
	fflush(p->to);
	return fgets(line, sizeof line, p->from) && sscanf(line, "%lf %lf", answer, second) >= 1;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *v, int n)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, v, (size_t)n * sizeof *v);
	qsort(sorted, (size_t)n, sizeof *sorted, ascending);
	return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

/* Peak memory in MB of a player who has been told to end. */
static double leave(struct player *p)
{
	struct rusage use = { 0 };
	int status;

	fprintf(p->to, "end\n");
	fclose(p->to);
	fclose(p->from);
	wait4(p->pid, &status, 0, &use);
	return (double)use.ru_maxrss / 1024;
}

static double difference(const struct player *a, const struct player *b)
{
	int n = a->n_values < b->n_values ? a->n_values : b->n_values;
	double worst = n > 0 ? 0 : NAN;

	for (int i = 0; i < n; i++)
		worst = fmax(worst, fabs(a->value[i] - b->value[i]) / fmax(fabs(b->value[i]), 1e-30));
	return worst;
}

int main(int argc, char **argv)
{
	struct player p[2] = { 0 };
	double floor = NAN, spare, ratio[ROUNDS_MAX], used[ROUNDS_MAX];
	char turn[64];

	if (argc != 8 || strcmp(argv[6], "--") != 0) {
		fprintf(stderr, "usage: pairs CASE SIZE ROUNDS SECONDS OURS -- OPPONENT\n");
		return 2;
	}
	const int rounds = atoi(argv[3]) < ROUNDS_MAX ? atoi(argv[3]) : ROUNDS_MAX;
	snprintf(turn, sizeof turn, "run %s", argv[4]);
	signal(SIGPIPE, SIG_IGN);
	p[0].command = argv[5];
	p[1].command = argv[7];
	for (int k = 0; k < 2; k++)
		if (!start(&p[k]) || !ready(&p[k])) { /* one after the other: the second reads what the first wrote */
			fprintf(stderr, "pairs: %s: no answer from: %s\n", argv[1], p[k].command);
			return 1;
		}
	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < 2; k++)
			if (!ask(&p[k], turn, &p[k].seconds[i], &p[k].used[i])) {
				fprintf(stderr, "pairs: %s: gave up: %s\n", argv[1], p[k].command);
				return 1;
			}
		ratio[i] = p[1].seconds[i] / p[0].seconds[i];
		used[i] = p[1].used[i] / p[0].used[i];
	}
	if (!ask(&p[0], "floor", &floor, &spare) || floor == 0)
		floor = NAN;
	const double ours = median(p[0].seconds, rounds), theirs = median(p[1].seconds, rounds);
	const double unlike = difference(&p[0], &p[1]), memory[2] = { leave(&p[0]), leave(&p[1]) };
	const double cpu = median(p[0].used, rounds);
	printf("%s\t%s\t%s\t%.4g\t%.4g\t%.3g\t%.4g\t%.4g\t%.3g\t%.4g\t%.3g\t%.2g\t%.0f\t%.0f\n", argv[1], argv[2],
	       p[1].name, ours, theirs, median(ratio, rounds), cpu, median(p[1].used, rounds), median(used, rounds),
	       floor, floor / cpu, unlike, memory[0], memory[1]);
	return 0;
}
