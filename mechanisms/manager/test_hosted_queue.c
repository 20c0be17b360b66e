/* SPDX-License-Identifier: MIT */
/* test_hosted_queue.c - Queue and JoinableQueue in a server: against a
 * python3's, and with many who put and get. */
#include "manager/test_waiting.h"

enum { GUESTS = 5 };

/* --- as Python has it --- */

static const struct hosted_case queue_cases[] = {
    {"(1, 2)", "", ""},
    {"(x=1)", "", ""},
    {"(1, maxsize=1)", "", ""},
    {"(1.5)", "full", "()"},
    {"", "put", "(1)"},
    {"", "put_nowait", "(1)"},
    {"", "full", "()"},
    {"", "put_nowait", "(1)"},
    {"(2**70)", "put", "(1)"},
    {"", "full", "()"},
    {"(-2**70)", "put", "(1)"},
    {"", "full", "()"},
    {"(-1)", "put", "(1, False)"},
    {"(maxsize=1)", "put", "()"},
    {"", "put", "(1, 2, 3, 4)"},
    {"", "put", "(x=1)"},
    {"", "put", "(1, x=1)"},
    {"", "put", "(1, item=1)"},
    {"", "put", "(1, True, -1)"},
    {"", "put", "(1, True, 'a')"},
    {"", "put", "(1, True, 10**400)"},
    {"", "qsize", "()"},
    {"", "put", "(1, False, 'a')"},
    {"", "put", "(2, False)"},
    {"", "put", "(2, False, -1)"},
    {"", "put", "(2, True, -1)"},
    {"", "put", "(2, True, -10**400)"},
    {"", "put", "(2, True, 'a')"},
    {"", "put", "(2, True, [])"},
    {"", "put", "(2, True, 0)"},
    {"", "put", "(2, True, 0.001)"},
    {"", "put", "(2, [], 0.001)"},
    {"", "put", "(2, True, 1e10)"},
    {"", "put", "(2, timeout=0)"},
    {"", "put_nowait", "(2)"},
    {"", "put_nowait", "()"},
    {"", "put_nowait", "(1, 2)"},
    {"", "put_nowait", "(item=1)"},
    {"", "put_nowait", "(x=1)"},
    {"", "get", "(True, -1)"},
    {"", "get", "(True, 'a')"},
    {"", "get", "(True, 10**400)"},
    {"", "get", "(True, 1e10)"},
    {"", "get", "(False)"},
    {"", "get", "(False, 'a')"},
    {"", "get", "(True, 0)"},
    {"", "get", "(True, 1e-4)"},
    {"", "get", "(True, -1)"},
    {"", "get", "(True, -10**400)"},
    {"", "get", "(True, 'a')"},
    {"", "get", "(True, [])"},
    {"", "get", "(True, 1e10)"},
    {"", "get", "(True, 10**30)"},
    {"", "get", "(True, 10**400)"},
    {"", "get", "(1, 2, 3)"},
    {"", "get", "(x=1)"},
    {"", "get", "(True, block=True)"},
    {"", "get", "([], 1)"},
    {"", "get_nowait", "()"},
    {"", "get_nowait", "(1)"},
    {"", "qsize", "(1)"},
    {"", "empty", "(1)"},
    {"", "full", "(1)"},
    {"", "task_done", "(1)"},
    {"", "join", "(1)"},
    {"", "task_done", "()"},
    {"", "task_done", "()"},
    {"", "join", "()"},
    {"()", "put", "([1, 'two', {3: None}])"},
    {"", "put", "(4, True, -1)"},
    {"", "put", "(item=5, block=False)"},
    {"", "qsize", "()"},
    {"", "empty", "()"},
    {"", "full", "()"},
    {"", "get", "()"},
    {"", "get", "(timeout=1)"},
    {"", "get_nowait", "()"},
    {"", "empty", "()"},
    {"", "task_done", "()"},
    {"", "task_done", "()"},
    {"", "task_done", "()"},
    {"", "task_done", "()"},
    {"", "join", "()"},
};

static void queues_are_as_pythons(void **state)
{
    (void)state;
    waiting_compare(&queue_type, "queue.Queue", queue_cases,
                    sizeof queue_cases / sizeof *queue_cases);
    waiting_compare(&joinable_queue_type, "queue.Queue", queue_cases,
                    sizeof queue_cases / sizeof *queue_cases);
}

