//  fuzz_settings: the input is a configuration file. What is refused changes nothing and says where;
//  what is taken is printed so that it is taken again, and means the same.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <zgrid_error.h>

#include "fuzz/fuzz.h"
#include "node/settings.h"
#include "utf8.h"

//  Every line of what was said begins with "f:" and a number, and is text.
static void
s_check_said (bytes_t said)
{
    assert (said.size > 0);
    bool at_start = true;
    for (size_t at = 0; at < said.size;) {
        size_t size = utf8_sequence (said.data + at, said.size - at);
        assert (size > 0);
        if (at_start)
            assert (said.size - at > 4 && memcmp (said.data + at, "f:", 2) == 0 && said.data[at + 2] >= '1'
                    && said.data[at + 2] <= '9');
        at_start = said.data[at] == '\n';
        assert (at_start || said.data[at] >= 0x20);
        at += size;
    }
    assert (!at_start);
}

static void
s_print (settings_t *settings, buf_t *out)
{
    settings_print (settings, out);
    assert (!out->failed);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    settings_t *settings = settings_new (), *other = settings_new ();
    assert (settings && other);
    buf_t standard = BUF_INIT, printed = BUF_INIT, again = BUF_INIT, why = BUF_INIT;
    s_print (settings, &standard);

    int rc = settings_parse (settings, "f", bytes_of (data, size), &why);
    s_print (settings, &printed);

    assert (!why.failed);
    if (rc == ZGRID_OK) {
        assert (why.size == 0);
        rc = settings_parse (other, "f", buf_bytes (&printed), &why);
        assert (rc == ZGRID_OK);
        s_print (other, &again);
        assert (bytes_equal (buf_bytes (&printed), buf_bytes (&again)));
        (void) settings_check (settings, &why);
    } else {
        assert (rc == ZGRID_MALFORMED);
        s_check_said (buf_bytes (&why));
        assert (bytes_equal (buf_bytes (&printed), buf_bytes (&standard)));
    }
    buf_clear (&standard);
    buf_clear (&printed);
    buf_clear (&again);
    buf_clear (&why);
    settings_destroy (&settings);
    settings_destroy (&other);
    return 0;
}
