/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - an object of a server, as its clients see it.
 *
 * A call is one message each way, over the connection that this thread has.
 * Who makes an object, or is given one by a method, has the reference that the
 * server counted for it; CPython takes another and gives the first one back,
 * which ends the same and costs two connections more.
 */
#include "manager/connections.h"

#include "common/hooks.h"
#include "manager/hosted.h"
#include "pipe/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct datum nothing = {.kind = DATUM_NOTHING};

/* --- calls --- */

/* This process's own connection and reference; the latter a forked child takes
 * with its first call. */
static int make_ready(struct hold *h, struct line **line)
{
    int error = 0;

    if (h->place->ended)
        return -EPIPE;
    /* region: own */
    if (h->generation != fork_generation())
        error = hold_renew(h);
    if (error)
        return error == -EREMOTEIO ? -ESTALE : error;
    /* end: own */
    *line = hold_line(h);
    if (!*line)
        return -ENOMEM;
    return (*line)->wire.connection.fd < 0 ? line_open(*line) : 0;
}

/* A reference that nobody has made a proxy of yet; with the datum it goes.  A
 * forked child's copy of it is no reference. */
struct pending {
    struct manager_place at;
    struct datum ident;
    unsigned generation; /* of the process whose it is */
};

static bool is_own(const struct pending *p)
{
    return p->generation == fork_generation();
}

static void pending_free(struct pending *p)
{
    datum_drop(&p->ident);
    free(p);
}

static void give_back(void *pin)
{
    struct pending *p = pin;

    if (!p)
        return;
    if (is_own(p))
        request_count(&p->at, "decref", &p->ident);
    pending_free(p);
}

/* The proxy that a call returned, and the server's reference with it. */
static int attach(struct datum *proxy, const struct hold *h)
{
    struct record *r = proxy->record, *token = r->fields[1].record;
    struct pending *p = malloc(sizeof *p);

    if (!p) {
        request_count(&h->place->at, "decref", &token->fields[2]);
        datum_drop(proxy);
        return -ENOMEM;
    }
    *p = (struct pending){h->place->at, datum_share(&token->fields[2]),
                          fork_generation()};
    r->pin = p;
    r->unpin = give_back;
    return 0;
}

int proxy_call_with(struct proxy *p, struct datum *result, const char *method,
                    const struct datum *arguments, const struct datum *keywords)
{
    struct line *line = NULL;
    bool usable = true;
    int error;

    *result = nothing;
    if (!p->hold)
        return -EINVAL;
    error = make_ready(p->hold, &line);
    if (!error)
        error = wire_request(&line->wire, result, &p->hold->ident, method,
                             arguments, keywords, NO_TIMEOUT, &usable);
    if (!usable)
        line_close(line);
    return error == REPLY_PROXY ? attach(result, p->hold) : error;
}

int proxy_call_list(struct proxy *p, struct datum *result, const char *method,
                    const char *format, va_list *list)
{
    struct datum arguments = datum_tuple_from(format, list);
    int error = proxy_call_with(p, result, method, &arguments, NULL);

    datum_drop(&arguments);
    return error;
}

int proxy_call(struct proxy *p, struct datum *result, const char *method,
               const char *format, ...)
{
    va_list list;
    int error;

    va_start(list, format);
    error = proxy_call_list(p, result, method, format, &list);
    va_end(list);
    return error;
}

int proxy_do(struct proxy *p, const char *method, const char *format, ...)
{
    struct datum result;
    va_list list;
    int error;

    va_start(list, format);
    error = proxy_call_list(p, &result, method, format, &list);
    va_end(list);
    datum_drop(&result);
    return error;
}

/* --- making one --- */

int proxy_open(struct proxy *p, const struct manager_place *at,
               struct datum type, const struct datum *ident,
               const struct datum *exposed)
{
    struct datum fields[3] = {type, datum_address(at->address),
                              datum_share(ident)};

    *p = (struct proxy){.token = datum_record(DATUM_TOKEN, fields, 3),
                        .exposed = datum_share(exposed)};
    if (p->token.kind != DATUM_NOTHING)
        p->hold = hold_new(at, ident);
    if (p->hold)
        return 0;
    datum_drop(&p->token);
    datum_drop(&p->exposed);
    return -ENOMEM;
}

