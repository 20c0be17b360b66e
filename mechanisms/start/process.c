/* SPDX-License-Identifier: MIT */
/* process.c - Process, as its parent sees it. */
#include "start/child.h"

#include "common/hooks.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const start_method_names[] = {"fork", "spawn", "forkserver", NULL};

void process_init(struct process *p, const char *target,
                  struct parcel *arguments)
{
    *p = (struct process){.target = target,
                          .arguments = arguments,
                          .method = self_method(),
                          .generation = fork_generation()};
    name_child(p);
}

/* May this call be made now?  0, -EINVAL or -ECHILD. */
static int check(const struct process *p, bool started)
{
    if (p->closed || started != (p->child != NULL))
        return -EINVAL;
    return p->generation == fork_generation() ? 0 : -ECHILD;
}

/* Start it by its method; what runs and could not be told what is ended. */
static int start(struct process *p, struct child *c)
{
    int error = p->method == START_FORK    ? fork_start(p, c)
                : p->method == START_SPAWN ? spawn_start(p, c)
                : forkserver_start == NULL ? -ENOTSUP
                                           : forkserver_start(p, c);

    if (error && c->pid > 0) {
        kill(c->pid, SIGKILL);
        child_reap_blocking(c);
    }
    return error;
}

int process_start(struct process *p)
{
    struct child *c;
    int error = check(p, false);

    if (error)
        return error;
    if (self_is_daemon())
        return -EPERM;
    if (p->method != START_FORK && !mechanisms_initialised())
        return -ELOOP;
    if (p->method < START_FORK || p->method > START_FORKSERVER)
        return -EINVAL;
    process_authkey(); /* is made before there is anybody to share it with */
    p->found = target_find(p->target);
    if (!p->found)
        return -ENOENT;
    children_reap();
    c = child_new();
    if (!c)
        return -ENOMEM;
    c->daemon = p->daemon;
    error = start(p, c);
    if (error) {
        child_release(c);
        return error;
    }
    p->child = c;
    p->pid = c->pid;
    child_add(c);
    if (p->arguments)
        parcel_sent(p->arguments);
    return 0;
}

int poll_until(int fd, int64_t deadline)
{
    struct pollfd watched = {fd, POLLIN, 0};
    struct timespec left;
    int ready;

    do
        ready = ppoll(&watched, 1, clock_left(deadline, &left), NULL);
    while (ready < 0 && errno == EINTR);
    return ready < 0 ? -errno : ready;
}

/*
 * The sentinel spoke, yet the process lives: it closed its end, as exec does
 * and as the kernel does a moment before the end.  That is still waited for no
 * longer than the deadline; where no descriptor is left, by looking again.
 */
static void wait_for_pid(struct child *c, int64_t deadline)
{
    int fd = (int)syscall(SYS_pidfd_open, c->pid, 0);

    while (fd < 0 && !child_has_ended(c) && clock_now() < deadline)
        poll_until(-1, clock_now() + SECOND / 1000);
    if (fd < 0)
        return;
    poll_until(fd, deadline);
    close(fd);
}

int process_join(struct process *p, int64_t timeout)
{
    struct child *c = p->child;
    int64_t deadline;
    int error = check(p, true);

    if (error)
        return error;
    if (child_is_noted(c))
        return 0;
    if (timeout == NO_TIMEOUT) {
        child_reap_blocking(c);
        return 0;
    }
    if (timeout > 0) {
        deadline = clock_deadline(timeout);
        if (poll_until(c->sentinel, deadline) > 0 && !child_has_ended(c) &&
            !c->served)
            wait_for_pid(c, deadline);
    }
    return child_has_ended(c) ? 0 : -ETIMEDOUT;
}

int process_is_alive(struct process *p)
{
    int error = p->child || p->closed ? check(p, true) : check(p, false);

    if (error || !p->child)
        return error;
    return !child_has_ended(p->child);
}

int process_exitcode(struct process *p, int *code)
{
    int alive = process_is_alive(p);

    if (alive < 0)
        return alive;
    if (alive || !p->child)
        return -EAGAIN;
    *code = p->child->code;
    return 0;
}

static int send_signal(struct process *p, int number)
{
    int error = check(p, true);

    return error ? error : child_signal(p->child, number);
}

int process_terminate(struct process *p)
{
    return send_signal(p, SIGTERM);
}

int process_kill(struct process *p)
{
    return send_signal(p, SIGKILL);
}

int process_sentinel(const struct process *p)
{
    int error = check(p, true);

    return error ? error : p->child->sentinel;
}

int process_close(struct process *p)
{
    if (p->child && p->generation == fork_generation() &&
        !child_has_ended(p->child))
        return -EBUSY;
    if (p->child)
        child_release(p->child);
    p->child = NULL;
    p->closed = true;
    return 0;
}
