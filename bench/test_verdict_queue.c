/* SPDX-License-Identifier: MIT */
/* test_verdict_queue.c - who claims that a queue has lost or hidden what was
 * put into it, and whose queue has not. */
#include "test_verdict_pipes.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

/* Sleep on a word of ours until it is 0. */
static void sleep_on(_Atomic uint32_t *word)
{
    uint32_t value;

    while ((value = atomic_load(word)) != 0)
        syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

/* --- "not yet sent" --- */

static _Atomic uint32_t locks[2];

static struct {
    uint64_t writing;
    int64_t qsize, empty, came;
} told[2];

static bool sends_nothing; /* the second feeder */

/* Feeders: whoever has a lock will let it go, and then the item is sent. */
static void *feed_first(void *unused)
{
    sleep_on(&locks[0]);
    write_full(one[1], "item", 4);
    pause_for_ever();
    return unused;
}

static void *feed_second(void *unused)
{
    sleep_on(&locks[1]);
    if (!sends_nothing)
        write_full(two[1], "item", 4);
    pause_for_ever();
    return unused;
}

static void *pause_too(void *unused)
{
    pause_for_ever();
    return unused;
}

static void let_go(_Atomic uint32_t *lock)
{
    atomic_store(lock, 0);
    syscall(SYS_futex, lock, FUTEX_WAKE, 1, NULL, NULL, 0);
}

struct held {
    bool nobody_waits;
    bool free;                      /* nobody has the second lock */
    bool arrived;                   /* its item is in the pipe all the time */
    bool same;                      /* nothing comes when the locks are free */
    bool put_later;                 /* an item comes, and the lock is held */
    bool brother;                   /* a fork has the pipes, and could put */
    bool third;                     /* and so could a third thread */
    bool files;                     /* what should be a pipe is a file */
    bool puts_nothing, knows, gets; /* what it was told of the second */
};

static int tell_held(struct witness *w, const struct held *t)
{
    if (open_both())
        return -EIO;
    for (int k = 0; k < 2; k++) {
        locks[k] = (uint32_t)getpid();
        told[k].writing = (uint64_t)(uintptr_t)&locks[k];
        told[k].qsize = told[k].empty = 1;
    }
    if (t->free)
        locks[1] = FUTEX_WAITERS;
    told[1].qsize = !t->puts_nothing;
    told[1].empty = !t->knows;
    told[1].came = t->gets;
    sends_nothing = t->same;
    if (!t->nobody_waits) {
        start_thread(feed_first);
        start_thread(feed_second);
    }
    if (t->third)
        start_thread(pause_too);
    if (t->brother)
        fork_to(wait_for_ever);
    if (t->arrived)
        write_full(two[1], "item", 4);
    witness_victim(w, getpid());
    witness_memory(w, "told", told);
    witness_fd(w, "told", one[0]);
    witness_child_fd(w, t->files ? w->memory : two[0]);
    witness_show(w, 1);
    let_go(&locks[0]);
    if (t->put_later)
        write_full(two[1], "item", 4);
    else
        let_go(&locks[1]);
    witness_show(w, 2);
    return 0;
}

#define HELD(name, ...)                                                        \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell_held(w, &(struct held){__VA_ARGS__});                      \
    }

HELD(holds_nothing, .nobody_waits = true)
HELD(has_a_free_lock, .free = true)
HELD(has_it_already, .arrived = true)
HELD(never_sends, .same = true)
HELD(puts_another, .put_later = true)
HELD(has_a_brother_who_puts, .brother = true)
HELD(has_a_third_thread, .third = true)
HELD(has_no_pipe, .files = true)
HELD(has_put_nothing, .puts_nothing = true)
HELD(was_told_the_truth, .knows = true)
HELD(got_it, .gets = true)
HELD(holds_it_back, .same = false)

