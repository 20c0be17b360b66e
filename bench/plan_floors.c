/* SPDX-License-Identifier: MIT */
/*
 * plan_floors.c - floors of a plan that nothing asked for by name.
 *
 * What a row is held against directly comes with the row (plan.c); here is
 * what explains the rest, and what tells how alike two like rows are today.
 */
#include "planner.h"

#include "registry.h"
#include "row.h"

void planner_add_floor(struct planner *p, struct row row)
{
    const char *reason = planner_missing(p, &row);

    row.kind = ROW_RESULT; /* it may have been asked for by its name */
    if (row_find(p->plan, &row) >= 0)
        return;
    row.kind = ROW_FLOOR;
    if (row_find(p->plan, &row) >= 0)
        return;
    if (reason) {
        planner_leave_out(p, &row, reason);
        return;
    }
    row.group = p->plan->groups++;
    planner_add(p, row);
}

void planner_add_floors(struct planner *p)
{
    static const struct {
        const char *name;
        size_t bytes;
        enum placement placement;
    } more[] = {
        {"clock", 0, PLACE_SAME},          {"syscall", 0, PLACE_SAME},
        {"atomic-add", 0, PLACE_SAME},     {"cpuid", 0, PLACE_SAME},
        {"page-fault", 0, PLACE_SAME},     {"line-pingpong", 0, PLACE_CROSS},
        {"futex-pingpong", 0, PLACE_SAME}, {"futex-pingpong", 0, PLACE_CROSS},
        {"vfork", 0, PLACE_SAME},          {"posix-spawn", 0, PLACE_SAME},
        {"memcpy", 64, PLACE_SAME},        {"memcpy", 4096, PLACE_SAME},
        {"memcpy", 65536, PLACE_SAME},     {"memcpy", 1048576, PLACE_SAME},
    };

    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        const struct workload *w = workload_find("floor", more[i].name);

        if (w)
            planner_add_floor(
                p, row_new("floor", w, more[i].bytes, more[i].placement));
    }
    for (const char *const *line = floors_absent; *line; line++)
        planner_leave_out_line(p, *line);
}

/* A floor once more, in its group: what "no difference" looks like today. */
static void add_twin(struct planner *p, const char *name, size_t bytes,
                     enum placement placement)
{
    struct row row =
        row_new("floor", workload_find("floor", name), bytes, placement);
    int of;

    row.kind = ROW_FLOOR;
    of = row_find(p->plan, &row);
    if (of < 0)
        return;
    row = p->plan->rows[of];
    row.kind = ROW_TWIN;
    row.twin = of;
    planner_add(p, row);
}

/* One more floor, in the group of another if that is there. */
static void add_beside(struct planner *p, const char *there, const char *name)
{
    const struct workload *w = workload_find("floor", there);
    struct row row =
        row_new("floor", workload_find("floor", name), 0, PLACE_SAME);

    row.kind = ROW_FLOOR;
    for (size_t i = 0; i < p->plan->count; i++)
        if (p->plan->rows[i].workload == w) {
            const char *reason = planner_missing(p, &row);

            row.group = p->plan->rows[i].group;
            if (reason)
                planner_leave_out(p, &row, reason);
            else if (row_find(p->plan, &row) < 0)
                planner_add(p, row);
            return;
        }
}

void planner_add_company(struct planner *p)
{
    /* Of a tiny process; a row of the fork server may have it already. */
    add_beside(p, "fork-self", "fork-tiny");
    add_beside(p, "posix-spawn", "python");
    add_twin(p, "pipe-pingpong", 64, PLACE_SAME);
    add_twin(p, "line-pingpong", 0, PLACE_CROSS);
    add_twin(p, "fork-self", 0, PLACE_SAME);
}
