/* SPDX-License-Identifier: MIT */
/*
 * waits_find.c - what one thread waits for, by the system call it sleeps in.
 */
#include "waits_find.h"

#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct want *want_add(struct graph *g, struct waiter *w, enum wait_kind kind,
                      int fd)
{
    struct want *larger = reallocarray(w->want, w->wants + 1, sizeof *w->want);

    if (!larger) {
        g->error = -ENOMEM;
        return NULL;
    }
    w->want = larger;
    larger[w->wants] = (struct want){.kind = kind, .fd = fd};
    return &larger[w->wants++];
}

void waker_add(struct graph *g, struct want *want, pid_t process, pid_t thread,
               int fd)
{
    struct waker *larger =
        reallocarray(want->waker, want->wakers + 1, sizeof *larger);

    if (!larger) {
        g->error = -ENOMEM;
        return;
    }
    want->waker = larger;
    larger[want->wakers++] = (struct waker){process, thread, fd};
}

void say_what(struct waiter *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(w->what, sizeof w->what, format, arguments);
    va_end(arguments);
}

void say_how(struct waiter *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(w->how, sizeof w->how, format, arguments);
    va_end(arguments);
}

/* --- one descriptor --- */

/* "1 048 580" */
static const char *spaced(uint64_t n, char *text, size_t size)
{
    char digits[24];
    size_t count =
        (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t k = 0;

    for (size_t i = 0; i < count && k + 2 < size; i++) {
        if (i && (count - i) % 3 == 0)
            text[k++] = ' ';
        text[k++] = digits[i];
    }
    text[k] = 0;
    return text;
}

static void wait_for_data(struct graph *g, struct waiter *w)
{
    char text[80];

    want_descriptor(g, w, (int)w->task.arguments[0], false);
    w->kind = w->wants ? w->want[0].kind : WAIT_DATA;
    if (w->wants)
        say_what(w, "waits for %s", w->want[0].what);
    say_how(w, "%s", task_describe(&w->task, text, sizeof text));
}

static void wait_for_room(struct graph *g, struct waiter *w)
{
    long call = w->task.call;
    char text[80];

    want_descriptor(g, w, (int)w->task.arguments[0], true);
    w->kind = WAIT_ROOM;
    if (w->wants)
        say_what(w, "waits for %s", w->want[0].what);
    if (call == SYS_write || call == SYS_sendto)
        say_how(w, "write of %s bytes, not done",
                spaced(w->task.arguments[2], text, sizeof text));
    else
        say_how(w, "%s, not done", task_describe(&w->task, text, sizeof text));
}

/* --- children --- */

static void wait_for_process(struct graph *g, struct waiter *w, pid_t process)
{
    struct want *want = want_add(g, w, WAIT_PROCESS, -1);

    say_what(w, "waits for child %d to exit", process);
    if (!want)
        return;
    want->owner = true;
    snprintf(want->what, sizeof want->what, "process %d", process);
    waker_add(g, want, process, 0, -1);
}

static void wait_for_any_child(struct graph *g, struct waiter *w)
{
    struct want *want = want_add(g, w, WAIT_PROCESS, -1);
    struct pids below = {0};
    struct process_stat stat;

    say_what(w, "waits for any of its children to exit");
    if (!want || descendants(w->task.process, &below, SIZE_MAX) < 0)
        return;
    snprintf(want->what, sizeof want->what, "a child");
    snprintf(want->who, sizeof want->who, "children");
    for (size_t i = 0; i < below.count; i++)
        if (process_stat(below.pid[i], &stat) == 0 &&
            stat.parent == w->task.process)
            waker_add(g, want, below.pid[i], 0, -1);
    pids_free(&below);
}

static void wait_for_child(struct graph *g, struct waiter *w)
{
    const uint64_t *a = w->task.arguments;
    bool by_pid = w->task.call == SYS_wait4 ? (int)a[0] > 0 : a[0] == P_PID;
    pid_t process = (pid_t)(w->task.call == SYS_wait4 ? a[0] : a[1]);
    struct end e;

    w->kind = WAIT_PROCESS;
    say_how(w, "%s", w->task.call == SYS_wait4 ? "wait4" : "waitid");
    if (w->task.call == SYS_waitid && a[0] == P_PIDFD &&
        end_look(w->task.process, (int)a[1], &e) == 0 &&
        e.kind == END_PROCESS) {
        by_pid = true;
        process = (pid_t)e.number;
    } else if (by_pid)
        process = number_here(w->task.process, process);
    if (by_pid && process)
        wait_for_process(g, w, process);
    else
        wait_for_any_child(g, w);
}

/* --- a file's lock --- */

/*
 * /proc/locks has a line for each lock, and below it one with an arrow for
 * each process that waits for it.
 */
static pid_t holder_of_lock(pid_t waits, const char *locks)
{
    pid_t holder = 0, pid;

    for (const char *line = locks; line && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (sscanf(line, "%*d: -> %*s %*s %*s %d", &pid) == 1) {
            if (pid == waits)
                return holder;
        } else if (sscanf(line, "%*d: %*s %*s %*s %d", &pid) == 1) {
            holder = pid;
        }
    }
    return 0;
}

static void wait_for_file(struct graph *g, struct waiter *w)
{
    struct want *want = want_add(g, w, WAIT_FILE, (int)w->task.arguments[0]);
    char *locks = proc_read_all("/proc/locks");
    pid_t holder = locks ? holder_of_lock(w->task.process, locks) : 0;
    struct descriptor d;

    free(locks);
    w->kind = WAIT_FILE;
    say_how(w, "%s", w->task.call == SYS_flock ? "flock" : "fcntl");
    if (process_descriptor(w->task.process, (int)w->task.arguments[0], &d) < 0)
        snprintf(d.link, sizeof d.link, "a file");
    say_what(w, "waits for the lock on %.100s", d.link);
    if (!want)
        return;
    snprintf(want->what, sizeof want->what, "the lock on %.100s", d.link);
    snprintf(want->who, sizeof want->who, "holder");
    want->owner = holder > 0;
    want->outside = holder <= 0; /* a lock that belongs to a descriptor */
    if (holder > 0)
        waker_add(g, want, holder, 0, -1);
}

/* --- where the call is not shown --- */

/* Every end of a pipe that it could be waiting at. */
static void guess_pipes(struct graph *g, struct waiter *w, bool room)
{
    for (size_t i = 0; i < g->ends.count; i++) {
        const struct end *e = &g->ends.end[i];

        if (e->process == w->task.process && e->kind == END_PIPE &&
            (room ? e->writes : e->reads))
            want_descriptor(g, w, e->fd, room);
    }
    for (size_t i = 0; i < w->wants; i++)
        w->want[i].outside = true; /* which of them is not known */
}

static void guess(struct graph *g, struct waiter *w)
{
    static const struct {
        const char *wchan, *what;
    } places[] = {
        {"pipe_read", "waits for data in a pipe"},
        {"pipe_write", "waits for room in a pipe"},
        {"futex", "waits for a lock, a semaphore or a thread"},
        {"do_wait", "waits for a child to exit"},
        {"unix_stream", "waits for data in a Unix socket"},
        {"sock_alloc", "waits for room in a socket"},
        {"accept", "waits for a client"},
        {"wait_for_data", "waits for data in a socket"},
        {"poll", "waits for one of several descriptors"},
        {"select", "waits for one of several descriptors"},
        {"nanosleep", "sleeps, and wakes by itself"},
        {"sigsuspend", "waits for a signal"},
        {"pause", "waits for a signal"},
    };
    const char *wchan = w->task.wchan;

    w->kind = WAIT_HIDDEN;
    say_what(w, "sleeps; in what is not shown");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strstr(wchan, places[i].wchan)) {
            say_what(w, "%s", places[i].what);
            break;
        }
    if (wchan[0] && strcmp(wchan, "0") != 0)
        say_how(w, "%s", wchan);
    if (strstr(wchan, "pipe_read"))
        guess_pipes(g, w, false);
    if (strstr(wchan, "pipe_write"))
        guess_pipes(g, w, true);
}

