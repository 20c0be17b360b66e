/* SPDX-License-Identifier: MIT */
/*
 * stage.h - what the processes of a check share, a clock that the check can put
 * forward, and children who wait.
 *
 * The linker sends clock_gettime here (`// wrap:` in check.c), so that the time
 * of a lease passes when the check says so.  Where something sleeps, nobody
 * has put the clock forward.
 */
#ifndef IPCLAB_STAGE_H
#define IPCLAB_STAGE_H

#include "../check.h"
#include "../steps.h"
#include "lease.h"

#include "common/clock.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { HOUR = 3600 };

struct stage {
    struct lease lease;
    struct fence fence;
    _Atomic int64_t ahead; /* how far the clock was put forward */
    int result, released;  /* of the call that is stepped through */
    uint64_t token;
    volatile uint64_t count, last; /* the lease guards them */
};

static struct stage *stage;

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
    int result = __real_clock_gettime(id, t);
    int64_t ns = t->tv_nsec + (stage ? atomic_load(&stage->ahead) : 0);

    t->tv_sec += (time_t)(ns / SECOND);
    t->tv_nsec = (long)(ns % SECOND);
    return result;
}

static inline void pass_time(int64_t ns)
{
    atomic_fetch_add(&stage->ahead, ns);
}

static inline void open_stage(void)
{
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(stage != MAP_FAILED);
}

/* --- the lease of a test --- */

static struct lease *lease;

static inline void begin_lease(int64_t duration)
{
    memset(&stage->lease, 0, sizeof stage->lease);
    memset(&stage->fence, 0, sizeof stage->fence);
    atomic_store(&stage->ahead, 0);
    lease = &stage->lease;
    assert_int_equal(lease_init(lease, duration), 0);
}

static inline uint64_t acquire(const char *hint)
{
    uint64_t token = 0;
    int error = lease_acquire(lease, 0, &token);

    expect_begun(error);
    expect(error == 0, hint);
    return token;
}

static inline void is_refused(const char *hint)
{
    uint64_t token;

    expect(lease_acquire(lease, 0, &token) == -ETIMEDOUT, hint);
}

/* --- children who wait --- */

/* How often it has gone to sleep by itself; -1: it does not sleep. */
static inline long sleeps(pid_t process)
{
    char path[64], line[128], state = '?';
    long switches = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", process);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "State: %c", &state) != 1)
            (void)sscanf(line, "voluntary_ctxt_switches: %ld", &switches);
    if (file)
        fclose(file);
    return state == 'S' ? switches : -1;
}

/* Until it sleeps, and slept all the time that we looked. */
static inline void wait_until_asleep(pid_t process)
{
    const struct timespec moment = {0, 2000000};
    long before = -1;

    for (int looks = 0; looks < 10; looks++) {
        long now = sleeps(process);

        if (now < 0 || now != before)
            looks = 0;
        before = now;
        nanosleep(&moment, NULL);
    }
}

#endif
