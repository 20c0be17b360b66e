/* SPDX-License-Identifier: MIT */
/* test_proxy_references.c - whose a reference is: of a process that was forked
 * with it, of one that was killed before it handed it over; and servers that
 * hand out what was not asked for. */
#include "manager/test_proxies.h"

#include "manager/pickle.h"
#include "pipe/listener.h"

/* --- a result with a reference, and a fork --- */

struct given {
    struct proxy dict;
    struct datum result; /* of __iter__: a proxy datum */
};

static int drop_it(void *argument)
{
    struct given *g = argument;

    datum_drop(&g->result);
    return 0;
}

static int use_it(void *argument)
{
    struct given *g = argument;
    struct proxy own;

    if (proxy_from(&own, &g->dict, &g->result))
        return test_line(__LINE__);
    datum_drop(&g->result);
    proxy_close(&own);
    return 0;
}

static void a_results_reference_is_of_one_process(void **state)
{
    static int (*const children[])(void *) = {drop_it, use_it};
    struct served py;
    struct given g;

    test_serve(&py, *(enum server_kind *)*state);
    g.dict = test_create(&py.manager, "dict");
    assert_string_equal(
        test_call(&g.dict, "__setitem__", "si", "a", INT64_C(1)), "None");
    for (size_t i = 0; i < 2; i++) {
        struct proxy iterator;

        assert_int_equal(proxy_call(&g.dict, &g.result, "__iter__", ""), 0);
        test_expect(test_fork(children[i], &g));
        assert_int_equal(proxy_from(&iterator, &g.dict, &g.result), 0);
        datum_drop(&g.result);
        assert_string_equal(test_call(&iterator, "__next__", ""), "'a'");
        proxy_close(&iterator);
    }
    proxy_close(&g.dict);
    test_end_server(&py);
}

/* --- handed over by who was killed --- */

struct packer {
    struct manager *manager;
    struct proxy *list;
    int writer;
};

/* Pack the list, send the parcel, and wait to be killed.  What it makes last is
 * given back last. */
static int pack_and_wait(void *argument)
{
    struct packer *p = argument;
    struct parcel parcel;
    struct proxy last;

    parcel_init(&parcel);
    if (proxy_pack(p->list, &parcel) ||
        manager_create(p->manager, &last, "list", "") ||
        write_full(p->writer, &parcel.length, sizeof parcel.length) ||
        write_full(p->writer, parcel.bytes, parcel.length))
        return test_line(__LINE__);
    for (;;)
        pause();
}

static void read_parcel(int fd, struct parcel *parcel)
{
    unsigned char bytes[4096];
    size_t n = 0;

    assert_int_equal(read_full(fd, &n, sizeof n), sizeof n);
    assert_true(n <= sizeof bytes);
    assert_int_equal(read_full(fd, bytes, n), n);
    parcel_init(parcel);
    assert_int_equal(parcel_put(parcel, bytes, n), 0);
}

static void a_killed_packers_reference_is_not_taken_of_another(void **state)
{
    struct served ours;
    struct proxy list, handed;
    struct parcel parcel;
    int ends[2];
    pid_t child;

    (void)state;
    test_serve(&ours, OURS);
    list = test_create(&ours.manager, "list");
    assert_int_equal(fd_pipe(ends), 0);
    child = test_fork(pack_and_wait,
                      &(struct packer){&ours.manager, &list, ends[1]});
    read_parcel(ends[0], &parcel);
    assert_int_equal(test_objects(&ours.manager, ours.objects), 2);
    test_kill(child);
    test_expect_objects(&ours.manager, ours.objects, 1);

    assert_int_equal(proxy_unpack(&handed, &parcel), 0);
    parcel_free(&parcel);
    proxy_close(&list);
    assert_string_equal(test_call(&handed, "__len__", ""), "0");
    proxy_close(&handed);
    close(ends[0]);
    close(ends[1]);
    test_end_server(&ours);
}

/* --- a server that answers with objects whatever is asked --- */

struct impostor {
    struct listener listener;
    int returns; /* how many requests have an honest answer before */
};

static struct datum answer_of(bool honest)
{
    struct datum token[3] = {datum_str("list"), datum_str("nowhere"),
                             datum_str("a")};

    if (!honest)
        return datum_tuple(
            "sO", "#PROXY",
            datum_tuple("NO", datum_record(DATUM_TOKEN, token, 3)));
    for (size_t i = 0; i < 3; i++)
        datum_drop(&token[i]);
    return datum_tuple("sO", "#RETURN", datum_tuple("sN", "a"));
}

static int impersonate(void *argument)
{
    struct impostor *it = argument;

    for (;;) {
        struct datum answer = answer_of(it->returns-- > 0);
        struct buffer out = {0};
        struct connection c;
        void *request = NULL;

        if (listener_accept(&it->listener, &c, NO_TIMEOUT) ||
            authenticate_client(&c, test_key, strlen(test_key), TEST_BOUND) ||
            connection_recv_new(&c, &request, 4096) < 0 ||
            pickle_dump(&out, &answer) ||
            connection_send(&c, out.bytes, out.length))
            return test_line(__LINE__);
        connection_close(&c);
        free(request);
        buffer_free(&out);
        datum_drop(&answer);
    }
}

/* dummy, create, and accept_connection or incref are what is asked. */
static void only_a_method_makes_an_object(void **state)
{
    (void)state;
    for (int returns = 0; returns < 3; returns++) {
        struct impostor it = {.returns = returns};
        struct datum result;
        struct manager m;
        struct proxy p = {0};
        pid_t child;

        assert_int_equal(listener_open(&it.listener, "127.0.0.1:0", 4), 0);
        child = test_fork(impersonate, &it);
        assert_int_equal(manager_connect(&m, it.listener.address, test_key,
                                         strlen(test_key)),
                         returns > 0 ? 0 : -EBADMSG);
        if (returns > 0)
            assert_int_equal(manager_create(&m, &p, "list", ""),
                             returns > 1 ? 0 : -EBADMSG);
        if (returns > 1)
            assert_int_equal(proxy_call(&p, &result, "copy", ""), -EBADMSG);
        proxy_close(&p);
        test_kill(child);
        listener_close(&it.listener);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(
            a_results_reference_is_of_one_process, census_begin, children_end,
            test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(
            a_results_reference_is_of_one_process, census_begin, children_end,
            test_with(OURS)),
        cmocka_unit_test_setup_teardown(
            a_killed_packers_reference_is_not_taken_of_another, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(only_a_method_makes_an_object,
                                        census_begin, children_end),
    };

    assert_int_equal(manager_register(&odd_type), 0);
    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
