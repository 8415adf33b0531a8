/* controller_keys.h: the control of step lengths as keys of a configuration, for everything that steps in time. */
#ifndef SCIML_INTEG_CONTROLLER_KEYS_H
#define SCIML_INTEG_CONTROLLER_KEYS_H

#include "conf/key.h"
#include "integ/controller.h"

struct controller_keys {
	struct key_doubles pid, factor;
	double safety, dt_first, dt_min, dt_max;
};

/* T: a configuration with the member m, a struct controller_keys. */
#define CONTROLLER_KEYS(T, m)                                                                                          \
	{ "pid",                                                                                                       \
	  KEY_DOUBLES,                                                                                                 \
	  KEY_MEMBER(T, m.pid, struct key_doubles),                                                                    \
	  "[0, 1, 0]",                                                                                                 \
	  0,                                                                                                           \
	  10,                                                                                                          \
	  NULL,                                                                                                        \
	  "controlled steps: proportional, integral and derivative coefficient" },                                     \
		{ "safety",                                                                                            \
		  KEY_DOUBLE,                                                                                          \
		  KEY_MEMBER(T, m.safety, double),                                                                     \
		  "0.9",                                                                                               \
		  0.01,                                                                                                \
		  1,                                                                                                   \
		  NULL,                                                                                                \
		  "the step aimed at, in units of the longest allowed" },                                              \
		{ "factor", KEY_DOUBLES, KEY_MEMBER(T, m.factor, struct key_doubles),	       "[0.2, 10]", 0,         \
		  1e6,	    NULL,	 "least and largest ratio of a step to the one before" },                      \
		{ "dt_first",                                                                                          \
		  KEY_DOUBLE,                                                                                          \
		  KEY_MEMBER(T, m.dt_first, double),                                                                   \
		  "0",                                                                                                 \
		  0,                                                                                                   \
		  1e30,                                                                                                \
		  NULL,                                                                                                \
		  "first controlled step; 0: from the equation, by Hairer's rule" },                                   \
		{ "dt_min",                                                                                            \
		  KEY_DOUBLE,                                                                                          \
		  KEY_MEMBER(T, m.dt_min, double),                                                                     \
		  "0",                                                                                                 \
		  0,                                                                                                   \
		  1e30,                                                                                                \
		  NULL,                                                                                                \
		  "shortest controlled step, which always stands" },                                                   \
	{                                                                                                              \
		"dt_max", KEY_DOUBLE, KEY_MEMBER(T, m.dt_max, double), "0", 0, 1e30, NULL,                             \
			"longest controlled step; 0: any"                                                              \
	}

/* Checked, into c, whose own settings stay where all keys have their defaults. ERR_USAGE: "pid: ..."; keys with steps
 * of one length (c->fixed). */
int controller_keys_take(const struct controller_keys *k, struct controller_config *c, struct err *e);
/* Does some key differ from its default? Its name, or NULL. */
const char *controller_keys_set(const struct controller_keys *k);

#endif
