/* SPDX-License-Identifier: MIT */
/*
 * plan.c - what a run will measure, and what it leaves out.
 *
 * Candidates come tier by tier (plan_tiers.c), the most telling first, and are
 * taken while the budget lasts.  A request that names sizes, settings or
 * placements is taken whole: whoever asks for a row gets it.
 */
#include "planner.h"

#include "human.h"
#include "plugin.h"
#include "registry.h"
#include "request.h"
#include "row.h"

#include <stdio.h>
#include <stdlib.h>

int planner_add(struct planner *p, struct row row)
{
    struct plan *plan = p->plan;

    if (plan->count == plan->capacity) {
        size_t capacity = plan->capacity ? 2 * plan->capacity : 64;
        struct row *rows = realloc(plan->rows, capacity * sizeof *rows);

        if (!rows) {
            p->error = true;
            return -1;
        }
        plan->rows = rows;
        plan->capacity = capacity;
    }
    row.cost = row_cost(plan, &row);
    p->left -= row.cost * plan->rounds;
    plan->expected += row.cost * plan->rounds;
    plan->rows[plan->count] = row;
    return (int)plan->count++;
}

/* What a row and all that it is held against would cost, in s. */
static double cost_with_company(const struct planner *p, const struct row *row)
{
    double cost = row_cost(p->plan, row);
    struct row other;

    if (row->workload->floor) {
        other = row_floor(row);
        if (row_find(p->plan, &other) < 0)
            cost += row_cost(p->plan, &other);
    }
    if (row->workload->one_way) {
        other = row_ceiling(row);
        if (row_find(p->plan, &other) < 0)
            cost += row_cost(p->plan, &other);
    }
    if (planner_wants_reference(p, row)) {
        other = planner_reference_of(row);
        if (row_find(p->plan, &other) < 0)
            cost += row_cost(p->plan, &other);
    }
    return cost * p->plan->rounds;
}

void planner_leave_out_line(struct planner *p, const char *line)
{
    struct plan *plan = p->plan;
    char(*more)[160] =
        realloc(plan->left_out, (plan->left_out_count + 1) * sizeof *more);

    if (!more) {
        p->error = true;
        return;
    }
    plan->left_out = more;
    snprintf(more[plan->left_out_count++], sizeof *more, "%s", line);
}

void planner_leave_out(struct planner *p, const struct row *row,
                       const char *reason)
{
    char line[160], name[128];

    if (reason)
        snprintf(line, sizeof line, "%.90s: %.60s",
                 row_describe(row, name, sizeof name), reason);
    else
        row_arguments(row, line, sizeof line);
    planner_leave_out_line(p, line);
}

const char *planner_missing(const struct planner *p, const struct row *row)
{
    if (row->workload->spins && row->placement == PLACE_SAME)
        return "it spins, and would wait on one core for its turn";
    if (row->workload->python && !p->request->reference)
        return "there is no python3, or CPython is left out";
    if (p->places[row->placement].missing[0])
        return p->places[row->placement].missing;
    if (workload_peers(row->workload, row->settings) > PEERS_MOST)
        return "more processes than the bench starts";
    if (workload_peers(row->workload, row->settings) < 0)
        return "nobody would take part";
    for (const struct setting *s = row->settings; s->name; s++) {
        if (strcmp(s->name, "resident") == 0 &&
            (uint64_t)s->value > p->request->memory)
            return "more than half of the available memory";
        if (strcmp(s->name, "huge") == 0 && s->value && !p->request->huge_pages)
            return "the kernel gives no huge pages";
    }
    return NULL;
}

void planner_consider(struct planner *p, struct row row)
{
    int floor_row = -1, reference;
    const char *reason;
    struct row other;

    row = row_within_limits(row);
    if (row_find(p->plan, &row) >= 0)
        return;
    reason = planner_missing(p, &row);
    if (reason) {
        planner_leave_out(p, &row, reason);
        return;
    }
    if (!p->explicit_rows && cost_with_company(p, &row) > p->left) {
        planner_leave_out(p, &row, NULL);
        return;
    }
    row.group = p->plan->groups;
    if (row.workload->floor) {
        other = row_floor(&row);
        floor_row = other.workload ? row_find(p->plan, &other) : -1;
        if (floor_row >= 0)
            row.group = p->plan->rows[floor_row].group;
        other.group = row.group;
        if (other.workload && floor_row < 0)
            floor_row = planner_add(p, other);
    }
    reference = planner_add_reference(p, &row);
    if (reference >= 0)
        row.group = p->plan->rows[reference].group;
    if (row.group == p->plan->groups)
        p->plan->groups++;
    row.floor = floor_row;
    row.reference = reference;
    planner_add(p, row);
    if (row.workload->one_way)
        planner_add_floor(p, row_ceiling(&row));
}

