/* SPDX-License-Identifier: MIT */
/*
 * test_storms.h - what the storms of queue/ and ring/ share: items that can be
 * told from each other, a ledger of them, and users who are shot at.
 */
#ifndef IPCLAB_TEST_STORMS_H
#define IPCLAB_TEST_STORMS_H

#include "sync/test_sharing.h"

enum {
    PRODUCERS = 3,
    CONSUMERS = 3,
    USERS = PRODUCERS + CONSUMERS,
    ITEMS = 1 << 20,
    LARGEST = 200000,
    ROUND = 25, /* kills with the same queue */
};

/* What is known of an item. */
enum { UNKNOWN, BEGUN, WAS_PUT = 2, ARRIVED = 4, IN_HANDS = 8 };

/* In memory that all of them share. */
struct ledger {
    _Atomic uint32_t next;        /* item */
    _Atomic bool stop;            /* producers: put no more, and end */
    _Atomic bool done;            /* consumers: all has been got */
    _Atomic int line;             /* where something was not as it must be */
    _Atomic int64_t since[USERS]; /* when its call began; 0: in none */
    _Atomic uint32_t has[USERS];  /* the item that it puts, and 1; 0: none */
    uint32_t lost_at_most;        /* by those that were killed getting one */
    _Atomic unsigned char items[ITEMS];
};

static const int64_t patience = SECOND; /* of each call */
static const int64_t hang = 10 * SECOND;

/* --- items: a number, whose it is, and bytes that follow from it -----------
 */

struct item {
    uint32_t number, producer;
};

static inline size_t size_of(uint32_t number)
{
    if (number % 41 == 0)
        return sizeof(struct item) + number * 7919u % LARGEST;
    return sizeof(struct item) + number % 200;
}

static inline unsigned char byte_of(uint32_t number)
{
    return (unsigned char)(number * 31 + 7);
}

/* The next item of this user, in its own memory, and in its hands: its number.
 * There is an end of them. */
static inline uint32_t begin_item(struct ledger *l, int user,
                                  unsigned char *bytes)
{
    struct item item = {l->next++, (uint32_t)getpid()};

    if (item.number >= ITEMS)
        return item.number;
    memset(bytes, byte_of(item.number), size_of(item.number));
    memcpy(bytes, &item, sizeof item);
    l->has[user] = item.number + 1;
    l->items[item.number] |= BEGUN;
    return item.number;
}

static inline bool is_whole(const unsigned char *bytes, ssize_t size,
                            struct item *item)
{
    if (size < (ssize_t)sizeof *item)
        return false;
    memcpy(item, bytes, sizeof *item);
    if (item->number >= ITEMS || (size_t)size != size_of(item->number))
        return false;
    for (ssize_t i = sizeof *item; i < size; i++)
        if (bytes[i] != byte_of(item->number))
            return false;
    return true;
}

/* --- those that are shot at ------------------------------------------------
 */

static inline _Noreturn void give_up(struct ledger *l, int line)
{
    l->line = line;
    _exit(1);
}

enum { KNOWN = 256 };

/* Is it younger than what came from this producer before? */
static inline bool in_order(struct item last[KNOWN], struct item item)
{
    for (int i = 0; i < KNOWN; i++) {
        bool older =
            last[i].producer == item.producer && last[i].number >= item.number;

        if (last[i].producer && last[i].producer != item.producer)
            continue;
        last[i] = item;
        return !older;
    }
    memset(last, 0, KNOWN * sizeof *last); /* most are dead */
    return true;
}

/* An item has come to this consumer: is it as it must be? */
static inline void note_arrival(struct ledger *l, const unsigned char *bytes,
                                ssize_t got)
{
    static struct item last[KNOWN];
    struct item item;

    if (got < 0 || !is_whole(bytes, got, &item))
        give_up(l, __LINE__);
    if (!in_order(last, item))
        give_up(l, __LINE__);
    if (atomic_fetch_or(&l->items[item.number], ARRIVED) & ARRIVED)
        give_up(l, __LINE__); /* twice */
}

/* --- the one who shoots ----------------------------------------------------
 */

struct storm {
    struct ledger *ledger;
    void *what; /* queue or ring */
    void (*be)(struct ledger *l, int user, void *what);
    pid_t users[USERS];
};

static inline void start_user(struct storm *s, int user)
{
    s->ledger->since[user] = 0;
    s->ledger->has[user] = 0;
    s->users[user] = fork();
    if (s->users[user] == 0) {
        alarm(CENSUS_SECONDS + 20);
        s->be(s->ledger, user, s->what);
        _exit(0);
    }
    assert_true(s->users[user] > 0);
}

static inline void start_users(struct storm *s, int first)
{
    for (int i = first; i < USERS; i++)
        if (!s->users[i])
            start_user(s, i);
}

static inline void kill_user(struct storm *s, int user)
{
    int status;

    kill(s->users[user], SIGKILL);
    assert_int_equal(waitpid(s->users[user], &status, 0), s->users[user]);
    assert_true(WIFSIGNALED(status));
    s->users[user] = 0;
}

/* They end in good order. */
static inline void expect_users(struct storm *s, int first, int behind)
{
    int status;

    for (int i = first; i < behind; i++)
        if (s->users[i]) {
            assert_int_equal(waitpid(s->users[i], &status, 0), s->users[i]);
            assert_int_equal(s->ledger->line, 0);
            assert_int_equal(status, 0);
            s->users[i] = 0;
        }
}

/* Everybody lives who was not killed, and nobody waits longer than it may. */
static inline void look_at_survivors(struct storm *s)
{
    int status;

    for (int i = 0; i < USERS; i++) {
        int64_t since = s->ledger->since[i];

        assert_int_equal(s->ledger->line, 0);
        if (s->users[i] && waitpid(s->users[i], &status, WNOHANG) != 0)
            fail_msg("user %d ended, status 0x%x, line %d", i, status,
                     s->ledger->line);
        assert_true(since == 0 || clock_now() - since < patience + hang);
    }
}

/* Some of them, one after the other, at moments that the seed draws. */
static inline void shoot(struct storm *s, unsigned wanted, unsigned kills[2],
                         void (*killed)(struct storm *s, int user))
{
    for (unsigned k = 0; k < wanted; k++) {
        struct timespec moment = {0, (long)(test_mix(&test_seed) % 20000000)};
        int user = (int)(test_mix(&test_seed) % USERS);

        start_users(s, 0);
        nanosleep(&moment, NULL); /* it is the subject: the seed's moment */
        look_at_survivors(s);
        kill_user(s, user);
        killed(s, user);
        kills[user >= PRODUCERS]++;
    }
}

static inline unsigned wanted_kills(void)
{
    const char *text = getenv("IPCLAB_STORM_KILLS");

    return text && atoi(text) > 0 ? (unsigned)atoi(text) : 100;
}

#endif
