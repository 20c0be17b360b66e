/* SPDX-License-Identifier: MIT */
/*
 * self.h - who the calling thread is: its id, and its list of robust locks.
 *
 * Both cost a system call, once in the life of a thread; private to sync/.
 */
#ifndef IPCLAB_SELF_H
#define IPCLAB_SELF_H

#include <linux/futex.h>
#include <stdint.h>

struct self {
    uint32_t id;                     /* gettid(2), or 0: not asked yet */
    struct robust_list_head *robust; /* what the kernel has, or NULL */
    struct robust_list_head own;     /* where the C library has none */
};

extern _Thread_local struct self self;

uint32_t self_learn(void);

/* The id of this thread. */
static inline uint32_t self_id(void)
{
    return self.id ? self.id : self_learn();
}

/*
 * This thread's robust list, whose entries have their word at `distance` from
 * them.  NULL: the C library's are of another shape.
 */
struct robust_list_head *self_robust(long distance);

#endif