/* --- all of them --- */

static void wait_for_signal(struct graph *g, struct waiter *w)
{
    char text[80];

    (void)g;
    w->kind = WAIT_SIGNAL;
    say_what(w, "waits for a signal");
    say_how(w, "%s", task_describe(&w->task, text, sizeof text));
}

static void wait_for_time(struct graph *g, struct waiter *w)
{
    (void)g;
    w->kind = WAIT_TIME;
    say_what(w, "sleeps, and wakes by itself");
    say_how(w, "sleep");
}

static void wait_for_set(struct graph *g, struct waiter *w)
{
    w->kind = WAIT_SEVERAL;
    want_epoll(g, w, (int)w->task.arguments[0]);
}

static const struct {
    long call;
    void (*understand)(struct graph *g, struct waiter *w);
} ways[] = {
    {SYS_read, wait_for_data},
    {SYS_readv, wait_for_data},
    {SYS_recvfrom, wait_for_data},
    {SYS_recvmsg, wait_for_data},
    {SYS_recvmmsg, wait_for_data},
    {SYS_accept, wait_for_data},
    {SYS_accept4, wait_for_data},
    {SYS_write, wait_for_room},
    {SYS_writev, wait_for_room},
    {SYS_sendto, wait_for_room},
    {SYS_sendmsg, wait_for_room},
    {SYS_wait4, wait_for_child},
    {SYS_waitid, wait_for_child},
    {SYS_futex, want_futex},
    {SYS_flock, wait_for_file},
    {SYS_fcntl, wait_for_file},
    {SYS_ppoll, want_poll},
    {SYS_pselect6, want_select},
    {SYS_epoll_pwait, wait_for_set},
    {SYS_rt_sigsuspend, wait_for_signal},
    {SYS_rt_sigtimedwait, wait_for_signal},
    {SYS_nanosleep, wait_for_time},
    {SYS_clock_nanosleep, wait_for_time},
#ifdef SYS_poll
    {SYS_poll, want_poll},
#endif
#ifdef SYS_select
    {SYS_select, want_select},
#endif
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, wait_for_set},
#endif
#ifdef SYS_pause
    {SYS_pause, wait_for_signal},
