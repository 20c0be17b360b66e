/* SPDX-License-Identifier: MIT */
/*
 * test_clients.c - which process has what, and what of it comes back when it is
 * killed: what it had does, what it held is reported, what it waited for is not
 * its own.
 */
#include "manager/test_serving.h"

#include <sys/socket.h>

/* --- the killed --- */

struct victim {
    struct house house;
    struct proxy lock, queue;
    _Atomic uint32_t *ready;
    char said[160]; /* the last report */
    _Atomic unsigned reports;
};

static void note(void *victim, const char *line)
{
    struct victim *v = victim;

    snprintf(v->said, sizeof v->said, "%s", line);
    atomic_fetch_add(&v->reports, 1);
}

static void victim_open(struct victim *v, const char *address, bool release)
{
    const struct server_options options = {
        .address = address, .release = release, .report = note, .argument = v};

    memset(v, 0, sizeof *v);
    v->ready = test_memory(sizeof *v->ready);
    house_open(&v->house, &options);
    v->lock = create(&v->house.manager, "Lock");
    v->queue = create(&v->house.manager, "Queue");
}

static void victim_close(struct victim *v)
{
    proxy_close(&v->lock);
    proxy_close(&v->queue);
    house_close(&v->house);
    munmap((void *)v->ready, sizeof *v->ready);
}

/* Have two objects of its own, one within the other, and a lock; stay. */
static int have_and_hold(void *argument)
{
    struct victim *v = argument;
    struct proxy list, dict;

    if (manager_create(&v->house.manager, &list, "list", "") ||
        manager_create(&v->house.manager, &dict, "dict", "") ||
        proxy_do(&list, "append", "O", proxy_datum(&dict)) ||
        proxy_do(&v->lock, "acquire", ""))
        return test_line(__LINE__);
    atomic_store(v->ready, 1);
    for (;;)
        pause();
}

static void kill_one(struct victim *v, int (*f)(void *), bool waits)
{
    pid_t pid;

    atomic_store(v->ready, 0);
    pid = test_fork(f, v);
    assert_true(test_becomes(v->ready, 1));
    if (waits)
        expect_waiting(1);
    test_kill(pid);
}

static void expect_reports(struct victim *v, unsigned n)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (atomic_load(&v->reports) < n && clock_now() < deadline)
        test_sleep_ms(1);
    assert_int_equal(atomic_load(&v->reports), n);
}

static bool is_free(struct proxy *lock)
{
    struct datum result;

    assert_int_equal(proxy_call(lock, &result, "acquire", "b", false), 0);
    assert_int_equal(result.kind, DATUM_BOOL);
    if (result.truth)
        assert_int_equal(proxy_do(lock, "release", ""), 0);
    return result.truth;
}

static void what_a_killed_one_had_comes_back(void **state)
{
    struct victim v;

    (void)state;
    for (unsigned release = 0; release < 2; release++) {
        victim_open(&v, NULL, release);
        kill_one(&v, have_and_hold, false);
        expect_objects(&v.house.manager, 2);
        expect_reports(&v, 1);
        assert_non_null(strstr(v.said, "ended with Lock "));
        assert_int_equal(strstr(v.said, ": released") != NULL, release);
        assert_int_equal(is_free(&v.lock), release);
        if (!release)
            assert_int_equal(proxy_do(&v.lock, "release", ""), 0);
        assert_true(is_free(&v.lock));
        victim_close(&v);
    }
}

/* Over TCP it is not known which process that was. */
static void references_over_tcp_stay(void **state)
{
    struct victim v;

    (void)state;
    victim_open(&v, "127.0.0.1:0", true);
    kill_one(&v, have_and_hold, false);
    expect_reports(&v, 1);
    assert_memory_equal(v.said, "a client ended with Lock ", 25);
    assert_true(is_free(&v.lock));
    /* The child's two, and those of ours. */
    expect_objects(&v.house.manager, 4);
    victim_close(&v);
}

static int wait_for_lock(void *argument)
{
    struct victim *v = argument;

    atomic_store(v->ready, 1);
    return proxy_do(&v->lock, "acquire", "") ? test_line(__LINE__) : 0;
}

static int wait_for_item(void *argument)
{
    struct victim *v = argument;

    atomic_store(v->ready, 1);
    return proxy_do(&v->queue, "get", "") ? test_line(__LINE__) : 0;
}

static void who_is_killed_while_it_waits_gets_nothing(void **state)
{
    struct victim v;

    (void)state;
    victim_open(&v, NULL, false);
    for (int64_t i = 0; i < 5; i++) {
        assert_int_equal(proxy_do(&v.lock, "acquire", ""), 0);
        kill_one(&v, wait_for_lock, true);
        assert_int_equal(proxy_do(&v.lock, "release", ""), 0);
        while (!is_free(&v.lock)) /* it may be handed on by the dead */
            test_sleep_ms(1);
        kill_one(&v, wait_for_item, true);
        assert_int_equal(proxy_do(&v.queue, "put", "i", i), 0);
        assert_int_equal(number(&v.queue, "get"), i);
        assert_int_equal(number(&v.queue, "qsize"), 0);
    }
    assert_int_equal(atomic_load(&v.reports), 0);
    victim_close(&v);
}

