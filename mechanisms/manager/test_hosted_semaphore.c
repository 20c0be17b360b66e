/* SPDX-License-Identifier: MIT */
/* test_hosted_semaphore.c - Semaphore, BoundedSemaphore and Event in a server:
 * against a python3's, and with many who wait. */
#include "manager/test_waiting.h"

enum { GUESTS = 5 };

/* --- as Python has them --- */

static const struct hosted_case semaphore_cases[] = {
    {"(-1)", "", ""},
    {"(-2**70)", "", ""},
    {"('a')", "", ""},
    {"(None)", "", ""},
    {"(1, 2)", "", ""},
    {"(x=1)", "", ""},
    {"(1, value=1)", "", ""},
    {"(True)", "acquire", "()"},
    {"(value=1)", "acquire", "()"},
    {"()", "acquire", "(False, 1)"},
    {"", "acquire", "(False, None)"},
    {"()", "acquire", "(True, None)"},
    {"()", "acquire", "(True, -1)"},
    {"()", "acquire", "(True, 'a')"},
    {"", "acquire", "(True, 'a')"},
    {"", "acquire", "(True, [])"},
    {"", "acquire", "(True, -1)"},
    {"", "acquire", "(True, 0)"},
    {"", "acquire", "(True, 1e-4)"},
    {"", "acquire", "(True, 10**400)"},
    {"", "acquire", "(True, 1e10)"},
    {"", "acquire", "(False)"},
    {"", "acquire", "([])"},
    {"", "acquire", "(1, 2, 3)"},
    {"", "acquire", "(x=1)"},
    {"", "acquire", "(1, blocking=1)"},
    {"", "release", "(0)"},
    {"", "release", "(-1)"},
    {"", "release", "('a')"},
    {"", "release", "(None)"},
    {"", "release", "(0.5)"},
    {"", "release", "()"},
    {"", "acquire", "()"},
    {"", "acquire", "(False)"},
    {"(0)", "acquire", "(False)"},
    {"(3)", "acquire", "()"},
    {"", "acquire", "()"},
    {"", "release", "(n=2)"},
    {"", "acquire", "(timeout=0)"},
    {"", "acquire", "(timeout=0)"},
    {"", "acquire", "(timeout=0)"},
    {"", "acquire", "(timeout=0)"},
};

static void a_semaphore_is_as_pythons(void **state)
{
    static const struct hosted_case more[] = {
        {"()", "release", "()"},     {"", "release", "(True)"},
        {"", "release", "(1, 2)"},   {"", "release", "(x=2)"},
        {"", "acquire", "()"},       {"", "acquire", "()"},
        {"", "acquire", "()"},       {"", "acquire", "(False)"},
        {"()", "release", "(10**6)"}};

    (void)state;
    waiting_compare(&semaphore_type, "threading.Semaphore", semaphore_cases,
                    sizeof semaphore_cases / sizeof *semaphore_cases);
    waiting_compare(&semaphore_type, "threading.Semaphore", more,
                    sizeof more / sizeof *more);
}

static void a_bounded_semaphore_is_as_pythons(void **state)
{
    static const struct hosted_case more[] = {
        {"(2)", "release", "()"},  {"", "acquire", "()"},
        {"", "release", "(2)"},    {"", "acquire", "()"},
        {"", "release", "(3)"},    {"", "release", "(2)"},
        {"", "release", "()"},     {"", "release", "(1, 2)"},
        {"", "release", "(2**40)"}};
    struct hosted_case cases[sizeof semaphore_cases / sizeof *semaphore_cases];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cases[n++] = semaphore_cases[i];
    waiting_compare(&bounded_semaphore_type, "threading.BoundedSemaphore",
                    cases, n);
    waiting_compare(&bounded_semaphore_type, "threading.BoundedSemaphore", more,
                    sizeof more / sizeof *more);
}

