/* test_foreign_parsers.c: ZIP, pickle, MAT level 5 and .npy from memory: every number type, strides, compression, and
 * what a damaged or hostile file may do: an error or a success, nothing else. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "io/containers.h"
#include "io/mat5.h"
#include "io/npy.h"
#include "io/pickle.h"
#include "io/zip.h"

static double value(const struct array *a, const int64_t *index)
{
	int64_t offset = 0, one = 1;
	double v;

	for (int k = 0; k < a->rank; k++)
		offset += index[k] * a->stride[k];
	array_gather(a, offset, 1, &one, &one, DTYPE_F64, &v);
	return v;
}

#define AT(A, ...) value(A, (const int64_t[]){ __VA_ARGS__, 0 })

/* Touch every element that an array claims. */
static void touch(const struct array *a)
{
	int64_t n = array_count(a);
	double *out;

	if (n < 1 || n > 100000)
		return;
	out = malloc((size_t)n * sizeof *out);
	array_gather(a, 0, a->rank, a->dim, a->stride, DTYPE_F64, out);
	free(out);
}

static void parse_npy(const void *data, size_t n)
{
	struct array a;

	if (npy_parse(data, n, &a, NULL) == 0)
		touch(&a);
}

static void parse_mat(const void *data, size_t n)
{
	struct array_list list = { 0 };

	mat5_parse(data, n, &list, NULL);
	for (int i = 0; i < list.n; i++)
		touch(&list.at[i]);
	array_list_free(&list);
}

static void parse_pickle(const void *data, size_t n)
{
	struct arena *a = arena_new();

	pickle_parse(a, data, n, NULL);
	arena_free(a);
}

static void parse_zip(const void *data, size_t n)
{
	struct zip z;

	if (zip_open(&z, data, n, NULL) != 0)
		return;
	for (int i = 0; i < z.n; i++) {
		const unsigned char *content;
		size_t length;
		void *owned;

		if (zip_content(&z, i, &content, &length, &owned, NULL) == 0) {
			parse_npy(content, length);
			free(owned);
		}
	}
	zip_close(&z);
}

/* Cut off at every byte, every bit flipped, every byte set to extremes; each in memory of exactly that size. */
static void damage(const struct bytes *good, void (*parse)(const void *data, size_t n))
{
	for (size_t n = 0; n < good->n; n++) {
		unsigned char *copy = malloc(n ? n : 1);

		memcpy(copy, good->at, n);
		parse(copy, n);
		free(copy);
	}
	for (size_t i = 0; i < good->n; i++)
		for (int change = 0; change < 10; change++) {
			unsigned char *copy = malloc(good->n);

			memcpy(copy, good->at, good->n);
			copy[i] = (unsigned char)(change < 8 ? copy[i] ^ 1 << change : change == 8 ? 0 : 255);
			parse(copy, good->n);
			free(copy);
		}
}

START_TEST(npy_types_and_orders)
{
	static const struct {
		const char *descr;
		unsigned char raw[16];
		double want;
	} table[] = {
		{ "|b1", { 1 }, 1 },
		{ "|i1", { 0xff }, -1 },
		{ "|u1", { 0xff }, 255 },
		{ "<i2", { 0xfe, 0xff }, -2 },
		{ ">i2", { 0xff, 0xfe }, -2 },
		{ ">u2", { 1, 2 }, 258 },
		{ "<i4", { 0, 0, 0, 0x80 }, -2147483648.0 },
		{ "<u4", { 0, 0, 0, 0x80 }, 2147483648.0 },
		{ "<i8", { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, -3 },
		{ ">u8", { 0, 0, 1, 0, 0, 0, 0, 0 }, 1099511627776.0 },
		{ "<f2", { 0x00, 0x3c }, 1 },
		{ "<f2", { 0x01, 0x00 }, 5.9604644775390625e-8 },
		{ "<f2", { 0xff, 0x7b }, 65504 },
		{ "<f2", { 0x00, 0xfc }, -INFINITY },
		{ "<f4", { 0, 0, 0x20, 0xc0 }, -2.5 },
		{ ">f4", { 0xc0, 0x20, 0, 0 }, -2.5 },
		{ "<f8", { 0, 0, 0, 0, 0, 0, 0xd0, 0x3f }, 0.25 },
		{ ">f8", { 0x3f, 0xd0 }, 0.25 },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct bytes b = { 0 };
		struct array a;
		struct err e = { 0 };
		char header[128];

		snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (), }\n",
			 table[i].descr);
		put(&b, "\223NUMPY\1\0", 8);
		put_number(&b, strlen(header), 2, false);
		put_text(&b, header);
		put(&b, table[i].raw, (size_t)(table[i].descr[2] - '0'));
		ck_assert_msg(npy_parse(b.at, b.n, &a, &e) == 0, "%s", e.message);
		ck_assert_int_eq(a.rank, 0);
		ck_assert_msg(AT(&a, 0) == table[i].want, "%s: %g", table[i].descr, AT(&a, 0));
		drop(&b);
	}
}
END_TEST

