/* SPDX-License-Identifier: MIT */
/*
 * iterate.c - what Python would iterate over, as a list.
 *
 * A hosted method needs it for what comes from a client: extend(range(3)),
 * set("abc"), list(a_proxy).  Nothing is lazy: an argument is data, and has
 * arrived whole.
 */
#include "manager/data.h"
#include "manager/number.h"
#include "manager/utf8.h"

#include <errno.h>
#include <string.h>

/* --- proxies --- */

/* While it is made an object is nobody's: its lock is not held. */
static pthread_mutex_t *held_lock(const struct call *call)
{
    return call_is_opening(call) ? NULL : call->object->lock;
}

/* The value of another object, by its own lock; what it raises is raised.  Ours
 * is not held meanwhile: two lists that extend each other would wait for each
 * other. */
static int value_of(struct call *call, struct object *o, struct datum *value)
{
    pthread_mutex_t *held = held_lock(call);
    struct call inner = {.server = call->server,
                         .session = call->session,
                         .object = o,
                         .name = "#GETVALUE",
                         .result = datum_none()};
    int error;

    if (held && held != o->lock)
        pthread_mutex_unlock(held);
    if (held != o->lock)
        pthread_mutex_lock(o->lock);
    error = o->type->value(&inner, o->state);
    if (held != o->lock)
        pthread_mutex_unlock(o->lock);
    if (held && held != o->lock)
        pthread_mutex_lock(held);
    if (error && error != RAISED)
        datum_drop(&inner.result);
    if (error == RAISED) {
        datum_drop(&call->result);
        call->result = inner.result;
    }
    if (!error)
        *value = inner.result;
    return error;
}

static bool is_container(const struct datum *d)
{
    return d->kind == DATUM_LIST || d->kind == DATUM_DICT ||
           d->kind == DATUM_SET || d->kind == DATUM_ARRAY;
}

int call_value(struct call *call, const struct datum *d, struct datum *value)
{
    struct object *o = d->kind == DATUM_PROXY ? object_of(d) : NULL;
    int error = 0;

    *value = (struct datum){0};
    if (o && o->type->value)
        error = value_of(call, o, value);
    if (error)
        return error;
    if (!is_container(value)) {
        datum_drop(value);
        *value = datum_share(d);
    }
    return 0;
}

/* --- each kind --- */

static int put_sequence(const struct sequence *s, struct datum *list)
{
    int error = sequence_reserve(list->sequence, s->length);

    for (size_t i = 0; !error && i < s->length; i++)
        error = datum_append(list, datum_share(&s->items[i]));
    return error;
}

static int put_keys(const struct table *t, struct datum *list)
{
    int error = sequence_reserve(list->sequence, t->used);

    for (int64_t i = table_next(t, 0); !error && i != TABLE_NONE;
         i = table_next(t, i + 1))
        error = datum_append(list, datum_share(&t->entries[i].key));
    return error;
}

/* The same letter is the same datum: each of its own would be many times as
 * large as the text. */
static int put_characters(const struct text *t, struct datum *list)
{
    struct datum letters[0x80] = {{0}};
    int error = 0;

    for (size_t i = 0, n; !error && i < t->length; i += n) {
        struct datum fresh = {0}, *letter = &fresh;

        n = utf8_size(t->bytes[i]);
        if (n == 0 || n > t->length - i)
            n = t->length - i;
        if (t->bytes[i] < 0x80)
            letter = &letters[t->bytes[i]];
        if (letter->kind == DATUM_NOTHING)
            *letter = datum_text(DATUM_STR, t->bytes + i, n);
        error = datum_append(list, datum_share(letter));
        datum_drop(&fresh);
    }
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        datum_drop(&letters[i]);
    return error;
}

static int put_bytes(const struct text *t, struct datum *list)
{
    int error = sequence_reserve(list->sequence, t->length);

    for (size_t i = 0; !error && i < t->length; i++)
        error = datum_append(list, datum_int(t->bytes[i]));
    return error;
}

static int put_array(const struct datum *array, struct datum *list)
{
    const size_t n = array_items(array);
    int error = sequence_reserve(list->sequence, n);

    for (size_t i = 0; !error && i < n; i++)
        error = datum_append(list, array_item(array, i));
    return error;
}

/* reversed(list), from its next index down. */
static int put_reversed(const struct record *r, struct datum *list)
{
    int64_t i = -1;
    int error = 0;

    if (r->fields[0].kind != DATUM_LIST || datum_to_int(&r->fields[1], &i) ||
        i >= (int64_t)r->fields[0].sequence->length)
        i = -1;
    for (; !error && i >= 0; i--)
        error =
            datum_append(list, datum_share(&r->fields[0].sequence->items[i]));
    return error;
}

/* (What has an end beyond 64 bits is taken where it is empty.) */
static int put_range(struct call *call, const struct datum *range,
                     struct datum *list)
{
    struct span span;
    int error;

    if (!range_span(range, &span))
        return call_raise(call, "OverflowError",
                          "Python int too large to convert to C ssize_t");
    if (span.count > DATUM_UNFOLDED)
        return -E2BIG;
    error = sequence_reserve(list->sequence, (size_t)span.count);
    for (uint64_t i = 0; !error && i < span.count; i++)
        error =
            datum_append(list, datum_int((int64_t)((uint64_t)span.start +
                                                   i * (uint64_t)span.step)));
    return error;
}

static int put_all(struct call *call, const struct datum *d, struct datum *list,
                   const char *text)
{
    switch (d->kind) {
    case DATUM_LIST:
    case DATUM_TUPLE:
        return put_sequence(d->sequence, list);
    case DATUM_DICT:
    case DATUM_SET:
    case DATUM_FROZENSET:
        return put_keys(d->table, list);
    case DATUM_STR:
        return put_characters(d->text, list);
    case DATUM_BYTES:
    case DATUM_BYTEARRAY:
        return put_bytes(d->text, list);
    case DATUM_ARRAY:
        return put_array(d, list);
    case DATUM_REVERSED:
        return put_reversed(d->record, list);
    case DATUM_RANGE:
        return put_range(call, d, list);
    default:
        if (text)
            return call_raise(call, "TypeError", "%s", text);
        return call_raise(call, "TypeError", "'%s' object is not iterable",
                          datum_type(d));
    }
}

int call_iterate_or(struct call *call, const struct datum *d,
                    struct datum *list, const char *text)
{
    struct datum value;
    int error = call_value(call, d, &value);

    *list = datum_list();
    if (!error && list->kind == DATUM_NOTHING)
        error = -ENOMEM;
    if (!error)
        error = put_all(call, &value, list, text);
    datum_drop(&value);
    if (error)
        datum_drop(list);
    return error;
}

int call_iterate(struct call *call, const struct datum *d, struct datum *list)
{
    return call_iterate_or(call, d, list, NULL);
}
