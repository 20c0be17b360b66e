/* SPDX-License-Identifier: MIT */
/* plan_reference.c - which rows of a plan CPython does as well. */
#include "planner.h"

#include "registry.h"
#include "row.h"

#include <stdio.h>

/*
 * A part of a start, from a parent that holds something, or a start from one
 * that holds huge pages: how CPython's start grows, or does not, its joined row
 * shows already.
 */
static bool is_part_of_heavy(const struct row *row)
{
    bool start = strcmp(row->mechanism, start_method_names[row->start]) == 0;
    bool ballast = false, huge = false;

    for (const struct setting *s = row->settings; s->name; s++) {
        ballast |= s->value != 0;
        huge |= s->value != 0 && strcmp(s->name, "huge") == 0;
    }
    return start && ballast &&
           (huge || strcmp(row->workload->name, "joined") != 0);
}

/* Is it its workload's most usual row? */
static bool is_usual(const struct row *row)
{
    const struct workload *w = row->workload;
    bool usual = row->placement == (w->together ? PLACE_CROSS : PLACE_SAME) &&
                 row->bytes == (w->sized ? 64 : 0);

    for (size_t i = 0; row->settings[i].name; i++)
        usual &= row->settings[i].value == w->grid[i].value;
    return usual;
}

/* CPython's variants are as far apart as ours: one row of each shows it, and
 * none where time is short. */
static bool is_variant(const struct row *row, const struct request *q)
{
    const struct mechanism *m = mechanism_find(row->mechanism);
    bool whole = m && m->variant_of;

    if (q->scale == SCALE_QUICK)
        return whole || row->workload->variant;
    return whole && !is_usual(row);
}

/* In a minute there is time for one of those that CPython does alike. */
static bool is_left_to_its_like(const char *name)
{
    static const char *const names[] = {"lock/pair-recursive",
                                        "semaphore/pair",
                                        "semaphore/contended",
                                        "event/handover",
                                        "barrier/round",
                                        "queue/fan",
                                        "spawn/call",
                                        "value/neighbours",
                                        "forkserver/call",
                                        "spawn/first-instruction",
                                        "fork/burst",
                                        "forkserver/first-instruction",
                                        "array/element",
                                        "manager/clients",
                                        NULL};

    for (const char *const *n = names; *n; n++)
        if (strcmp(*n, name) == 0)
            return true;
    return false;
}

/*
 * Where time is short: what lies between two sizes of a parent; what waits is
 * woken from another core in the same time, whoever it is; and how a crowd
 * slows a semaphore down it does a lock, too.
 */
static bool is_said_elsewhere(const struct row *row, const struct request *q,
                              const char *name)
{
    const struct trial t = {.settings = row->settings};
    const struct workload *w = row->workload;

    if (q->scale == SCALE_QUICK && is_left_to_its_like(name))
        return true;
    if (q->scale == SCALE_FULL)
        return false;
    if (!w->peers) /* the ends of the line say where it goes */
        return row_resident(row) > 0 && row_resident(row) < 256 * 1048576.0;
    if (w->variant || trial_setting(&t, "capacity", 0))
        return row->placement == PLACE_CROSS;
    if (w->together)
        return strcmp(row->mechanism, "semaphore") == 0 &&
               row->settings[0].value != w->grid[0].value;
    return row->placement == PLACE_CROSS && !w->one_way;
}

/* What CPython's client asks of our server it asks of its own as well. */
static void name_both_ends(struct row *reference)
{
    static const char from_python[] = "-from-python";
    const char *name = reference->workload->name,
               *end = strstr(name, from_python);
    char stem[32];

    if (!end)
        return;
    snprintf(stem, sizeof stem, "%.*s", (int)(end - name), name);
    reference->workload = workload_find(reference->mechanism, stem);
}

/* For two mechanisms that are one in Python, CPython does the same. */
static void share_reference(struct row *reference)
{
    const struct mechanism *m = mechanism_find(reference->mechanism);
    const struct mechanism *of =
        m && m->variant_of ? mechanism_find(m->variant_of) : NULL;
    const struct workload *w =
        of ? workload_find(of->name, reference->workload->name) : NULL;
    struct row same;

    if (!w || strcmp(of->python, m->python) != 0)
        return;
    same = row_new(of->name, w, reference->bytes, reference->placement);
    for (const struct setting *s = reference->settings; s->name; s++)
        same = row_with(same, s->name, s->value);
    memcpy(reference->settings, same.settings, sizeof same.settings);
    reference->mechanism = of->name;
    reference->workload = w;
}

static bool has_reference(const struct planner *p, const struct row *row)
{
    const struct request *q = p->request;
    char name[80];

    if (!q->reference)
        return false;
    snprintf(name, sizeof name, "%s/%s", row->mechanism, row->workload->name);
    if (!p->explicit_rows && (is_part_of_heavy(row) || is_variant(row, q) ||
                              is_said_elsewhere(row, q, name)))
        return false;
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
    name_both_ends(&reference);
    share_reference(&reference);
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
    const double share = p->request->scale == SCALE_FULL ? 1. / 20 : 1. / 30;
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
