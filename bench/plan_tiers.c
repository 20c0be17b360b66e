/* SPDX-License-Identifier: MIT */
/*
 * plan_tiers.c - what a plan should have first, what next, and what last.
 *
 * A tier is offered of every workload before the next one is: when the budget
 * is full, all of them have come as far.
 */
#include "planner.h"

#include "registry.h"
#include "row.h"

static const int64_t MiB = INT64_C(1) << 20;

/* From parents of the sizes that such a plan may have. */
static void consider_resident(struct planner *p, struct row row)
{
    planner_consider(p, row_with(row, "resident", 64 * MiB));
    if (p->request->scale != SCALE_QUICK)
        planner_consider(p, row_with(row, "resident", 256 * MiB));
}

/* The sizes of a tier of their own, the most telling first. */
static const size_t telling_sizes[] = {4096, 65536,  1048576, 16777216, 8,
                                       1024, 262144, 16384,   4194304,  256};

/*
 * 0: every workload once.  1, 2: the sizes that every plan should have, what a
 * parent holds, and how many contend.  3: two cores, which say more than
 * another size does.  Then a size a tier, and the settings; last of all the
 * sizes of variants, and their settings.
 */
enum {
    TIER_SIZES = 1,
    TIER_CROSS = 3,
    TIER_MORE = 4,
    TIER_LAST = 12,
    TIER_VARIANTS,
    TIER_VARIANTS_LAST = TIERS - 1
};

static bool is_variant(const char *mechanism, const struct workload *w)
{
    const struct mechanism *m = mechanism_find(mechanism);

    return w->variant || (m && m->variant_of);
}

/*
 * A variant's first row comes in its turn, and of what does not wait for the
 * other core to wake up the row on two cores; the sizes that its original has
 * had for long, and what several do together, come last.
 */
static bool is_held_back(const char *mechanism, const struct workload *w,
                         int tier)
{
    bool telling = tier == TIER_CROSS && (w->one_way || w->spins);

    return is_variant(mechanism, w) && (w->together || (tier != 0 && !telling));
}

/* The size of a tier, or 0. */
static size_t tier_size(int tier)
{
    if (tier >= TIER_SIZES && tier < TIER_CROSS)
        return telling_sizes[tier - TIER_SIZES];
    if (tier >= TIER_MORE && tier < TIER_LAST)
        return telling_sizes[tier - TIER_MORE + TIER_CROSS - TIER_SIZES];
    return 0;
}

/*
 * What the parent holds.  The whole start comes first, and its copy of huge
 * pages before the sizes that not every plan has; how its parts grow, last.
 */
static void consider_held(struct planner *p, const struct row *row, int tier)
{
    bool whole = strcmp(row->workload->name, "joined") == 0;

    if (tier == (whole ? TIER_SIZES : TIER_LAST))
        consider_resident(p, *row);
    if (tier == (whole ? TIER_CROSS : TIER_LAST) && row_copies_memory(row))
        consider_resident(p, row_with(*row, "huge", 1));
    if (tier == TIER_LAST && p->request->scale == SCALE_FULL) {
        struct row heavy = row_with(*row, "resident", 1024 * MiB);

        planner_consider(p, heavy);
        if (row_copies_memory(row))
            planner_consider(p, row_with(heavy, "huge", 1));
    }
}

/*
 * How many processes want the same: more than there are cores, one alone, and
 * then what lies between.  Of those who only wait for each other, more at last.
 */
static void consider_processes(struct planner *p, const struct row *row,
                               int tier)
{
    const struct place *cross = &p->places[PLACE_CROSS];
    int most = 0;

    for (int n = 0; (n = place_crowd_after(cross, n));)
        most = n;
    if (tier == (row->workload->together ? TIER_SIZES : TIER_LAST))
        planner_consider(p, row_with(*row, "processes", most));
    if (!row->workload->together)
        return;
    if (tier == TIER_SIZES + 1)
        planner_consider(p, row_with(*row, "processes", 1));
    for (int n = 2; tier == TIER_MORE && (n = place_crowd_after(cross, n));)
        planner_consider(p, row_with(*row, "processes", n));
}

/* How many call one server at once: one alone beside the usual crowd. */
static void consider_clients(struct planner *p, const struct row *row, int tier)
{
    if (tier == TIER_MORE + 1 && p->request->scale != SCALE_QUICK)
        planner_consider(p, row_with(*row, "clients", 1));
    if (tier == TIER_LAST && p->request->scale == SCALE_FULL)
        for (int n = 2; n <= 8; n *= 2)
            planner_consider(p, row_with(*row, "clients", n));
}

