/* SPDX-License-Identifier: MIT */
/* planner.h - a plan under construction.  Private to plan.c and plan_*.c. */
#ifndef IPCLAB_PLANNER_H
#define IPCLAB_PLANNER_H

#include "plan.h"

/* What a plan under construction needs to know. */
struct planner {
    struct plan *plan;
    const struct request *request;
    const struct place *places;
    bool explicit_rows;
    double left; /* s of the budget */
    bool error;  /* out of memory */
};

/* Append a row; its number, or -1. */
int planner_add(struct planner *p, struct row row);

/* Take a row with its floor and its reference, if it can be and fits. */
void planner_consider(struct planner *p, struct row row);

/* Those of a workload that are of this tier, 0 .. TIERS - 1. */
enum { TIERS = 15 };
void planner_consider_tier(struct planner *p, const char *mechanism,
                           const struct workload *w, int tier);

/* Note a row that is not taken; without a reason: there is no time for it. */
void planner_leave_out(struct planner *p, const struct row *row,
                       const char *reason);
void planner_leave_out_line(struct planner *p, const char *line);

/* Why this machine cannot run a row, or NULL. */
const char *planner_missing(const struct planner *p, const struct row *row);

/* CPython's row of the same work; has it one that is worth its time? */
struct row planner_reference_of(const struct row *row);
bool planner_wants_reference(const struct planner *p, const struct row *row);

/* Append it if so, or find it: its number, or -1.  What is too dear is said. */
int planner_add_reference(struct planner *p, const struct row *row);

/* A floor in a group of its own, if the plan lacks it and it can be run. */
void planner_add_floor(struct planner *p, struct row row);

/* Floors that nothing is held against directly, but that explain the rest. */
void planner_add_floors(struct planner *p);

/*
 * Last of all: the tiny process beside a fork, the bare interpreter beside a
 * spawn, and of each class a floor that is there once more, which shows what
 * "no difference" looks like today.
 */
void planner_add_company(struct planner *p);

#endif
