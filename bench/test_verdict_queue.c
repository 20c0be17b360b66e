/* SPDX-License-Identifier: MIT */
/* test_verdict_queue.c - who claims that a queue has lost, hidden or hoarded
 * what was put into it, and whose queue has not. */
#include "test_verdict_pipes.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static void start(void *(*thread)(void *))
{
    pthread_t id;

    if (pthread_create(&id, NULL, thread, NULL) != 0)
        _exit(1);
}

static void *stay_idle(void *unused)
{
    pause_for_ever();
    return unused;
}

/* Sleep on a word of ours while it is as it is. */
static void sleep_on(_Atomic uint32_t *word)
{
    for (;;)
        syscall(SYS_futex, word, FUTEX_WAIT, atomic_load(word), NULL, NULL, 0);
}

/* --- "place without item" --- */

static struct {
    _Alignas(8) _Atomic uint32_t value;
} room, another;
static int64_t unsent;

struct place {
    uint32_t places;
    int64_t unsent;
    bool sent;  /* an item is in the pipe */
    bool alone; /* there is no feeder */
    bool waits_elsewhere, naps;
};

static int tell_place(struct witness *w, const struct place *t)
{
    if (open_both())
        return -EIO;
    room.value = t->places;
    unsent = t->unsent;
    if (t->sent)
        write_full(one[1], "7\n", 2);
    if (!t->alone)
        start(stay_idle);
    witness_memory(w, "room", &room.value);
    witness_child_memory(w, &unsent);
    claim(w, getpid(), one[0]);
    snprintf(w->name, sizeof w->name, "room");
    if (t->naps)
        nap();
    sleep_on(t->waits_elsewhere ? &another.value : &room.value);
    return 0;
}

#define PLACE(name, ...)                                                       \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell_place(w, &(struct place){__VA_ARGS__});                    \
    }

PLACE(has_a_place, .places = 1)
PLACE(has_it_unsent, .unsent = 1)
PLACE(has_it_in_the_pipe, .sent = true)
PLACE(has_no_feeder, .alone = true)
PLACE(waits_for_something_else, .waits_elsewhere = true)
PLACE(naps_instead, .naps = true)
PLACE(misses_a_place, .places = 0)

static void impostors_of_a_missing_place_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {has_a_place, "there is a place"},
        {has_it_unsent, "1 unsent, 0 bytes"},
        {has_it_in_the_pipe, "0 unsent, 2 bytes"},
        {has_no_feeder, "no feeder"},
        {waits_for_something_else, "not where it was said to be"},
        {naps_instead, "not where it was said to be"},
        {only_pauses, "not where it was said to be"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "place without item", list);
}

/* --- "not yet sent" --- */

static _Atomic uint32_t locks[2];

static void *wait_for_first(void *unused)
{
    sleep_on(&locks[0]);
    return unused;
}

static void *wait_for_second(void *unused)
{
    sleep_on(&locks[1]);
    return unused;
}

struct held {
    bool free;    /* nobody has the second lock */
    bool arrived; /* its item is in the pipe all the time */
    bool same;    /* nothing comes when the locks are free */
    bool files;   /* what should be a pipe is a file */
};

static int tell_held(struct witness *w, const struct held *t)
{
    if (open_both())
        return -EIO;
    locks[0] = (uint32_t)getpid();
    locks[1] = t->free ? 0 : (uint32_t)getpid();
    start(wait_for_first);
    start(wait_for_second);
    if (t->arrived)
        write_full(two[1], "item", 4);
    witness_victim(w, getpid());
    witness_memory(w, "writing", &locks[0]);
    witness_child_memory(w, &locks[1]);
    witness_fd(w, "writing", one[0]);
    witness_child_fd(w, t->files ? w->memory : two[0]);
    witness_show(w, 1);
    write_full(one[1], "item", 4);
    if (!t->same)
        write_full(two[1], "item", 4);
    witness_show(w, 2);
    return 0;
}

#define HELD(name, ...)                                                        \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell_held(w, &(struct held){__VA_ARGS__});                      \
    }

HELD(has_a_free_lock, .free = true)
HELD(has_it_already, .arrived = true)
HELD(never_sends, .same = true)
HELD(has_no_pipe, .files = true)
HELD(holds_it_back, .same = false)

static int holds_nothing(struct witness *w, int cure)
{
    (void)cure;
    if (open_both())
        return -EIO;
    witness_victim(w, getpid());
    witness_memory(w, "writing", &locks[0]);
    witness_child_memory(w, &locks[1]);
    witness_fd(w, "writing", one[0]);
    witness_child_fd(w, two[0]);
    witness_show(w, 1);
    return 0;
}

static void impostors_of_what_is_held_back_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {has_a_free_lock, "nobody has the lock"},
        {has_it_already, "the pipe is not empty"},
        {never_sends, "nothing came"},
        {has_no_pipe, "is no pipe"},
        {holds_nothing, "no feeder waits"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "not yet sent", list);
}

