/* SPDX-License-Identifier: MIT */
/*
 * place.h - which processors a placement means on this machine.
 *
 * hwloc knows the topology and what the cgroup and the affinity mask allow.
 * It is loaded once, in the main process; the sides bind themselves by number.
 */
#ifndef IPCLAB_PLACE_H
#define IPCLAB_PLACE_H

#include "result.h"

#include <hwloc.h>

struct place {
    int timed, peer;   /* numbers of the operating system; -1: anywhere */
    char where[64];    /* "cores 1 and 0, one L3" */
    char missing[128]; /* why this machine has no such place, or "" */
    int more[PEERS_MOST - 1]; /* of further peers, before they begin again */
    int more_count;
};

/*
 * Find every placement's place.  topology is a loaded one, or NULL: this
 * machine's.  0 or -errno.
 */
int places_find(struct place places[PLACEMENTS], hwloc_topology_t topology);

/* Over how many processors it spreads; 0: the scheduler decides. */
int place_cores(const struct place *place);

/*
 * How many want the same there, from few to too many: 1, 2 and so on to twice
 * its processors, beyond 8 only the powers of two and the last; never more than
 * PEERS_MOST.  The number after n, 0 the first; 0: there is none.
 */
int place_crowd_after(const struct place *place, int n);

#endif