static struct bytes make_npy(const char *header, int version, int n_values)
{
	struct bytes b = { 0 };

	put(&b, "\223NUMPY", 6);
	put_number(&b, (uint64_t)version, 1, false);
	put_number(&b, 0, 1, false);
	put_number(&b, strlen(header), version == 1 ? 2 : 4, false);
	put_text(&b, header);
	for (int i = 0; i < n_values; i++)
		put_number(&b, (uint64_t)i, 2, false);
	return b;
}

START_TEST(npy_axes)
{
	struct bytes c = make_npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }\n", 1, 6);
	struct bytes f = make_npy("{\"shape\": (2L, 3L), \"fortran_order\": True, \"descr\": \"<i2\"}\n", 2, 6);
	struct bytes refused = make_npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 1, 6);
	struct bytes record = make_npy("{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (2,)}", 1, 6);
	struct bytes large =
		make_npy("{'descr': '<i2', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 1, 6);
	struct bytes cut = make_npy("{'descr': '<i2', 'fortran_order': False, 'shape': (7,)}", 1, 6);
	struct shape s = shape_of(5, 4, 3);
	struct array a;
	struct err e = { 0 };
	size_t n;
	unsigned char *header = npy_header(DTYPE_F32, &s, &n);

	ck_assert_int_eq(npy_parse(c.at, c.n, &a, &e), 0);
	ck_assert_double_eq(AT(&a, 1, 0), 3);
	ck_assert_int_eq(npy_parse(f.at, f.n, &a, &e), 0);
	ck_assert_double_eq(AT(&a, 1, 0), 1);
	ck_assert_double_eq(AT(&a, 0, 2), 4);
	ck_assert_int_eq(npy_parse(refused.at, refused.n, &a, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "objects"));
	ck_assert_int_eq(npy_parse(record.at, record.n, &a, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "records"));
	ck_assert_int_eq(npy_parse(large.at, large.n, &a, &e), -1);
	ck_assert_int_eq(npy_parse(cut.at, cut.n, &a, &e), -1);
	/* Our own header: a multiple of 64, and what it says. */
	ck_assert_uint_eq(n % 64, 0);
	header = realloc(header, n + 240);
	memset(header + n, 0, 240);
	ck_assert_int_eq(npy_parse(header, n + 240, &a, &e), 0);
	ck_assert_int_eq(npy_parse(header, n + 239, &a, &e), -1);
	free(header);
	damage(&c, parse_npy);
	damage(&f, parse_npy);
	drop(&c), drop(&f), drop(&refused), drop(&record), drop(&large), drop(&cut);
}
END_TEST

static struct bytes make_mat(bool big, bool packed)
{
	struct bytes b = { 0 }, m;
	const int32_t dim[] = { 2, 3 };
	const unsigned char narrow[] = { 1, 2, 3, 4, 5, 6 };

	mat_header(&b, big);
	/* class double, stored as uint8 (type 2) */
	m = mat_matrix("a", 6, 2, dim, big);
	mat_element(&m, 2, narrow, 6, big);
	if (packed)
		mat_packed(&b, &m, big);
	else
		mat_element(&b, 14, m.at, m.n, big);
	drop(&m);
	/* complex double: real part int16 (type 3), imaginary part double (type 9) */
	m = mat_matrix("complex_values", 6 | 0x800, 2, dim, big);
	put_number(&m, 3, 4, big);
	put_number(&m, 12, 4, big);
	for (int i = 0; i < 6; i++)
		put_number(&m, (uint64_t)(-i), 2, big);
	put_number(&m, 0, 4, big);
	put_number(&m, 9, 4, big);
	put_number(&m, 48, 4, big);
	for (int i = 0; i < 6; i++) {
		double v = 0.5 * i;
		uint64_t bits;

		memcpy(&bits, &v, 8);
		put_number(&m, bits, 8, big);
	}
	if (packed)
		mat_packed(&b, &m, big);
	else
		mat_element(&b, 14, m.at, m.n, big);
	drop(&m);
	/* class char: passed over */
	m = mat_matrix("text", 4, 2, (const int32_t[]){ 1, 2 }, big);
	mat_small(&m, 4, "a\0b\0", 4, big);
	mat_element(&b, 14, m.at, m.n, big);
	drop(&m);
	/* a small element holds the data: single 1 x 1 */
	m = mat_matrix("nu", 7, 2, (const int32_t[]){ 1, 1 }, big);
	mat_small(&m, 2, "\7", 1, big);
	mat_element(&b, 14, m.at, m.n, big);
	drop(&m);
	return b;
}

