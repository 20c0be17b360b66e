/* SPDX-License-Identifier: MIT */
/*
 * table_cells.c - the figures of a block, as texts.
 *
 * A stream has columns of its own: what it buys with delay is shown beside
 * the delay.
 */
#include "table_parts.h"

#include "human.h"

#include <math.h>

/* From here on what explains the figures has room beside them. */
enum { ROOMY = 100 };

/* A column that no row has anything for is left out. */
static bool any(const struct block *b, double (*value)(const struct result *))
{
    for (unsigned i = 0; i < b->rows; i++)
        if (!b->results[i]->failed && isfinite(value(b->results[i])))
            return true;
    return false;
}

static double times_floor(const struct result *r)
{
    return r->times_floor;
}

static double times_faster(const struct result *r)
{
    return r->times_faster;
}

static double io_calls(const struct result *r)
{
    return r->counters.io_calls;
}

static bool is_range(const struct result *r)
{
    const char *kind = r->median_interval.kind;

    return kind && strcmp(kind, "range") == 0;
}

static bool is_ci(const struct result *r)
{
    return r->median_interval.kind && !is_range(r);
}

static bool any_row(const struct block *b, bool (*is)(const struct result *))
{
    for (unsigned i = 0; i < b->rows; i++)
        if (!b->results[i]->failed && is(b->results[i]))
            return true;
    return false;
}

/* In the unit of the median beside it; "r" marks a range among intervals. */
static void put_interval(char *cell, const struct result *r, bool mark,
                         bool utf8)
{
    char low[24], high[24];
    double in_ns;

    human_time_unit(r->median, utf8, &in_ns);
    if (!r->median_interval.kind) {
        snprintf(cell, CELL, "-");
        return;
    }
    human_figures(r->median_interval.low / in_ns, low, sizeof low);
    human_figures(r->median_interval.high / in_ns, high, sizeof high);
    snprintf(cell, CELL, "%s %s %s%s", low, utf8 ? "–" : "-", high,
             mark && is_range(r) ? " r" : "");
}

/* Ratios below 10 with two digits behind the point, above with one or none. */
static void put_ratio(char *cell, double ratio)
{
    if (!isfinite(ratio))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, "%.*f",
                 ratio < 9.995   ? 2
                 : ratio < 99.95 ? 1
                                 : 0,
                 ratio);
}

static int64_t setting_of(const struct result *r, const char *name,
                          int64_t fallback)
{
    for (const struct setting *s = r->settings; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s->value;
    return fallback;
}

void row_size(const struct result *r, char *text, size_t size)
{
    int64_t resident = setting_of(r, "resident", -1);
    int64_t processes = setting_of(r, "processes", -1);
    char bytes[32];

    text[0] = '\0';
    if (r->sized)
        human_bytes(r->bytes, text, size);
    else if (resident >= 0)
        snprintf(text, size, "%s%s",
                 human_bytes((uint64_t)resident, bytes, sizeof bytes),
                 setting_of(r, "huge", 0) ? " huge" : "");
    else if (processes >= 0)
        snprintf(text, size, "%lld process%s", (long long)processes,
                 processes == 1 ? "" : "es");
}

const char *row_start(const struct result *r)
{
    return !r->start || strcmp(r->start, "fork") == 0 ||
                   strcmp(r->start, r->mechanism) == 0
               ? NULL
               : r->start;
}

/* A floor is called by what it does; "pipe (spawn)": its peer was spawned. */
void row_name(const struct result *r, char *text, size_t size)
{
    const char *name =
        strcmp(r->mechanism, "floor") == 0 ? r->workload : r->mechanism;

    if (row_start(r))
        snprintf(text, size, "%s (%s)", name, row_start(r));
    else
        snprintf(text, size, "%s", name);
}

static unsigned add(struct block *b, const char *heading)
{
    b->headings[b->columns] = heading;
    return b->columns++;
}

static void fill_ratios(struct block *b, bool utf8)
{
    if (any(b, times_floor)) {
        unsigned column = add(b, utf8 ? "× floor" : "x floor");

        for (unsigned i = 0; i < b->rows; i++)
            put_ratio(b->cells[i][column], b->results[i]->times_floor);
    }
    if (any(b, times_faster)) {
        unsigned column = add(b, utf8 ? "× CPython" : "x CPython");

        for (unsigned i = 0; i < b->rows; i++)
            put_ratio(b->cells[i][column], b->results[i]->times_faster);
    }
}

static void fill_stream(struct block *b, bool utf8)
{
    unsigned rate = add(b, "messages"), bandwidth = add(b, "bandwidth");
    unsigned p50 = add(b, "one way"), p99 = add(b, "p99");

    for (unsigned i = 0; i < b->rows; i++) {
        const struct result *r = b->results[i];

        human_rate(r->ops_per_s, "/s", b->cells[i][rate], CELL);
        human_rate(r->bytes_per_s, "B/s", b->cells[i][bandwidth], CELL);
        human_time(r->latency_p50, utf8, b->cells[i][p50], CELL);
        human_time(r->latency_p99, utf8, b->cells[i][p99], CELL);
    }
}

static void fill_latency(struct block *b, bool utf8)
{
    bool range = any_row(b, is_range), ci = any_row(b, is_ci);
    unsigned median = add(b, "median");
    unsigned interval = add(b, range && !ci ? "range" : "95% CI");
    bool together = b->results[0]->together; /* of few and long samples */
    unsigned last = add(b, together ? "in all" : "p99");

    for (unsigned i = 0; i < b->rows; i++) {
        const struct result *r = b->results[i];

        human_time(r->median, utf8, b->cells[i][median], CELL);
        put_interval(b->cells[i][interval], r, range && ci, utf8);
        if (together)
            human_rate(r->ops_per_s, "/s", b->cells[i][last], CELL);
        else
            human_time(r->percentiles[7], utf8, b->cells[i][last], CELL);
    }
}

/* Reads and writes of all participants, for one operation. */
static void fill_calls(struct block *b)
{
    unsigned column;

    if (!any(b, io_calls))
        return;
    column = add(b, "io calls");
    for (unsigned i = 0; i < b->rows; i++)
        if (isfinite(io_calls(b->results[i])))
            human_figures(io_calls(b->results[i]), b->cells[i][column], CELL);
        else
            snprintf(b->cells[i][column], CELL, "-");
}

void block_fill(struct block *b, const struct look *look)
{
    unsigned size = add(b, "size");

    for (unsigned i = 0; i < b->rows; i++)
        row_size(b->results[i], b->cells[i][size], CELL);
    if (b->rows && b->results[0]->one_way)
        fill_stream(b, look->utf8);
    else
        fill_latency(b, look->utf8);
    fill_ratios(b, look->utf8);
    if (look->columns >= ROOMY)
        fill_calls(b);
}
