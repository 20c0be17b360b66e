/* SPDX-License-Identifier: MIT */
/* test_hosted_condition.c - Condition in a server, with its own lock and with
 * that of another object: against a python3's, and who has the lock. */
#include "manager/test_waiting.h"

/* --- as Python has it --- */

static const struct hosted_case cases[] = {
    {"()", "wait", "()"},
    {"", "wait", "(0)"},
    {"", "wait", "('a')"},
    {"", "wait", "(x=1)"},
    {"", "notify", "()"},
    {"", "notify", "(0)"},
    {"", "notify", "('a')"},
    {"", "notify_all", "()"},
    {"", "release", "()"},
    {"", "acquire", "(False, 1)"},
    {"", "acquire", "(True, -2)"},
    {"", "acquire", "()"},
    {"", "wait", "(0)"},
    {"", "wait", "(-1)"},
    {"", "wait", "(0.001)"},
    {"", "wait", "(timeout=0)"},
    {"", "wait", "(float('nan'))"},
    {"", "wait", "('a')"},
    {"", "wait", "([])"},
    {"", "wait", "(1e10)"},
    {"", "wait", "(10**400)"},
    {"", "wait", "(-10**400)"},
    {"", "wait", "(x=1)"},
    {"", "wait", "(1, 2)"},
    {"", "notify", "()"},
    {"", "notify", "('a')"},
    {"", "notify", "(-1)"},
    {"", "notify", "(1.5)"},
    {"", "notify", "([])"},
    {"", "notify", "(n=2)"},
    {"", "notify", "(x=2)"},
    {"", "notify", "(1, 2)"},
    {"", "notify_all", "(1)"},
    {"", "notify_all", "()"},
    {"", "acquire", "(False)"},
    {"", "wait", "(0)"},
    {"", "release", "(1)"},
    {"", "release", "()"},
    {"", "release", "()"},
    {"", "release", "()"},
};

static void a_condition_is_as_pythons(void **state)
{
    static const struct hosted_case made[] = {
        {"(1)", "", ""},   {"('abc')", "", ""},  {"(1, 2)", "", ""},
        {"(x=1)", "", ""}, {"(lock=2)", "", ""}, {"(None)", "acquire", "()"}};

    (void)state;
    waiting_compare(&condition_type, "threading.Condition", cases,
                    sizeof cases / sizeof *cases);
    waiting_compare(&condition_type, "threading.Condition", made,
                    sizeof made / sizeof *made);
}

/* Condition(Lock()), where the Lock is an object of its own. */
static struct object *lent;

static int open_with_lock(struct call *call, void *state)
{
    struct datum proxy;
    struct call its = *call;
    int error;

    lent = house_open(&lock_type, datum_tuple(""));
    proxy = house_proxy(lent);
    its.arguments = &proxy;
    its.count = 1;
    error = condition_type.open(&its, state);
    datum_drop(&proxy);
    return error;
}

static void close_with_lock(void *state)
{
    condition_type.close(state);
    hosted_close(lent);
}

static void a_condition_with_a_lock_is_as_pythons(void **state)
{
    struct hosted_type type = condition_type;

    (void)state;
    type.open = open_with_lock;
    type.close = close_with_lock;
    waiting_compare(&type, "lambda: threading.Condition(threading.Lock())",
                    cases, sizeof cases / sizeof *cases);
}

static void only_a_lock_can_be_given(void **state)
{
    struct object *o = house_open(&event_type, datum_tuple(""));
    struct datum raised = {0}, arguments = datum_tuple("O", house_proxy(o));
    struct guest g = {.far = -1};

    (void)state;
    assert_null(hosted_open(&condition_type, &arguments, NULL, &raised));
    guest_note(&g, RAISED, &raised);
    assert_string_equal(g.said, "TypeError(\"a Condition's lock is a Lock or "
                                "an RLock, not 'Event'\")");
    datum_drop(&arguments);
    hosted_close(o);
}

/* --- a lock that others have too --- */

static void conditions_share_a_lock(void **state)
{
    const struct hosted_type *const types[] = {&lock_type, &rlock_type};

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        struct object *lock = house_open(types[t], datum_tuple(""));
        struct object *a = house_open(&condition_type,
                                      datum_tuple("O", house_proxy(lock))),
                      *b = house_open(&condition_type,
                                      datum_tuple("O", house_proxy(lock)));
        struct guest g[3];

        assert_ptr_equal(a->lock, lock->lock);
        assert_ptr_equal(b->lock, lock->lock);
        assert_int_equal(lock->pins, 3);
        guests_open(g, 3);
        guest_wait_for(&g[1], a, 0);
        guest_wait_for(&g[2], b, 0);
        assert_null(lock->holder);
        assert_string_equal(guest_call(&g[0], lock, "acquire"), "True");
        assert_ptr_equal(lock->holder, &g[0].client);
        assert_string_equal(guest_call(&g[0], b, "notify_all"), "None");
        assert_string_equal(guest_call(&g[0], b, "release"), "None");
        guest_end(&g[2], "True");
        guest_expect_asleep(&g[1]);
        assert_ptr_equal(lock->holder, &g[2].client);
        assert_null(a->holder);
        assert_null(b->holder);
        guest_call(&g[2], a, "notify");
        guest_call(&g[2], lock, "release");
        guest_end(&g[1], "True");
        guest_call(&g[1], a, "release");
        assert_string_equal(
            guest_ask(&g[0], lock, "acquire", datum_tuple("b", 0)), "True");
        guests_close(g, 3);
        hosted_close(a);
        hosted_close(b);
        hosted_close(lock);
    }
}

static void what_a_dead_client_held_goes_to_the_next(void **state)
{
    struct object *o = house_open(&condition_type, datum_tuple(""));
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_call(&g[0], o, "acquire");
    guest_wait_for(&g[0], o, 0);
    assert_null(o->holder);
    guest_call(&g[1], o, "acquire");
    assert_ptr_equal(o->holder, &g[1].client);
    guest_call(&g[1], o, "notify");
    pthread_mutex_lock(o->lock);
    call_held(o);
    o->abandon(o->state);
    pthread_mutex_unlock(o->lock);
    guest_end(&g[0], "True");
    assert_ptr_equal(o->holder, &g[0].client);
    guests_close(g, 2);
    hosted_close(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_condition_is_as_pythons),
        TEST(a_condition_with_a_lock_is_as_pythons),
        TEST(only_a_lock_can_be_given),
        TEST(conditions_share_a_lock),
        TEST(what_a_dead_client_held_goes_to_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
