/* fixture.h: a problem or sampler member with its configuration, layout, memory for one sample and work area. */
#ifndef SCIML_TESTS_KINDS_FIXTURE_H
#define SCIML_TESTS_KINDS_FIXTURE_H

#include "conf/key.h"
#include "problem/problem.h"
#include "sampler/sampler.h"

enum { FIXTURE_FIELDS = 8 };

struct fixture {
	const struct problem_class *problem; /* or */
	const struct sampler_class *sampler;
	struct conf *conf;
	struct cfg *reader;
	void *config, *work;
	struct layout layout;
	double *field[FIXTURE_FIELDS];
	double number[PROBLEM_NUMBERS_MAX];
};

/* Both end the test with a message on failure. config: keys of the section as YAML, a line each. */
struct fixture fixture_problem(const struct problem_class *c, const char *config);
struct fixture fixture_sampler(const struct sampler_class *c, const char *config);
/* A problem in text, DATA/problem/NAME.yaml, with overrides ("problem.grid=32"), NULL-terminated; NULL: none. */
struct fixture fixture_shipped(const char *data, const char *name, const char *const *set);
void fixture_free(struct fixture *f);

/* Sample i into f->field and f->number. */
void fixture_generate(struct fixture *f, uint64_t seed, int64_t sample);
int64_t fixture_count(const struct fixture *f, int field);
/* Shortcuts over problem_find, for tests of one problem. */
struct fixture fixture_of(const char *name, const char *config);
/* The message of a configuration that check or the reader must refuse. */
void fixture_refuse(const char *name, const char *config, const char *part);
/* A text of one's own in one dimension: relative error of field 0 at the last frame against a function of x. */
double fixture_last_error(const char *config, double (*exact)(double x));

#endif
