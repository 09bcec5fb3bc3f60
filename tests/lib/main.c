//  main: runs the suite of one test program. Options: those of libcheck's environment (CK_RUN_CASE…).
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "lib/test.h"

int
main (void)
{
    SRunner *runner = srunner_create (test_suite ());
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    int run = srunner_ntests_run (runner);
    srunner_free (runner);
    //  What a failed test has left open must not be waited for (zsys ends its context at exit). A suite that
    //  runs nothing proves nothing.
    if (failed || run == 0) {
        fflush (NULL);
        _exit (EXIT_FAILURE);
    }
    return EXIT_SUCCESS;
}
