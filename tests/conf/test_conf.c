/* test_conf.c: trees from YAML: places, merging, overrides, refusals, and writing back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf/conf.h"

static bool same(const struct conf_node *a, const struct conf_node *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == CONF_SCALAR)
		return a->quoted == b->quoted && strcmp(a->text, b->text) == 0;
	for (int i = 0; i < a->n; i++)
		if ((a->kind == CONF_MAP && strcmp(a->key[i], b->key[i]) != 0) || !same(a->child[i], b->child[i]))
			return false;
	return true;
}

static const char *text_at(const struct conf *c, const char *path)
{
	const struct conf_node *n = conf_at(c, path);

	ck_assert_msg(n && n->kind == CONF_SCALAR, "%s is no scalar", path);
	return n->text;
}

static struct conf *load(const char *text)
{
	struct conf *c = conf_new();
	struct err e = { 0 };

	ck_assert_msg(conf_load_text(c, text, "f.yaml", &e) == 0, "%s", e.message);
	return c;
}

static void refuse(const char *text, const char *message)
{
	struct conf *c = conf_new();
	struct err e = { 0 };

	ck_assert_int_eq(conf_load_text(c, text, "f.yaml", &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_msg(strstr(e.message, message) == e.message, "got '%s', expected '%s...'", e.message, message);
	ck_assert_ptr_null(strchr(e.message, '\n'));
	ck_assert_int_eq(conf_root(c)->n, 0);
	conf_free(c);
}

START_TEST(places)
{
	struct conf *c =
		load("# head\nmodel: fno\ntrain:\n  lr: 1e-3\n  note: \"1\"\n  list:\n    - a\n    - {x: 1}\n");

	ck_assert_str_eq(text_at(c, "model"), "fno");
	ck_assert_int_eq(conf_at(c, "model")->line, 2);
	ck_assert_int_eq(conf_at(c, "train")->line, 3);
	ck_assert_int_eq(conf_at(c, "train.lr")->line, 4);
	ck_assert(!conf_at(c, "train.lr")->quoted);
	ck_assert(conf_at(c, "train.note")->quoted);
	ck_assert_str_eq(conf_at(c, "train.lr")->origin, "f.yaml");
	ck_assert_int_eq(conf_at(c, "train.list")->n, 2);
	ck_assert_int_eq(conf_at(c, "train.list")->child[1]->line, 8);
	ck_assert_ptr_null(conf_at(c, "train.absent"));
	ck_assert_ptr_null(conf_at(c, "model.name"));
	ck_assert_ptr_null(conf_child(conf_at(c, "train.list"), "a"));
	ck_assert_ptr_eq(conf_at(c, ""), conf_root(c));
	conf_free(c);
}
END_TEST

START_TEST(merging)
{
	struct conf *c = load("model: {name: fno, modes: 12, list: [1, 2]}\ntrain: {lr: 1}\n");
	struct err e = { 0 };

	ck_assert_int_eq(conf_load_text(c, "model: {modes: 16, list: [3]}\neval: {x: 1}\n", "g.yaml", &e), 0);
	ck_assert_str_eq(text_at(c, "model.name"), "fno");
	ck_assert_str_eq(text_at(c, "model.modes"), "16");
	ck_assert_str_eq(conf_at(c, "model.modes")->origin, "g.yaml");
	ck_assert_str_eq(conf_at(c, "model.name")->origin, "f.yaml");
	ck_assert_int_eq(conf_at(c, "model.list")->n, 1);
	ck_assert_str_eq(text_at(c, "train.lr"), "1");
	ck_assert_str_eq(text_at(c, "eval.x"), "1");
	ck_assert_int_eq(conf_load_text(c, "train: [1", "h.yaml", &e), -1);
	ck_assert_str_eq(text_at(c, "train.lr"), "1");
	/* a scalar section is short for its name */
	ck_assert_int_eq(conf_load_text(c, "model: unet\n", "h.yaml", &e), 0);
	ck_assert_int_eq(conf_load_text(c, "model: {width: 3}\n", "h.yaml", &e), 0);
	ck_assert_str_eq(text_at(c, "model.name"), "unet");
	ck_assert_str_eq(text_at(c, "model.width"), "3");
	ck_assert_ptr_null(conf_at(c, "model.modes"));
	conf_free(c);
}
END_TEST

