/* test_key.c: sections through key tables: types, ranges, defaults, messages, the effective configuration, help. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conf/key.h"

struct all {
	int64_t modes, big;
	double lr, eps;
	bool bias;
	const char *path, *title;
	int kind;
	struct key_longs widths;
	struct key_doubles span;
	struct key_strings names;
	const struct conf_node *grid;
};

static const char *const kinds[] = { "constant", "cosine", "step", NULL };
static const struct key all_keys[] = {
	KEY_INT(struct all, modes, "12", 1, 512, "Fourier modes kept on each axis"),
	KEY_INT(struct all, big, "0", 0, 0, "any integer"),
	KEY_REAL(struct all, lr, "1e-3", 0, 1, "learning rate"),
	KEY_REAL(struct all, eps, "0.1", 0, 0, "any number"),
	KEY_FLAG(struct all, bias, "true", "add a bias"),
	KEY_TEXT(struct all, path, NULL, "a file"),
	KEY_TEXT(struct all, title, "a: b", "shown above the plot"),
	KEY_ONE_OF(struct all, kind, "cosine", kinds, "schedule"),
	KEY_INTS(struct all, widths, "[32, 64]", 1, 100, "channels"),
	KEY_REALS(struct all, span, "1.5", 0, 0, "times"),
	KEY_TEXTS(struct all, names, "[]", "fields"),
	KEY_ANY(struct all, grid, "points per axis"),
	KEY_END,
};

struct more {
	int64_t epochs;
};
static const struct key more_keys[] = {
	KEY_INT(struct more, epochs, NULL, 1, 9.3e18, "passes over the data"),
	KEY_END,
};

static struct cfg *open_text(struct conf *c, const char *text)
{
	struct err e = { 0 };

	ck_assert_msg(!text || conf_load_text(c, text, "exp.yaml", &e) == 0, "%s", e.message);
	return cfg_new(c);
}

static void read_all(struct cfg *r, struct all *a)
{
	struct key_table t = { all_keys, a };

	memset(a, 0x55, sizeof *a);
	cfg_section(r, "model", 1, &t);
}

START_TEST(defaults)
{
	struct conf *c = conf_new();
	struct cfg *r = open_text(c, NULL);
	struct str out = { 0 };
	struct err e = { 0 };
	struct all a;

	read_all(r, &a);
	ck_assert_int_eq(cfg_done(r, &e), 0);
	ck_assert_int_eq(a.modes, 12);
	ck_assert_double_eq(a.lr, 1e-3);
	ck_assert(a.bias);
	ck_assert_ptr_null(a.path);
	ck_assert_str_eq(a.title, "a: b");
	ck_assert_int_eq(a.kind, 1);
	ck_assert_int_eq(a.widths.n, 2);
	ck_assert_int_eq(a.widths.at[1], 64);
	ck_assert_int_eq(a.span.n, 1);
	ck_assert_double_eq(a.span.at[0], 1.5);
	ck_assert_int_eq(a.names.n, 0);
	ck_assert_ptr_null(a.grid);
	cfg_effective(r, &out);
	ck_assert_str_eq(out.text,
			 "model:\n  modes: 12\n  big: 0\n  lr: 0.001\n  eps: 0.1\n  bias: true\n  title: 'a: b'\n"
			 "  kind: cosine\n  widths: [32, 64]\n  span: [1.5]\n  names: []\n");
	str_free(&out);
	cfg_free(r);
	conf_free(c);
}
END_TEST

START_TEST(values)
{
	static const char text[] = "model:\n  name: fno\n  modes: 1e2\n  big: -9223372036854775808\n  lr: 1\n"
				   "  eps: 0.1000000000000000055511151231257827\n  bias: off\n  path: \"~\"\n"
				   "  title: 12\n  kind: step\n  widths: 7\n  span: [1, 2.5e-300, -0.0]\n"
				   "  names: [u, '1', \"a,b\"]\n  grid: {x: 64, y: [1, 2]}\ntrain: {epochs: 3}\n";
	struct conf *c = conf_new(), *d = conf_new();
	struct cfg *r = open_text(c, text), *s;
	struct str out = { 0 }, again = { 0 };
	struct err e = { 0 };
	struct more m = { 0 };
	struct key_table t = { more_keys, &m };
	struct all a, b;

	ck_assert_str_eq(cfg_name(r, "model", "x"), "fno");
	read_all(r, &a);
	cfg_section(r, "train", 1, &t);
	ck_assert_msg(cfg_done(r, &e) == 0, "%s", e.message);
	ck_assert_int_eq(a.modes, 100);
	ck_assert_int_eq(a.big, INT64_MIN);
	ck_assert_double_eq(a.eps, 0.1);
	ck_assert(!a.bias);
	ck_assert_str_eq(a.path, "~");
	ck_assert_str_eq(a.title, "12");
	ck_assert_int_eq(a.kind, 2);
	ck_assert_int_eq(a.widths.n, 1);
	ck_assert_double_eq(a.span.at[1], 2.5e-300);
	ck_assert(signbit(a.span.at[2]));
	ck_assert_str_eq(a.names.at[2], "a,b");
	ck_assert_ptr_eq(a.grid, conf_at(c, "model.grid"));
	ck_assert_int_eq(m.epochs, 3);
	/* what is written reads back to the same values */
	cfg_effective(r, &out);
	s = open_text(d, out.text);
	ck_assert_str_eq(cfg_name(s, "model", "x"), "fno");
	read_all(s, &b);
	cfg_section(s, "train", 1, &t);
	ck_assert_msg(cfg_done(s, &e) == 0, "%s", e.message);
	cfg_effective(s, &again);
	ck_assert_str_eq(out.text, again.text);
	ck_assert_int_eq(b.big, a.big);
	ck_assert_str_eq(b.path, "~");
	ck_assert_str_eq(b.title, "12");
	ck_assert_double_eq(b.span.at[1], a.span.at[1]);
	ck_assert(signbit(b.span.at[2]));
	str_free(&out);
	str_free(&again);
	cfg_free(r);
	cfg_free(s);
	conf_free(c);
	conf_free(d);
}
END_TEST

