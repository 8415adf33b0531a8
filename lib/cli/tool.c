/* tool.c: the frame of every tool. Only here is anything printed about errors, and only here does a process end. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/pool.h"
#include "base/stop.h"
#include "cli/option.h"
#include "cli/page.h"
#include "num/blas.h"

/* A descriptor that is closed at start would be given to the next file opened, and a message would land in a data file.
 * Opened the wrong way round, so that its use fails as it would have. */
static void fill_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
				_exit(ERR_FAIL);
}

/* "NAME: message" on one line, whatever file names or texts are quoted in it. */
static void print_error(const char *name, const struct err *e)
{
	const char *text = e->message[0] ? e->message : "failed";
	struct str line = { 0 };

	str_printf(&line, "%s: %s", name, text);
	for (char *c = line.text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = *c == '\n' || *c == '\t' || *c == '\r' ? ' ' : '?';
	progress_clear();
	fprintf(stderr, "%s\n", line.text);
	if (e->code == ERR_USAGE)
		fprintf(stderr, "Try '%s --help'.\n", name);
	str_free(&line);
}

/* A full disk often shows only here. */
static int close_output(struct err *e)
{
	bool bad = ferror(stdout) != 0;

	errno = 0;
	if (fclose(stdout) != 0)
		return err_errno(e, "standard output");
	return bad ? err_set(e, ERR_FAIL, "standard output: write error") : 0;
}

static int answer(const struct tool *t, const struct opt *table, const struct option_ask *ask, struct err *e)
{
	struct str out = { 0 };
	int status = 0;

	if (ask->help)
		page_help(t, table, &out);
	else if (ask->version)
		page_version(t, &out);
	else if (ask->man)
		page_man(t, table, &out);
	else if (ask->completion)
		page_completion(t, table, &out);
	else if (ask->list)
		t->list(&out);
	else
		status = t->describe(ask->describe, false, &out, e);
	if (status == 0)
		fputs(str_text(&out), stdout);
	str_free(&out);
	return status;
}

static int work(const struct tool *t, const struct opt *table, const struct option_ask *ask, int n, char **operand,
		int (*run)(int n, char **operand, struct err *e), struct err *e)
{
	if (option_check_common(&tool_common, e) != 0 ||
	    (!tool_common.dry_run && option_check_files(table, n, operand, e) != 0))
		return -1;
	log_setup(t->name, ask->quiet ? LOG_QUIET : ask->verbose ? LOG_VERBOSE : LOG_NORMAL);
	num_setup(); /* before there is a second thread: num/blas.c */
	pool_set_threads(tool_common.threads == THREADS_DEFAULT ? 0 : (int)tool_common.threads);
	tool_common.threads = pool_threads();
	stop_after(tool_common.time_limit);
	return run(n, operand, e);
}

int tool_main(const struct tool *t, int argc, char **argv, int (*run)(int n, char **operand, struct err *e))
{
	struct err e = { 0 }, closing = { 0 };
	struct option_ask ask = { 0 };
	struct str command = { 0 };
	struct opt *table;
	char **operand = NULL;
	int n = 0, status;

	fill_descriptors();
	stop_setup();
	tool_common = (struct tool_common){ .threads = THREADS_DEFAULT };
	table = option_table(t, &ask);
	status = option_parse(t->name, table, &ask, argc, argv, &n, &operand, &command, &e);
	tool_common.command = str_text(&command);
	if (status == 0) {
		if (ask.help || ask.version || ask.man || ask.completion || ask.list || ask.describe)
			status = answer(t, table, &ask, &e);
		else
			status = work(t, table, &ask, n, operand, run, &e);
	}
	/* Work that stopped on request says nothing. */
	if (status == 0 || (e.code == ERR_NONE && stop_interrupted()))
		e.code = ERR_NONE;
	else if (e.code == ERR_NONE)
		e.code = ERR_FAIL;
	if (close_output(&closing) != 0 && e.code == ERR_NONE)
		e = closing;
	progress_clear();
	if (e.code != ERR_NONE)
		print_error(t->name, &e);
	pool_stop();
	option_free_lists(table);
	free(table);
	free(operand);
	str_free(&command);
	stop_finish();
	return (int)e.code;
}
