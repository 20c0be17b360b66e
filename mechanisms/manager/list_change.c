/* SPDX-License-Identifier: MIT */
/*
 * list_change.c - the hosted list's methods that change it.  Each makes the
 * cell the list's own first (data_own): a client may be being sent it.
 */
#include "manager/list_methods.h"

#include <errno.h>

int list_append(struct call *call, void *state)
{
    static const char *const names[] = {"/object", NULL};
    struct datum *list = state;
    const struct datum *item[1];
    int error = call_take(call, names, 1, item);

    if (!error)
        error = data_own(list);
    return error ? error : datum_append(list, datum_share(item[0]));
}

int list_insert(struct call *call, void *state)
{
    static const char *const names[] = {"/index", "/object", NULL};
    struct datum *list = state;
    const struct datum *given[2];
    int64_t at = 0, length = (int64_t)list->sequence->length;
    int error = call_take(call, names, 2, given);

    if (!error)
        error = call_take_int(call, given[0], &at);
    if (!error)
        error = data_own(list);
    if (error)
        return error;
    if (at < 0)
        at += length;
    at = at < 0 ? 0 : at > length ? length : at;
    return sequence_insert(list->sequence, (size_t)at, datum_share(given[1]));
}

int list_pop(struct call *call, void *state)
{
    static const char *const names[] = {"/index", NULL};
    struct datum *list = state;
    const struct datum *index[1];
    int64_t at = -1, length = (int64_t)list->sequence->length;
    int error = call_take(call, names, 0, index);

    if (!error && index[0])
        error = call_take_int(call, index[0], &at);
    if (error)
        return error;
    if (length == 0)
        return call_raise(call, "IndexError", "pop from empty list");
    if (at < 0)
        at += length;
    if (at < 0 || at >= length)
        return call_raise(call, "IndexError", "pop index out of range");
    error = data_own(list);
    if (error)
        return error;
    call->result = datum_share(&list->sequence->items[at]);
    sequence_remove(list->sequence, (size_t)at, 1);
    return 0;
}

int list_remove(struct call *call, void *state)
{
    static const char *const names[] = {"/value", NULL};
    struct datum *list = state;
    const struct datum *value[1];
    size_t at = 0;
    int error = call_take(call, names, 1, value);

    if (error)
        return error;
    while (at < list->sequence->length &&
           !datum_equal(&list->sequence->items[at], value[0]))
        at++;
    if (at == list->sequence->length)
        return call_raise(call, "ValueError", "list.remove(x): x not in list");
    error = data_own(list);
    if (!error)
        sequence_remove(list->sequence, at, 1);
    return error;
}

int list_clear(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    struct datum *list = state, empty;
    int error = call_take(call, names, 0, NULL);

    if (error)
        return error;
    empty = datum_list();
    error = datum_error(&empty);
    if (error)
        return error;
    datum_drop(list);
    *list = empty;
    return 0;
}

int list_reverse(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    struct datum *list = state;
    int error = call_take(call, names, 0, NULL);

    if (!error)
        error = data_own(list);
    if (!error)
        sequence_reverse(list->sequence);
    return error;
}

/* What comes as a key function is data, and cannot be called. */
static int refuse_key(struct call *call, const struct datum *key)
{
    return call_raise(call, "TypeError", "'%s' object is not callable",
                      datum_type(key));
}

int list_sort(struct call *call, void *state)
{
    static const char *const names[] = {"*key", "*reverse", NULL};
    struct datum *list = state;
    const struct datum *given[2];
    const char *culprits[2] = {NULL, NULL};
    int64_t reverse = 0;
    int error = call_take(call, names, 0, given);

    if (!error && given[1])
        error = call_take_c_int(call, given[1], &reverse);
    if (error)
        return error;
    if (given[0] && given[0]->kind != DATUM_NONE)
        return list->sequence->length ? refuse_key(call, given[0]) : 0;
    error = data_own(list);
    if (!error)
        error = sequence_sort(list->sequence, reverse != 0, culprits);
    if (error == -EINVAL)
        return call_raise(
            call, "TypeError",
            "'<' not supported between instances of '%s' and '%s'", culprits[0],
            culprits[1]);
    return error;
}

