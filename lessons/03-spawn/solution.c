/* SPDX-License-Identifier: MIT */
/*
 * solution.c - lesson 03: a map over spawned processes.
 *
 * Each child has a slot while it runs.  Its sentinel is a pidfd, which speaks
 * of this one process; the answer is read when the child has ended and without
 * waiting, since 8 bytes always fit the pipe.  So nobody who inherited
 * something from a job holds us up.
 */
#include "spawn_map.h"

#include "common/io.h"
#include "start/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    struct process p;
    int answer; /* the read end of its pipe */
    size_t task;
};

static const struct job *find(const char *name)
{
    for (const struct job *j = jobs; j->name; j++)
        if (strcmp(j->name, name) == 0)
            return j;
    return NULL;
}

static int run_job(struct parcel *arguments)
{
    const char *name;
    const struct job *job;
    uint64_t task;
    int64_t value;
    int answer;

    if (parcel_take_text(arguments, &name) < 0 ||
        parcel_take_u64(arguments, &task) < 0 ||
        parcel_take_fd(arguments, &answer) < 0)
        return 1;
    job = find(name);
    if (!job)
        return 1;
    value = job->run((int64_t)task);
    return write_full(answer, &value, sizeof value);
}
TARGET(run_job)

static int start(struct slot *s, const char *job, int64_t task)
{
    struct parcel arguments;
    int ends[2] = {-1, -1}, error;

    parcel_init(&arguments);
    error = parcel_put_text(&arguments, job);
    if (!error)
        error = parcel_put_u64(&arguments, (uint64_t)task);
    if (!error)
        error = fd_pipe(ends);
    if (!error)
        error = parcel_give_fd(&arguments, &ends[1]);
    process_init(&s->p, "run_job", &arguments);
    s->p.method = START_SPAWN;
    s->p.sentinel_kind = SENTINEL_PIDFD;
    if (!error)
        error = process_start(&s->p);
    parcel_free(&arguments);
    if (error)
        fd_close(&ends[0]);
    s->answer = ends[0];
    return error;
}

static struct answer collect(struct slot *s)
{
    struct answer a = {0};

    process_join(&s->p, NO_TIMEOUT);
    process_exitcode(&s->p, &a.code);
    process_close(&s->p);
    fcntl(s->answer, F_SETFL, O_NONBLOCK);
    if (a.code == 0 &&
        read_full(s->answer, &a.value, sizeof a.value) != sizeof a.value)
        a = (struct answer){.code = -EPROTO};
    fd_close(&s->answer);
    return a;
}

/* Wait until one of them has ended: which. */
static size_t await_one(const struct slot *slots, struct pollfd *ended,
                        size_t running)
{
    size_t i = 0;

    for (size_t k = 0; k < running; k++)
        ended[k] = (struct pollfd){process_sentinel(&slots[k].p), POLLIN, 0};
    while (poll(ended, running, -1) < 0 && errno == EINTR)
        ;
    while (i + 1 < running && !ended[i].revents)
        i++;
    return i;
}

static int run_all(const char *job, const int64_t *tasks,
                   struct answer *answers, size_t n, size_t most,
                   struct slot *slots, struct pollfd *ended)
{
    size_t running = 0, next = 0;
    int error = 0;

    while (running || (next < n && !error)) {
        if (next < n && running < most && !error) {
            error = start(&slots[running], job, tasks[next]);
            if (!error)
                slots[running++].task = next++;
            for (size_t k = 0; error && k < running; k++)
                process_kill(&slots[k].p);
        } else {
            size_t i = await_one(slots, ended, running);

            answers[slots[i].task] = collect(&slots[i]);
            slots[i] = slots[--running];
        }
    }
    return error;
}

int spawn_map(const char *job, const int64_t *tasks, struct answer *answers,
              size_t n, size_t most)
{
    struct slot *slots = calloc(most, sizeof *slots);
    struct pollfd *ended = calloc(most, sizeof *ended);
    int error = slots && ended ? 0 : -ENOMEM;

    if (!error)
        error = find(job) ? 0 : -ENOENT;
    if (!error)
        error = run_all(job, tasks, answers, n, most, slots, ended);
    free(slots);
    free(ended);
    return error;
}
