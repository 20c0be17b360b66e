/* SPDX-License-Identifier: MIT */
/* test_hosted_barrier.c - Barrier in a server: against a python3's, and with
 * all its parties. */
#include "manager/test_waiting.h"

enum { PARTIES = 3, ROUNDS = 10 };

/* --- as Python has it --- */

static const struct hosted_case cases[] = {
    {"()", "", ""},
    {"(1, 2, 3, 4)", "", ""},
    {"(1, x=3)", "", ""},
    {"(1)", "wait", "()"},
    {"", "wait", "(1)"},
    {"", "wait", "(None)"},
    {"", "wait", "('x')"},
    {"", "wait", "(timeout=-1)"},
    {"", "wait", "(1, 2)"},
    {"", "wait", "(x=2)"},
    {"", "abort", "(1)"},
    {"", "reset", "(1)"},
    {"", "__getattribute__", "('parties')"},
    {"", "__getattribute__", "('n_waiting')"},
    {"", "__getattribute__", "('broken')"},
    {"", "__getattribute__", "('x')"},
    {"", "__getattribute__", "(1)"},
    {"", "__getattribute__", "()"},
    {"", "__getattribute__", "('parties', 2)"},
    {"", "__getattribute__", "(name='parties')"},
    {"", "reset", "()"},
    {"", "abort", "()"},
    {"", "wait", "()"},
    {"", "wait", "('x')"},
    {"", "__getattribute__", "('broken')"},
    {"", "__getattribute__", "('n_waiting')"},
    {"", "reset", "()"},
    {"", "__getattribute__", "('broken')"},
    {"", "wait", "()"},
    {"(0)", "wait", "(0)"},
    {"", "__getattribute__", "('broken')"},
    {"(-1)", "__getattribute__", "('parties')"},
    {"", "wait", "(0)"},
    {"(2, None, -1)", "wait", "()"},
    {"(2, None, 0)", "wait", "()"},
    {"(2, None, 0)", "wait", "(None)"},
    {"(2, timeout=0.001)", "wait", "()"},
    {"(parties=2, action=None, timeout=None)", "wait", "(0)"},
    {"(2, timeout='x')", "wait", "()"},
    {"", "__getattribute__", "('broken')"},
    {"", "wait", "(0)"},
    {"", "wait", "()"},
    {"", "reset", "()"},
    {"", "wait", "(-1)"},
    {"", "reset", "()"},
    {"", "wait", "('x')"},
    {"", "wait", "([])"},
    {"", "wait", "(10**400)"},
    {"", "wait", "(1e10)"},
    {"", "__getattribute__", "('n_waiting')"},
    {"", "__getattribute__", "('broken')"},
    {"", "wait", "(1e-4)"},
    {"", "__getattribute__", "('broken')"},
};

static void a_barrier_is_as_pythons(void **state)
{
    (void)state;
    waiting_compare(&barrier_type, "threading.Barrier", cases,
                    sizeof cases / sizeof *cases);
}

static void an_action_cannot_come(void **state)
{
    struct datum raised = {0},
                 arguments = datum_tuple("ii", (int64_t)2, (int64_t)3);
    struct guest g = {.far = -1};

    (void)state;
    assert_null(hosted_open(&barrier_type, &arguments, NULL, &raised));
    guest_note(&g, RAISED, &raised);
    assert_string_equal(g.said, "TypeError(\"'int' object is not callable\")");
    datum_drop(&arguments);
}

/* --- all its parties --- */

static struct object *open_barrier(int64_t parties)
{
    return house_open(&barrier_type, datum_tuple("i", parties));
}

static void expect(struct guest *g, struct object *o, const char *name,
                   const char *expected)
{
    assert_string_equal(
        guest_ask(g, o, "__getattribute__", datum_tuple("s", name)), expected);
}

static void three_meet_ten_times(void **state)
{
    struct object *o = open_barrier(PARTIES);
    struct guest g[PARTIES];

    (void)state;
    guests_open(g, PARTIES);
    for (int round = 0; round < ROUNDS; round++) {
        guest_wait(&g[0], o, "wait", datum_tuple(""));
        expect(&g[2], o, "n_waiting", "1");
        guest_wait(&g[1], o, "wait", datum_tuple("d", 60.0));
        expect(&g[2], o, "n_waiting", "2");
        assert_string_equal(guest_call(&g[2], o, "wait"), "2");
        expect(&g[2], o, "n_waiting", "0");
        guest_end(&g[0], "0");
        guest_end(&g[1], "1");
    }
    guests_close(g, PARTIES);
    hosted_close(o);
}

