/* SPDX-License-Identifier: MIT */
// wrap: connection_recv connection_pending connection_send
/*
 * fuzz_request.c - a target for libFuzzer: what a client that has the key asks
 * of a server that hosts an object of every type.
 *
 * The session is served in this thread, by the server's own code, without a
 * socket: connection_recv and connection_send are replaced.  What it answers
 * must be a reply, whatever it was asked.  Nobody else is there, and the client
 * is gone as soon as it waits, so nothing is waited for.
 *
 * Bytes are a list of requests.  A byte below RAW is an object, and those that
 * follow are a method of it and arguments; from RAW on they are a pickle, with
 * its length before it, so that what no client of ours would write is tried,
 * too.  `make fuzz` builds and runs it.
 */
#include "manager/fuzz_datum.h"
#include "manager/pickle.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
ssize_t __wrap_connection_recv(struct connection *c, void *buffer, size_t size);
ssize_t __wrap_connection_pending(const struct connection *c);
int __wrap_connection_send(struct connection *c, const void *data, size_t size);

enum { RAW = 0xe0, MOST = 1 << 20, REQUESTS = 64 };

static const char *const types[] = {
    "list",  "dict",      "set",       "Namespace",        "Value",
    "Array", "Queue",     "Event",     "JoinableQueue",    "Lock",
    "RLock", "Semaphore", "Condition", "BoundedSemaphore", "Barrier",
    NULL};

/* --- the requests --- */

static struct buffer message;

static void put_call(const char *ident, const char *name,
                     const struct datum *arguments,
                     const struct datum *keywords)
{
    struct datum none = datum_none();

    message.length = 0;
    if (pickle_begin(&message) || pickle_mark(&message) ||
        (ident ? pickle_text(&message, ident) : pickle_put(&message, &none)) ||
        pickle_text(&message, name) || pickle_put(&message, arguments) ||
        pickle_put(&message, keywords) || pickle_marked(&message) ||
        pickle_end(&message))
        abort(); /* these are small */
}

static struct datum take_keywords(void)
{
    static const char *const names[] = {
        "timeout", "block", "blocking", "key", "reverse", "n",
        "maxsize", "value", "item",     "x",   "lock",    "default"};
    struct datum keywords = datum_dict();

    for (unsigned n = take() & 3; n > 0; n--)
        (void)table_set(
            keywords.table,
            datum_str(names[take() % (sizeof names / sizeof *names)]),
            take_datum(1));
    return keywords;
}

/* One of its methods, or what any object has. */
static const char *take_method(const struct object *o)
{
    static const char *const all[] = {"__str__", "__repr__", "#GETVALUE",
                                      "nothing"};
    const struct method *m = o->type->methods;
    size_t count = 0, which = take();

    while (m && m[count].name)
        count++;
    which %= count + 4;
    return which < count ? m[which].name : all[which - count];
}

static void compose(unsigned first)
{
    const struct object *o = objects[first % object_count];
    char ident[IDENT];
    const char *name = take_method(o);
    struct datum items[4], arguments, keywords;
    size_t n = take() & 3;

    object_ident(o, ident);
    for (size_t i = 0; i < n; i++)
        items[i] = take_datum(0);
    arguments = datum_sequence(DATUM_TUPLE, items, n);
    keywords = take() & 8 ? take_keywords() : datum_dict();
    put_call(ident, name, &arguments, &keywords);
    datum_drop(&arguments);
    datum_drop(&keywords);
}

/* The first one: to the server itself, or accept_connection. */
static void compose_first(void)
{
    static const char *const names[] = {
        "accept_connection", "create",     "incref", "decref", "get_methods",
        "number_of_objects", "debug_info", "dummy",  "no such"};
    struct datum items[3], arguments, keywords = datum_dict();
    unsigned which = take();
    const char *name = which < 0xc0 ? names[0] : names[which % 9];
    const struct object *o = objects[take() % object_count];
    char ident[IDENT];
    size_t n = name == names[0] ? 0 : which % 4;

    object_ident(o, ident);
    for (size_t i = 0; i < n; i++)
        items[i] = i                  ? take_datum(0)
                   : name == names[1] ? datum_str(o->type->name)
                   : name == names[4] ? object_token(o)
                                      : datum_str(ident);
    arguments = datum_sequence(DATUM_TUPLE, items, n);
    put_call(NULL, name, &arguments, &keywords);
    datum_drop(&arguments);
    datum_drop(&keywords);
}

