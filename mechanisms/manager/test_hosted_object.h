/* SPDX-License-Identifier: MIT */
/*
 * test_hosted_object.h - an object of a hosted type without a server, a call of
 * a method by its name, and what came of it as text.
 */
#ifndef IPCLAB_TEST_HOSTED_OBJECT_H
#define IPCLAB_TEST_HOSTED_OBJECT_H

#include "common/test_census.h"

#include "manager/serving.h"

/* --- objects --- */

/* What calls and objects belong to, where a type asks: NULL, or the test's. */
static struct server *hosted_server;
static struct session *hosted_session;

/* type(*arguments, **keywords): the object, or NULL, and the exception is in
 * *raised.  The arguments stay the caller's; keywords may be NULL. */
static inline struct object *hosted_open(const struct hosted_type *type,
                                         const struct datum *arguments,
                                         const struct datum *keywords,
                                         struct datum *raised)
{
    struct object *o = calloc(1, sizeof *o + type->size);
    struct call call = {.server = hosted_server,
                        .session = hosted_session,
                        .object = o,
                        .name = type->name,
                        .arguments = arguments->sequence->items,
                        .count = arguments->sequence->length,
                        .keywords = keywords ? keywords->table : NULL,
                        .result = datum_none()};
    int error;

    assert_non_null(o);
    o->type = type;
    o->server = hosted_server;
    o->lock = &o->own;
    o->pins = 1;
    pthread_mutex_init(&o->own, NULL);
    error = type->open ? type->open(&call, o->state) : 0;
    if (!error) {
        datum_drop(&call.result);
        return o;
    }
    assert_int_equal(error, RAISED);
    *raised = call.result;
    pthread_mutex_destroy(&o->own);
    free(o);
    return NULL;
}

static inline void hosted_close(struct object *o)
{
    assert_int_equal(o->pins, 1);
    if (o->type->close)
        o->type->close(o->state);
    pthread_mutex_destroy(&o->own);
    free(o);
}

/* One call: 0 or RAISED (*result is the caller's), or -errno. */
static inline int hosted_call(struct object *o, const char *name,
                              const struct datum *arguments,
                              const struct datum *keywords,
                              struct datum *result)
{
    struct call call = {.server = hosted_server,
                        .session = hosted_session,
                        .object = o,
                        .name = name,
                        .arguments = arguments->sequence->items,
                        .count = arguments->sequence->length,
                        .keywords = keywords ? keywords->table : NULL,
                        .result = datum_none()};
    const struct method *m = o->type->methods;
    pthread_mutex_t *lock = o->lock;
    int error;

    while (m->name && strcmp(m->name, name) != 0)
        m++;
    if (!m->name)
        fail_msg("%s has no method %s", o->type->name, name);
    pthread_mutex_lock(lock);
    error = m->run(&call, o->state);
    pthread_mutex_unlock(lock);
    *result = call.result;
    if (error == 0 || error == RAISED)
        return error;
    datum_drop(result);
    return error;
}

/* What #GETVALUE gives; or DATUM_NOTHING where there is none. */
static inline struct datum hosted_value(struct object *o)
{
    struct call call = {.object = o, .name = "#GETVALUE"};

    if (o->type->value) {
        pthread_mutex_lock(o->lock);
        assert_int_equal(o->type->value(&call, o->state), 0);
        pthread_mutex_unlock(o->lock);
    }
    return call.result;
}

/* --- as text --- */

static inline int hosted_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A set's members in the order of their texts: its own order is nobody's. */
static inline void hosted_set_text(struct buffer *out, const struct table *t)
{
    char **texts = calloc(t->used + 1, sizeof *texts);
    size_t n = 0;

    for (int64_t i = table_next(t, 0); i != TABLE_NONE;
         i = table_next(t, i + 1)) {
        struct buffer one = {0};

        assert_int_equal(datum_repr(&one, &t->entries[i].key), 0);
        assert_int_equal(buffer_put(&one, "", 1), 0);
        texts[n++] = (char *)one.bytes;
    }
    qsort(texts, n, sizeof *texts, hosted_compare);
    buffer_text(out, "set{");
    for (size_t i = 0; i < n; i++) {
        buffer_text(out, i ? ", " : "");
        buffer_text(out, texts[i]);
        free(texts[i]);
    }
    buffer_text(out, "}");
    free(texts);
}

/* An iterator as the list that it gives. */
static inline void hosted_text(struct buffer *out, const struct datum *d)
{
    if (d->kind == DATUM_SET || d->kind == DATUM_FROZENSET) {
        hosted_set_text(out, d->table);
        return;
    }
    if (d->kind == DATUM_REVERSED) {
        const struct sequence *s = d->record->fields[0].sequence;
        int64_t i = d->record->fields[1].integer;

        buffer_text(out, "[");
        for (bool first = true; i >= 0; i--, first = false) {
            buffer_text(out, first ? "" : ", ");
            assert_int_equal(datum_repr(out, &s->items[i]), 0);
        }
        buffer_text(out, "]");
        return;
    }
    assert_int_equal(datum_repr(out, d), 0);
}

/* The object: its value as text, or else its repr, or nothing. */
static inline void hosted_object_text(struct buffer *out, struct object *o)
{
    struct datum value = hosted_value(o);
    struct call call = {.object = o};

    if (value.kind != DATUM_NOTHING && value.kind != DATUM_INSTANCE)
        hosted_text(out, &value);
    else
        assert_int_equal(object_text(&call, false, out), 0);
    if (out->length && out->bytes[0] == '<')
        out->length = 0; /* it has an address */
    datum_drop(&value);
}

/* One call that returns this, and its result as text where there is one. */
static inline void hosted_expect(struct object *o, const char *method,
                                 struct datum arguments, int returned,
                                 const char *text)
{
    struct datum result = {0};
    struct buffer seen = {0};

    assert_int_equal(hosted_call(o, method, &arguments, NULL, &result),
                     returned);
    if (returned == 0 || returned == RAISED) {
        hosted_text(&seen, &result);
        assert_int_equal(buffer_put(&seen, "", 1), 0);
        assert_string_equal((const char *)seen.bytes, text);
    }
    buffer_free(&seen);
    datum_drop(&result);
    datum_drop(&arguments);
}

#endif