START_TEST(overrides)
{
	struct conf *c = load("model: fno\ntrain: {lr: 1, steps: [1]}\n");
	struct err e = { 0 };
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "train.lr", "-s: 'train.lr' is not key.path=value" },
		{ "=3", "-s: '=3' is not key.path=value" },
		{ "train..lr=3", "-s: 'train..lr=3' is not key.path=value" },
		{ "train.lr=[1", "-s: train.lr: " },
		{ "train.lr=!!str 1", "-s: train.lr: tags are not supported" },
		{ "train.lr={a: 1, a: 2}", "-s: train.lr: key 'a' appears twice" },
		{ "train.lr.x=1", "-s: train.lr.x: train.lr has no keys of its own" },
		{ "train.steps.x=1", "-s: train.steps.x: train.steps has no keys of its own" },
	};

	ck_assert_int_eq(conf_override(c, "model.modes=16", &e), 0);
	ck_assert_str_eq(text_at(c, "model.name"), "fno");
	ck_assert_str_eq(text_at(c, "model.modes"), "16");
	ck_assert_str_eq(conf_at(c, "model.modes")->origin, "-s");
	ck_assert_int_eq(conf_at(c, "model.modes")->line, 0);
	ck_assert_int_eq(conf_override(c, "problem.grid={x: 64, y: [1, 2]}", &e), 0);
	ck_assert_str_eq(text_at(c, "problem.grid.x"), "64");
	ck_assert_int_eq(conf_at(c, "problem.grid.y")->n, 2);
	ck_assert_int_eq(conf_override(c, "problem.equation=u_t = nu*u_xx", &e), 0);
	ck_assert_str_eq(text_at(c, "problem.equation"), "u_t = nu*u_xx");
	ck_assert_int_eq(conf_override(c, "train.note=", &e), 0);
	ck_assert_str_eq(text_at(c, "train.note"), "");
	ck_assert_int_eq(conf_override(c, "model=unet", &e), 0);
	ck_assert_str_eq(text_at(c, "model"), "unet");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){ 0 };
		ck_assert_int_eq(conf_override(c, bad[i].text, &e), -1);
		ck_assert_int_eq(e.code, ERR_USAGE);
		ck_assert_msg(strstr(e.message, bad[i].message) == e.message, "got '%s'", e.message);
	}
	conf_set(c, "train.lr.deep", "a: b");
	ck_assert_str_eq(text_at(c, "train.lr.deep"), "a: b");
	conf_free(c);
}
END_TEST

