/* SPDX-License-Identifier: MIT */
/* test_many_clients.c - two hundred clients at once: processes that have
 * threads.
 */
#include "manager/test_serving.h"

enum { PROCESSES = 20, THREADS = 10, TURNS = 3 };

struct crowd {
    struct manager manager;
    struct proxy lock, value, list, queue;
};

/* Of a thread that has proxies of its own: they belong to one at a time. */
static int take_turns(struct proxy p[4])
{
    struct datum result;
    int64_t n = 0;
    int error = 0;

    for (int i = 0; i < TURNS && !error; i++) {
        error = proxy_do(&p[0], "acquire", "");
        if (!error)
            error = proxy_call(&p[1], &result, "get", "");
        if (!error)
            error = datum_to_int(&result, &n);
        if (!error)
            error = proxy_do(&p[1], "set", "i", n + 1);
        if (!error)
            error = proxy_do(&p[0], "release", "");
        if (!error)
            error = proxy_do(&p[2], "append", "i", n);
        if (!error)
            error = proxy_do(&p[3], "put", "i", n);
    }
    return error;
}

static void *be_one(void *argument)
{
    struct crowd *all = argument;
    struct proxy *shared[] = {&all->lock, &all->value, &all->list, &all->queue};
    struct proxy mine[4];
    size_t n = 0;
    int error = 0;

    for (; n < 4 && !error; n += !error) {
        struct datum d = proxy_datum(shared[n]);

        error = proxy_from(&mine[n], shared[n], &d);
        datum_drop(&d);
    }
    if (!error)
        error = take_turns(mine);
    while (n > 0)
        proxy_close(&mine[--n]);
    return error ? argument : NULL;
}

static int be_many(void *argument)
{
    pthread_t threads[THREADS];
    void *wrong = NULL;

    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, be_one, argument))
            return test_line(__LINE__);
    for (size_t i = 0; i < THREADS; i++) {
        void *one;

        pthread_join(threads[i], &one);
        wrong = wrong ? wrong : one;
    }
    return wrong ? test_line(__LINE__) : 0;
}

static void two_hundred_clients_lose_nothing(void **state)
{
    enum { ALL = PROCESSES * THREADS * TURNS };
    struct crowd all;
    pid_t pids[PROCESSES];

    (void)state;
    alarm(3 * CENSUS_SECONDS);
    assert_int_equal(manager_start(&all.manager, START_FORK, NULL), 0);
    all.lock = create(&all.manager, "Lock");
    all.value = create(&all.manager, "Value");
    all.list = create(&all.manager, "list");
    all.queue = create(&all.manager, "Queue");
    for (size_t i = 0; i < PROCESSES; i++)
        pids[i] = test_fork(be_many, &all);
    for (size_t i = 0; i < PROCESSES; i++)
        test_expect(pids[i]);
    assert_int_equal(number(&all.value, "get"), ALL);
    assert_int_equal(number(&all.list, "__len__"), ALL);
    assert_int_equal(proxy_do(&all.list, "sort", ""), 0);
    for (int64_t i = 0; i < ALL; i += 37) {
        struct datum item;
        int64_t n = -1;

        assert_int_equal(proxy_call(&all.list, &item, "__getitem__", "i", i),
                         0);
        assert_int_equal(datum_to_int(&item, &n), 0);
        assert_int_equal(n, i);
    }
    assert_int_equal(number(&all.queue, "qsize"), ALL);
    expect_objects(&all.manager, 4);
    proxy_close(&all.lock);
    proxy_close(&all.value);
    proxy_close(&all.list);
    proxy_close(&all.queue);
    expect_objects(&all.manager, 0);
    manager_close(&all.manager);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SERVING(two_hundred_clients_lose_nothing),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
