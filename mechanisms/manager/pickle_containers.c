/* SPDX-License-Identifier: MIT */
/*
 * pickle_containers.c - the operations that build tuples, lists, dicts and sets
 * of what is on the stack.
 */
#include "manager/pickle_machine.h"

#include <errno.h>

/* --- empty ones --- */

int machine_empty_list(struct machine *m)
{
    return machine_push(m, datum_list());
}

int machine_empty_dict(struct machine *m)
{
    return machine_push(m, datum_dict());
}

int machine_empty_set(struct machine *m)
{
    return machine_push(m, datum_set());
}

/* --- tuples and lists --- */

/* The arguments of a name whose first is a name: it holds names, and whoever
 * takes data does not take it.  None that is meant has more than four. */
static int push_arguments(struct machine *m, struct datum *items, size_t n)
{
    enum { MOST = 4 };
    struct datum names[MOST], tuple;

    if (n > MOST)
        return machine_place(m, items, 1);
    memcpy(names, items, n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        if (names[i].kind == DATUM_NOTHING)
            items[i] = datum_none();
        else if (machine_place(m, &items[i], 1) < 0)
            return -EPERM;
    }
    tuple = datum_sequence(DATUM_TUPLE, items, n);
    m->stack.length -= n;
    if (tuple.kind == DATUM_TUPLE)
        for (size_t i = 0; i < n; i++)
            tuple.sequence->items[i] = names[i];
    return machine_push(m, tuple);
}

/* The topmost n become one. */
static int push_sequence(struct machine *m, enum datum_kind kind,
                         struct datum *items, size_t n)
{
    struct datum made;
    int error;

    if (n && kind == DATUM_TUPLE && items->kind == DATUM_NOTHING)
        return push_arguments(m, items, n);
    error = machine_place(m, items, n);
    if (error)
        return error;
    made = datum_sequence(kind, items, n);
    m->stack.length -= n;
    return machine_push(m, made);
}

int machine_tuple(struct machine *m)
{
    size_t n = 0;
    struct datum *items = machine_unmark(m, &n);

    return items ? push_sequence(m, DATUM_TUPLE, items, n) : -EBADMSG;
}

static int tuple_of(struct machine *m, size_t n)
{
    struct datum *items = machine_top(m, n);

    return items ? push_sequence(m, DATUM_TUPLE, items, n) : -EBADMSG;
}

int machine_empty_tuple(struct machine *m)
{
    return tuple_of(m, 0);
}

int machine_tuple1(struct machine *m)
{
    return tuple_of(m, 1);
}

int machine_tuple2(struct machine *m)
{
    return tuple_of(m, 2);
}

int machine_tuple3(struct machine *m)
{
    return tuple_of(m, 3);
}

int machine_list(struct machine *m)
{
    size_t n = 0;
    struct datum *items = machine_unmark(m, &n);

    return items ? push_sequence(m, DATUM_LIST, items, n) : -EBADMSG;
}

/* The topmost n to the end of the list below them. */
static int append_all(struct machine *m, struct datum *items, size_t n)
{
    const struct datum *top = machine_top(m, n + 1);
    struct datum list;
    int error;

    if (!top)
        return -EBADMSG;
    list = *top;
    if (list.kind != DATUM_LIST)
        return machine_fail(m, -EPERM, "what is appended to is no list");
    error = machine_place(m, items, n);
    if (!error)
        error = machine_may_change(m, &list);
    if (!error && list.sequence->length == 0 &&
        sequence_reserve(list.sequence, n) < 0)
        error = machine_fail(m, -ENOMEM, "no memory");
    for (size_t i = 0; i < n && !error; i++) {
        struct datum item = items[i];

        items[i].kind = DATUM_NOTHING;
        error = datum_append(&list, item);
        if (error)
            machine_fail(m, error, "a list cannot take its items");
    }
    if (!error)
        m->stack.length -= n;
    return error;
}

int machine_append(struct machine *m)
{
    struct datum *item = machine_top(m, 1);

    return item ? append_all(m, item, 1) : -EBADMSG;
}

int machine_appends(struct machine *m)
{
    size_t n = 0;
    struct datum *items = machine_unmark(m, &n);

    return items ? append_all(m, items, n) : -EBADMSG;
}

/* --- dicts and sets --- */

/* The topmost n, keys and values by turns, into the table. */
static int set_items(struct machine *m, const struct datum *table,
                     struct datum *items, size_t n)
{
    int error = machine_place(m, items, n);

    if (!error && n % 2)
        error = machine_fail(m, -EBADMSG, "a key is without its value");
    if (!error)
        error = machine_may_change(m, table);
    for (size_t i = 0; i < n && !error; i += 2)
        error = machine_set(m, table->table, &items[i], &items[i + 1]);
    if (!error)
        m->stack.length -= n;
    return error;
}

static int set_in_dict(struct machine *m, struct datum *items, size_t n)
{
    const struct datum *top = machine_top(m, n + 1);
    struct datum dict;

    if (!top)
        return -EBADMSG;
    dict = *top;
    if (dict.kind != DATUM_DICT)
        return machine_fail(m, -EPERM, "what a key is set in is no dict");
    return set_items(m, &dict, items, n);
}

int machine_setitem(struct machine *m)
{
    struct datum *items = machine_top(m, 2);

    return items ? set_in_dict(m, items, 2) : -EBADMSG;
}

int machine_setitems(struct machine *m)
{
    size_t n = 0;
    struct datum *items = machine_unmark(m, &n);

    return items ? set_in_dict(m, items, n) : -EBADMSG;
}

int machine_dict(struct machine *m)
{
    size_t n = 0;
    struct datum *items = machine_unmark(m, &n);
    struct datum dict = datum_dict();
    int error = items ? datum_error(&dict) : -EBADMSG;

    if (!error)
        error = set_items(m, &dict, items, n);
    if (!error)
        return machine_push(m, dict);
    datum_drop(&dict);
    return error;
}

/* The topmost n into the set. */
static int add_items(struct machine *m, const struct datum *set,
                     struct datum *items, size_t n)
{
    int error = machine_place(m, items, n);

    if (!error)
        error = machine_may_change(m, set);
    for (size_t i = 0; i < n && !error; i++) {
        struct datum none = datum_none();

        error = machine_set(m, set->table, &items[i], &none);
    }
    if (!error)
        m->stack.length -= n;
    return error;
}

int machine_additems(struct machine *m)
{
    size_t n = 0;
    struct datum *items = machine_unmark(m, &n);
    const struct datum *top = items ? machine_top(m, n + 1) : NULL;
    struct datum set;

    if (!top)
        return -EBADMSG;
    set = *top;
    if (set.kind != DATUM_SET)
        return machine_fail(m, -EPERM, "what is added to is no set");
    return add_items(m, &set, items, n);
}

int machine_frozenset(struct machine *m)
{
    size_t n = 0;
    struct datum *items = machine_unmark(m, &n);
    struct datum set = datum_set();
    int error = items ? datum_error(&set) : -EBADMSG;

    if (set.kind == DATUM_SET)
        set.kind = DATUM_FROZENSET;
    if (!error)
        error = add_items(m, &set, items, n);
    if (!error)
        return machine_push(m, set);
    datum_drop(&set);
    return error;
}
