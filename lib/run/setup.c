/* setup.c: finding and merging the configuration of a run. */
#include "run/setup.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/output.h"

static char *joined(const char *dir, const char *kind, const char *name)
{
	struct str s = { 0 };

	str_printf(&s, "%s/%s/%s.yaml", dir, kind, name);
	return s.text;
}

static const char *const *shipped_dirs(void)
{
	static const char *dirs[3];

	dirs[0] = getenv("SCIML_DATA");
	if (dirs[0] && *dirs[0]) {
		dirs[1] = SCIML_DATADIR;
	} else {
		dirs[0] = SCIML_DATADIR;
		dirs[1] = NULL;
	}
	return dirs;
}

char *setup_shipped(const char *kind, const char *name)
{
	const char *const *dir = shipped_dirs();

	if (strchr(name, '/') || *name == '\0')
		return NULL;
	for (; *dir; dir++) {
		char *path = joined(*dir, kind, name);

		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* First comment line of a YAML file without "# ", as its description. */
static void describe(const char *path, struct str *out)
{
	char line[300];
	FILE *f = fopen(path, "r");

	if (f && fgets(line, sizeof line, f) && line[0] == '#') {
		line[strcspn(line, "\n")] = '\0';
		str_add(out, line + strspn(line, "# "));
	}
	if (f)
		fclose(f);
}

static int yaml_only(const struct dirent *d)
{
	return str_ends(d->d_name, ".yaml");
}

void setup_each_shipped(const char *kind,
			void (*one)(void *context, const char *name, const char *path, const char *summary),
			void *context)
{
	for (const char *const *dir = shipped_dirs(); *dir; dir++) {
		struct str folder = { 0 };
		struct dirent **entry;

		str_printf(&folder, "%s/%s", *dir, kind);
		int n = scandir(folder.text, &entry, yaml_only, alphasort);
		for (int i = 0; i < n; i++) {
			struct str path = { 0 }, summary = { 0 };
			char *name = xstrndup(entry[i]->d_name, strlen(entry[i]->d_name) - 5);

			str_printf(&path, "%s/%s", folder.text, entry[i]->d_name);
			describe(path.text, &summary);
			one(context, name, path.text, str_text(&summary));
			str_free(&path);
			str_free(&summary);
			free(name);
			free(entry[i]);
		}
		if (n >= 0)
			free(entry);
		str_free(&folder);
		if (n > 0)
			return;
	}
}

bool setup_is_configuration(const char *operand)
{
	char *shipped;
	bool found;

	if (str_ends(operand, ".yaml") || str_ends(operand, ".yml"))
		return true;
	if (access(operand, F_OK) == 0)
		return false;
	shipped = setup_shipped("problem", operand);
	found = shipped != NULL;
	free(shipped);
	return found;
}

static int overrides(struct setup *s, const struct run_common *common, struct err *e)
{
	for (int i = 0; i < common->n_also; i++) {
		char *shipped = setup_shipped("problem", common->also[i]);
		const int status = conf_load(s->conf, shipped ? shipped : common->also[i], e);

		free(shipped);
		if (status != 0)
			return -1;
	}
	for (int i = 0; i < common->n_set; i++)
		if (conf_override(s->conf, common->set[i], e) != 0)
			return -1;
	s->cfg = cfg_new(s->conf);
	return 0;
}

static int load(struct setup *s, const char *what, const char *section, bool (*known)(const char *), int n_names,
		const char *const *names, struct err *e)
{
	bool is_path = strchr(what, '/') || str_ends(what, ".yaml") || str_ends(what, ".yml");
	char *shipped = is_path ? NULL : setup_shipped(section, what), path[64];
	const char *near;
	int status = 0;

	if (is_path) {
		status = conf_load(s->conf, what, e);
	} else if (shipped) {
		status = conf_load(s->conf, shipped, e);
	} else if (known(what)) {
		snprintf(path, sizeof path, "%s.name", section);
		conf_set(s->conf, path, what);
	} else {
		near = str_nearest(what, n_names, names);
		status = near ? err_set(e, ERR_USAGE, "no %s '%s'; did you mean '%s'?", section, what, near)
			      : err_set(e, ERR_USAGE, "no %s '%s' (and no such YAML file); --list shows what there is",
					section, what);
	}
	free(shipped);
	return status;
}

/* The output may be no file that the configuration names: initial data, another model. */
static int check_files(const struct conf_node *n, const char *output, struct err *e)
{
	if (n->kind == CONF_SCALAR && strpbrk(n->text, "./") && strlen(n->text) < 4096 &&
	    output_not_input(output, 1, &n->text, e) != 0)
		return -1;
	for (int i = 0; i < n->n; i++)
		if (check_files(n->child[i], output, e) != 0)
			return -1;
	return 0;
}

int setup_open(struct setup *s, const struct run_common *common, const char *what, const char *section,
	       bool (*known)(const char *name), int n_names, const char *const *names, struct err *e)
{
	*s = (struct setup){ conf_new(), NULL, xstrdup(what) };
	if (load(s, what, section, known, n_names, names, e) == 0 && overrides(s, common, e) == 0 &&
	    (!common->output || common->dry_run || check_files(conf_root(s->conf), common->output, e) == 0))
		return 0;
	setup_close(s);
	return -1;
}

int setup_open_text(struct setup *s, const struct run_common *common, const char *text, const char *origin,
		    struct err *e)
{
	*s = (struct setup){ conf_new(), NULL, xstrdup(origin) };
	if (conf_load_text(s->conf, text, origin, e) == 0 && overrides(s, common, e) == 0)
		return 0;
	setup_close(s);
	return -1;
}

void setup_close(struct setup *s)
{
	cfg_free(s->cfg);
	conf_free(s->conf);
	free(s->what);
	memset(s, 0, sizeof *s);
}
