/* SPDX-License-Identifier: MIT */
// wrap: pthread_create clock_gettime
/* test_server_limits.c - a server that ends while clients wait, strangers
 * without the key, and what runs out: connections, threads, descriptors. */
#include "manager/test_serving.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* --- the end, while they wait --- */

enum { WAITERS = 7 };

static struct house house;

static void end_it(int number)
{
    (void)number;
    server_stop(house.server);
}

/* Who has what the others wait for. */
static void take_all(struct connection *c, const char *lock, const char *own)
{
    assert_string_equal(bare_call(c, lock, "acquire", datum_tuple("")),
                        "('#RETURN', True)");
    assert_string_equal(bare_call(c, own, "acquire", datum_tuple("")),
                        "('#RETURN', True)");
}

/* A client in each method that waits; none of them is answered. */
static void wait_everywhere(const struct house *h, struct connection c[WAITERS])
{
    static const struct {
        const char *type, *first, *method;
    } waits[WAITERS] = {
        {"Lock", "acquire", "acquire"},   {"RLock", NULL, NULL},
        {"Queue", NULL, "get"},           {"Condition", "acquire", "wait"},
        {"Barrier", NULL, "wait"},        {"Event", NULL, "wait"},
        {"JoinableQueue", "put", "join"},
    };
    char ident[IDENT], other[IDENT];

    for (size_t i = 0; i < WAITERS; i++) {
        bare_accept(h, &c[i]);
        if (!waits[i].method)
            continue;
        bare_create(h, waits[i].type, ident,
                    strcmp(waits[i].type, "Barrier") == 0 ? datum_tuple("i", 2L)
                                                          : datum_tuple(""));
        if (waits[i].first)
            assert_ptr_equal(strstr(bare_call(&c[i], ident, waits[i].first,
                                              strcmp(waits[i].first, "put") == 0
                                                  ? datum_tuple("i", 1L)
                                                  : datum_tuple("")),
                                    "('#ERROR'"),
                             NULL);
        bare_send(&c[i], ident, waits[i].method, datum_tuple(""));
    }
    /* (Two Lock.acquire in a row wait for oneself; the RLock is another's.) */
    bare_create(h, "RLock", ident, datum_tuple(""));
    bare_create(h, "Lock", other, datum_tuple(""));
    {
        struct connection owner;

        bare_accept(h, &owner);
        take_all(&owner, other, ident);
        bare_send(&c[1], ident, "acquire", datum_tuple(""));
        expect_waiting(WAITERS);
        connection_close(&owner);
    }
}

static void all_end_with_it(struct connection c[WAITERS])
{
    for (size_t i = 0; i < WAITERS; i++) {
        assert_string_equal(bare_reply(&c[i]), "error -32");
        connection_close(&c[i]);
    }
}

static void who_waits_is_told_by_the_servers_end(void **state)
{
    struct connection c[WAITERS];

    (void)state;
    house_open(&house, NULL);
    wait_everywhere(&house, c);
    server_stop(house.server);
    house_wait(&house);
    all_end_with_it(c);
}

static void a_signal_handler_may_end_it(void **state)
{
    struct connection c[WAITERS];
    const struct sigaction ends = {.sa_handler = end_it};
    struct sigaction before;

    (void)state;
    house_open(&house, NULL);
    wait_everywhere(&house, c);
    sigaction(SIGUSR1, &ends, &before);
    pthread_kill(pthread_self(), SIGUSR1);
    house_wait(&house);
    sigaction(SIGUSR1, &before, NULL);
    all_end_with_it(c);
}

static void a_client_may_end_it(void **state)
{
    struct connection c[WAITERS];

    (void)state;
    house_open(&house, NULL);
    wait_everywhere(&house, c);
    assert_string_equal(bare_ask(&house, "shutdown", datum_tuple("")),
                        "('#RETURN', None)");
    house_wait(&house);
    all_end_with_it(c);
}

/* --- strangers --- */

