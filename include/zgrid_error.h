/*  zgrid_error.h: the statuses that every call returns.

    SPDX-License-Identifier: MPL-2.0

    The same numbers are used by the C interface, on the wire and by the tools. They come from one
    list, zgrid_status.def.
*/
#ifndef ZGRID_ERROR_H_INCLUDED
#define ZGRID_ERROR_H_INCLUDED

#if defined(__GNUC__)
#    define ZGRID_EXPORT __attribute__ ((visibility ("default")))
#    define ZGRID_CHECKED __attribute__ ((warn_unused_result))
#else
#    define ZGRID_EXPORT
#    define ZGRID_CHECKED
#endif

#ifdef __cplusplus
extern "C" {
#endif

//  ZGRID_OK is 0; every other status is positive.
typedef enum {
#define STATUS(name, number, text, advice) ZGRID_##name = number,
#include <zgrid_status.def>
#undef STATUS
    ZGRID_STATUS_LIMIT // One more than the largest status
} zgrid_status_t;

//  The sentence that belongs to a status, in English, without a full stop. Never NULL: a number
//  that is not in the list gives "Unknown status". Static storage.
ZGRID_EXPORT const char *
    zgrid_status_text (int status);

//  The status's name as in the protocol document ("NOTFOUND"). Never NULL: "UNKNOWN" for a number
//  that is not in the list. Static storage.
ZGRID_EXPORT const char *
    zgrid_status_name (int status);

#ifdef __cplusplus
}
#endif

#endif
