/* SPDX-License-Identifier: MIT */
/*
 * evidence_text.c - what the lines of /proc mean, and what a call waits for.
 *
 * Nothing here opens a file, so that every form of a line can be tested.
 * System calls are named SYS_*, since their numbers differ between machines,
 * and some (pause, poll, select) do not exist on all.
 */
#include "evidence.h"

#include "proc.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

int parse_stat(const char *text, struct process_stat *stat)
{
    const char *after = strrchr(text, ')');

    if (!after || sscanf(text, "%d (", &stat->pid) != 1 ||
        sscanf(after, ") %c %d", &stat->state, &stat->parent) != 2)
        return -EBADMSG;
    return 0;
}

int64_t parse_switches(const char *text)
{
    int64_t given = proc_labelled(text, "voluntary_ctxt_switches:");
    int64_t taken = proc_labelled(text, "nonvoluntary_ctxt_switches:");

    return given < 0 || taken < 0 ? -1 : given + taken;
}

int parse_fdinfo(const char *text)
{
    const char *line = strstr(text, "flags:");
    unsigned flags;

    return line && sscanf(line, "flags: %o", &flags) == 1 ? (int)flags : -1;
}

uint64_t parse_pipe(const char *link)
{
    unsigned long long number;
    char end;

    if (sscanf(link, "pipe:[%llu%c", &number, &end) != 2 || end != ']')
        return 0;
    return number;
}

int parse_syscall(const char *text, struct task *t)
{
    uint64_t *a = t->arguments;

    if (strncmp(text, "running", 7) == 0) {
        t->call = CALL_RUNNING;
        return 0;
    }
    if (sscanf(text, "%ld", &t->call) != 1)
        return -EBADMSG;
    if (t->call < 0) {
        t->call = CALL_NONE;
        return 0;
    }
    if (sscanf(text,
               "%*d %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
               " %" SCNx64,
               a, a + 1, a + 2, a + 3, a + 4, a + 5) == 6)
        return 0;
    t->call = CALL_UNKNOWN;
    return -EBADMSG;
}

bool task_is_still(const struct task *before, const struct task *after)
{
    return before->process == after->process && before->id == after->id &&
           before->state == 'S' && after->state == 'S' &&
           before->switches == after->switches && before->call == after->call &&
           memcmp(before->arguments, after->arguments,
                  sizeof before->arguments) == 0;
}

static bool futex_waits(const struct task *t)
{
    int command = (int)t->arguments[1] & FUTEX_CMD_MASK;

    return t->call == SYS_futex && t->arguments[3] == 0 &&
           (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET ||
            command == FUTEX_LOCK_PI);
}

/* Calls whose last word on time is an argument: does it say "for ever"? */
static bool patient(const struct task *t)
{
    const uint64_t *a = t->arguments;

    switch (t->call) {
    case SYS_futex:
        return futex_waits(t);
    case SYS_ppoll:
    case SYS_rt_sigtimedwait:
        return a[2] == 0;
    case SYS_pselect6:
        return a[4] == 0;
    case SYS_epoll_pwait:
        return (int)a[3] < 0;
#ifdef SYS_poll
    case SYS_poll:
        return (int)a[2] < 0;
#endif
#ifdef SYS_select
    case SYS_select:
        return a[4] == 0;
#endif
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
        return (int)a[3] < 0;
#endif
    }
    return false;
}

bool task_waits_without_end(const struct task *t)
{
    static const long endless[] = {
        SYS_read,    SYS_readv,  SYS_write,   SYS_writev,        SYS_recvfrom,
        SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_accept,        SYS_accept4,
        SYS_connect, SYS_wait4,  SYS_waitid,  SYS_rt_sigsuspend, SYS_flock,
#ifdef SYS_pause
        SYS_pause,
#endif
    };

    if (t->state != 'S')
        return false;
    if (t->call == CALL_UNKNOWN)
        return true;
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++)
        if (t->call == endless[i])
            return true;
    return patient(t);
}

static bool waits_for_futex(const struct task *t, bool private)
{
    if (t->state != 'S')
        return false;
    if (t->call == CALL_UNKNOWN)
        return strstr(t->wchan, "futex") != NULL;
    return futex_waits(t) &&
           !(t->arguments[1] & FUTEX_PRIVATE_FLAG) == !private;
}

bool task_waits_for_private_futex(const struct task *t)
{
    return waits_for_futex(t, true);
}

bool task_waits_for_shared_futex(const struct task *t)
{
    return waits_for_futex(t, false);
}

bool task_waits_in_read(const struct task *t)
{
    if (t->state != 'S')
        return false;
    if (t->call == CALL_UNKNOWN) /* "pipe_read", later "anon_pipe_read" */
        return strstr(t->wchan, "pipe_read") != NULL;
    return t->call == SYS_read || t->call == SYS_readv;
}

bool task_is_a_write(const struct task *t)
{
    return t->call == SYS_write || t->call == SYS_writev;
}

/* The calls that a hazard's evidence names. */
static const struct {
    long number;
    const char *name;
} calls[] = {
    {SYS_read, "read"},
    {SYS_readv, "readv"},
    {SYS_write, "write"},
    {SYS_writev, "writev"},
    {SYS_recvmsg, "recvmsg"},
    {SYS_sendmsg, "sendmsg"},
    {SYS_recvfrom, "recv"},
    {SYS_sendto, "send"},
    {SYS_accept, "accept"},
    {SYS_wait4, "wait4"},
    {SYS_waitid, "waitid"},
    {SYS_ppoll, "ppoll"},
#ifdef SYS_poll
    {SYS_poll, "poll"},
#endif
#ifdef SYS_pause
    {SYS_pause, "pause"},
#endif
    {SYS_clock_nanosleep, "sleep"},
};

/* Is its first argument a descriptor? */
static bool about_descriptor(long call)
{
    return call == SYS_read || call == SYS_readv || call == SYS_write ||
           call == SYS_writev || call == SYS_recvmsg || call == SYS_sendmsg ||
           call == SYS_recvfrom || call == SYS_sendto || call == SYS_accept;
}

const char *task_describe(const struct task *t, char *text, size_t size)
{
    const char *name = NULL;

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].number == t->call)
            name = calls[i].name;
    if (t->call == SYS_futex)
        snprintf(text, size, "futex(0x%" PRIx64 ", %s)", t->arguments[0],
                 t->arguments[1] & FUTEX_PRIVATE_FLAG ? "private" : "shared");
    else if (name && about_descriptor(t->call))
        snprintf(text, size, "%s(%d)", name, (int)t->arguments[0]);
    else if (name)
        snprintf(text, size, "%s()", name);
    else if (t->call >= 0)
        snprintf(text, size, "system call %ld", t->call);
    else if (t->call == CALL_UNKNOWN && t->state == 'S')
        snprintf(text, size, "%s", t->wchan[0] ? t->wchan : "the kernel");
    else
        snprintf(text, size, "no system call");
    return text;
}