START_TEST(mat_types_orders_compression)
{
	for (int kind = 0; kind < 4; kind++) {
		struct bytes b = make_mat(kind & 1, kind & 2);
		struct array_list l = { 0 };
		struct err e = { 0 };

		ck_assert_msg(mat5_parse(b.at, b.n, &l, &e) == 0, "%s", e.message);
		ck_assert_int_eq(l.n, 3);
		ck_assert_str_eq(l.at[0].name, "a");
		ck_assert_int_eq(l.at[0].dtype, DTYPE_F64);
		ck_assert_double_eq(AT(&l.at[0], 1, 0), 2); /* columns first */
		ck_assert_double_eq(AT(&l.at[0], 0, 1), 3);
		ck_assert_str_eq(l.at[1].name, "complex_values");
		ck_assert(l.at[1].complex);
		ck_assert_int_eq(l.at[1].rank, 3);
		ck_assert_double_eq(AT(&l.at[1], 1, 2, 0), -5);
		ck_assert_double_eq(AT(&l.at[1], 1, 2, 1), 2.5);
		ck_assert_double_eq(AT(&l.at[1], 0, 1, 0), -2);
		ck_assert_str_eq(l.at[2].name, "nu");
		ck_assert_double_eq(AT(&l.at[2], 0, 0), 7);
		array_list_free(&l);
		damage(&b, parse_mat);
		drop(&b);
	}
}
END_TEST

/* A compressed element that claims far more than its bytes can hold. */
START_TEST(mat_bomb)
{
	struct bytes b = { 0 }, tag = { 0 };
	struct array_list l = { 0 };
	struct err e = { 0 };
	unsigned char room[200];
	uLongf n = sizeof room;

	mat_header(&b, false);
	put_number(&tag, 14, 4, false);
	put_number(&tag, 0xfffffff0, 4, false);
	compress(room, &n, tag.at, tag.n);
	mat_element(&b, 15, room, n, false);
	ck_assert_int_eq(mat5_parse(b.at, b.n, &l, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "damaged"));
	array_list_free(&l);
	drop(&b);
	drop(&tag);
}
END_TEST

START_TEST(zip_methods)
{
	struct zip_builder z = { 0 };
	struct bytes npy = make_npy("{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }\n", 1, 3), file;
	struct zip zip;
	struct err e = { 0 };
	const unsigned char *data;
	void *owned;
	size_t n;

	zip_put(&z, "stored.npy", npy.at, npy.n, false);
	zip_put(&z, "packed.npy", npy.at, npy.n, true);
	zip_put(&z, "empty", "", 0, true);
	file = zip_finish(&z);
	ck_assert_int_eq(zip_open(&zip, file.at, file.n, &e), 0);
	ck_assert_int_eq(zip.n, 3);
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(zip_content(&zip, i, &data, &n, &owned, &e) == 0, "%s", e.message);
		ck_assert_uint_eq(n, npy.n);
		ck_assert_mem_eq(data, npy.at, n);
		ck_assert(i == 0 ? owned == NULL : owned != NULL);
		free(owned);
	}
	ck_assert_int_eq(zip_find(&zip, "empty"), 2);
	ck_assert_msg(zip_content(&zip, 2, &data, &n, &owned, &e) == 0, "%s", e.message);
	ck_assert_uint_eq(n, 0);
	free(owned);
	zip_close(&zip);
	/* One bit of the content: the checksum tells. */
	file.at[44 + 20] ^= 1;
	ck_assert_int_eq(zip_open(&zip, file.at, file.n, &e), 0);
	ck_assert_int_eq(zip_content(&zip, 0, &data, &n, &owned, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "checksum"));
	zip_close(&zip);
	file.at[44 + 20] ^= 1;
	damage(&file, parse_zip);
	drop(&file);
	drop(&npy);
}
END_TEST

