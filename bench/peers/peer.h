/* SPDX-License-Identifier: MIT */
/*
 * peer.h - what the plug-ins of bench/peers/ and the bench agree on.
 *
 * A plug-in is loaded into the timed side of its own trials alone: what it
 * links is in no other process.
 */
#ifndef IPCLAB_PEERS_PEER_H
#define IPCLAB_PEERS_PEER_H

#include "mechanism.h"

/* What it exports: as many of a workload's calls as it has; NULL-name ended. */
extern const struct workload peer_workloads[];

/* All memory that messages under way may take. */
#define PEER_MOST ((size_t)64 << 20)

/* The setting `capacity`, 1000 unless set, as far as memory goes: at least 2.
 */
static inline size_t peer_capacity(const struct trial *t)
{
    size_t capacity = (size_t)trial_setting(t, "capacity", 1000);
    size_t most = t->bytes < PEER_MOST / 2 ? PEER_MOST / (t->bytes + 1) : 2;

    return capacity < most ? capacity : most;
}

#endif
