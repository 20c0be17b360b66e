/* SPDX-License-Identifier: MIT */
/*
 * hazards_count.c - two processes add 1 to a Value, and one of the two is
 * lost.
 *
 * `v.value += 1` reads, adds and writes.  The lock of a Value is taken by each
 * call: it guards the read, and then the write, and between them it is free.
 */
#include "shm/hazards.h"

#include <sched.h>

enum way { GET_THEN_SET, LOCKED, ADD, ATOMIC_ADD }; /* a cure is one of these */

enum { ADDERS = 2, ADDS = 500000, RAW_ADDS = 4000000 };

/* They add to the first one by one, as they are told, and to another one when
 * they like; when both are there, which the last one counts. */
static struct value ordered, raw, locked, there;

/* What each does, in its own memory; and how they are told, and tell. */
static struct witness_turn mine = {.read = -1};
static int may[ADDERS][2], done[2];

/* --- an adder --- */

/* region: lost-update */
/* v.value += 1: as two calls, with time between them. */
static int add_by_get_and_set(struct value *v, int number)
{
    int64_t n = 0;
    int error = value_get(v, &n);

    mine.read = n;
    if (!error)
        error = say(done[1]);
    if (!error)
        error = hear(may[number][0]); /* another may read now, and write */
    n++;
    if (!error)
        error = value_set(v, &n);
    mine.wrote = n;
    return error;
}
/* end: lost-update */

/* region: lost-update-cures */
/* with v.get_lock(): v.value += 1 */
static int add_in_lock(struct value *v, int number)
{
    struct lock *lock = value_get_lock(v);
    int error = lock_acquire(lock, NO_TIMEOUT);

    if (error)
        return error;
    error = add_by_get_and_set(v, number); /* it is an RLock */
    lock_release(lock);
    return error;
}
/* end: lost-update-cures */

/* One call: there is no between. */
static int add_in_one_call(struct value *v, int number, enum way way)
{
    int error = say(done[1]);

    if (!error)
        error = hear(may[number][0]);
    if (error)
        return error;
    return way == ADD ? value_add(v, 1) : value_atomic_add(v, 1, NULL);
}

static int add_once(struct value *v, int number, enum way way)
{
    return way == GET_THEN_SET ? add_by_get_and_set(v, number)
           : way == LOCKED     ? add_in_lock(v, number)
                               : add_in_one_call(v, number, way);
}

/* Without a stop. */
static int add_freely(struct value *v, int64_t n, enum way way)
{
    struct lock *lock = value_get_lock(v);
    int64_t now;
    int error = 0;

    for (; n > 0 && !error; n--, mine.added++) {
        if (way == LOCKED)
            error = lock_acquire(lock, NO_TIMEOUT);
        if (way == GET_THEN_SET || way == LOCKED) {
            value_get(v, &now);
            now++;
            value_set(v, &now);
        }
        if (way == LOCKED)
            lock_release(lock);
        if (way == ADD)
            error = value_add(v, 1);
        if (way == ATOMIC_ADD)
            error = value_atomic_add(v, 1, NULL);
    }
    return error;
}

/* Both begin at once, in this round: 0, or -ETIMEDOUT. */
static int meet(int64_t round)
{
    int64_t deadline = clock_deadline(5 * SECOND), count = 0;

    value_atomic_add(&there, 1, NULL);
    while (count < ADDERS * round) {
        if (clock_now() > deadline)
            return -ETIMEDOUT;
        sched_yield();
        value_get(&there, &count);
    }
    return 0;
}

static int run_freely(int number, int64_t round, struct value *v, int64_t n,
                      enum way way)
{
    int error = hear(may[number][0]);

    if (!error)
        error = meet(round);
    mine.added = 0;
    if (!error)
        error = add_freely(v, n, way);
    return error ? error : say(done[1]);
}

static _Noreturn void be_adder(int number, enum way way)
{
    int error = add_once(&ordered, number, way);

    if (!error)
        error = say(done[1]);
    if (!error && way == GET_THEN_SET)
        error = run_freely(number, 1, &raw, RAW_ADDS, way);
    if (!error)
        error =
            run_freely(number, way == GET_THEN_SET ? 2 : 1, &locked, ADDS, way);
    if (!error)
        hear(may[number][0]); /* the end: whoever looks may still do so */
    _exit(error ? 1 : 0);
}