START_TEST(pickle_values)
{
	static const char program[] = "\x80\x04\x95\x10\0\0\0\0\0\0\0"	/* protocol, frame */
				      "}\x94(\x8c\1a"			/* dictionary, memo 0, mark, "a" */
				      "]\x94(K\7M\0\1J\xff\xff\xff\xff" /* list, memo 1: 7, 256, -1 */
				      "\x8a\2\0\x80"			/* -32768 */
				      "G\x3f\xf8\0\0\0\0\0\0"		/* 1.5 */
				      "\x88Nh\1"			/* true, none, the list itself */
				      "e\x8c\1b)u.";			/* "b": () */
	struct arena *a = arena_new();
	struct err e = { 0 };
	struct pickle *v = pickle_parse(a, program, sizeof program - 1, &e), *list;
	const struct bytes all = { (unsigned char *)(uintptr_t)program, sizeof program - 1 };

	ck_assert_msg(v != NULL, "%s", e.message);
	ck_assert_int_eq(v->kind, PICKLE_DICT);
	ck_assert_int_eq(v->n_items, 4);
	list = v->item[1];
	ck_assert_int_eq(list->n_items, 8);
	ck_assert_ptr_eq(list->item[7], list);
	ck_assert_int_eq(list->item[0]->integer, 7);
	ck_assert_int_eq(list->item[1]->integer, 256);
	ck_assert_int_eq(list->item[2]->integer, -1);
	ck_assert_int_eq(list->item[3]->integer, -32768);
	ck_assert_double_eq(list->item[4]->real, 1.5);
	ck_assert_int_eq(list->item[5]->integer, 1);
	ck_assert_int_eq(v->item[3]->kind, PICKLE_TUPLE);
	arena_free(a);
	damage(&all, parse_pickle);
}
END_TEST

START_TEST(pickle_refuses_code)
{
	static const char call[] = "cos\nsystem\n(X\4\0\0\0truetR.";
	static const struct {
		const char *program;
		size_t n;
		const char *name;
	} table[] = {
		{ call, sizeof call - 1, "os.system" },
		{ "\x80\4\x8c\5posix\x8c\6system\x93.", 19, "posix.system" },
		{ "cbuiltins\neval\n.", 16, "builtins.eval" },
		{ "cnumpy.core.multiarray\n_reconstruct\n.", 38, "numpy.core.multiarray._reconstruct" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct arena *a = arena_new();
		struct err e = { 0 };

		ck_assert_ptr_null(pickle_parse(a, table[i].program, table[i].n, &e));
		ck_assert_msg(strstr(e.message, table[i].name) != NULL, "%s", e.message);
		ck_assert_int_eq(e.code, ERR_USAGE);
		arena_free(a);
	}
}
END_TEST

START_TEST(pickle_tensors)
{
	const int64_t dim[] = { 3, 2 }, stride[] = { 1, 3 };
	struct bytes b = { 0 };
	struct arena *a = arena_new();
	struct err e = { 0 };
	struct pickle *v;

	put_text(&b, "\x80\2ccollections\nOrderedDict\n)R(");
	pickle_text(&b, "w");
	pickle_tensor(&b, "DoubleStorage", "0", 6, 0, 2, dim, stride);
	/* state of an OrderedDict, as of a state_dict */
	put_text(&b, "u}(");
	pickle_text(&b, "_metadata");
	put_text(&b, "Nub.");
	v = pickle_parse(a, b.at, b.n, &e);
	ck_assert_msg(v != NULL, "%s", e.message);
	ck_assert_int_eq(v->n_items, 2);
	v = v->item[1];
	ck_assert_int_eq(v->kind, PICKLE_TENSOR);
	ck_assert_int_eq(v->type, ARRAY_F64);
	ck_assert_int_eq(v->stride[1], 3);
	ck_assert_str_eq(v->storage->text, "0");
	arena_free(a);
	damage(&b, parse_pickle);
	drop(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parsers of foreign containers");
	TCase *t = tcase_create("memory");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, npy_types_and_orders);
	tcase_add_test(t, npy_axes);
	tcase_add_test(t, mat_types_orders_compression);
	tcase_add_test(t, mat_bomb);
	tcase_add_test(t, zip_methods);
	tcase_add_test(t, pickle_values);
	tcase_add_test(t, pickle_refuses_code);
	tcase_add_test(t, pickle_tensors);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
