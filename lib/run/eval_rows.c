/* eval_rows.c: which metrics, the long table they make, and bounds on it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "run/eval_inside.h"

static const struct metric_class *find(const struct metric_class *const *only, const char *option, const char *name,
				       struct err *e)
{
	const struct metric_class *c = only ? NULL : metric_find(name);
	const char *near = only || c ? NULL : metric_nearest(name);

	for (int i = 0; only && only[i]; i++)
		if (strcmp(only[i]->name, name) == 0)
			c = only[i];
	if (!c && only)
		err_set(e, ERR_USAGE, "%s: no metric '%s' here; %s is there", option, name, only[0]->name);
	else if (!c)
		err_set(e, ERR_USAGE, "%s: no metric '%s'%s%s%s", option, name, near ? "; did you mean '" : "",
			near ? near : "; --list shows what there is", near ? "'?" : "");
	return c;
}

static void add_metric(struct eval_plan *p, const struct metric_class *c)
{
	for (int i = 0; i < p->n_metrics; i++)
		if (p->metric[i] == c)
			return;
	p->metric = xrealloc(p->metric, (size_t)(p->n_metrics + 1) * sizeof *p->metric);
	p->metric[p->n_metrics++] = c;
}

static int add_bound(struct eval_plan *p, const struct metric_class *const *only, const char *text, bool below,
		     struct err *e)
{
	const char *option = below ? "--below" : "--above", *equals = strrchr(text, '=');
	struct eval_bound b = { .below = below, .part = "all" };
	char *name, *dot;

	if (!equals || !str_to_double(equals + 1, &b.value))
		return err_set(e, ERR_USAGE, "%s: '%s' is not NAME=VALUE", option, text);
	name = xstrndup(text, (size_t)(equals - text));
	dot = strchr(name, '.');
	if (dot) {
		*dot = '\0';
		snprintf(b.part, sizeof b.part, "%s", dot + 1);
	}
	b.metric = find(only, option, name, e);
	free(name);
	if (!b.metric)
		return -1;
	if (strncmp(b.part, "t=", 2) == 0)
		p->by |= METRIC_BY_TIME;
	if (strncmp(b.part, "channel=", 8) == 0)
		p->by |= METRIC_BY_CHANNEL;
	p->bound = xrealloc(p->bound, (size_t)(p->n_bounds + 1) * sizeof *p->bound);
	p->bound[p->n_bounds++] = b;
	return 0;
}

int eval_plan_make(struct eval_plan *p, const struct eval_options *o, const struct metric_class *const *only,
		   struct err *e)
{
	static const char *const ways[] = { "time", "channel", "band" };
	const char *near = o->by ? str_nearest(o->by, 3, ways) : NULL;

	*p = (struct eval_plan){ .chosen = o->metric.n > 0 };
	p->time = o->verbose || (o->by && strcmp(o->by, "time") == 0);
	p->channel = o->verbose || (o->by && strcmp(o->by, "channel") == 0);
	p->band = o->by && strcmp(o->by, "band") == 0;
	if (o->by && !p->band && strcmp(o->by, "time") != 0 && strcmp(o->by, "channel") != 0)
		return err_set(e, ERR_USAGE, "--by: '%s' is not one of time, channel, band%s%s%s", o->by,
			       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	p->by = (p->time ? METRIC_BY_TIME : 0) | (p->channel ? METRIC_BY_CHANNEL : 0);
	for (int i = 0; i < o->metric.n; i++) {
		const struct metric_class *c = find(only, "--metric", o->metric.at[i], e);

		if (!c)
			return -1;
		add_metric(p, c);
	}
	for (int i = 0; !p->chosen && only && only[i]; i++)
		add_metric(p, only[i]);
	for (int i = 0; !p->chosen && !only && metric_files[i]; i++)
		for (int k = 0; metric_files[i][k]; k++)
			if (metric_files[i][k]->by_default)
				add_metric(p, metric_files[i][k]);
	if (!p->chosen && p->band && !only)
		add_metric(p, metric_find("spectrum_error"));
	for (int i = 0; i < o->below.n; i++)
		if (add_bound(p, only, o->below.at[i], true, e) != 0)
			return -1;
	for (int i = 0; i < o->above.n; i++)
		if (add_bound(p, only, o->above.at[i], false, e) != 0)
			return -1;
	for (int i = 0; i < p->n_bounds; i++)
		add_metric(p, p->bound[i].metric);
	return 0;
}

void eval_plan_free(struct eval_plan *p)
{
	free(p->metric);
	free(p->bound);
	memset(p, 0, sizeof *p);
}

void eval_rows_free(struct eval_rows *rows)
{
	for (int i = 0; i < rows->n; i++)
		metric_result_free(&rows->at[i].result);
	free(rows->at);
	memset(rows, 0, sizeof *rows);
}

void eval_number(struct str *out, const struct eval_options *o, double v)
{
	if (isnan(v))
		str_add(out, "nan");
	else
		str_printf(out, o->precise ? "%.17g" : "%.9g", v);
}

static bool wanted(const struct eval_plan *p, const struct eval_options *o, const char *part)
{
	if (strncmp(part, "t=", 2) == 0)
		return p->time;
	if (strncmp(part, "channel=", 8) == 0)
		return p->channel;
	if (strncmp(part, "band=", 5) == 0)
		return p->band || o->verbose;
	if (strncmp(part, "k=", 2) == 0)
		return p->band;
	return true;
}

void eval_print(const struct eval_plan *p, const struct eval_options *o, const struct eval_rows *rows)
{
	str_add(o->out,
		"what\tfield\tmetric\tpart\tvalue\tn\tmedian\tstandard_error\tworst\tworst_sample\tnonfinite\n");
	for (int i = 0; i < rows->n; i++) {
		const struct eval_row *r = &rows->at[i];

		for (int k = 0; k < r->result.n; k++) {
			bool whole = k == 0;

			if (!wanted(p, o, r->result.row[k].part))
				continue;
			str_printf(o->out, "%s\t%s\t%s\t%s\t", eval_what_names[r->what], r->field, r->metric->name,
				   r->result.row[k].part);
			eval_number(o->out, o, r->result.row[k].value);
			str_printf(o->out, "\t%lld\t", (long long)r->n);
			eval_number(o->out, o, whole ? r->result.median : NAN);
			str_add(o->out, "\t");
			eval_number(o->out, o, whole ? r->result.standard_error : NAN);
			str_add(o->out, "\t");
			eval_number(o->out, o, whole ? r->result.worst : NAN);
			str_printf(o->out, "\t%lld\t%lld\n", (long long)(whole ? r->result.worst_sample : -1),
				   (long long)r->nonfinite);
		}
	}
}

static bool part_value(const struct metric_result *r, const char *part, double *value)
{
	const struct {
		const char *name;
		double value;
	} column[] = { { "median", r->median }, { "standard_error", r->standard_error }, { "worst", r->worst } };

	for (size_t i = 0; i < sizeof column / sizeof *column; i++)
		if (strcmp(column[i].name, part) == 0) {
			*value = column[i].value;
			return true;
		}
	for (int i = 0; i < r->n; i++)
		if (strcmp(r->row[i].part, part) == 0) {
			*value = r->row[i].value;
			return true;
		}
	return false;
}

static int no_part(const struct eval_row *r, const char *part, struct err *e)
{
	struct str have = { 0 };

	for (int i = 0; i < r->result.n && i < 24; i++)
		str_printf(&have, "%s, ", r->result.row[i].part);
	err_set(e, ERR_USAGE, "metric %s of field %s has no part '%s' (there are %s%smedian, worst, standard_error)",
		r->metric->name, r->field, part, str_text(&have), r->result.n > 24 ? "..., " : "");
	str_free(&have);
	return -1;
}

int eval_bounds(const struct eval_plan *p, const struct eval_rows *rows, struct err *e)
{
	struct err last = { 0 };
	bool several = false;

	for (int i = 1; i < rows->n; i++)
		several = several || strcmp(rows->at[i].field, rows->at[0].field) != 0;
	for (int b = 0; b < p->n_bounds; b++)
		for (int i = 0; i < rows->n; i++) {
			const struct eval_row *r = &rows->at[i];
			const struct eval_bound *c = &p->bound[b];
			bool all = strcmp(c->part, "all") == 0;
			double v = NAN;

			if (r->what != EVAL_PREDICTION || r->metric != c->metric)
				continue;
			if (!part_value(&r->result, c->part, &v))
				return no_part(r, c->part, e);
			/* NaN is neither below nor above */
			if (c->below ? v < c->value : v > c->value)
				continue;
			if (last.code != ERR_NONE)
				log_warn("%s", last.message);
			err_set(&last, ERR_BOUND, "%s%s%s = %.6g is not %s %.6g", c->metric->name, all ? "" : ".",
				all ? "" : c->part, isnan(v) ? fabs(v) : v, c->below ? "below" : "above", c->value);
			if (several)
				err_in(&last, "field %s", r->field);
		}
	if (last.code == ERR_NONE)
		return 0;
	*e = last;
	return -1;
}
