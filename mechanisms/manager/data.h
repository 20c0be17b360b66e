/* SPDX-License-Identifier: MIT */
/*
 * data.h - what the hosted types that hold data share: a list, a dict, a set,
 * an array, and what is made of their arguments.
 *
 * Their state is one value, whose cell the object alone has.  A method may hand
 * it out whole (repr, #GETVALUE, copy()) at no cost; who changes it next takes
 * a copy of its own first, so that what is being written to a client without
 * the lock stays as it was.
 */
#ifndef IPCLAB_MANAGER_DATA_H
#define IPCLAB_MANAGER_DATA_H

#include "manager/hosted.h"

/* Before a change: the cell becomes the object's own.  0 or -ENOMEM. */
int data_own(struct datum *d);

/* Of a type whose state is one datum: what its objects' value is, and how they
 * are closed. */
int data_value(struct call *call, void *state);
void data_close(void *state);

/* Put a value in the place of an item, which is dropped.  0 or -E2BIG: the
 * value was dropped then. */
int sequence_replace(struct sequence *s, size_t at, struct datum item);

/* Drop an item, whose place the caller fills or closes. */
void sequence_take_out(struct sequence *s, size_t at);

/* Put all of `items`, shared, in the place of the n that begin at `at`: 0,
 * -ENOMEM or -E2BIG, and then nothing has changed. */
int sequence_splice(struct sequence *s, size_t at, size_t n,
                    const struct sequence *items);

/* Room for n more. */
int sequence_grow(struct sequence *s, size_t n);

/* count indices: start, start + step, ... */
struct slice {
    int64_t start, step;
    size_t count;
};

/*
 * An index (an int) or a slice (a DATUM_SLICE) of a sequence of `length`, as
 * Python reads it: negative from the end, and a slice is cut to what is there.
 * 0 or RAISED; `none` is the text where there is no such index.
 */
int index_take(struct call *call, const struct datum *d, size_t length,
               const char *none, size_t *at);
bool datum_is_index(const struct datum *d);
int slice_take(struct call *call, const struct datum *d, size_t length,
               struct slice *s);

/* A bound of a slice: any int, cut to +-INT64_MAX.  0 or RAISED. */
int slice_bound(struct call *call, const struct datum *d, bool or_none,
                int64_t *bound);

/* The index of a slice's i-th. */
size_t slice_at(const struct slice *s, size_t i);

/* The same slice with a step that goes up. */
void slice_upwards(struct slice *s);

/* --- sort.c --- */

void sequence_reverse(struct sequence *s);

/* Stable.  0; -ENOMEM; -EINVAL: two cannot be compared, whose types are the
 * culprits; each item is there still, in some order. */
int sequence_sort(struct sequence *s, bool descending, const char *culprits[2]);

/* --- iterate.c, call.c --- */

/* What d is, or where it is a proxy of a list, dict, set or array of this
 * server, what that has now.  0, RAISED or -errno.  The object's lock is let go
 * for a moment: look at the state afterwards. */
int call_value(struct call *call, const struct datum *d, struct datum *value);

/* call_iterate with a text of its own for what is not iterable. */
int call_iterate_or(struct call *call, const struct datum *d,
                    struct datum *list, const char *text);

/* As call_take_int, into a C int. */
int call_take_c_int(struct call *call, const struct datum *d, int64_t *integer);

/* Raise class(text), whatever is in the text, which is freed. */
int call_raise_text(struct call *call, const char *class, struct buffer *text);

/* Whoever keeps the keywords by their names: are they all a str?  0 or RAISED.
 */
int call_check_names(struct call *call);

/* Is it the making of an object, not a call of a method? */
bool call_is_opening(const struct call *call);

/* --- array.c --- */

/* Of a DATUM_ARRAY: 0 where its typecode is none that we know. */
size_t array_items(const struct datum *array);
struct datum array_item(const struct datum *array, size_t i);

#endif
