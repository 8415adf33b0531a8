/* equation_method.c: the table of discretisations and the choice among them. */
#include "problem/equation_method.h"

#include <stddef.h>

static const struct equation_method *const methods[] = { &equation_method_fourier, &equation_method_differences,
							 &equation_method_chebyshev, &equation_method_series };

const char *const equation_method_names[] = { "auto", "fourier", "differences", "chebyshev", "series", NULL };

const struct equation_method *equation_method_of(const struct equation_spec *s, int choice)
{
	const size_t n = sizeof methods / sizeof *methods;

	for (size_t k = 0; k < n && choice == 0; k++)
		if (methods[k]->suits(s))
			return methods[k];
	return methods[choice > 0 ? choice - 1 : 0];
}
