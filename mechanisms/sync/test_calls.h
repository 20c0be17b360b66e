/* SPDX-License-Identifier: MIT */
/*
 * test_calls.h - the calls that sync/, and what is built on it, make of the
 * kernel, counted.
 *
 * All of sync/ reaches the kernel through syscall(2); the linker sends its
 * calls here.  The test says so, in its first lines: `// wrap: syscall`.
 */
#ifndef IPCLAB_TEST_CALLS_H
#define IPCLAB_TEST_CALLS_H

#include "sync/test_sharing.h"

#include <linux/futex.h>

static unsigned futex_calls, other_calls;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex)
        futex_calls++;
    else
        other_calls++;
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static inline void expect_none(const char *what)
{
    if (futex_calls || other_calls)
        fail_msg("%s: %u futex calls, %u others", what, futex_calls,
                 other_calls);
}

/* A thread asks for its id, and its list, once in its life. */
static inline void learn_who_we_are(void)
{
    struct lock l;

    assert_int_equal(lock_open(&l, LOCK_ROBUST), 0);
    assert_int_equal(lock_acquire(&l, 0), 0);
    assert_int_equal(lock_release(&l), 0);
    lock_close(&l);
    futex_calls = other_calls = 0;
}

#endif
