/* SPDX-License-Identifier: MIT */
/*
 * children.c - the children of this process: a record each.
 *
 * File-scope state and its fork story: the list and its lock belong to one
 * process.  After a fork the child forgets its parent's children, closes the
 * descriptors by which they were watched (so that nobody is kept from seeing an
 * end of file), and makes the lock new.
 *
 * After a fork the first write to a page faults, in the parent and in the
 * child, and a fault costs more than all else that a start does beside fork.
 * So the first records lie here, on a page that is written anyway, and not on
 * the heap.
 */
#include "start/child.h"

#include "common/hooks.h"
#include "common/io.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOST = 255, SPARE = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct child *children;  /* every record that is not closed */
static atomic_uint child_count; /* so that none costs no lock */
static struct child spare[SPARE];
static bool spare_used[SPARE];

static void forget_children(void *unused)
{
    (void)unused;
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    for (struct child *c = children; c; c = c->next)
        fd_close(&c->sentinel);
    children = NULL;
    child_count = 0;
}

static void end_children(void);

__attribute__((constructor)) static void watch(void)
{
    static struct after_fork forget = {.run = forget_children};

    after_fork_register(&forget);
    exit_sequence_children(end_children);
}

/* Note how it ended.  The lock is held. */
static void note_end(struct child *c, int status)
{
    c->ended = true;
    c->code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * The fork server writes how it ended, and only then reaps it.  The end of the
 * pipe without that is the server's end.  The lock is held.
 */
static void read_end(struct child *c)
{
    int64_t code;
    ssize_t got = read_some(c->sentinel, &code, sizeof code);

    if (got == -EAGAIN)
        return;
    c->ended = true;
    c->code = got == sizeof code ? (int)code : LOST;
}

/* Reap c if it has ended.  The lock is held. */
static void reap(struct child *c)
{
    int status;
    pid_t got;

    if (c->ended)
        return;
    if (c->served) {
        read_end(c);
        return;
    }
    do
        got = waitpid(c->pid, &status, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == c->pid) {
        note_end(c, status);
    } else if (got < 0) {
        c->ended = true;
        c->code = LOST;
    }
}

bool child_is_noted(const struct child *c)
{
    bool ended;

    pthread_mutex_lock(&lock);
    ended = c->ended;
    pthread_mutex_unlock(&lock);
    return ended;
}

bool child_has_ended(struct child *c)
{
    bool ended;

    pthread_mutex_lock(&lock);
    reap(c);
    ended = c->ended;
    pthread_mutex_unlock(&lock);
    return ended;
}

/*
 * WNOWAIT leaves it a zombie until the lock is held: reaped without it, its
 * status would seem lost to another thread, and a signal might go to whoever
 * gets its pid.
 */
static void await_zombie(pid_t pid)
{
    siginfo_t info;
    int got;

    do
        got = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    while (got < 0 && errno == EINTR);
}

void child_reap_blocking(struct child *c)
{
    if (child_is_noted(c))
        return;
    if (c->served)
        poll_until(c->sentinel, NO_TIMEOUT);
    else
        await_zombie(c->pid);
    child_has_ended(c);
}

/*
 * A child of the fork server is reaped there, and its pid given to another, as
 * soon as its end has been written down.  So the process is held fast first,
 * and then its end looked for: where there is none yet, it is the one.  The
 * lock is held.
 */
static int signal_served(struct child *c, int number)
{
    int fd = (int)syscall(SYS_pidfd_open, c->pid, 0), error = 0;

    if (fd < 0)
        return errno == ESRCH ? 0 : -errno;
    reap(c);
    if (!c->ended && syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) < 0 &&
        errno != ESRCH)
        error = -errno;
    close(fd);
    return error;
}

/* The lock is held. */
static int signal_if_alive(struct child *c, int number)
{
    reap(c);
    if (c->ended) /* its pid may be somebody else's */
        return 0;
    if (c->served)
        return signal_served(c, number);
    return kill(c->pid, number) < 0 && errno != ESRCH ? -errno : 0;
}

int child_signal(struct child *c, int number)
{
    int error;

    pthread_mutex_lock(&lock);
    error = signal_if_alive(c, number);
    pthread_mutex_unlock(&lock);
    return error;
}

void children_reap(void)
{
    if (child_count == 0)
        return;
    pthread_mutex_lock(&lock);
    for (struct child *c = children; c; c = c->next)
        reap(c);
    pthread_mutex_unlock(&lock);
}

struct child *child_new(void)
{
    struct child *c = NULL;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < SPARE && !c; i++)
        if (!spare_used[i]) {
            spare_used[i] = true;
            c = &spare[i];
        }
    pthread_mutex_unlock(&lock);
    if (!c)
        c = malloc(sizeof *c);
    if (c)
        *c = (struct child){.sentinel = -1};
    return c;
}

void child_release(struct child *c)
{
    pthread_mutex_lock(&lock);
    for (struct child **at = &children; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            child_count--;
            break;
        }
    /* Not before: a fork meanwhile would close the numbers' next owners. */
    fd_close(&c->sentinel);
    if (c >= spare && c < spare + SPARE) {
        spare_used[c - spare] = false;
        c = NULL;
    }
    pthread_mutex_unlock(&lock);
    free(c);
}

void child_add(struct child *c)
{
    pthread_mutex_lock(&lock);
    c->next = children;
    children = c;
    child_count++;
    pthread_mutex_unlock(&lock);
}

size_t process_active_children(pid_t *pids, size_t n)
{
    size_t count = 0;

    pthread_mutex_lock(&lock);
    for (struct child *c = children; c; c = c->next) {
        reap(c);
        if (c->ended)
            continue;
        if (count < n)
            pids[count] = c->pid;
        count++;
    }
    pthread_mutex_unlock(&lock);
    return count;
}

/* The first child that has not ended, or NULL. */
static struct child *first_alive(void)
{
    struct child *c;

    pthread_mutex_lock(&lock);
    for (c = children; c && c->ended; c = c->next)
        ;
    pthread_mutex_unlock(&lock);
    return c;
}

/* The middle of the exit sequence: end the daemons, then join everybody. */
static void end_children(void)
{
    struct child *c;

    if (child_count == 0)
        return;
    pthread_mutex_lock(&lock);
    for (c = children; c; c = c->next)
        if (c->daemon)
            signal_if_alive(c, SIGTERM);
    pthread_mutex_unlock(&lock);
    while ((c = first_alive()))
        child_reap_blocking(c);
}
