/* SPDX-License-Identifier: MIT */
/*
 * request.c - one request of a manager's client, and its reply.
 *
 * A request is the pickle of (ident, function, arguments, keywords); a reply
 * that of (kind, value).  (CPython Lib/multiprocessing/managers.py, dispatch
 * and convert_to_error.)
 */
#include "manager/connections.h"

#include "manager/pickle.h"
#include "pipe/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void wire_close(struct wire *w)
{
    connection_close(&w->connection);
    buffer_free(&w->out);
    free(w->in);
    *w = (struct wire){.connection = {.fd = -1}};
}

/* The handshake, until a deadline. */
static int prove(struct wire *w, const struct manager_place *at,
                 int64_t deadline)
{
    int error = authenticate_server(
        &w->connection, at->key, at->key_length,
        deadline == NO_TIMEOUT ? NO_TIMEOUT : deadline - clock_now());

    return error == -ECONNRESET ? -EPIPE : error;
}

int wire_open(struct wire *w, const struct manager_place *at, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    int error = client_open(&w->connection, at->address, timeout);

    if (!error)
        error = prove(w, at, deadline);
    if (error)
        connection_close(&w->connection);
    return error;
}

/* --- what is sent --- */

/* In parts, so that nothing is allocated for it. */
static int write_request(struct buffer *out, const struct datum *ident,
                         const char *function, const struct datum *arguments,
                         const struct datum *keywords)
{
    static struct table empty; /* read alone */
    static const struct datum none = {.kind = DATUM_DICT, .table = &empty};
    int error;

    out->length = 0;
    error = pickle_begin(out);
    if (!error)
        error = pickle_mark(out);
    if (!error)
        error = pickle_put(out, ident);
    if (!error)
        error = pickle_text(out, function);
    if (!error)
        error = pickle_put(out, arguments);
    if (!error)
        error = pickle_put(out, keywords ? keywords : &none);
    if (!error)
        error = pickle_marked(out);
    return error ? error : pickle_end(out);
}

/* --- what comes back --- */

/* Have room for a message of n bytes; what was there is not kept. */
static int have_room(struct wire *w, size_t n)
{
    unsigned char *larger;

    if (n <= w->in_size)
        return 0;
    if (n > REPLY_MOST)
        return -EBADMSG;
    if (n < 4096)
        n = 4096;
    larger = malloc(n);
    if (!larger)
        return -ENOMEM;
    free(w->in);
    w->in = larger;
    w->in_size = n;
    return 0;
}

/* What a large message needed is not kept for small ones. */
static void trim(struct wire *w)
{
    if (w->out.capacity > WIRE_KEPT)
        buffer_free(&w->out);
    if (w->in_size > WIRE_KEPT) {
        free(w->in);
        w->in = NULL;
        w->in_size = 0;
    }
}

/* The length of the reply, which lies in w->in, or -errno. */
static ssize_t read_reply(struct wire *w, int64_t timeout)
{
    ssize_t got = have_room(w, 1);
    int ready;

    if (got == 0 && timeout != NO_TIMEOUT) {
        ready = connection_poll(&w->connection, timeout);
        got = ready == 0 ? -ETIMEDOUT : ready < 0 ? ready : 0;
    }
    if (got == 0)
        got = connection_recv(&w->connection, w->in, w->in_size);
    if (got == -EMSGSIZE) {
        got = have_room(w, (size_t)connection_pending(&w->connection));
        if (got == 0)
            got = connection_recv(&w->connection, w->in, w->in_size);
    }
    return got;
}

/* RemoteError(text). */
static int remote_error(struct datum *result, struct datum text)
{
    *result = datum_exception("RemoteError", text);
    return result->kind == DATUM_NOTHING ? -ENOMEM : -EREMOTEIO;
}

/* ('#PROXY', (exposed, token)): a datum of a proxy, but for its class. */
static int take_proxy(struct datum *result, const struct datum *value)
{
    struct datum fields[3];
    const struct datum *items;

    if (value->kind != DATUM_TUPLE || value->sequence->length != 2)
        return -EBADMSG;
    items = value->sequence->items;
    if (items[1].kind != DATUM_TOKEN)
        return -EBADMSG;
    fields[0] = datum_str("AutoProxy");
    fields[1] = datum_share(&items[1]);
    fields[2] = datum_share(&items[0]);
    *result = datum_record(DATUM_PROXY, fields, 3);
    return result->kind == DATUM_NOTHING ? -ENOMEM : REPLY_PROXY;
}

