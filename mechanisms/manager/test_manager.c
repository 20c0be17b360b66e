/* SPDX-License-Identifier: MIT */
/* test_manager.c - a server of our own, started and ended: by every method, at
 * the same address again, in spite of SIGINT, with its parent.  Killed ones are
 * in test_manager_killed.c. */
#include "manager/test_proxies.h"

static void use(struct manager *m)
{
    struct proxy p;

    assert_int_equal(manager_create(m, &p, "list", "O", test_numbers(2)), 0);
    assert_string_equal(test_call(&p, "append", "s", "x"), "None");
    assert_string_equal(test_call(&p, "copy", ""), "[0, 1, 'x']");
    assert_int_equal(test_objects(m, 0), 1);
    proxy_close(&p);
    assert_int_equal(test_objects(m, 0), 0);
}

static void every_method_starts_a_server(void **state)
{
    struct manager m;
    struct datum text;
    struct proxy p;

    (void)state;
    for (size_t i = 0; i < TEST_METHODS; i++) {
        assert_int_equal(manager_start(&m, test_methods[i], NULL), 0);
        assert_int_equal(access(m.place.address, F_OK), 0);
        assert_memory_equal(m.process.name, "SyncManager-", 12);
        use(&m);
        p = test_create(&m, "dict");
        assert_int_equal(manager_debug_info(&m, &text), 0);
        assert_int_equal(text.kind, DATUM_STR);
        assert_non_null(strstr((const char *)text.text->bytes, "refcount=1"));
        datum_drop(&text);
        proxy_close(&p);
        manager_close(&m);
        manager_close(&m); /* harmless */
        assert_int_equal(access(m.place.address, F_OK), -1);
        assert_int_equal(manager_dummy(&m), -ENOENT);
    }
}

/* Neither a type without a repr, nor one of an iterator, ends the server. */
static void every_object_can_be_described(void **state)
{
    struct manager m;
    struct datum text, result;
    struct proxy odd, dict;

    (void)state;
    assert_int_equal(manager_start(&m, START_FORK, NULL), 0);
    odd = test_create(&m, "Odd");
    dict = test_create(&m, "dict");
    assert_int_equal(proxy_call(&dict, &result, "__iter__", ""), 0);
    assert_int_equal(manager_debug_info(&m, &text), 0);
    datum_drop(&text);
    datum_drop(&result);
    assert_non_null(
        strstr(test_call(&odd, "__repr__", ""), "<Odd object at 0x"));
    assert_non_null(
        strstr(test_call(&odd, "__str__", ""), "<Odd object at 0x"));
    proxy_close(&dict);
    proxy_close(&odd);
    manager_close(&m);
}

/* Each at the same address, at once after the other. */
static void restart_at(const char *address)
{
    struct manager_options options = {
        .address = address, .key = test_key, .key_length = sizeof test_key};
    struct manager m, other;
    char where[MANAGER_ADDRESS] = "";

    for (int i = 0; i < 5; i++) {
        assert_int_equal(manager_start(&m, START_FORK, &options), 0);
        assert_int_equal(manager_start(&other, START_FORK, &options),
                         i || strchr(address, '/') ? -EADDRINUSE : 0);
        if (other.owned)
            manager_close(&other); /* at another port */
        use(&m);
        assert_int_equal(
            manager_connect(&other, m.place.address, test_key, sizeof test_key),
            0);
        use(&other);
        manager_close(&other); /* it is not its own */
        assert_int_equal(manager_dummy(&m), 0);
        snprintf(where, sizeof where, "%s", m.place.address);
        options.address = where;
        manager_close(&m);
    }
}

static void an_address_can_be_used_again_at_once(void **state)
{
    (void)state;
    restart_at(test_kept_name());
    restart_at("127.0.0.1:0");
}

static void a_proxy_of_a_closed_manager_is_of_no_other(void **state)
{
    struct manager_options options = {.address = test_kept_name(),
                                      .key = test_key,
                                      .key_length = sizeof test_key};
    struct manager m, next;
    struct proxy old, new;
    struct datum result;

    (void)state;
    assert_int_equal(manager_start(&m, START_FORK, &options), 0);
    old = test_create(&m, "list");
    manager_close(&m);
    assert_int_equal(manager_start(&next, START_FORK, &options), 0);
    new = test_create(&next, "list");
    assert_int_equal(proxy_call(&old, &result, "__len__", ""), -EPIPE);
    proxy_close(&old);
    assert_int_equal(test_objects(&next, 0), 1);
    assert_string_equal(test_call(&new, "__len__", ""), "0");
    proxy_close(&new);
    manager_close(&next);
}