/* --- "never sent" --- */

enum { PIECE = 4 };

static int64_t was_put[2];

struct exit {
    bool all;        /* the second pipe has all of its items */
    bool taken;      /* something is got before the second look */
    bool stays;      /* the child does not end */
    bool fails;      /* it ends with 3 */
    bool grandchild; /* it is no child of who says so */
};

static _Noreturn void leave(struct witness *w, const struct exit *t)
{
    if (t->grandchild && fork() != 0)
        pause_for_ever();
    was_put[0] = 3;
    was_put[1] = t->all ? 1 : 3;
    witness_child(w, getpid());
    write_full(one[1], "item", PIECE);
    write_full(two[1], "item", PIECE);
    witness_show(w, 1);
    if (t->stays)
        pause_for_ever();
    _exit(t->fails ? 3 : 0);
}

static int tell_exit(struct witness *w, const struct exit *t)
{
    siginfo_t ended;
    char item[PIECE];
    pid_t child;

    if (open_both())
        return -EIO;
    witness_victim(w, getpid());
    witness_memory(w, "put", &was_put[0]);
    witness_child_memory(w, &was_put[1]);
    witness_fd(w, "put", one[0]);
    witness_child_fd(w, two[0]);
    witness_count(w, PIECE);
    child = fork();
    if (child == 0)
        leave(w, t);
    if (t->stays || t->grandchild)
        test_sleep_ms(50); /* it is not going to end: nothing to wait for */
    else
        waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT);
    if (t->taken)
        read_full(one[0], item, sizeof item);
    witness_show(w, 2);
    return 0;
}

#define EXIT(name, ...)                                                        \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell_exit(w, &(struct exit){__VA_ARGS__});                      \
    }

EXIT(sends_all, .all = true)
EXIT(takes_some, .taken = true)
EXIT(stays, .stays = true)
EXIT(fails, .fails = true)
EXIT(leaves_it_to_a_grandchild, .grandchild = true)
EXIT(loses_some, .all = false)

static void impostors_of_what_is_never_sent_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {sends_all, "holds all 1 items"},
        {stays, "has not ended"},
        {fails, "did not end well"},
        {leaves_it_to_a_grandchild, "is no child of"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "never sent", list);
}

static void what_was_taken_meanwhile_is_not_lost(void **state)
{
    static const struct impostor list[] = {{takes_some, "another content"},
                                           {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "never sent", list);
}

/* --- "buffer grows" --- */

enum { LARGE = 64 << 20 };

struct growth {
    size_t touched;
    int64_t says;
    bool before; /* it has them before the first look */
};

static int tell_growth(struct witness *w, const struct growth *t)
{
    char *memory = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || open_both())
        return -EIO;
    witness_victim(w, getpid());
    witness_fd(w, "items", one[0]);
    witness_count(w, t->says);
    if (t->before)
        memset(memory, 1, t->touched);
    witness_show(w, 1);
    memset(memory, 1, t->touched);
    witness_show(w, 2);
    return 0;
}

#define GROWTH(name, ...)                                                      \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell_growth(w, &(struct growth){__VA_ARGS__});                  \
    }

GROWTH(grows_by_half, .touched = LARGE / 2, .says = LARGE)
GROWTH(was_that_large, .touched = LARGE, .says = LARGE, .before = true)
GROWTH(has_put_little, .touched = LARGE, .says = 4096)
GROWTH(grows, .touched = LARGE, .says = LARGE)

static void impostors_of_a_growing_buffer_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {grows_by_half, "KiB only"},
        {was_that_large, "KiB only"},
        {has_put_little, "KiB only"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(COSTS, "buffer grows", list);
}

/* --- and those that are true --- */

static void what_is_so_is_proven(void **state)
{
    const struct hazard list[] = {
        {.expect = HANGS,
         .evidence = "place without item",
         .run = misses_a_place},
        {.expect = LOSES, .evidence = "not yet sent", .run = holds_it_back},
        {.expect = LOSES, .evidence = "never sent", .run = loses_some},
        {.expect = COSTS, .evidence = "buffer grows", .run = grows},
    };

    (void)state;
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        struct observation o = observe(&list[k], 0, 10 * SECOND);

        if (o.verdict.ruling != PROVEN)
            fail_msg("%s: %s", list[k].evidence, o.verdict.reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(impostors_of_a_missing_place_are_not_proven),
        PROMISE(impostors_of_what_is_held_back_are_not_proven),
        PROMISE(impostors_of_what_is_never_sent_are_not_proven),
        PROMISE(what_was_taken_meanwhile_is_not_lost),
        PROMISE(impostors_of_a_growing_buffer_are_not_proven),
        PROMISE(what_is_so_is_proven),
    };

    return RUN_PROMISES(tests);
}
