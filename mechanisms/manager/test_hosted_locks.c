/* SPDX-License-Identifier: MIT */
/* test_hosted_locks.c - Lock and RLock in a server: against a python3's, and
 * with many who wait. */
#include "manager/test_waiting.h"

enum { GUESTS = 5 };

/* --- as Python has them --- */

static const struct hosted_case lock_cases[] = {
    {"()", "acquire", "(False)"},
    {"()", "acquire", "(0, 0)"},
    {"()", "acquire", "(False, 1)"},
    {"()", "acquire", "(False, -1)"},
    {"()", "acquire", "(True, -2)"},
    {"()", "acquire", "(True, -1.0)"},
    {"()", "acquire", "(True, -0.5)"},
    {"()", "acquire", "(True, -1e-12)"},
    {"()", "acquire", "(True, None)"},
    {"()", "acquire", "(True, 'a')"},
    {"()", "acquire", "('a')"},
    {"()", "acquire", "([])"},
    {"()", "acquire", "(None)"},
    {"()", "acquire", "(1.5)"},
    {"()", "acquire", "(timeout=1e10)"},
    {"()", "acquire", "(timeout=1e10)"},
    {"()", "acquire", "(timeout=-1e10)"},
    {"()", "acquire", "(timeout=9e9)"},
    {"()", "acquire", "(timeout=10**30)"},
    {"()", "acquire", "(timeout=-10**30)"},
    {"()", "acquire", "(timeout=float('nan'))"},
    {"()", "acquire", "(timeout=float('inf'))"},
    {"()", "acquire", "(1, 2, 3)"},
    {"()", "acquire", "(x=1)"},
    {"()", "acquire", "(1, blocking=1)"},
    {"()", "acquire", "(1, 2, timeout=1)"},
    {"()", "acquire", "(2**31)"},
    {"()", "acquire", "(-2**31 - 1)"},
    {"()", "acquire", "(-2**31)"},
    {"()", "acquire", "(blocking=2**70)"},
    {"()", "acquire", "(False, timeout=1e10)"},
    {"()", "acquire", "(False, timeout='a')"},
    {"()", "acquire", "(True, True)"},
    {"", "acquire", "(timeout=0)"},
    {"", "acquire", "(timeout=1e-12)"},
    {"", "acquire", "(False)"},
    {"", "acquire", "(False, 1)"},
    {"", "release", "(1)"},
    {"", "release", "(x=1)"},
    {"", "release", "()"},
    {"", "release", "()"},
    {"", "acquire", "()"},
    {"", "release", "()"},
};

static void a_lock_is_as_pythons(void **state)
{
    static const struct hosted_case made[] = {
        {"(1)", "", ""}, {"(x=1)", "", ""}, {"()", "release", "()"}};

    (void)state;
    waiting_compare(&lock_type, "threading.Lock", lock_cases,
                    sizeof lock_cases / sizeof *lock_cases);
    waiting_compare(&lock_type, "threading.Lock", made,
                    sizeof made / sizeof *made);
}

static void an_rlock_is_as_pythons(void **state)
{
    static const struct hosted_case more[] = {
        {"(1)", "acquire", "()"}, {"(x=1)", "acquire", "()"},
        {"", "acquire", "()"},    {"", "acquire", "(False)"},
        {"", "release", "()"},    {"", "release", "()"},
        {"", "release", "()"},    {"", "release", "()"},
    };
    struct hosted_case cases[sizeof lock_cases / sizeof *lock_cases];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof lock_cases / sizeof *lock_cases; i++)
        cases[n++] = lock_cases[i];
    waiting_compare(&rlock_type, "threading.RLock", cases, n);
    waiting_compare(&rlock_type, "threading.RLock", more,
                    sizeof more / sizeof *more);
}

/* --- a Lock with many --- */

static void locks_go_round_in_the_order_of_arrival(void **state)
{
    const struct hosted_type *const types[] = {&lock_type, &rlock_type};

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        struct object *o = house_open(types[t], datum_tuple(""));
        struct guest g[GUESTS];

        guests_open(g, GUESTS);
        assert_string_equal(guest_call(&g[0], o, "acquire"), "True");
        for (size_t i = 1; i < GUESTS; i++)
            guest_wait(&g[i], o, "acquire", datum_tuple(""));
        for (size_t i = 0; i + 1 < GUESTS; i++) {
            assert_string_equal(guest_call(&g[i], o, "release"), "None");
            guest_end(&g[i + 1], "True");
            for (size_t k = i + 2; k < GUESTS; k++)
                guest_expect_asleep(&g[k]);
            assert_string_equal(
                guest_ask(&g[i], o, "acquire", datum_tuple("b", 0)), "False");
        }
        assert_string_equal(guest_call(&g[GUESTS - 1], o, "release"), "None");
        assert_null(o->holder);
        guests_close(g, GUESTS);
        hosted_close(o);
    }
}

/* It has an owner before that one runs. */
static void nobody_is_quicker_than_who_waits(void **state)
{
    struct object *o = house_open(&lock_type, datum_tuple(""));
    struct guest g[3];
    struct datum none = datum_tuple(""), no = datum_tuple("b", 0);

    (void)state;
    guests_open(g, 3);
    guest_call(&g[0], o, "acquire");
    guest_wait(&g[1], o, "acquire", datum_tuple(""));
    pthread_mutex_lock(o->lock);
    guest_run_locked(&g[0], o, "release", &none);
    guest_run_locked(&g[2], o, "acquire", &no);
    pthread_mutex_unlock(o->lock);
    assert_string_equal(g[2].said, "False");
    guest_end(&g[1], "True");
    assert_string_equal(guest_call(&g[2], o, "release"), "None");
    guests_close(g, 3);
    hosted_close(o);
}