static void expect_closed(struct connection *c)
{
    char bytes[512];
    ssize_t got;

    do
        got = connection_poll(c, TEST_BOUND) > 0
                  ? connection_recv(c, bytes, sizeof bytes)
                  : -ETIMEDOUT;
    while (got > 0);
    assert_true(got == -EPIPE || got == -EBADMSG);
    connection_close(c);
}

static void nothing_is_answered_before_the_key_is_proven(void **state)
{
    static const char *const said[] = {"\0\0\0\4NN).",
                                       "\x7f\xff\xff\xff",
                                       "\xff\xff\xff\xff\0\0\0\0",
                                       "\0\0\0\0",
                                       "\0\0\0\x12#CHALLENGE#{sha25",
                                       "GET / HTTP/1.1\r\n\r\n"};
    static const size_t sizes[] = {8, 4, 8, 4, 22, 18};
    struct connection c;

    (void)state;
    house_open(&house, NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bare_open(&house, &c, false);
        assert_int_equal(write_full(c.fd, said[i], sizes[i]), 0);
        shutdown(c.fd, SHUT_WR);
        expect_closed(&c);
    }
    bare_open(&house, &c, false);
    assert_int_equal(authenticate_server(&c, "another", 7, TEST_BOUND),
                     -EACCES);
    connection_close(&c);
    assert_int_equal(server_answered(house.server), 0);
    assert_string_equal(bare_ask(&house, "dummy", datum_tuple("")),
                        "('#RETURN', None)");
    house_close(&house);
}

static void who_says_nothing_keeps_nobody_waiting(void **state)
{
    const struct server_options options = {.patience = SECOND / 10};
    struct connection c[5];

    (void)state;
    house_open(&house, &options);
    for (size_t i = 0; i < 5; i++)
        bare_open(&house, &c[i], false);
    assert_string_equal(bare_ask(&house, "dummy", datum_tuple("")),
                        "('#RETURN', None)");
    for (size_t i = 0; i < 5; i++)
        expect_closed(&c[i]);
    house_close(&house);
}

/* --- what runs out --- */

enum { SOME = 8 };

/* Does another come in? */
static int come(void)
{
    struct connection c;
    int error;

    bare_open(&house, &c, false);
    error =
        authenticate_server(&c, serving_key, strlen(serving_key), TEST_BOUND);
    connection_close(&c);
    return error;
}

static void more_connections_than_it_takes_are_closed(void **state)
{
    const struct server_options options = {.connections = SOME};
    struct connection c[SOME];
    int64_t deadline = clock_deadline(TEST_BOUND);

    (void)state;
    house_open(&house, &options);
    for (size_t i = 0; i < SOME; i++)
        bare_accept(&house, &c[i]);
    for (int i = 0; i < 20; i++)
        assert_int_equal(come(), -EPIPE);
    connection_close(&c[0]);
    while (come() != 0 && clock_now() < deadline)
        test_sleep_ms(1);
    assert_true(clock_now() < deadline);
    for (size_t i = 1; i < SOME; i++)
        connection_close(&c[i]);
    house_close(&house);
}

static bool no_thread; /* is to be had */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *how,
                          void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how,
                          void *(*run)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how,
                          void *(*run)(void *), void *argument)
{
    return no_thread ? EAGAIN
                     : __real_pthread_create(thread, how, run, argument);
}