static const struct {
	const char *text, *message;
} bad[] = {
	{ "model:\n  mode: 3\n", "exp.yaml:2: model.mode: unknown key; did you mean 'modes'?" },
	{ "model:\n  zzzzzzzzz: 3\n", "exp.yaml:2: model.zzzzzzzzz: unknown key" },
	{ "model:\n  modes: ten\n", "exp.yaml:2: model.modes: 'ten' is not an integer" },
	{ "model:\n  modes: 1.5\n", "exp.yaml:2: model.modes: '1.5' is not an integer" },
	{ "model:\n  modes: \"3\"\n", "exp.yaml:2: model.modes: \"3\" is text in quotes, not an integer" },
	{ "model:\n  modes: 12abc\n", "exp.yaml:2: model.modes: '12abc' is not an integer" },
	{ "model:\n  modes:\n", "exp.yaml:2: model.modes: has no value; expected an integer" },
	{ "model:\n  modes: [1]\n", "exp.yaml:2: model.modes: is a list, not an integer" },
	{ "model:\n  modes: 513\n", "exp.yaml:2: model.modes: 513 is outside [1, 512]" },
	{ "model:\n  big: 1e19\n", "exp.yaml:2: model.big: 1e19 does not fit into 64 bits" },
	{ "model:\n  lr: 5\n", "exp.yaml:2: model.lr: 5 is outside [0, 1]" },
	{ "model:\n  lr: nan\n", "exp.yaml:2: model.lr: 'nan' is not a number" },
	{ "model:\n  lr: {a: 1}\n", "exp.yaml:2: model.lr: is a map, not a number" },
	{ "model:\n  bias: maybe\n", "exp.yaml:2: model.bias: 'maybe' is not true or false" },
	{ "model:\n  kind: cosin\n",
	  "exp.yaml:2: model.kind: 'cosin' is not one of constant, cosine, step; did you mean 'cosine'?" },
	{ "model:\n  title: ~\n", "exp.yaml:2: model.title: has no value; expected a text" },
	{ "model:\n  widths: [3, 0]\n", "exp.yaml:2: model.widths: element 2: 0 is outside [1, 100]" },
	{ "model:\n  span: [x]\n", "exp.yaml:2: model.span: element 1: 'x' is not a number" },
	{ "model: [1]\n", "exp.yaml:1: model: is a list, not a map of keys" },
	{ "model: fno\n", "exp.yaml:1: model: 'fno' is a single value, not a map of keys" },
	{ "model: {}\nmodle: {}\n", "exp.yaml:2: modle: unknown section; did you mean 'model'?" },
};

