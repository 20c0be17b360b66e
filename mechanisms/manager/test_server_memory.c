/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/*
 * test_server_memory.c - a server whose memory runs out in the midst of a call,
 * and one that is called very often: nothing stays, and nothing is lost.
 *
 *     IPCLAB_TEST_CALLS=1000000 build/.../manager/test_server_memory
 */
#include "manager/test_memory.h"
#include "manager/test_serving.h"

#include <sys/socket.h>

/* --- one session, in this thread --- */

static const struct {
    const char *type, *method;
    const char *format; /* of its one argument, or "" */
} calls[] = {
    {"list", "append", "s"},     {"list", "extend", "s"},
    {"list", "pop", ""},         {"list", "__mul__", "i"},
    {"list", "no_such", ""},     {"list", "index", "s"},
    {"list", "__repr__", ""},    {"dict", "setdefault", "s"},
    {"dict", "update", "s"},     {"dict", "items", ""},
    {"dict", "__iter__", ""},    {"dict", "pop", "s"},
    {"set", "add", "s"},         {"set", "union", "s"},
    {"set", "#GETVALUE", ""},    {"Namespace", "__getattribute__", "s"},
    {"Queue", "put", "s"},       {"Queue", "get_nowait", ""},
    {"Event", "set", ""},        {"Lock", "acquire", ""},
    {"Lock", "release", ""},     {"Lock", "#GETVALUE", ""},
    {"RLock", "acquire", ""},    {"Semaphore", "acquire", "i"},
    {"Condition", "notify", ""}, {"JoinableQueue", "task_done", ""},
};

enum { CALLS = sizeof calls / sizeof *calls };

static struct datum argument_of(size_t i)
{
    if (!*calls[i].format)
        return datum_tuple("");
    return *calls[i].format == 's' ? datum_tuple("s", "a string of some bytes")
                                   : datum_tuple("i", INT64_C(3));
}

/* The frames of all that the client says: to make an object and to call it, or
 * to ask the server. */
static void say_all(int fd, size_t which, const char *ident)
{
    struct connection c;

    assert_int_equal(connection_from_fd(&c, fd), 0);
    if (!ident) {
        bare_send(&c, NULL, "create", datum_tuple("s", calls[which].type));
    } else {
        bare_send(&c, NULL, "accept_connection", datum_tuple("s", "a name"));
        bare_send(&c, ident, calls[which].method, argument_of(which));
        bare_send(&c, ident, calls[which].method, argument_of(which));
    }
    c.fd = -1;
    connection_close(&c);
    shutdown(fd, SHUT_WR);
}

/* Every answer that came is one; `made`: an object was. */
static void hear_all(int fd, bool *made)
{
    struct connection c;
    const char *text;

    assert_int_equal(connection_from_fd(&c, fd), 0);
    *made = false;
    while (*(text = bare_reply(&c)) == '(')
        *made = *made || strncmp(text, "('#RETURN', ('", 14) == 0;
    assert_string_equal(text, "error -32");
    connection_close(&c);
}

static struct client *open_client(struct server *s)
{
    struct client *client = calloc(1, sizeof *client);

    assert_non_null(client);
    client->pidfd = -1;
    client->process = getpid();
    client->has = datum_dict();
    s->clients = client;
    return client;
}

/* A session of that server without memory from the n-th request on: was it
 * asked so often? */
static bool serve_without(struct server *s, size_t which, const char *ident,
                          long n, bool *made)
{
    struct session session = {.server = s,
                              .client = s->clients,
                              .woken = -1,
                              .thread = 1,
                              .name = datum_none()};
    bool failed;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    assert_int_equal(connection_from_fd(&session.connection, ends[0]), 0);
    say_all(ends[1], which, ident);
    memory_left = n;
    server_answer(&session);
    failed = memory_left == 0;
    memory_left = 0;
    datum_drop(&session.sent);
    connection_close(&session.connection);
    fd_close(&session.woken);
    datum_drop(&session.name);
    buffer_free(&session.out);
    free(session.in);
    hear_all(ends[1], made);
    return failed;
}

static void give_back_all(struct server *s)
{
    for (struct client *c = s->clients; c; c = c->next)
        c->dead = true;
    clients_close(s);
    objects_close(s);
}

static void make(struct server *s, const char *type, char ident[IDENT])
{
    struct call call = {.server = s, .name = type, .result = datum_none()};
    struct object *o;

    assert_int_equal(object_make(&call, hosted_find(type), &o), 0);
    assert_int_equal(client_incref(s->clients, o), 0);
    object_ident(o, ident);
    object_unpin(o);
}

