/* expression.h: expressions as graph nodes, so that residuals of networks come from the text of their equation. (Here
 * and not in lib/equation, because ops are of the same level as the language.) */
#ifndef SCIML_NN_EXPRESSION_H
#define SCIML_NN_EXPRESSION_H

#include "equation/expr.h"
#include "graph/graph.h"

/* The node of a scalar, lowered expression. value(context, a) is asked first for every subexpression but arithmetic and
 * functions: u, u_x, lap(u), x, nu, a coefficient; it returns the node that holds its values, or NODE_NONE: then an
 * operator on an expression is written out once by the rules (lap, derivatives) and asked for again, everything else
 * fails the graph with "equation: 'u_x' has no value here". */
node nn_expression(struct graph *g, struct exprs *p, expr a, node (*value)(void *context, expr a), void *context);

#endif