START_TEST(messages)
{
	struct conf *c = conf_new();
	struct cfg *r = open_text(c, bad[_i].text);
	struct err e = { 0 };
	struct all a;

	read_all(r, &a);
	/* defaults even after a failure */
	ck_assert_int_eq(a.modes, 12);
	ck_assert_int_eq(a.kind, 1);
	ck_assert_str_eq(a.title, "a: b");
	if (!strstr(bad[_i].message, "section"))
		cfg_fail(r, "model.modes", "a later message is not kept");
	ck_assert_int_eq(cfg_done(r, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_str_eq(e.message, bad[_i].message);
	cfg_free(r);
	conf_free(c);
}
END_TEST

START_TEST(places)
{
	struct conf *c = conf_new();
	struct cfg *r;
	struct err e = { 0 };
	struct more m;
	struct key_table t = { more_keys, &m };
	struct all a;

	r = open_text(c, "train:\n  x: 1\nmodel:\n  grid: {x: 1}\n");
	cfg_fail(r, "model.grid.y", "wanted %d", 3);
	ck_assert_int_eq(cfg_done(r, &e), -1);
	ck_assert_str_eq(e.message, "exp.yaml:4: model.grid.y: wanted 3");
	cfg_free(r);
	r = cfg_new(c);
	cfg_fail(r, "optim.lr", "too small");
	ck_assert_int_eq(cfg_done(r, &e), -1);
	ck_assert_str_eq(e.message, "optim.lr: too small");
	cfg_free(r);
	r = cfg_new(c);
	cfg_section(r, "optim", 1, &t);
	ck_assert_int_eq(cfg_done(r, &e), -1);
	ck_assert_str_eq(e.message, "optim: key 'epochs' is missing: passes over the data");
	cfg_free(r);
	ck_assert_int_eq(conf_override(c, "model.lr=5", &e), 0);
	r = cfg_new(c);
	read_all(r, &a);
	ck_assert_int_eq(cfg_done(r, &e), -1);
	ck_assert_str_eq(e.message, "-s: model.lr: 5 is outside [0, 1]");
	cfg_free(r);
	conf_free(c);
}
END_TEST

START_TEST(names)
{
	struct conf *c = conf_new();
	struct cfg *r = open_text(c, "model: fno\noptim:\n  name: [1]\ntrain:\n");
	struct str out = { 0 };
	struct err e = { 0 };
	struct all a;

	ck_assert_str_eq(cfg_name(r, "model", "x"), "fno");
	ck_assert_str_eq(cfg_name(r, "solve", "newton"), "newton");
	ck_assert_ptr_null(cfg_name(r, "eval", NULL));
	ck_assert_ptr_null(cfg_name(r, "train", NULL));
	read_all(r, &a);
	cfg_effective(r, &out);
	ck_assert_msg(str_starts(out.text, "model:\n  name: fno\n  modes: 12\n"), "%s", out.text);
	ck_assert_ptr_nonnull(strstr(out.text, "solve:\n  name: newton\n"));
	ck_assert_int_eq(cfg_done(r, &e), 0);
	ck_assert_str_eq(cfg_name(r, "optim", "adam"), "adam");
	ck_assert_int_eq(cfg_done(r, &e), -1);
	ck_assert_str_eq(e.message, "exp.yaml:3: optim: is a list, not a name");
	str_free(&out);
	cfg_free(r);
	conf_free(c);
}
END_TEST

/* A key that is a node may be read again as a section of its own; the user's tree stays as it is. */
START_TEST(nested)
{
	static const struct key inner[] = { KEY_INT(struct more, epochs, "4", 0, 0, "inner"), KEY_END };
	struct conf *c = conf_new();
	struct cfg *r = open_text(c, "model: {grid: {epochs: 5}}\n");
	struct str out = { 0 };
	struct err e = { 0 };
	struct more m;
	struct key_table t = { inner, &m };
	struct all a;

	read_all(r, &a);
	cfg_section(r, "model.grid", 1, &t);
	ck_assert_int_eq(cfg_done(r, &e), 0);
	ck_assert_int_eq(m.epochs, 5);
	cfg_effective(r, &out);
	ck_assert_ptr_nonnull(strstr(out.text, "  grid: {epochs: 5}\n"));
	ck_assert_int_eq(a.grid->n, 1);
	ck_assert_str_eq(conf_at(c, "model.grid.epochs")->origin, "exp.yaml");
	str_free(&out);
	cfg_free(r);
	conf_free(c);
}
END_TEST

START_TEST(help)
{
	struct str out = { 0 };

	key_help(all_keys, false, &out);
	ck_assert_msg(str_starts(out.text, "  modes=12                Fourier modes kept on each axis [1, 512]\n"),
		      "%s", out.text);
	ck_assert_ptr_nonnull(strstr(out.text, "  kind=cosine             schedule: constant, cosine, step\n"));
	for (const char *line = out.text; *line; line += strcspn(line, "\n") + 1)
		ck_assert_uint_le(strcspn(line, "\n"), 79);
	str_free(&out);
	key_help(more_keys, false, &out);
	ck_assert_str_eq(out.text, "  epochs=N                passes over the data [1, inf) (required)\n");
	str_free(&out);
	key_help(all_keys, true, &out);
	ck_assert_msg(str_starts(out.text, ".TP\n.B modes=12\nFourier modes kept on each axis [1, 512]\n"), "%s",
		      out.text);
	ck_assert_ptr_nonnull(strstr(out.text, "1e\\-3"));
	str_free(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("key");
	TCase *t = tcase_create("key");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, defaults);
	tcase_add_test(t, values);
	tcase_add_loop_test(t, messages, 0, sizeof bad / sizeof *bad);
	tcase_add_test(t, places);
	tcase_add_test(t, names);
	tcase_add_test(t, nested);
	tcase_add_test(t, help);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
