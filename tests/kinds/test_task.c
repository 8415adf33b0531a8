/* test_task.c: samples become batches: every element of maps, windows, space-time blocks and query sets against the
 * value that its sample, frame, channel and point say, kept in memory and read on demand; statistics; what must be
 * refused. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "run/task.h"

enum { SAMPLES = 3, TIMES = 17, X = 5, Y = 4, POINTS = 7 };
enum { A, PAIR, SCALAR, PLANE, U, W, PLACE, OUT, CLOUD, FIELDS };

/* Tells every element apart. */
static double value(int field, int64_t sample, int64_t t, int64_t c, int64_t point)
{
	return (double)((((field * 10 + sample) * 20 + t) * 4 + c) * 32 + point);
}

static double *values(const struct layout *l, int field)
{
	const struct field *f = &l->field[field];
	int64_t times = 1, channels = 1, points = 1, k = 0;

	for (int i = 0; i < f->n_axes; i++) {
		const struct axis *a = &l->axis[f->axis[i]];

		*(a->kind == AXIS_TIME ? &times : a->kind == AXIS_CHANNEL ? &channels : &points) *= a->size;
	}
	double *v = xmalloc((size_t)(SAMPLES * times * channels * points) * sizeof *v);
	for (int64_t s = 0; s < SAMPLES; s++)
		for (int64_t t = 0; t < times; t++)
			for (int64_t c = 0; c < channels; c++)
				for (int64_t p = 0; p < points; p++)
					v[k++] = value(field, s, t, c, p);
	return v;
}

static struct dataset *everything(void)
{
	struct layout l = { .n_samples = SAMPLES };
	struct err e = { 0 };
	struct dataset *d;
	void *data[FIELDS];
	int t = layout_add_axis(&l, "t", AXIS_TIME, TIMES, NULL, false, 0),
	    c = layout_add_axis(&l, "channel", AXIS_CHANNEL, 2, NULL, false, 0),
	    x = layout_add_axis(&l, "x", AXIS_SPACE, X, NULL, true, 1),
	    y = layout_add_axis(&l, "y", AXIS_SPACE, Y, NULL, false, 2),
	    p = layout_add_axis(&l, "point", AXIS_POINT, POINTS, NULL, false, 0);

	layout_add_field(&l, "a", DTYPE_F64, ROLE_INPUT, 1, (int[]){ x });
	layout_add_field(&l, "pair", DTYPE_F64, ROLE_NONE, 2, (int[]){ c, x });
	layout_add_field(&l, "scalar", DTYPE_F64, ROLE_NONE, 0, NULL);
	layout_add_field(&l, "plane", DTYPE_F64, ROLE_NONE, 3, (int[]){ c, x, y });
	layout_add_field(&l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, (int[]){ t, x });
	layout_add_field(&l, "w", DTYPE_F64, ROLE_NONE, 3, (int[]){ t, c, x });
	layout_add_field(&l, "place", DTYPE_F64, ROLE_NONE, 2, (int[]){ c, p });
	layout_add_field(&l, "out", DTYPE_F64, ROLE_NONE, 2, (int[]){ c, p });
	layout_add_field(&l, "cloud", DTYPE_F64, ROLE_NONE, 2, (int[]){ t, p });
	for (int f = 0; f < FIELDS; f++)
		data[f] = values(&l, f);
	ck_assert_msg(dataset_from_memory(&d, "set", "memory", &l, data, &e) == 0, "%s", e.message);
	return d;
}

static struct task_config plain(void)
{
	return (struct task_config){ .history = 1, .rollout = 1, .reduce = 1, .reduce_time = 1, .memory = 4e9 };
}

#define NAMES(...)                                                                                                     \
	{                                                                                                              \
		(int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)), (const char *const[])            \
		{                                                                                                      \
			__VA_ARGS__                                                                                    \
		}                                                                                                      \
	}

static void opened(struct task *t, struct dataset *d, struct task_config *c, bool cached)
{
	struct err e = { 0 };

	c->memory = cached ? 4e9 : 0;
	ck_assert_msg(task_open(t, d, c, 0, DTYPE_F64, &e) == 0, "%s", e.message);
}

static void loaded(struct task *t, int64_t item, double *x, double *query, void *const *y)
{
	struct err e = { 0 };

	ck_assert_msg(task_load(t, 1, &item, x, query, y, &e) == 0, "%s", e.message);
}