/* A round can begin before those of the last have gone. */
static void a_round_begins_at_once(void **state)
{
    struct object *o = open_barrier(2);
    struct datum none = datum_tuple(""), attribute = datum_tuple("s", "broken");
    struct guest g[4];

    (void)state;
    guests_open(g, 4);
    guest_wait(&g[0], o, "wait", datum_tuple(""));
    pthread_mutex_lock(o->lock);
    guest_run_locked(&g[1], o, "wait", &none);
    guest_run_locked(&g[2], o, "__getattribute__", &attribute);
    none = datum_tuple("d", 0.0);
    guest_run_locked(&g[3], o, "wait", &none); /* alone in the next round */
    pthread_mutex_unlock(o->lock);
    assert_string_equal(g[1].said, "1");
    assert_string_equal(g[2].said, "False");
    assert_string_equal(g[3].said, "BrokenBarrierError()");
    guest_end(&g[0], "0");
    expect(&g[0], o, "broken", "True");
    guests_close(g, 4);
    hosted_close(o);
}

static void who_is_late_breaks_it_for_all(void **state)
{
    struct object *o = open_barrier(PARTIES);
    struct guest g[PARTIES];

    (void)state;
    guests_open(g, PARTIES);
    guest_wait(&g[0], o, "wait", datum_tuple(""));
    guest_begin(&g[1], o, "wait", datum_tuple("d", 0.02));
    guest_end(&g[1], "BrokenBarrierError()");
    guest_end(&g[0], "BrokenBarrierError()");
    expect(&g[0], o, "broken", "True");
    house_expect_repr(o, "<threading.Barrier at 0x0: broken>");
    assert_string_equal(guest_call(&g[2], o, "wait"), "BrokenBarrierError()");
    guest_call(&g[2], o, "reset");
    house_expect_repr(o, "<threading.Barrier at 0x0: waiters=0/3>");
    guests_close(g, PARTIES);
    hosted_close(o);
}

static void abort_and_reset_send_all_away(void **state)
{
    static const char *const how[] = {"abort", "reset"};
    static const char *const broken[] = {"True", "False"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct object *o = open_barrier(PARTIES);
        struct guest g[PARTIES];

        guests_open(g, PARTIES);
        guest_wait(&g[0], o, "wait", datum_tuple(""));
        guest_wait(&g[1], o, "wait", datum_tuple(""));
        assert_string_equal(guest_call(&g[2], o, how[i]), "None");
        guest_end(&g[0], "BrokenBarrierError()");
        guest_end(&g[1], "BrokenBarrierError()");
        expect(&g[2], o, "broken", broken[i]);
        expect(&g[2], o, "n_waiting", "0");
        guest_call(&g[2], o, "reset");
        guest_wait(&g[1], o, "wait", datum_tuple(""));
        guest_wait(&g[2], o, "wait", datum_tuple(""));
        assert_string_equal(guest_call(&g[0], o, "wait"), "2");
        guest_end(&g[1], "0");
        guest_end(&g[2], "1");
        guests_close(g, PARTIES);
        hosted_close(o);
    }
}

/* Indexes are of those who came together. */
static void the_dead_have_not_come(void **state)
{
    struct object *o = open_barrier(PARTIES);
    struct guest g[PARTIES + 1];

    (void)state;
    guests_open(g, PARTIES + 1);
    guest_wait(&g[0], o, "wait", datum_tuple(""));
    guest_wait(&g[1], o, "wait", datum_tuple(""));
    guest_die(&g[0]);
    guest_end(&g[0], "-ECANCELED");
    expect(&g[1], o, "n_waiting", "1");
    guest_wait(&g[2], o, "wait", datum_tuple(""));
    assert_string_equal(guest_call(&g[3], o, "wait"), "2");
    guest_end(&g[1], "0");
    guest_end(&g[2], "1");
    guests_close(g, PARTIES + 1);
    hosted_close(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_barrier_is_as_pythons),
        TEST(an_action_cannot_come),
        TEST(three_meet_ten_times),
        TEST(a_round_begins_at_once),
        TEST(who_is_late_breaks_it_for_all),
        TEST(abort_and_reset_send_all_away),
        TEST(the_dead_have_not_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
