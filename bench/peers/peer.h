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

/* How many messages there may be between the two: 1000 unless it is set. */
static inline size_t peer_capacity(const struct trial *t)
{
    int64_t capacity = trial_setting(t, "capacity", 1000);
    int64_t most = capacity_most(t->bytes);

    return (size_t)(capacity < most ? capacity : most);
}

#endif