/* A field, a number and a field of two channels in; in the order asked for; the number is the same everywhere. */
START_TEST(map_of_several_fields)
{
	struct dataset *d = everything();
	struct task_config c = plain();
	struct task t;
	double x[4 * X], y[2 * X];

	c.input = (struct key_strings)NAMES("scalar", "a", "pair");
	c.target = (struct key_strings)NAMES("pair");
	opened(&t, d, &c, _i == 0);
	ck_assert_int_eq(t.kind, TASK_MAP);
	ck_assert_int_eq(t.n_items, SAMPLES);
	ck_assert_int_eq(t.spec.n_in, 4);
	ck_assert_int_eq(t.spec.n_out, 2);
	ck_assert_int_eq(t.spec.n_dims, 1);
	ck_assert_int_eq(t.spec.size[0], X);
	ck_assert(t.spec.periodic[0]);
	for (int64_t s = 0; s < SAMPLES; s++) {
		loaded(&t, s, x, NULL, (void *[]){ y });
		for (int64_t p = 0; p < X; p++) {
			ck_assert_double_eq(x[p], value(SCALAR, s, 0, 0, 0));
			ck_assert_double_eq(x[X + p], value(A, s, 0, 0, p));
			for (int64_t k = 0; k < 2; k++) {
				ck_assert_double_eq(x[(2 + k) * X + p], value(PAIR, s, 0, k, p));
				ck_assert_double_eq(y[k * X + p], value(PAIR, s, 0, k, p));
			}
		}
	}
	task_close(&t);
	dataset_close(d);
}
END_TEST

/* Every second point of 5 x 4: 3 x 2. */
START_TEST(reduced_plane)
{
	struct dataset *d = everything();
	struct task_config c = plain();
	struct task t;
	double x[12], y[12];

	c.input = c.target = (struct key_strings)NAMES("plane");
	c.reduce = 2;
	opened(&t, d, &c, _i == 0);
	ck_assert_int_eq(t.spec.size[0], 3);
	ck_assert_int_eq(t.spec.size[1], 2);
	for (int64_t s = 0; s < SAMPLES; s++) {
		loaded(&t, s, x, NULL, (void *[]){ y });
		for (int64_t k = 0; k < 2; k++)
			for (int64_t i = 0; i < 3; i++)
				for (int64_t j = 0; j < 2; j++)
					ck_assert_double_eq(x[(k * 3 + i) * 2 + j],
							    value(PLANE, s, 0, k, 2 * i * Y + 2 * j));
		ck_assert_int_eq(memcmp(x, y, sizeof x), 0);
	}
	task_close(&t);
	dataset_close(d);
}
END_TEST

/* Frames 1, 3 .. 15 of two fields (3 channels), two of history, three predicted: 4 windows; static fields come
 * first. */
START_TEST(windows_of_trajectories)
{
	struct dataset *d = everything();
	struct task_config c = plain();
	struct task t;
	double x[8 * X], target[3][3 * X];

	c.input = (struct key_strings)NAMES("a", "scalar");
	c.target = (struct key_strings)NAMES("u", "w");
	c.history = 2;
	c.rollout = 3;
	c.frames = (struct key_longs){ 2, (int64_t[]){ 1, 15 } };
	c.reduce_time = 2;
	opened(&t, d, &c, _i == 0);
	ck_assert_int_eq(t.kind, TASK_STEP);
	ck_assert_int_eq(t.n_frames, 8);
	ck_assert_int_eq(t.n_windows, 4);
	ck_assert_int_eq(t.n_items, 4 * SAMPLES);
	ck_assert_int_eq(t.spec.n_in, 8);
	ck_assert_int_eq(t.spec.n_state, 3);
	for (int64_t item = 0; item < t.n_items; item++) {
		int64_t s = item / 4, first = 1 + 2 * (item % 4);

		loaded(&t, item, x, NULL, (void *[]){ target[0], target[1], target[2] });
		for (int64_t p = 0; p < X; p++) {
			ck_assert_double_eq(x[p], value(A, s, 0, 0, p));
			ck_assert_double_eq(x[X + p], value(SCALAR, s, 0, 0, 0));
			for (int64_t h = 0; h < 5; h++) {
				const double *frame = h < 2 ? x + (2 + 3 * h) * X : target[h - 2];

				ck_assert_double_eq(frame[p], value(U, s, first + 2 * h, 0, p));
				ck_assert_double_eq(frame[X + p], value(W, s, first + 2 * h, 0, p));
				ck_assert_double_eq(frame[2 * X + p], value(W, s, first + 2 * h, 1, p));
			}
		}
	}
	task_close(&t);
	dataset_close(d);
}
END_TEST

