/* SPDX-License-Identifier: MIT */
/*
 * hazards.h - the scenarios of sync/, one file a cause.  Private to sync/;
 * hazards.c has their table.
 */
#ifndef IPCLAB_SYNC_HAZARDS_H
#define IPCLAB_SYNC_HAZARDS_H

#include "mechanism.h"

#include "start/hazards.h"
#include "sync/sync.h"

int killed_lock_holder(struct witness *w, int cure);      /* hazards_killed.c */
int killed_condition_waiter(struct witness *w, int cure); /* hazards_notify.c */
int anyone_releases(struct witness *w, int cure); /* hazards_release.c */

#endif
