/* SPDX-License-Identifier: MIT */
/*
 * wire.c - messages to requests, results to replies.
 */
#include "manager/pickle.h"
#include "manager/serving.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A session keeps no more memory for messages than this between two. */
enum { KEPT = 1 << 20, LEAST = 4096 };

/* How many data a byte of a request may stand for; and as many as this, it may
 * be as short as it likes: to print them takes half a second. */
enum { UNFOLDS = 16, UNFOLDED = 1 << 20 };

static int reserve(struct session *s, size_t n)
{
    unsigned char *larger;

    if (n <= s->capacity)
        return 0;
    larger = realloc(s->in, n);
    if (!larger)
        return -ENOMEM;
    s->in = larger;
    s->capacity = n;
    return 0;
}

/* The next message, in s->in: its length or -errno. */
static ssize_t receive(struct session *s)
{
    ssize_t got;
    int error;

    if (s->capacity > KEPT) {
        free(s->in);
        s->in = NULL;
        s->capacity = 0;
    }
    error = reserve(s, LEAST);
    if (error)
        return error;
    got = connection_recv(&s->connection, s->in, s->capacity);
    if (got != -EMSGSIZE)
        return got;
    got = connection_pending(&s->connection);
    if (got < 0 || (size_t)got > s->server->options.message)
        return got < 0 ? got : -EMSGSIZE;
    error = reserve(s, (size_t)got);
    return error ? error : connection_recv(&s->connection, s->in, s->capacity);
}

static bool text_or_none(const struct datum *d, const char **text)
{
    *text = d->kind == DATUM_STR ? (const char *)d->text->bytes : NULL;
    return d->kind == DATUM_STR ? strlen(*text) == d->text->length
                                : d->kind == DATUM_NONE;
}

/* What is given by name has a name that is a str. */
static bool are_named(const struct table *keywords)
{
    for (int64_t i = table_next(keywords, 0); i >= 0;
         i = table_next(keywords, i + 1))
        if (keywords->entries[i].key.kind != DATUM_STR)
            return false;
    return true;
}

/* (ident, name, arguments, keywords): is it? */
static bool parts(struct request *r)
{
    const struct datum *whole = &r->whole, *items;

    if (whole->kind != DATUM_TUPLE || whole->sequence->length != 4)
        return false;
    items = whole->sequence->items;
    if (!text_or_none(&items[0], &r->ident) ||
        !text_or_none(&items[1], &r->name) ||
        (items[2].kind != DATUM_TUPLE && items[2].kind != DATUM_LIST) ||
        items[3].kind != DATUM_DICT || !are_named(items[3].table))
        return false;
    r->arguments = items[2].sequence->items;
    r->count = items[2].sequence->length;
    r->keywords = items[3].table;
    return true;
}

static bool has_proxies(const struct datum *d);

static bool any_has(const struct datum *items, size_t n)
{
    while (n--)
        if (has_proxies(items++))
            return true;
    return false;
}

/* (No value is deeper than DATUM_DEPTH.) */
static bool has_proxies(const struct datum *d)
{
    switch (d->kind) {
    case DATUM_PROXY:
        return true;
    case DATUM_LIST:
    case DATUM_TUPLE:
        return any_has(d->sequence->items, d->sequence->length);
    case DATUM_DICT:
    case DATUM_SET:
    case DATUM_FROZENSET:
        for (int64_t i = table_next(d->table, 0); i != TABLE_NONE;
             i = table_next(d->table, i + 1))
            if (has_proxies(&d->table->entries[i].key) ||
                has_proxies(&d->table->entries[i].value))
                return true;
        return false;
    case DATUM_REVERSED:
    case DATUM_EXCEPTION:
    case DATUM_INSTANCE:
    case DATUM_SLICE:
        return any_has(d->record->fields, d->record->length);
    default:
        return false;
    }
}

/*
 * What is within a message once can be in its value a million times: who
 * hashes, prints or sends that pays for each.  So a value that unfolds to many
 * times what was sent is not taken.
 */
static bool is_too_much(const struct datum *whole, size_t bytes)
{
    return datum_has_cell(whole) && whole->cell->weight > UNFOLDED &&
           whole->cell->weight / UNFOLDS > bytes;
}

int request_receive(struct session *s, struct request *r, struct datum *wrong)
{
    const struct pickle_reader reader = {object_resolve, s->server};
    struct pickle_fault fault = {0};
    ssize_t got = receive(s);
    int error;

    *r = (struct request){0};
    datum_drop(&s->sent);
    if (got < 0)
        return (int)got;
    error = pickle_load(s->in, (size_t)got, &reader, &r->whole, &fault);
    if (!error && is_too_much(&r->whole, (size_t)got))
        error = -E2BIG;
    if (!error && parts(r))
        return 0;
    datum_drop(&r->whole);
    *wrong = datum_exception(
        error == -ENOMEM || error == -E2BIG ? "MemoryError" : "ValueError",
        datum_str(!error        ? "not a request: (ident, name, args, kwds)"
                  : *fault.text ? fault.text
                                : "it unfolds to more than is taken"));
    return RAISED;
}

void request_free(struct request *r)
{
    datum_drop(&r->whole);
}

static int put_reply(struct session *s, enum reply_kind kind,
                     const struct datum *value)
{
    int error;

    s->out.limit = s->server->options.message;
    error = pickle_begin(&s->out);

    if (!error)
        error = pickle_put(&s->out, &s->server->kinds[kind]);
    if (!error)
        error = pickle_put(&s->out, value);
    if (!error)
        error = pickle_tuple(&s->out, 2);
    return error ? error : pickle_end(&s->out);
}

/* A reply that is too large, or for which there is no memory. */
static int put_no_memory(struct session *s)
{
    struct datum none = datum_exception("MemoryError", datum_str(""));
    int error;

    buffer_free(&s->out);
    error = put_reply(s, ERROR, &none);
    datum_drop(&none);
    return error;
}

/* A reference that the client was not told of is taken back. */
static void settle_made(struct session *s, bool told)
{
    struct object *o = s->made;

    s->made = NULL;
    if (o && !told)
        client_decref(s->client, 0, o);
    if (o)
        object_unpin(o);
}

int reply_send(struct session *s, enum reply_kind kind, struct datum value)
{
    bool told;
    int error;

    s->out.length = 0;
    error = put_reply(s, kind, &value);
    told = !error;
    if (!error && has_proxies(&value))
        s->sent = value;
    else
        datum_drop(&value);
    if (error)
        error = put_no_memory(s);
    if (!error) {
        atomic_fetch_add_explicit(&s->server->answered, 1,
                                  memory_order_relaxed);
        error = connection_send(&s->connection, s->out.bytes, s->out.length);
    }
    settle_made(s, told && !error);
    if (s->out.capacity > KEPT)
        buffer_free(&s->out);
    return error;
}

struct datum reply_traceback(const char *where, const struct datum *exception)
{
    struct buffer text = {0};
    struct datum result = {0};
    int error = buffer_format(&text,
                              "Traceback (most recent call last):\n"
                              "  in the server of ipclab, %s\n%s: ",
                              where, datum_type(exception));

    if (!error)
        error = datum_print(&text, exception);
    if (!error)
        error = buffer_text(&text, "\n");
    if (!error)
        result = datum_text(DATUM_STR, text.bytes, text.length);
    buffer_free(&text);
    return result;
}
