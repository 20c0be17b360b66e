/* SPDX-License-Identifier: MIT */
/*
 * only_one.c - linked into a lesson's check, has it run the one test that
 * IPCLAB_ONLY names, before main begins.
 *
 * scripts/grade runs each test in a process of its own: an exercise that
 * hangs or dies in one test keeps the points of the others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

__attribute__((constructor)) static void choose_one(void)
{
    const char *name = getenv("IPCLAB_ONLY");

    if (name)
        cmocka_set_test_filter(name);
}