static void what_cannot_be_started_is_told(void **state)
{
    struct manager m;
    struct manager_options options = {.address = "/nowhere/at/all"};

    (void)state;
    for (size_t i = 0; i < TEST_METHODS; i++)
        assert_int_equal(manager_start(&m, test_methods[i], &options), -ENOENT);
    options = (struct manager_options){.key = test_key,
                                       .key_length = MANAGER_KEY + 1};
    assert_int_equal(manager_start(&m, START_FORK, &options), -EINVAL);
    manager_close(&m);
}

/* Whatever the signal mask of who starts it. */
static void a_server_ignores_sigint_and_ends_by_sigterm(void **state)
{
    struct manager m;
    sigset_t end, before;
    int code = -1;

    (void)state;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    for (size_t i = 0; i < TEST_METHODS; i++) {
        sigprocmask(SIG_BLOCK, &end, &before);
        assert_int_equal(manager_start(&m, test_methods[i], NULL), 0);
        sigprocmask(SIG_SETMASK, &before, NULL);
        assert_int_equal(kill(m.process.pid, SIGINT), 0);
        use(&m);
        assert_int_equal(process_terminate(&m.process), 0);
        assert_int_equal(process_join(&m.process, TEST_BOUND), 0);
        assert_int_equal(process_exitcode(&m.process, &code), 0);
        assert_int_equal(code, 0);
        assert_int_equal(access(m.place.address, F_OK), -1);
        manager_close(&m);
    }
}

/* A stopped one does not hear the request, nor SIGTERM. */
static void a_server_that_does_not_answer_is_killed(void **state)
{
    struct manager m;

    (void)state;
    assert_int_equal(manager_start(&m, START_FORK, NULL), 0);
    assert_int_equal(kill(m.process.pid, SIGSTOP), 0);
    manager_close(&m);
    assert_int_equal(kill(m.process.pid, 0), -1);
    assert_int_equal(access(m.place.address, F_OK), -1);
}

struct shared {
    struct manager manager;
    struct proxy list;
};

static int close_the_parents(void *argument)
{
    struct shared *s = argument;
    struct datum result;

    manager_close(&s->manager);
    return proxy_call(&s->list, &result, "append", "N") ? test_line(__LINE__)
                                                        : 0;
}

static void a_forked_child_does_not_end_its_parents(void **state)
{
    struct shared s;

    (void)state;
    assert_int_equal(manager_start(&s.manager, START_FORK, NULL), 0);
    s.list = test_create(&s.manager, "list");
    test_expect(test_fork(close_the_parents, &s));
    assert_string_equal(test_call(&s.list, "copy", ""), "[None]");
    proxy_close(&s.list);
    /* What the child had, it gave back by its end. */
    test_expect_objects(&s.manager, 0, 0);
    manager_close(&s.manager);
}

/* Its proxies and its manager are left open: the exit sequence ends them. */
static int leave_all_open(struct parcel *parcel)
{
    struct manager m;
    struct proxy p;

    (void)parcel;
    if (manager_start(&m, START_FORK, NULL) ||
        manager_create(&m, &p, "list", ""))
        return test_line(__LINE__);
    return 0;
}
TARGET(leave_all_open)

static void what_a_process_leaves_open_ends_with_it(void **state)
{
    struct process p;

    (void)state;
    for (size_t i = 0; i < TEST_METHODS; i++) {
        test_start(&p, test_methods[i], "leave_all_open", NULL);
        assert_int_equal(test_finish(&p), 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_method_starts_a_server,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(every_object_can_be_described,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(an_address_can_be_used_again_at_once,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            a_proxy_of_a_closed_manager_is_of_no_other, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_started_is_told,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            a_server_ignores_sigint_and_ends_by_sigterm, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_server_that_does_not_answer_is_killed,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_forked_child_does_not_end_its_parents,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(what_a_process_leaves_open_ends_with_it,
                                        census_begin, children_end),
    };

    assert_int_equal(manager_register(&odd_type), 0);
    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
