/* SPDX-License-Identifier: MIT */
/*
 * test_verdict.h - impostors, and how they are refused.
 *
 * An impostor says through its witness that it goes wrong as a hazard would,
 * and does not: it sleeps, waits elsewhere, counts less, or was never there.
 * For each the verdict must be NOT PROVEN, and for the right reason: it is run
 * with more time until that reason is given, so that a slow machine decides
 * nothing.
 */
#ifndef IPCLAB_TEST_VERDICT_H
#define IPCLAB_TEST_VERDICT_H

#include "common/test_census.h"

#include "common/clock.h"
#include "common/io.h"
#include "scenario.h"

#include <endian.h>
#include <string.h>

#define PROMISE(name)                                                          \
    cmocka_unit_test_setup_teardown(name, census_begin, census_end)

/* For main: the number of failures, or 77. */
#define RUN_PROMISES(tests)                                                    \
    (scenario_sanitizer() && strcmp(scenario_sanitizer(), "thread") == 0       \
         ? (puts("ThreadSanitizer allows no threads after a fork"), 77)        \
         : cmocka_run_group_tests(tests, NULL, NULL))

static inline struct observation observe(const struct hazard *h, int cure,
                                         int64_t time)
{
    struct limits limits = scenario_limits;
    struct observation o;

    limits.time = time;
    assert_int_equal(scenario_observe(h, cure, &limits, &o), 0);
    close(o.output);
    assert_int_not_equal(o.ended.how, INTERRUPTED);
    assert_false(o.ended.stuck);
    return o;
}

struct impostor {
    int (*run)(struct witness *w, int cure);
    const char *reason; /* why it is refused */
};

static inline void refused(enum outcome expect, const char *evidence,
                           const struct impostor *impostor)
{
    struct hazard h = {.name = "impostor",
                       .expect = expect,
                       .evidence = evidence,
                       .run = impostor->run};
    struct observation o;
    int64_t time = SECOND * 3 / 10;

    do {
        o = observe(&h, 0, time);
        assert_int_equal(o.verdict.ruling, NOT_PROVEN);
        time *= 2;
    } while (!strstr(o.verdict.reason, impostor->reason) && time < 8 * SECOND);
    if (!strstr(o.verdict.reason, impostor->reason))
        fail_msg("refused because \"%s\", not \"%s\"", o.verdict.reason,
                 impostor->reason);
}

/* All of a list that ends with {NULL}. */
static inline void all_refused(enum outcome expect, const char *evidence,
                               const struct impostor *list)
{
    for (; list->run; list++)
        refused(expect, evidence, list);
}

/* And those that do as they say: n of them. */
static inline void all_proven(const struct hazard *list, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        struct observation o = observe(&list[k], 0, 10 * SECOND);

        if (o.verdict.ruling != PROVEN)
            fail_msg("%s: %s", list[k].evidence, o.verdict.reason);
    }
}

/* --- what impostors do --- */

static inline _Noreturn void pause_for_ever(void)
{
    for (;;)
        pause();
}

static inline void nap(void)
{
    test_sleep_ms(100000);
}

static inline void spin(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static inline void wait_for_ever(void)
{
    pause_for_ever();
}

/* A message, of the size that its header says or of another. */
static inline void send_frame(int fd, char letter, size_t says, size_t has)
{
    char bytes[4 + 4096];
    uint32_t header = htobe32((uint32_t)says);

    memcpy(bytes, &header, sizeof header);
    memset(bytes + 4, letter, has);
    write_full(fd, bytes, 4 + has);
}

static inline void do_nothing(void)
{
}

static inline int only_pauses(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_ready(w);
    pause_for_ever();
}

static inline int exits_at_once(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_holder(w, getppid());
    witness_ready(w);
    return 0;
}

/* A set-up for what takes long, since each impostor is given its time. */
static inline int patient(void **state)
{
    int error = census_begin(state);

    alarm(120);
    return error;
}

/* Fork a child that does it. */
static inline pid_t fork_to(void (*what)(void))
{
    pid_t child = fork();

    if (child == 0) {
        what();
        _exit(0);
    }
    return child;
}

/*
 * A scenario that is one telling of a tale: `tell` and `struct tale` are the
 * file's own, and what each telling has of it is said here.
 */
#define TALE(name, ...)                                                        \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell(w, &(struct tale){__VA_ARGS__});                           \
    }

#endif
