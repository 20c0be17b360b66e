/* SPDX-License-Identifier: MIT */
/*
 * tracker.c - the resource tracker's client.
 *
 * File-scope state and its fork story: a forked child writes to the same
 * tracker, through the descriptor it inherited; it is not the tracker's
 * parent, and the lock is made new.
 */
#include "common/tracker.h"

#include "common/clock.h"
#include "common/hooks.h"
#include "common/io.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int writer = -1;
static pid_t child; /* the tracker, where it is our child */
static unsigned deaths;
static int (*launch)(int reader, pid_t *pid);

static void forget(void *unused)
{
    (void)unused;
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    if (child)
        child = 0;
}

__attribute__((constructor)) static void watch(void)
{
    static struct after_fork hook = {.run = forget};

    after_fork_register(&hook);
}

/* Nobody reads any more?  Asked so that it is not woken. */
static bool is_dead(void)
{
    struct pollfd end = {writer, 0, 0};

    return poll(&end, 1, 0) == 1 && end.revents & (POLLERR | POLLNVAL);
}

/* The lock is held: the writer, or -errno. */
static int ensure_running(void)
{
    int ends[2], error;
    pid_t pid = 0;

    if (writer >= 0 && !is_dead())
        return writer;
    if (!launch)
        return -ENOSYS;
    if (!mechanisms_initialised()) /* its image would not turn off into it */
        return -ELOOP;
    if (writer >= 0)
        deaths++;
    fd_close(&writer);
    if (child > 0)
        waitpid(child, NULL, 0);
    child = 0;
    error = fd_pipe(ends);
    if (error)
        return error;
    error = launch(ends[0], &pid);
    fd_close(&ends[0]);
    if (error) {
        fd_close(&ends[1]);
        return error;
    }
    child = pid;
    return writer = ends[1];
}

int tracker_ensure_running(void)
{
    int fd;

    pthread_mutex_lock(&lock);
    fd = ensure_running();
    pthread_mutex_unlock(&lock);
    return fd;
}

/* One line is one write, since others write too. */
static int tell(const char *verb, const char *type, const char *name)
{
    char line[TRACKER_LINE + 1];
    int n = snprintf(line, sizeof line, "%s:%s:%s\n", verb, name, type), fd;
    int error;

    if (n < 0 || n > TRACKER_LINE)
        return -EMSGSIZE;
    if (strchr(name, '\n') || strpbrk(type, ":\n"))
        return -EINVAL;
    pthread_mutex_lock(&lock);
    fd = ensure_running();
    error = fd < 0 ? fd : write_full(fd, line, (size_t)n);
    if (error == -EPIPE) { /* it died since we looked */
        fd = ensure_running();
        error = fd < 0 ? fd : write_full(fd, line, (size_t)n);
    }
    pthread_mutex_unlock(&lock);
    return error;
}

int tracker_register(const char *type, const char *name)
{
    return tell("REGISTER", type, name);
}

int tracker_unregister(const char *type, const char *name)
{
    return tell("UNREGISTER", type, name);
}

pid_t tracker_pid(void)
{
    return child;
}

unsigned tracker_deaths(void)
{
    return deaths;
}

/* Our child, not reaped: its pid is its own. */
static int await_end(int64_t deadline)
{
    struct pollfd ended = {(int)syscall(SYS_pidfd_open, child, 0), POLLIN, 0};
    struct timespec left;
    int ready;

    if (ended.fd < 0)
        return -errno;
    do
        ready = ppoll(&ended, 1, clock_left(deadline, &left), NULL);
    while (ready < 0 && errno == EINTR);
    close(ended.fd);
    if (ready <= 0)
        return -ETIMEDOUT;
    waitpid(child, NULL, 0);
    child = 0;
    return 0;
}

int tracker_stop(int64_t timeout)
{
    int error = 0;

    pthread_mutex_lock(&lock);
    fd_close(&writer);
    if (child > 0)
        error = await_end(clock_deadline(timeout));
    pthread_mutex_unlock(&lock);
    return error;
}

void tracker_adopt(int fd)
{
    fd_close(&writer); /* of whom this process was forked from */
    writer = fd;
}

void tracker_launcher(int (*with)(int reader, pid_t *pid))
{
    launch = with;
}
