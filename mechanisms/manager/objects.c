/* SPDX-License-Identifier: MIT */
/*
 * objects.c - what a server has: objects, by their idents.
 *
 * An object lives while it is pinned: by the clients that have proxies of it
 * (one pin for all of them), by each proxy within another object, and by who
 * works with it.  Closing one may let go of others, as far as a chain of them
 * goes: they are closed one after the other, and not within each other.
 *
 * File-scope state: what a thread is about to close, of that thread alone.
 */
#include "manager/pickle.h"
#include "manager/serving.h"

#include "common/auth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the table; the server's lock is held --- */

static struct object **slot_of(const struct server *s, uint64_t number)
{
    return &s->slots[number & (s->slot_count - 1)];
}

static int grow(struct server *s)
{
    size_t count = s->slot_count ? s->slot_count * 2 : 64;
    struct object **old = s->slots;
    struct object **slots = calloc(count, sizeof(struct object *));
    size_t old_count = s->slot_count;

    if (!slots)
        return -ENOMEM;
    s->slots = slots;
    s->slot_count = count;
    for (size_t i = 0; i < old_count; i++)
        for (struct object *o = old[i], *next; o; o = next) {
            struct object **slot = slot_of(s, o->number);

            next = o->next;
            o->next = *slot;
            *slot = o;
        }
    free(old);
    return 0;
}

/* The first number is random: an ident of one server means nothing to another,
 * which may have been at its address before. */
static int add(struct server *s, struct object *o)
{
    struct object **slot;
    int error = 0;

    if (!s->number)
        error = auth_random(&s->number, sizeof s->number);
    if (!error && s->object_count >= s->slot_count)
        error = grow(s);
    if (error)
        return error;
    o->number = ++s->number;
    slot = slot_of(s, o->number);
    o->next = *slot;
    *slot = o;
    s->object_count++;
    return 0;
}

struct object *object_numbered(struct server *s, uint64_t number)
{
    struct object *o = s->slot_count ? *slot_of(s, number) : NULL;

    while (o && o->number != number)
        o = o->next;
    return o;
}

static void take_out(struct server *s, struct object *o)
{
    struct object **link = slot_of(s, o->number);

    while (*link != o)
        link = &(*link)->next;
    *link = o->next;
    s->object_count--;
}

/* --- having and closing --- */

void object_pin(struct object *o)
{
    atomic_fetch_add_explicit(&o->pins, 1, memory_order_relaxed);
}

static _Thread_local struct object *closing;
static _Thread_local bool is_closing;

static void close_later(struct object *o)
{
    o->next = closing;
    closing = o;
    if (is_closing)
        return;
    is_closing = true;
    while ((o = closing) != NULL) {
        closing = o->next;
        if (o->type->close)
            o->type->close(o->state);
        pthread_mutex_destroy(&o->own);
        free(o);
    }
    is_closing = false;
}

void object_unpin(struct object *o)
{
    struct server *s = o->server;
    uint32_t pins = atomic_load_explicit(&o->pins, memory_order_relaxed);
    bool last;

    while (pins > 1)
        if (atomic_compare_exchange_weak_explicit(&o->pins, &pins, pins - 1,
                                                  memory_order_release,
                                                  memory_order_relaxed))
            return;
    /* Perhaps the last: whoever finds it by its ident does so under the lock.
     */
    pthread_mutex_lock(&s->lock);
    last = atomic_fetch_sub_explicit(&o->pins, 1, memory_order_acq_rel) == 1;
    if (last)
        take_out(s, o);
    pthread_mutex_unlock(&s->lock);
    if (last)
        close_later(o);
}

int object_make(struct call *call, const struct hosted_type *type,
                struct object **made)
{
    struct server *s = call->server;
    struct object *o = calloc(1, sizeof *o + type->size);
    int error = 0;

    if (!o)
        return -ENOMEM;
    o->type = type;
    o->server = s;
    o->lock = &o->own;
    pthread_mutex_init(&o->own, NULL);
    atomic_init(&o->pins, 1);
    call->object = o;
    call->name = type->name;
    if (type->open)
        error = type->open(call, o->state);
    else if (call->count || (call->keywords && call->keywords->used))
        error = call_raise(call, "TypeError", "%s() takes no arguments",
                           type->name);
    if (!error) {
        pthread_mutex_lock(&s->lock);
        error = add(s, o);
        pthread_mutex_unlock(&s->lock);
        if (error && type->close)
            type->close(o->state);
    }
    if (error) {
        pthread_mutex_destroy(&o->own);
        free(o);
        return error;
    }
    *made = o;
    return 0;
}

