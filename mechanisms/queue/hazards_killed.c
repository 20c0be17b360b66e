/* SPDX-License-Identifier: MIT */
/*
 * hazards_killed.c - an idle reader is killed.
 *
 * Readers of one pipe take turns, by a lock: whoever reads an item must have
 * all of it.  One that finds none waits in read(2) with the lock in hand, and
 * is killed there, as a pool kills its idle workers: the lock is never free
 * again, and what is put is never got.
 */
#include "queue/hazards_sources.h"

#include "queue/parts.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

enum { ITEMS = 3, CURE_LOCK = 1, CURE_PIPES, CURE_QUEUE };

static struct sources shared;

/* --- of a child that is killed --- */

static bool sleeps(pid_t thread)
{
    char path[40], text[512], *end;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", thread);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read_some(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    end = strrchr(text, ')'); /* of its name, which may have some */
    return end && strncmp(end, ") S", 3) == 0;
}

int wait_for_sleeper(const struct lock *l)
{
    int64_t deadline = clock_deadline(5 * SECOND);

    while (clock_now() < deadline) {
        pid_t owner = lock_owner(l);

        if (owner && sleeps(owner) && lock_owner(l) == owner)
            return 0;
        sched_yield();
    }
    return -ETIMEDOUT;
}

int kill_and_join(pid_t child)
{
    kill(child, SIGKILL);
    return wait_for(child) == -ECANCELED ? 0 : -ECHILD;
}

/* --- open, get, put --- */

int open_source(enum source source, struct sources *s)
{
    static const unsigned ways[] = {QUEUE_PLAIN, QUEUE_FAST, QUEUE_ROBUST};
    int error;

    if (source <= ROBUST)
        return queue_open_as(&s->queues[source], 0, ways[source]);
    error = fd_pipe(s->items[0]);
    if (!error)
        error = source == PIPES ? fd_pipe(s->items[1])
                                : lock_open(&s->lock, LOCK_ROBUST);
    return error;
}

/* region: killed-idle-reader-cures */
/* Who dies in read(2) has taken nothing: an item is one read, whole.  So there
 * is nothing to repair. */
static ssize_t get_with_lock(uint64_t *item)
{
    int error = lock_acquire(&shared.lock, NO_TIMEOUT);
    ssize_t n;

    if (error && error != -EOWNERDEAD)
        return error;
    n = read_some(shared.items[0][0], item, sizeof *item);
    lock_release(&shared.lock);
    return n;
}

static ssize_t get(enum source source, int reader, uint64_t *item)
{
    if (source == LOCKED)
        return get_with_lock(item);
    if (source == PIPES) /* nobody else reads this one */
        return read_some(shared.items[reader][0], item, sizeof *item);
    return queue_get(&shared.queues[source], item, sizeof *item, NO_TIMEOUT);
}
/* end: killed-idle-reader-cures */

/* To whichever reader gets it, or to the one that lives: the second. */
static int put(enum source source, uint64_t item)
{
    if (source <= ROBUST)
        return queue_put(&shared.queues[source], &item, sizeof item,
                         NO_TIMEOUT);
    return write_full(shared.items[source == PIPES][1], &item, sizeof item);
}

static int put_all(enum source source)
{
    int error = 0;

    for (uint64_t item = 1; item <= ITEMS && !error; item++)
        error = put(source, item);
    return error;
}

/* --- the readers --- */

static int begun[2]; /* the idle one is about to wait */

static void *get_from_fast(void *unused)
{
    uint64_t item;

    get(FAST, 0, &item);
    return unused;
}

/* The first: waits for an item, and is killed.  Of a plain queue it is the
 * reader, and in another thread of a fast one. */
static _Noreturn void wait_idly(enum source source)
{
    pthread_t thread;
    uint64_t item;

    if (source == PLAIN)
        pthread_create(&thread, NULL, get_from_fast, NULL);
    write_full(begun[1], "", 1);
    get(source, 0, &item);
    _exit(1);
}

static pid_t start_idle(enum source source)
{
    pid_t child = fork();
    char byte;

    if (child == 0)
        wait_idly(source);
    return child < 0 || read_some(begun[0], &byte, 1) != 1 ? -ECHILD : child;
}

/* The next: takes all; its exit status is how many it got in their order. */
static pid_t start_next(enum source source)
{
    pid_t child = fork();
    uint64_t item = 0;
    int count = 0;

    if (child != 0)
        return child;
    while (count < ITEMS && get(source, 1, &item) == sizeof item &&
           item == (uint64_t)count + 1)
        count++;
    _exit(count);
}

/* --- the scenarios --- */

static int go_wrong(struct witness *w)
{
    const struct queue_side *plain, *fast;
    pid_t idle, next;
    int error = open_source(FAST, &shared);

    if (error)
        return error;
    plain = shared.queues[PLAIN].side;
    fast = shared.queues[FAST].side;
    idle = start_idle(PLAIN);
    if (idle < 0 || wait_for_sleeper(&plain->reading) < 0 ||
        wait_for_sleeper(&fast->reading) < 0)
        return -ECHILD;
    witness_holder(w, idle);
    witness_memory(w, "reading", &plain->reading.state->word);
    witness_child_memory(w, &fast->reading.state->word);
    witness_fd(w, "reading", plain->reader.fd);
    witness_show(w, 1); /* it waits for an item, with the lock in hand */
    error = kill_and_join(idle);

    if (!error)
        error = put_all(PLAIN);
    if (!error)
        error = put_all(FAST);
    next = start_next(PLAIN);
    witness_victim(w, next);
    witness_child(w, start_next(FAST));
    witness_ready(w);
    return error || next < 0 ? -ECHILD : wait_for(next);
}

/* Idle, killed, put, got: the same without the wrong. */
static int go_right(enum source source)
{
    pid_t idle = start_idle(source), next;
    int error = idle < 0 ? idle : 0, got;

    if (!error && source == LOCKED) /* as the others, and must be survived */
        error = wait_for_sleeper(&shared.lock);
    if (!error)
        error = kill_and_join(idle);
    if (!error)
        error = put_all(source);
    next = error ? -1 : start_next(source);
    if (next < 0)
        return error ? error : -ECHILD;
    got = wait_for(next);
    if (source <= ROBUST) {
        queue_close(&shared.queues[source]);
        error = queue_join_thread(&shared.queues[source], SECOND);
        queue_free(&shared.queues[source]);
    }
    return error ? error : got;
}

int killed_idle_reader(struct witness *w, int cure)
{
    static const enum source sources[] = {
        PLAIN, [CURE_LOCK] = LOCKED, [CURE_PIPES] = PIPES,
        [CURE_QUEUE] = ROBUST};
    int error = open_source(sources[cure], &shared), got;

    witness_expect(w, ITEMS);
    if (!error)
        error = fd_pipe(begun);
    if (error)
        return error;
    got = cure ? go_right(sources[cure]) : go_wrong(w);
    if (got < 0)
        return got;
    witness_got(w, got);
    return 0;
}