/* What (kind, value) says. */
static int take_reply(struct datum *result, const struct datum *kind,
                      const struct datum *value)
{
    if (datum_is_str(kind, "#RETURN")) {
        *result = datum_share(value);
        return 0;
    }
    if (datum_is_str(kind, "#PROXY"))
        return take_proxy(result, value);
    if (datum_is_str(kind, "#ERROR") && value->kind == DATUM_EXCEPTION) {
        *result = datum_share(value);
        return -EREMOTEIO;
    }
    if (value->kind == DATUM_STR && (datum_is_str(kind, "#TRACEBACK") ||
                                     datum_is_str(kind, "#UNSERIALIZABLE")))
        return remote_error(result, datum_share(value));
    return -EBADMSG;
}

/* What cannot be a datum of ours, be it a result or an exception, is said so
 * by an exception; the connection is none the worse for it. */
static int load_reply(struct datum *result, const void *bytes, size_t n)
{
    struct pickle_fault fault = {0};
    struct datum reply = {0};
    int error = pickle_load(bytes, n, NULL, &reply, &fault);

    if (error == -EPERM)
        return remote_error(result, datum_str(fault.text));
    if (error)
        return error == -ENOMEM || error == -E2BIG ? error : -EBADMSG;
    if (reply.kind == DATUM_TUPLE && reply.sequence->length == 2)
        error = take_reply(result, &reply.sequence->items[0],
                           &reply.sequence->items[1]);
    else
        error = -EBADMSG;
    datum_drop(&reply);
    return error;
}

/* --- both --- */

int wire_request(struct wire *w, struct datum *result,
                 const struct datum *ident, const char *function,
                 const struct datum *arguments, const struct datum *keywords,
                 int64_t timeout, bool *usable)
{
    ssize_t got = -EPIPE;
    int error;

    *result = (struct datum){.kind = DATUM_NOTHING};
    *usable = true;
    error = write_request(&w->out, ident, function, arguments, keywords);
    if (error)
        return error;
    error = connection_send(&w->connection, w->out.bytes, w->out.length);
    if (!error)
        got = read_reply(w, timeout);
    if (got < 0) { /* what comes next might be the reply to this one */
        *usable = false;
        error = error ? error : (int)got;
        return error == -ECONNRESET ? -EPIPE : error;
    }
    error = load_reply(result, w->in, (size_t)got);
    *usable = error != -EBADMSG;
    trim(w);
    return error;
}

/* What is asked of the server itself: a method alone makes an object. */
static int call_server(struct wire *w, struct datum *result,
                       const char *function, const struct datum *arguments,
                       const struct datum *keywords, int64_t timeout)
{
    struct datum none = datum_none();
    bool usable;
    int error = wire_request(w, result, &none, function, arguments, keywords,
                             timeout, &usable);

    if (error != REPLY_PROXY)
        return error;
    datum_drop(result);
    return -EBADMSG;
}

int request_once(const struct manager_place *at, struct datum *result,
                 const char *function, struct datum arguments,
                 const struct datum *keywords, int64_t timeout)
{
    struct wire w = {.connection = {.fd = -1}};
    int error = wire_open(
        &w, at, timeout < REQUEST_PATIENCE ? timeout : REQUEST_PATIENCE);

    *result = (struct datum){.kind = DATUM_NOTHING};
    if (!error)
        error =
            call_server(&w, result, function, &arguments, keywords, timeout);
    wire_close(&w);
    datum_drop(&arguments);
    return error;
}

int request_count(const struct manager_place *at, const char *function,
                  const struct datum *ident)
{
    struct datum result;
    int error = request_once(at, &result, function,
                             datum_tuple("O", datum_share(ident)), NULL,
                             REQUEST_PATIENCE);

    datum_drop(&result);
    return error;
}

/* "Process-1", and where it is another of its threads "Process-1|4711". */
static struct datum thread_name(void)
{
    char name[96];

    if (gettid() == getpid())
        return datum_str(process_current_name());
    snprintf(name, sizeof name, "%s|%d", process_current_name(), gettid());
    return datum_str(name);
}

/* It is the line's as soon as it is connected, and not at the end of all that
 * is said first: a fork meanwhile finds it. */
int line_open(struct line *l)
{
    const struct manager_place *at = &l->place->at;
    int64_t deadline = clock_deadline(REQUEST_PATIENCE);
    struct wire w = {.connection = {.fd = -1}};
    struct datum result = {0}, name = datum_tuple("O", thread_name());
    int error = client_open(&w.connection, at->address, REQUEST_PATIENCE);

    line_set(l, &w);
    if (!error)
        error = prove(&l->wire, at, deadline);
    if (!error)
        error = call_server(&l->wire, &result, "accept_connection", &name, NULL,
                            REQUEST_PATIENCE);
    datum_drop(&result);
    datum_drop(&name);
    if (error)
        line_close(l);
    return error == -EREMOTEIO ? -EBADMSG : error;
}
