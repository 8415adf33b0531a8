/* value.c: the types of keys. Every reader has its inverse beside it, so that what --dry-run prints can be read
 * again. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/tree.h"
#include "conf/value.h"

/* Shortest text of a number; whole ones without exponent where people write them so. */
static const char *number(char *buffer, double v)
{
	if (v == floor(v) && fabs(v) < 1e6) {
		snprintf(buffer, 32, "%.0f", v);
		return buffer;
	}
	return str_double(buffer, v);
}

static const char *bound(char *buffer, double v)
{
	/* The largest 64-bit integer stands for "no bound" in tables of integers. */
	if (v >= 9.2e18 || v <= -9.2e18)
		return strcpy(buffer, v > 0 ? "inf" : "-inf");
	if (v == floor(v) && fabs(v) < 1e6)
		return number(buffer, v);
	/* 1e9, not 1000000000 or 1e+09 */
	snprintf(buffer, 32, "%.15g", v);
	if (fabs(v) >= 1e-4 && fabs(v) < 1e6)
		return buffer;
	for (int digits = 1; digits < 15; digits++) {
		char shorter[32];

		snprintf(shorter, sizeof shorter, "%.*e", digits - 1, v);
		if (strtod(shorter, NULL) == v) {
			char *e = strchr(shorter, 'e');

			snprintf(buffer, 32, "%.*se%ld", (int)(e - shorter), shorter, strtol(e + 1, NULL, 10));
			break;
		}
	}
	return buffer;
}

const char *value_range(char *buffer, const struct key *k)
{
	char lo[32], hi[32];

	buffer[0] = '\0';
	if (k->lo != 0 || k->hi != 0)
		snprintf(buffer, CONF_SHOWN, "%c%s, %s%c", k->lo <= -9.2e18 ? '(' : '[', bound(lo, k->lo),
			 bound(hi, k->hi), k->hi >= 9.2e18 ? ')' : ']');
	return buffer;
}

static int check_range(const struct key *k, double v, const char *text, struct err *e)
{
	char range[CONF_SHOWN], shown[CONF_SHOWN];

	if ((k->lo == 0 && k->hi == 0) || (v >= k->lo && v <= k->hi))
		return 0;
	return err_set(e, ERR_USAGE, "%s is outside %s", conf_show(shown, text), value_range(range, k));
}

static int wrong(const struct conf_node *n, const char *what, struct err *e)
{
	char shown[CONF_SHOWN];

	if (n->kind == CONF_SCALAR && n->quoted)
		return err_set(e, ERR_USAGE, "\"%s\" is text in quotes, not %s", conf_show(shown, n->text), what);
	if (conf_is_null(n))
		return err_set(e, ERR_USAGE, "has no value; expected %s", what);
	if (n->kind == CONF_SCALAR)
		return err_set(e, ERR_USAGE, "'%s' is not %s", conf_show(shown, n->text), what);
	return err_set(e, ERR_USAGE, "is a %s, not %s", n->kind == CONF_MAP ? "map" : "list", what);
}

static int read_long(const struct key *k, const struct conf_node *n, int64_t *v, struct err *e)
{
	double d = 0;

	if (n->kind != CONF_SCALAR || n->quoted)
		return wrong(n, "an integer", e);
	if (str_to_int(n->text, v))
		return check_range(k, (double)*v, n->text, e);
	if (!str_to_double(n->text, &d) || d != floor(d))
		return wrong(n, "an integer", e);
	if (!(d >= -0x1p63 && d < 0x1p63))
		return err_set(e, ERR_USAGE, "%s does not fit into 64 bits", n->text);
	*v = (int64_t)d;
	return check_range(k, d, n->text, e);
}

static int read_double(const struct key *k, const struct conf_node *n, double *v, struct err *e)
{
	if (n->kind != CONF_SCALAR || n->quoted || !str_to_double(n->text, v))
		return wrong(n, "a number", e);
	return check_range(k, *v, n->text, e);
}

static int read_bool(const struct conf_node *n, bool *v, struct err *e)
{
	static const char *const word[] = { "false", "true", "no", "yes", "off", "on" };

	for (int i = 0; i < 6 && n->kind == CONF_SCALAR && !n->quoted; i++) {
		if (strcmp(n->text, word[i]) == 0) {
			*v = i % 2;
			return 0;
		}
	}
	return wrong(n, "true or false", e);
}

static int read_text(const struct conf_node *n, const char **v, struct err *e)
{
	if (n->kind != CONF_SCALAR || conf_is_null(n))
		return wrong(n, "a text", e);
	*v = n->text;
	return 0;
}

