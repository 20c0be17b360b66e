/* SPDX-License-Identifier: MIT */
/* test_proxy_processes.c - proxies of CPython's server in several processes:
 * handed over, left open, and left by their server. */
#include "manager/test_proxies.h"

#include <pthread.h>

/* --- handed to a child, under every start method --- */

/* A Queue and a list: what comes out of the one goes into the other. */
static int move_one(struct parcel *parcel)
{
    struct proxy queue, list;
    struct datum item, result;

    if (proxy_unpack(&queue, parcel) || proxy_unpack(&list, parcel))
        return test_line(__LINE__);
    if (proxy_call(&list, &result, "append", "s", "ready"))
        return test_line(__LINE__);
    if (proxy_call(&queue, &item, "get", "") ||
        proxy_call(&list, &result, "append", "O", item))
        return test_line(__LINE__);
    proxy_close(&queue);
    proxy_close(&list);
    return 0;
}
TARGET(move_one)

enum { INCREMENTS = 40 };

/* A Lock and a Value. */
static int increment(struct parcel *parcel)
{
    struct proxy lock, value;
    struct datum n = {0}, result;

    if (proxy_unpack(&lock, parcel) || proxy_unpack(&value, parcel))
        return test_line(__LINE__);
    for (int i = 0; i < INCREMENTS; i++)
        if (proxy_call(&lock, &result, "acquire", "") ||
            proxy_call(&value, &n, "get", "") ||
            proxy_call(&value, &result, "set", "i", n.integer + 1) ||
            proxy_call(&lock, &result, "release", ""))
            return test_line(__LINE__);
    return 0; /* the end of the process closes them */
}
TARGET(increment)

/* A pipe and a list, which it takes when it is told to. */
static int take_late(struct parcel *parcel)
{
    struct proxy list;
    struct datum result;
    char byte;
    int fd;

    if (parcel_take_fd(parcel, &fd) || read_full(fd, &byte, 1) != 1)
        return test_line(__LINE__);
    if (proxy_unpack(&list, parcel) ||
        proxy_call(&list, &result, "append", "N"))
        return test_line(__LINE__);
    proxy_close(&list);
    return 0;
}
TARGET(take_late)

static void start_with_two(struct process *child, enum start_method method,
                           const char *target, struct proxy *one,
                           struct proxy *other)
{
    struct parcel parcel;

    parcel_init(&parcel);
    assert_int_equal(proxy_pack(one, &parcel), 0);
    assert_int_equal(proxy_pack(other, &parcel), 0);
    test_start(child, method, target, &parcel);
    parcel_free(&parcel);
}

static void a_get_waits_for_another_processs_put(void **state)
{
    struct served py;
    struct proxy queue, list;
    struct process child;

    test_serve(&py, *(enum server_kind *)*state);
    queue = test_create(&py.manager, "Queue");
    for (size_t m = 0; m < TEST_METHODS; m++) {
        list = test_create(&py.manager, "list");
        start_with_two(&child, test_methods[m], "move_one", &queue, &list);
        while (strcmp(test_call(&list, "__len__", ""), "1") != 0)
            test_sleep_ms(1);
        assert_string_equal(test_call(&queue, "put", "s", "it"), "None");
        assert_int_equal(test_finish(&child), 0);
        assert_string_equal(test_call(&list, "#GETVALUE", ""),
                            "['ready', 'it']");
        proxy_close(&list);
        test_expect_objects(&py.manager, py.objects, 1);
    }
    proxy_close(&queue);
    test_end_server(&py);
}

