/* SPDX-License-Identifier: MIT */
/* place.c - which processors a placement means on this machine. */
#include "place.h"

#include <stdio.h>

const char *const placement_names[] = {"same", "cross",   "free",
                                       "smt",  "package", NULL};

/* Does `kind` above both processors differ?  Absent levels do not. */
static bool differ(hwloc_topology_t topology, hwloc_obj_type_t kind,
                   hwloc_obj_t a, hwloc_obj_t b)
{
    return hwloc_get_ancestor_obj_by_type(topology, kind, a) !=
           hwloc_get_ancestor_obj_by_type(topology, kind, b);
}

/* Is b, beside a, what the placement means?  2: and the best of its kind. */
static int suits(hwloc_topology_t topology, enum placement placement,
                 hwloc_obj_t a, hwloc_obj_t b)
{
    bool core = differ(topology, HWLOC_OBJ_CORE, a, b);
    bool cache = differ(topology, HWLOC_OBJ_L3CACHE, a, b);
    bool package = differ(topology, HWLOC_OBJ_PACKAGE, a, b);

    if (placement == PLACE_CROSS)
        return !core ? 0 : cache || package ? 1 : 2;
    if (placement == PLACE_SMT)
        return core ? 0 : 2;
    return package ? 2 : 0;
}

static hwloc_obj_t partner(hwloc_topology_t topology, hwloc_const_cpuset_t may,
                           enum placement placement, hwloc_obj_t a)
{
    hwloc_obj_t best = NULL, b = NULL;
    int best_suits = 0;

    while ((b = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, b))) {
        int now = b == a || !hwloc_bitmap_isset(may, b->os_index)
                      ? 0
                      : suits(topology, placement, a, b);

        if (now > best_suits) {
            best = b;
            best_suits = now;
        }
    }
    return best;
}

/* The last allowed processor: the first ones serve most interrupts. */
static hwloc_obj_t last_allowed(hwloc_topology_t topology,
                                hwloc_const_cpuset_t may)
{
    hwloc_obj_t last = NULL, b = NULL;

    while ((b = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, b)))
        if (hwloc_bitmap_isset(may, b->os_index))
            last = b;
    return last;
}

static void fill(hwloc_topology_t topology, hwloc_const_cpuset_t may,
                 hwloc_obj_t a, enum placement placement, struct place *p)
{
    static const char *const reasons[PLACEMENTS] = {
        [PLACE_CROSS] = "is the only one that may be used here",
        [PLACE_SMT] = "has one hardware thread",
        [PLACE_PACKAGE] = "is in the only package"};
    hwloc_obj_t b = partner(topology, may, placement, a);

    *p = (struct place){.timed = (int)a->os_index, .peer = (int)a->os_index};
    if (!b) {
        snprintf(p->missing, sizeof p->missing, "core %d %s", p->timed,
                 reasons[placement]);
        return;
    }
    p->peer = (int)b->os_index;
    snprintf(
        p->where, sizeof p->where, "cores %d and %d, %s", p->timed, p->peer,
        placement == PLACE_SMT                      ? "one core"
        : differ(topology, HWLOC_OBJ_PACKAGE, a, b) ? "two packages"
        : hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_L3CACHE) < 1 ? "no L3"
        : differ(topology, HWLOC_OBJ_L3CACHE, a, b)                 ? "two L3"
                                                                    : "one L3");
}

static bool is_taken(const struct place *p, hwloc_obj_t b)
{
    return (int)b->os_index == p->timed || (int)b->os_index == p->peer;
}

/* The n-th hardware thread of a core, those that are taken first; or NULL. */
static hwloc_obj_t thread_of(hwloc_topology_t topology, hwloc_obj_t core,
                             unsigned n, const struct place *p)
{
    hwloc_obj_t b = NULL;

    for (int taken = 1; taken >= 0; taken--)
        while ((b = hwloc_get_next_obj_inside_cpuset_by_type(
                    topology, core->cpuset, HWLOC_OBJ_PU, b)))
            if (is_taken(p, b) == (taken != 0) && n-- == 0)
                return b;
    return NULL;
}

/* The n-th of every core that has one; whether any had. */
static bool add_threads(hwloc_topology_t topology, hwloc_const_cpuset_t may,
                        unsigned n, struct place *p)
{
    hwloc_obj_t core = NULL, b;
    bool any = false;

    while (
        (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core))) {
        b = thread_of(topology, core, n, p);
        any |= b != NULL;
        if (b && !is_taken(p, b) && hwloc_bitmap_isset(may, b->os_index) &&
            p->more_count < PEERS_MOST - 1)
            p->more[p->more_count++] = (int)b->os_index;
    }
    return any;
}

/* Where more than two are spread: to every core, then to second threads. */
static void fill_more(hwloc_topology_t topology, hwloc_const_cpuset_t may,
                      struct place *p)
{
    unsigned n = 0;

    while (!p->missing[0] && add_threads(topology, may, n, p))
        n++;
}

static int find_in(struct place places[PLACEMENTS], hwloc_topology_t topology,
                   bool bound)
{
    hwloc_bitmap_t may = hwloc_bitmap_alloc();
    hwloc_obj_t a;

    if (!may)
        return -ENOMEM;
    hwloc_bitmap_fill(may);
    if (bound && hwloc_get_cpubind(topology, may, HWLOC_CPUBIND_PROCESS) < 0)
        hwloc_bitmap_fill(may);
    a = last_allowed(topology, may);
    if (!a) {
        hwloc_bitmap_free(may);
        return -ENODEV;
    }
    places[PLACE_SAME] =
        (struct place){.timed = (int)a->os_index, .peer = (int)a->os_index};
    snprintf(places[PLACE_SAME].where, sizeof places[PLACE_SAME].where,
             "core %d", places[PLACE_SAME].timed);
    places[PLACE_FREE] =
        (struct place){.timed = -1, .peer = -1, .where = "any core"};
    fill(topology, may, a, PLACE_CROSS, &places[PLACE_CROSS]);
    fill_more(topology, may, &places[PLACE_CROSS]);
    fill(topology, may, a, PLACE_SMT, &places[PLACE_SMT]);
    fill(topology, may, a, PLACE_PACKAGE, &places[PLACE_PACKAGE]);
    hwloc_bitmap_free(may);
    return 0;
}

static int load(hwloc_topology_t *topology)
{
    if (hwloc_topology_init(topology) < 0)
        return -ENOMEM;
    if (hwloc_topology_load(*topology) < 0) {
        hwloc_topology_destroy(*topology);
        return -EIO;
    }
    return 0;
}

int places_find(struct place places[PLACEMENTS], hwloc_topology_t topology)
{
    hwloc_topology_t own;
    int error;

    if (topology)
        return find_in(places, topology, false);
    error = load(&own);
    if (error)
        return error;
    error = find_in(places, own, true);
    hwloc_topology_destroy(own);
    return error;
}

int place_cores(const struct place *place)
{
    if (place->timed < 0)
        return 0;
    return place->timed == place->peer ? 1 : 2 + place->more_count;
}

int place_crowd_after(const struct place *place, int n)
{
    int most = 2 * place_cores(place);
    int next = n < 8 ? n + 1 : 2 * n;

    if (most > PEERS_MOST)
        most = PEERS_MOST;
    if (n >= most)
        return 0;
    return next < most ? next : most;
}