static void impostors_of_what_is_held_back_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {holds_nothing, "no feeder waits"},
        {has_a_free_lock, "nobody has the lock"},
        {has_it_already, "the pipe is not empty"},
        {never_sends, "nothing came"},
        {puts_another, "has the lock still"},
        {has_a_brother_who_puts, "could write into pipe"},
        {has_a_third_thread, "has 4 threads"},
        {has_no_pipe, "is no pipe"},
        {has_put_nothing, "qsize() was 0"},
        {was_told_the_truth, "empty() 0"},
        {got_it, "and 1 came"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "not yet sent", list);
}

/* --- "never sent" --- */

enum { PIECE = 4096, PUT = 1000 };

static int64_t was_put[2];
static int shown[2]; /* a byte: the first stage has been looked at */

struct exit {
    bool all;        /* the second pipe has all of its items */
    bool no_feeder;  /* nobody would send the rest */
    bool taken;      /* something is got before the second look */
    bool stays;      /* the child does not end */
    bool fails;      /* it ends with 3 */
    bool grandchild; /* it is no child of who says so */
    bool brother;    /* another fork has the pipes, and what is in them */
    bool feeder;     /* and so has a thread of who says so */
};

static void *send_put(void *pipe)
{
    static char items[PUT * PIECE];

    write_full(((int *)pipe)[1], items, sizeof items);
    return NULL;
}

static void start_to_send(int *pipe)
{
    pthread_t id;

    if (pthread_create(&id, NULL, send_put, pipe) != 0)
        _exit(1);
}

static _Noreturn void leave(struct witness *w, const struct exit *t)
{
    static char item[PIECE];

    if (t->grandchild && fork() != 0)
        pause_for_ever();
    was_put[0] = PUT;
    was_put[1] = t->all ? 1 : PUT;
    witness_child(w, getpid());
    start_to_send(one);
    if (t->all || t->no_feeder)
        write_full(two[1], item, sizeof item);
    else
        start_to_send(two);
    witness_show(w, 1);
    write_full(shown[1], "", 1);
    if (t->stays)
        pause_for_ever();
    _exit(t->fails ? 3 : 0);
}

static int tell_exit(struct witness *w, const struct exit *t)
{
    siginfo_t ended;
    char item[PIECE];
    pid_t child;

    if (open_both() || fd_pipe(shown) < 0)
        return -EIO;
    witness_victim(w, getpid());
    witness_memory(w, "put", &was_put[0]);
    witness_child_memory(w, &was_put[1]);
    witness_fd(w, "put", one[0]);
    witness_child_fd(w, two[0]);
    witness_count(w, PIECE);
    if (t->brother)
        fork_to(wait_for_ever);
    child = fork();
    if (child == 0)
        leave(w, t);
    if (t->feeder)
        start_to_send(one); /* the same */
    read_full(shown[0], item, 1);
    if (!t->stays && !t->grandchild)
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
EXIT(sends_no_more, .no_feeder = true)
EXIT(takes_some, .taken = true)
EXIT(stays, .stays = true)
EXIT(fails, .fails = true)
EXIT(leaves_it_to_a_grandchild, .grandchild = true)
EXIT(has_a_brother_who_could, .brother = true)
EXIT(sends_them_itself, .feeder = true)
EXIT(loses_some, .all = false)

static void impostors_of_what_is_never_sent_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {sends_all, "holds all 1 items"},
        {takes_some, "another content"},
        {sends_no_more, "waits for room in pipe"},
        {stays, "has not ended"},
        {fails, "did not end well"},
        {leaves_it_to_a_grandchild, "is no child of"},
        {has_a_brother_who_could, "could write into pipe"},
        {sends_them_itself, "has 2 threads"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "never sent", list);
}

/* --- and those that are true --- */

static void what_is_so_is_proven(void **state)
{
    const struct hazard list[] = {
        {.expect = LOSES, .evidence = "not yet sent", .run = holds_it_back},
        {.expect = LOSES, .evidence = "never sent", .run = loses_some},
    };

    (void)state;
    all_proven(list, sizeof list / sizeof *list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_what_is_held_back_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_what_is_never_sent_are_not_proven, patient,
            census_end),
        PROMISE(what_is_so_is_proven),
    };

    return RUN_PROMISES(tests);
}