/* --- who tells them --- */

int wait_until_wanted(const struct lock *l)
{
    int64_t deadline = clock_deadline(5 * SECOND);

    while (!lock_is_wanted(l)) {
        if (clock_now() > deadline)
            return -ETIMEDOUT;
        sched_yield();
    }
    return 0;
}

static int hear_from(int count)
{
    int error = 0;

    while (count-- > 0 && !error)
        error = hear(done[0]);
    return error;
}

static int tell_both(void)
{
    int error = 0;

    for (int k = 0; k < ADDERS && !error; k++)
        error = say(may[k][1]);
    return error;
}

/* Each adds one.  Who has the lock is alone with it, and is let go on when the
 * other one waits for it. */
static int order(struct witness *w, enum way way)
{
    int first = way == LOCKED ? 1 : ADDERS;
    int error = hear_from(first);

    if (!error && way == LOCKED)
        error = wait_until_wanted(value_get_lock(&ordered));
    witness_show(w, 1); /* both have read */
    if (!error)
        error = tell_both();
    if (!error)
        error = hear_from(2 * ADDERS - first);
    witness_show(w, 2); /* both have written */
    return error;
}

static int let_run(struct witness *w, int stage, const char *name,
                   struct value *v)
{
    int error = tell_both();

    if (!error)
        error = hear_from(ADDERS);
    witness_memory(w, name, value_get_obj(v));
    witness_show(w, stage);
    return error;
}

static int start_adders(pid_t *adders, enum way way)
{
    for (int k = 0; k < ADDERS; k++) {
        adders[k] = fork();
        if (adders[k] == 0) {
            for (int end = 0; end < ADDERS; end++)
                fd_close(&may[end][1]);
            be_adder(k, way);
        }
        if (adders[k] < 0)
            return -errno;
    }
    return 0;
}

static int end_adders(const pid_t *adders)
{
    int error = 0;

    for (int k = 0; k < ADDERS; k++)
        fd_close(&may[k][1]);
    for (int k = 0; k < ADDERS; k++)
        if (wait_for(adders[k]) != 0)
            error = -ECHILD;
    return error;
}

static int open_all(bool with_lock)
{
    int error = with_lock ? value_open(&ordered, 'q')
                          : value_open_with(&ordered, 'q', NULL);

    if (!error)
        error = value_open_with(&raw, 'q', NULL);
    if (!error)
        error = value_open(&locked, 'q');
    if (!error)
        error = value_open_with(&there, 'q', NULL);
    if (!error)
        error = fd_pipe(done);
    for (int k = 0; k < ADDERS && !error; k++)
        error = fd_pipe(may[k]);
    return error;
}

static void close_all(void)
{
    value_close(&ordered);
    value_close(&raw);
    value_close(&locked);
    value_close(&there);
}

static int add_all(struct witness *w, bool with_lock, enum way way)
{
    pid_t adders[ADDERS] = {0};
    int64_t first = 0, more = 0;
    int error = open_all(with_lock);

    witness_expect(w, (int64_t)ADDERS * (1 + ADDS));
    if (!error)
        error = start_adders(adders, way);
    if (error)
        return error;
    witness_victim(w, adders[0]);
    witness_holder(w, adders[1]);
    witness_memory(w, "v", value_get_obj(&ordered));
    witness_child_memory(w, &mine);
    error = order(w, way);
    if (!error && way == GET_THEN_SET)
        error = let_run(w, 3, "a raw Value", &raw);
    if (!error)
        error = let_run(w, 4, "a Value with its lock", &locked);
    if (!error)
        error = end_adders(adders);
    value_get(&ordered, &first);
    value_get(&locked, &more);
    witness_got(w, first + more);
    close_all();
    return error;
}

int lost_update(struct witness *w, int cure)
{
    return add_all(w, cure != 0, (enum way)cure);
}

int lost_update_despite_lock(struct witness *w, int cure)
{
    return add_all(w, true, (enum way)cure);
}
