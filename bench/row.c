/* SPDX-License-Identifier: MIT */
/* row.c - the rows of a plan: what each is, may cost, and when its turn is. */
#include "row.h"

#include "human.h"
#include "registry.h"

#include <stdio.h>

/* What a byte of a parent's memory takes in a round: faulted, copied, freed. */
static const double byte_ns = 0.7;

/* A mechanism that is a start method is measured by its own; else fork. */
static enum start_method own_start(const char *mechanism)
{
    for (int m = 0; start_method_names[m]; m++)
        if (strcmp(start_method_names[m], mechanism) == 0)
            return (enum start_method)m;
    return START_FORK;
}

struct row row_new(const char *mechanism, const struct workload *w,
                   size_t bytes, enum placement placement)
{
    struct row row = {.kind = ROW_RESULT,
                      .mechanism = mechanism,
                      .workload = w,
                      .bytes = w->sized ? bytes : 0,
                      .placement = placement,
                      .start = own_start(mechanism),
                      .floor = -1,
                      .reference = -1,
                      .twin = -1};

    for (size_t i = 0; w->grid && w->grid[i].name && i < SETTINGS_MAX; i++)
        row.settings[i] = w->grid[i];
    return row;
}

struct row row_with(struct row row, const char *name, int64_t value)
{
    for (struct setting *s = row.settings; s->name; s++)
        if (strcmp(s->name, name) == 0)
            s->value = value;
    return row;
}

struct row row_within_limits(struct row row)
{
    const int64_t *here = row.workload->capacity_most;
    int64_t most = capacity_most(row.bytes);

    if (here && *here && *here < most)
        most = *here;
    for (struct setting *s = row.settings; s->name; s++)
        if (strcmp(s->name, "capacity") == 0 && s->value > most)
            s->value = most;
    return row;
}

bool has_setting(const struct workload *w, const char *name)
{
    for (const struct setting *s = w->grid; s && s->name; s++)
        if (strcmp(s->name, name) == 0)
            return true;
    return false;
}

struct row row_floor(const struct row *row)
{
    struct row floor = *row;

    floor.kind = ROW_FLOOR;
    floor.mechanism = "floor";
    floor.start = START_FORK;
    floor.workload = workload_find("floor", row->workload->floor);
    /* Of what has no size, as a call has none, a small message's. */
    floor.bytes = !floor.workload || !floor.workload->sized ? 0
                  : row->workload->sized                    ? row->bytes
                                                            : 64;
    if (floor.workload && !floor.workload->grid)
        floor.settings[0].name = NULL;
    return floor;
}

struct row row_ceiling(const struct row *row)
{
    struct row ceiling = row_new("floor", workload_find("floor", "memcpy"),
                                 row->bytes, PLACE_SAME);

    ceiling.kind = ROW_FLOOR;
    return ceiling;
}

bool row_starts_otherwise(const struct row *row)
{
    return row->workload->peers && row->start != START_FORK;
}

const char *row_describe(const struct row *row, char *text, size_t size)
{
    char bytes[24] = "";
    size_t n;

    if (row->workload->sized)
        human_bytes(row->bytes, bytes, sizeof bytes);
    n = (size_t)snprintf(
        text, size, "%s%s/%s%s%s", row->kind == ROW_REFERENCE ? "CPython " : "",
        row->mechanism, row->workload->name, bytes[0] ? " " : "", bytes);
    for (const struct setting *s = row->settings; s->name && n < size; s++)
        if (s->value) {
            human_bytes((uint64_t)s->value, bytes, sizeof bytes);
            n += (size_t)snprintf(text + n, size - n, " %s=%s", s->name,
                                  s->value < 65536 ? "" : bytes);
            if (s->value < 65536 && n < size)
                n += (size_t)snprintf(text + n, size - n, "%lld",
                                      (long long)s->value);
        }
    if (row_starts_otherwise(row) && n < size)
        n += (size_t)snprintf(text + n, size - n, " start=%s",
                              start_method_names[row->start]);
    if (n < size)
        snprintf(text + n, size - n, ", %s", placement_names[row->placement]);
    return text;
}

void row_arguments(const struct row *row, char *text, size_t size)
{
    char bytes[24];
    size_t n = (size_t)snprintf(text, size, "ipclab bench %s/%s --placement %s",
                                row->mechanism, row->workload->name,
                                placement_names[row->placement]);

    if (row->workload->sized && n < size)
        n += (size_t)snprintf(
            text + n, size - n, " --size %s",
            human_size_argument(row->bytes, bytes, sizeof bytes));
    if (row_starts_otherwise(row) && n < size)
        n += (size_t)snprintf(text + n, size - n, " --start %s",
                              start_method_names[row->start]);
    for (const struct setting *s = row->settings; s->name && n < size; s++)
        if (s->value)
            n += (size_t)snprintf(
                text + n, size - n, " --set %s=%s", s->name,
                human_size_argument((uint64_t)s->value, bytes, sizeof bytes));
}

double row_resident(const struct row *row)
{
    for (const struct setting *s = row->settings; s->name; s++)
        if (strcmp(s->name, "resident") == 0)
            return (double)s->value;
    return 0;
}

bool row_copies_memory(const struct row *row)
{
    return strcmp(row->mechanism, "fork") == 0 ||
           strcmp(row->workload->name, "fork-self") == 0;
}