static void an_event_is_as_pythons(void **state)
{
    static const struct hosted_case cases[] = {
        {"(1)", "", ""},
        {"(x=1)", "", ""},
        {"()", "is_set", "()"},
        {"", "wait", "(0)"},
        {"", "wait", "(-1)"},
        {"", "wait", "('a')"},
        {"", "wait", "([])"},
        {"", "wait", "(None, 1)"},
        {"", "wait", "(x=1)"},
        {"", "wait", "(0, timeout=1)"},
        {"", "wait", "(0.001)"},
        {"", "wait", "(timeout=0)"},
        {"", "wait", "(1e10)"},
        {"", "wait", "(1e10)"},
        {"", "wait", "(10**400)"},
        {"", "wait", "(-10**400)"},
        {"", "wait", "(float('nan'))"},
        {"", "wait", "(float('inf'))"},
        {"", "set", "(1)"},
        {"", "is_set", "(1)"},
        {"", "clear", "(1)"},
        {"", "clear", "(x=1)"},
        {"", "is_set", "()"},
        {"", "set", "()"},
        {"", "set", "()"},
        {"", "is_set", "()"},
        {"", "wait", "()"},
        {"", "wait", "('a')"},
        {"", "wait", "(1e10)"},
        {"", "clear", "()"},
        {"", "is_set", "()"},
        {"", "wait", "(0)"},
    };

    (void)state;
    waiting_compare(&event_type, "threading.Event", cases,
                    sizeof cases / sizeof *cases);
}

/* --- a Semaphore with many --- */

static void units_go_to_who_came_first(void **state)
{
    struct object *o =
        house_open(&semaphore_type, datum_tuple("i", (int64_t)0));
    struct guest g[GUESTS];

    (void)state;
    guests_open(g, GUESTS);
    for (size_t i = 0; i < GUESTS; i++)
        guest_wait(&g[i], o, "acquire", datum_tuple(""));
    guest_die(&g[1]);
    guest_end(&g[1], "-ECANCELED");
    guest_ask(&g[1], o, "release", datum_tuple("i", (int64_t)2));
    guest_end(&g[0], "True");
    guest_end(&g[2], "True");
    guest_expect_asleep(&g[3]);
    guest_expect_asleep(&g[4]);
    guest_give_to_dead(&g[0], o, "release", datum_tuple(""), &g[3]);
    guest_end(&g[3], "-ECANCELED");
    guest_end(&g[4], "True");
    house_expect_repr(o, "<threading.Semaphore at 0x0: value=0>");
    guest_ask(&g[0], o, "release", datum_tuple("i", INT64_MAX));
    guest_ask(&g[0], o, "release", datum_tuple("i", INT64_MAX));
    assert_string_equal(guest_call(&g[0], o, "acquire"), "True");
    guests_close(g, GUESTS);
    hosted_close(o);
}

static void a_unit_given_to_the_dead_is_kept(void **state)
{
    struct object *o =
        house_open(&bounded_semaphore_type, datum_tuple("i", (int64_t)1));
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_call(&g[0], o, "acquire");
    guest_wait(&g[1], o, "acquire", datum_tuple(""));
    guest_give_to_dead(&g[0], o, "release", datum_tuple(""), &g[1]);
    guest_end(&g[1], "-ECANCELED");
    house_expect_repr(o, "<threading.BoundedSemaphore at 0x0: value=1/1>");
    guests_close(g, 2);
    hosted_close(o);
}

/* --- an Event with many --- */

static void set_wakes_all_though_it_is_cleared(void **state)
{
    struct object *o = house_open(&event_type, datum_tuple(""));
    struct datum none = datum_tuple(""), again = datum_tuple("");
    struct guest g[GUESTS];

    (void)state;
    guests_open(g, GUESTS);
    for (size_t i = 1; i < GUESTS; i++)
        guest_wait(&g[i], o, "wait", datum_tuple(""));
    guest_die(&g[1]);
    guest_end(&g[1], "-ECANCELED");
    pthread_mutex_lock(o->lock);
    guest_run_locked(&g[0], o, "set", &none);
    guest_run_locked(&g[0], o, "clear", &again);
    pthread_mutex_unlock(o->lock);
    for (size_t i = 2; i < GUESTS; i++)
        guest_end(&g[i], "True");
    assert_string_equal(guest_ask(&g[0], o, "wait", datum_tuple("d", 0.001)),
                        "False");
    guests_close(g, GUESTS);
    hosted_close(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_semaphore_is_as_pythons),
        TEST(a_bounded_semaphore_is_as_pythons),
        TEST(an_event_is_as_pythons),
        TEST(units_go_to_who_came_first),
        TEST(a_unit_given_to_the_dead_is_kept),
        TEST(set_wakes_all_though_it_is_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
