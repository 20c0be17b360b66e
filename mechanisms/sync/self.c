/* SPDX-License-Identifier: MIT */
/*
 * self.c - who the calling thread is.
 *
 * Its fork story: a child's only thread has a copy of what its parent's knew
 * of itself, and forgets it.  (A child made by clone(2) alone runs no hooks,
 * and must not use locks; start/ has none between clone and exec.)
 */
#include "sync/self.h"

#include "common/hooks.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local struct self self;

static void forget(void *unused)
{
    (void)unused;
    self = (struct self){0};
}

__attribute__((constructor)) static void watch_forks(void)
{
    static struct after_fork hook = {.run = forget};

    after_fork_register(&hook);
}

uint32_t self_learn(void)
{
    self.id = (uint32_t)syscall(SYS_gettid);
    return self.id;
}

/*
 * glibc registers a list for each thread, and its robust mutexes are in it: we
 * put our locks there too.  musl registers one with a thread's first robust
 * mutex; until then there is none, and ours will do.  (A program of musl's that
 * uses both kinds in one thread would lose ours: none of ours does.)
 */
struct robust_list_head *self_robust(long distance)
{
    struct robust_list_head *head = NULL;
    size_t size = 0;

    if (self.robust)
        return self.robust;
    if (syscall(SYS_get_robust_list, 0, &head, &size) < 0)
        return NULL;
    if (!head) {
        self.own.list.next = &self.own.list;
        self.own.futex_offset = distance;
        if (syscall(SYS_set_robust_list, &self.own, sizeof self.own) < 0)
            return NULL;
        head = &self.own;
    }
    if (head->futex_offset != distance)
        return NULL;
    self.robust = head;
    return head;
}
