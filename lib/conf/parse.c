/* parse.c: libyaml's events to a tree. Limits are checked while nodes are made, so that a small hostile text (nested
 * brackets, aliases of aliases) is refused before it costs memory. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "conf/tree.h"

struct anchor {
	const char *name;
	struct conf_node *node; /* NULL while its value is still being read */
};

struct parser {
	yaml_parser_t yaml;
	struct arena *arena;
	const char *text, *origin;
	size_t length;
	bool lines;
	int64_t nodes, bytes;
	struct anchor *anchor;
	int n_anchors, anchor_capacity;
	struct err *e;
};

static int fail(struct parser *p, size_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(struct parser *p, size_t line, const char *format, ...)
{
	char message[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof message, format, ap);
	va_end(ap);
	if (!p->lines)
		return err_set(p->e, ERR_USAGE, "%s: %s", p->origin, message);
	return err_set(p->e, ERR_USAGE, "%s:%zu: %s", p->origin, line, message);
}

static size_t line_of(const yaml_event_t *event)
{
	return event->start_mark.line + 1;
}

/* What libyaml says, as one line. Its reader gives an offset instead of a line. */
static int fail_yaml(struct parser *p)
{
	const yaml_parser_t *y = &p->yaml;
	const char *problem = y->problem ? y->problem : "not readable";
	size_t line = y->problem_mark.line + 1;

	if (y->error == YAML_MEMORY_ERROR)
		return err_set(p->e, ERR_FAIL, "%s: out of memory", p->origin);
	if (y->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < y->problem_offset && i < p->length; i++)
			line += p->text[i] == '\n';
		if (y->problem_value != -1)
			return fail(p, line, "%s (0x%02X): the text must be UTF-8", problem,
				    (unsigned)y->problem_value);
		return fail(p, line, "%s: the text must be UTF-8", problem);
	}
	if (!y->context)
		return fail(p, line, "%s", problem);
	if (y->context_mark.line + 1 == line || !p->lines)
		return fail(p, line, "%s %s", problem, y->context);
	return fail(p, line, "%s %s that starts in line %zu", problem, y->context, y->context_mark.line + 1);
}

static int next(struct parser *p, yaml_event_t *event)
{
	return yaml_parser_parse(&p->yaml, event) ? 0 : fail_yaml(p);
}

static int count(struct parser *p, size_t line, int depth, size_t bytes)
{
	if (depth > CONF_DEPTH_MAX)
		return fail(p, line, "nested more than %d deep", CONF_DEPTH_MAX);
	if (++p->nodes > CONF_NODES_MAX)
		return fail(p, line, "more than %d values", CONF_NODES_MAX);
	p->bytes += (int64_t)bytes;
	if (p->bytes > CONF_BYTES_MAX)
		return fail(p, line, "more than %d bytes of text", CONF_BYTES_MAX);
	return 0;
}

static int check_tag(struct parser *p, const yaml_event_t *event, const yaml_char_t *tag)
{
	char shown[CONF_SHOWN];

	return tag ? fail(p, line_of(event), "tags are not supported ('%s')", conf_show(shown, (const char *)tag)) : 0;
}

/* Remember an anchor before its value is read; returns its index, or -1 with an error. */
static int open_anchor(struct parser *p, const yaml_event_t *event, const yaml_char_t *name)
{
	if (p->n_anchors >= CONF_ANCHORS_MAX)
		return fail(p, line_of(event), "more than %d anchors", CONF_ANCHORS_MAX);
	MEM_GROW(p->anchor, p->n_anchors, p->anchor_capacity);
	p->anchor[p->n_anchors] = (struct anchor){ arena_text(p->arena, (const char *)name), NULL };
	return p->n_anchors++;
}

static struct conf_node *copy(struct parser *p, const struct conf_node *from, size_t line, int depth)
{
	struct conf_node *n;

	if (count(p, line, depth, from->kind == CONF_SCALAR ? strlen(from->text) : 0) != 0)
		return NULL;
	n = conf_node_new(p->arena, from->kind, from->origin, from->line);
	n->text = from->text;
	n->quoted = from->quoted;
	for (int i = 0; i < from->n; i++) {
		struct conf_node *child = copy(p, from->child[i], line, depth + 1);

		if (!child)
			return NULL;
		conf_node_add(p->arena, n, from->key ? from->key[i] : NULL, child);
	}
	return n;
}