/* --- by index and by slice --- */

int list_no_index(struct call *call, const struct datum *d)
{
    return call_raise(call, "TypeError",
                      "list indices must be integers or slices, not %s",
                      datum_type(d));
}

/* Every step-th item, by as many. */
static int set_each(struct call *call, struct sequence *s,
                    const struct slice *slice, const struct sequence *items)
{
    int error = 0;

    if (items->length != slice->count)
        return call_raise(call, "ValueError",
                          "attempt to assign sequence of size %zu to extended "
                          "slice of size %zu",
                          items->length, slice->count);
    for (size_t i = 0; !error && i < slice->count; i++)
        error = sequence_replace(s, slice_at(slice, i),
                                 datum_share(&items->items[i]));
    return error;
}

/* (The slice is taken twice: what is wrong with it comes first, and the list
 * may be another when the value has been looked at.) */
static int set_slice(struct call *call, struct datum *list,
                     const struct datum *d, const struct datum *value)
{
    struct slice slice;
    struct datum items;
    int error = slice_take(call, d, list->sequence->length, &slice);

    if (!error)
        error = call_iterate_or(call, value, &items,
                                slice.step == 1
                                    ? "can only assign an iterable"
                                    : "must assign iterable to extended slice");
    if (error)
        return error;
    error = data_own(list);
    if (!error)
        error = slice_take(call, d, list->sequence->length, &slice);
    if (!error && slice.step == 1)
        error = sequence_splice(list->sequence, (size_t)slice.start,
                                slice.count, items.sequence);
    else if (!error)
        error = set_each(call, list->sequence, &slice, items.sequence);
    datum_drop(&items);
    return error;
}

int list_setitem(struct call *call, void *state)
{
    struct datum *list = state;
    const struct datum *d = call->arguments;
    size_t at = 0;
    int error = call_take_slot(call, 2);

    if (error)
        return error;
    if (d->kind == DATUM_SLICE)
        return set_slice(call, list, d, d + 1);
    if (!datum_is_index(d))
        return list_no_index(call, d);
    error = index_take(call, d, list->sequence->length,
                       "list assignment index out of range", &at);
    if (!error)
        error = data_own(list);
    if (!error)
        error = sequence_replace(list->sequence, at, datum_share(d + 1));
    return error;
}

/* Those between two that go move down, once for all. */
static void delete_each(struct sequence *s, struct slice slice)
{
    size_t to, from, gone = 0;

    slice_upwards(&slice);
    to = from = (size_t)slice.start;
    for (; from < s->length; from++) {
        if (gone < slice.count && from == slice_at(&slice, gone)) {
            sequence_take_out(s, from);
            gone++;
        } else {
            s->items[to++] = s->items[from];
        }
    }
    s->length -= gone;
    sequence_shrink(s);
}

int list_delitem(struct call *call, void *state)
{
    struct datum *list = state;
    const struct datum *d = call->arguments;
    struct slice slice = {.step = 1, .count = 1};
    size_t at = 0;
    int error = call_take_slot(call, 1);

    if (error)
        return error;
    if (d->kind == DATUM_SLICE)
        error = slice_take(call, d, list->sequence->length, &slice);
    else if (!datum_is_index(d))
        return list_no_index(call, d);
    else
        error = index_take(call, d, list->sequence->length,
                           "list assignment index out of range", &at);
    if (!error)
        error = data_own(list);
    if (error)
        return error;
    if (d->kind == DATUM_SLICE && slice.step != 1)
        delete_each(list->sequence, slice);
    else
        sequence_remove(list->sequence,
                        d->kind == DATUM_SLICE ? (size_t)slice.start : at,
                        slice.count);
    return 0;
}
