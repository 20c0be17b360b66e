/* SPDX-License-Identifier: MIT */
/*
 * machine.c - the machine card: where figures were measured.
 *
 * The processors are read in machine_cpu.c, a virtual machine or container in
 * machine_guest.c, limits in machine_limits.c; machine_print.c judges and
 * prints it.
 */
#include "machine_parts.h"

#include "common/clock.h"
#include "common/io.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

/* The build says these with -D; without, they are not known. */
#ifndef IPCLAB_COMMIT
#define IPCLAB_COMMIT "unknown"
#endif
#ifndef IPCLAB_CFLAGS
#define IPCLAB_CFLAGS "unknown"
#endif

#ifndef IPCLAB_WORKER
#define IPCLAB_WORKER "unknown"
#endif

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

/* What makes this program slower than it need be. */
static const char *build_kind(void)
{
#if defined __SANITIZE_ADDRESS__
    return "address sanitizer";
#elif defined __SANITIZE_THREAD__
    return "thread sanitizer";
#else
    if (strstr(IPCLAB_CFLAGS, "-fsanitize"))
        return "sanitizer";
#if defined __OPTIMIZE__
    return "optimised";
#else
    return "debug, not optimised";
#endif
#endif
}

static void read_build(struct card *card)
{
    static const char mark[] = "-dirty";
    size_t n;

    snprintf(card->commit, sizeof card->commit, "%s", IPCLAB_COMMIT);
    n = strlen(card->commit);
    card->dirty =
        n > strlen(mark) && strcmp(card->commit + n - strlen(mark), mark) == 0;
    if (card->dirty)
        card->commit[n - strlen(mark)] = '\0';
    snprintf(card->cflags, sizeof card->cflags, "%s", IPCLAB_CFLAGS);
#ifdef __clang__
    snprintf(card->compiler, sizeof card->compiler, "%s", __VERSION__);
#else
    snprintf(card->compiler, sizeof card->compiler, "gcc %s", __VERSION__);
#endif
    snprintf(card->build, sizeof card->build, "%s", build_kind());
}

static void read_system(struct card *card, const char *root)
{
    struct utsname name;
    char release[65] = "";

    if (uname(&name) == 0) {
        card_copy(release, sizeof release, name.release);
        card_line(root, release, sizeof release, "/proc/sys/kernel/osrelease");
        snprintf(card->kernel, sizeof card->kernel, "%s %s %s", name.sysname,
                 release, name.machine);
    }
#ifdef __GLIBC__
    /* What a spawned worker is linked by decides what a spawn costs. */
    snprintf(card->libc, sizeof card->libc, "glibc %s, workers by %s",
             gnu_get_libc_version(), IPCLAB_WORKER);
#endif
}

/* What one look at the clock costs, and the least it goes on by. */
static void measure_clock(struct card *card)
{
    enum { ROUNDS = 51, LOOKS = 200, STEPS = 10000 };
    int64_t took[ROUNDS], before, step = INT64_MAX;

    for (int i = 0; i < ROUNDS; i++) {
        before = clock_now();
        for (int k = 1; k < LOOKS; k++)
            clock_now();
        took[i] = clock_now() - before;
    }
    card->clock_cost_ns = stats_median_ns(took, ROUNDS) / LOOKS;
    before = clock_now();
    for (int i = 0; i < STEPS; i++) {
        int64_t now = clock_now();

        if (now > before && now - before < step)
            step = now - before;
        before = now;
    }
    card->clock_step_ns = step == INT64_MAX ? NAN : (double)step;
}

static void measure_pipe(struct card *card)
{
    int ends[2], capacity;

    if (fd_pipe(ends) < 0)
        return;
    capacity = fcntl(ends[0], F_GETPIPE_SZ);
    card->pipe_capacity = capacity > 0 ? (uint64_t)capacity : 0;
    fd_close(&ends[0]);
    fd_close(&ends[1]);
}

/* The word in brackets: "always [madvise] never". */
static void read_thp(struct card *card, const char *root)
{
    char text[64] = "";
    const char *open_, *close_;

    card_line(root, text, sizeof text,
              "/sys/kernel/mm/transparent_hugepage/enabled");
    open_ = strchr(text, '[');
    close_ = open_ ? strchr(open_, ']') : NULL;
    if (close_)
        snprintf(card->thp, sizeof card->thp, "%.*s", (int)(close_ - open_ - 1),
                 open_ + 1);
}

static void read_kernel_state(struct card *card, const char *root)
{
    char text[96] = "";
    struct ticks ticks;

    card_line(root, card->clocksource, sizeof card->clocksource,
              "/sys/devices/system/clocksource/clocksource0/"
              "current_clocksource");
    read_thp(card, root);
    card_number(root, &card->pipe_max_size, "/proc/sys/fs/pipe-max-size");
    if (!card_line(root, text, sizeof text, "/proc/loadavg") ||
        sscanf(text, "%lf %lf %lf", &card->load[0], &card->load[1],
               &card->load[2]) != 3)
        card->load[0] = card->load[1] = card->load[2] = NAN;
    if (!card_line(root, card->ptrace_scope, sizeof card->ptrace_scope,
                   "/proc/sys/kernel/yama/ptrace_scope") &&
        card_line(root, text, sizeof text, "/proc/sys/kernel/osrelease"))
        snprintf(card->ptrace_scope, sizeof card->ptrace_scope, "none");
    if (machine_ticks(root, &ticks) == 0)
        card->steal = machine_steal((struct ticks){0, 0}, ticks);
}

int machine_ticks(const char *root, struct ticks *ticks)
{
    char text[512];
    uint64_t t[8];

    if (!card_file(root, text, sizeof text, "/proc/stat"))
        return -ENOENT;
    if (sscanf(text,
               "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
        return -EBADMSG;
    *ticks = (struct ticks){.steal = t[7]};
    for (size_t i = 0; i < 8; i++)
        ticks->total += t[i];
    return 0;
}

double machine_steal(struct ticks before, struct ticks after)
{
    if (after.total <= before.total)
        return NAN;
    return after.steal < before.steal
               ? 0 /* a kernel's counters may step back a little */
               : (double)(after.steal - before.steal) /
                     (double)(after.total - before.total);
}

static void set_unknown(struct card *card)
{
    char *const texts[] = {
        card->kernel,      card->libc,           card->cpu,
        card->topology,    card->governor,       card->turbo,
        card->mitigations, card->virtualization, card->container,
        card->clocksource, card->ptrace_scope,   card->thp};

    *card = (struct card){.clock_cost_ns = NAN,
                          .clock_step_ns = NAN,
                          .wake_cost_ns = NAN,
                          .load = {NAN, NAN, NAN},
                          .cgroup_cpus = NAN,
                          .steal = NAN};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        strcpy(texts[i], "unknown");
}

int machine_read(struct card *card, const char *root)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
        return -errno;
    set_unknown(card);
    read_build(card);
    read_system(card, root);
    card_read_cpu(card, root);
    card_read_guest(card, root);
    card_read_limits(card, root);
    read_kernel_state(card, root);
    measure_clock(card);
    measure_pipe(card);
    machine_judge(card);
    return 0;
}
