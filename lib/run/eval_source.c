/* eval_source.c: finding an equation as text, and the stored fields, coefficients, parameters and coordinates it speaks
 * of. */
#include "run/eval_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/h5read.h"
#include "problem/equation_draw.h"
#include "problem/equation_physics.h"

static bool is_text(const struct problem_class *class)
{
	return class == problem_find("equation");
}

static bool has_equation(const char *config)
{
	struct conf *c = conf_new();
	bool has = config && conf_load_text(c, config, "config", NULL) == 0 && conf_at(c, "problem.equation");

	conf_free(c);
	return has;
}

static bool word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Does a name stand in a text as a word? "nu" in "nu*u_xx", "u" in "u_t". */
static bool stands_in(const char *text, const char *name)
{
	const size_t n = strlen(name);

	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
		if ((at == text || !(word_byte(at[-1]) || at[-1] == '_')) && !word_byte(at[n]))
			return true;
	return false;
}

/* A section problem from what a file says of itself: equation, axes, fields, numbers. NULL: it names no equation. */
static char *text_of_file(const struct dataset *d, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	struct str s = { 0 };
	char **names;
	int n;

	if (!l->equation || !*l->equation) {
		err_set(e, ERR_USAGE, "%s: says of no equation which one its data solve; -p names a problem, or a file",
			dataset_name(d));
		return NULL;
	}
	if (dataset_number_names(d, &n, &names, e) != 0)
		return NULL;
	str_printf(&s, "problem:\n  equation: \"%s\"\n  domain: {", l->equation);
	for (int i = 0, j = 0; i < l->n_axes; i++)
		if (l->axis[i].kind == AXIS_SPACE)
			str_printf(&s, "%s%s: [0, 1]", j++ ? ", " : "", l->axis[i].name);
	str_add(&s, "}\n  param: {");
	int k = 0;
	for (int i = 0; i < l->n_params; i++)
		if (stands_in(l->equation, l->param[i].name))
			str_printf(&s, "%s%s: %.17g", k++ ? ", " : "", l->param[i].name, l->param[i].value);
	for (int i = 0; i < n; i++) /* any law: what was drawn is read */
		if (stands_in(l->equation, names[i]))
			str_printf(&s, "%s%s: \"uniform(0, 1)\"", k++ ? ", " : "", names[i]);
	h5_names_free(n, names);
	str_add(&s, "}\n  fields: {");
	for (int i = 0, j = 0; i < l->n_fields; i++)
		if (l->field[i].role == ROLE_TARGET || l->field[i].role == ROLE_TRAJECTORY)
			str_printf(&s, "%s%s: scalar", j++ ? ", " : "", l->field[i].name);
	str_add(&s, "}\n  coefficient: {");
	for (int i = 0, j = 0; i < l->n_fields; i++)
		if (l->field[i].role == ROLE_INPUT && stands_in(l->equation, l->field[i].name))
			str_printf(&s, "%s%s: \"0\"", j++ ? ", " : "", l->field[i].name);
	str_add(&s, "}\n");
	return s.text;
}

static int open_text(struct eval_source *s, const struct run_common *common, struct dataset *d, struct err *e)
{
	const char *config = dataset_meta(d, "config");
	char *made = NULL;
	int status;

	if (!has_equation(config) && !(made = text_of_file(d, e)))
		return -1;
	s->made = made != NULL;
	status = chosen_open_text(&s->problem, common, made ? made : config, dataset_name(d), is_text,
				  "is not given by its text", e);
	free(made);
	return status;
}