/*
 * What each step of a queue is worth is a figure; the row itself has them all.
 */
static void consider_steps(struct planner *p, const struct row *row, int tier)
{
    int when = p->request->scale == SCALE_QUICK ? TIER_LAST : TIER_CROSS;

    for (int steps = 1; steps <= 3 && tier == when; steps += 2)
        planner_consider(p, row_with(*row, "steps", steps));
}

/* As many items as what a user would pick instead has: they are compared so. */
static void consider_equals(struct planner *p, const struct row *row)
{
    if (has_setting(row->workload, "capacity") &&
        p->request->scale != SCALE_QUICK)
        planner_consider(p, row_with(*row, "capacity", 1000));
}

/* How many items a queue may hold, and who puts and gets: one at a time. */
static void consider_limits(struct planner *p, const struct row *row, int tier)
{
    if (tier != TIER_LAST || p->request->scale != SCALE_FULL)
        return;
    if (has_setting(row->workload, "capacity"))
        for (int n = 1; n <= 10000; n *= 10)
            planner_consider(p, row_with(*row, "capacity", n));
    if (has_setting(row->workload, "producers"))
        for (int n = 1; n <= 8; n *= 2) {
            planner_consider(p, row_with(*row, "producers", n));
            planner_consider(p, row_with(*row, "consumers", n));
        }
}

/*
 * Of what spins, two on one core would wait for their turns; of what is done
 * together, they would hardly meet.
 */
static enum placement first_place(const struct planner *p,
                                  const struct workload *w)
{
    return w->spins || (w->together && !p->places[PLACE_CROSS].missing[0])
               ? PLACE_CROSS
               : PLACE_SAME;
}

/* A minute for everything. */
static bool in_haste(const struct request *q)
{
    return q->scale == SCALE_QUICK && !(q->names && q->names[0]);
}

static void consider_variant(struct planner *p, const char *mechanism,
                             const struct workload *w)
{
    if (w->peers)
        planner_consider(p, row_new(mechanism, w, 64, PLACE_CROSS));
    for (int tier = TIER_SIZES; tier < TIER_LAST; tier++)
        if (w->sized && tier_size(tier))
            planner_consider(
                p, row_new(mechanism, w, tier_size(tier), first_place(p, w)));
}

void planner_consider_tier(struct planner *p, const char *mechanism,
                           const struct workload *w, int tier)
{
    enum placement first = first_place(p, w);
    struct row row = row_new(mechanism, w, 64, first);
    bool full = p->request->scale == SCALE_FULL;

    if (w->program && in_haste(p->request)) {
        if (tier == 0) /* its launcher alone takes as long as ten rows */
            planner_leave_out(p, &row, NULL);
        return;
    }
    if (is_held_back(mechanism, w, tier)) {
        if (tier == TIER_LAST && w->together)
            planner_consider(p, row);
        if (tier == TIER_VARIANTS)
            consider_variant(p, mechanism, w);
        if (tier != TIER_VARIANTS_LAST)
            return;
        tier = TIER_LAST;
    }
    if (tier == 0)
        planner_consider(p, row);
    if (tier_size(tier) && w->sized)
        planner_consider(p, row_new(mechanism, w, tier_size(tier), first));
    if (has_setting(w, "resident"))
        consider_held(p, &row, tier);
    if (has_setting(w, "processes"))
        consider_processes(p, &row, tier);
    if (has_setting(w, "clients"))
        consider_clients(p, &row, tier);
    if (has_setting(w, "steps"))
        consider_steps(p, &row, tier);
    consider_limits(p, &row, tier);
    if (tier == TIER_CROSS && w->peers) {
        struct row cross = row_new(mechanism, w, 64, PLACE_CROSS);

        planner_consider(p, cross);
        if (!is_variant(mechanism, w))
            consider_equals(p, &cross);
    }
    if (tier == TIER_LAST && w->together)
        planner_consider(p, row_new(mechanism, w, 64, PLACE_SAME));
    if (tier >= TIER_MORE && tier < TIER_LAST && w->peers && full)
        planner_consider(p,
                         row_new(mechanism, w, tier_size(tier), PLACE_CROSS));
    if (tier == TIER_LAST && has_setting(w, "descriptors")) {
        planner_consider(p, row_with(row, "descriptors", 64));
        planner_consider(p, row_with(row, "descriptors", 1024));
    }
}