static struct conf_node *expand(struct parser *p, const yaml_event_t *event, int depth)
{
	const char *name = (const char *)event->data.alias.anchor;
	char shown[CONF_SHOWN];

	for (int i = p->n_anchors - 1; i >= 0; i--) {
		if (strcmp(p->anchor[i].name, name) != 0)
			continue;
		if (p->anchor[i].node)
			return copy(p, p->anchor[i].node, line_of(event), depth);
		fail(p, line_of(event), "alias '*%s' stands inside its own anchor", conf_show(shown, name));
		return NULL;
	}
	fail(p, line_of(event), "alias '*%s' has no anchor", conf_show(shown, name));
	return NULL;
}

static struct conf_node *scalar(struct parser *p, const yaml_event_t *event, int depth)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct conf_node *n;

	if (strlen(text) != length) {
		fail(p, line_of(event), "a text holds a zero byte");
		return NULL;
	}
	if (count(p, line_of(event), depth, length) != 0)
		return NULL;
	n = conf_node_scalar(p->arena, arena_text(p->arena, text), p->origin, p->lines ? (int)line_of(event) : 0);
	/* A plain text of several lines can be written back only with quotes; it is text either way. */
	n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || (length > 0 && !conf_is_plain(text, false));
	return n;
}

/* A map's key, copied; NULL with an error. */
static const char *map_key(struct parser *p, const yaml_event_t *event)
{
	const char *text;
	size_t line = line_of(event);

	if (event->type != YAML_SCALAR_EVENT) {
		fail(p, line,
		     event->type == YAML_ALIAS_EVENT ? "a key may not be an alias" : "a key must be a single word");
		return NULL;
	}
	if (check_tag(p, event, event->data.scalar.tag) != 0)
		return NULL;
	text = (const char *)event->data.scalar.value;
	if (event->data.scalar.anchor || event->data.scalar.length == 0 || strlen(text) != event->data.scalar.length) {
		fail(p, line, event->data.scalar.anchor ? "a key may not have an anchor" : "a key is empty");
		return NULL;
	}
	if (event->data.scalar.length > CONF_KEY_MAX) {
		fail(p, line, "a key is longer than %d bytes", CONF_KEY_MAX);
		return NULL;
	}
	if (strcmp(text, "<<") == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		fail(p, line, "merge keys ('<<') are not supported");
		return NULL;
	}
	return arena_text(p->arena, text);
}

struct seen {
	const char *key;
	int line;
};

