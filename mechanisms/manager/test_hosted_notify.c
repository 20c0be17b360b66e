/* SPDX-License-Identifier: MIT */
// tsan: yes
/* test_hosted_notify.c - wait and notify of a Condition in a server: who is
 * woken, when, and what becomes of it when one dies. */
#include "manager/test_waiting.h"
#include "sync/test_together.h"

enum { GUESTS = 6 };

/* --- who is woken, and when --- */

static struct object *open_condition(void)
{
    return house_open(&condition_type, datum_tuple(""));
}

static void guest_notify(struct guest *g, struct object *o, int64_t n)
{
    assert_string_equal(guest_call(g, o, "acquire"), "True");
    assert_string_equal(guest_ask(g, o, "notify", datum_tuple("i", n)), "None");
    assert_string_equal(guest_call(g, o, "release"), "None");
}

static void the_first_is_notified_first(void **state)
{
    struct object *o = open_condition();
    struct guest g[GUESTS];

    (void)state;
    guests_open(g, GUESTS);
    for (size_t i = 1; i < GUESTS; i++)
        guest_wait_for(&g[i], o, 0);
    guest_notify(&g[0], o, 1);
    guest_end(&g[1], "True");
    for (size_t i = 2; i < GUESTS; i++)
        guest_expect_asleep(&g[i]);
    assert_string_equal(guest_call(&g[1], o, "release"), "None");
    guest_notify(&g[0], o, 2);
    guest_end(&g[2], "True");
    guest_expect_asleep(&g[3]); /* the lock is not its own yet */
    assert_ptr_equal(o->holder, &g[2].client);
    guest_call(&g[2], o, "release");
    guest_end(&g[3], "True");
    guest_call(&g[3], o, "release");
    guest_call(&g[0], o, "acquire");
    guest_call(&g[0], o, "notify_all");
    guest_expect_asleep(&g[4]);
    guest_call(&g[0], o, "release");
    guest_end(&g[4], "True");
    guest_call(&g[4], o, "release");
    guest_end(&g[5], "True");
    guest_call(&g[5], o, "release");
    house_expect_repr(o, "<Condition(<unlocked _thread.RLock object owner=0 "
                         "count=0 at 0x0>, 0)>");
    guests_close(g, GUESTS);
    hosted_close(o);
}

static void who_notifies_keeps_the_lock(void **state)
{
    struct object *o = open_condition();
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_wait_for(&g[1], o, 0);
    guest_call(&g[0], o, "acquire");
    assert_string_equal(guest_ask(&g[0], o, "notify", datum_tuple("s", "a")),
                        "TypeError(\"'>' not supported between instances of "
                        "'str' and 'int'\")");
    guest_ask(&g[0], o, "notify", datum_tuple("d", 0.5));
    guest_expect_asleep(&g[1]);
    guest_call(&g[0], o, "release");
    guest_end(&g[1], "True");
    guests_close(g, 2);
    hosted_close(o);
}

/* Taken three times, it is free while one waits, and taken three times after.
 */
static void an_rlock_is_had_back_as_often(void **state)
{
    struct object *o = open_condition();
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_call(&g[1], o, "acquire");
    guest_call(&g[1], o, "acquire");
    guest_wait_for(&g[1], o, 0);
    guest_notify(&g[0], o, 1);
    guest_end(&g[1], "True");
    for (int i = 0; i < 3; i++) {
        assert_string_equal(guest_ask(&g[0], o, "acquire", datum_tuple("b", 0)),
                            "False");
        assert_string_equal(guest_call(&g[1], o, "release"), "None");
    }
    assert_string_equal(guest_ask(&g[0], o, "acquire", datum_tuple("b", 0)),
                        "True");
    guests_close(g, 2);
    hosted_close(o);
}

/* How many wait to be notified: its repr ends with that.  Under its lock. */
static int count_locked(struct object *o)
{
    struct buffer text = {0};
    struct call call = {.object = o};
    int n;

    assert_int_equal(condition_type.repr(&call, o->state, &text), 0);
    n = text.bytes[text.length - 3] - '0';
    buffer_free(&text);
    return n;
}

static int count_waiting(struct object *o)
{
    int n;

    pthread_mutex_lock(o->lock);
    n = count_locked(o);
    pthread_mutex_unlock(o->lock);
    return n;
}

/* It waits for the lock without a bound, and then says that it was late; no
 * notification is spent on it. */
static void who_is_late_has_the_lock_back(void **state)
{
    struct object *o = open_condition();
    struct guest g[3];

    (void)state;
    guests_open(g, 3);
    guest_wait_for(&g[2], o, 0);
    guest_call(&g[1], o, "acquire");
    guest_wait(&g[0], o, "acquire", datum_tuple(""));
    guest_begin(&g[1], o, "wait", datum_tuple("d", 0.01));
    guest_end(&g[0], "True");
    while (count_waiting(o) > 1)
        sched_yield();
    guest_expect_asleep(&g[1]);
    guest_ask(&g[0], o, "notify", datum_tuple("i", (int64_t)2));
    guest_call(&g[0], o, "release");
    guest_end(&g[1], "False");
    guest_expect_asleep(&g[2]);
    guest_call(&g[1], o, "release");
    guest_end(&g[2], "True");
    guests_close(g, 3);
    hosted_close(o);
}