START_TEST(refusals)
{
	struct str deep = { 0 }, bomb = { 0 }, wide = { 0 };

	refuse("", "f.yaml:1: the text is nothing, not a map of sections");
	refuse("# only a comment\n", "f.yaml:1: the text is nothing");
	refuse("- 1\n", "f.yaml:1: the text is a list");
	refuse("fno\n", "f.yaml:1: the text is a single value");
	refuse("a: 1\nb: 2\na: 3\n", "f.yaml:3: key 'a' appears twice (first in line 1)");
	refuse("a:\n  b: {c: 1,\n  c: 2}\n", "f.yaml:3: key 'c' appears twice (first in line 2)");
	refuse("a: 1\n---\nb: 2\n", "f.yaml:2: a second document starts here");
	refuse("a: !!int 1\n", "f.yaml:1: tags are not supported ('tag:yaml.org,2002:int')");
	refuse("a: !own {x: 1}\n", "f.yaml:1: tags are not supported ('!own')");
	refuse("%TAG ! x\n---\na: 1\n", "f.yaml:1: tags are not supported ('%TAG')");
	refuse("a: &x [1, *x]\n", "f.yaml:1: alias '*x' stands inside its own anchor");
	refuse("a: *x\n", "f.yaml:1: alias '*x' has no anchor");
	refuse("a: {<<: 1}\n", "f.yaml:1: merge keys ('<<') are not supported");
	refuse("[a]: 1\n", "f.yaml:1: a key must be a single word");
	refuse("'': 1\n", "f.yaml:1: a key is empty");
	refuse("a: \"x\\0y\"\n", "f.yaml:1: a text holds a zero byte");
	refuse("a: 1\nb: \"\n", "f.yaml:");
	refuse("a: 1\n\tb: 2\n", "f.yaml:2: ");
	refuse("a: 1\nb: \xff\xfe\n", "f.yaml:2: invalid leading UTF-8 octet (0xFF): the text must be UTF-8");
	refuse("a: 1\n\nb: \x01\n", "f.yaml:3: control characters are not allowed");
	refuse("a: @b\n", "f.yaml:1: ");
	str_add(&deep, "a: ");
	for (int i = 0; i < 64; i++)
		str_add(&deep, "[");
	refuse(str_text(&deep), "f.yaml:1: nested more than 64 deep");
	/* ten aliases of ten aliases ...: 10^9 values from 300 bytes */
	str_add(&bomb, "a0: &a0 x\n");
	for (int i = 1; i < 10; i++) {
		str_printf(&bomb, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			str_printf(&bomb, "%s*a%d", k ? ", " : "", i - 1);
		str_add(&bomb, "]\n");
	}
	refuse(str_text(&bomb), "f.yaml:6: more than 100000 values");
	str_add(&wide, "a: [");
	for (int i = 0; i < 100001; i++)
		str_add(&wide, "1,");
	refuse(str_text(&wide), "f.yaml:1: more than 100000 values");
	str_free(&wide);
	for (int i = 0; i <= 10000; i++)
		str_printf(&wide, "k%d: 1\n", i);
	refuse(str_text(&wide), "f.yaml:10001: a map of more than 10000 keys");
	str_free(&deep);
	str_free(&bomb);
	str_free(&wide);
}
END_TEST

START_TEST(aliases)
{
	struct conf *c = load("a: &x {k: [1, 2]}\nb: *x\nc: &x 3\nd: *x\n");

	ck_assert_int_eq(conf_at(c, "b.k")->n, 2);
	ck_assert_str_eq(text_at(c, "d"), "3");
	ck_assert_int_eq(conf_at(c, "b")->line, 2);
	conf_free(c);
}
END_TEST

START_TEST(files)
{
	struct conf *c = conf_new();
	struct err e = { 0 };
	char name[] = "conf-XXXXXX", message[100];
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "a: 1\nb: [\n", 10), 10);
	close(fd);
	ck_assert_int_eq(conf_load(c, name, &e), -1);
	snprintf(message, sizeof message, "%s:", name);
	ck_assert_msg(str_starts(e.message, message), "%s", e.message);
	unlink(name);
	ck_assert_int_eq(conf_load(c, "absent.yaml", &e), -1);
	ck_assert_int_eq(e.code, ERR_FAIL);
	ck_assert(str_starts(e.message, "absent.yaml: "));
	ck_assert_int_eq(conf_load(c, ".", &e), -1);
	ck_assert_int_eq(e.code, ERR_FAIL);
	conf_free(c);
}
END_TEST

static const char *const sample =
	"problem:\n  name: burgers\n  equation: \"u_t = nu*u_xx - u*u_x\"\n  domain:   {x: [0, 1], t: [0, 1]}\n"
	"  boundary: {x: periodic}\n  initial:  {u: \"grf(gamma=2, tau=5, sigma=25)\"}\n"
	"model:\n  widths: [32, 64]\n  one: \"1\"\n  odd: [ \"a,b\", 'it''s', ~, -, -1, '' ]\n  nothing:\n  empty: {}\n"
	"  none: []\n  text: |\n    two\n    lines\n  folded: one\n    two\n\n    three\n"
	"  uni: \"gr\\u00f6\\u00dfe \\u2028 \\x01 \\t\\U0001F600\"\n  nest:\n  - - a, b\n    - c\n  - {k: 'v: w', \"q: "
	"r\": [1, {s: t}]}\n"
	"  -\n  colon: a:b\n  hash: a#b\n  dash: ---\n  \"x y\": {\"\": 1}\n";

START_TEST(round_trip)
{
	struct str valid = { 0 }, text = { 0 }, again = { 0 };
	struct conf *c, *d;

	/* all but the empty key, which is refused */
	str_add_n(&valid, sample, (size_t)(strstr(sample, "  \"x y\"") - sample));
	c = load(str_text(&valid));
	conf_write(conf_root(c), &text);
	d = load(str_text(&text));
	ck_assert_msg(same(conf_root(c), conf_root(d)), "%s", text.text);
	conf_write(conf_root(d), &again);
	ck_assert_str_eq(text.text, again.text);
	ck_assert_ptr_nonnull(strstr(text.text, "  domain: {x: [0, 1], t: [0, 1]}\n"));
	ck_assert_ptr_nonnull(strstr(text.text, "  one: '1'\n"));
	conf_free(c);
	conf_free(d);
	str_free(&valid);
	str_free(&text);
	str_free(&again);
	c = conf_new();
	conf_write(conf_root(c), &text);
	ck_assert_str_eq(text.text, "{}\n");
	str_free(&text);
	conf_free(c);
}
END_TEST

