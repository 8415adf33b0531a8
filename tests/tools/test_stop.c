/* test_stop.c: signals seen from outside: each case runs in a child process, whose end is what is checked. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stop.h"

static char folder[] = "stop-XXXXXX", file[64];

/* Fork, run, and give back how the child ended: a signal, or 1000 + exit status. */
static int end_of(void (*child)(void))
{
	FILE *f = fopen(file, "w");
	int status = 0;
	pid_t pid;

	ck_assert_ptr_nonnull(f);
	fclose(f);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		alarm(20);
		signal(SIGHUP, SIG_DFL); /* nohup make check */
		child();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 1000 + WEXITSTATUS(status);
}

static void at_once(void)
{
	stop_setup();
	stop_unlink_on_signal(file);
	raise(SIGTERM);
	_exit(9);
}

static void forgotten(void)
{
	stop_setup();
	stop_forget(stop_unlink_on_signal(file));
	raise(SIGTERM);
	_exit(9);
}

static void nested(void)
{
	stop_setup();
	stop_hold();
	stop_hold();
	stop_release();
	if (stop_requested() != 0)
		_exit(1);
	raise(SIGHUP);
	if (stop_requested() != SIGHUP)
		_exit(2);
	stop_release();
	if (stop_requested() != 0 || stop_interrupted() != SIGHUP)
		_exit(3);
	stop_finish();
	_exit(9);
}

static void second_of_a_kind(void)
{
	stop_setup();
	stop_unlink_on_signal(file);
	stop_hold();
	raise(SIGTERM);
	raise(SIGINT); /* another kind: still held */
	if (stop_requested() != SIGTERM)
		_exit(1);
	raise(SIGINT);
	_exit(9);
}

static void broken_pipe(void)
{
	stop_setup();
	stop_unlink_on_signal(file);
	stop_hold();
	raise(SIGPIPE);
	_exit(9);
}

static void ignored(void)
{
	signal(SIGHUP, SIG_IGN);
	stop_setup();
	stop_unlink_on_signal(file);
	stop_hold();
	raise(SIGHUP);
	_exit(stop_requested());
}

static void time_limit(void)
{
	stop_setup();
	stop_after(0.05);
	if (stop_requested() != 0)
		_exit(1);
	usleep(100000);
	if (stop_requested() != 0) /* not held */
		_exit(2);
	stop_hold();
	if (stop_requested() != -1)
		_exit(3);
	stop_release();
	if (stop_interrupted() != -1 || stop_finish() != 0)
		_exit(4);
	stop_after(0);
	stop_hold();
	_exit(stop_requested());
}

/* Slots are given once, come back, and run out without harm. */
static void many(void)
{
	int slot[1000], n = 0;

	stop_setup();
	while (n < 1000 && (slot[n] = stop_unlink_on_signal("absent")) >= 0)
		n++;
	if (n < 16 || n == 1000)
		_exit(1);
	stop_forget(-1);
	stop_forget(slot[3]);
	if (stop_unlink_on_signal(file) != slot[3])
		_exit(2);
	raise(SIGTERM);
	_exit(9);
}

static const struct {
	void (*child)(void);
	int end;
	bool stays;
} cases[] = {
	{ at_once, SIGTERM, false },	     { forgotten, SIGTERM, true },    { nested, SIGHUP, true },
	{ second_of_a_kind, SIGINT, false }, { broken_pipe, SIGPIPE, false }, { ignored, 1000, true },
	{ time_limit, 1000, true },	     { many, SIGTERM, false },
};

START_TEST(endings)
{
	ck_assert_int_eq(end_of(cases[_i].child), cases[_i].end);
	ck_assert_int_eq(access(file, F_OK) == 0, cases[_i].stays);
	unlink(file);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stop");
	TCase *t = tcase_create("stop");
	SRunner *r = srunner_create(s);
	struct rlimit no_core = { 0, 0 };
	int failed;

	setrlimit(RLIMIT_CORE, &no_core);
	if (!mkdtemp(folder))
		return 99;
	snprintf(file, sizeof file, "%s/pending", folder);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, endings, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	rmdir(folder);
	return failed != 0;
}
