/* SPDX-License-Identifier: MIT */
/* test_proxy_forks.c - proxies of CPython's server in forked children and in
 * threads: no two share a connection. */
#include "manager/test_proxies.h"

#include "manager/pickle.h"
#include "pipe/listener.h"

#include <pthread.h>

#ifdef __has_feature /* clang's way of saying what gcc defines */
#if __has_feature(address_sanitizer) && !defined __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* --- forked with it --- */

enum { ROUNDS = 200 };

/* Every reply must be to this process's own call. */
static int echo_own(void *argument)
{
    struct proxy *odd = argument;
    struct datum result;

    for (int64_t i = 0; i < ROUNDS; i++) {
        const struct datum *items;
        int64_t back = 0;

        if (proxy_call(odd, &result, "echo", "ii", (int64_t)getpid(), i))
            return test_line(__LINE__);
        items = result.sequence->items[0].sequence->items;
        if (datum_to_int(&items[0], &back) || back != getpid() ||
            datum_to_int(&items[1], &back) || back != i)
            return test_line(__LINE__);
        datum_drop(&result);
    }
    return 0;
}

static int echo_and_close(void *argument)
{
    int line = echo_own(argument);

    proxy_close(argument);
    return line;
}

static int close_it(void *argument)
{
    proxy_close(argument);
    return 0;
}

static void a_forked_child_has_its_own_connection(void **state)
{
    struct served py;
    struct proxy odd;
    pid_t children[3];

    test_serve(&py, *(enum server_kind *)*state);
    odd = test_create(&py.manager, "Odd");
    assert_int_equal(echo_own(&odd), 0);
    for (size_t i = 0; i < 3; i++)
        children[i] = test_fork(echo_and_close, &odd);
    assert_int_equal(echo_own(&odd), 0);
    for (size_t i = 0; i < 3; i++)
        test_expect(children[i]);

    /* One that never used it has nothing to give back. */
    test_expect(test_fork(close_it, &odd));
    test_expect(test_fork(close_it, &odd));
    assert_int_equal(echo_own(&odd), 0);
    proxy_close(&odd);
    test_end_server(&py);
}

static int call_for_nothing(void *argument)
{
    struct datum result;

    return proxy_call(argument, &result, "__len__", "") == -ESTALE
               ? 0
               : test_line(__LINE__);
}

struct late {
    struct proxy list;
    int reader;
};

static int call_late(void *argument)
{
    struct late *late = argument;
    char byte;

    if (read_full(late->reader, &byte, 1) != 1)
        return test_line(__LINE__);
    return call_for_nothing(&late->list);
}

static void a_forked_child_that_comes_too_late_is_told(void **state)
{
    struct served py;
    struct late late;
    int ends[2];
    pid_t child;

    test_serve(&py, *(enum server_kind *)*state);
    assert_int_equal(fd_pipe(ends), 0);
    late.list = test_create(&py.manager, "list");
    late.reader = ends[0];
    child = test_fork(call_late, &late);
    proxy_close(&late.list);
    assert_int_equal(write_full(ends[1], "x", 1), 0);
    test_expect(child);
    close(ends[0]);
    close(ends[1]);
    test_end_server(&py);
}

/* --- threads --- */

enum { THREADS = 8 };

struct worker {
    struct served *py;
    struct proxy odd;
    pthread_barrier_t *together;
    int line;
};

static void *work(void *argument)
{
    struct worker *w = argument;

    if (manager_create(&w->py->manager, &w->odd, "Odd", ""))
        w->line = __LINE__;
    if (!w->line)
        w->line = echo_own(&w->odd);
    pthread_barrier_wait(w->together); /* all are connected */
    pthread_barrier_wait(w->together); /* and were counted */
    return NULL;
}

static void each_thread_has_a_connection_until_its_end(void **state)
{
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    pthread_barrier_t together;
    struct served py;
    unsigned before;

    test_serve(&py, *(enum server_kind *)*state);
    pthread_barrier_init(&together, NULL, THREADS + 1);
    before = count_descriptors();
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.py = &py, .together = &together};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]),
                         0);
    }
    pthread_barrier_wait(&together);
    assert_int_equal(count_descriptors(), before + THREADS);
    pthread_barrier_wait(&together);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].line, 0);
    }
    assert_int_equal(count_descriptors(), before);

    /* What they left is used by this thread, over one connection. */
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(echo_own(&workers[i].odd), 0);
    assert_int_equal(count_descriptors(), before + 1);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(count_descriptors(), before + 1);
        proxy_close(&workers[i].odd);
    }
    assert_int_equal(count_descriptors(), before);
    pthread_barrier_destroy(&together);
    test_end_server(&py);
}

struct caller {
    struct proxy odd;
    _Atomic bool end;
    int line;
};