/* ("127.0.0.1", 6000); over TCP a server has many names, with one port. */
static int take_port(struct manager_place *at, const struct datum *address)
{
    const struct datum *items = address->sequence->items;
    int64_t port;
    int n;

    if (address->sequence->length != 2 || items[0].kind != DATUM_STR ||
        datum_to_int(&items[1], &port))
        return -EINVAL;
    if (!address_is_name(at->address) &&
        strtol(strrchr(at->address, ':') + 1, NULL, 10) == port)
        return 0;
    n = snprintf(at->address, sizeof at->address, "%s:%lld",
                 (const char *)items[0].text->bytes, (long long)port);
    return n >= (int)sizeof at->address || address_is_name(at->address)
               ? -EINVAL
               : 0;
}

/*
 * Where an object is whose proxy was within a result: its token says it, since
 * a container of CPython's server may have those of another manager; the key is
 * the same.  *at is at first the place that the result came from.
 */
static int find_place(struct manager_place *at, const struct datum *address)
{
    size_t n;

    if (address->kind == DATUM_TUPLE)
        return take_port(at, address);
    if (address->kind != DATUM_STR)
        return -EINVAL;
    n = strlen((const char *)address->text->bytes);
    if (n == 0 || n != address->text->length || n >= sizeof at->address)
        return -EINVAL;
    memcpy(at->address, address->text->bytes, n + 1);
    return address_is_name(at->address) ? 0 : -EINVAL;
}

/* A reference for a proxy of what is in a result: the one that came with it,
 * once, or another.  0; -EINVAL; or as request_count. */
static int take_reference(struct record *r, struct manager_place *at)
{
    const struct datum *token = r->fields[1].record->fields;
    struct pending *pending =
        r->unpin == give_back
            ? __atomic_exchange_n(&r->pin, NULL, __ATOMIC_ACQ_REL)
            : NULL;
    bool came = pending && is_own(pending);
    int error = 0;

    if (pending)
        pending_free(pending);
    if (r->unpin != give_back)
        error = find_place(at, &token[1]);
    if (!error && !came)
        error = request_count(at, "incref", &token[2]);
    return error == -EREMOTEIO ? -ESTALE : error;
}

int proxy_from(struct proxy *p, const struct proxy *through,
               const struct datum *result)
{
    struct record *r = result->record, *token;
    struct manager_place at;
    int error;

    *p = (struct proxy){0};
    if (result->kind != DATUM_PROXY || r->fields[1].kind != DATUM_TOKEN ||
        !through->hold)
        return -EINVAL;
    token = r->fields[1].record;
    at = through->hold->place->at;
    error = take_reference(r, &at);
    if (error)
        return error;
    error = proxy_open(p, &at, datum_share(&token->fields[0]),
                       &token->fields[2], &r->fields[2]);
    if (error)
        request_count(&at, "decref", &token->fields[2]);
    return error;
}

struct datum proxy_datum(const struct proxy *p)
{
    const struct datum *type = p->hold ? p->token.record->fields : NULL;
    const struct hosted_type *hosted =
        type && type->kind == DATUM_STR
            ? hosted_find((const char *)type->text->bytes)
            : NULL;
    bool known = hosted && hosted->proxy;
    struct datum fields[3] = {datum_str(known ? hosted->proxy : "AutoProxy"),
                              datum_share(&p->token),
                              known ? datum_none() : datum_share(&p->exposed)};

    return datum_record(DATUM_PROXY, fields, 3);
}

void proxy_close(struct proxy *p)
{
    if (p->hold)
        hold_free(p->hold);
    datum_drop(&p->token);
    datum_drop(&p->exposed);
    *p = (struct proxy){0};
}