static void who_gave_up_gets_no_lock(void **state)
{
    struct object *o = house_open(&lock_type, datum_tuple(""));
    struct guest g[4];

    (void)state;
    guests_open(g, 4);
    guest_call(&g[0], o, "acquire");
    guest_begin(&g[1], o, "acquire", datum_tuple("bd", 1, 0.01));
    guest_end(&g[1], "False");
    guest_wait(&g[1], o, "acquire", datum_tuple("bd", 1, 60.0));
    guest_wait(&g[2], o, "acquire", datum_tuple(""));
    guest_wait(&g[3], o, "acquire", datum_tuple(""));
    guest_die(&g[2]);
    guest_end(&g[2], "-ECANCELED");
    guest_die(&g[1]);
    guest_end(&g[1], "-ECANCELED");
    guest_call(&g[0], o, "release");
    guest_end(&g[3], "True");
    guest_call(&g[3], o, "release");
    house_expect_repr(o, "<unlocked _thread.lock object at 0x0>");
    guests_close(g, 4);
    hosted_close(o);
}

static void a_lock_given_to_the_dead_goes_on(void **state)
{
    struct object *o = house_open(&lock_type, datum_tuple(""));
    struct guest g[4];

    (void)state;
    guests_open(g, 4);
    guest_call(&g[0], o, "acquire");
    for (size_t i = 1; i < 4; i++)
        guest_wait(&g[i], o, "acquire", datum_tuple(""));
    guest_give_to_dead(&g[0], o, "release", datum_tuple(""), &g[1]);
    guest_end(&g[1], "-ECANCELED");
    guest_end(&g[2], "True");
    guest_give_to_dead(&g[2], o, "release", datum_tuple(""), &g[3]);
    guest_end(&g[3], "-ECANCELED");
    assert_null(o->holder);
    assert_string_equal(guest_call(&g[0], o, "acquire"), "True");
    guests_close(g, 4);
    hosted_close(o);
}

/* --- who holds it --- */

static void a_lock_says_who_holds_it(void **state)
{
    struct object *o = house_open(&lock_type, datum_tuple(""));
    struct guest g[3];
    struct datum none = datum_tuple("");

    (void)state;
    guests_open(g, 3);
    guest_call(&g[0], o, "acquire");
    assert_ptr_equal(o->holder, &g[0].client);
    assert_int_equal(g[0].client.holds, 1);
    guest_wait(&g[1], o, "acquire", datum_tuple(""));
    guest_call(&g[2], o, "release"); /* anybody may */
    guest_end(&g[1], "True");
    assert_ptr_equal(o->holder, &g[1].client);
    assert_int_equal(g[0].client.holds, 0);
    assert_int_equal(g[1].client.holds, 1);
    /* What is released before the new owner's thread runs, it does not hold. */
    guest_wait(&g[0], o, "acquire", datum_tuple(""));
    pthread_mutex_lock(o->lock);
    guest_run_locked(&g[1], o, "release", &none);
    none = datum_tuple("");
    guest_run_locked(&g[2], o, "release", &none);
    pthread_mutex_unlock(o->lock);
    assert_string_equal(g[2].said, "None");
    guest_end(&g[0], "True");
    assert_null(o->holder);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(g[i].client.holds, 0);
    guests_close(g, 3);
    hosted_close(o);
}

static void what_a_dead_client_held_goes_to_the_next(void **state)
{
    struct object *o = house_open(&rlock_type, datum_tuple(""));
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_call(&g[0], o, "acquire");
    guest_call(&g[0], o, "acquire");
    assert_int_equal(g[0].client.holds, 1);
    guest_wait(&g[1], o, "acquire", datum_tuple(""));
    pthread_mutex_lock(o->lock);
    call_held(o);
    o->abandon(o->state);
    pthread_mutex_unlock(o->lock);
    guest_end(&g[1], "True");
    assert_ptr_equal(o->holder, &g[1].client);
    assert_string_equal(guest_call(&g[0], o, "release"),
                        "RuntimeError('cannot release un-acquired lock')");
    guests_close(g, 2);
    hosted_close(o);
}

static void an_rlock_is_its_threads(void **state)
{
    struct object *o = house_open(&rlock_type, datum_tuple(""));
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_call(&g[0], o, "acquire");
    guest_call(&g[0], o, "acquire");
    assert_string_equal(guest_call(&g[1], o, "release"),
                        "RuntimeError('cannot release un-acquired lock')");
    guest_wait(&g[1], o, "acquire", datum_tuple(""));
    guest_call(&g[0], o, "release");
    guest_expect_asleep(&g[1]);
    guest_call(&g[0], o, "release");
    guest_end(&g[1], "True");
    assert_string_equal(guest_ask(&g[0], o, "acquire", datum_tuple("b", 0)),
                        "False");
    guests_close(g, 2);
    hosted_close(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lock_is_as_pythons),
        TEST(an_rlock_is_as_pythons),
        TEST(locks_go_round_in_the_order_of_arrival),
        TEST(nobody_is_quicker_than_who_waits),
        TEST(who_gave_up_gets_no_lock),
        TEST(a_lock_given_to_the_dead_goes_on),
        TEST(a_lock_says_who_holds_it),
        TEST(what_a_dead_client_held_goes_to_the_next),
        TEST(an_rlock_is_its_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
