//  move: its states follow each other as the table says.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"
#include "move/move.h"

START_TEST (states_have_names_and_an_end)
{
    ck_assert_str_eq (move_state_name (MOVE_NONE), "none");
    ck_assert_str_eq (move_state_name (MOVE_CATCHING_UP), "catching up");
    ck_assert_str_eq (move_state_name (MOVE_STATES), "?");
    for (move_state_t state = 0; state < MOVE_STATES; state++) {
        bool over = state == MOVE_DONE || state == MOVE_ABORTED;
        ck_assert (!move_state_follows (state, state));
        ck_assert (!move_state_follows (state, MOVE_STATES) && !move_state_follows (MOVE_STATES, state));
        ck_assert_int_eq (move_state_follows (state, MOVE_NONE), over);
        //  Whatever is under way can be given up
        ck_assert_int_eq (move_state_follows (state, MOVE_ABORTED), !over && state != MOVE_NONE);
        ck_assert_int_eq (move_state_follows (MOVE_NONE, state),
                          state == MOVE_LEARNER || state == MOVE_SEALED);
        //  Only what the coordinator was asked for can be done
        ck_assert_int_eq (move_state_follows (state, MOVE_DONE),
                          state == MOVE_JOINT || state == MOVE_HANDOVER);
    }
}
END_TEST

START_TEST (a_move_takes_its_steps)
{
    move_info_t move = { .partition = 3 };
    static const move_state_t steps[] = { MOVE_LEARNER, MOVE_SNAPSHOT, MOVE_CATCHING_UP, MOVE_JOINT,
                                          MOVE_DONE,    MOVE_NONE,     MOVE_SEALED,      MOVE_HANDOVER,
                                          MOVE_ABORTED, MOVE_NONE };
    for (size_t at = 0; at < sizeof steps / sizeof steps[0]; at++) {
        move_set (&move, steps[at]);
        ck_assert_int_eq (move.state, steps[at]);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("move");
    TCase *all = tcase_create ("all");
    tcase_add_test (all, states_have_names_and_an_end);
    tcase_add_test (all, a_move_takes_its_steps);
    suite_add_tcase (suite, all);
    return suite;
}
