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

/* What d unfolds to, and how deep: as the cells count it. */
uint32_t data_weight(const struct datum *d);
uint16_t data_depth(const struct datum *d);

/* Put a value in the place of an item, which is dropped.  0 or -E2BIG: the
 * value was dropped then. */
int sequence_replace(struct sequence *s, size_t at, struct datum item);

/* A list or tuple that the items from start on, every step, are in; shared. */
struct slice {
    int64_t start, step;
    size_t count;
};

/*
 * An index or a slice of a sequence of `length`, as Python reads it: negative
 * from the end, and a slice cut to what is there.  0 or RAISED.
 * slice_at: the index of a slice's i-th.
 */
int slice_take(struct call *call, const struct datum *d, size_t length,
               struct slice *s);
size_t slice_at(const struct slice *s, size_t i);

/* The same slice with a step that goes up. */
void slice_upwards(struct slice *s);

/* --- iterate.c, call.c --- */

/* What d is, or where it is a proxy of a list, dict, set or array of this
 * server, what that has now.  0 or -errno.  The object's lock is let go for a
 * moment: look at the state afterwards. */
int call_value(struct call *call, const struct datum *d, struct datum *value);

/* Is it the making of an object, not a call of a method? */
bool call_is_opening(const struct call *call);

/* --- array.c --- */

/* Of a DATUM_ARRAY: 0 where its typecode is none that we know. */
size_t array_length(const struct datum *array);
struct datum array_item(const struct datum *array, size_t i);

#endif