/* What a user would pick instead, and is not here. */
static void leave_out_missing(struct planner *p)
{
    char line[160];

    for (size_t i = 0; plugin_missing(i, line, sizeof line); i++)
        planner_leave_out_line(p, line);
}

/* Every combination of the settings asked for, from the i-th on. */
static void consider_sets(struct planner *p, struct row row, unsigned i)
{
    const struct request *q = p->request;

    if (i == q->set_count) {
        planner_consider(p, row);
        return;
    }
    if (!has_setting(row.workload, q->sets[i].name)) {
        consider_sets(p, row, i + 1);
        return;
    }
    for (unsigned v = 0; v < q->sets[i].count; v++)
        consider_sets(p, row_with(row, q->sets[i].name, q->sets[i].values[v]),
                      i + 1);
}

/* Every start method asked for, where there are peers; a floor's are forked. */
static void consider_starts(struct planner *p, struct row row)
{
    const struct request *q = p->request;
    bool swept = row.workload->peers && !row.workload->forked &&
                 strcmp(row.mechanism, "floor") != 0;

    for (unsigned i = 0; i < (swept && q->start_count ? q->start_count : 1);
         i++) {
        if (swept && q->start_count)
            row.start = q->starts[i];
        consider_sets(p, row, 0);
    }
}

static void consider_asked(struct planner *p, const char *mechanism,
                           const struct workload *w)
{
    const struct request *q = p->request;
    unsigned sizes = w->sized && q->size_count ? q->size_count : 1;
    unsigned places = q->placement_count ? q->placement_count : 2;
    unsigned first = w->spins && !q->placement_count ? PLACE_CROSS : 0;

    for (unsigned l = first; l < (w->peers ? places : 1); l++)
        for (unsigned s = 0; s < sizes; s++) {
            enum placement where = !w->peers            ? PLACE_SAME
                                   : q->placement_count ? q->placements[l]
                                                        : (enum placement)l;

            consider_starts(
                p,
                row_new(mechanism, w, q->size_count ? q->sizes[s] : 64, where));
        }
}

/* Call one for each workload that was asked for. */
static void each_named(struct planner *p, int tier,
                       void (*one)(struct planner *, const char *,
                                   const struct workload *, int))
{
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        for (const struct workload *w = (*m)->workloads; w->name; w++)
            if (request_names(p->request, (*m)->name, w))
                one(p, (*m)->name, w, tier);
    for (const struct workload *const *g = floors; *g; g++)
        for (const struct workload *w = *g; w->name; w++)
            if (request_names(p->request, "floor", w))
                one(p, "floor", w, tier);
}

static void one_asked(struct planner *p, const char *mechanism,
                      const struct workload *w, int tier)
{
    (void)tier;
    consider_asked(p, mechanism, w);
}

int plan_make(struct plan *plan, const struct request *q,
              const struct place places[PLACEMENTS], char *why, size_t size)
{
    static const double budgets[] = {60, 300, 3600}, reserves[] = {9, 20, 60};
    static const unsigned rounds[] = {3, 7, 15};
    static const int64_t windows[] = {60, 60, 150};
    struct planner p = {plan, q, places, false, 0, false};
    int error = request_check(q, why, size);

    if (error)
        return error;
    *plan = (struct plan){.rounds = q->rounds ? q->rounds : rounds[q->scale],
                          .budget = budgets[q->scale],
                          .reserve = reserves[q->scale],
                          .warm = SECOND / 10,
                          .window = windows[q->scale] * (SECOND / 1000),
                          .seed = q->seed};
    p.explicit_rows =
        q->size_count || q->placement_count || q->start_count || q->set_count;
    /* The floors and twins that come last take less than this. */
    p.left = plan->budget - plan->reserve -
             (0.45 + 3.5 * (double)plan->window / 1e9) * plan->rounds;
    if (p.explicit_rows) {
        each_named(&p, 0, one_asked);
    } else {
        if (!q->names || !q->names[0]) {
            planner_add_floors(&p);
            leave_out_missing(&p);
        }
        for (int tier = 0; tier < TIERS; tier++)
            each_named(&p, tier, planner_consider_tier);
    }
    planner_add_company(&p);
    if (p.error)
        return -ENOMEM;
    if (plan->count == 0) {
        snprintf(why, size, "nothing to measure: %s",
                 plan->left_out_count ? plan->left_out[0] : "no rows");
        return -ENOTSUP;
    }
    if (p.explicit_rows) {
        plan->budget = 2 * plan->expected + 10;
        plan->reserve = 0;
    }
    return 0;
}

void plan_free(struct plan *plan)
{
    free(plan->rows);
    free(plan->left_out);
    *plan = (struct plan){0};
}
