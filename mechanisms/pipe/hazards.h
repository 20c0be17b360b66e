/* SPDX-License-Identifier: MIT */
/*
 * hazards.h - the scenarios of pipe/, one file a cause.  Private to pipe/;
 * hazards.c has their table.
 */
#ifndef IPCLAB_PIPE_HAZARDS_H
#define IPCLAB_PIPE_HAZARDS_H

#include "mechanism.h"
#include "witness.h"

int both_send_first(struct witness *w, int cure);       /* hazards_full.c */
int interleaved_writers(struct witness *w, int cure);   /* hazards_torn.c */
int killed_mid_message(struct witness *w, int cure);    /* hazards_torn.c */
int read_ahead_duplicated(struct witness *w, int cure); /* hazards_ahead.c */
int fds_truncated(struct witness *w, int cure);         /* hazards_cut.c */

#endif