/* What one operation may cost, in ns: only to share out the time. */
static double guess_ns(const struct row *row)
{
    double ns;

    if (row->workload->guess)
        ns = (double)row->workload->guess;
    else if (row->workload->peers == 0)
        ns = row->workload->sized ? 50 + (double)row->bytes * 0.1
             : row->workload->grid || row->workload->own ? 2e5
                                                         : 50;
    else if (row->workload->one_way)
        ns = 700 + (double)row->bytes * 0.4;
    else
        ns = 8e3 + (double)row->bytes * 0.8;
    if (row->placement == PLACE_CROSS && !row->workload->one_way &&
        !row->workload->spins && !row->workload->together)
        ns += row->workload->peers ? 1e5 : 0;
    return row_copies_memory(row) ? ns + row_resident(row) / 50 : ns;
}

/*
 * How many times as long CPython takes.  What a spawned child of it does first
 * is to start an interpreter and to import a program; one of its fork server
 * imports the program.
 */
static double reference_factor(const struct row *row)
{
    static const double factors[START_METHODS] = {
        [START_FORK] = 5, [START_SPAWN] = 80, [START_FORKSERVER] = 25};

    return row->workload->peers ? 3 : factors[row->start];
}

/* Of one round of CPython's, in s: reference.py has the same numbers. */
static double reference_cost(const struct plan *plan, const struct row *row)
{
    double ns = guess_ns(row) * reference_factor(row);
    double warm = (double)plan->warm, window;

    if (strcmp(row->mechanism, "array") == 0 &&
        strcmp(row->workload->name, "copy") == 0)
        ns += 35.0 * (double)row->bytes; /* a slice goes item by item */
    window = strcmp(row->workload->name, "burst") == 0 ? ns : 3 * ns;
    /* As many operations do, but of a stream; some of them take longer. */
    if (!row->workload->one_way && !row->workload->together &&
        warm > 2000 * ns + 1e7)
        warm = 2000 * ns + 1e7;
    if (window < (double)plan->window)
        window = (double)plan->window;
    return 0.06 +
           (warm + 1.5 * ns + window + row_resident(row) * byte_ns) / 1e9;
}

double row_cost(const struct plan *plan, const struct row *row)
{
    double ns = guess_ns(row), warm = 1000 * ns, window = 8 * ns;
    double peers = (double)workload_peers(row->workload, row->settings);

    if (row->kind == ROW_REFERENCE)
        return reference_cost(plan, row);
    if (warm > (double)plan->warm)
        warm = (double)plan->warm;
    if (window < (double)plan->window)
        window = (double)plan->window;
    if (row->workload->program) /* and its launcher, or an interpreter */
        warm += row->workload->python ? 1e8 : 4e8;
    if (row->workload->together)
        warm = (double)plan->warm;
    return (warm + 6 * ns + window + row_resident(row) * byte_ns) / 1e9 + 0.01 +
           0.003 * peers;
}

static bool same_settings(const struct row *a, const struct row *b)
{
    for (size_t i = 0; i < SETTINGS_MAX; i++) {
        if (!a->settings[i].name || !b->settings[i].name)
            return a->settings[i].name == b->settings[i].name;
        if (strcmp(a->settings[i].name, b->settings[i].name) != 0 ||
            a->settings[i].value != b->settings[i].value)
            return false;
    }
    return true;
}

int row_find(const struct plan *plan, const struct row *row)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct row *r = &plan->rows[i];

        if (r->kind == row->kind && r->workload == row->workload &&
            r->bytes == row->bytes && r->placement == row->placement &&
            r->start == row->start && same_settings(r, row))
            return (int)i;
    }
    return -1;
}

/* splitmix64: small, seeded, and good enough to shuffle with. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Every row gets the rank of its group, then one of its own. */
void plan_order(const struct plan *plan, unsigned round, size_t *order)
{
    uint64_t state = plan->seed * 0x100000001b3u + round;
    size_t n = plan->count;

    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) { /* Fisher and Yates */
        size_t j = (size_t)(next_random(&state) % i), keep = order[i - 1];

        order[i - 1] = order[j];
        order[j] = keep;
    }
    /* Gather each group where its first row fell, in the shuffled order. */
    for (size_t i = 0, done = 0; i < n; i = done) {
        size_t group = plan->rows[order[i]].group;

        for (size_t j = done = i + 1; j < n; j++)
            if (plan->rows[order[j]].group == group) {
                size_t keep = order[j];

                memmove(&order[done + 1], &order[done],
                        (j - done) * sizeof *order);
                order[done++] = keep;
            }
    }
}

/* The number of the first row of the same workload. */
static size_t first_of(const struct plan *plan, size_t i)
{
    size_t first = 0;

    while (plan->rows[first].workload != plan->rows[i].workload)
        first++;
    return first;
}

/* Does row a come before row b, for a reader? */
static bool reads_before(const struct plan *plan, size_t a, size_t b)
{
    const struct row *x = &plan->rows[a], *y = &plan->rows[b];
    size_t first_x = first_of(plan, a), first_y = first_of(plan, b);

    if (first_x != first_y)
        return first_x < first_y;
    if (x->placement != y->placement)
        return x->placement < y->placement;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes;
    for (size_t i = 0; x->settings[i].name; i++)
        if (x->settings[i].value != y->settings[i].value)
            return x->settings[i].value < y->settings[i].value;
    return x->start != y->start ? x->start < y->start : a < b;
}

void plan_reading_order(const struct plan *plan, size_t *order)
{
    for (size_t i = 0; i < plan->count; i++) {
        size_t at = i;

        for (; at && reads_before(plan, i, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}
