/* SPDX-License-Identifier: MIT */
/*
 * hazards_feeder.c - a feeder is killed in the middle of sending.
 *
 * Writers of one pipe take turns, by a lock, and a full pipe is waited for with
 * the lock in hand.  A process that is killed then leaves it locked: the
 * feeders of all others wait, put says 0 as ever, and their buffers grow.
 */
#include "queue/hazards_sources.h"

#include "queue/parts.h"

enum { CURE_LOCK = 1, CURE_PIPES, CURE_QUEUE };

/* An item and its header are 4096 bytes: a write of them is whole, and of many
 * the pipe takes whole ones.  FILL is more than it holds. */
enum { SIZE = 4092, FILL = 64, ITEMS = 1024 };
enum { KILLED = 'a', OTHER = 'b' };

static struct sources shared;
static int stay[2]; /* who has put stays until this ends */

/* --- put, get --- */

/* region: killed-feeder-cures */
/* Up to PIPE_BUF bytes go in whole or not at all: the dead left no half. */
static int put_with_lock(const char *item)
{
    int error = lock_acquire(&shared.lock, NO_TIMEOUT);

    if (error && error != -EOWNERDEAD)
        return error;
    error = write_full(shared.items[0][1], item, SIZE);
    lock_release(&shared.lock);
    return error;
}

static int put(enum source source, const char *item)
{
    if (source == LOCKED)
        return put_with_lock(item);
    if (source == PIPES) /* nobody else writes into this one */
        return write_full(shared.items[*item == OTHER][1], item, SIZE);
    return queue_put(&shared.queues[source], item, SIZE, NO_TIMEOUT);
}
/* end: killed-feeder-cures */

static int put_many(enum source source, char whose, int count)
{
    char item[SIZE];
    int error = 0;

    memset(item, whose, SIZE);
    for (; count && !error; count--)
        error = put(source, item);
    return error;
}

/* Of a pipe for each, the one whose writer lives. */
static ssize_t get(enum source source, char *item)
{
    if (source <= ROBUST)
        return queue_get(&shared.queues[source], item, SIZE, NO_TIMEOUT);
    return read_full(shared.items[source == PIPES][0], item, SIZE);
}

/* As many of the second one's as it puts; whatever else comes is the first's.
 */
static int get_all(enum source source)
{
    char item[SIZE];
    int count = 0;

    while (count < ITEMS && get(source, item) == SIZE)
        count += *item == OTHER;
    return count;
}

/* --- who puts --- */

/* Until the parent ends; with its feeders, which may send meanwhile. */
static _Noreturn void remain(void)
{
    char byte;

    fd_close(&stay[1]);
    read_some(stay[0], &byte, 1);
    _exit(0);
}

/* The first: more than the pipe holds.  It is killed while it sends. */
static pid_t start_first(enum source source)
{
    pid_t child = fork();
    int error;

    if (child != 0)
        return child;
    error = put_many(source, KILLED, FILL);
    if (!error && source == PLAIN)
        error = put_many(FAST, KILLED, FILL);
    if (error)
        _exit(1);
    remain();
}

/* The second: all that it has.  It is told that each was put. */
static pid_t start_second(struct witness *w, enum source source)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    if (source == PLAIN) {
        witness_victim(w, getpid());
        witness_show(w, 2); /* before it puts anything */
    }
    if (put_many(source, OTHER, source == FAST ? 1 : ITEMS) < 0)
        _exit(1);
    if (source < ROBUST)
        remain();
    if (source == ROBUST) {
        queue_close(&shared.queues[source]);
        queue_join_thread(&shared.queues[source], NO_TIMEOUT);
    }
    _exit(0);
}

/* --- the scenarios --- */

static int go_wrong(struct witness *w)
{
    const struct queue_side *plain, *fast;
    int error = open_source(FAST, &shared), got;
    pid_t first, second;

    if (error)
        return error;
    plain = shared.queues[PLAIN].side;
    fast = shared.queues[FAST].side;
    first = start_first(PLAIN);
    if (first < 0 || wait_for_sleeper(&plain->writing) < 0 ||
        wait_for_sleeper(&fast->writing) < 0)
        return -ECHILD;
    witness_holder(w, first);
    witness_memory(w, "writing", &plain->writing.state->word);
    witness_child_memory(w, &fast->writing.state->word);
    witness_fd(w, "writing", plain->reader.fd);
    witness_count(w, (int64_t)ITEMS * SIZE);
    witness_show(w, 1); /* it waits for room, with the lock in hand */
    error = kill_and_join(first);

    second = error ? -1 : start_second(w, PLAIN);
    witness_child(w, start_second(w, FAST));
    witness_ready(w);
    got = get_all(PLAIN);
    fd_close(&stay[1]);
    return second < 0 || wait_for(second) < 0 ? -ECHILD : got;
}

static int go_right(struct witness *w, enum source source)
{
    pid_t first = start_first(source), second;
    int error = first < 0 ? -ECHILD : 0, got;

    if (!error && source != PIPES) /* of a lock it is the owner who sleeps */
        error = wait_for_sleeper(source == LOCKED
                                     ? &shared.lock
                                     : &shared.queues[source].side->writing);
    if (!error)
        error = kill_and_join(first);
    second = error ? -1 : start_second(w, source);
    if (second < 0)
        return error ? error : -ECHILD;
    got = get_all(source);
    return wait_for(second) == 0 ? got : -ECHILD;
}

int killed_feeder(struct witness *w, int cure)
{
    static const enum source sources[] = {
        PLAIN, [CURE_LOCK] = LOCKED, [CURE_PIPES] = PIPES,
        [CURE_QUEUE] = ROBUST};
    int error = open_source(sources[cure], &shared), got;

    witness_expect(w, ITEMS);
    if (!error)
        error = fd_pipe(stay);
    if (error)
        return error;
    got = cure ? go_right(w, sources[cure]) : go_wrong(w);
    if (got < 0)
        return got;
    witness_got(w, got);
    return 0;
}
