/* layout_csv.c: tables of numbers as text (.csv, .tsv, .dat, also gzipped): a row a sample, columns split by commas,
 * semicolons or white space, lines of '#' left out. A first row of names makes each column a field, and neighbours
 * NAME.0, NAME.1 ... or NAME.0.0, NAME.0.1 ... one field with a channel axis or axes y and x; without names all columns
 * are channels of field x. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/gz.h"
#include "io/layout.h"

static bool probe(const struct layout_probe *p)
{
	static const char *const ends[] = { ".csv", ".tsv", ".dat", ".csv.gz", ".tsv.gz", ".dat.gz" };
	unsigned char first;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (p->n_head > 0 && str_ends(p->path, ends[i]))
			return gz_peek(p->head, p->n_head, 1, &first) && first != 0x89;
	return false;
}

enum { INDEX_MAX = 1 << 30 }; /* of an index in a name: products of two stay in 64 bits */

struct table {
	const char *path;
	char *text;
	int64_t n_columns, n_rows, capacity;
	char **name; /* into text; NULL: no names */
	double *value;
};

/* The next word of a line, ended in place; NULL at the end of the line. Two commas in a row hold an empty word
 * between. */
static char *next_word(char **at)
{
	char *p = *at, *word;

	while (*p == ' ' || *p == '\t')
		p++;
	if (*p == '\0')
		return NULL;
	word = p;
	while (*p && *p != ',' && *p != ';' && *p != ' ' && *p != '\t')
		p++;
	char *end = p;
	while (*p == ' ' || *p == '\t')
		p++;
	if (*p == ',' || *p == ';')
		p++;
	*end = '\0';
	*at = p;
	return word;
}

static bool number_of(const char *word, double *v)
{
	char *end;

	*v = strtod(word, &end);
	return end != word && *end == '\0';
}

static int read_names(struct table *t, char *line)
{
	int64_t capacity = 0;

	for (char *word; (word = next_word(&line));) {
		const size_t n = strlen(word);

		if (n >= 2 && word[0] == '"' && word[n - 1] == '"') {
			word[n - 1] = '\0';
			word++;
		}
		MEM_GROW(t->name, t->n_columns, capacity);
		t->name[t->n_columns++] = word;
	}
	return 0;
}

/* Does a line end in a comma, behind which a last value is missing? */
static bool ends_open(const char *line)
{
	size_t n = strlen(line);

	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	return n > 0 && (line[n - 1] == ',' || line[n - 1] == ';');
}

static int read_row(struct table *t, char *line, int64_t number, struct err *e)
{
	const bool open = ends_open(line);
	int64_t n = 0, room = t->n_columns;

	for (char *word; (word = next_word(&line)); n++) {
		double v;

		if (*word == '\0')
			v = NAN; /* missing */
		else if (!number_of(word, &v))
			return err_set(e, ERR_FAIL, "%s: line %lld: '%.40s' is not a number", t->path,
				       (long long)number, word);
		if (t->n_rows == 0 && room == 0)
			t->value = xrealloc(t->value, (size_t)(n + 1) * sizeof *t->value);
		else if (n >= t->n_columns)
			break;
		t->value[t->n_rows * t->n_columns + n] = v;
	}
	if (t->n_columns == 0)
		t->n_columns = n;
	/* a comma behind the last value of a full row ends it, as in the row of names */
	if (open && n == t->n_columns - 1)
		t->value[t->n_rows * t->n_columns + n++] = NAN;
	if (n != t->n_columns || line[strspn(line, " \t")] != '\0')
		return err_set(e, ERR_FAIL, "%s: line %lld: not %lld numbers, as before", t->path, (long long)number,
			       (long long)t->n_columns);
	t->n_rows++;
	return 0;
}

static bool is_row(const char *line)
{
	char *copy = xstrdup(line), *rest = copy, *word = next_word(&rest);
	double v;
	const bool row = word && number_of(word, &v);

	free(copy);
	return row;
}

static int parse(struct table *t, struct err *e)
{
	int64_t number = 0;
	bool first = true;

	for (char *line = t->text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		if (*line == '#' || *line == '\0')
			continue;
		if (first && !is_row(line)) {
			read_names(t, line);
			first = false;
			continue;
		}
		first = false;
		if (t->n_columns > 0 && t->n_rows >= t->capacity) {
			t->capacity = t->capacity ? 2 * t->capacity : 256;
			t->value = xrealloc(t->value, (size_t)(t->capacity * t->n_columns) * sizeof *t->value);
		}
		if (read_row(t, line, number, e) != 0)
			return -1;
	}
	return t->n_rows > 0 ? 0 : err_set(e, ERR_FAIL, "%s: no numbers", t->path);
}