/*
 * A notified one's deadline passes while it waits for the lock: it was notified
 * nevertheless.  False: it passed before that, so try with a longer one.
 */
static bool is_notified_in_time(struct guest *g, struct object *o,
                                double timeout)
{
    struct datum none = datum_tuple("");
    int64_t deadline;
    bool in_time;

    assert_string_equal(guest_call(&g[1], o, "acquire"), "True");
    guest_wait(&g[0], o, "acquire", datum_tuple(""));
    guest_begin(&g[1], o, "wait", datum_tuple("d", timeout));
    guest_end(&g[0], "True");
    deadline = clock_deadline((int64_t)(timeout * (double)SECOND));
    pthread_mutex_lock(o->lock);
    in_time = count_locked(o) == 1;
    guest_run_locked(&g[0], o, "notify", &none);
    pthread_mutex_unlock(o->lock);
    while (clock_now() < deadline)
        sched_yield();
    guest_expect_asleep(&g[1]);
    guest_call(&g[0], o, "release");
    guest_end(&g[1], in_time ? "True" : "False");
    guest_call(&g[1], o, "release");
    return in_time;
}

static void who_is_notified_is_not_late(void **state)
{
    struct object *o = open_condition();
    struct guest g[2];
    double timeout = 0.02;

    (void)state;
    guests_open(g, 2);
    while (!is_notified_in_time(g, o, timeout))
        timeout *= 2;
    guests_close(g, 2);
    hosted_close(o);
}

/* --- those who die --- */

static void the_dead_are_not_notified(void **state)
{
    struct object *o = open_condition();
    struct guest g[4];

    (void)state;
    guests_open(g, 4);
    for (size_t i = 1; i < 4; i++)
        guest_wait_for(&g[i], o, 0);
    guest_die(&g[1]);
    guest_end(&g[1], "-ECANCELED");
    guest_notify(&g[0], o, 1);
    guest_end(&g[2], "True");
    guest_call(&g[2], o, "release");
    /* It dies with the notification, waiting for the lock. */
    guest_wait_for(&g[2], o, 0);
    guest_call(&g[0], o, "acquire");
    guest_call(&g[0], o, "notify");
    guest_die(&g[3]);
    guest_end(&g[3], "-ECANCELED");
    guest_expect_asleep(&g[2]);
    guest_call(&g[0], o, "release");
    guest_end(&g[2], "True");
    guests_close(g, 4);
    hosted_close(o);
}

/* It dies with the notification and the lock that it was handed. */
static void what_the_dead_were_given_goes_on(void **state)
{
    struct object *o = open_condition();
    struct guest g[4];

    (void)state;
    guests_open(g, 4);
    guest_wait_for(&g[1], o, 0);
    guest_wait_for(&g[2], o, 0);
    guest_call(&g[0], o, "acquire");
    guest_call(&g[0], o, "notify");
    guest_give_to_dead(&g[0], o, "release", datum_tuple(""), &g[1]);
    guest_end(&g[1], "-ECANCELED");
    guest_end(&g[2], "True");
    guest_call(&g[2], o, "release");
    assert_string_equal(guest_call(&g[3], o, "acquire"), "True");
    guests_close(g, 4);
    hosted_close(o);
}

/* Who came after the notification is not woken by what is left of it. */
static void a_later_one_is_not_woken_for_nothing(void **state)
{
    struct object *o = open_condition();
    struct guest g[4];

    (void)state;
    guests_open(g, 4);
    guest_wait_for(&g[1], o, 0);
    guest_wait_for(&g[2], o, 0);
    guest_call(&g[0], o, "acquire");
    guest_call(&g[0], o, "notify_all");
    guest_wait(&g[0], o, "wait", datum_tuple("")); /* g[1] has the lock now */
    guest_end(&g[1], "True");
    guest_die(&g[2]);
    guest_end(&g[2], "-ECANCELED");
    guest_expect_asleep(&g[0]);
    assert_string_equal(guest_call(&g[1], o, "release"), "None");
    assert_string_equal(guest_call(&g[3], o, "acquire"), "True");
    guest_expect_asleep(&g[0]);
    guest_call(&g[3], o, "notify");
    guest_call(&g[3], o, "release");
    guest_end(&g[0], "True");
    guests_close(g, 4);
    hosted_close(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_is_notified_first),
        TEST(who_notifies_keeps_the_lock),
        TEST(an_rlock_is_had_back_as_often),
        TEST(who_is_late_has_the_lock_back),
        TEST(who_is_notified_is_not_late),
        TEST(the_dead_are_not_notified),
        TEST(what_the_dead_were_given_goes_on),
        TEST(a_later_one_is_not_woken_for_nothing),
    };

    start_the_first_thread();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
