//  zgrid-maps: the commands on a whole map, but for load and dump.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "zgrid-tool.h"

#define TRIES 3 // Of one step of an iteration

static int
s_print_pair (const tool_t *self, zgrid_bytes_t key, zgrid_bytes_t value)
{
    if (self->json) {
        json_t *object = json_object ();
        if (object && json_set_bytes (object, "key", key)
            && (!self->values || json_set_bytes (object, "value", value)))
            return tool_print_json (object);
        json_decref (object);
        return EXIT_REFUSED;
    }
    tool_print_escaped (key);
    if (self->values) {
        putchar ('\t');
        tool_print_escaped (value);
    }
    return putchar ('\n') == EOF ? EXIT_PARTLY : EXIT_DONE;
}

int
command_scan (tool_t *self)
{
    const char *match = self->operand_count ? self->operands[0] : NULL;
    zgrid_iterator_options_t options = ZGRID_ITERATOR_OPTIONS_INIT;
    options.match = match;
    options.regex = self->regex;
    options.with_values = self->values;
    zgrid_iterator_t *iterator = zgrid_iterator_open (self->client, self->map, &options);
    if (!iterator)
        return tool_fail (self, ZGRID_NOMEM, NULL);
    uint64_t count = 0;
    int status = ZGRID_OK, code = EXIT_DONE, tries = 0;
    while (status != ZGRID_NOTFOUND && code == EXIT_DONE) {
        zgrid_bytes_t key, value;
        status = zgrid_iterator_next (iterator, &key, &value);
        if (status == ZGRID_OK) {
            code = s_print_pair (self, key, value);
            count++;
            tries = 0;
        } else if (status != ZGRID_NOTFOUND && ++tries == TRIES) {
            code = tool_fail (self, status, zgrid_client_error (self->client));
            code = count ? EXIT_PARTLY : code;
        }
    }
    zgrid_iterator_destroy (&iterator);
    return code;
}

//  Prints a number that counts a whole map, or a part of it.
static int
s_print_count (tool_t *self, const char *name, uint64_t count, int status)
{
    if (status == ZGRID_OK || status == ZGRID_PARTIAL) {
        if (self->json)
            tool_print_json (json_pack ("{s:I}", name, (json_int_t) count));
        else
            printf ("%" PRIu64 "\n", count);
    }
    return status == ZGRID_OK ? EXIT_DONE : tool_fail (self, status, zgrid_client_error (self->client));
}

int
command_size (tool_t *self)
{
    uint64_t count = 0;
    int status = zgrid_client_size (self->client, self->map, &count);
    return s_print_count (self, "size", count, status);
}

int
command_destroy (tool_t *self)
{
    uint64_t count = 0;
    int status = zgrid_client_destroy_map (self->client, self->map, &count);
    return s_print_count (self, "removed", count, status);
}
