/* table.h: going through the table of ops and their samples. */
#ifndef TEST_OP_TABLE_H
#define TEST_OP_TABLE_H

#include "op/op.h"

/* Op number 0, 1, ... of the graph's own and of the table; NULL behind the last. */
const struct op_class *table_op(int index);
/* True when argument k takes part in derivatives: real, and not held at one value. */
bool table_active(const struct op_sample *s, int k);
/* Argument k: for the purpose "value" as the sample says, for others uniform in [-1, 1]. Numbers that a float can hold,
 * so that both types start from the same. */
struct tensor table_draw(const struct op_sample *s, int k, enum dtype t, const char *purpose);

#endif
