//  test.h: what every test program includes. tests/lib/main.c holds the only main.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TEST_H_INCLUDED
#define TEST_H_INCLUDED

#include <assert.h>
#include <check.h>
#include <stdint.h>
#include <stdlib.h>

//  Each program defines this: its suite.
Suite *
    test_suite (void);

//  Seconds that one test case may take under a sanitizer or on a busy machine.
#define TEST_TIMEOUT 120

#endif
