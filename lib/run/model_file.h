/* model_file.h: trained models on disk: parameters, configuration, the data's description, the training history. */
#ifndef SCIML_RUN_MODEL_FILE_H
#define SCIML_RUN_MODEL_FILE_H

#include "run/history.h"
#include "run/network.h"
#include "run/setup.h"

struct model_file {
	struct setup setup;
	struct task_config task_key;
	struct network network;
	struct history history;
	struct layout makes; /* fields that the model makes by itself, without samples; n_fields 0: it maps inputs */
	char *result;	     /* what the learner reported at the end of training, or NULL */
	char *identity;	     /* path and CRC of the parameters, for /meta/inputs */
};

/* Open a model file; common: -s overrides of its data section (data.input=...). The spec is that of training until
 * network_fit. */
int model_file_open(struct model_file *m, const char *path, const struct run_common *common, struct err *e);
void model_file_close(struct model_file *m);

#endif