static int open_problem(struct eval_source *s, const struct run_common *common, const char *problem, struct err *e)
{
	bool yaml = problem && (str_ends(problem, ".yaml") || str_ends(problem, ".yml"));

	if (problem && !yaml && (str_ends(problem, ".h5") || strchr(problem, ':'))) {
		if (dataset_open(&s->given, problem, NULL, e) != 0 || open_text(s, common, s->given, e) != 0)
			return -1;
		if (dataset_layout(s->given)->n_samples != dataset_layout(s->data)->n_samples)
			return err_set(e, ERR_USAGE, "%s has %lld samples, %s has %lld", dataset_name(s->given),
				       (long long)dataset_layout(s->given)->n_samples, dataset_name(s->data),
				       (long long)dataset_layout(s->data)->n_samples);
	} else if (problem ? chosen_open(&s->problem, common, problem, is_text,
					 "is not given by its text; the files it makes name their equation", e) != 0
			   : open_text(s, common, s->data, e) != 0) {
		return -1;
	}
	/* not chosen_done: what the solvers cannot do may still be judged */
	if (cfg_done(s->problem.setup.cfg, e) != 0)
		return -1;
	if (equation_spec_new(&s->spec, s->problem.config, e) == 0)
		return 0;
	return s->made ? err_in(e, "the equation that the file names cannot be read; -p names another") : -1;
}

/* A field of the equation's axes: index, -1 with or without a message. */
static int find_field(const struct eval_source *s, const struct dataset *d, const char *name, bool time, bool must,
		      struct err *e)
{
	const struct layout *l = dataset_layout(d);
	const int f = layout_find_field(l, name), n = s->spec->n_dims + time;
	bool fits = f >= 0 && l->field[f].n_axes == n;

	for (int i = 0; fits && i < n; i++) {
		const struct axis *a = &l->axis[l->field[f].axis[i]];

		fits = time && i == 0 ? a->kind == AXIS_TIME
				      : strcmp(a->name, s->spec->pool->axis[i - time]) == 0 && a->kind == AXIS_SPACE;
	}
	if (fits)
		return f;
	if (f >= 0) {
		struct str axes = { 0 };

		for (int a = 0; a < s->spec->n_dims; a++)
			str_printf(&axes, " %s", s->spec->pool->axis[a]);
		err_set(e, ERR_USAGE, "%s: field '%s' does not stand on the equation's axes, %s%s", dataset_name(d),
			name, time ? "time then" : "which are", str_text(&axes));
		str_free(&axes);
	} else if (must) {
		err_set(e, ERR_USAGE, "%s: no field '%s', which is in the equation", dataset_name(d), name);
	}
	return -1;
}

/* The only trajectory of a file stands for the only unknown, whatever its name. */
static int only_field(const struct eval_source *s)
{
	const struct layout *l = dataset_layout(s->data);
	int found = -1, n = 0;

	for (int f = 0; f < l->n_fields && s->spec->n_unknowns == 1; f++)
		if (l->field[f].role == (s->spec->stationary ? ROLE_TARGET : ROLE_TRAJECTORY)) {
			found = f;
			n++;
		}
	return n == 1 ? found : -1;
}

static int find_fields(struct eval_source *s, struct err *e)
{
	const struct equation_spec *q = s->spec;

	for (int k = 0; k < q->n_unknowns; k++) {
		const char *name = q->unknown[k].name;
		const bool derived = equation_velocity_of(q, k) >= 0; /* the u_t of u_tt */

		if (layout_find_field(dataset_layout(s->data), name) < 0 && only_field(s) >= 0)
			name = dataset_layout(s->data)->field[only_field(s)].name;
		s->field[k] = find_field(s, s->data, name, !q->stationary, !derived, e);
		if (s->field[k] < 0 && (!derived || layout_find_field(dataset_layout(s->data), name) >= 0))
			return -1;
	}
	for (int k = 0; k < q->n_coefs; k++) {
		const char *name = exprs_name(q->pool, SYMBOL_COEF, k);

		s->coef_of[k] = s->given && layout_find_field(dataset_layout(s->data), name) < 0 ? s->given : s->data;
		s->coef[k] = find_field(s, s->coef_of[k], name, false, true, e);
		if (s->coef[k] < 0)
			return -1;
	}
	return 0;
}

