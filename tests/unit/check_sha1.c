//  check_sha1: the examples of FIPS 180 and NIST's, and every length around a block's end against what
//  another program says.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/test.h"
#include "sha1.h"

static const char *
s_hex (bytes_t message)
{
    static char hex[2 * SHA1_SIZE + 1];
    uint8_t digest[SHA1_SIZE];
    sha1 (message, digest);
    for (unsigned byte = 0; byte < SHA1_SIZE; byte++)
        snprintf (hex + 2 * byte, 3, "%02x", digest[byte]);
    return hex;
}

START_TEST (the_examples_of_the_standard)
{
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    ck_assert_str_eq (s_hex (bytes_str ("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    ck_assert_str_eq (s_hex (bytes_str (two)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    ck_assert_str_eq (s_hex (bytes_of (NULL, 0)), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}
END_TEST

START_TEST (a_million_letters)
{
    static uint8_t letters[1000000];
    memset (letters, 'a', sizeof letters);
    ck_assert_str_eq (s_hex (bytes_of (letters, sizeof letters)), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}
END_TEST

//  The digests of 0 … 200 letters 'a', one behind the other, have this digest.
START_TEST (each_length_around_the_end_of_a_block)
{
    static char digests[201 * 2 * SHA1_SIZE + 1];
    uint8_t letters[200];
    memset (letters, 'a', sizeof letters);
    for (size_t size = 0; size <= sizeof letters; size++)
        memcpy (digests + size * 2 * SHA1_SIZE, s_hex (bytes_of (letters, size)), 2 * SHA1_SIZE);
    ck_assert_str_eq (s_hex (bytes_str (digests)), "7088615e42aaa1f4ebf506af750412752e1ef172");
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("sha1");
    TCase *all = tcase_create ("digests");
    tcase_add_test (all, the_examples_of_the_standard);
    tcase_add_test (all, a_million_letters);
    tcase_add_test (all, each_length_around_the_end_of_a_block);
    suite_add_tcase (suite, all);
    return suite;
}
