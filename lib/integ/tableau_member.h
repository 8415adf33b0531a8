/* tableau_member.h: the lists of methods, each from its own file; tableau.c puts them together. */
#ifndef SCIML_INTEG_TABLEAU_MEMBER_H
#define SCIML_INTEG_TABLEAU_MEMBER_H

#include <stddef.h>

#include "integ/tableau.h"

extern const struct tableau *const tableau_explicit[], *const tableau_dopri8[], *const tableau_implicit[];

#endif
