//  view_code: the parts of a view's encoding, for what is made of such parts (view_delta).
//  SPDX-License-Identifier: MPL-2.0
#ifndef VIEW_CODE_H_INCLUDED
#define VIEW_CODE_H_INCLUDED

#include "view.h"

#define VIEW_HEAD_FIELDS 13 // Before the lists of members, partitions and maps; cluster and version first

//  The fields of the head, one after the other, without an array around them.
void
    view_head_encode (const view_t *self, buf_t *out);
bool
    view_head_decode (view_t *self, mp_t *reader, const char **why);

//  A row of the table: it names members by their places in that view's list. Decoding takes only
//  members that hold data, each once.
void
    part_encode (const view_t *self, const part_t *part, buf_t *out);
bool
    part_decode (const view_t *self, part_t *part, mp_t *reader);

void
    map_encode (const map_settings_t *self, buf_t *out);
bool
    map_decode (mp_t *reader, map_settings_t *map);

#endif
