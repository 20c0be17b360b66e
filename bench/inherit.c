/* SPDX-License-Identifier: MIT */
/*
 * inherit.c - a parent, its fork server, and a child by each method.
 *
 *     caller - guard - stage - the parent - children
 *                                  |------- the fork server - a child
 *
 * The stage is the supervisor's program, and so the leader of its session; the
 * parent shall leave that, which no leader can, and is one process further.
 */
#include "inherit_opened.h"

#include "supervisor.h"

#include "common/io.h"
#include "common/tracker.h"
#include "start/forkserver.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* No step takes as long, however busy the machine. */
#define PATIENCE (10 * SECOND)

enum { OFFSET = 100 };

/* --- a child --- */

static int pack(struct parcel *parcel, struct opened *o,
                enum start_method method)
{
    int ends[2], error = fd_socket_pair(ends);

    if (error)
        return error;
    o->channel = ends[0];
    opened_know(o, ends[0]);
    opened_know(o, ends[1]);
    error = region_pack(&o->shared, parcel);
    if (!error)
        error = parcel_put_u64(parcel, method);
    if (!error)
        error = parcel_put_fd(parcel, o->handed);
    if (!error)
        error = parcel_give_fd(parcel, &ends[1]);
    fd_close(&ends[1]);
    return error;
}

/* Until it has measured itself, or has ended. */
static void await_child(const struct opened *o, struct process *p)
{
    struct pollfd watched[2] = {{o->channel, POLLIN, 0},
                                {process_sentinel(p), POLLIN, 0}};
    int ready;

    do
        ready = poll(watched, 2, (int)(PATIENCE / (SECOND / 1000)));
    while (ready < 0 && errno == EINTR);
}

static void observe(struct opened *o, struct inherited *c, struct process *p)
{
    await_child(o, p);
    c->offset = (int)lseek(o->file, 0, SEEK_CUR) - OFFSET;
    c->handed = (int)lseek(o->handed, 0, SEEK_CUR) - OFFSET;
    opened_sort(o, c);
    c->keeps = opened_close_listener(o);
    write_full(o->channel, "", 1); /* it may go */
    if (process_join(p, PATIENCE) == -ETIMEDOUT) {
        process_kill(p);
        process_join(p, PATIENCE);
    }
    process_exitcode(p, &c->code);
}

static void try_method(struct opened *o, enum start_method method)
{
    struct inherited *c = &o->i->child[method];
    unsigned knew = o->knows;
    struct parcel parcel;
    struct process p;

    lseek(o->file, OFFSET, SEEK_SET);
    lseek(o->handed, OFFSET, SEEK_SET);
    parcel_init(&parcel);
    opened_listener(o);
    c->begun = pack(&parcel, o, method);
    process_init(&p, "inherit_child", &parcel);
    p.method = method;
    snprintf(c->name, sizeof c->name, "%s", p.name);
    if (!c->begun)
        c->begun = process_start(&p);
    if (!c->begun)
        observe(o, c, &p);
    process_close(&p);
    parcel_free(&parcel);
    fd_close(&o->i->listener);
    fd_close(&o->client);
    fd_close(&o->channel);
    o->knows = knew;
}

/* --- the parent --- */

/* Each step says what it is, for whoever reads how it ended. */
static int step(struct inheritance *i, const char *doing, int error)
{
    if (!i->error) {
        snprintf(i->doing, sizeof i->doing, "%s", doing);
        i->error = error;
    }
    return i->error;
}

static int set_the_stage(struct opened *o)
{
    static const char *const preload[] = {"inherit_preload", NULL};
    struct inheritance *i = o->i;

    if (step(i, "prepare the parent", inherit_prepare()) ||
        step(i, "open files", opened_files(o)) ||
        step(i, "name a preload", forkserver_set_preload(preload)))
        return i->error;
    facts_measure(&i->before);
    if (step(i, "start the fork server", forkserver_ensure_running()))
        return i->error;
    i->server = forkserver_pid();
    if (step(i, "change the parent", inherit_change()))
        return i->error;
    facts_measure(&i->now);
    return 0;
}

/*
 * Nothing of what the caller has, so that the descriptors can be counted; what
 * it has started is not ours.
 */
static void leave_caller(int keep)
{
    signal(SIGCHLD, SIG_DFL);
    forkserver_stop(0);
    tracker_stop(0);
    if (keep > STDERR_FILENO + 1)
        syscall(SYS_close_range, STDERR_FILENO + 1, keep - 1, 0);
    syscall(SYS_close_range, keep + 1, ~0U, 0);
}

static _Noreturn void parent_main(const struct region *shared, pid_t stage)
{
    struct opened o = {.shared = *shared,
                       .i = shared->base,
                       .file = -1,
                       .handed = -1,
                       .client = -1,
                       .channel = -1};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != stage) /* it died before the line above */
        _exit(1);
    leave_caller(shared->fd);
    if (set_the_stage(&o) == 0)
        for (int method = 0; method < METHODS; method++)
            try_method(&o, (enum start_method)method);
    step(o.i, "end the fork server", forkserver_stop(PATIENCE));
    step(o.i, "end the resource tracker", tracker_stop(PATIENCE));
    o.i->done = !o.i->error;
    _exit(0);
}

/* --- the caller --- */

static int stage_main(void *argument)
{
    const struct region *shared = argument;
    pid_t self = getpid(), parent = fork();

    if (parent == 0)
        parent_main(shared, self);
    while (parent > 0 && waitpid(parent, NULL, 0) < 0 && errno == EINTR)
        ;
    if (parent < 0)
        step(shared->base, "start the parent", -errno);
    return 0;
}

/* Why it is not done: 0 when it is. */
static int judge(struct inheritance *i, const struct ended *ended)
{
    i->left = ended->how == ENDED ? ended->left : 0;
    if (ended->how == INTERRUPTED) {
        i->signal = ended->status;
        return -EINTR;
    }
    if (i->done)
        return 0;
    return i->error ? i->error : ended->how == OUT_OF_TIME ? -ETIME : -ECHILD;
}

int inherit_run(struct inheritance *i)
{
    struct region shared;
    struct watch watch = {.run = stage_main, .argument = &shared, .output = -1};
    struct ended ended;
    int error = region_open(&shared, sizeof *i);

    *i = (struct inheritance){.doing = "make shared memory"};
    if (error)
        return error;
    watch.limits = (struct limits){.time = 6 * PATIENCE, .processes = 64};
    memcpy(shared.base, i, sizeof *i);
    error = supervise(&watch, &ended);
    memcpy(i, shared.base, sizeof *i);
    if (!error)
        error = judge(i, &ended);
    region_close(&shared);
    return error;
}