static void next_message(void)
{
    unsigned first;
    size_t n;

    if (requests++ == 0) {
        compose_first();
        return;
    }
    first = take();
    if (first < RAW) {
        compose(first);
        return;
    }
    n = take();
    n = n | (size_t)take() << 8;
    if (n > (size_t)(end - at))
        n = (size_t)(end - at);
    message.length = 0;
    if (buffer_put(&message, at, n))
        abort();
    at += n;
}

/* --- the connection --- */

ssize_t __wrap_connection_recv(struct connection *c, void *buffer, size_t size)
{
    if (!c->known) {
        if (requests && (at == end || requests == REQUESTS))
            return -EPIPE;
        next_message();
    }
    c->known = message.length > size;
    if (c->known)
        return -EMSGSIZE;
    if (message.length)
        memcpy(buffer, message.bytes, message.length);
    return (ssize_t)message.length;
}

ssize_t __wrap_connection_pending(const struct connection *c)
{
    (void)c;
    return (ssize_t)message.length;
}

/* (kind, value): a client of ours can read it. */
int __wrap_connection_send(struct connection *c, const void *data, size_t size)
{
    struct pickle_fault fault;
    struct datum reply;

    (void)c;
    if (pickle_load(data, size, NULL, &reply, &fault) ||
        reply.kind != DATUM_TUPLE || reply.sequence->length != 2 ||
        reply.sequence->items[0].kind != DATUM_STR)
        abort();
    datum_drop(&reply);
    return 0;
}

/* --- the server, that serves nobody else --- */

static void host(struct session *s, const char *name)
{
    struct datum arguments[2] = {datum_str("i"), datum_int(2)};
    struct call call = {.server = s->server, .session = s, .name = name};
    const struct hosted_type *type = hosted_find(name);

    if (strcmp(name, "Value") == 0 || strcmp(name, "Array") == 0) {
        call.arguments = arguments;
        call.count = 2;
    } else if (strcmp(name, "Barrier") == 0) {
        call.arguments = &arguments[1];
        call.count = 1;
    }
    if (strcmp(name, "Array") == 0)
        arguments[1] = datum_text(DATUM_BYTES, "three integers", 12);
    if (!type || object_make(&call, type, &objects[object_count]))
        abort(); /* every type is there */
    object_count++;
    datum_drop(&call.result);
    datum_drop(&arguments[0]);
    datum_drop(&arguments[1]);
}

static void open_all(struct server *server, struct session *s)
{
    static const char *const kinds[KINDS] = {"#RETURN", "#ERROR", "#TRACEBACK",
                                             "#PROXY", "#UNSERIALIZABLE"};

    pthread_mutex_init(&server->lock, NULL);
    server->options.message = MOST;
    server->number = 0xa0; /* the idents of every run are the same */
    server->place = datum_str("here");
    for (size_t i = 0; i < KINDS; i++)
        server->kinds[i] = datum_str(kinds[i]);
    object_count = 0;
    for (size_t i = 0; types[i]; i++)
        host(s, types[i]);
}

static void close_all(struct server *server, struct session *s)
{
    datum_drop(&s->sent);
    datum_drop(&s->name);
    for (size_t i = 0; i < object_count; i++)
        object_unpin(objects[i]);
    clients_close(server);
    objects_close(server);
    datum_drop(&server->place);
    for (size_t i = 0; i < KINDS; i++)
        datum_drop(&server->kinds[i]);
    buffer_free(&s->out);
    free(s->in);
    pthread_mutex_destroy(&server->lock);
}

/* A socket whose other end is closed: call_wait finds the client gone. */
static int gone_client(void)
{
    static int ends[2] = {-1, -1};

    if (ends[0] < 0) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
            abort();
        close(ends[1]);
    }
    return ends[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static int stop = -1, woken = -1;
    struct server server = {.stop = -1, .watch = -1};
    struct client *client = calloc(1, sizeof *client);
    struct session s = {.server = &server,
                        .client = client,
                        .thread = 1,
                        .name = datum_none(),
                        .connection = {.fd = gone_client()}};

    if (stop < 0) {
        stop = eventfd(0, EFD_CLOEXEC);
        woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    if (!client || stop < 0 || woken < 0)
        abort();
    server.stop = stop;
    s.woken = woken;
    client->pidfd = -1;
    client->process = 1; /* what it has is counted */
    client->has = datum_dict();
    server.clients = client;
    open_all(&server, &s);
    at = bytes;
    end = bytes + n;
    requests = 0;
    server_answer(&s);
    close_all(&server, &s);
    return 0;
}
