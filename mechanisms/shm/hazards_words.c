/* SPDX-License-Identifier: MIT */
/*
 * hazards_words.c - two words that belong together are read when one is new.
 *
 * Each of an Array's items is read and written in a turn of its own.  Whoever
 * reads two of them reads twice, and between may be somebody who has written
 * one.
 */
#include "shm/hazards.h"

#include <sched.h>

enum { CURE_LOCK = 1, CURE_VERSION, CURE_SLICE };
enum { OLD = 1, NEW = 2, WORDS = 2 };

static struct array pair;    /* both are to be the same, always */
static struct value version; /* odd: somebody is at them */

static int64_t taken[WORDS] = {-1, -2}; /* what the reader has of them */

/* Each is told to begin, and the writer once more to go on; and tells. */
static int write_now[2], read_now[2], done[2];

/* --- the writer --- */

/* region: torn-read */
/* pair[0] = NEW; pair[1] = NEW: with time between. */
static int write_one_by_one(void)
{
    const int64_t new = NEW;
    int error = array_set(&pair, 0, &new);

    if (!error)
        error = say(done[1]);
    if (!error)
        error = hear(write_now[0]); /* another may read now */
    return error ? error : array_set(&pair, 1, &new);
}

static int read_one_by_one(void)
{
    int error = array_get(&pair, 0, &taken[0]);

    return error ? error : array_get(&pair, 1, &taken[1]);
}
/* end: torn-read */

/* region: torn-read-version */
/* An odd version is there before the first word, an even one after the last. */
static int write_with_version(void)
{
    int error;

    value_atomic_add(&version, 1, NULL);
    atomic_thread_fence(memory_order_release);
    error = write_one_by_one();
    value_atomic_add(&version, 1, NULL);
    return error;
}

/* Again, until the version is even, and the same before and after. */
static int read_with_version(void)
{
    int64_t before, after, deadline = clock_deadline(5 * SECOND);
    bool told = false;
    int error;

    do {
        value_atomic_add(&version, 0, &before);
        error = read_one_by_one();
        atomic_thread_fence(memory_order_acquire);
        value_get(&version, &after);
        if (before % 2 && !told) { /* turned away: now the writer may go on */
            told = true;
            error = say(done[1]);
        }
        sched_yield();
    } while (!error && (before % 2 || before != after) &&
             clock_now() < deadline);
    return error;
}
/* end: torn-read-version */

/* region: torn-read-lock */
static int in_lock(int (*what)(void))
{
    int error = lock_acquire(array_get_lock(&pair), NO_TIMEOUT);

    if (error)
        return error;
    error = what();
    lock_release(array_get_lock(&pair));
    return error;
}
/* end: torn-read-lock */

/* region: torn-read-slice */
/* pair[:] = [NEW, NEW]: one turn. */
static int write_slice(void)
{
    const int64_t new[WORDS] = {NEW, NEW};
    int error = say(done[1]);

    if (!error)
        error = hear(write_now[0]);
    return error ? error : array_write(&pair, 0, WORDS, new);
}

static int read_slice(void)
{
    return array_read(&pair, 0, WORDS, taken);
}
/* end: torn-read-slice */

static _Noreturn void be_writer(int cure)
{
    int error = hear(write_now[0]);

    if (!error)
        error = cure == CURE_LOCK      ? in_lock(write_one_by_one)
                : cure == CURE_VERSION ? write_with_version()
                : cure == CURE_SLICE   ? write_slice()
                                       : write_one_by_one();
    if (!error)
        error = say(done[1]);
    hear(write_now[0]); /* the end */
    _exit(error ? 1 : 0);
}

/* Its exit status is 0 when both words are the same. */
static _Noreturn void be_reader(int cure)
{
    int error = hear(read_now[0]);

    if (!error)
        error = cure == CURE_LOCK      ? in_lock(read_one_by_one)
                : cure == CURE_VERSION ? read_with_version()
                : cure == CURE_SLICE   ? read_slice()
                                       : read_one_by_one();
    if (!error)
        error = say(done[1]);
    hear(read_now[0]); /* the end */
    _exit(error ? 2 : taken[0] != taken[1]);
}

/* --- who tells them --- */

static pid_t start(void (*be)(int), int cure)
{
    pid_t child = fork();

    if (child == 0) {
        fd_close(&write_now[1]);
        fd_close(&read_now[1]);
        be(cure);
    }
    return child;
}

/* The writer writes one word, the reader reads both, the writer goes on: as
 * far as they are let. */
static int take_turns(struct witness *w, int cure)
{
    bool waits = cure == CURE_LOCK;
    int error = say(write_now[1]);

    if (!error)
        error = hear(done[0]);
    if (!error)
        error = say(read_now[1]);
    if (!error)
        error =
            waits ? wait_until_wanted(array_get_lock(&pair)) : hear(done[0]);
    witness_show(w, 2);
    if (!error)
        error = say(write_now[1]);
    if (!error)
        error = hear(done[0]);
    if (!error && (waits || cure == CURE_VERSION))
        error = hear(done[0]);
    witness_show(w, 3);
    return error;
}

static int prepare(void)
{
    const int64_t old[WORDS] = {OLD, OLD};
    int error = array_open(&pair, 'q', WORDS);

    if (!error)
        error = array_write(&pair, 0, WORDS, old);
    if (!error)
        error = value_open_with(&version, 'q', NULL);
    if (!error)
        error = fd_pipe(write_now);
    if (!error)
        error = fd_pipe(read_now);
    return error ? error : fd_pipe(done);
}

int torn_read(struct witness *w, int cure)
{
    int error = prepare(), agree;
    pid_t writer, reader;

    witness_expect(w, WORDS); /* of one state */
    if (error)
        return error;
    writer = start(be_writer, cure);
    reader = start(be_reader, cure);
    if (writer < 0 || reader < 0)
        return -ECHILD;
    witness_victim(w, reader);
    witness_holder(w, writer);
    witness_memory(w, "pair", array_get_obj(&pair));
    witness_child_memory(w, taken);
    witness_show(w, 1);

    error = take_turns(w, cure);
    fd_close(&write_now[1]);
    fd_close(&read_now[1]);
    agree = wait_for(reader);
    if (error || wait_for(writer) != 0 || agree < 0 || agree > 1)
        return error ? error : -ECHILD;
    witness_got(w, agree == 0 ? WORDS : 1);
    array_close(&pair);
    value_close(&version);
    return 0;
}
