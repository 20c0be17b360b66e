/* SPDX-License-Identifier: MIT */
/* row.h - one row of a plan: what it is, what it may cost.  Private to plan.c
 */
#ifndef IPCLAB_ROW_H
#define IPCLAB_ROW_H

#include "plan.h"

/* A row with the default settings of its workload. */
struct row row_new(const char *mechanism, const struct workload *w,
                   size_t bytes, enum placement placement);

/* The same with one setting changed. */
struct row row_with(struct row row, const char *name, int64_t value);

/* The same, with no greater capacity than its workload can have here, and than
 * there is memory for messages of its size. */
struct row row_within_limits(struct row row);

/* The floor that a row is held against; its workload is NULL without one. */
struct row row_floor(const struct row *row);

/* What bounds the bytes that a stream moves in a second: memcpy of its size. */
struct row row_ceiling(const struct row *row);

/* Are its peers started in another way than by fork, as all are unless asked?
 */
bool row_starts_otherwise(const struct row *row);

/* Does what one operation costs grow with what the parent holds? */
bool row_copies_memory(const struct row *row);

/* Bytes that the parent holds beside its own. */
double row_resident(const struct row *row);

bool has_setting(const struct workload *w, const char *name);

/* The number of the row that is the same but for its company, or -1. */
int row_find(const struct plan *plan, const struct row *row);

/* What a row may take in one round, in s: only to share out the time. */
double row_cost(const struct plan *plan, const struct row *row);

/* The arguments of `ipclab bench` that run it alone. */
void row_arguments(const struct row *row, char *text, size_t size);

#endif
