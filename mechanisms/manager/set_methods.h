/* SPDX-License-Identifier: MIT */
/* set_methods.h - what set.c has of set_algebra.c, set_change.c and
 * set_operate.c, for them alone. */
#ifndef IPCLAB_MANAGER_SET_METHODS_H
#define IPCLAB_MANAGER_SET_METHODS_H

#include "manager/data.h"

/* A new set of two, which has the kind (set or frozenset) of the left one; the
 * right may be a dict, which is its keys.  0 or -errno. */
typedef int set_algebra(const struct datum *left, const struct datum *right,
                        struct datum *result);

set_algebra set_unite, set_intersect, set_subtract, set_differ;

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

int set_and(struct call *call, void *state);
int set_ge(struct call *call, void *state);
int set_gt(struct call *call, void *state);
int set_iand(struct call *call, void *state);
int set_ior(struct call *call, void *state);
int set_isub(struct call *call, void *state);
int set_ixor(struct call *call, void *state);
int set_le(struct call *call, void *state);
int set_lt(struct call *call, void *state);
int set_or(struct call *call, void *state);
int set_rand(struct call *call, void *state);
int set_ror(struct call *call, void *state);
int set_rsub(struct call *call, void *state);
int set_rxor(struct call *call, void *state);
int set_sub(struct call *call, void *state);
int set_xor(struct call *call, void *state);

/* The entry of an item, where a set stands for the frozenset of its items; or
 * TABLE_NONE.  0, or RAISED: it cannot be in a set. */
int set_find(struct call *call, const struct datum *set,
             const struct datum *item, int64_t *index);

#endif