/* Texts that come from data: what is written reads back as the same text. */
START_TEST(odd_texts)
{
	static const char *const odd[] = {
		"",
		" ",
		"a ",
		" a",
		"a:",
		":a",
		"a: b",
		"a #b",
		"#a",
		"-",
		"- a",
		"-a",
		"---",
		"...",
		"?",
		"? a",
		"[a",
		"a]",
		"{}",
		"a,b",
		"*a",
		"&a",
		"!a",
		"|",
		">",
		"'",
		"\"",
		"%a",
		"@a",
		"`a",
		"~",
		"null",
		"1",
		"1e400",
		"true",
		"a\nb",
		"\n",
		"\t",
		"a\tb",
		"\r",
		"a\\n",
		"\x01",
		"\x7f",
		"\xc2\x85",
		"\xe2\x80\xa8",
		"\xef\xbb\xbf",
		"\xc3\xb6",
		"=",
		"<<",
		"a: ",
		"a\n",
		"\n\n",
		"it's\n",
		"\\",
		"\xf0\x9f\x98\x80",
	};

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct conf *c = conf_new(), *d = conf_new();
		struct str out = { 0 };
		struct err e = { 0 };

		conf_set(c, "a.b", odd[i]);
		conf_write(conf_root(c), &out);
		ck_assert_msg(conf_load_text(d, out.text, "g.yaml", &e) == 0, "%s in: %s", e.message, out.text);
		ck_assert_str_eq(text_at(d, "a.b"), odd[i]);
		str_free(&out);
		conf_free(c);
		conf_free(d);
	}
}
END_TEST

/* A text that loads must be written so that it loads again to the same tree; one that does not must say so in one
 * line. */
static void try_text(const char *text)
{
	struct conf *c = conf_new(), *d = conf_new();
	struct err e = { 0 };
	struct str out = { 0 };

	if (conf_load_text(c, text, "f.yaml", &e) == 0) {
		conf_write(conf_root(c), &out);
		ck_assert_msg(conf_load_text(d, str_text(&out), "g.yaml", &e) == 0, "%s in:\n%s", e.message, out.text);
		ck_assert_msg(same(conf_root(c), conf_root(d)), "from:\n%s\nto:\n%s", text, out.text);
	} else {
		int line = 0;

		ck_assert_int_eq(e.code, ERR_USAGE);
		ck_assert_msg(sscanf(e.message, "f.yaml:%d: ", &line) == 1 && line > 0, "%s", e.message);
		ck_assert_ptr_null(strchr(e.message, '\n'));
		ck_assert_int_eq(conf_root(c)->n, 0);
	}
	conf_free(c);
	conf_free(d);
	str_free(&out);
}

START_TEST(mutations)
{
	static const char inserted[] = "\"'[]{}:-#&*!|>%@`,\n\t \x80\xc3?";
	size_t n = strlen(sample);
	char *text = xmalloc(n + 2);

	for (size_t i = 0; i <= n; i++) {
		memcpy(text, sample, i);
		text[i] = '\0';
		try_text(text); /* every prefix */
		memcpy(text + i, sample + i + (i < n), n - i - (i < n) + 1);
		try_text(text); /* every byte missing */
		memcpy(text, sample, i);
		text[i] = inserted[i % (sizeof inserted - 1)];
		memcpy(text + i + 1, sample + i, n - i + 1);
		try_text(text); /* a foreign byte at every place */
	}
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conf");
	TCase *t = tcase_create("conf");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, places);
	tcase_add_test(t, merging);
	tcase_add_test(t, overrides);
	tcase_add_test(t, refusals);
	tcase_add_test(t, aliases);
	tcase_add_test(t, files);
	tcase_add_test(t, round_trip);
	tcase_add_test(t, odd_texts);
	tcase_add_test(t, mutations);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