static int read_choice(const struct key *k, const struct conf_node *n, int *v, struct err *e)
{
	struct str list = { 0 };
	char shown[CONF_SHOWN];
	const char *near;
	int count = 0;

	if (n->kind != CONF_SCALAR)
		return wrong(n, "a single word", e);
	for (; k->choices[count]; count++) {
		if (strcmp(k->choices[count], n->text) == 0) {
			*v = count;
			return 0;
		}
	}
	for (int i = 0; i < count; i++)
		str_printf(&list, "%s%s", i ? ", " : "", k->choices[i]);
	near = str_nearest(n->text, count, k->choices);
	err_set(e, ERR_USAGE, "'%s' is not one of %.400s%s%s%s", conf_show(shown, n->text), str_text(&list),
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	str_free(&list);
	return -1;
}

static int read_list(struct arena *a, const struct key *k, const struct conf_node *n, void *at, struct err *e)
{
	bool single = n->kind == CONF_SCALAR && !conf_is_null(n);
	int count = single ? 1 : n->n, status = 0;
	size_t room = (size_t)count + 1;
	int64_t *longs = NULL;
	double *doubles = NULL;
	const char **strings = NULL;

	if (n->kind == CONF_MAP || conf_is_null(n))
		return wrong(n, "a list", e);
	if (k->type == KEY_LONGS)
		longs = arena_take(a, room * sizeof *longs);
	else if (k->type == KEY_DOUBLES)
		doubles = arena_take(a, room * sizeof *doubles);
	else
		strings = arena_take(a, room * sizeof *strings);
	for (int i = 0; i < count && status == 0; i++) {
		const struct conf_node *item = single ? n : n->child[i];

		if (longs)
			status = read_long(k, item, &longs[i], e);
		else if (doubles)
			status = read_double(k, item, &doubles[i], e);
		else
			status = read_text(item, &strings[i], e);
		if (status != 0 && !single)
			err_in(e, "element %d", i + 1);
	}
	if (status != 0)
		return -1;
	if (longs)
		*(struct key_longs *)at = (struct key_longs){ count, longs };
	else if (doubles)
		*(struct key_doubles *)at = (struct key_doubles){ count, doubles };
	else
		*(struct key_strings *)at = (struct key_strings){ count, strings };
	return 0;
}

int value_read(struct arena *a, const struct key *k, const struct conf_node *n, void *into, struct err *e)
{
	void *at = (char *)into + k->offset;
	int64_t l = 0;
	double d = 0;
	int c = 0;

	switch (k->type) {
	case KEY_LONG:
		if (read_long(k, n, &l, e) != 0)
			return -1;
		*(int64_t *)at = l;
		return 0;
	case KEY_DOUBLE:
		if (read_double(k, n, &d, e) != 0)
			return -1;
		*(double *)at = d;
		return 0;
	case KEY_CHOICE:
		if (read_choice(k, n, &c, e) != 0)
			return -1;
		*(int *)at = c;
		return 0;
	case KEY_BOOL:
		return read_bool(n, at, e);
	case KEY_STRING:
		if (conf_is_null(n) && !k->def) {
			*(const char **)at = NULL;
			return 0;
		}
		return read_text(n, at, e);
	case KEY_NODE:
		*(const struct conf_node **)at = conf_is_null(n) ? NULL : n;
		return 0;
	case KEY_LONGS:
	case KEY_DOUBLES:
	case KEY_STRINGS:
		return read_list(a, k, n, at, e);
	}
	return -1;
}

void value_clear(const struct key *k, void *into)
{
	static const size_t size[] = {
		[KEY_LONG] = sizeof(int64_t),
		[KEY_DOUBLE] = sizeof(double),
		[KEY_BOOL] = sizeof(bool),
		[KEY_STRING] = sizeof(const char *),
		[KEY_CHOICE] = sizeof(int),
		[KEY_LONGS] = sizeof(struct key_longs),
		[KEY_DOUBLES] = sizeof(struct key_doubles),
		[KEY_STRINGS] = sizeof(struct key_strings),
		[KEY_NODE] = sizeof(const struct conf_node *),
	};

	memset((char *)into + k->offset, 0, size[k->type]);
}

struct conf_node *value_default(struct arena *a, const struct key *k, struct err *e)
{
	struct conf_node *n;

	if (!k->def)
		return NULL;
	/* A text's default is taken as it stands, so that tables need no second layer of quotes. */
	if ((k->type == KEY_STRING || k->type == KEY_CHOICE) && k->def[0] != '\'' && k->def[0] != '"') {
		n = conf_node_scalar(a, k->def, NULL, 0);
		n->quoted = true;
		return n;
	}
	n = conf_parse(a, k->def, strlen(k->def), "default", false, e);
	if (n)
		n->origin = NULL;
	return n;
}

static struct conf_node *long_node(struct arena *a, int64_t v)
{
	return conf_node_scalar(a, arena_printf(a, "%" PRId64, v), NULL, 0);
}

static struct conf_node *double_node(struct arena *a, double v)
{
	char buffer[32];

	return conf_node_scalar(a, arena_text(a, number(buffer, v)), NULL, 0);
}

static struct conf_node *text_node(struct arena *a, const char *text)
{
	struct conf_node *n = conf_node_scalar(a, text, NULL, 0);

	n->quoted = conf_is_null(n) || !conf_is_plain(text, false);
	return n;
}

struct conf_node *value_node(struct arena *a, const struct key *k, const void *into)
{
	const void *at = (const char *)into + k->offset;
	struct conf_node *list;

	switch (k->type) {
	case KEY_LONG:
		return long_node(a, *(const int64_t *)at);
	case KEY_DOUBLE:
		return double_node(a, *(const double *)at);
	case KEY_BOOL:
		return conf_node_scalar(a, *(const bool *)at ? "true" : "false", NULL, 0);
	case KEY_CHOICE:
		return text_node(a, k->choices[*(const int *)at]);
	case KEY_STRING:
		return *(const char *const *)at ? text_node(a, *(const char *const *)at) : NULL;
	case KEY_NODE:
		/* Borrowed: cfg.c never changes a node that it did not make. */
		return *(struct conf_node *const *)at;
	default:
		break;
	}
	list = conf_node_new(a, CONF_LIST, NULL, 0);
	if (k->type == KEY_LONGS)
		for (int i = 0; i < ((const struct key_longs *)at)->n; i++)
			conf_node_add(a, list, NULL, long_node(a, ((const struct key_longs *)at)->at[i]));
	else if (k->type == KEY_DOUBLES)
		for (int i = 0; i < ((const struct key_doubles *)at)->n; i++)
			conf_node_add(a, list, NULL, double_node(a, ((const struct key_doubles *)at)->at[i]));
	else
		for (int i = 0; i < ((const struct key_strings *)at)->n; i++)
			conf_node_add(a, list, NULL, text_node(a, ((const struct key_strings *)at)->at[i]));
	return list;
}
