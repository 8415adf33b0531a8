/* help.c: keys and options as text in two columns, and as roff. */
#include <stdio.h>
#include <string.h>

#include "conf/help.h"
#include "conf/tree.h"
#include "conf/value.h"

enum { WIDTH = 79, KEY_COLUMN = 26 };

/* Words of `text` from column `at` on, continued at `indent`. */
static void wrap(struct str *out, const char *text, int at, int indent)
{
	bool first = true;

	for (;;) {
		size_t n;

		text += strspn(text, " \n");
		n = strcspn(text, " \n");
		if (n == 0)
			break;
		if (!first && at + 1 + (int)n > WIDTH) {
			str_printf(out, "\n%*s", indent, "");
			at = indent;
		} else if (!first) {
			str_add(out, " ");
			at++;
		}
		str_add_n(out, text, n);
		at += (int)n;
		text += n;
		first = false;
	}
	str_add(out, "\n");
}

void help_wrap(struct str *out, const char *text, int indent)
{
	str_printf(out, "%*s", indent, "");
	wrap(out, text, indent, indent);
}

void help_entry(struct str *out, const char *left, int column, const char *help)
{
	int at = 2 + (int)strlen(left);

	str_printf(out, "  %s", left);
	if (!help || !*help) {
		str_add(out, "\n");
		return;
	}
	if (at + 2 > column) {
		str_add(out, "\n");
		at = 0;
	}
	str_printf(out, "%*s", column - at, "");
	wrap(out, help, column, column);
}

void help_roff(struct str *out, const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			str_add(out, "\\&");
		start = *text == '\n';
		if (*text == '\\')
			str_add(out, "\\e");
		else if (*text == '-')
			str_add(out, "\\-");
		else if (*text == '~')
			str_add(out, "\\(ti");
		else if (*text == '^')
			str_add(out, "\\(ha");
		else if (*text == '\'')
			str_add(out, "\\(aq");
		else
			str_add_n(out, text, 1);
	}
}

void help_member(struct str *out, bool man, const char *name, const char *summary)
{
	char left[96];

	if (man) {
		help_roff(out, summary); /* the heading above it is the name */
		str_add(out, "\n");
		return;
	}
	snprintf(left, sizeof left, "%s:", name);
	str_add(out, left);
	str_add(out, " ");
	wrap(out, summary, (int)strlen(left) + 1, 2);
}

void help_label(struct str *out, bool man, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	if (man) {
		str_printf(out, ".br\n%s: ", label);
		help_roff(out, text);
		str_add(out, "\n");
		return;
	}
	str_printf(out, "  %s: ", label);
	wrap(out, text, 4 + (int)strlen(label), 4);
}

void help_keys_of(struct str *out, bool man, const char *section)
{
	str_printf(out, man ? ".PP\nKeys of section \\fI%s\\fR:\n" : "  keys of section %s:\n", section);
}

static const char *type_hint(enum key_type type)
{
	switch (type) {
	case KEY_LONG:
		return "N";
	case KEY_DOUBLE:
		return "X";
	case KEY_LONGS:
		return "[N, ...]";
	case KEY_DOUBLES:
		return "[X, ...]";
	case KEY_STRINGS:
		return "[TEXT, ...]";
	case KEY_STRING:
		return "TEXT";
	default:
		return "...";
	}
}

void key_help(const struct key *keys, bool man, struct str *out)
{
	for (const struct key *k = keys; k && k->name; k++) {
		struct str left = { 0 }, right = { 0 };
		char range[CONF_SHOWN];

		str_printf(&left, "%s=%s", k->name, k->def ? k->def : type_hint(k->type));
		str_add(&right, k->help ? k->help : "");
		if (k->type == KEY_CHOICE && k->choices)
			for (int i = 0; k->choices[i]; i++)
				str_printf(&right, "%s%s", i ? ", " : ": ", k->choices[i]);
		if (*value_range(range, k))
			str_printf(&right, " %s", range);
		if (!k->def && k->type != KEY_STRING && k->type != KEY_NODE)
			str_add(&right, " (required)");
		if (man) {
			str_add(out, ".TP\n.B ");
			help_roff(out, str_text(&left));
			str_add(out, "\n");
			help_roff(out, right.text && right.text[0] ? right.text : "\\ ");
			str_add(out, "\n");
		} else {
			help_entry(out, str_text(&left), KEY_COLUMN, str_text(&right));
		}
		str_free(&left);
		str_free(&right);
	}
}
