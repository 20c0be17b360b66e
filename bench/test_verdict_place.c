/* SPDX-License-Identifier: MIT */
/* test_verdict_place.c - who claims that a queue's place is taken by nothing,
 * or its buffer large, and whose is not. */
#include "test_verdict_pipes.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

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

/* As a feeder does that has nothing to send. */
static void *be_idle(void *unused)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

    pthread_mutex_lock(&mutex);
    for (;;)
        pthread_cond_wait(&changed, &mutex);
    return unused;
}

static void *pause_instead(void *unused)
{
    pause_for_ever();
    return unused;
}

struct place {
    bool nothing_put, had_places; /* at first */
    uint32_t places;
    int64_t unsent;
    bool sent;  /* an item is in the pipe */
    bool alone; /* there is no feeder */
    bool busy;  /* it does something else */
    bool child; /* somebody else may have the item */
    bool another_pipe, waits_elsewhere, naps;
};

static int tell_place(struct witness *w, const struct place *t)
{
    if (open_both())
        return -EIO;
    room.value = t->had_places;
    unsent = !t->nothing_put;
    if (!t->alone)
        start_thread(t->busy ? pause_instead : be_idle);
    if (t->child)
        fork_to(wait_for_ever);
    witness_victim(w, getpid());
    witness_fd(w, "room", one[0]);
    witness_memory(w, "room", &room.value);
    witness_child_memory(w, &unsent);
    witness_show(w, 1);
    room.value = t->places;
    unsent = t->unsent;
    if (t->sent)
        write_full(one[1], "7\n", 2);
    if (t->another_pipe)
        witness_fd(w, "room", two[0]);
    witness_ready(w);
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

PLACE(has_put_nothing, .nothing_put = true)
PLACE(had_another_place, .had_places = true)
PLACE(has_a_place, .places = 1)
PLACE(has_it_unsent, .unsent = 1)
PLACE(has_it_in_the_pipe, .sent = true)
PLACE(has_it_in_another_pipe, .another_pipe = true)
PLACE(has_no_feeder, .alone = true)
PLACE(has_a_busy_feeder, .busy = true)
PLACE(has_a_consumer, .child = true)
PLACE(waits_for_something_else, .waits_elsewhere = true)
PLACE(naps_instead, .naps = true)
PLACE(misses_a_place, .places = 0)

static void impostors_of_a_missing_place_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {has_put_nothing, "0 items are unsent"},
        {had_another_place, "1 places free"},
        {has_a_place, "there is a place"},
        {has_it_unsent, "1 unsent, 0 bytes"},
        {has_it_in_the_pipe, "0 unsent, 2 bytes"},
        {has_it_in_another_pipe, "another pipe"},
        {has_no_feeder, "no feeder"},
        {has_a_busy_feeder, "is not idle"},
        {has_a_consumer, "may have the item"},
        {waits_for_something_else, "not where it was said to be"},
        {naps_instead, "not where it was said to be"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "place without item", list);
}

/* --- "buffer grows" --- */

enum { LARGE = 64 << 20 };

struct growth {
    size_t touched;
    int64_t says;
    bool before;       /* it has them before the first look */
    bool full;         /* and so is the pipe */
    bool another_pipe; /* is what they are sent into */
    bool sends;        /* a thread sends them; else it is memory alone */
    bool brother;      /* a fork has the pipe, and could get */
    bool third;        /* and so could another thread */
};

static char *memory;

static void *send_all(void *pipe)
{
    write_full(((int *)pipe)[1], memory, LARGE);
    return NULL;
}

static int tell_growth(struct witness *w, const struct growth *t)
{
    pthread_t sender;

    memory = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || open_both())
        return -EIO;
    witness_victim(w, getpid());
    witness_fd(w, "items", one[0]);
    witness_count(w, t->says);
    if (t->before)
        memset(memory, 1, t->touched);
    if (t->full)
        write_full(one[1], "item", 4);
    if (t->brother) /* of an earlier time: it has none of the memory */
        fork_to(wait_for_ever);
    witness_show(w, 1);
    memset(memory, 1, t->touched);
    if (t->sends && pthread_create(&sender, NULL, send_all,
                                   t->another_pipe ? two : one) != 0)
        return -EAGAIN;
    if (t->third)
        start_thread(pause_instead);
    witness_show(w, 2);
    return 0;
}

#define GROWTH(name, ...)                                                      \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell_growth(w, &(struct growth){__VA_ARGS__});                  \
    }

GROWTH(grows_by_half, .touched = LARGE / 2, .says = LARGE, .sends = true)
GROWTH(was_that_large, .touched = LARGE, .says = LARGE, .before = true,
       .sends = true)
GROWTH(has_put_little, .touched = LARGE, .says = 4096, .sends = true)
GROWTH(had_put_before, .touched = LARGE, .says = LARGE, .full = true,
       .sends = true)
GROWTH(has_memory_alone, .touched = LARGE, .says = LARGE)
GROWTH(sends_elsewhere, .touched = LARGE, .says = LARGE, .sends = true,
       .another_pipe = true)
GROWTH(has_a_brother_who_gets, .touched = LARGE, .says = LARGE, .sends = true,
       .brother = true)
GROWTH(has_a_third_thread, .touched = LARGE, .says = LARGE, .sends = true,
       .third = true)
GROWTH(grows, .touched = LARGE, .says = LARGE, .sends = true)

static void impostors_of_a_growing_buffer_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {grows_by_half, "KiB only"},
        {was_that_large, "KiB only"},
        {has_put_little, "KiB only"},
        {had_put_before, "the pipe is not empty"},
        {has_memory_alone, "waits for room in pipe"},
        {sends_elsewhere, "waits for room in pipe"},
        {has_a_brother_who_gets, "could read from pipe"},
        {has_a_third_thread, "has 3 threads"},
        {only_pauses, "its time was over"},
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
        {.expect = COSTS, .evidence = "buffer grows", .run = grows},
    };

    (void)state;
    all_proven(list, sizeof list / sizeof *list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_missing_place_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_growing_buffer_are_not_proven, patient, census_end),
        PROMISE(what_is_so_is_proven),
    };

    return RUN_PROMISES(tests);
}
