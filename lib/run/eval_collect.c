/* eval_collect.c: tables of several evaluations side by side: a line a file, the trivial predictors once, columns
 * aligned. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "run/eval_inside.h"
#include "run/eval_picture.h"

enum { WHAT, FIELD, METRIC, PART, VALUE, COUNT, MEDIAN, STANDARD_ERROR, COLUMNS };
static const char *const column_names[COLUMNS] = { "what",  "field", "metric", "part",
						   "value", "n",     "median", "standard_error" };

struct cell {
	double value, standard_error;
	bool known;
};
struct line {
	char *name;
	bool baseline;
	struct cell *cell; /* one a column of the table */
};
struct table {
	const struct eval_options *o;
	int n_columns, column_capacity, n_lines, line_capacity;
	struct column {
		char *field, *metric;
	} * column;
	struct line *line;
};

static int column_of(struct table *t, const char *field, const char *metric)
{
	for (int i = 0; i < t->n_columns; i++)
		if (strcmp(t->column[i].field, field) == 0 && strcmp(t->column[i].metric, metric) == 0)
			return i;
	MEM_GROW(t->column, t->n_columns, t->column_capacity);
	t->column[t->n_columns] = (struct column){ xstrdup(field), xstrdup(metric) };
	for (int i = 0; i < t->n_lines; i++) {
		t->line[i].cell = xrealloc(t->line[i].cell, (size_t)(t->n_columns + 1) * sizeof(struct cell));
		t->line[i].cell[t->n_columns] = (struct cell){ 0 };
	}
	return t->n_columns++;
}

static struct line *line_of(struct table *t, const char *name, bool baseline, bool fresh)
{
	for (int i = 0; i < t->n_lines && !fresh; i++)
		if (t->line[i].baseline == baseline && strcmp(t->line[i].name, name) == 0)
			return &t->line[i];
	MEM_GROW(t->line, t->n_lines, t->line_capacity);
	t->line[t->n_lines] =
		(struct line){ xstrdup(name), baseline, xcalloc((size_t)t->n_columns + 1, sizeof(struct cell)) };
	return &t->line[t->n_lines++];
}

static bool wanted(const struct table *t, const char *metric)
{
	for (int i = 0; i < t->o->metric.n; i++)
		if (strcmp(t->o->metric.at[i], metric) == 0)
			return true;
	return t->o->metric.n == 0 && strcmp(metric, "rel_l2") == 0;
}

/* "nan" and "inf" are values here. */
static bool number(const char *text, double *v)
{
	char *end;

	*v = strtod(text, &end);
	return *text && !*end;
}

/* fresh: the file's own line is still to be made. */
static int read_line(struct table *t, const char *path, const char *name, int row, char *text, int *own, struct err *e)
{
	char *word[COLUMNS] = { 0 }, *next = text;
	struct cell c = { .known = true };
	bool baseline;

	for (int k = 0; k < COLUMNS && next; k++) {
		word[k] = next;
		next = strchr(next, '\t');
		if (next)
			*next++ = '\0';
	}
	for (int k = 0; k < COLUMNS; k++)
		if (!word[k] || (row == 1 && strcmp(word[k], column_names[k]) != 0))
			return err_set(e, ERR_USAGE, "%s:%d: no table of an evaluation (column %s is missing)", path,
				       row, column_names[k]);
	if (row == 1 || strcmp(word[PART], "all") != 0 || !wanted(t, word[METRIC]))
		return 0;
	if (!number(word[VALUE], &c.value) || !number(word[STANDARD_ERROR], &c.standard_error))
		return err_set(e, ERR_USAGE, "%s:%d: '%s' is not a number", path, row, word[VALUE]);
	int column = column_of(t, word[FIELD], word[METRIC]);
	baseline = strcmp(word[WHAT], eval_what_names[EVAL_PREDICTION]) != 0;
	if (!baseline && *own < 0)
		*own = (int)(line_of(t, name, false, true) - t->line);
	struct line *l = baseline ? line_of(t, word[WHAT], true, false) : &t->line[*own];
	if (!l->cell[column].known)
		l->cell[column] = c;
	return 0;
}

