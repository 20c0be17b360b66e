/* SPDX-License-Identifier: MIT */
/*
 * server.c - what a manager's server answers.
 *
 * A connection begins with one request to the server itself.  Most end with its
 * answer; after accept_connection it is one thread of a client, and what
 * follows are calls of methods, one at a time, until it ends.
 *
 * How clients come in is in listen.c, what a request looks like in wire.c.
 */
#include "manager/server.h"
#include "manager/serving.h"

#include <errno.h>
#include <string.h>

/* --- results --- */

/* What -errno of ours is in Python. */
static int raise_error(struct call *call, int error)
{
    if (error == -ENOMEM || error == -E2BIG)
        return call_raise(call, "MemoryError", "%s", "");
    return call_raise(call, "OSError", "[Errno %d] %s", -error,
                      strerror(-error));
}

/* Run it: 0, RAISED, or -ECANCELED. */
static int settle(struct call *call, int result)
{
    if (result < 0 && result != -ECANCELED)
        return raise_error(call, result);
    return result;
}

static int send_traceback(struct session *s, struct call *call)
{
    struct datum text = reply_traceback(call->name, &call->result);

    datum_drop(&call->result);
    return reply_send(s, TRACEBACK, text);
}

/* --- calls of methods --- */

static const struct method *exposed(const struct object *o, const char *name)
{
    const struct method *m = o->type->methods;

    while (m && m->name && strcmp(m->name, name) != 0)
        m++;
    return m && m->name ? m : NULL;
}

/* What a client may ask of any object: str, repr, and its value. */
static int fall_back(struct call *call, const char *name)
{
    struct object *o = call->object;
    const struct hosted_type *type = o->type;
    struct buffer text = {.limit = call->server->options.message};
    int error;

    if (strcmp(name, "#GETVALUE") == 0)
        return type->value
                   ? type->value(call, o->state)
                   : call_raise(call, "TypeError", "cannot pickle '%s' object",
                                type->name);
    error = object_text(call, strcmp(name, "__str__") == 0, &text);
    if (!error)
        call->result = datum_text(DATUM_STR, text.bytes, text.length);
    buffer_free(&text);
    return error;
}

static bool falls_back(const char *name)
{
    return strcmp(name, "__str__") == 0 || strcmp(name, "__repr__") == 0 ||
           strcmp(name, "#GETVALUE") == 0;
}

int call_hand_out(struct call *call, struct object *o, struct datum items[2])
{
    int error;

    datum_drop(&call->result);
    call->result = datum_sequence(DATUM_TUPLE, items, 2);
    error = datum_error(&call->result);
    if (!error)
        error = client_incref(call->session->client, o);
    if (error)
        object_unpin(o);
    else
        call->session->made = o;
    return error;
}

/* A result that is an object of its own: (exposed, token), with a reference
 * that is the client's. */
static int make_proxy(struct call *call, const char *name)
{
    struct datum made = call->result, items[2];
    struct call making = {.server = call->server,
                          .session = call->session,
                          .arguments = &made,
                          .count = 1};
    struct object *o;
    int error = object_make(&making, hosted_find(name), &o);

    datum_drop(&made);
    call->result = making.result;
    if (error)
        return error;
    items[0] = object_exposed(o);
    items[1] = object_token(o);
    return call_hand_out(call, o, items);
}

/* Run the method and say what kind of reply there is: 0 or -ECANCELED. */
static int run(struct call *call, const char *name, enum reply_kind *kind)
{
    struct object *o = call->object;
    const struct method *m = exposed(o, name);
    int error;

    *kind = RETURN;
    if (m || falls_back(name)) {
        pthread_mutex_lock(o->lock);
        error = m ? m->run(call, o->state) : fall_back(call, name);
        pthread_mutex_unlock(o->lock);
        if (!error && m && m->returns) {
            error = make_proxy(call, m->returns);
            *kind = PROXY;
        }
        error = settle(call, error);
        if (error == RAISED)
            *kind = m                                ? ERROR
                    : strcmp(name, "#GETVALUE") == 0 ? UNSERIALIZABLE
                                                     : TRACEBACK;
    } else {
        error = call_raise(call, "AttributeError",
                           "method '%s' of '%s' object is not exposed", name,
                           o->type->name);
        *kind = TRACEBACK;
    }
    return error == RAISED ? 0 : error;
}

static int answer(struct session *s, const struct request *r)
{
    struct call call = {.server = s->server,
                        .session = s,
                        .name = r->name ? r->name : "None",
                        .arguments = r->arguments,
                        .count = r->count,
                        .keywords = r->keywords,
                        .result = datum_none()};
    enum reply_kind kind = TRACEBACK;
    int error = 0;

    call.object = r->ident ? object_find(s->server, r->ident) : NULL;
    if (!call.object)
        call_raise_with(&call, "KeyError",
                        datum_str(r->ident ? r->ident : "None"));
    else
        error = run(&call, call.name, &kind);
    if (error)
        datum_drop(&call.result);
    else if (kind == TRACEBACK || kind == UNSERIALIZABLE) {
        struct datum text = reply_traceback(call.name, &call.result);

        datum_drop(&call.result);
        error = reply_send(s, kind, text);
    } else
        error = reply_send(s, kind, call.result);
    if (call.object)
        object_unpin(call.object);
    return error;
}

/* accept_connection(name): from here on it is a thread of a client. */
static int accept_connection(struct call *call)
{
    struct session *s = call->session;
    struct datum wrong;
    struct request r;
    int error = reply_send(s, RETURN, datum_none());

    /* (Anything else might be a proxy, and pin an object beyond its end.) */
    if (call->count && call->arguments[0].kind == DATUM_STR)
        s->name = datum_share(&call->arguments[0]);
    /* region: calls */
    while (!error) {
        error = request_receive(s, &r, &wrong);
        if (error == RAISED) {
            struct datum text = reply_traceback("request", &wrong);

            datum_drop(&wrong);
            error = reply_send(s, TRACEBACK, text);
        } else if (!error) {
            error = answer(s, &r);
            request_free(&r);
        }
    }
    /* end: calls */
    return -ECANCELED;
}

/* --- the first request of a connection --- */

static int answer_first(struct call *call, const char *name)
{
    const struct function *f = server_functions;

    if (strcmp(name, "accept_connection") == 0)
        return accept_connection(call);
    while (f->name && strcmp(f->name, name) != 0)
        f++;
    return f->name
               ? settle(call, f->run(call))
               : call_raise(call, "AssertionError", "%s unrecognized", name);
}

void server_answer(struct session *s)
{
    struct call call = {.server = s->server, .session = s, .name = "request"};
    struct request r;
    int error = request_receive(s, &r, &call.result);

    if (!error) {
        call.name = r.name ? r.name : "None";
        call.arguments = r.arguments;
        call.count = r.count;
        call.keywords = r.keywords;
        call.result = datum_none();
        error = answer_first(&call, call.name);
    }
    if (error == RAISED)
        send_traceback(s, &call);
    else if (!error)
        reply_send(s, RETURN, call.result);
    else
        datum_drop(&call.result);
    request_free(&r);
}
