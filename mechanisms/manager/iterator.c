/* SPDX-License-Identifier: MIT */
/*
 * iterator.c - a client's iteration over a hosted dict, or over a list.
 *
 * It goes over the dict itself, by the dict's own lock, and pins it.  It holds
 * the key that it gave last, and where that was: a dict's entries may move
 * together meanwhile.  A dict that has grown or shrunk ends it, as in CPython.
 *
 * (Of send, throw and close, which CPython's IteratorProxy exposes too, an
 * iterator of a dict has none there either.)
 */
#include "manager/data.h"

#include <errno.h>

struct iterator {
    struct datum of;   /* the dict's proxy; or a list */
    struct datum last; /* the key that was given last, or NOTHING */
    size_t used;       /* how many the dict had */
    size_t next;       /* of the list, or of the dict's entries */
    bool is_over;
};

static int iterator_open(struct call *call, void *state)
{
    static const char *const names[] = {"/object", NULL};
    struct iterator *it = state;
    const struct datum *of[1];
    const struct datum *held;
    struct object *dict;
    int error = call_take(call, names, 1, of);

    if (error)
        return error;
    dict = of[0]->kind == DATUM_PROXY ? object_of(of[0]) : NULL;
    if (!dict)
        return call_iterate(call, of[0], &it->of);
    if (dict->type != &dict_type)
        return call_raise(call, "TypeError", "'%s' object is not iterable",
                          dict->type->name);
    held = (void *)dict->state;
    pthread_mutex_lock(dict->lock);
    it->used = held->table->used;
    pthread_mutex_unlock(dict->lock);
    it->of = datum_share(of[0]);
    call->object->lock = dict->lock;
    return 0;
}

static void iterator_close(void *state)
{
    struct iterator *it = state;

    datum_drop(&it->last);
    datum_drop(&it->of);
}

static int stop(struct call *call, struct iterator *it)
{
    it->is_over = true;
    datum_drop(&it->last);
    return call_raise_with(call, "StopIteration", (struct datum){0});
}

static int next_of_list(struct call *call, struct iterator *it)
{
    const struct sequence *s = it->of.sequence;

    if (it->next >= s->length)
        return stop(call, it);
    call->result = datum_share(&s->items[it->next++]);
    return 0;
}

/* Is it the very same, as far as a key has to be looked for otherwise?  (A NaN
 * is not found by its value.) */
static bool is_same(const struct datum *a, const struct datum *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == DATUM_FLOAT)
        return a->integer == b->integer; /* bit by bit */
    return datum_has_cell(a) && a->cell == b->cell;
}

/* The entry after the one that was given last; TABLE_NONE: that is gone. */
static int64_t after_last(const struct iterator *it, const struct table *t)
{
    int64_t i;

    if (it->last.kind == DATUM_NOTHING)
        return 0;
    if (it->next <= t->length &&
        is_same(&t->entries[it->next - 1].key, &it->last))
        return (int64_t)it->next;
    i = table_find(t, &it->last);
    return i < 0 ? TABLE_NONE : i + 1;
}

static int next_of_dict(struct call *call, struct iterator *it)
{
    const struct datum *dict = (void *)object_of(&it->of)->state;
    const struct table *t = dict->table;
    int64_t i;

    if (t->used != it->used) {
        it->used = SIZE_MAX; /* and so for ever */
        return call_raise(call, "RuntimeError",
                          "dictionary changed size during iteration");
    }
    i = after_last(it, t);
    if (i < 0)
        return call_raise(call, "RuntimeError",
                          "dictionary keys changed during iteration");
    i = table_next(t, i);
    if (i == TABLE_NONE)
        return stop(call, it);
    datum_drop(&it->last);
    it->last = datum_share(&t->entries[i].key);
    it->next = (size_t)i + 1;
    call->result = datum_share(&it->last);
    return 0;
}

static int iterator_next(struct call *call, void *state)
{
    struct iterator *it = state;
    int error = call_take_slot(call, 0);

    if (error)
        return error;
    if (it->is_over)
        return stop(call, it);
    return it->of.kind == DATUM_LIST ? next_of_list(call, it)
                                     : next_of_dict(call, it);
}

static int iterator_repr(struct call *call, void *state, struct buffer *out)
{
    const struct iterator *it = state;

    (void)call;
    return buffer_format(out, "<%s object at %p>",
                         it->of.kind == DATUM_LIST ? "list_iterator"
                                                   : "dict_keyiterator",
                         state);
}

static const struct method methods[] = {{"__next__", iterator_next, NULL}, {0}};

const struct hosted_type iterator_type = {
    .name = "Iterator",
    .proxy = "IteratorProxy",
    .size = sizeof(struct iterator),
    .open = iterator_open,
    .close = iterator_close,
    .methods = methods,
    .repr = iterator_repr,
    .unmade = true,
};