static void a_maxsize_is_a_number(void **state)
{
    struct datum raised = {0}, arguments = datum_tuple("s", "a");
    struct guest g = {.far = -1};

    (void)state;
    assert_null(hosted_open(&queue_type, &arguments, NULL, &raised));
    guest_note(&g, RAISED, &raised);
    assert_string_equal(g.said,
                        "TypeError(\"'>' not supported between instances of "
                        "'str' and 'int'\")");
    datum_drop(&arguments);
}

/* --- those who get --- */

static struct datum number(int64_t n)
{
    return datum_tuple("i", n);
}

static struct object *open_queue(int64_t maxsize)
{
    return house_open(&queue_type, number(maxsize));
}

static void items_go_to_who_came_first(void **state)
{
    struct object *o = open_queue(0);
    struct guest g[GUESTS];

    (void)state;
    guests_open(g, GUESTS);
    for (size_t i = 0; i < GUESTS - 1; i++)
        guest_wait(&g[i], o, "get", datum_tuple(""));
    guest_die(&g[1]);
    guest_end(&g[1], "-ECANCELED");
    guest_ask(&g[4], o, "put", number(0));
    guest_end(&g[0], "0");
    guest_expect_asleep(&g[2]);
    guest_ask(&g[4], o, "put", number(1));
    guest_end(&g[2], "1");
    guest_expect_asleep(&g[3]);
    guest_ask(&g[4], o, "put", number(2));
    guest_end(&g[3], "2");
    assert_string_equal(guest_call(&g[4], o, "empty"), "True");
    guests_close(g, GUESTS);
    hosted_close(o);
}

static void nobody_takes_what_was_given(void **state)
{
    struct object *o = open_queue(1);
    struct datum one = number(1), none = datum_tuple("");
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_wait(&g[0], o, "get", datum_tuple("bd", 1, 60.0));
    pthread_mutex_lock(o->lock);
    guest_run_locked(&g[1], o, "put", &one);
    guest_run_locked(&g[1], o, "get_nowait", &none);
    pthread_mutex_unlock(o->lock);
    assert_string_equal(g[1].said, "Empty()");
    guest_end(&g[0], "1");
    guests_close(g, 2);
    hosted_close(o);
}

/* In front again, or to the next who waits; also into a full queue. */
static void what_a_dead_client_was_given_is_not_lost(void **state)
{
    struct object *o = open_queue(1);
    struct datum one = number(1), two = number(2);
    struct guest g[4];

    (void)state;
    guests_open(g, 4);
    guest_wait(&g[0], o, "get", datum_tuple(""));
    guest_wait(&g[1], o, "get", datum_tuple(""));
    guest_give_to_dead(&g[3], o, "put", number(0), &g[0]);
    guest_end(&g[0], "-ECANCELED");
    guest_end(&g[1], "0");
    guest_wait(&g[2], o, "get", datum_tuple(""));
    pthread_mutex_lock(o->lock);
    guest_die(&g[2]);
    guest_run_locked(&g[3], o, "put", &one);
    guest_run_locked(&g[3], o, "put", &two);
    pthread_mutex_unlock(o->lock);
    guest_end(&g[2], "-ECANCELED");
    assert_string_equal(guest_call(&g[3], o, "qsize"), "2");
    assert_string_equal(guest_call(&g[3], o, "full"), "True");
    guest_wait(&g[1], o, "put", number(3));
    assert_string_equal(guest_call(&g[3], o, "get"), "1");
    guest_expect_asleep(&g[1]);
    assert_string_equal(guest_call(&g[3], o, "get"), "2");
    guest_end(&g[1], "None");
    assert_string_equal(guest_call(&g[3], o, "get"), "3");
    guests_close(g, 4);
    hosted_close(o);
}

static void what_came_back_is_first_and_last(void **state)
{
    struct object *o = open_queue(0);
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_wait(&g[0], o, "get", datum_tuple(""));
    guest_give_to_dead(&g[1], o, "put", number(1), &g[0]);
    guest_end(&g[0], "-ECANCELED");
    guest_ask(&g[1], o, "put", number(2));
    assert_string_equal(guest_call(&g[1], o, "get_nowait"), "1");
    assert_string_equal(guest_call(&g[1], o, "get_nowait"), "2");
    guests_close(g, 2);
    hosted_close(o);
}

/* --- those who put --- */

