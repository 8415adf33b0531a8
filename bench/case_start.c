/* case_start.c: a tool from its start to its end, as a shell starts it: its version, and its smallest real work. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "bench.h"

extern char **environ;

enum { WORDS = 32, TEXT = 8192 };

/* Commands start with a tool's name; @ stands for the folder of the case. */
struct start_setting {
	const char *before[2]; /* once, to make what the command reads */
	const char *command;
};

struct work {
	char text[TEXT], *word[WORDS];
};

static int split(struct work *w, const char *dir, const char *command, struct err *e)
{
	size_t at = (size_t)snprintf(w->text, sizeof w->text, "tools/");
	int n = 0;

	for (const char *c = command; *c && at < sizeof w->text; c++)
		if (*c == '@')
			at += (size_t)snprintf(w->text + at, sizeof w->text - at, "%s", dir);
		else
			w->text[at++] = *c;
	if (at >= sizeof w->text)
		return err_set(e, ERR_FAIL, "%s: the folder's name is too long", dir);
	w->text[at] = '\0';
	for (char *rest = w->text; n < WORDS - 1 && (w->word[n] = strtok_r(rest, " ", &rest)); n++)
		;
	w->word[n] = NULL;
	return 0;
}

static int execute(struct work *w, struct err *e)
{
	posix_spawn_file_actions_t quiet;
	int status = -1, failed;
	pid_t pid;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	failed = posix_spawn(&pid, w->word[0], &quiet, NULL, w->word, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (failed)
		return err_set(e, ERR_FAIL, "%s: %s", w->word[0], strerror(failed));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? 0 : err_set(e, ERR_FAIL, "%s: status %d", w->word[0], status);
}

static void *open_work(const struct bench_case *c, const char *dir, struct err *e)
{
	const struct start_setting *s = c->setting;
	struct work *w = xcalloc(1, sizeof *w);

	for (int i = 0; i < 2 && s->before[i]; i++)
		if (split(w, dir, s->before[i], e) != 0 || execute(w, e) != 0) {
			free(w);
			return NULL;
		}
	if (split(w, dir, s->command, e) == 0)
		return w;
	free(w);
	return NULL;
}

static int run(void *work, struct err *e)
{
	return execute(work, e);
}

static int no_result(void *work, double *value)
{
	(void)work, (void)value;
	return 0;
}

#define DATA "sciml-gen heat -n 8 -s problem.grid=16 -q -o @/heat.h5"
#define TRAIN "sciml-train mlp @/heat.h5 -s train.epochs=1 -s model.width=8 -q -o @/mlp.h5"
#define SETTING(...) (&(const struct start_setting){ __VA_ARGS__ })
#define CASE(name_text, size_text, setting_of)                                                                         \
	{                                                                                                              \
		.name = name_text, .size = size_text, .open = open_work, .run = run, .result = no_result,              \
		.close = free, .setting = setting_of                                                                   \
	}

const struct bench_case start_cases[] = {
	CASE("start-gen", "sciml-gen --version", SETTING({ NULL }, "sciml-gen --version")),
	CASE("start-train", "sciml-train --version", SETTING({ NULL }, "sciml-train --version")),
	CASE("start-solve", "sciml-solve --version", SETTING({ NULL }, "sciml-solve --version")),
	CASE("start-sample", "sciml-sample --version", SETTING({ NULL }, "sciml-sample --version")),
	CASE("start-eval", "sciml-eval --version", SETTING({ NULL }, "sciml-eval --version")),
	CASE("small-gen", "sciml-gen heat -n 8, 16 points", SETTING({ NULL }, DATA)),
	CASE("small-train", "sciml-train mlp, 1 epoch of 8 samples", SETTING({ DATA }, TRAIN)),
	CASE("small-solve", "sciml-solve of that model and data",
	     SETTING({ DATA, TRAIN }, "sciml-solve @/mlp.h5 @/heat.h5 -q -o @/solved.h5")),
	CASE("small-sample", "sciml-sample toy -n 8", SETTING({ NULL }, "sciml-sample toy -n 8 -q -o @/toy.h5")),
	CASE("small-eval", "sciml-eval of those data against themselves",
	     SETTING({ DATA }, "sciml-eval @/heat.h5 @/heat.h5 -q")),
	{ .name = NULL },
};
