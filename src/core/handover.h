//  handover: the bytes of a message pass from one thread to another inside of libzmq. ThreadSanitizer
//  cannot see how libzmq orders that (it is not instrumented), so both ends say it. Nothing else is
//  handed over by pointer.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HANDOVER_H_INCLUDED
#define HANDOVER_H_INCLUDED

#if defined(__SANITIZE_THREAD__)
#    define HANDOVER_SEEN 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define HANDOVER_SEEN 1
#    endif
#endif

#ifdef HANDOVER_SEEN
void
    __tsan_acquire (void *address);
void
    __tsan_release (void *address);
#endif

//  Before sending: what was written to `data` is written.
static inline void
handover_give (void *data)
{
#ifdef HANDOVER_SEEN
    __tsan_release (data);
#else
    (void) data;
#endif
}

//  After receiving: what the sender wrote may be read.
static inline void
handover_take (void *data)
{
#ifdef HANDOVER_SEEN
    __tsan_acquire (data);
#else
    (void) data;
#endif
}

#endif