/* What has a cycle of proxies lives until the end: so each is closed first, and
 * freed when all are. */
void objects_close(struct server *s)
{
    struct object *all = NULL;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->slot_count; i++)
        while (s->slots[i]) {
            struct object *o = s->slots[i];

            s->slots[i] = o->next;
            o->next = all;
            all = o;
            /* Nobody's unpin is the last one any more. */
            atomic_fetch_add_explicit(&o->pins, UINT32_MAX / 2,
                                      memory_order_relaxed);
        }
    s->object_count = 0;
    pthread_mutex_unlock(&s->lock);
    for (struct object *o = all; o; o = o->next)
        if (o->type->close)
            o->type->close(o->state);
    while (all) {
        struct object *o = all;

        all = o->next;
        pthread_mutex_destroy(&o->own);
        free(o);
    }
    free(s->slots);
    s->slots = NULL;
    s->slot_count = 0;
}

/* --- by name --- */

void object_ident(const struct object *o, char ident[IDENT])
{
    snprintf(ident, IDENT, "%llx", (unsigned long long)o->number);
}

/* The number that an ident is of: only as object_ident writes it. */
static bool parse(const char *ident, uint64_t *number)
{
    uint64_t value = 0;
    size_t n = 0;

    if (*ident == '0')
        return false;
    for (; ident[n]; n++) {
        char c = ident[n];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;

        if (digit > 15 || n == 16)
            return false;
        value = value << 4 | digit;
    }
    *number = value;
    return n > 0;
}

struct object *object_find(struct server *s, const char *ident)
{
    struct object *o;
    uint64_t number;

    if (!parse(ident, &number))
        return NULL;
    pthread_mutex_lock(&s->lock);
    o = object_numbered(s, number);
    if (o)
        object_pin(o);
    pthread_mutex_unlock(&s->lock);
    return o;
}

struct datum object_token(const struct object *o)
{
    char ident[IDENT];
    struct datum fields[3];

    object_ident(o, ident);
    fields[0] = datum_str(o->type->name);
    fields[1] = datum_share(&o->server->place);
    fields[2] = datum_str(ident);
    return datum_record(DATUM_TOKEN, fields, 3);
}

struct datum object_exposed(const struct object *o)
{
    struct datum names = datum_list(), tuple;

    int error = datum_error(&names);

    for (const struct method *m = o->type->methods; !error && m && m->name; m++)
        error = datum_append(&names, datum_str(m->name));
    if (error) {
        datum_drop(&names);
        return (struct datum){0};
    }
    tuple = datum_sequence(DATUM_TUPLE, names.sequence->items,
                           names.sequence->length);
    names.sequence->length = 0; /* they were taken */
    datum_drop(&names);
    return tuple;
}

/* --- proxies within --- */

static void unpin(void *pin)
{
    object_unpin(pin);
}

struct object *object_of(const struct datum *proxy)
{
    return proxy->kind == DATUM_PROXY ? proxy->record->pin : NULL;
}

/* Is it an address of this server?  Over TCP it has many names, with one port.
 */
static bool is_ours(const struct server *s, const struct datum *address)
{
    if (datum_equal(address, &s->place))
        return true;
    return s->place.kind == DATUM_TUPLE && address->kind == DATUM_TUPLE &&
           address->sequence->length == 2 &&
           datum_equal(&address->sequence->items[1],
                       &s->place.sequence->items[1]);
}

int object_resolve(void *server, struct datum *proxy,
                   struct pickle_fault *fault)
{
    struct record *record = proxy->record, *token = record->fields[1].record;
    const struct datum *ident = &token->fields[2];
    struct object *o;

    if (!is_ours(server, &token->fields[1])) {
        snprintf(fault->text, sizeof fault->text,
                 "a proxy of another manager's object cannot be hosted");
        return -EPERM;
    }
    o = ident->kind == DATUM_STR
            ? object_find(server, (const char *)ident->text->bytes)
            : NULL;
    if (!o) {
        snprintf(fault->text, sizeof fault->text,
                 "a proxy of an object that is gone");
        return -EPERM;
    }
    record->pin = o;
    record->unpin = unpin;
    return 0;
}
