/* SPDX-License-Identifier: MIT */
/* set_methods.h - what set.c has of set_change.c and set_algebra.c, for them
 * alone. */
#ifndef IPCLAB_MANAGER_SET_METHODS_H
#define IPCLAB_MANAGER_SET_METHODS_H

#include "manager/data.h"

/* A new set of two, which has the kind (set or frozenset) of the left one; the
 * right may be a dict, which is its keys.  0 or -errno. */
int set_unite(const struct datum *left, const struct datum *right,
              struct datum *result);
int set_intersect(const struct datum *left, const struct datum *right,
                  struct datum *result);
int set_subtract(const struct datum *left, const struct datum *right,
                 struct datum *result);
int set_differ(const struct datum *left, const struct datum *right,
               struct datum *result);

/* Are all keys of the one in the other? */
bool set_is_within(const struct table *one, const struct table *other);
bool set_is_apart(const struct table *one, const struct table *other);

/* What is iterated over, as a set, frozenset or dict.  0, RAISED or -errno. */
int set_take(struct call *call, const struct datum *d, struct datum *set);

int set_add(struct call *call, void *state);
int set_clear(struct call *call, void *state);
int set_difference_update(struct call *call, void *state);
int set_discard(struct call *call, void *state);
int set_intersection_update(struct call *call, void *state);
int set_pop(struct call *call, void *state);
int set_remove(struct call *call, void *state);
int set_symmetric_difference_update(struct call *call, void *state);
int set_update(struct call *call, void *state);

/* The entry of an item, where a set stands for the frozenset of its items; or
 * TABLE_NONE.  0, or RAISED: it cannot be in a set. */
int set_find(struct call *call, const struct datum *set,
             const struct datum *item, int64_t *index);

#endif
