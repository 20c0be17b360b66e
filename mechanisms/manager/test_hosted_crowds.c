/* SPDX-License-Identifier: MIT */
// tsan: yes
/* test_hosted_crowds.c - the hosted types that wait, by many at once who do it
 * again and again: nobody is lost, and the counts are right. */
#include "manager/test_waiting.h"
#include "sync/test_together.h"

/* --- locks and semaphores --- */

enum { CROWD = 5, TRIES = 300, PLACES = 2 };

struct crowd {
    struct guest guest;
    pthread_t thread;
    struct object *lock;
    uint64_t seed, taken;
};

static _Atomic int inside, most;

/* Some give up after a moment; who got in counts. */
static void *crowd_main(void *argument)
{
    struct crowd *c = argument;

    for (int i = 0; i < TRIES; i++) {
        double patience = (double)(test_mix(&c->seed) % 4) * 50e-6;
        int now, seen;

        guest_ask(&c->guest, c->lock, "acquire",
                  datum_tuple("bd", 1, patience));
        if (strcmp(c->guest.said, "True") != 0)
            continue;
        c->taken++;
        now = atomic_fetch_add(&inside, 1) + 1;
        seen = atomic_load(&most);
        while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
            ;
        sched_yield();
        atomic_fetch_sub(&inside, 1);
        guest_call(&c->guest, c->lock, "release");
    }
    return NULL;
}

static void run_crowd(struct object *lock, int places)
{
    struct crowd c[CROWD];
    uint64_t taken = 0;

    atomic_store(&most, 0);
    for (size_t i = 0; i < CROWD; i++) {
        c[i] = (struct crowd){.lock = lock, .seed = test_seed + i};
        guest_open(&c[i].guest);
    }
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&c[i].thread, NULL, crowd_main, &c[i]),
                         0);
    for (size_t i = 0; i < CROWD; i++) {
        pthread_join(c[i].thread, NULL);
        taken += c[i].taken;
        assert_int_equal(c[i].guest.client.holds, 0);
        guest_close(&c[i].guest);
    }
    assert_true(taken > 0);
    assert_true(atomic_load(&most) <= places);
    assert_int_equal(atomic_load(&inside), 0);
}

static void a_crowd_keeps_the_counts(void **state)
{
    struct object *lock = house_open(&lock_type, datum_tuple("")),
                  *rlock = house_open(&rlock_type, datum_tuple("")),
                  *semaphore = house_open(&bounded_semaphore_type,
                                          datum_tuple("i", (int64_t)PLACES));

    (void)state;
    run_crowd(lock, 1);
    run_crowd(rlock, 1);
    run_crowd(semaphore, PLACES);
    house_expect_repr(lock, "<unlocked _thread.lock object at 0x0>");
    house_expect_repr(rlock,
                      "<unlocked _thread.RLock object owner=0 count=0 at 0x0>");
    house_expect_repr(semaphore,
                      "<threading.BoundedSemaphore at 0x0: value=2/2>");
    hosted_close(lock);
    hosted_close(rlock);
    hosted_close(semaphore);
}

/* --- a queue --- */

enum { SIDES = 3, ITEMS = 300 };

struct worker {
    struct guest guest;
    pthread_t thread;
    struct object *queue;
    int64_t number, sum, last[SIDES];
    bool in_order;
};

static void *put_all(void *argument)
{
    struct worker *w = argument;

    for (int64_t i = 1; i <= ITEMS; i++)
        do
            guest_ask(&w->guest, w->queue, "put",
                      datum_tuple("ibd", w->number * 10000 + i, 1, 1e-4));
        while (strcmp(w->guest.said, "Full()") == 0);
    return NULL;
}

/* Of what one has put, each getter sees later items later. */
static void *get_all(void *argument)
{
    struct worker *w = argument;

    for (int64_t n = 0; n < ITEMS;) {
        int64_t item, from;

        guest_ask(&w->guest, w->queue, "get", datum_tuple("bd", 1, 1e-4));
        if (strcmp(w->guest.said, "Empty()") == 0)
            continue;
        item = strtoll(w->guest.said, NULL, 10);
        from = item / 10000;
        w->in_order =
            w->in_order && from >= 0 && from < SIDES && item > w->last[from];
        if (w->in_order)
            w->last[from] = item;
        w->sum += item;
        n++;
        guest_call(&w->guest, w->queue, "task_done");
    }
    return NULL;
}

