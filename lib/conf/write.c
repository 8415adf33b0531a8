/* write.c: a tree as YAML that reads back as the same tree. Lists and small maps below the top level stand within
 * brackets on one line; a text keeps its quotes, so that "1" stays text. */
#include <stdio.h>
#include <string.h>

#include "conf/tree.h"

enum { LINE = 100, INDENT = 2, DEEP = 1000 };

/* Length of the UTF-8 character at s and its code point; 0 if it isn't one. */
static int decode(const char *s, unsigned long *point)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	int n = u[0] < 0x80 ? 1 : (u[0] & 0xe0) == 0xc0 ? 2 : (u[0] & 0xf0) == 0xe0 ? 3 : (u[0] & 0xf8) == 0xf0 ? 4 : 0;

	*point = n == 1 ? u[0] : u[0] & (0x7fu >> n);
	for (int i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (u[i] & 0x3f);
	}
	if ((*point >= 0xd800 && *point <= 0xdfff) || *point > 0x10ffff || *point < least[n])
		return 0;
	return n;
}

/* May stand in a single-quoted text: printable, and no line break of YAML's. */
static bool is_printable(unsigned long p)
{
	return (p >= 0x20 && p <= 0x7e) || (p >= 0xa0 && p <= 0xd7ff && p != 0x2028 && p != 0x2029) ||
	       (p >= 0xe000 && p <= 0xfffd && p != 0xfeff) || (p >= 0x10000 && p <= 0x10ffff);
}

bool conf_is_plain(const char *text, bool flow)
{
	size_t n = strlen(text);

	if (n == 0)
		return !flow;
	if (strchr("-?:,[]{}#&*!|>'\"%@`= ", text[0]) && !(text[0] == '-' && n > 1 && strchr("0123456789.", text[1])))
		return false;
	if (strncmp(text, "---", 3) == 0 || strncmp(text, "...", 3) == 0 || text[n - 1] == ' ' || text[n - 1] == ':')
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c > 0x7e)
			return false;
		if ((c == ':' && text[i + 1] == ' ') || (c == ' ' && text[i + 1] == '#'))
			return false;
		if (flow && strchr(",[]{}?:", c))
			return false;
	}
	return true;
}

static void add_quoted(struct str *out, const char *text)
{
	bool simple = true;
	unsigned long point;

	for (int i = 0, n; text[i] && simple; i += n) {
		n = decode(text + i, &point);
		simple = n > 0 && is_printable(point);
		n += n == 0;
	}
	if (simple) {
		str_add(out, "'");
		for (; *text; text++)
			str_add_n(out, *text == '\'' ? "''" : text, *text == '\'' ? 2 : 1);
		str_add(out, "'");
		return;
	}
	str_add(out, "\"");
	while (*text) {
		int n = decode(text, &point);

		if (*text == '"' || *text == '\\')
			str_printf(out, "\\%c", *text);
		else if (*text == '\n')
			str_add(out, "\\n");
		else if (*text == '\t')
			str_add(out, "\\t");
		else if (n == 0)
			str_printf(out, "\\x%02X", (unsigned)(unsigned char)*text); /* not UTF-8: the byte as Latin-1 */
		else if (is_printable(point))
			str_add_n(out, text, (size_t)n);
		else
			str_printf(out, point < 0x100 ? "\\x%02lX" : point < 0x10000 ? "\\u%04lX" : "\\U%08lX", point);
		text += n ? n : 1;
	}
	str_add(out, "\"");
}

static void add_key(struct str *out, const char *key)
{
	if (conf_is_plain(key, true) && strcmp(key, "<<") != 0)
		str_add(out, key);
	else
		add_quoted(out, key);
}

static void add_scalar(struct str *out, const struct conf_node *n)
{
	if (n->quoted || !conf_is_plain(n->text, false))
		add_quoted(out, n->text);
	else
		str_add(out, n->text);
}

/* Length of the node within brackets, or DEEP if it may not or should not stand so. */
static int flow_length(const struct conf_node *n)
{
	int length = 2;

	if (n->kind == CONF_SCALAR) {
		size_t bytes = strlen(n->text);

		return bytes > LINE || (!n->quoted && !conf_is_plain(n->text, true)) ? DEEP
										     : (int)bytes + 2 * n->quoted;
	}
	for (int i = 0; i < n->n && length < DEEP; i++)
		length += flow_length(n->child[i]) + 2 + (n->key ? (int)strlen(n->key[i]) + 2 : 0);
	return length < DEEP ? length : DEEP;
}

static void add_flow(struct str *out, const struct conf_node *n)
{
	if (n->kind == CONF_SCALAR) {
		add_scalar(out, n);
		return;
	}
	str_add(out, n->kind == CONF_MAP ? "{" : "[");
	for (int i = 0; i < n->n; i++) {
		if (i)
			str_add(out, ", ");
		if (n->kind == CONF_MAP) {
			add_key(out, n->key[i]);
			str_add(out, ": ");
		}
		add_flow(out, n->child[i]);
	}
	str_add(out, n->kind == CONF_MAP ? "}" : "]");
}

static void add_block(struct str *out, const struct conf_node *n, int indent)
{
	for (int i = 0; i < n->n; i++) {
		const struct conf_node *child = n->child[i];
		bool section = indent == 0 && child->kind == CONF_MAP;

		str_printf(out, "%*s", indent, "");
		if (n->kind == CONF_MAP) {
			add_key(out, n->key[i]);
			str_add(out, ":");
		} else {
			str_add(out, "-");
		}
		if (child->kind != CONF_SCALAR && child->n > 0 && (section || flow_length(child) + indent > LINE)) {
			str_add(out, "\n");
			add_block(out, child, indent + INDENT);
			continue;
		}
		if (child->kind != CONF_SCALAR || child->text[0] || child->quoted)
			str_add(out, " ");
		add_flow(out, child);
		str_add(out, "\n");
	}
}

void conf_write(const struct conf_node *n, struct str *out)
{
	if (n->kind == CONF_SCALAR || n->n == 0) {
		add_flow(out, n);
		str_add(out, "\n");
	} else {
		add_block(out, n, 0);
	}
}
