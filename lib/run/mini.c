/* mini.c: a small version of a data set, for trying out what the large one is for. */
#include <stdlib.h>

#include "io/output.h"
#include "run/copy.h"
#include "run/gen.h"
#include "run/gen_plan.h"

int gen_mini(const struct run_common *common, const struct gen_options *o, const char *file, struct err *e)
{
	struct copy c = { .n_samples = o->n_samples,
			  .reduce = o->reduce,
			  .reduce_time = o->reduce_time,
			  .deflate = (int)o->compress };
	struct dataset *d;
	int status;

	if (!common->output)
		return err_set(e, ERR_USAGE, "mini: where to? give -o FILE");
	if (o->noise || o->observe)
		return err_set(e, ERR_USAGE, "mini: the samples are copied as they are; %s goes with a problem",
			       o->noise ? "--noise" : "--observe");
	if (output_not_input(common->output, 1, &file, e) != 0 || dataset_open(&d, file, o->layout, e) != 0)
		return -1;
	const char *config = dataset_meta(d, "config"), *kind = dataset_meta(d, "kind");
	char *identity = dataset_identity(d);
	struct h5_meta m = { .command = common->command,
			     .config = config ? config : "",
			     .inputs = identity,
			     .kind = kind ? kind : "data",
			     .seed = common->seed };
	status = copy_run(d, &c, &m, common->output, e);
	free(identity);
	dataset_close(d);
	return status;
}