static void try_all(struct server *s, size_t which, bool creates)
{
    bool failed = true;

    for (long n = 1; failed; n++) {
        char ident[IDENT];
        bool made;

        open_client(s);
        make(s, calls[which].type, ident);
        failed = serve_without(s, which, creates ? NULL : ident, n, &made);
        if (creates)
            assert_int_equal(s->object_count, made ? 2 : 1);
        give_back_all(s);
        assert_null(s->clients);
        assert_true(n < 500);
    }
}

/* An answer, if only that there is no memory, or the end of the connection. */
static void without_memory_nothing_is_left(void **state)
{
    const struct server_options options = {.key = "k", .key_length = 1};
    struct server *s;

    (void)state;
    assert_int_equal(server_open(&s, &options), 0);
    for (size_t i = 0; i < CALLS; i++) {
        const long before = memory_blocks;

        try_all(s, i, false);
        try_all(s, i, true);
        assert_int_equal(memory_blocks, before);
    }
    server_close(s);
}

/* Who has come while there was no memory can have objects when there is. */
static void a_client_is_known_or_it_is_not(void **state)
{
    const struct server_options options = {.key = "k", .key_length = 1};
    struct server *s;
    bool failed = true;
    int ends[2];

    (void)state;
    assert_int_equal(server_open(&s, &options), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    for (long n = 1; failed; n++) {
        struct client *c;
        char ident[IDENT];

        memory_left = n;
        c = client_of(s, ends[0]);
        failed = memory_left == 0;
        memory_left = 0;
        if (c) {
            make(s, "list", ident);
            client_left(s, c);
        }
        assert_true(c || failed);
        give_back_all(s);
    }
    close(ends[0]);
    close(ends[1]);
    server_close(s);
}

/* --- very often --- */

static long wanted_calls(void)
{
    const char *given = getenv("IPCLAB_TEST_CALLS");

    return given ? strtol(given, NULL, 10) : 50000;
}

enum { KINDS_OF_CALL = 12 };

/* One call of some kind, which leaves its object as it was. */
static void call_once(struct house *h, struct connection *c,
                      char (*idents)[IDENT], long i)
{
    static const struct {
        int object;
        const char *method, *format;
    } pairs[KINDS_OF_CALL] = {
        {0, "append", "s"}, {0, "pop", ""},     {1, "setdefault", "s"},
        {1, "pop", "s"},    {2, "add", "s"},    {2, "discard", "s"},
        {3, "put", "s"},    {3, "get", ""},     {4, "acquire", ""},
        {4, "release", ""}, {0, "no_such", ""}, {1, "__iter__", ""},
    };
    const size_t which = (size_t)i % KINDS_OF_CALL;
    const char *text = bare_call(
        c, idents[pairs[which].object], pairs[which].method,
        *pairs[which].format ? datum_tuple("s", "some text") : datum_tuple(""));
    char iterator[IDENT];
    const char *at;

    assert_int_not_equal(*text, 'e');
    if (which != KINDS_OF_CALL - 1)
        return;
    at = strstr(text, " id='");
    assert_non_null(at);
    assert_int_equal(sscanf(at, " id='%19[0-9a-f]'", iterator), 1);
    assert_string_equal(bare_ask(h, "decref", datum_tuple("s", iterator)),
                        "('#RETURN', None)");
}

/* How much there is when none but these threads are left: those of what was
 * asked last may still be on their way out. */
static long blocks_at_rest(unsigned threads)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (count_entries("/proc/self/task") > threads && clock_now() < deadline)
        test_sleep_ms(1);
    assert_int_equal(count_entries("/proc/self/task"), threads);
    return memory_blocks;
}

static void many_calls_need_no_more_memory_than_some(void **state)
{
    static const char *const types[] = {"list", "dict", "set", "Queue", "Lock"};
    const long wanted = wanted_calls();
    /* And the server's, and that of the one client. */
    const unsigned threads = count_entries("/proc/self/task") + 2;
    char idents[5][IDENT];
    struct house h;
    struct connection c;
    long blocks = 0, round = wanted / KINDS_OF_CALL * KINDS_OF_CALL;

    (void)state;
    alarm((unsigned)(CENSUS_SECONDS + wanted / 1000));
    house_open(&h, NULL);
    for (size_t i = 0; i < 5; i++)
        bare_create(&h, types[i], idents[i], datum_tuple(""));
    bare_accept(&h, &c);
    for (long i = 0; i < round; i++) {
        if (i == round / 10 / KINDS_OF_CALL * KINDS_OF_CALL)
            blocks = blocks_at_rest(threads);
        call_once(&h, &c, idents, i);
    }
    assert_int_equal(blocks_at_rest(threads), blocks);
    connection_close(&c);
    house_close(&h);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SERVING(without_memory_nothing_is_left),
        SERVING(a_client_is_known_or_it_is_not),
        SERVING(many_calls_need_no_more_memory_than_some),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