#endif
};

static void understand_call(struct graph *g, struct waiter *w)
{
    char text[80];

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i].call == w->task.call) {
            ways[i].understand(g, w);
            w->timed =
                w->kind != WAIT_FILE && !task_waits_without_end(&w->task);
            return;
        }
    w->kind = WAIT_OTHER;
    say_what(w, "waits in %s", task_describe(&w->task, text, sizeof text));
}

static bool is_start(long call)
{
#ifdef SYS_vfork
    if (call == SYS_vfork)
        return true;
#endif
    return call == SYS_clone || call == SYS_clone3;
}

void waiter_understand(struct graph *g, struct waiter *w)
{
    switch (w->task.state) {
    case 'T':
    case 't':
        w->kind = WAIT_STOPPED;
        say_what(w, w->task.state == 'T' ? "is stopped by a signal"
                                         : "is stopped by a debugger");
        return;
    case 'D':
        say_what(w, "%s",
                 is_start(w->task.call)
                     ? "waits until a child of vfork has executed"
                     : "is in the kernel, for a disk or for memory");
        return;
    case 'S':
        break;
    default:
        say_what(w, "runs");
        return;
    }
    if (w->task.call == CALL_UNKNOWN)
        guess(g, w);
    else if (w->task.call < 0)
        say_what(w, "runs");
    else
        understand_call(g, w);
}