/* Its number may be another's by the time that its connection is closed. */
static void without_a_thread_nobody_elses_descriptor_is_closed(void **state)
{
    const struct server_options options = {.key = "k", .key_length = 1};
    struct server *s;
    struct connection c;
    int ends[2], another;

    (void)state;
    assert_int_equal(server_open(&s, &options), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    assert_int_equal(connection_from_fd(&c, ends[0]), 0);
    no_thread = true;
    assert_int_equal(session_start(s, &c), -EAGAIN);
    no_thread = false;
    another = fcntl(ends[1], F_DUPFD_CLOEXEC, ends[0]);
    connection_close(&c); /* as who has let it in does */
    assert_int_not_equal(fcntl(another, F_GETFD), -1);
    close(another);
    close(ends[1]);
    server_close(s);
}

/* Who cannot wait for want of a descriptor has not given up its lock. */
static void without_descriptors_a_condition_is_as_it_was(void **state)
{
    struct connection c, next;
    char ident[IDENT];
    struct rlimit before, few;

    (void)state;
    house_open(&house, NULL);
    bare_create(&house, "Condition", ident, datum_tuple(""));
    bare_accept(&house, &c);
    assert_string_equal(bare_call(&c, ident, "acquire", datum_tuple("")),
                        "('#RETURN', True)");
    bare_accept(&house, &next);
    bare_send(&next, ident, "acquire", datum_tuple(""));
    expect_waiting(1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){4, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(dup(0), -1);
    bare_send(&c, ident, "wait", datum_tuple(""));
    assert_non_null(strstr(bare_reply(&c), "Too many open files"));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_string_equal(bare_call(&c, ident, "release", datum_tuple("")),
                        "('#RETURN', None)");
    assert_string_equal(bare_reply(&next), "('#RETURN', True)");
    connection_close(&next);
    connection_close(&c);
    house_close(&house);
}

struct shared {
    _Atomic uint32_t ready, freed;
    char address[MANAGER_ADDRESS];
};

static bool set_back; /* the clock by an hour, once it is read */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = __real_clock_gettime(clock, now);

    if (set_back && clock == CLOCK_REALTIME)
        now->tv_sec += 3600;
    return result;
}

/* Serve; have no descriptor left, and after a while have some. */
static int serve_without_descriptors(void *argument)
{
    const struct rlimit limit = {64, 64};
    struct shared *s = argument;
    struct house h;
    int last, first = -1;

    setrlimit(RLIMIT_NOFILE, &limit);
    set_back = true;
    house_open(&h, NULL);
    snprintf(s->address, sizeof s->address, "%s", server_address(h.server));
    while ((last = dup(0)) >= 0)
        if (first < 0)
            first = last;
    if (first < 0 || errno != EMFILE)
        return test_line(__LINE__);
    atomic_store(&s->ready, 1);
    if (!test_becomes(&s->freed, 1))
        return test_line(__LINE__);
    for (int fd = first; fd < 64; fd++)
        close(fd);
    pthread_join(h.thread, NULL);
    server_close(h.server);
    return h.error ? test_line(__LINE__) : 0;
}

static void it_goes_on_when_there_are_descriptors_again(void **state)
{
    struct shared *s = test_memory(sizeof *s);
    struct connection c[4];
    struct manager m = {0};
    pid_t pid = test_fork(serve_without_descriptors, s);
    struct datum none;

    (void)state;
    assert_true(test_becomes(&s->ready, 1));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(client_open(&c[i], s->address, TEST_BOUND), 0);
        assert_int_equal(connection_poll(&c[i], SECOND / 50), 0);
    }
    atomic_store(&s->freed, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(authenticate_server(&c[i], serving_key,
                                             strlen(serving_key), TEST_BOUND),
                         0);
        assert_string_equal(bare_call(&c[i], NULL, "dummy", datum_tuple("")),
                            "('#RETURN', None)");
        connection_close(&c[i]);
    }
    assert_int_equal(
        manager_connect(&m, s->address, serving_key, strlen(serving_key)), 0);
    assert_int_equal(request_once(&m.place, &none, "shutdown", datum_tuple(""),
                                  NULL, TEST_BOUND),
                     0);
    datum_drop(&none);
    test_expect(pid);
    munmap(s, sizeof *s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SERVING(who_waits_is_told_by_the_servers_end),
        SERVING(a_signal_handler_may_end_it),
        SERVING(a_client_may_end_it),
        SERVING(nothing_is_answered_before_the_key_is_proven),
        SERVING(who_says_nothing_keeps_nobody_waiting),
        SERVING(more_connections_than_it_takes_are_closed),
        SERVING(without_a_thread_nobody_elses_descriptor_is_closed),
        SERVING(without_descriptors_a_condition_is_as_it_was),
        SERVING(it_goes_on_when_there_are_descriptors_again),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
