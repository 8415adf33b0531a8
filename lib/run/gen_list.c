/* gen_list.c: what there is to simulate: equation, parameters and source of every problem, shipped texts included. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/help.h"
#include "io/layout.h"
#include "problem/problem.h"
#include "run/gen.h"
#include "run/gen_plan.h"

/* "      LABEL: TEXT", line ends as "; ". Details stand deeper than names, which is how manual pages tell them
 * apart. */
static void detail(struct str *out, const char *label, const char *text)
{
	bool begun = false;

	if (!text || !*text)
		return;
	str_printf(out, "      %s: ", label);
	while (*text) {
		size_t n;

		text += strspn(text, " \t\n");
		n = strcspn(text, "\n");
		if (n > 0)
			str_add(out, begun ? "; " : "");
		begun |= n > 0;
		str_add_n(out, text, n);
		text += n;
	}
	str_add(out, "\n");
}

static void member(struct str *out, const struct problem_class *p)
{
	struct str keys = { 0 };

	str_printf(out, "  %-22s %s\n", p->name, p->summary);
	for (const struct key *k = p->keys; k->name; k++)
		if (k->def)
			str_printf(&keys, "%s%s=%s", keys.length ? ", " : "", k->name, *k->def ? k->def : "\"\"");
	detail(out, "equation", p->equation);
	detail(out, "parameters", str_text(&keys));
	detail(out, "source", p->source);
	str_free(&keys);
}

/* "a=1, b=[1, 2]" of the children of a map, but for those in `without`. */
static void children(struct str *out, const struct conf_node *n, const char *const *without)
{
	for (int i = 0; n && n->kind == CONF_MAP && i < n->n; i++) {
		struct str value = { 0 };
		bool out_of_it = false;

		for (const char *const *w = without; *w; w++)
			out_of_it |= strcmp(*w, n->key[i]) == 0;
		if (out_of_it)
			continue;
		conf_write(n->child[i], &value);
		while (value.length > 0 && value.text[value.length - 1] == '\n')
			value.text[--value.length] = '\0';
		str_printf(out, "%s%s=%s", out->length ? ", " : "", n->key[i],
			   n->child[i]->kind == CONF_SCALAR ? n->child[i]->text : str_text(&value));
		str_free(&value);
	}
}

/* The comment lines after the first. */
static void comments(struct str *out, const char *path)
{
	char line[300];
	FILE *f = fopen(path, "r");

	for (int k = 0; f && fgets(line, sizeof line, f) && line[0] == '#'; k++)
		if (k > 0) {
			line[strcspn(line, "\n")] = '\0';
			str_printf(out, "%s%s", out->length ? " " : "", line + strspn(line, "# "));
		}
	if (f)
		fclose(f);
}

static void shipped(void *context, const char *name, const char *path, const char *summary)
{
	static const char *const none[] = { NULL }, *const not_parameters[] = { "name", "equation", NULL };
	struct str *out = context, parameters = { 0 }, source = { 0 }, text = { 0 };
	struct conf *c = conf_new();

	str_printf(out, "  %-22s %s\n", name, summary);
	if (conf_load(c, path, NULL) == 0) {
		const struct conf_node *equation = conf_at(c, "problem.equation"), *of = conf_at(c, "problem.name");
		const struct problem_class *class = equation || !of ? NULL : problem_find(of->text);

		for (int i = 0; equation && equation->kind == CONF_LIST && i < equation->n; i++)
			str_printf(&text, "%s\n", equation->child[i]->text);
		detail(out, "equation",
		       text.length				   ? text.text
		       : equation && equation->kind == CONF_SCALAR ? equation->text
		       : class					   ? class->equation
								   : NULL);
		if (equation)
			children(&parameters, conf_at(c, "problem.param"), none);
		else
			children(&parameters, conf_at(c, "problem"), not_parameters);
		detail(out, "parameters", str_text(&parameters));
		comments(&source, path);
		detail(out, "source", source.length ? source.text : class ? class->source : NULL);
	}
	conf_free(c);
	str_free(&text);
	str_free(&parameters);
	str_free(&source);
}

void gen_list(struct str *out)
{
	struct str texts = { 0 };

	str_add(out, "problems:\n");
	for (int i = 0; problem_files[i]; i++)
		for (int k = 0; problem_files[i][k]; k++)
			member(out, problem_files[i][k]);
	setup_each_shipped("problem", shipped, &texts);
	if (texts.length)
		str_printf(out, "shipped settings:\n%s", texts.text);
	str_free(&texts);
	str_add(out, "layouts:\n");
	for (int i = 0; layout_files[i]; i++)
		for (int k = 0; layout_files[i][k]; k++) {
			const struct layout_class *l = layout_files[i][k];
			bool written = l->write || strcmp(l->name, "native") == 0;

			if (l->open && !strstr(l->help, "not read"))
				str_printf(out, "  %-22s %s%s\n", l->name, l->help, written ? "; written too" : "");
		}
	str_add(out,
		"sections:\n  gen                    number of samples, splits, noise, observations, number type\n");
}

/* A shipped file says it all itself. */
static int describe_shipped(const char *path, struct str *out, struct err *e)
{
	char line[1000];
	FILE *f = fopen(path, "r");

	if (!f)
		return err_errno(e, "%s", path);
	while (fgets(line, sizeof line, f))
		str_add(out, line);
	fclose(f);
	return 0;
}

int gen_describe(const char *name, bool man, struct str *out, struct err *e)
{
	const struct problem_class *p = problem_find(name);

	if (strcmp(name, "gen") == 0) {
		help_keys_of(out, man, "gen");
		key_help(gen_keys, man, out);
		return 0;
	}
	if (!p) {
		char *shipped = setup_shipped("problem", name);
		int status = shipped ? describe_shipped(shipped, out, e)
				     : err_set(e, ERR_USAGE, "no problem '%s'; --list shows what there is", name);

		free(shipped);
		return status;
	}
	help_member(out, man, p->name, p->summary);
	help_label(out, man, "equation", p->equation);
	help_label(out, man, "source", p->source);
	help_label(out, man, "method", p->notes);
	help_keys_of(out, man, "problem");
	key_help(p->keys, man, out);
	return 0;
}