static int seen_order(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Sorted, since a hostile map has as many keys as the limits allow. */
static int check_keys(struct parser *p, const struct conf_node *map)
{
	struct seen *seen = xcalloc((size_t)map->n + 1, sizeof *seen);
	const struct seen *twice = NULL;
	char shown[CONF_SHOWN];
	int status = 0;

	for (int i = 0; i < map->n; i++)
		seen[i] = (struct seen){ map->key[i], map->child[i]->line };
	qsort(seen, (size_t)map->n, sizeof *seen, seen_order);
	for (int i = 1; i < map->n; i++)
		if (strcmp(seen[i].key, seen[i - 1].key) == 0 && (!twice || seen[i].line < twice->line))
			twice = &seen[i];
	if (twice && p->lines)
		status = fail(p, (size_t)twice->line, "key '%s' appears twice (first in line %d)",
			      conf_show(shown, twice->key), twice[-1].line);
	else if (twice)
		status = fail(p, 0, "key '%s' appears twice", conf_show(shown, twice->key));
	free(seen);
	return status;
}

static struct conf_node *value(struct parser *p, yaml_event_t *event, int depth);

/* Children up to the closing event, which is consumed. */
static struct conf_node *collection(struct parser *p, const yaml_event_t *open, int depth)
{
	bool is_map = open->type == YAML_MAPPING_START_EVENT;
	struct conf_node *n;

	if (count(p, line_of(open), depth, 0) != 0)
		return NULL;
	n = conf_node_new(p->arena, is_map ? CONF_MAP : CONF_LIST, p->origin, p->lines ? (int)line_of(open) : 0);
	for (;;) {
		yaml_event_t event;
		const char *key = NULL;
		struct conf_node *child;
		int line = 0;

		if (next(p, &event) != 0)
			return NULL;
		if (event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return is_map && check_keys(p, n) != 0 ? NULL : n;
		}
		if (is_map) {
			line = p->lines ? (int)line_of(&event) : 0;
			key = map_key(p, &event);
			yaml_event_delete(&event);
			if (!key || next(p, &event) != 0)
				return NULL;
		}
		child = value(p, &event, depth + 1);
		if (!child)
			return NULL;
		if (is_map)
			child->line = line; /* messages point at the key */
		if (is_map && n->n >= CONF_KEYS_MAX) {
			fail(p, (size_t)line, "a map of more than %d keys", CONF_KEYS_MAX);
			return NULL;
		}
		conf_node_add(p->arena, n, key, child);
	}
}

/* The value that starts with `event`, which is consumed. */
static struct conf_node *value(struct parser *p, yaml_event_t *event, int depth)
{
	const yaml_char_t *tag = NULL, *anchor = NULL;
	struct conf_node *n = NULL;
	int slot = -1;

	if (event->type == YAML_SCALAR_EVENT) {
		tag = event->data.scalar.tag;
		anchor = event->data.scalar.anchor;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		tag = event->data.sequence_start.tag;
		anchor = event->data.sequence_start.anchor;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		tag = event->data.mapping_start.tag;
		anchor = event->data.mapping_start.anchor;
	}
	if (check_tag(p, event, tag) != 0)
		goto out;
	if (anchor && (slot = open_anchor(p, event, anchor)) < 0)
		goto out;
	if (event->type == YAML_ALIAS_EVENT)
		n = expand(p, event, depth);
	else if (event->type == YAML_SCALAR_EVENT)
		n = scalar(p, event, depth);
	else if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
		n = collection(p, event, depth);
	else
		fail(p, line_of(event), "a value is missing");
	if (slot >= 0)
		p->anchor[slot].node = n;
out:
	yaml_event_delete(event);
	return n;
}

/* Handles of tags are refused by sight: libyaml compares each with all before it. */
static int check_directives(struct parser *p)
{
	size_t line = 1;

	for (size_t i = 0; i + 4 <= p->length; i++) {
		if (p->text[i] == '%' && (i == 0 || p->text[i - 1] == '\n') && strncmp(p->text + i, "%TAG", 4) == 0)
			return fail(p, line, "tags are not supported ('%%TAG')");
		line += p->text[i] == '\n';
	}
	return 0;
}

static struct conf_node *document(struct parser *p)
{
	struct conf_node *n = NULL;
	yaml_event_t event;

	for (;;) {
		yaml_event_type_t type;

		if (next(p, &event) != 0)
			return NULL;
		type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && n) {
			fail(p, line_of(&event), "a second document starts here; one is allowed");
			yaml_event_delete(&event);
			return NULL;
		}
		if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT ||
		    type == YAML_DOCUMENT_END_EVENT || type == YAML_STREAM_END_EVENT) {
			yaml_event_delete(&event);
			if (type == YAML_STREAM_END_EVENT)
				return n ? n : conf_node_scalar(p->arena, "", p->origin, p->lines ? 1 : 0);
			continue;
		}
		n = value(p, &event, 1);
		if (!n)
			return NULL;
	}
}

struct conf_node *conf_parse(struct arena *a, const char *text, size_t length, const char *origin, bool lines,
			     struct err *e)
{
	struct parser p = { .arena = a, .text = text, .length = length, .origin = origin, .lines = lines, .e = e };
	struct conf_node *n;

	if (!yaml_parser_initialize(&p.yaml)) {
		err_set(e, ERR_FAIL, "%s: out of memory", origin);
		return NULL;
	}
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.yaml, (const unsigned char *)text, length);
	n = check_directives(&p) == 0 ? document(&p) : NULL;
	yaml_parser_delete(&p.yaml);
	free(p.anchor);
	return n;
}
