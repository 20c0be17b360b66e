/* SPDX-License-Identifier: MIT */
/*
 * watch.h - the calls of an exchange, counted, cut short and interrupted; and
 * how the other side sees that this one sleeps.
 *
 * The linker sends the calls here (`// wrap:` in check.c).  Only between
 * watch_begin and watch_end, and only in the process that is graded, is
 * anything done to them.
 */
#ifndef IPCLAB_WATCH_H
#define IPCLAB_WATCH_H

#include "../check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum watched { READ, RECV, WRITE, SEND, POLL, WATCHED };

static struct {
    pid_t who;      /* the process that is watched; 0: none */
    bool interrupt; /* every call is interrupted once before it is made */
    size_t limit;   /* bytes of a call at most; 0: as asked */
    bool interrupted[WATCHED];
    int fd[2], flags[2]; /* the ends, and how they were */
    bool changed;        /* ... and once they were not */
    bool helped;         /* a thread or a process was asked for */
    size_t calls, pieces;
} watch;

ssize_t __real_read(int fd, void *buffer, size_t n);
ssize_t __real_write(int fd, const void *buffer, size_t n);
ssize_t __real_send(int fd, const void *buffer, size_t n, int flags);
ssize_t __real_recv(int fd, void *buffer, size_t n, int flags);
int __real_poll(struct pollfd *list, nfds_t n, int timeout);
int __real_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask);
pid_t __real_fork(void);
ssize_t __wrap_read(int fd, void *buffer, size_t n);
ssize_t __wrap_write(int fd, const void *buffer, size_t n);
ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *buffer, size_t n, int flags);
int __wrap_poll(struct pollfd *list, nfds_t n, int timeout);
int __wrap_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask);
pid_t __wrap_fork(void);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);

static inline void watch_flags(void)
{
    for (int i = 0; i < 2; i++)
        if (fcntl(watch.fd[i], F_GETFL) != watch.flags[i])
            watch.changed = true;
}

/* An exchange of so many bytes over these ends begins. */
static inline void watch_begin(int in, int out, size_t bytes)
{
    size_t piece = watch.limit ? watch.limit : 1024;

    watch.fd[0] = in;
    watch.fd[1] = out;
    for (int i = 0; i < 2; i++)
        watch.flags[i] = fcntl(watch.fd[i], F_GETFL);
    memset(watch.interrupted, 0, sizeof watch.interrupted);
    watch.changed = watch.helped = false;
    watch.calls = 0;
    watch.pieces = bytes / piece + 8;
    watch.who = getpid();
}

static inline void watch_end(void)
{
    if (watch.who)
        watch_flags();
    watch.who = 0;
}

/*
 * Before a call: is it to be interrupted instead?  For each piece that is
 * moved a poll, and a call in each direction that finds nothing to do, all
 * twice for an interruption, are allowed; who makes more does not sleep.
 */
static inline bool watch_interrupts(enum watched kind)
{
    bool spins;

    if (watch.who == 0)
        return false;
    watch_flags();
    watch.interrupted[kind] = watch.interrupt && !watch.interrupted[kind];
    errno = EINTR;
    if (watch.interrupted[kind])
        return true;
    spins = ++watch.calls > 8 * watch.pieces;
    if (spins)
        watch_end();
    expect(!spins, "calls that move nothing, again and again");
    return false;
}

static inline size_t watch_limit(size_t n)
{
    return watch.who && watch.limit && n > watch.limit ? watch.limit : n;
}

ssize_t __wrap_read(int fd, void *buffer, size_t n)
{
    if (watch_interrupts(READ))
        return -1;
    return __real_read(fd, buffer, watch_limit(n));
}

ssize_t __wrap_recv(int fd, void *buffer, size_t n, int flags)
{
    if (watch_interrupts(RECV))
        return -1;
    return __real_recv(fd, buffer, watch_limit(n), flags);
}

ssize_t __wrap_write(int fd, const void *buffer, size_t n)
{
    if (watch_interrupts(WRITE))
        return -1;
    return __real_write(fd, buffer, watch_limit(n));
}

ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags)
{
    if (watch_interrupts(SEND))
        return -1;
    return __real_send(fd, buffer, watch_limit(n), flags);
}

int __wrap_poll(struct pollfd *list, nfds_t n, int timeout)
{
    return watch_interrupts(POLL) ? -1 : __real_poll(list, n, timeout);
}

int __wrap_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask)
{
    return watch_interrupts(POLL) ? -1 : __real_ppoll(list, n, timeout, mask);
}

/* Nobody helps: neither a process ... */
pid_t __wrap_fork(void)
{
    if (watch.who == 0)
        return __real_fork();
    watch.helped = true;
    errno = EAGAIN;
    return -1;
}

/* ... nor a thread; the check itself needs none. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument)
{
    (void)thread;
    (void)attributes;
    (void)run;
    (void)argument;
    watch.helped = true;
    return EAGAIN;
}

/* --- what the other side, a child of the one that is graded, sees --- */

/* How often the parent has gone to sleep by itself; -1: it does not sleep. */
static inline long parent_sleeps(void)
{
    char path[64], line[128], state = '?';
    long switches = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", getppid());
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "State: %c", &state) != 1)
            (void)sscanf(line, "voluntary_ctxt_switches: %ld", &switches);
    if (file)
        fclose(file);
    return state == 'S' ? switches : -1;
}

/* Until the parent sleeps, and slept all the time that we looked. */
static inline void wait_until_asleep(void)
{
    const struct timespec moment = {0, 2000000};
    long before = -1;

    for (int looks = 0; looks < 10; looks++) {
        long now = parent_sleeps();

        if (now < 0 || now != before)
            looks = 0;
        before = now;
        nanosleep(&moment, NULL);
    }
}

/* Until nobody has the other end of a pipe any more. */
static inline void wait_until_closed(int fd)
{
    struct pollfd end = {fd, 0, 0};

    while (__real_poll(&end, 1, -1) < 0 && errno == EINTR)
        ;
}

#endif
