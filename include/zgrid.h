/*  zgrid.h: the one include for users of libzgrid.

    SPDX-License-Identifier: MPL-2.0

    A program embeds a node (zgrid_node.h) or talks to a cluster of zgridd servers; either way it
    reaches the map through a client handle (zgrid_client.h).
*/
#ifndef ZGRID_H_INCLUDED
#define ZGRID_H_INCLUDED

#include <zgrid_version.h>
#include <zgrid_error.h>
#include <zgrid_client.h>
#include <zgrid_topic.h>
#include <zgrid_node.h>

#endif
