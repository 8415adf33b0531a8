/* select.c: texts that say which samples are meant. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/select.h"

void ranges_free(struct ranges *r)
{
	free(r->at);
	memset(r, 0, sizeof *r);
}

static void ranges_add(struct ranges *r, int64_t first, int64_t last)
{
	/* 0,1,2 is one range: fewer reads later. */
	if (r->n > 0 && r->at[r->n - 1].last == first) {
		r->at[r->n - 1].last = last;
		return;
	}
	MEM_GROW(r->at, r->n, r->capacity);
	r->at[r->n].first = first;
	r->at[r->n++].last = last;
}

static int64_t ranges_total(const struct ranges *r)
{
	int64_t total = 0;

	for (int i = 0; i < r->n; i++)
		total += r->at[i].last - r->at[i].first;
	return total;
}

static bool may_select(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(",-_", *text))
			return false;
	return true;
}

void select_split_spec(const char *spec, char **path, char **selection)
{
	const char *colon = strrchr(spec, ':');

	if (colon && colon > spec && may_select(colon + 1) && access(spec, F_OK) != 0) {
		*path = xstrndup(spec, (size_t)(colon - spec));
		*selection = xstrdup(colon + 1);
		return;
	}
	*path = xstrdup(spec);
	*selection = NULL;
}

bool select_is_splits(const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && isdigit((unsigned char)*text))
			return false;
		start = *text == ',';
	}
	return true;
}

static const char *canonical(const char *name)
{
	if (strcmp(name, "val") == 0 || strcmp(name, "validation") == 0)
		return "valid";
	return name;
}

static int no_split(const char *name, const struct layout *l, struct err *e)
{
	struct str have = { 0 };

	for (int i = 0; i < l->n_splits; i++) {
		bool seen = false;

		for (int k = 0; k < i; k++)
			seen = seen || strcmp(l->split[k].name, l->split[i].name) == 0;
		if (!seen)
			str_printf(&have, "%s%s", have.length ? ", " : "", l->split[i].name);
	}
	if (have.length)
		err_set(e, ERR_USAGE, "no split '%s' (there are: %s)", name, str_text(&have));
	else
		err_set(e, ERR_USAGE, "no split '%s': the file names none; select by number, FILE:0-%lld", name,
			(long long)(l->n_samples - 1));
	str_free(&have);
	return -1;
}

static int add_split(const char *name, const struct layout *l, struct ranges *out, struct err *e)
{
	int found = 0;

	for (int i = 0; i < l->n_splits; i++)
		if (strcmp(l->split[i].name, canonical(name)) == 0 || strcmp(l->split[i].name, name) == 0) {
			found++;
			if (l->split[i].last > l->split[i].first)
				ranges_add(out, l->split[i].first, l->split[i].last);
		}
	return found ? 0 : no_split(name, l, e);
}

static int add_numbers(const char *item, const struct layout *l, struct ranges *out, struct err *e)
{
	const char *dash = strchr(item, '-');
	char *left = dash ? xstrndup(item, (size_t)(dash - item)) : xstrdup(item);
	int64_t first = 0, last = 0;
	bool good = str_to_int(left, &first);

	last = first;
	if (dash && dash[1])
		good = good && str_to_int(dash + 1, &last);
	else if (dash)
		last = l->n_samples - 1;
	free(left);
	if (!good || last < 0 || first < 0)
		return err_set(e, ERR_USAGE, "'%s' is no selection of samples (a split, 5, 0-99 or 100-)", item);
	if (first >= l->n_samples || last >= l->n_samples)
		return err_set(e, ERR_USAGE, "samples %s: there are %lld (0-%lld)", item, (long long)l->n_samples,
			       (long long)(l->n_samples - 1));
	if (last < first)
		return err_set(e, ERR_USAGE, "samples %s: the range runs backwards", item);
	ranges_add(out, first, last + 1);
	return 0;
}

int select_parse(const char *text, const struct layout *l, struct ranges *out, struct err *e)
{
	char *copy = xstrdup(text), *item = copy;
	int rc = 0;

	memset(out, 0, sizeof *out);
	while (item && rc == 0) {
		char *comma = strchr(item, ',');

		if (comma)
			*comma = '\0';
		if (isdigit((unsigned char)*item))
			rc = add_numbers(item, l, out, e);
		else if (*item)
			rc = add_split(item, l, out, e);
		else
			rc = err_set(e, ERR_USAGE, "'%s' is no selection of samples (an empty item)", text);
		item = comma ? comma + 1 : NULL;
	}
	free(copy);
	if (rc == 0 && ranges_total(out) == 0)
		rc = err_set(e, ERR_USAGE, "'%s' selects no samples", text);
	if (rc != 0)
		ranges_free(out);
	return rc;
}

int splits_parse(const char *text, struct layout *l, struct err *e)
{
	char *copy = xstrdup(text), *rest = NULL;
	int rc = 0;

	for (char *item = strtok_r(copy, " ", &rest); item && rc == 0; item = strtok_r(NULL, " ", &rest)) {
		char *equals = strchr(item, '='), *dash = equals ? strchr(equals, '-') : NULL;
		int64_t first, last;

		if (dash)
			*dash = '\0';
		if (equals)
			*equals = '\0';
		if (!dash || !str_to_int(equals + 1, &first) || !str_to_int(dash + 1, &last) || first < 0 ||
		    last < first || last >= l->n_samples || strlen(item) >= sizeof l->split->name)
			rc = err_set(e, ERR_FAIL,
				     "attribute split '%.100s': each part must read NAME=FIRST-LAST below %lld", text,
				     (long long)l->n_samples);
		else
			layout_add_split(l, item, first, last + 1);
	}
	free(copy);
	return rc;
}

char *splits_text(const struct layout *l)
{
	struct str s = { 0 };
	char *text;

	for (int i = 0; i < l->n_splits; i++)
		if (l->split[i].last > l->split[i].first)
			str_printf(&s, "%s%s=%lld-%lld", s.length ? " " : "", l->split[i].name,
				   (long long)l->split[i].first, (long long)l->split[i].last - 1);
	text = xstrdup(str_text(&s));
	str_free(&s);
	return text;
}