/* Two frames of history along a new axis of the four later frames. */
START_TEST(space_and_time)
{
	enum { LATER = 4 };
	struct dataset *d = everything();
	struct task_config c = plain();
	struct task t;
	double x[7 * X * LATER], y[3 * X * LATER];

	c.input = (struct key_strings)NAMES("scalar");
	c.target = (struct key_strings)NAMES("u", "w");
	c.time = 3; /* space */
	c.history = 2;
	c.frames = (struct key_longs){ 2, (int64_t[]){ 2, 7 } };
	opened(&t, d, &c, _i == 0);
	ck_assert_int_eq(t.kind, TASK_SPACETIME);
	ck_assert_int_eq(t.spec.n_dims, 2);
	ck_assert_int_eq(t.spec.size[1], LATER);
	ck_assert_int_eq(t.spec.n_in, 7);
	for (int64_t s = 0; s < SAMPLES; s++) {
		loaded(&t, s, x, NULL, (void *[]){ y });
		for (int64_t p = 0; p < X; p++)
			for (int64_t k = 0; k < LATER; k++) {
				int64_t at = p * LATER + k, plane = X * LATER;

				ck_assert_double_eq(x[at], value(SCALAR, s, 0, 0, 0));
				for (int64_t h = 0; h < 2; h++) {
					ck_assert_double_eq(x[(1 + 3 * h) * plane + at], value(U, s, 2 + h, 0, p));
					ck_assert_double_eq(x[(2 + 3 * h) * plane + at], value(W, s, 2 + h, 0, p));
					ck_assert_double_eq(x[(3 + 3 * h) * plane + at], value(W, s, 2 + h, 1, p));
				}
				ck_assert_double_eq(y[at], value(U, s, 4 + k, 0, p));
				ck_assert_double_eq(y[plane + at], value(W, s, 4 + k, 0, p));
				ck_assert_double_eq(y[2 * plane + at], value(W, s, 4 + k, 1, p));
			}
	}
	task_close(&t);
	dataset_close(d);
}
END_TEST

/* Points come as (point, coordinate), targets as (point, channel). */
START_TEST(query_points)
{
	struct dataset *d = everything();
	struct task_config c = plain();
	struct task t;
	double x[X], query[2 * POINTS], y[2 * POINTS];

	c.input = (struct key_strings)NAMES("a", "place");
	c.target = (struct key_strings)NAMES("out");
	opened(&t, d, &c, _i == 0);
	ck_assert_int_eq(t.spec.n_query, POINTS);
	ck_assert_int_eq(t.spec.query_dims, 2);
	ck_assert_int_eq(task_query_count(&t), 2 * POINTS);
	for (int64_t s = 0; s < SAMPLES; s++) {
		loaded(&t, s, x, query, (void *[]){ y });
		for (int64_t p = 0; p < X; p++)
			ck_assert_double_eq(x[p], value(A, s, 0, 0, p));
		for (int64_t p = 0; p < POINTS; p++)
			for (int64_t k = 0; k < 2; k++) {
				ck_assert_double_eq(query[2 * p + k], value(PLACE, s, 0, k, p));
				ck_assert_double_eq(y[2 * p + k], value(OUT, s, 0, k, p));
			}
	}
	task_close(&t);
	dataset_close(d);
}
END_TEST

/* Frames as channels of a map. */
START_TEST(time_as_channels)
{
	struct dataset *d = everything();
	struct task_config c = plain();
	struct task t;
	double x[X], y[TIMES * X];

	c.time = 2; /* channel */
	opened(&t, d, &c, _i == 0);
	ck_assert_int_eq(t.kind, TASK_MAP);
	ck_assert_int_eq(t.spec.n_out, TIMES);
	loaded(&t, 1, x, NULL, (void *[]){ y });
	for (int64_t k = 0; k < TIMES; k++)
		for (int64_t p = 0; p < X; p++)
			ck_assert_double_eq(y[k * X + p], value(U, 1, k, 0, p));
	task_close(&t);
	dataset_close(d);
}
END_TEST

/* Two passes in long double over the same elements. */
static void moments(const double *v, int64_t n, double *mean, double *std)
{
	long double sum = 0, square = 0;

	for (int64_t i = 0; i < n; i++)
		sum += v[i];
	*mean = (double)(sum / n);
	for (int64_t i = 0; i < n; i++)
		square += (v[i] - sum / n) * (v[i] - sum / n);
	*std = (double)sqrtl(square / (n - 1));
}

