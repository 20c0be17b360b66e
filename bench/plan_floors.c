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

/* A start is also held beside that of a tiny process, in the same group. */
static void add_tiny(struct planner *p)
{
    const struct workload *self = workload_find("floor", "fork-self");
    struct row row =
        row_new("floor", workload_find("floor", "fork-tiny"), 0, PLACE_SAME);

    for (size_t i = 0; i < p->plan->count; i++)
        if (p->plan->rows[i].workload == self) {
            row.kind = ROW_FLOOR;
            row.group = p->plan->rows[i].group;
            if (row_find(p->plan, &row) < 0) /* forkserver's floor already */
                planner_add(p, row);
            return;
        }
}

void planner_add_company(struct planner *p)
{
    add_tiny(p);
    add_twin(p, "pipe-pingpong", 64, PLACE_SAME);
    add_twin(p, "line-pingpong", 0, PLACE_CROSS);
    add_twin(p, "fork-self", 0, PLACE_SAME);
}
