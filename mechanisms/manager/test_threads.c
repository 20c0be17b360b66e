/* SPDX-License-Identifier: MIT */
// tsan: yes
/*
 * test_threads.c - a server and eight threads of clients in one process, where
 * ThreadSanitizer sees both: while they work, and while it is stopped.
 */
#include "manager/test_serving.h"

/* libcrypto is not built for it: what orders its own threads is not seen. */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:libcrypto.so\nrace:libcrypto.so\n";
}

enum { CLIENTS = 8, TURNS = 100, SHARED = 6 };

static const char *const types[SHARED] = {"list", "dict",  "Queue",
                                          "Lock", "Event", "Condition"};

struct worker {
    struct house *house;
    char (*idents)[IDENT];
    bool until_it_ends; /* and not TURNS times */
    pthread_t thread;
    size_t number;
    unsigned answered;
};

static const struct {
    size_t object;
    const char *method, *format;
} calls[] = {
    {0, "append", "s"}, {1, "__setitem__", "ss"}, {2, "put", "s"},
    {3, "acquire", ""}, {0, "__repr__", ""},      {1, "copy", ""},
    {3, "release", ""}, {2, "get", ""},           {4, "set", ""},
    {0, "pop", ""},     {5, "acquire", ""},       {5, "notify_all", ""},
    {5, "release", ""}, {1, "__iter__", ""},      {4, "is_set", ""},
    {4, "clear", ""},   {0, "#GETVALUE", ""},     {2, "qsize", ""},
};

enum { CALLS = sizeof calls / sizeof *calls };

static struct datum arguments_of(const char *format)
{
    if (!*format)
        return datum_tuple("");
    return format[1] ? datum_tuple("ss", "key", "value")
                     : datum_tuple("s", "a value");
}

/* (Asserts are of the test's own thread.)  False: the connection has ended. */
static bool call_one(struct connection *c, const char *ident, const char *name,
                     struct datum arguments)
{
    struct datum request =
        datum_tuple("OsOO", ident ? datum_str(ident) : datum_none(), name,
                    arguments, datum_dict());
    struct buffer out = {0};
    unsigned char bytes[4096];
    ssize_t got = pickle_dump(&out, &request);

    if (got == 0)
        got = connection_send(c, out.bytes, out.length);
    if (got == 0)
        got = connection_recv(c, bytes, sizeof bytes);
    buffer_free(&out);
    datum_drop(&request);
    return got >= 0 || got == -EMSGSIZE;
}

/* Each makes an object of its own, too, and gives it back by its end. */
static bool ask(const struct house *h, const char *name, const char *argument)
{
    struct connection c;
    bool answered = false;

    if (client_open(&c, h->manager.place.address, TEST_BOUND))
        return false;
    if (authenticate_server(&c, serving_key, strlen(serving_key), TEST_BOUND) ==
        0)
        answered =
            call_one(&c, NULL, name,
                     *argument ? datum_tuple("s", argument) : datum_tuple(""));
    connection_close(&c);
    return answered;
}

static void *work(void *worker)
{
    struct worker *w = worker;
    struct connection c;
    bool more = true;

    if (client_open(&c, w->house->manager.place.address, TEST_BOUND))
        return NULL;
    more = authenticate_server(&c, serving_key, strlen(serving_key),
                               TEST_BOUND) == 0 &&
           call_one(&c, NULL, "accept_connection", datum_tuple("s", "a name"));
    for (size_t i = 0; more && (w->until_it_ends || i < TURNS * CALLS); i++) {
        const size_t which = i % CALLS;

        if (which == 0 && i % (7 * CALLS) == 0)
            ask(w->house, i % 2 ? "debug_info" : "create",
                i % 2 ? "" : types[w->number % SHARED]);
        more = call_one(&c, w->idents[calls[which].object], calls[which].method,
                        arguments_of(calls[which].format));
        w->answered += more;
    }
    connection_close(&c);
    return NULL;
}

static void start(struct worker w[CLIENTS], struct house *h,
                  char (*idents)[IDENT], bool until_it_ends)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        w[i] = (struct worker){.house = h,
                               .idents = idents,
                               .until_it_ends = until_it_ends,
                               .number = i};
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    }
}

static void eight_threads_are_answered(void **state)
{
    struct house h;
    struct worker w[CLIENTS];
    char idents[SHARED][IDENT];

    (void)state;
    alarm(6 * CENSUS_SECONDS);
    house_open(&h, NULL);
    for (size_t i = 0; i < SHARED; i++)
        bare_create(&h, types[i], idents[i], datum_tuple(""));
    start(w, &h, idents, false);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
        assert_int_equal(w[i].answered, TURNS * CALLS);
    }
    house_close(&h);
}

static void it_is_stopped_while_they_work(void **state)
{
    (void)state;
    for (int times = 0; times < 5; times++) {
        struct house h;
        struct worker w[CLIENTS];
        char idents[SHARED][IDENT];
        int64_t deadline = clock_deadline(TEST_BOUND);

        alarm(3 * CENSUS_SECONDS);
        house_open(&h, NULL);
        for (size_t i = 0; i < SHARED; i++)
            bare_create(&h, types[i], idents[i], datum_tuple(""));
        start(w, &h, idents, true);
        while (server_answered(h.server) < 500 && clock_now() < deadline)
            test_sleep_ms(1);
        assert_true(server_answered(h.server) >= 500);
        server_stop(h.server);
        assert_int_equal(pthread_join(h.thread, NULL), 0);
        for (size_t i = 0; i < CLIENTS; i++)
            assert_int_equal(pthread_join(w[i].thread, NULL), 0);
        assert_int_equal(h.error, 0);
        assert_null(h.server->clients);
        server_close(h.server);
    }
}

static void *do_nothing_at_all(void *unused)
{
    return unused;
}

/* With the first thread the sanitizer starts one of its own, which stays. */
static int start_the_first(void **state)
{
    pthread_t thread;

    (void)state;
    return pthread_create(&thread, NULL, do_nothing_at_all, NULL) ||
           pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SERVING(eight_threads_are_answered),
        SERVING(it_is_stopped_while_they_work),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, start_the_first, NULL);
}
