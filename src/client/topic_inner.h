//  topic_inner: how an embedded node makes a subscriber. For src/node only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TOPIC_INNER_H_INCLUDED
#define TOPIC_INNER_H_INCLUDED

#include <zgrid_topic.h>

//  Of a node in this process, whose subscribers connect to this inproc endpoint. Returns ZGRID_OK or
//  ZGRID_NOMEM; *self_p is NULL unless ZGRID_OK.
int
    topic_new_inner (zgrid_topic_t **self_p, const char *endpoint);

#endif
