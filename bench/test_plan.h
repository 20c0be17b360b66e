/* SPDX-License-Identifier: MIT */
/* test_plan.h - what the tests of plans share: a machine and a request. */
#ifndef IPCLAB_TEST_PLAN_H
#define IPCLAB_TEST_PLAN_H

#include "plan.h"
#include "registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static const struct place two_cores[PLACEMENTS] = {
    [PLACE_SAME] = {.timed = 1, .peer = 1, .where = "core 1"},
    [PLACE_CROSS] = {.timed = 1, .peer = 0, .where = "cores 1 and 0"},
    [PLACE_FREE] = {.timed = -1, .peer = -1, .where = "any core"},
    [PLACE_SMT] = {.timed = 1,
                   .peer = 1,
                   .missing = "core 1 has one hardware thread"},
    [PLACE_PACKAGE] = {
        .timed = 1, .peer = 1, .missing = "core 1 is in the only package"}};

/* As reference.py --list. */
static char *reference_names[] = {"pipe/roundtrip",
                                  "pipe/roundtrip-duplex",
                                  "pipe/stream",
                                  "pipe/stream-duplex",
                                  "queue/roundtrip",
                                  "queue/stream",
                                  "queue/fan",
                                  "queue-plain/roundtrip",
                                  "queue-plain/stream",
                                  "queue-plain/fan",
                                  "simple-queue/roundtrip",
                                  "simple-queue/stream",
                                  "simple-queue/fan",
                                  "joinable-queue/roundtrip",
                                  "joinable-queue/stream",
                                  "joinable-queue/fan",
                                  "lock/pair",
                                  "lock/pair-recursive",
                                  "semaphore/pair",
                                  "lock/contended",
                                  "semaphore/contended",
                                  "condition/handover",
                                  "event/handover",
                                  "barrier/round",
                                  "value/increment",
                                  "value/increment-plain",
                                  "value/increment-raw",
                                  "value/contended",
                                  "value/contended-plain",
                                  "value/neighbours",
                                  "array/element",
                                  "array/copy",
                                  "array/copy-raw",
                                  "array/roundtrip",
                                  "array/stream",
                                  "manager/call",
                                  "manager/call-set",
                                  "manager/call-value",
                                  "manager/create",
                                  "manager/payload",
                                  "manager/call-from-python",
                                  "manager/clients",
                                  "manager/clients-from-python",
                                  "manager/queue",
                                  "fork/call",
                                  "fork/first-instruction",
                                  "fork/joined",
                                  "fork/burst",
                                  "spawn/call",
                                  "spawn/first-instruction",
                                  "spawn/joined",
                                  "spawn/burst",
                                  "forkserver/call",
                                  "forkserver/first-instruction",
                                  "forkserver/joined",
                                  "forkserver/burst",
                                  NULL};

static inline int bounded(void **state)
{
    (void)state;
    alarm(20);
    return 0;
}

static inline struct request ask(void)
{
    return (struct request){.seed = 7,
                            .reference = true,
                            .reference_names = reference_names,
                            .memory = UINT64_C(1) << 40,
                            .huge_pages = true,
                            .clock_cost = 30};
}

static inline void make(struct plan *plan, const struct request *request)
{
    char why[256] = "";

    if (plan_make(plan, request, two_cores, why, sizeof why))
        fail_msg("no plan: %s", why);
}

static inline size_t count(const struct plan *plan, enum kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->count; i++)
        n += plan->rows[i].kind == kind;
    return n;
}

static inline size_t rows_of(const struct plan *plan, const struct workload *w,
                             size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->count; i++)
        n += plan->rows[i].workload == w && plan->rows[i].bytes == bytes &&
             plan->rows[i].kind != ROW_TWIN;
    return n;
}

#endif
