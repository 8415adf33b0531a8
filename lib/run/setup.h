/* setup.h: from WHAT and -s to a read configuration; what every verb does first. */
#ifndef SCIML_RUN_SETUP_H
#define SCIML_RUN_SETUP_H

#include "conf/key.h"

/* What the command line said, as far as a run depends on it; tools fill it from cli's tool_common. */
struct run_common {
	const char *tool;    /* "sciml-gen" */
	const char *command; /* as recorded in files: without what cannot change a result */
	const char *output;  /* NULL: the verb's default */
	int64_t seed;
	bool resume, dry_run;
	double time_limit;
	int64_t shard_index, shard_count; /* count 0: whole */
	int n_also;			  /* further YAML files or shipped problems, merged over WHAT */
	const char *const *also;
	int n_set;
	const char *const *set; /* -s key.path=value */
};

struct setup {
	struct conf *conf;
	struct cfg *cfg;
	char *what; /* normalised name for /meta/command */
};

/* Load WHAT: a YAML file, a shipped file data/SECTION/WHAT.yaml, or else a member name put into `section` ("problem",
 * "model"); known(name) tells members, names lists them for the hint. Then the -s overrides. */
int setup_open(struct setup *s, const struct run_common *common, const char *what, const char *section,
	       bool (*known)(const char *name), int n_names, const char *const *names, struct err *e);
/* As above from a configuration text (of a model file) instead of WHAT. */
int setup_open_text(struct setup *s, const struct run_common *common, const char *text, const char *origin,
		    struct err *e);
void setup_close(struct setup *s);
/* Is an operand a YAML file, or a shipped problem (and no file that is there): something for run_common.also? */
bool setup_is_configuration(const char *operand);

/* Folders that hold shipped files: $SCIML_DATA, then the installed one. Path of data/KIND/NAME.yaml or NULL; free
 * it. */
char *setup_shipped(const char *kind, const char *name);
/* Shipped files of a kind, by name, with their first comment line. */
void setup_each_shipped(const char *kind,
			void (*one)(void *context, const char *name, const char *path, const char *summary),
			void *context);

#endif