static void *call_on(void *argument)
{
    struct caller *c = argument;

    while (!c->end && !c->line)
        c->line = echo_own(&c->odd);
    return NULL;
}

static void a_fork_between_calls_of_other_threads(void **state)
{
    static struct caller callers[2]; /* the children must not free them */
    pthread_t threads[2];
    struct served py;
    struct proxy own;

#ifdef __SANITIZE_ADDRESS__
    print_message(
        "skipped: its allocator's locks are not made new by a fork\n");
    skip();
#endif
    test_serve(&py, *(enum server_kind *)*state);
    own = test_create(&py.manager, "Odd");
    for (size_t i = 0; i < 2; i++) {
        callers[i] = (struct caller){.odd = test_create(&py.manager, "Odd")};
        pthread_create(&threads[i], NULL, call_on, &callers[i]);
    }
    for (int i = 0; i < 10; i++)
        test_expect(test_fork(echo_and_close, &own));
    for (size_t i = 0; i < 2; i++) {
        callers[i].end = true;
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].line, 0);
        proxy_close(&callers[i].odd);
    }
    proxy_close(&own);
    test_end_server(&py);
}

/* --- forked while another thread connects --- */

struct newcomer {
    const char *address;
    struct proxy proxy;
    int error;
};

static void *come(void *argument)
{
    struct newcomer *n = argument;
    struct manager m;

    n->error = manager_connect(&m, n->address, test_key, strlen(test_key));
    if (!n->error)
        n->error = manager_create(&m, &n->proxy, "list", "");
    if (!n->error)
        n->error = proxy_do(&n->proxy, "copy", "");
    return NULL;
}

/* The test is the server: the next request, ... */
static void hear_request(struct connection *c)
{
    void *request;

    assert_true(connection_recv_new(c, &request, 4096) > 0);
    free(request);
}

static void let_in(struct listener *l, struct connection *c)
{
    assert_int_equal(listener_accept(l, c, TEST_BOUND), 0);
    assert_int_equal(
        authenticate_client(c, test_key, strlen(test_key), TEST_BOUND), 0);
    hear_request(c);
}

/* ... and an answer that will do for all: as of create. */
static void answer(struct connection *c)
{
    struct datum reply = datum_tuple("sO", "#RETURN", datum_tuple("sN", "a"));
    struct buffer out = {0};

    assert_int_equal(pickle_dump(&out, &reply), 0);
    assert_int_equal(connection_send(c, out.bytes, out.length), 0);
    buffer_free(&out);
    datum_drop(&reply);
}

static int live_on(void *unused)
{
    (void)unused;
    pause();
    return 0;
}

static void a_child_keeps_no_connection_that_was_being_made(void **state)
{
    struct newcomer n = {0};
    struct connection c;
    struct listener l;
    pthread_t thread;
    pid_t child;

    (void)state;
    assert_int_equal(listener_open(&l, "127.0.0.1:0", 4), 0);
    n.address = l.address;
    assert_int_equal(pthread_create(&thread, NULL, come, &n), 0);
    for (int i = 0; i < 2; i++) {
        let_in(&l, &c);
        answer(&c);
        connection_close(&c);
    }
    let_in(&l, &c); /* it says accept_connection */
    child = test_fork(live_on, NULL);
    answer(&c);
    hear_request(&c);
    answer(&c);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(n.error, 0);
    assert_int_equal(connection_poll(&c, TEST_BOUND), 1);
    assert_int_equal(connection_recv(&c, NULL, 0), -EPIPE);
    test_kill(child);
    connection_close(&c);
    listener_close(&l);
    proxy_close(&n.proxy);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(
            a_forked_child_has_its_own_connection, census_begin, children_end,
            test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(
            a_forked_child_has_its_own_connection, census_begin, children_end,
            test_with(OURS)),
        cmocka_unit_test_prestate_setup_teardown(
            a_forked_child_that_comes_too_late_is_told, census_begin,
            children_end, test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(
            a_forked_child_that_comes_too_late_is_told, census_begin,
            children_end, test_with(OURS)),
        cmocka_unit_test_prestate_setup_teardown(
            each_thread_has_a_connection_until_its_end, census_begin,
            children_end, test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(
            each_thread_has_a_connection_until_its_end, census_begin,
            children_end, test_with(OURS)),
        cmocka_unit_test_prestate_setup_teardown(
            a_fork_between_calls_of_other_threads, census_begin, children_end,
            test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(
            a_fork_between_calls_of_other_threads, census_begin, children_end,
            test_with(OURS)),
        cmocka_unit_test_setup_teardown(
            a_child_keeps_no_connection_that_was_being_made, census_begin,
            children_end),
    };

    assert_int_equal(manager_register(&odd_type), 0);
    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
