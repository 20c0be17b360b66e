/* SPDX-License-Identifier: MIT */
/*
 * objects_list.c - what a server says of its objects: number_of_objects,
 * debug_info.
 */
#include "manager/serving.h"

#include <errno.h>
#include <stdlib.h>

int64_t objects_count(struct server *s)
{
    int64_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->slot_count; i++)
        for (const struct object *o = s->slots[i]; o; o = o->next)
            n += o->clients > 0;
    pthread_mutex_unlock(&s->lock);
    return n;
}

struct line {
    struct object *object;
    uint64_t clients;
};

static int by_number(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    return x->object->number < y->object->number
               ? -1
               : x->object->number > y->object->number;
}

/* All of them, pinned, in the order of their making; NULL: no memory. */
static struct line *collect(struct server *s, size_t *n)
{
    struct line *lines;

    pthread_mutex_lock(&s->lock);
    *n = 0;
    lines = calloc(s->object_count + 1, sizeof *lines);
    for (size_t i = 0; lines && i < s->slot_count; i++)
        for (struct object *o = s->slots[i]; o; o = o->next) {
            object_pin(o);
            lines[(*n)++] = (struct line){o, o->clients};
        }
    pthread_mutex_unlock(&s->lock);
    if (lines)
        qsort(lines, *n, sizeof *lines, by_number);
    return lines;
}

static int put_value(struct call *call, struct buffer *out)
{
    struct object *o = call->object;
    int error = o->type->value(call, o->state);

    if (error)
        return error;
    error = datum_repr(out, &call->result);
    datum_drop(&call->result);
    call->result = datum_none();
    return error;
}

int object_text(struct call *call, bool print, struct buffer *out)
{
    struct object *o = call->object;

    if (print && o->type->print)
        return o->type->print(call, o->state, out);
    if (o->type->repr)
        return o->type->repr(call, o->state, out);
    if (o->type->value)
        return put_value(call, out);
    return buffer_format(out, "<%s object at %p>", o->type->name,
                         (void *)o->state);
}

/* str() of it; why it has none is not told. */
static int show(const struct call *call, struct object *o, struct buffer *out)
{
    struct call inner = *call;
    int error;

    inner.object = o;
    inner.result = datum_none();
    error = object_text(&inner, true, out);
    datum_drop(&inner.result);
    return error;
}

/* The first 75 bytes of what it looks like, whole characters. */
static int describe(struct call *call, const struct line *line,
                    struct buffer *out)
{
    enum { SHOWN = 75 };
    struct object *o = line->object;
    struct buffer text = {.limit = call->server->options.message};
    char ident[IDENT];
    size_t n;
    int error;

    pthread_mutex_lock(o->lock);
    error = show(call, o, &text);
    pthread_mutex_unlock(o->lock);
    object_ident(o, ident);
    for (n = text.length < SHOWN ? text.length : SHOWN;
         n < text.length && n && (text.bytes[n] & 0xc0) == 0x80; n--)
        ;
    if (error >= 0)
        error = buffer_format(out, "%s  %s:       refcount=%llu\n    %.*s",
                              out->length ? "\n" : "", ident,
                              (unsigned long long)line->clients, (int)n,
                              text.length ? (const char *)text.bytes : "");
    buffer_free(&text);
    return error;
}

int objects_describe(struct call *call, struct buffer *out)
{
    size_t n;
    struct line *lines = collect(call->server, &n);
    int error = lines ? 0 : -ENOMEM;

    for (size_t i = 0; lines && i < n; i++) {
        if (!error)
            error = describe(call, &lines[i], out);
        object_unpin(lines[i].object);
    }
    free(lines);
    return error;
}