/* Whose server ends has not ended: nothing is said of it. */
static void who_outlives_the_server_is_not_reported(void **state)
{
    static const char *const addresses[] = {NULL, "127.0.0.1:0"};
    struct victim v;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        victim_open(&v, addresses[i], true);
        assert_int_equal(proxy_do(&v.lock, "acquire", ""), 0);
        house_close(&v.house);
        assert_int_equal(atomic_load(&v.reports), 0);
        proxy_close(&v.lock);
        proxy_close(&v.queue);
        munmap((void *)v.ready, sizeof *v.ready);
    }
}

/* --- who has what --- */

static int take_anothers(void *argument)
{
    struct victim *v = argument;
    struct datum none;
    int error = request_once(
        &v->house.manager.place, &none, "decref",
        datum_tuple("Oi", datum_share(&v->lock.token.record->fields[2]),
                    (int64_t)getppid()),
        NULL, TEST_BOUND);

    datum_drop(&none);
    return error ? test_line(__LINE__) : 0;
}

static void a_reference_may_be_given_back_for_another(void **state)
{
    struct victim v;
    struct datum none;
    const struct datum *ident;

    (void)state;
    victim_open(&v, NULL, false);
    ident = &v.lock.token.record->fields[2];
    assert_int_equal(request_count(&v.house.manager.place, "incref", ident), 0);
    test_expect(test_fork(take_anothers, &v));
    expect_objects(&v.house.manager, 2);
    test_expect(test_fork(take_anothers, &v));
    expect_objects(&v.house.manager, 1);
    assert_int_equal(proxy_call(&v.lock, &none, "acquire", ""), -EREMOTEIO);
    datum_drop(&none);
    victim_close(&v);
}

static uint64_t references(struct victim *v, const struct object *o)
{
    uint64_t n;

    pthread_mutex_lock(&v->house.server->lock);
    n = o->clients;
    pthread_mutex_unlock(&v->house.server->lock);
    return n;
}

static int take_one_more(void *argument)
{
    struct victim *v = argument;

    return request_count(&v->house.manager.place, "incref",
                         &v->lock.token.record->fields[2])
               ? test_line(__LINE__)
               : 0;
}

/* As who unpacks what one packed that has ended: it came back by that. */
static void nothing_is_given_back_for_the_dead(void **state)
{
    struct victim v;
    struct datum none;
    struct object *o;
    int64_t deadline = clock_deadline(TEST_BOUND);
    pid_t pid;

    (void)state;
    victim_open(&v, NULL, false);
    o = object_find(v.house.server,
                    (const char *)v.lock.token.record->fields[2].text->bytes);
    pid = test_fork(take_one_more, &v);
    test_expect(pid);
    while (references(&v, o) != 1 && clock_now() < deadline)
        test_sleep_ms(1);
    assert_int_equal(references(&v, o), 1);
    assert_int_equal(
        request_once(&v.house.manager.place, &none, "decref",
                     datum_tuple("Oi",
                                 datum_share(&v.lock.token.record->fields[2]),
                                 (int64_t)pid),
                     NULL, TEST_BOUND),
        0);
    datum_drop(&none);
    assert_int_equal(references(&v, o), 1);
    object_unpin(o);
    assert_true(is_free(&v.lock));
    victim_close(&v);
}

/* A process whose number was another's, which has ended unnoticed. */
static void a_number_used_again_is_another_client(void **state)
{
    struct victim v;
    struct server *s;
    struct client *old = calloc(1, sizeof *old), *now;
    char ident[IDENT];
    struct object *o;
    int ends[2], status;
    pid_t pid;

    (void)state;
    victim_open(&v, NULL, false);
    s = v.house.server;
    bare_create(&v.house, "list", ident, datum_tuple(""));
    o = object_find(s, ident);
    pid = fork();
    if (pid == 0)
        _exit(0);
    assert_non_null(old);
    *old = (struct client){.process = getpid(),
                           .pidfd = (int)syscall(SYS_pidfd_open, pid, 0),
                           .has = datum_dict()};
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(client_incref(old, o), 0);
    pthread_mutex_lock(&s->lock);
    old->next = s->clients;
    s->clients = old;
    pthread_mutex_unlock(&s->lock);
    assert_int_equal(o->clients, 2);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    now = client_of(s, ends[0]);
    assert_non_null(now);
    assert_ptr_not_equal(now, old);
    assert_int_equal(now->process, getpid());
    assert_false(now->dead);
    client_left(s, now); /* which looks for the dead */
    assert_int_equal(o->clients, 1);
    close(ends[0]);
    close(ends[1]);
    object_unpin(o);
    assert_string_equal(bare_ask(&v.house, "decref", datum_tuple("s", ident)),
                        "('#RETURN', None)");
    victim_close(&v);
}

/* A pidfd's number that is another's by now, who lives. */
static void a_late_event_ends_nobody(void **state)
{
    struct victim v;
    struct server *s;

    (void)state;
    victim_open(&v, NULL, false);
    s = v.house.server;
    assert_non_null(s->clients);
    clients_look(s, s->clients->pidfd);
    assert_false(s->clients->dead);
    assert_true(is_free(&v.lock));
    expect_objects(&v.house.manager, 2);
    victim_close(&v);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SERVING(what_a_killed_one_had_comes_back),
        SERVING(references_over_tcp_stay),
        SERVING(who_is_killed_while_it_waits_gets_nothing),
        SERVING(who_outlives_the_server_is_not_reported),
        SERVING(a_reference_may_be_given_back_for_another),
        SERVING(nothing_is_given_back_for_the_dead),
        SERVING(a_number_used_again_is_another_client),
        SERVING(a_late_event_ends_nobody),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
