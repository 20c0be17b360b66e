/* SPDX-License-Identifier: MIT */
/*
 * scenario.c - run one scenario of a hazard under the supervisor.
 *
 * Two pieces of memory are shared: the witness, by the scenario and the guard;
 * the verdict, by the guard and us, and not by the scenario.  A file without a
 * name is there for scenarios that need one, and is read by the guard.
 */
#include "scenario.h"

#include "common/clock.h"
#include "common/io.h"
#include "common/region.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

const struct limits scenario_limits = {.time = 10 * SECOND,
                                       .processes = 64,
                                       .memory = UINT64_C(1) << 30,
                                       .file = UINT64_C(1) << 24};

struct scenario {
    int cure;
    struct witness *witness;
    struct inspection inspection;
};

static int run(void *argument)
{
    struct scenario *s = argument;

    return s->inspection.hazard->run(s->witness, s->cure);
}

static bool judge(void *argument, pid_t root)
{
    struct scenario *s = argument;

    return s->cure == 0 && inspect(&s->inspection, root);
}

static void dying(void *argument, pid_t program, const siginfo_t *signal)
{
    struct scenario *s = argument;

    inspect_dying(&s->inspection, program, signal);
}

static int watch(struct scenario *s, struct verdict *verdict,
                 const struct limits *limits, struct observation *o)
{
    struct watch watch = {
        .run = run,
        .judge = judge,
        .argument = s,
        .dying = s->cure == 0 && s->inspection.hazard->expect == CRASHES ? dying
                                                                         : NULL,
        .hidden = verdict,
        .hidden_size = sizeof *verdict,
        .limits = *limits,
        .output = o->output};
    int error = supervise(&watch, &o->ended);

    if (error)
        return error;
    if (s->cure == 0)
        verdict_at_end(s->inspection.hazard, s->witness, &o->ended, verdict);
    o->witness = *s->witness;
    o->verdict = *verdict;
    return 0;
}

int scenario_observe(const struct hazard *hazard, int cure,
                     const struct limits *limits, struct observation *o)
{
    struct region shared;
    struct scenario s = {.cure = cure, .inspection = {.hazard = hazard}};
    struct verdict *verdict =
        mmap(NULL, sizeof *verdict, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int error, file;

    if (verdict == MAP_FAILED)
        return -errno;
    error = region_open(&shared, sizeof *s.witness);
    o->output = error ? -1 : memfd_create("ipclab-output", MFD_CLOEXEC);
    file = o->output < 0 ? -1 : memfd_create("ipclab-file", MFD_CLOEXEC);
    if (!error && file < 0)
        error = -errno;
    if (!error) {
        s.witness = shared.base;
        s.witness->judged = cure == 0;
        s.witness->file = s.inspection.file = file;
        s.witness->memory = shared.fd;
        s.inspection.witness = s.witness;
        s.inspection.verdict = verdict;
        error = watch(&s, verdict, limits, o);
    }
    if (error)
        fd_close(&o->output);
    fd_close(&file);
    region_close(&shared);
    munmap(verdict, sizeof *verdict);
    return error;
}

void scenario_show(const struct observation *o, FILE *out)
{
    char text[16384];
    ssize_t n = pread(o->output, text, sizeof text, 0);
    bool fresh = true;

    for (ssize_t i = 0; i < n; i++) {
        if (fresh)
            fputs("  | ", out);
        fresh = text[i] == '\n';
        fputc(text[i], out);
    }
    if (!fresh)
        fputc('\n', out);
    if (n == (ssize_t)sizeof text)
        fputs("  | ... and more\n", out);
}

#ifndef __has_feature /* gcc says it otherwise */
#define __has_feature(name) 0
#endif

const char *scenario_sanitizer(void)
{
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
    return "address";
#elif defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
    return "thread";
#elif __has_feature(memory_sanitizer)
    return "memory";
#else
    return NULL;
#endif
}
