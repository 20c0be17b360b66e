/* SPDX-License-Identifier: MIT */
/*
 * hazards_children.c - whoever starts a process must ask how it ended, and
 * should ask the process itself and not a pipe.
 */
#include "start/hazards.h"

#include "pipe/pipe.h"
#include "start/start.h"

#include <signal.h>
#include <sys/prctl.h>

/* --- zombies --- */

enum { CHILDREN = 8, CURE_JOIN = 1, CURE_IGNORE, CURE_ACTIVE };

static int go[2]; /* the children end when this does */

static int wait_and_end(struct parcel *unused)
{
    char byte;

    (void)unused;
    fd_close(&go[1]);
    read_some(go[0], &byte, 1);
    return 0;
}
TARGET(wait_and_end)

/* region: zombies */
static int start_all(struct process *list)
{
    int error = 0;

    for (int k = 0; !error && k < CHILDREN; k++) {
        process_init(&list[k], "wait_and_end", NULL);
        error = process_start(&list[k]);
    }
    return error;
}
/* end: zombies */

/* Until every child has ended; none is reaped. */
static void wait_for_ends(const struct process *list)
{
    siginfo_t info;

    for (int k = 0; k < CHILDREN; k++)
        while (waitid(P_PID, (id_t)list[k].pid, &info, WEXITED | WNOWAIT) < 0 &&
               errno == EINTR)
            ;
}

/* region: zombies-cures */
static int reap(struct process *list, int cure)
{
    int error = 0;

    if (cure == CURE_JOIN)
        for (int k = 0; !error && k < CHILDREN; k++)
            error = process_join(&list[k], NO_TIMEOUT);
    if (cure == CURE_ACTIVE) /* looks at each, as the next start would */
        error = process_active_children(NULL, 0) ? -EAGAIN : 0;
    return error;
}
/* end: zombies-cures */

int zombies(struct witness *w, int cure)
{
    struct process list[CHILDREN];
    int error = fd_pipe(go), left = 0;

    if (cure == CURE_IGNORE) /* nobody will ask: the kernel keeps nothing */
        signal(SIGCHLD, SIG_IGN);
    if (!error)
        error = start_all(list);
    if (error)
        return error;
    fd_close(&go[1]);
    wait_for_ends(list);
    error = reap(list, cure);
    if (error)
        return error;
    witness_expect(w, CHILDREN);
    witness_count(w, CHILDREN);
    witness_victim(w, getpid());
    witness_show(w, 1);

    while (waitpid(-1, NULL, WNOHANG) > 0)
        left++;
    witness_got(w, CHILDREN - left);
    return 0;
}

/* --- sentinel-held-by-grandchild --- */

enum { CURE_PIDFD = 1, CURE_CLOSE, SLEEPERS_FD = 3, CODE = 7 };

static int stay[2]; /* the sleeper sleeps until this ends */
static int news[2]; /* its pid */
static int chosen;  /* the cure */

/* region: sentinel-held-by-grandchild */
/* The grandchild: sleeps on, with all that its parent had open. */
static _Noreturn void sleep_on(void)
{
    pid_t self = getpid();
    char byte;

    fd_close(&stay[1]);
    write_full(news[1], &self, sizeof self);
    if (chosen == CURE_CLOSE) { /* keep what is needed, close the rest */
        dup2(stay[0], SLEEPERS_FD);
        close_range(SLEEPERS_FD + 1, ~0U, 0);
        stay[0] = SLEEPERS_FD;
    }
    read_some(stay[0], &byte, 1);
    _exit(0);
}

/* The child: leaves it behind, and ends. */
static int leave_a_sleeper(struct parcel *unused)
{
    pid_t sleeper = fork();

    (void)unused;
    if (sleeper == 0)
        sleep_on();
    return sleeper < 0 ? 1 : CODE;
}
TARGET(leave_a_sleeper)
/* end: sentinel-held-by-grandchild */

/* Start the child; *sleeper becomes the grandchild. */
static int start_child(struct process *p, int cure, pid_t *sleeper)
{
    int error = fd_pipe(stay);

    if (!error)
        error = fd_pipe(news);
    if (error)
        return error;
    chosen = cure;
    process_init(p, "leave_a_sleeper", NULL);
    if (cure == CURE_PIDFD) /* tells of that one process */
        p->sentinel_kind = SENTINEL_PIDFD;
    error = process_start(p);
    fd_close(&news[1]);
    if (!error && read_full(news[0], sleeper, sizeof *sleeper) !=
                      (ssize_t)sizeof *sleeper)
        error = -EIO;
    return error;
}

int sentinel_held_by_grandchild(struct witness *w, int cure)
{
    struct process p;
    struct waitable child = {0};
    int error, code = -1;
    pid_t sleeper;

    prctl(PR_SET_CHILD_SUBREAPER, 1); /* the sleeper becomes ours */
    witness_expect(w, CODE);
    error = start_child(&p, cure, &sleeper);
    if (error)
        return error;
    child.fd = process_sentinel(&p);
    witness_fd(w, "sentinel", child.fd);
    witness_victim(w, getpid());
    witness_child(w, p.pid);
    witness_holder(w, sleeper);
    witness_ready(w);

    error = wait_ready(&child, 1, NO_TIMEOUT);
    if (error > 0)
        error = process_join(&p, NO_TIMEOUT);
    if (!error)
        error = process_exitcode(&p, &code);
    fd_close(&stay[1]); /* the sleeper may go */
    if (!error && wait_for(sleeper) != 0)
        error = -ECHILD;
    witness_got(w, code);
    return error;
}
