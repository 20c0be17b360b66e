/* SPDX-License-Identifier: MIT */
/* test_hosted_condition.c - Condition in a server, with its own lock and with
 * that of another object: against a python3's, and with many who wait. */
#include "manager/test_waiting.h"

enum { GUESTS = 6 };

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
    struct guest g;

    (void)state;
    assert_null(hosted_open(&condition_type, &arguments, NULL, &raised));
    guest_note(&g, RAISED, &raised);
    assert_string_equal(g.said, "TypeError(\"a Condition's lock is a Lock or "
                                "an RLock, not 'Event'\")");
    datum_drop(&arguments);
    hosted_close(o);
}

/* --- who is woken, and when --- */

static struct object *open_condition(void)
{
    return house_open(&condition_type, datum_tuple(""));
}

/* Take the lock and wait, asleep. */
static void guest_wait_for(struct guest *g, struct object *o, double timeout)
{
    assert_string_equal(guest_call(g, o, "acquire"), "True");
    guest_wait(g, o, "wait",
               timeout > 0 ? datum_tuple("d", timeout) : datum_tuple(""));
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

static void what_a_dead_client_held_goes_to_the_next(void **state)
{
    struct object *o = open_condition();
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

/* --- all at once: a count that may be 0 to 2, with two conditions --- */

enum { SIDES = 3, TIMES = 150 };

struct worker {
    struct guest guest;
    pthread_t thread;
    struct object *lock, *mine, *theirs;
    int step, bound;
    bool ok;
};

static int level; /* with the lock */

static void *work(void *argument)
{
    struct worker *w = argument;
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
    struct worker w[2 * SIDES];

    (void)state;
    level = 0;
    for (int i = 0; i < 2 * SIDES; i++) {
        bool gives = i < SIDES;

        w[i] = (struct worker){.lock = lock,
                               .mine = gives ? less : more,
                               .theirs = gives ? more : less,
                               .step = gives ? 1 : -1,
                               .bound = gives ? 2 : 0,
                               .ok = true};
        guest_open(&w[i].guest);
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_condition_is_as_pythons),
        TEST(a_condition_with_a_lock_is_as_pythons),
        TEST(only_a_lock_can_be_given),
        TEST(the_first_is_notified_first),
        TEST(who_notifies_keeps_the_lock),
        TEST(an_rlock_is_had_back_as_often),
        TEST(who_is_late_has_the_lock_back),
        TEST(who_is_notified_is_not_late),
        TEST(the_dead_are_not_notified),
        TEST(what_the_dead_were_given_goes_on),
        TEST(a_later_one_is_not_woken_for_nothing),
        TEST(what_a_dead_client_held_goes_to_the_next),
        TEST(conditions_share_a_lock),
        TEST(a_bounded_buffer_runs_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
