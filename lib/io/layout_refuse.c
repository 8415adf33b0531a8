/* layout_refuse.c: formats that are met in the field and not read: one line says what the file is and what to do. */
#include <string.h>
#include <strings.h>

#include "io/layout.h"

static bool starts(const struct layout_probe *p, const char *with, size_t n)
{
	return p->n_head >= n && memcmp(p->head, with, n) == 0;
}

/* The first word of a text file, after blank lines and comments. */
static bool first_word(const struct layout_probe *p, const char *word)
{
	size_t i = 0, n = strlen(word);

	while (i < p->n_head && p->head[i] && strchr(" \t\r\n#%", p->head[i])) {
		if (p->head[i] == '#' || p->head[i] == '%')
			while (i < p->n_head && p->head[i] != '\n')
				i++;
		else
			i++;
	}
	return p->n_head - i >= n && strncasecmp((const char *)p->head + i, word, n) == 0;
}

static bool probe_classic(const struct layout_probe *p)
{
	return starts(p, "CDF\1", 4) || starts(p, "CDF\2", 4) || starts(p, "CDF\5", 4);
}

static bool probe_grib(const struct layout_probe *p)
{
	return starts(p, "GRIB", 4);
}

static bool probe_arff(const struct layout_probe *p)
{
	return first_word(p, "@relation") || first_word(p, "@problemName");
}

static bool probe_gzip(const struct layout_probe *p)
{
	return starts(p, "\x1f\x8b", 2);
}

static int open_classic(struct source *s, struct err *e)
{
	(void)s;
	return err_set(e, ERR_USAGE,
		       "%s: a classic netCDF file, which is not HDF5: convert it with 'nccopy -k nc4 IN OUT'", s->path);
}

static int open_grib(struct source *s, struct err *e)
{
	return err_set(e, ERR_USAGE,
		       "%s: a GRIB file: convert it with 'cdo -f nc4 copy IN OUT' or 'grib_to_netcdf -k 4'", s->path);
}

static int open_arff(struct source *s, struct err *e)
{
	return err_set(e, ERR_USAGE,
		       "%s: an ARFF or sktime .ts text file, which is not read: convert it to .npy or HDF5", s->path);
}

static int open_gzip(struct source *s, struct err *e)
{
	return err_set(e, ERR_USAGE, "%s: a gzip-compressed file: unpack it first with 'gunzip'", s->path);
}

static int read_nothing(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t,
			int64_t stride, enum dtype t, void *out, struct err *e)
{
	(void)s, (void)field, (void)first, (void)count, (void)t0, (void)n_t, (void)stride, (void)t, (void)out;
	return err_set(e, ERR_USAGE, "this format is not read");
}

static void close_nothing(struct source *s)
{
	(void)s;
}

#define REFUSED(NAME, HELP)                                                                                            \
	static const struct layout_class NAME = {                                                                      \
		.name = #NAME,                                                                                         \
		.help = HELP,                                                                                          \
		.priority = 90,                                                                                        \
		.probe = probe_##NAME,                                                                                 \
		.open = open_##NAME,                                                                                   \
		.read = read_nothing,                                                                                  \
		.close = close_nothing,                                                                                \
	}

REFUSED(classic, "classic netCDF: recognised, not read");
REFUSED(grib, "GRIB: recognised, not read");
REFUSED(arff, "ARFF and sktime text: recognised, not read");
REFUSED(gzip, "gzip: recognised, not read");
const struct layout_class *const layout_file_layout_refuse[] = { &classic, &grib, &arff, &gzip, NULL };
