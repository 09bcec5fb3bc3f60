//  main: runs the suite of one test program. Options: those of libcheck's environment (CK_RUN_CASE…).
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

int
main (void)
{
    SRunner *runner = srunner_create (test_suite ());
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    int run = srunner_ntests_run (runner);
    srunner_free (runner);
    if (run == 0)
        return EXIT_FAILURE; // A suite that runs nothing proves nothing
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
