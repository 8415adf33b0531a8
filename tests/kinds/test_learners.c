/* test_learners.c: every learner of the table trains in miniature, as its class says: losses are finite and fall; the
 * same bytes again, with two threads, and after a kill and --resume. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/str.h"
#include "run/gen.h"
#include "run/learner.h"
#include "run/train.h"

static char folder[] = "/tmp/sciml-learners-XXXXXX";

static const struct learner_class *learner_at(int i)
{
	for (int f = 0; learner_files[f]; f++)
		for (int k = 0; learner_files[f][k]; k++)
			if (i-- == 0)
				return learner_files[f][k];
	return NULL;
}

static void say(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s\n", what, e->message);
}

/* train.yaml into `output`, in a process of its own with so many threads; seconds > 0: a signal that nobody handles
 * ends it after so much processor time. Returns what waitpid says. */
static int train(const struct learner_class *l, const char *output, const char *log, int threads, bool resume,
		 double seconds)
{
	static const char *const set[] = { "train.checkpoint=0" };
	const char *const data[] = { "data.h5" };
	struct err e = { 0 };
	int status;
	pid_t child = fork();

	if (child == 0) {
		const struct itimerval until = { .it_value = { (time_t)seconds,
							       (suseconds_t)(1e6 * (seconds - floor(seconds))) } };
		const struct run_common common = { .tool = "sciml-train",
						   .command = "sciml-train train.yaml",
						   .output = output,
						   .seed = 1,
						   .resume = resume,
						   .n_set = 1,
						   .set = set };
		struct str text = { 0 };
		const struct train_options o = { .log = log, .text = &text };

		signal(SIGPROF, SIG_DFL);
		setitimer(ITIMER_PROF, &until, NULL);
		pool_set_threads(threads);
		status = train_run(&common, &o, "train.yaml", l->needs_data ? 1 : 0, data, &e);
		if (status != 0)
			say(l->name, &e);
		str_free(&text);
		pool_stop();
		_exit(status != 0);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

static void generate(void)
{
	struct err e = { 0 };
	const struct run_common common = {
		.tool = "sciml-gen", .command = "sciml-gen train.yaml", .output = "data.h5", .seed = 1
	};
	const struct gen_options o = { .compress = -1 };
	int status;
	pid_t child = fork();

	if (child == 0) {
		status = gen_run(&common, &o, "train.yaml", &e);
		if (status != 0)
			say("data", &e);
		_exit(status != 0);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static double children_seconds(void)
{
	struct rusage r;

	getrusage(RUSAGE_CHILDREN, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void same_bytes(const char *name, const char *of)
{
	FILE *a = fopen("first.h5", "rb"), *b = fopen(of, "rb");
	int x, y;
	long at = 0;

	ck_assert_msg(a && b, "%s: no %s", name, of);
	do {
		x = getc(a);
		y = getc(b);
		ck_assert_msg(x == y, "%s: byte %ld of %s is another", name, at, of);
		at++;
	} while (x != EOF);
	ck_assert_msg(at > 1000, "%s: %s has %ld bytes", name, of, at);
	fclose(a);
	fclose(b);
}

/* Losses are finite; the column that should fall does. */
static void check_history(const struct learner_class *l)
{
	const char *falls = l->test_falls ? l->test_falls : "train_loss";
	char line[4096];
	int column = -1, loss = -1, rows = 0;
	double first = 0, last = 0;
	FILE *f = fopen("log", "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		int c = 0;

		for (char *cell = strtok(line, "\t\n"); cell; cell = strtok(NULL, "\t\n"), c++)
			if (rows == 0) {
				column = strcmp(cell, falls) == 0 ? c : column;
				loss = strcmp(cell, "train_loss") == 0 ? c : loss;
			} else {
				ck_assert_msg(c != loss || isfinite(atof(cell)), "%s: loss of epoch %d is %s", l->name,
					      rows, cell);
				if (c == column) {
					last = atof(cell);
					first = rows == 1 ? last : first;
				}
			}
		rows++;
	}
	fclose(f);
	ck_assert_msg(column >= 0 && loss >= 0, "%s: no column %s", l->name, falls);
	ck_assert_msg(rows > 12, "%s: %d epochs in its test_config", l->name, rows - 1);
	ck_assert_msg(last < first - 0.1 * fabs(first), "%s: %s is %g at first, %g at last", l->name, falls, first,
		      last);
}

START_TEST(trains)
{
	const struct learner_class *l = learner_at(_i);
	double seconds;
	int status;
	FILE *f;

	ck_assert_msg(l->test_config != NULL, "%s: no test_config in its learner_class (run/learner.h)", l->name);
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir(l->name, 0777), 0);
	ck_assert_int_eq(chdir(l->name), 0);
	f = fopen("train.yaml", "w");
	ck_assert(f && fputs(l->test_config, f) >= 0 && fclose(f) == 0);
	if (l->needs_data)
		generate();
	seconds = children_seconds();
	status = train(l, "first.h5", "log", 1, false, 0);
	ck_assert_int_eq(status, 0);
	seconds = children_seconds() - seconds;
	check_history(l);
	ck_assert_int_eq(train(l, "again.h5", NULL, 1, false, 0), 0);
	same_bytes(l->name, "again.h5");
	ck_assert_int_eq(train(l, "threads.h5", NULL, 2, false, 0), 0);
	same_bytes(l->name, "threads.h5");
	/* between its first checkpoint and its end; times vary */
	for (int tries = 0, killed = 0; !killed; tries++) {
		ck_assert_msg(tries < 10, "%s: never killed after a checkpoint, at last after %.3g seconds", l->name,
			      seconds);
		remove("killed.h5.ckpt");
		seconds *= WIFSIGNALED(status) ? 1.4 : 0.6;
		status = train(l, "killed.h5", NULL, 1, false, seconds);
		killed = WIFSIGNALED(status) && access("killed.h5.ckpt", F_OK) == 0;
		ck_assert(WIFSIGNALED(status) || status == 0);
		if (!WIFSIGNALED(status))
			remove("killed.h5");
	}
	ck_assert_int_eq(train(l, "killed.h5", NULL, 2, true, 0), 0);
	same_bytes(l->name, "killed.h5");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("learners");
	TCase *c = tcase_create("table");
	char command[64];
	int n = 0;

	if (!mkdtemp(folder))
		return 99;
	while (learner_at(n))
		n++;
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, trains, 0, n);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	if (system(command) != 0)
		return 99;
	return failed != 0;
}
