//  fuzz_store: operations as bytes, compared with the model after every one. The first bytes choose
//  actors, partitions and limits; then each round makes one request, lets time pass, or scans.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "lib/dice.h"

#define S_ROUNDS 400

static void
s_right (const char *wrong)
{
    if (wrong) {
        fprintf (stderr, "%s is wrong\n", wrong);
        abort ();
    }
}

static void
s_step (rig_t *rig, model_t *model, dice_t *dice)
{
    uint32_t kind = dice_roll (dice, 256);
    if (kind < 200) {
        ask_t ask = dice_ask (dice, rig->partitions);
        bool whole = op_info (ask.op)->routing == ROUTING_PART && ask.op != OP_SCAN
                     && !(ask.options.given & OPT_partition);
        if (whole && rig->actors > 1) // One actor's share is not what the model counts
            return;
        answer_t answer = rig_ask (rig, &ask);
        s_right (model_check (model, &ask, rig->moment, &answer));
    } else if (kind < 240) {
        uint64_t pause = dice_pause (dice);
        rig->moment.now += pause;
        rig->moment.wall += pause;
    } else if (kind < 252)
        rig_pass (rig, dice_roll (dice, 256));
    else {
        rig_verify (rig);
        s_right (model_compare (model, rig, false));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const uint32_t s_partitions[] = { 1, 2, 7, 271 };
    if (size < 4)
        return 0;
    dice_t dice = { .at = data, .end = data + size };
    storage_config_t config = rig_config (1 + dice_roll (&dice, 3), s_partitions[dice_roll (&dice, 4)]);
    config.value_max = dice_roll (&dice, 2) ? 1 << 20 : 8200;
    bool readers = dice_roll (&dice, 2);
    model_limits_t limits = { config.partitions, config.key_max, config.value_max, 8 };
    epochs_t *epochs = readers ? epochs_new (1) : NULL;
    rig_t rig;
    bool opened = rig_open_with (&rig, &config, epochs);
    assert (opened);
    for (uint32_t at = 0; at < rig.actors && readers; at++)
        storage_set_readers (rig.storage[at], true);
    model_t *model = model_new (&limits);
    for (int round = 0; round < S_ROUNDS && !dice_over (&dice); round++)
        s_step (&rig, model, &dice);
    rig_pass (&rig, 3000);
    rig_settle (&rig);
    rig_verify (&rig);
    s_right (model_compare (model, &rig, true));
    model_destroy (&model);
    rig_close (&rig);
    epochs_destroy (&epochs);
    return 0;
}
