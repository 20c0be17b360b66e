/* SPDX-License-Identifier: MIT */
/* list_methods.h - the methods of list_change.c, for list.c alone. */
#ifndef IPCLAB_MANAGER_LIST_METHODS_H
#define IPCLAB_MANAGER_LIST_METHODS_H

#include "manager/data.h"

int list_append(struct call *call, void *state);
int list_clear(struct call *call, void *state);
int list_delitem(struct call *call, void *state);
int list_insert(struct call *call, void *state);
int list_pop(struct call *call, void *state);
int list_remove(struct call *call, void *state);
int list_reverse(struct call *call, void *state);
int list_setitem(struct call *call, void *state);
int list_sort(struct call *call, void *state);

/* Raise TypeError: it is neither an index nor a slice. */
int list_no_index(struct call *call, const struct datum *d);

#endif