/* "image.3.1" -> stem length 5, rank 2, index 3, 1; rank 0: a plain name. */
static int split_name(const char *name, size_t *stem, int64_t *index)
{
	const char *dot = strchr(name, '.');
	int rank = 0;

	*stem = dot ? (size_t)(dot - name) : strlen(name);
	for (const char *p = dot; p && rank < 2; p = strchr(p + 1, '.')) {
		char *end;
		const int64_t i = strtoll(p + 1, &end, 10);

		if (i < 0 || i >= INDEX_MAX)
			break;
		index[rank++] = i;
		if (end == p + 1 || (*end != '\0' && *end != '.'))
			break;
		if (*end == '\0')
			return rank;
	}
	*stem = strlen(name);
	return 0;
}

/* Columns from `first` on that are one field, and their axes: in order, each index once. */
static int64_t field_columns(const struct table *t, int64_t first, size_t *stem, int *rank, int64_t *size)
{
	int64_t at[2] = { 0 }, n = 1;
	size_t other;

	*rank = split_name(t->name[first], stem, at);
	size[0] = at[0] + 1;
	size[1] = at[1] + 1;
	for (; *rank > 0 && first + n < t->n_columns; n++) {
		if (split_name(t->name[first + n], &other, at) != *rank || other != *stem ||
		    strncmp(t->name[first + n], t->name[first], other) != 0)
			break;
		for (int k = 0; k < *rank; k++)
			size[k] = at[k] + 1 > size[k] ? at[k] + 1 : size[k];
	}
	bool whole = *rank == 0 || size[0] * (*rank == 2 ? size[1] : 1) == n;
	for (int64_t k = 0; whole && k < n && *rank != 0; k++) {
		split_name(t->name[first + k], &other, at);
		whole = (*rank == 2 ? at[0] * size[1] + at[1] : at[0]) == k;
	}
	if (!whole) {
		*rank = 0;
		*stem = strlen(t->name[first]);
		n = 1;
	}
	return n;
}

static void *columns(const struct table *t, int64_t first, int64_t n, struct err *e)
{
	double *out = mem_new(t->n_rows * n, sizeof *out, "columns of a table", e);

	for (int64_t i = 0; i < t->n_rows && out; i++)
		memcpy(out + i * n, t->value + i * t->n_columns + first, (size_t)n * sizeof *out);
	return out;
}

static int make_fields(struct source *s, const struct table *t, void **data, struct err *e)
{
	struct layout *l = &s->layout;
	int n_fields = 0;

	l->n_samples = t->n_rows;
	for (int64_t first = 0, n; first < t->n_columns; first += n) {
		int64_t size[2] = { 1, 1 };
		char name[64], axis_name[24];
		int axis[2], rank = 1;
		size_t stem = 1;

		if (t->name) {
			n = field_columns(t, first, &stem, &rank, size);
			snprintf(name, sizeof name, "%.*s", (int)(stem < 60 ? stem : 60), t->name[first]);
		} else {
			n = size[0] = t->n_columns;
			snprintf(name, sizeof name, "x");
		}
		if (layout_find_field(l, name) >= 0)
			return err_set(e, ERR_FAIL, "%s: two columns '%s'", t->path, name);
		for (int k = 0; k < rank; k++) {
			const bool plane = rank == 2;

			snprintf(axis_name, sizeof axis_name, n_fields ? "%s%d" : "%s",
				 plane ? (k ? "x" : "y") : "channel", n_fields);
			axis[k] = layout_add_axis(l, axis_name, plane ? AXIS_SPACE : AXIS_CHANNEL, size[k], NULL, false,
						  0);
		}
		layout_add_field(l, name, DTYPE_F64, ROLE_NONE, rank, axis);
		if (!(data[n_fields++] = columns(t, first, n, e)))
			return -1;
	}
	return 0;
}

static int open_source(struct source *s, struct err *e)
{
	struct table t = { .path = s->path };
	unsigned char *bytes;
	void **data = NULL;
	size_t n;
	int status;

	if (gz_read(s->path, &bytes, &n, e) != 0)
		return -1;
	t.text = (char *)bytes;
	status = strlen(t.text) == n ? parse(&t, e) : err_set(e, ERR_FAIL, "%s: not a text", s->path);
	if (status == 0) {
		data = xcalloc((size_t)t.n_columns, sizeof *data);
		status = make_fields(s, &t, data, e);
		if (status == 0)
			source_keep(s, data);
		for (int64_t i = 0; i < t.n_columns && status != 0; i++)
			free(data[i]);
		free(data);
	}
	free(t.text);
	free(t.name);
	free(t.value);
	return status;
}

static const struct layout_class csv = {
	.name = "csv",
	.help = "table of numbers as text, plain or .gz: a row a sample, columns are fields",
	.priority = 92,
	.probe = probe,
	.open = open_source,
	.read = source_memory_read,
	.close = source_memory_close,
};
const struct layout_class *const layout_file_layout_csv[] = { &csv, NULL };
