/* SPDX-License-Identifier: MIT */
/* dict_methods.h - what dict.c and dict_change.c have of each other, for them
 * alone. */
#ifndef IPCLAB_MANAGER_DICT_METHODS_H
#define IPCLAB_MANAGER_DICT_METHODS_H

#include "manager/data.h"

/* The entry of a key, or TABLE_NONE.  0, or RAISED: no key. */
int dict_find(struct call *call, const struct datum *dict,
              const struct datum *key, int64_t *index);

int dict_clear(struct call *call, void *state);
int dict_delitem(struct call *call, void *state);
int dict_fromkeys(struct call *call, void *state);
int dict_ior(struct call *call, void *state);
int dict_or(struct call *call, void *state);
int dict_pop(struct call *call, void *state);
int dict_popitem(struct call *call, void *state);
int dict_ror(struct call *call, void *state);
int dict_setdefault(struct call *call, void *state);
int dict_setitem(struct call *call, void *state);
int dict_update(struct call *call, void *state);

#endif