static void every_item_arrives_once(void **state)
{
    struct object *o = house_open(&queue_type, datum_tuple("i", (int64_t)4));
    struct worker w[2 * SIDES];
    int64_t sum = 0, expected = 0;

    (void)state;
    for (int i = 0; i < 2 * SIDES; i++) {
        w[i] =
            (struct worker){.queue = o, .number = i % SIDES, .in_order = true};
        guest_open(&w[i].guest);
        assert_int_equal(pthread_create(&w[i].thread, NULL,
                                        i < SIDES ? put_all : get_all, &w[i]),
                         0);
    }
    for (int i = 0; i < 2 * SIDES; i++) {
        pthread_join(w[i].thread, NULL);
        assert_true(w[i].in_order);
        sum += w[i].sum;
        if (i < SIDES)
            expected += ITEMS * (i * 10000) + ITEMS * (ITEMS + 1) / 2;
    }
    assert_int_equal(sum, expected);
    assert_string_equal(guest_call(&w[0].guest, o, "join"), "None");
    assert_string_equal(guest_call(&w[0].guest, o, "qsize"), "0");
    for (int i = 0; i < 2 * SIDES; i++)
        guest_close(&w[i].guest);
    hosted_close(o);
}

/* --- a count that may be 0 to 2, with two conditions --- */

enum { TIMES = 150 };

struct player {
    struct guest guest;
    pthread_t thread;
    struct object *lock, *mine, *theirs;
    int step, bound;
    bool ok;
};

static int level; /* with the lock */

static void *play(void *argument)
{
    struct player *w = argument;
    struct guest *g = &w->guest;

    for (int i = 0; i < TIMES; i++) {
        guest_call(g, w->lock, "acquire");
        while (level == w->bound)
            w->ok =
                strcmp(guest_call(g, w->mine, "wait"), "True") == 0 && w->ok;
        level += w->step;
        w->ok = level >= 0 && level <= 2 && w->ok;
        guest_call(g, w->theirs, "notify");
        guest_call(g, w->lock, "release");
    }
    return NULL;
}

static void a_bounded_buffer_runs_through(void **state)
{
    struct object *lock = house_open(&lock_type, datum_tuple("")),
                  *more = house_open(&condition_type,
                                     datum_tuple("O", house_proxy(lock))),
                  *less = house_open(&condition_type,
                                     datum_tuple("O", house_proxy(lock)));
    struct player w[2 * SIDES];

    (void)state;
    level = 0;
    for (int i = 0; i < 2 * SIDES; i++) {
        bool gives = i < SIDES;

        w[i] = (struct player){.lock = lock,
                               .mine = gives ? less : more,
                               .theirs = gives ? more : less,
                               .step = gives ? 1 : -1,
                               .bound = gives ? 2 : 0,
                               .ok = true};
        guest_open(&w[i].guest);
        assert_int_equal(pthread_create(&w[i].thread, NULL, play, &w[i]), 0);
    }
    for (int i = 0; i < 2 * SIDES; i++) {
        pthread_join(w[i].thread, NULL);
        assert_true(w[i].ok);
        assert_int_equal(w[i].guest.client.holds, 0);
        guest_close(&w[i].guest);
    }
    assert_int_equal(level, 0);
    hosted_close(more);
    hosted_close(less);
    hosted_close(lock);
}

/* --- a barrier --- */

enum { PARTIES = 3 };

struct party {
    struct guest guest;
    pthread_t thread;
    struct object *barrier;
    bool ok;
};

static _Atomic int came, indexes;

/* Between two rounds everybody has come as often as everybody else. */
static void *meet(void *argument)
{
    struct party *p = argument;

    for (int i = 1; i <= TIMES; i++) {
        atomic_fetch_add(&came, 1);
        guest_call(&p->guest, p->barrier, "wait");
        atomic_fetch_add(&indexes, atoi(p->guest.said));
        p->ok = p->ok && atomic_load(&came) == i * PARTIES;
        guest_call(&p->guest, p->barrier, "wait");
        atomic_fetch_add(&indexes, atoi(p->guest.said));
        p->ok = p->ok && strlen(p->guest.said) == 1;
    }
    return NULL;
}

static void many_rounds_keep_together(void **state)
{
    struct object *o =
        house_open(&barrier_type, datum_tuple("i", (int64_t)PARTIES));
    struct party p[PARTIES];

    (void)state;
    atomic_store(&came, 0);
    atomic_store(&indexes, 0);
    for (size_t i = 0; i < PARTIES; i++) {
        p[i] = (struct party){.barrier = o, .ok = true};
        guest_open(&p[i].guest);
        assert_int_equal(pthread_create(&p[i].thread, NULL, meet, &p[i]), 0);
    }
    for (size_t i = 0; i < PARTIES; i++) {
        pthread_join(p[i].thread, NULL);
        assert_true(p[i].ok);
        guest_close(&p[i].guest);
    }
    assert_int_equal(atomic_load(&indexes), 2 * TIMES * (0 + 1 + 2));
    hosted_close(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_crowd_keeps_the_counts),
        TEST(every_item_arrives_once),
        TEST(a_bounded_buffer_runs_through),
        TEST(many_rounds_keep_together),
    };

    test_take_seed();
    start_the_first_thread();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