static int find_params(struct eval_source *s, struct err *e)
{
	const int64_t n = dataset_layout(s->data)->n_samples;

	if (equation_draw_params(s->spec, 0, 0, s->param, e) != 0)
		return -1;
	for (int k = 0; k < s->spec->n_params; k++) {
		const char *name = exprs_name(s->spec->pool, SYMBOL_PARAM, k);
		int found;

		if (!equation_param_is_drawn(s->spec, k))
			continue;
		if (!(s->drawn[k] = mem_new(n, sizeof(double), name, e)))
			return -1;
		found = dataset_numbers(s->data, name, s->drawn[k], e);
		if (found == 0 && s->given)
			found = dataset_numbers(s->given, name, s->drawn[k], e);
		if (found < 0)
			return -1;
		if (found == 0)
			return err_set(
				e, ERR_USAGE,
				"%s: param.%s is drawn for every sample and /sample/%s is not there; -p DATA brings it",
				dataset_name(s->data), name, name);
	}
	return 0;
}

/* Coordinates of an axis; those of a periodic one follow from its length. */
static int coordinates(const struct eval_source *s, const struct axis *a, double **out, struct err *e)
{
	if (!a->coordinate && !(a->periodic && a->length > 0))
		return err_set(e, ERR_USAGE, "%s: axis %s has no coordinates", dataset_name(s->data), a->name);
	*out = mem_new(a->size, sizeof **out, a->name, e);
	for (int64_t i = 0; *out && i < a->size; i++) {
		(*out)[i] = a->coordinate ? a->coordinate[i] : a->length * (double)i / (double)a->size;
		if (i > 0 && !((*out)[i] > (*out)[i - 1]))
			return err_set(e, ERR_USAGE, "%s: coordinates of axis %s do not rise", dataset_name(s->data),
				       a->name);
	}
	return *out ? 0 : -1;
}

static int find_grid(struct eval_source *s, struct err *e)
{
	const struct layout *l = dataset_layout(s->data);
	const struct field *f = &l->field[s->field[0]];
	const bool moving = !s->spec->stationary;

	s->grid.n_times = 1;
	for (int a = 0; a < s->spec->n_dims; a++) {
		const struct axis *x = &l->axis[f->axis[a + moving]];

		if (coordinates(s, x, &s->x[a], e) != 0)
			return -1;
		s->grid.size[a] = x->size;
		s->grid.x[a] = s->x[a];
		s->grid.periodic[a] = x->periodic;
		s->grid.length[a] = x->length > 0 ? x->length
				    : x->size > 1 ? (s->x[a][1] - s->x[a][0]) * (double)x->size
						  : 1;
	}
	if (!moving)
		return 0;
	const struct axis *t = &l->axis[f->axis[0]];
	s->time_field = layout_find_field(l, t->name);
	s->grid.n_times = t->size;
	if (s->time_field >= 0 &&
	    (l->field[s->time_field].n_axes != 1 || l->field[s->time_field].axis[0] != f->axis[0]))
		s->time_field = -1;
	if (s->time_field < 0)
		return coordinates(s, t, &s->time, e);
	s->time = mem_new(t->size, sizeof *s->time, t->name, e);
	return s->time ? 0 : -1;
}

int eval_source_open(struct eval_source *s, const struct run_common *common, struct dataset *data, const char *problem,
		     struct err *e)
{
	*s = (struct eval_source){ .data = data, .time_field = -1 };
	if (open_problem(s, common, problem, e) != 0 || find_fields(s, e) != 0 || find_params(s, e) != 0 ||
	    find_grid(s, e) != 0)
		return -1;
	return 0;
}

void eval_source_close(struct eval_source *s)
{
	for (int k = 0; k < EQUATION_PARAMS; k++)
		free(s->drawn[k]);
	for (int a = 0; a < 3; a++)
		free(s->x[a]);
	free(s->time);
	equation_spec_free(s->spec);
	if (s->problem.setup.conf)
		chosen_close(&s->problem);
	dataset_close(s->given);
}

int eval_source_sample(struct eval_source *s, int64_t sample, double *param, double *time, struct err *e)
{
	memcpy(param, s->param, sizeof s->param);
	for (int k = 0; k < s->spec->n_params; k++)
		if (s->drawn[k])
			param[k] = s->drawn[k][sample];
	if (s->time_field >= 0)
		return dataset_read(s->data, s->time_field, 1, &sample, DTYPE_F64, time, e);
	if (s->time)
		memcpy(time, s->time, (size_t)s->grid.n_times * sizeof *time);
	return 0;
}
