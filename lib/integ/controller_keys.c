/* controller_keys.c: checks of the keys that control steps. */
#include "integ/controller_keys.h"

int controller_keys_take(const struct controller_keys *k, struct controller_config *c, struct err *e)
{
	if (!controller_keys_set(k))
		return 0;
	if (c->fixed)
		return err_set(e, ERR_USAGE, "%s: with dt the steps are of one length", controller_keys_set(k));
	if (k->pid.n != 3)
		return err_set(e, ERR_USAGE, "pid: %d numbers, three are needed: [p, i, d]", k->pid.n);
	if (k->pid.at[0] + k->pid.at[1] + k->pid.at[2] <= 0)
		return err_set(e, ERR_USAGE, "pid: all 0, which controls nothing");
	if (k->factor.n != 2 || k->factor.at[0] <= 0 || k->factor.at[0] >= 1 || k->factor.at[1] <= 1)
		return err_set(e, ERR_USAGE, "factor: needs two numbers, one between 0 and 1 and one above 1");
	if (k->dt_max > 0 && k->dt_min > k->dt_max)
		return err_set(e, ERR_USAGE, "dt_min: %g is above dt_max, %g", k->dt_min, k->dt_max);
	c->p = k->pid.at[0];
	c->i = k->pid.at[1];
	c->d = k->pid.at[2];
	c->safety = k->safety;
	c->factor_min = k->factor.at[0];
	c->factor_max = k->factor.at[1];
	c->dt0 = k->dt_first;
	c->dt_min = k->dt_min;
	c->dt_max = k->dt_max;
	return 0;
}

const char *controller_keys_set(const struct controller_keys *k)
{
	if (k->safety == 0) /* no configuration was read */
		return NULL;
	if (k->pid.n != 3 || k->pid.at[0] != 0 || k->pid.at[1] != 1 || k->pid.at[2] != 0)
		return "pid";
	if (k->factor.n != 2 || k->factor.at[0] != 0.2 || k->factor.at[1] != 10)
		return "factor";
	if (k->safety != 0.9)
		return "safety";
	if (k->dt_first > 0)
		return "dt_first";
	if (k->dt_min > 0)
		return "dt_min";
	return k->dt_max > 0 ? "dt_max" : NULL;
}
