/* SPDX-License-Identifier: MIT */
/* test_supervisor.h - programs to run under the supervisor. */
#ifndef IPCLAB_TEST_SUPERVISOR_H
#define IPCLAB_TEST_SUPERVISOR_H

#include "common/test_census.h"

#include "common/clock.h"
#include "common/io.h"
#include "supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define PROMISE(name)                                                          \
    cmocka_unit_test_setup_teardown(name, census_begin, census_end)

static int line[2];

static inline void open_line(void)
{
    assert_int_equal(fd_pipe(line), 0);
}

/* Wait until nobody but us holds the line. */
static inline void nobody_is_left(void)
{
    char bytes[64];

    fd_close(&line[1]);
    while (read_some(line[0], bytes, sizeof bytes) > 0)
        ;
    fd_close(&line[0]);
}

static inline struct ended run(int (*program)(void *), void *argument,
                               const struct limits *limits)
{
    struct watch watch = {
        .run = program, .argument = argument, .limits = *limits, .output = -1};
    struct ended ended;

    assert_int_equal(supervise(&watch, &ended), 0);
    assert_false(ended.stuck);
    return ended;
}

static const struct limits ample = {.time = 15 * SECOND, .processes = 256};
static const struct limits hasty = {.time = SECOND / 5, .processes = 256};

static inline _Noreturn void pause_for_ever(void)
{
    for (;;)
        pause();
}

static inline void ignore_all(void)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], SIG_IGN);
}

#endif
