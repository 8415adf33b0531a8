/* test_crc.c: checksums against zlib's, at every length around the kernel's strides and at odd addresses. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/rng.h"
#include "num/crc.h"

enum { BYTES = 5000, LENGTHS = 700 };

START_TEST(like_zlib)
{
	unsigned char data[BYTES];
	const struct rng r = rng_stream(1, "data", 0, 0);

	for (int i = 0; i < BYTES; i++)
		data[i] = (unsigned char)(256 * rng_uniform_at(r, (uint64_t)i));
	for (size_t n = 0; n < LENGTHS; n++)
		for (size_t at = 0; at < 20; at += 3)
			ck_assert_uint_eq(crc_of(data + at, n), crc32(0, data + at, (uInt)n));
	ck_assert_uint_eq(crc_of(data, BYTES), crc32(0, data, BYTES));
}
END_TEST

/* Known answers: "123456789", the check of the CRC catalogues; 32 and, by the long way, 1024 bytes of zero. */
START_TEST(known)
{
	unsigned char zero[1024] = { 0 };

	ck_assert_uint_eq(crc_of("123456789", 9), 0xcbf43926);
	ck_assert_uint_eq(crc_of(zero, 32), 0x190a55ad);
	ck_assert_uint_eq(crc_of(zero, 1024), 0xefb5af2e);
	ck_assert_uint_eq(crc_of("", 0), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crc");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, like_zlib);
	tcase_add_test(t, known);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