static void room_goes_to_who_came_first(void **state)
{
    struct object *o = open_queue(1);
    struct guest g[GUESTS];

    (void)state;
    guests_open(g, GUESTS);
    guest_ask(&g[4], o, "put", number(9));
    for (size_t i = 0; i < GUESTS - 1; i++)
        guest_wait(&g[i], o, "put", number((int64_t)i));
    guest_die(&g[1]);
    guest_end(&g[1], "-ECANCELED");
    assert_string_equal(guest_call(&g[4], o, "get"), "9");
    guest_end(&g[0], "None");
    guest_expect_asleep(&g[2]);
    assert_string_equal(guest_ask(&g[4], o, "put_nowait", number(7)), "Full()");
    assert_string_equal(guest_call(&g[4], o, "get"), "0");
    guest_end(&g[2], "None");
    guest_expect_asleep(&g[3]);
    assert_string_equal(guest_call(&g[4], o, "get"), "2");
    guest_end(&g[3], "None");
    assert_string_equal(guest_call(&g[4], o, "get"), "3");
    assert_string_equal(guest_call(&g[4], o, "get_nowait"), "Empty()");
    guests_close(g, GUESTS);
    hosted_close(o);
}

static void who_gave_up_has_put_nothing(void **state)
{
    struct object *o = open_queue(1);
    struct guest g[3];

    (void)state;
    guests_open(g, 3);
    guest_ask(&g[0], o, "put", number(0));
    guest_begin(&g[1], o, "put", datum_tuple("Obd", datum_list(), 1, 0.01));
    guest_end(&g[1], "Full()");
    guest_wait(&g[2], o, "put", datum_tuple("O", datum_list()));
    guest_die(&g[2]);
    guest_end(&g[2], "-ECANCELED");
    assert_string_equal(guest_call(&g[0], o, "get"), "0");
    assert_string_equal(guest_call(&g[0], o, "get_nowait"), "Empty()");
    guest_begin(&g[1], o, "get", datum_tuple("bd", 1, 0.01));
    guest_end(&g[1], "Empty()");
    assert_string_equal(guest_ask(&g[0], o, "put", number(1)), "None");
    assert_string_equal(guest_call(&g[0], o, "qsize"), "1");
    /* Two were put, and no more. */
    guest_call(&g[0], o, "task_done");
    assert_string_equal(guest_call(&g[0], o, "task_done"), "None");
    assert_string_equal(guest_call(&g[0], o, "task_done"),
                        "ValueError('task_done() called too many times')");
    guests_close(g, 3);
    hosted_close(o);
}

static void who_died_when_it_had_room_has_put(void **state)
{
    struct object *o = open_queue(1);
    struct guest g[2];

    (void)state;
    guests_open(g, 2);
    guest_ask(&g[0], o, "put", number(0));
    guest_wait(&g[1], o, "put", number(1));
    guest_give_to_dead(&g[0], o, "get", datum_tuple(""), &g[1]);
    guest_end(&g[1], "-ECANCELED");
    assert_string_equal(guest_call(&g[0], o, "get_nowait"), "1");
    guests_close(g, 2);
    hosted_close(o);
}

/* --- join --- */

static void join_waits_for_every_task(void **state)
{
    struct object *o = house_open(&joinable_queue_type, datum_tuple(""));
    struct guest g[4];

    (void)state;
    guests_open(g, 4);
    guest_ask(&g[0], o, "put", number(1));
    guest_ask(&g[0], o, "put", number(2));
    for (size_t i = 1; i < 4; i++)
        guest_wait(&g[i], o, "join", datum_tuple(""));
    guest_call(&g[0], o, "get");
    guest_call(&g[0], o, "get");
    guest_call(&g[0], o, "task_done");
    guest_die(&g[2]);
    guest_end(&g[2], "-ECANCELED");
    guest_expect_asleep(&g[1]);
    guest_call(&g[0], o, "task_done");
    guest_end(&g[1], "None");
    guest_end(&g[3], "None");
    assert_string_equal(guest_call(&g[0], o, "join"), "None");
    guests_close(g, 4);
    hosted_close(o);
}

static void what_is_left_is_dropped(void **state)
{
    struct object *o = open_queue(0);
    struct guest g;

    (void)state;
    guest_open(&g);
    for (int i = 0; i < 3; i++)
        guest_ask(&g, o, "put", datum_tuple("O", datum_list()));
    guest_close(&g);
    hosted_close(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(queues_are_as_pythons),
        TEST(a_maxsize_is_a_number),
        TEST(items_go_to_who_came_first),
        TEST(nobody_takes_what_was_given),
        TEST(what_a_dead_client_was_given_is_not_lost),
        TEST(what_came_back_is_first_and_last),
        TEST(room_goes_to_who_came_first),
        TEST(who_gave_up_has_put_nothing),
        TEST(who_died_when_it_had_room_has_put),
        TEST(join_waits_for_every_task),
        TEST(what_is_left_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
