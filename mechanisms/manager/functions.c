/* SPDX-License-Identifier: MIT */
/*
 * functions.c - what can be asked of the server itself, and not of an object:
 * to make one, to count a reference to one, to say what there is, to end.
 */
#include "manager/serving.h"

#include <errno.h>

/* An argument that is the ident of an object, which is pinned; or NULL, raised.
 */
static struct object *named(struct call *call, const struct datum *ident)
{
    struct object *o = NULL;

    if (ident && ident->kind == DATUM_STR)
        o = object_find(call->server, (const char *)ident->text->bytes);
    if (!o)
        call_raise_with(call, "KeyError",
                        ident ? datum_share(ident) : datum_none());
    return o;
}

/* create(typeid, *args, **kwds): (ident, exposed); its one reference is the
 * caller's. */
static int create(struct call *call)
{
    const struct hosted_type *type = NULL;
    struct object *o;
    char ident[IDENT];
    struct datum items[2];
    int error;

    if (call->count && call->arguments[0].kind == DATUM_STR)
        type = hosted_find((const char *)call->arguments[0].text->bytes);
    if (!type || type->unmade)
        return call_raise_with(call, "KeyError",
                               call->count ? datum_share(&call->arguments[0])
                                           : datum_none());
    call->arguments++;
    call->count--;
    error = object_make(call, type, &o);
    if (error)
        return error;
    object_ident(o, ident);
    items[0] = datum_str(ident);
    items[1] = object_exposed(o);
    return call_hand_out(call, o, items);
}

static int incref(struct call *call)
{
    struct object *o = named(call, call->count ? call->arguments : NULL);
    int error;

    if (!o)
        return RAISED;
    error = client_incref(call->session->client, o);
    object_unpin(o);
    return error;
}

/* decref(ident): of this client's; decref(ident, process): of that one's. */
static int decref(struct call *call)
{
    struct object *o = named(call, call->count ? call->arguments : NULL);
    int64_t process = 0;
    int error;

    if (!o)
        return RAISED;
    if (call->count > 1)
        datum_to_int(&call->arguments[1], &process);
    error = client_decref(call->session->client, (pid_t)process, o);
    if (error == -ENOENT)
        error =
            call_raise_with(call, "KeyError", datum_share(&call->arguments[0]));
    object_unpin(o);
    return error;
}

/* get_methods(token) */
static int get_methods(struct call *call)
{
    const struct datum *token = call->count ? call->arguments : NULL;
    struct object *o;

    o = named(call, token && token->kind == DATUM_TOKEN
                        ? &token->record->fields[2]
                        : NULL);
    if (!o)
        return RAISED;
    call->result = object_exposed(o);
    object_unpin(o);
    return 0;
}

static int number_of_objects(struct call *call)
{
    call->result = datum_int(objects_count(call->server));
    return 0;
}

static int debug_info(struct call *call)
{
    struct buffer text = {0};
    int error = objects_describe(call, &text);

    if (!error)
        call->result = datum_text(DATUM_STR, text.bytes, text.length);
    buffer_free(&text);
    return error;
}

static int dummy(struct call *call)
{
    (void)call;
    return 0;
}

static int close_down(struct call *call)
{
    /* The client waits for this, or for the end of the connection. */
    int error =
        reply_send(call->session, RETURN, datum_none()) ? -ECANCELED : 0;

    server_stop(call->server);
    return error ? error : -ECANCELED;
}

const struct function server_functions[] = {
    {"incref", incref},
    {"decref", decref},
    {"create", create},
    {"get_methods", get_methods},
    {"number_of_objects", number_of_objects},
    {"debug_info", debug_info},
    {"dummy", dummy},
    {"shutdown", close_down},
    {NULL, NULL},
};
