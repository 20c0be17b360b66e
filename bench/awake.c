/* SPDX-License-Identifier: MIT */
/* awake.c - what it costs to wake a processor, and how not to pay it. */
#include "awake.h"

#include "common/clock.h"
#include "common/io.h"
#include "common/region.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAKES = 101 };

/* Long enough for the other side to block and its processor to halt. */
static const int64_t idle = 300 * 1000;

static int bind_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

/* The side that is woken: says when it ran. */
static _Noreturn void sleeper(int cpu, int in, int out)
{
    char byte;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (bind_to(cpu) < 0)
        _exit(1);
    while (read_some(in, &byte, 1) == 1) {
        int64_t now = clock_now();

        if (write_full(out, &now, sizeof now) < 0)
            break;
    }
    _exit(0);
}

/* Busy until then: this core must not sleep as well. */
static void spin_until(int64_t then)
{
    while (clock_now() < then)
        ;
}

static size_t wake_often(int to, int from, int64_t *took)
{
    size_t n = 0;

    for (; n < WAKES; n++) {
        int64_t began, woke;

        spin_until(clock_now() + idle);
        began = clock_now();
        if (write_full(to, "", 1) < 0 ||
            read_full(from, &woke, sizeof woke) != (ssize_t)sizeof woke)
            break;
        took[n] = woke - began;
    }
    return n;
}

double wake_cost_ns(int from_cpu, int to_cpu)
{
    int there[2] = {-1, -1}, back[2] = {-1, -1};
    int64_t took[WAKES];
    cpu_set_t before;
    size_t n = 0;
    pid_t pid = -1;

    if (from_cpu == to_cpu || fd_pipe(there) < 0)
        return NAN;
    if (fd_pipe(back) == 0)
        pid = fork();
    if (pid == 0) {
        close(there[1]);
        sleeper(to_cpu, there[0], back[1]);
    }
    fd_close(&there[0]);
    fd_close(&back[1]);
    sched_getaffinity(0, sizeof before, &before);
    if (pid > 0 && bind_to(from_cpu) == 0)
        n = wake_often(there[1], back[0], took);
    sched_setaffinity(0, sizeof before, &before);
    fd_close(&there[1]);
    fd_close(&back[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return n == WAKES ? stats_median_ns(took, n) : NAN;
}

int keep_awake(char *why, size_t size)
{
    int32_t none = 0;
    int fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write_full(fd, &none, sizeof none) < 0) {
        int error = errno ? errno : EIO;

        snprintf(why, size,
                 "--keep-awake: /dev/cpu_dma_latency: %s; "
                 "processors may sleep",
                 strerror(error));
        fd_close(&fd);
        return -error;
    }
    return fd;
}