static void a_lock_excludes_other_processes(void **state)
{
    struct served py;
    struct proxy lock, value;
    struct process children[TEST_METHODS];

    test_serve(&py, *(enum server_kind *)*state);
    lock = test_create(&py.manager, "Lock");
    assert_int_equal(
        manager_create(&py.manager, &value, "Value", "si", "i", INT64_C(0)), 0);
    for (size_t m = 0; m < TEST_METHODS; m++)
        start_with_two(&children[m], test_methods[m], "increment", &lock,
                       &value);
    for (size_t m = 0; m < TEST_METHODS; m++)
        assert_int_equal(test_finish(&children[m]), 0);
    assert_string_equal(test_call(&value, "get", ""), "120");

    /* What the children left open is given back: by the last, the object. */
    proxy_close(&lock);
    proxy_close(&value);
    test_end_server(&py);
}

static void a_parcel_keeps_the_object(void **state)
{
    struct served py;

    test_serve(&py, *(enum server_kind *)*state);
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct proxy list = test_create(&py.manager, "list");
        struct process child;
        struct parcel parcel;
        int teller;

        parcel_init(&parcel);
        teller = test_give_reader(&parcel);
        assert_int_equal(proxy_pack(&list, &parcel), 0);
        test_start(&child, test_methods[m], "take_late", &parcel);
        parcel_free(&parcel);
        proxy_close(&list);
        assert_int_equal(write_full(teller, "x", 1), 0);
        assert_int_equal(test_finish(&child), 0);
        close(teller);
        test_expect_objects(&py.manager, py.objects, 0);
    }
    test_end_server(&py);
}

/* --- a server that is gone --- */

static void *wait_for_an_item(void *argument)
{
    struct datum result;

    return (void *)(intptr_t)proxy_call(argument, &result, "get", "");
}

static void a_killed_server_is_told_at_once_each_time(void **state)
{
    struct proxy list, other, queue, none;
    struct datum result;
    struct served py;
    pthread_t waiter;
    void *error;

    test_serve(&py, *(enum server_kind *)*state);
    list = test_create(&py.manager, "list");
    other = test_create(&py.manager, "list");
    queue = test_create(&py.manager, "Queue");
    assert_string_equal(test_call(&list, "__len__", ""), "0");
    assert_int_equal(pthread_create(&waiter, NULL, wait_for_an_item, &queue),
                     0);
    test_sleep_ms(20); /* so that it likely waits; right either way */
    test_kill(py.pid);
    assert_int_equal(pthread_join(waiter, &error), 0);
    assert_true((intptr_t)error == -EPIPE || (intptr_t)error == -ECONNREFUSED);
    assert_int_equal(proxy_call(&list, &result, "__len__", ""), -EPIPE);
    assert_int_equal(result.kind, DATUM_NOTHING);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(proxy_call(&list, &result, "__len__", ""),
                         -ECONNREFUSED);
        assert_int_equal(proxy_call(&other, &result, "__len__", ""),
                         -ECONNREFUSED);
    }
    assert_int_equal(manager_dummy(&py.manager), -ECONNREFUSED);
    unlink(py.manager.place.address);
    assert_int_equal(proxy_call(&other, &result, "__len__", ""), -ENOENT);
    assert_int_equal(manager_create(&py.manager, &none, "list", ""), -ENOENT);
    proxy_close(&list);
    proxy_close(&other);
    proxy_close(&queue);
    test_remove(&py);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(
            a_get_waits_for_another_processs_put, census_begin, children_end,
            test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(
            a_get_waits_for_another_processs_put, census_begin, children_end,
            test_with(OURS)),
        cmocka_unit_test_prestate_setup_teardown(
            a_lock_excludes_other_processes, census_begin, children_end,
            test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(
            a_lock_excludes_other_processes, census_begin, children_end,
            test_with(OURS)),
        cmocka_unit_test_prestate_setup_teardown(a_parcel_keeps_the_object,
                                                 census_begin, children_end,
                                                 test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(a_parcel_keeps_the_object,
                                                 census_begin, children_end,
                                                 test_with(OURS)),
        cmocka_unit_test_prestate_setup_teardown(
            a_killed_server_is_told_at_once_each_time, census_begin,
            children_end, test_with(PYTHON)),
    };

    assert_int_equal(manager_register(&odd_type), 0);
    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