START_TEST(statistics)
{
	struct dataset *d = everything();
	struct task_config c = plain();
	struct task t;
	struct err e = { 0 };
	double mean[2 * X], std[2 * X], v[SAMPLES * X], m, s;

	c.input = c.target = (struct key_strings)NAMES("pair");
	opened(&t, d, &c, true);
	ck_assert_int_eq(task_statistics(&t, false, false, mean, std, &e), 0);
	for (int64_t k = 0; k < 2; k++) {
		for (int64_t i = 0; i < SAMPLES * X; i++)
			v[i] = value(PAIR, i / X, 0, k, i % X);
		moments(v, SAMPLES * X, &m, &s);
		ck_assert_double_eq_tol(mean[k], m, 1e-9 * fabs(m));
		ck_assert_double_eq_tol(std[k], s, 1e-9 * s);
	}
	ck_assert_int_eq(task_statistics(&t, true, true, mean, std, &e), 0);
	for (int64_t k = 0; k < 2 * X; k++) {
		for (int64_t i = 0; i < SAMPLES; i++)
			v[i] = value(PAIR, i, 0, k / X, k % X);
		moments(v, SAMPLES, &m, &s);
		ck_assert_double_eq_tol(mean[k], m, 1e-9 * fabs(m));
		ck_assert_double_eq_tol(std[k], s, 1e-9 * s);
	}
	task_close(&t);
	dataset_close(d);
}
END_TEST

static void refused(struct task_config c, const char *part)
{
	struct dataset *d = everything();
	struct err e = { 0 };
	struct task t;

	ck_assert_int_eq(task_open(&t, d, &c, 0, DTYPE_F64, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_msg(strstr(e.message, part) != NULL, "'%s' lacks '%s'", e.message, part);
	dataset_close(d);
}

/* What does not fit is told before anything is read: each of these would write past a batch. */
START_TEST(refusals)
{
	struct task_config c = plain();

	c.input = (struct key_strings)NAMES("a");
	c.target = (struct key_strings)NAMES("scalar");
	refused(c, "'scalar' has no space axes");
	c.target = (struct key_strings)NAMES("cloud");
	refused(c, "'cloud' lies on points");
	c.target = (struct key_strings)NAMES("u", "cloud");
	refused(c, "'cloud' lies on points");
	c.target = (struct key_strings)NAMES("plane");
	refused(c, "space axes");
	c.target = (struct key_strings)NAMES("out");
	refused(c, "the query field has 0");
	c.input = (struct key_strings)NAMES("a", "place", "out");
	refused(c, "both hold query points");
	c.input = (struct key_strings)NAMES("place");
	refused(c, "no input field");
	c.input = (struct key_strings)NAMES("place");
	c.target = (struct key_strings)NAMES("u");
	refused(c, "'place' lies on points");
	c = plain();
	c.history = TIMES;
	refused(c, "too few");
	c = plain();
	c.frames = (struct key_longs){ 2, (int64_t[]){ 3, TIMES } };
	refused(c, "0 to 16");
}
END_TEST

/* Axes of a prediction: thinned space, the window's frames with their times. */
START_TEST(prediction_layout)
{
	struct dataset *d = everything();
	struct task_config c = plain();
	struct task t;

	c.reduce = 2;
	c.reduce_time = 4;
	opened(&t, d, &c, true);
	struct layout l = task_prediction_layout(&t, t.n_frames);
	ck_assert_int_eq(l.n_fields, 1);
	ck_assert_str_eq(l.field[0].name, "u");
	struct shape s = layout_field_shape(&l, 0);
	ck_assert_int_eq(s.rank, 2);
	ck_assert_int_eq(s.dim[0], 5);
	ck_assert_int_eq(s.dim[1], 3);
	layout_free(&l);
	task_close(&t);
	dataset_close(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("task");
	TCase *c = tcase_create("batches");

	/* 0: kept in memory, 1: read on demand */
	tcase_add_loop_test(c, map_of_several_fields, 0, 2);
	tcase_add_loop_test(c, reduced_plane, 0, 2);
	tcase_add_loop_test(c, windows_of_trajectories, 0, 2);
	tcase_add_loop_test(c, space_and_time, 0, 2);
	tcase_add_loop_test(c, query_points, 0, 2);
	tcase_add_loop_test(c, time_as_channels, 0, 2);
	tcase_add_test(c, statistics);
	tcase_add_test(c, refusals);
	tcase_add_test(c, prediction_layout);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
