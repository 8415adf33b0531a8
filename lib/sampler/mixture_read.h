/* mixture_read.h: a Gaussian mixture as keys of a configuration section. */
#ifndef SCIML_SAMPLER_MIXTURE_READ_H
#define SCIML_SAMPLER_MIXTURE_READ_H

#include "conf/key.h"
#include "sampler/mixture.h"

/* Keys mixture, means, stds, covariances, weights; the members of a section's struct. */
struct mixture_keys {
	int mixture;			     /* of mixture_sets, when there are no means */
	const struct conf_node *means;	     /* [[..], ..]: a row a component; [..]: one dimension */
	const struct conf_node *stds;	     /* one number, one a component, or one a coordinate of each */
	const struct conf_node *covariances; /* instead of stds: a symmetric matrix a component */
	struct key_doubles weights;	     /* one number: all alike */
};
#define MIXTURE_KEYS(T)                                                                                                \
	{ "mixture",                                                                                                   \
	  KEY_CHOICE,                                                                                                  \
	  KEY_MEMBER(T, target.mixture, int),                                                                          \
	  "gmm-a",                                                                                                     \
	  0,                                                                                                           \
	  0,                                                                                                           \
	  mixture_sets,                                                                                                \
	  "a shipped target in two dimensions, used where there are no means" },                                       \
		{ "means",                                                                                             \
		  KEY_NODE,                                                                                            \
		  KEY_MEMBER(T, target.means, const struct conf_node *),                                               \
		  NULL,                                                                                                \
		  0,                                                                                                   \
		  0,                                                                                                   \
		  NULL,                                                                                                \
		  "means of a Gaussian mixture: [[x, y], ...], or [x, ...] in one dimension" },                        \
		{ "stds",                                                                                              \
		  KEY_NODE,                                                                                            \
		  KEY_MEMBER(T, target.stds, const struct conf_node *),                                                \
		  NULL,                                                                                                \
		  0,                                                                                                   \
		  0,                                                                                                   \
		  NULL,                                                                                                \
		  "its standard deviations: one number, one a component, or [[sx, sy], ...]; 1 if absent" },           \
		{ "covariances",                                                                                       \
		  KEY_NODE,                                                                                            \
		  KEY_MEMBER(T, target.covariances, const struct conf_node *),                                         \
		  NULL,                                                                                                \
		  0,                                                                                                   \
		  0,                                                                                                   \
		  NULL,                                                                                                \
		  "instead of stds: a symmetric matrix a component" },                                                 \
	{                                                                                                              \
		"weights", KEY_DOUBLES, KEY_MEMBER(T, target.weights, struct key_doubles), "[1]", 0, 0, NULL,          \
			"weights of the components, of any sum; one number serves all"                                 \
	}

/* ERR_USAGE "FILE:LINE: ..." when the shapes do not fit. */
struct mixture *mixture_read(const struct mixture_keys *k, struct err *e);

#endif