static int read_table(struct table *t, const char *path, struct err *e)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	const char *slash = strrchr(path, '/');
	char *name = xstrdup(slash ? slash + 1 : path), *line = NULL, *dot = strrchr(name, '.');
	size_t room = 0;
	int row = 0, own = -1, status = 0;

	if (!f) {
		free(name);
		return err_errno(e, "%s", path);
	}
	if (dot && dot > name)
		*dot = '\0';
	while (status == 0 && getline(&line, &room, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		status = read_line(t, path, name, ++row, line, &own, e);
	}
	if (status == 0 && ferror(f))
		status = err_errno(e, "%s", path);
	if (status == 0 && own < 0)
		status = err_set(e, ERR_USAGE, "%s: no row of %s for a prediction", path,
				 t->o->metric.n > 0 ? t->o->metric.at[0] : "rel_l2");
	if (f != stdin)
		fclose(f);
	free(line);
	free(name);
	return status;
}

/* Every cell as text, columns as wide as their widest cell, names to the left, numbers to the right. */
static void print_table(const struct table *t)
{
	bool fields = false;
	int width[64] = { 5 };

	for (int i = 1; i < t->n_columns; i++)
		fields = fields || strcmp(t->column[i].field, t->column[0].field) != 0;
	for (int pass = 0; pass < 2; pass++)
		for (int r = -1; r < 2 * t->n_lines; r++) {
			const struct line *l = r < 0 ? NULL : &t->line[r % t->n_lines];

			if (l && l->baseline != (r >= t->n_lines))
				continue; /* models first, baselines below */
			for (int k = 0; k <= t->n_columns && k < 64; k++) {
				struct str cell = { 0 };

				if (k == 0)
					str_add(&cell, l ? l->name : "model");
				else if (!l)
					str_printf(&cell, "%s%s%s", fields ? t->column[k - 1].field : "",
						   fields ? "." : "", t->column[k - 1].metric);
				else if (!l->cell[k - 1].known)
					str_add(&cell, "-");
				else if (t->o->precise)
					eval_number(&cell, t->o, l->cell[k - 1].value);
				else if (l->cell[k - 1].standard_error == l->cell[k - 1].standard_error)
					str_printf(&cell, "%.4g +- %.1g", l->cell[k - 1].value,
						   l->cell[k - 1].standard_error);
				else
					str_printf(&cell, "%.4g", l->cell[k - 1].value);
				if (pass == 0 && (int)cell.length > width[k])
					width[k] = (int)cell.length;
				if (pass == 1)
					str_printf(t->o->out, k ? "  %*s" : "%-*s", width[k], str_text(&cell));
				str_free(&cell);
			}
			if (pass == 1)
				str_add(t->o->out, "\n");
		}
}

static int draw_table(const struct table *t, const char *path, struct err *e)
{
	const char **name = xcalloc((size_t)t->n_lines, sizeof *name);
	double *value = xcalloc((size_t)(t->n_lines * t->n_columns), sizeof *value);
	const char **title = xcalloc((size_t)t->n_columns, sizeof *title);
	int n = 0, status;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < t->n_lines; i++) {
			if (t->line[i].baseline != (pass == 1))
				continue;
			name[n] = t->line[i].name;
			for (int k = 0; k < t->n_columns; k++)
				value[k * t->n_lines + n] = t->line[i].cell[k].known ? t->line[i].cell[k].value : 0;
			n++;
		}
	struct str *text = xcalloc((size_t)t->n_columns, sizeof *text);
	for (int k = 0; k < t->n_columns; k++) {
		str_printf(&text[k], "%s, field %s", t->column[k].metric, t->column[k].field);
		title[k] = str_text(&text[k]);
	}
	status = eval_picture_bars(t->n_columns, title, n, name, value, path, e);
	for (int k = 0; k < t->n_columns; k++)
		str_free(&text[k]);
	free(text);
	free(name);
	free(title);
	free(value);
	return status;
}

int eval_collect(const struct eval_options *o, int n, const char *const *file, struct err *e)
{
	struct table t = { .o = o };
	int status = 0;

	for (int i = 0; i < n && status == 0; i++)
		status = read_table(&t, file[i], e);
	if (status == 0 && t.n_columns > 63)
		status = err_set(e, ERR_USAGE, "table: %d columns are too many; choose with --metric", t.n_columns);
	if (status == 0)
		print_table(&t);
	if (status == 0 && o->plot)
		status = draw_table(&t, o->plot, e);
	for (int i = 0; i < t.n_lines; i++) {
		free(t.line[i].name);
		free(t.line[i].cell);
	}
	for (int i = 0; i < t.n_columns; i++) {
		free(t.column[i].field);
		free(t.column[i].metric);
	}
	free(t.line);
	free(t.column);
	return status;
}
