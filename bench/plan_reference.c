/* SPDX-License-Identifier: MIT */
/* plan_reference.c - which rows of a plan CPython does as well. */
#include "planner.h"

#include "row.h"

#include <stdio.h>

/*
 * A part of a start, from a parent that holds something: how CPython's start
 * grows, or does not, its joined row shows already.
 */
static bool is_part_of_heavy(const struct row *row)
{
    bool start = strcmp(row->mechanism, start_method_names[row->start]) == 0;
    bool ballast = false;

    for (const struct setting *s = row->settings; s->name; s++)
        ballast |= s->value != 0;
    return start && ballast && strcmp(row->workload->name, "joined") != 0;
}

static bool has_reference(const struct planner *p, const struct row *row)
{
    const struct request *q = p->request;
    char name[80];

    if (!q->reference || (is_part_of_heavy(row) && !p->explicit_rows))
        return false;
    snprintf(name, sizeof name, "%s/%s", row->mechanism, row->workload->name);
    for (char **n = q->reference_names; n && *n; n++)
        if (strcmp(*n, name) == 0)
            return true;
    return false;
}

/*
 * CPython's row of the same work.  Its peers are always forked: how a peer was
 * started is no part of what a channel's row times.
 */
struct row planner_reference_of(const struct row *row)
{
    struct row reference = *row;

    reference.kind = ROW_REFERENCE;
    if (row->workload->peers)
        reference.start = START_FORK;
    return row_with(reference, "steps", 0); /* CPython's queue has one way */
}

/*
 * Is CPython's row worth its time?  A burst of a hundred starts by spawn takes
 * it 5 s and more: one such row would take the place of dozens.  So none may
 * cost more than a share of the budget, unless it was asked for.
 */
bool planner_wants_reference(const struct planner *p, const struct row *row)
{
    const double share = 1. / 20;
    struct row reference = planner_reference_of(row);

    return has_reference(p, row) &&
           (p->explicit_rows ||
            row_cost(p->plan, &reference) * p->plan->rounds <
                share * p->plan->budget);
}

int planner_add_reference(struct planner *p, const struct row *row)
{
    struct row other = planner_reference_of(row);
    char line[160], command[128];
    int there;

    if (planner_wants_reference(p, row)) {
        there = row_find(p->plan, &other);
        return there < 0 ? planner_add(p, other) : there;
    }
    if (has_reference(p, row)) {
        row_arguments(row, command, sizeof command);
        snprintf(line, sizeof line, "CPython %s/%s: too long: %.100s",
                 row->mechanism, row->workload->name, command);
        planner_leave_out_line(p, line);
    }
    return -1;
}
