/* SPDX-License-Identifier: MIT */
/*
 * test_serving.h - what the tests of a server share: one of our own in a thread
 * of this process, and clients that say what they like, byte by byte.
 */
#ifndef IPCLAB_TEST_SERVING_H
#define IPCLAB_TEST_SERVING_H

#include "start/test_children.h"

#include "manager/connections.h"
#include "manager/pickle.h"
#include "manager/serving.h"
#include "sync/test_sharing.h"

static const char serving_key[] = "the key of the tests";

/* --- a server in a thread --- */

struct house {
    struct server *server;
    struct manager manager; /* how C proxies come to it */
    pthread_t thread;
    int error; /* what server_serve ended with */
};

static inline void *house_serve(void *house)
{
    struct house *h = house;

    h->error = server_serve(h->server);
    return NULL;
}

/* Its address and key are added to the options (NULL: none). */
static inline void house_open(struct house *h,
                              const struct server_options *options)
{
    struct server_options mine = {0};

    if (options)
        mine = *options;
    mine.key = serving_key;
    mine.key_length = strlen(serving_key);
    *h = (struct house){.error = -1};
    assert_int_equal(server_open(&h->server, &mine), 0);
    assert_int_equal(pthread_create(&h->thread, NULL, house_serve, h), 0);
    snprintf(h->manager.place.address, sizeof h->manager.place.address, "%s",
             server_address(h->server));
    memcpy(h->manager.place.key, serving_key, strlen(serving_key));
    h->manager.place.key_length = strlen(serving_key);
}

/* It has been told to stop: wait until it has, and no call or thread is left.
 */
static inline void house_wait(struct house *h)
{
    assert_int_equal(pthread_join(h->thread, NULL), 0);
    assert_int_equal(h->error, 0);
    assert_null(h->server->clients);
    assert_int_equal(h->server->object_count, 0);
    server_close(h->server);
}

static inline void house_close(struct house *h)
{
    server_stop(h->server);
    house_wait(h);
}

/* --- a bare client --- */

/* Connect, and prove the key where `authentic`. */
static inline void bare_open(const struct house *h, struct connection *c,
                             bool authentic)
{
    assert_int_equal(client_open(c, server_address(h->server), TEST_BOUND), 0);
    if (authentic)
        assert_int_equal(authenticate_server(c, serving_key,
                                             strlen(serving_key), TEST_BOUND),
                         0);
}

/* repr of the next reply; "error -32" where there is none. */
static inline const char *bare_reply(struct connection *c)
{
    static char text[4096];
    static unsigned char bytes[1 << 16];
    struct buffer out = {0};
    struct datum reply;
    ssize_t got = 0;
    int ready = connection_poll(c, TEST_BOUND);

    if (ready > 0)
        got = connection_recv(c, bytes, sizeof bytes);
    else
        got = -ETIMEDOUT;
    if (got < 0) {
        snprintf(text, sizeof text, "error %d", (int)got);
        return text;
    }
    assert_int_equal(pickle_load(bytes, (size_t)got, NULL, &reply, NULL), 0);
    assert_int_equal(datum_repr(&out, &reply), 0);
    snprintf(text, sizeof text, "%.*s", (int)out.length, (char *)out.bytes);
    buffer_free(&out);
    datum_drop(&reply);
    return text;
}

static inline const char *bare_say(struct connection *c, const void *bytes,
                                   size_t n)
{
    int error = connection_send(c, bytes, n);

    (void)error; /* who has closed it may have answered before */
    return bare_reply(c);
}

/* (ident, name, arguments, {}), which are taken, without waiting. */
static inline void bare_send(struct connection *c, const char *ident,
                             const char *name, struct datum arguments)
{
    struct datum request =
        datum_tuple("OsOO", ident ? datum_str(ident) : datum_none(), name,
                    arguments, datum_dict());
    struct buffer out = {0};

    assert_int_equal(pickle_dump(&out, &request), 0);
    assert_int_equal(connection_send(c, out.bytes, out.length), 0);
    buffer_free(&out);
    datum_drop(&request);
}

static inline const char *bare_call(struct connection *c, const char *ident,
                                    const char *name, struct datum arguments)
{
    bare_send(c, ident, name, arguments);
    return bare_reply(c);
}

/* One request to the server itself, over a connection of its own. */
static inline const char *bare_ask(const struct house *h, const char *name,
                                   struct datum arguments)
{
    struct connection c;
    const char *text;

    bare_open(h, &c, true);
    text = bare_call(&c, NULL, name, arguments);
    connection_close(&c);
    return text;
}

/* Its one reference is this process's; ident has IDENT bytes. */
static inline void bare_create(const struct house *h, const char *type,
                               char *ident, struct datum arguments)
{
    struct datum all = datum_list();
    const char *text;

    assert_int_equal(datum_append(&all, datum_str(type)), 0);
    for (size_t i = 0; i < arguments.sequence->length; i++)
        assert_int_equal(
            datum_append(&all, datum_share(&arguments.sequence->items[i])), 0);
    datum_drop(&arguments);
    text = bare_ask(h, "create", all);
    assert_int_equal(sscanf(text, "('#RETURN', ('%19[0-9a-f]'", ident), 1);
}

/* A connection that carries calls of methods. */
static inline void bare_accept(const struct house *h, struct connection *c)
{
    bare_open(h, c, true);
    assert_string_equal(
        bare_call(c, NULL, "accept_connection", datum_tuple("s", "a test")),
        "('#RETURN', None)");
}

/* --- C proxies --- */

static inline struct proxy create(struct manager *m, const char *type)
{
    struct proxy p;

    if (strcmp(type, "Value") == 0)
        assert_int_equal(manager_create(m, &p, type, "si", "i", INT64_C(0)), 0);
    else
        assert_int_equal(manager_create(m, &p, type, ""), 0);
    return p;
}

static inline int64_t number(struct proxy *p, const char *method)
{
    struct datum result;
    int64_t n = -1;

    assert_int_equal(proxy_call(p, &result, method, ""), 0);
    assert_int_equal(datum_to_int(&result, &n), 0);
    datum_drop(&result);
    return n;
}

static inline int64_t objects(struct manager *m)
{
    int64_t n = -1;

    assert_int_equal(manager_number_of_objects(m, &n), 0);
    return n;
}

static inline void expect_objects(struct manager *m, int64_t n)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (objects(m) != n && clock_now() < deadline)
        test_sleep_ms(1);
    assert_int_equal(objects(m), n);
}

/* --- until it is so --- */

/* How many threads of this process are in ppoll(2) with three descriptors, as
 * a method that waits has it, and no handshake. */
static inline unsigned threads_that_wait(void)
{
    DIR *dir = opendir("/proc/self/task");
    const struct dirent *entry;
    unsigned count = 0;

    while (dir && (entry = readdir(dir))) {
        char path[sizeof entry->d_name + 32], text[64] = "";
        unsigned long n = 0;
        long call = -1;
        FILE *file;

        snprintf(path, sizeof path, "/proc/self/task/%s/syscall",
                 entry->d_name);
        file = fopen(path, "re");
        if (file && fgets(text, sizeof text, file) &&
            sscanf(text, "%ld %*s %lx", &call, &n) == 2)
            count += call == SYS_ppoll && n == 3;
        if (file)
            fclose(file);
    }
    if (dir)
        closedir(dir);
    return count;
}

static inline void expect_waiting(unsigned n)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (threads_that_wait() < n) {
        assert_true(clock_now() < deadline);
        test_sleep_ms(1);
    }
}

#define SERVING(name)                                                          \
    cmocka_unit_test_setup_teardown(name, census_begin, children_end)

#endif
