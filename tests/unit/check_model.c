//  check_model: random requests, compared with a plain map after every one. The seed of a failure is
//  printed; ZGRID_SEED=… runs it again, ZGRID_ROUNDS=100 runs longer.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/dice.h"
#include "lib/test.h"

typedef struct {
    rig_t rig;
    model_t *model;
    dice_t dice;
    epochs_t *epochs;
    bool scanning;
    ask_t page;
} run_t;

static void
s_right (const char *wrong, uint64_t seed, unsigned step, const ask_t *ask)
{
    if (wrong)
        ck_abort_msg ("ZGRID_SEED=%llu, step %u, %s: %s is wrong", (unsigned long long) seed, step,
                      ask ? op_info (ask->op)->name : "comparison", wrong);
}

//  One page of a scan that goes on between the other requests. It needs one actor.
static const char *
s_scan (run_t *run)
{
    if (!run->scanning) {
        model_scan_begin (run->model, bytes_str ("m"), run->rig.moment);
        run->page = (ask_t) { .op = OP_SCAN,
                              .map = bytes_str ("m"),
                              .options = { .given = OPT_count | OPT_cursor } };
        run->scanning = true;
    }
    run->page.options.count = 1 + dice_roll (&run->dice, 20);
    answer_t answer = rig_ask (&run->rig, &run->page);
    const char *wrong = model_scan_page (run->model, &answer, false, run->rig.moment);
    run->page.options.cursor = answer.meta.cursor;
    if (wrong || answer.meta.cursor)
        return wrong;
    run->scanning = false;
    return model_scan_end (run->model, run->rig.moment);
}

static void
s_step (run_t *run, uint64_t seed, unsigned step, bool verify)
{
    ask_t ask = dice_ask (&run->dice, run->rig.partitions);
    //  Without a partition one actor is asked: that is the whole only if there is one
    if (ask.op == OP_DESTROY && !(ask.options.given & OPT_partition) && run->rig.actors > 1)
        ask.op = OP_SIZE;
    if (ask.op == OP_SIZE && run->rig.actors > 1 && !(ask.options.given & OPT_partition))
        return;
    answer_t answer = rig_ask (&run->rig, &ask);
    s_right (model_check (run->model, &ask, run->rig.moment, &answer), seed, step, &ask);
    if (run->rig.actors == 1 && dice_roll (&run->dice, 8) == 0)
        s_right (s_scan (run), seed, step, NULL);
    if (dice_roll (&run->dice, 4) == 0) {
        uint64_t pause = dice_pause (&run->dice);
        run->rig.moment.now += pause;
        run->rig.moment.wall += pause;
    }
    if (dice_roll (&run->dice, 16) == 0)
        rig_pass (&run->rig, dice_roll (&run->dice, 60));
    if (verify)
        rig_verify (&run->rig);
}

static void
s_run (uint64_t seed, unsigned steps, bool verify)
{
    static const uint32_t s_partitions[] = { 1, 2, 7, 271 };
    run_t run = { .dice = { .seed = seed } };
    storage_config_t config = rig_config (1 + dice_roll (&run.dice, 3),
                                          s_partitions[dice_roll (&run.dice, 4)]);
    config.value_max = dice_roll (&run.dice, 2) ? 1 << 20 : 8200;
    config.key_max = dice_roll (&run.dice, 2) ? 65536 : 300;
    model_limits_t limits = { config.partitions, config.key_max, config.value_max, 8 };
    bool readers = dice_roll (&run.dice, 3) == 0;
    run.epochs = readers ? epochs_new (2) : NULL;
    ck_assert (rig_open_with (&run.rig, &config, run.epochs));
    for (uint32_t at = 0; at < config.actors && readers; at++)
        storage_set_readers (run.rig.storage[at], true);
    run.model = model_new (&limits);

    for (unsigned step = 0; step < steps; step++) {
        s_step (&run, seed, step, verify);
        if (step % 512 == 511) {
            rig_verify (&run.rig);
            s_right (model_compare (run.model, &run.rig, false), seed, step, NULL);
            run.scanning = false;
        }
    }
    rig_pass (&run.rig, 5000);
    rig_settle (&run.rig);
    rig_verify (&run.rig);
    s_right (model_compare (run.model, &run.rig, true), seed, steps, NULL);
    model_destroy (&run.model);
    rig_close (&run.rig);
    epochs_destroy (&run.epochs);
}

START_TEST (short_runs_are_right_and_their_accounts_exact_after_every_step)
{
    uint64_t first = dice_seed (1), rounds = getenv ("ZGRID_SEED") ? 1 : dice_rounds (400);
    for (uint64_t round = 0; round < rounds; round++)
        s_run (first + round, 300, true);
}
END_TEST

START_TEST (long_runs_are_right)
{
    uint64_t first = dice_seed (1000001), rounds = getenv ("ZGRID_SEED") ? 1 : dice_rounds (20);
    for (uint64_t round = 0; round < rounds; round++)
        s_run (first + round, 10000, false);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("model");
    TCase *tcase = tcase_create ("random");
    tcase_set_timeout (tcase, 0);
    tcase_add_test (tcase, short_runs_are_right_and_their_accounts_exact_after_every_step);
    tcase_add_test (tcase, long_runs_are_right);
    suite_add_tcase (suite, tcase);
    return suite;
}
