/* SPDX-License-Identifier: MIT */
/*
 * table.c - a run on the terminal: the machine, its blocks, and the rest.
 *
 * table_cells.c turns figures into texts, table_block.c lays them out.
 */
#include "table.h"

#include "human.h"
#include "machine.h"
#include "table_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { COLUMNS_LEAST = 40, LEFT_OUT_SHOWN = 8, RATIOS_SHOWN = 6 };

const char *result_name(const struct result *r, char *text, size_t size)
{
    snprintf(text, size, "%s/%s", r->mechanism, r->workload);
    return text;
}

static const char *place_text(enum placement placement)
{
    static const char *const texts[PLACEMENTS] = {
        [PLACE_SAME] = "same core",
        [PLACE_CROSS] = "two cores",
        [PLACE_FREE] = "any core",
        [PLACE_SMT] = "two threads of a core",
        [PLACE_PACKAGE] = "two packages"};

    return texts[placement];
}

static void print_machine(FILE *out, const struct run *run,
                          const struct look *look)
{
    const struct card *card = run->card;
    const char *dot = look->utf8 ? " · " : ", ";
    char text[512], summary[256];
    bool guest = strcmp(card->virtualization, "none") != 0 &&
                 strcmp(card->virtualization, "unknown") != 0;

    machine_summary(card, look->utf8, summary, sizeof summary);
    snprintf(text, sizeof text, "%s%s%sclock %.0f ns%sseed %" PRIu64, summary,
             guest ? " (!)" : "", dot, card->clock_cost_ns, dot, run->seed);
    fprintf(out, "machine  ");
    human_wrap(out, text, 9, look->columns, "");
    for (size_t i = 0; i < card->warning_count; i++) {
        print_warning(out, card->warnings[i].text, 0, look);
        fprintf(out, "  ");
        human_wrap(out, card->warnings[i].remedy, 2, look->columns, "");
    }
    if (run->partial)
        print_warning(out, "interrupted: this is what was measured until then",
                      0, look);
    if (!run->python && run->python_why && run->python_why[0])
        print_warning(out, run->python_why, 0, look);
}

/* Do they stand in one block?  All floors of a placement do. */
static bool alike(const struct result *a, const struct result *b, bool floors)
{
    return a->placement == b->placement && a->one_way == b->one_way &&
           a->together == b->together &&
           (floors || strcmp(a->workload, b->workload) == 0);
}

/* Is it the first of its kind? */
static bool is_first(const struct result *results, size_t i, bool floors)
{
    for (size_t k = 0; k < i; k++)
        if (alike(&results[k], &results[i], floors))
            return false;
    return true;
}

/* The blocks of results, or of floors, in the order of their first rows. */
static void print_blocks(FILE *out, const struct result *results, size_t n,
                         bool floors, const struct look *look)
{
    struct block *block = malloc(sizeof *block);

    for (size_t i = 0; block && i < n; i++) {
        if (!is_first(results, i, floors))
            continue;
        memset(block, 0, sizeof *block);
        snprintf(block->title, sizeof block->title, "%.60s, %s",
                 !floors               ? results[i].workload
                 : results[i].one_way  ? "floors, streaming"
                 : results[i].together ? "floors, together"
                                       : "floors",
                 results[i].together && results[i].placement == PLACE_CROSS
                     ? "spread over the cores"
                     : place_text(results[i].placement));
        for (size_t k = i; k < n && block->rows < BLOCK_ROWS; k++)
            if (alike(&results[i], &results[k], floors))
                block->results[block->rows++] = &results[k];
        block_fill(block, look);
        block_print(out, block, look);
    }
    free(block);
}

static void print_programs(FILE *out, const struct run *run,
                           const struct look *look)
{
    if (run->program_count)
        fprintf(out, "\nwhole programs\n");
    for (size_t i = 0; i < run->program_count; i++) {
        const struct program *p = &run->programs[i];
        char text[256], median[32], least[32], factor[48] = "";

        human_time(p->median_ns, look->utf8, median, sizeof median);
        human_time(p->min_ns, look->utf8, least, sizeof least);
        if (isfinite(p->times_faster))
            snprintf(factor, sizeof factor, ", %.1f %s CPython",
                     p->times_faster, look->utf8 ? "×" : "x");
        snprintf(text, sizeof text, "%s: median %s, least %s of %u%s", p->name,
                 median, least, p->runs, factor);
        fprintf(out, "  ");
        human_wrap(out, text, 4, look->columns, "");
    }
}

/* "1.03 × floor (95% CI 1.02 – 1.04)" */
static void ratio_text(double ratio, const struct interval *i, const char *to,
                       const struct look *look, char *text, size_t size)
{
    size_t n = (size_t)snprintf(text, size, "%.2f %s %s", ratio,
                                look->utf8 ? "×" : "x", to);

    if (i->kind && n < size)
        snprintf(text + n, size - n, " (%s %.2f %s %.2f)",
                 strcmp(i->kind, "ci") == 0 ? "95% CI" : "range", i->low,
                 look->utf8 ? "–" : "-", i->high);
}

/* Of a few rows, how sure the ratios are too; of many, run.json has it. */
static void print_ratios(FILE *out, const struct run *run,
                         const struct look *look)
{
    bool any = false;

    for (size_t i = 0; i < run->result_count; i++)
        any |= isfinite(run->results[i].times_floor) ||
               isfinite(run->results[i].times_faster);
    if (run->result_count > RATIOS_SHOWN || !any)
        return;
    fprintf(out, "\nmedians of the rounds' ratios\n");
    for (size_t i = 0; i < run->result_count; i++) {
        const struct result *r = &run->results[i];
        char text[320], name[80], size[32], one[96] = "", other[96] = "";

        if (!isfinite(r->times_floor) && !isfinite(r->times_faster))
            continue;
        row_size(r, size, sizeof size);
        if (isfinite(r->times_floor))
            ratio_text(r->times_floor, &r->times_floor_interval, "the floor",
                       look, one, sizeof one);
        if (isfinite(r->times_faster))
            ratio_text(r->times_faster, &r->times_faster_interval, "CPython",
                       look, other, sizeof other);
        snprintf(text, sizeof text, "%s%s%s%s%s, %s: %s%s%s",
                 result_name(r, name, sizeof name), *size ? " " : "", size,
                 row_start(r) ? ", peer by " : "",
                 row_start(r) ? row_start(r) : "",
                 placement_names[r->placement], one, *one && *other ? ", " : "",
                 other);
        fprintf(out, "  ");
        human_wrap(out, text, 4, look->columns, "");
    }
}

/* What two rows that are the same differ by: less than that is nothing. */
static void print_same(FILE *out, const struct run *run,
                       const struct look *look)
{
    if (run->aa_count)
        fprintf(out, "\n");
    for (size_t i = 0; i < run->aa_count; i++) {
        const struct aa_pair *a = &run->aa[i];
        char text[192], interval[64] = "";

        if (a->interval.kind)
            snprintf(interval, sizeof interval, " (%s %.3f %s %.3f)",
                     strcmp(a->interval.kind, "ci") == 0 ? "95% CI" : "range",
                     a->interval.low, look->utf8 ? "–" : "-", a->interval.high);
        snprintf(text, sizeof text,
                 "A/A, %s: the same row twice differed by a factor of %.3f%s",
                 a->class, a->ratio, interval);
        human_wrap(out, text, 2, look->columns, "");
    }
}

/* A command that is too long for a line can still be copied from here. */
static void print_left_out(FILE *out, const struct run *run,
                           const struct look *look)
{
    if (run->left_out_count)
        fprintf(out, "\nleft out\n");
    for (size_t i = 0; i < run->left_out_count; i++) {
        bool command = strncmp(run->left_out[i], "ipclab ", 7) == 0;

        if (i == LEFT_OUT_SHOWN && run->left_out_count > i + 1) {
            fprintf(out, "  and %zu more: left_out in run.json\n",
                    run->left_out_count - i);
            return;
        }
        fprintf(out, "  ");
        human_wrap(out, run->left_out[i], 2, look->columns,
                   command ? " \\" : "");
    }
}

void table_draw(FILE *out, const struct run *run, const struct look *look)
{
    struct look least = *look;

    if (least.columns < COLUMNS_LEAST)
        least.columns = COLUMNS_LEAST;
    print_machine(out, run, &least);
    print_blocks(out, run->results, run->result_count, false, &least);
    print_blocks(out, run->floors, run->floor_count, true, &least);
    print_ratios(out, run, &least);
    print_programs(out, run, &least);
    print_same(out, run, &least);
    print_left_out(out, run, &least);
}

void table_print(FILE *out, const struct run *run, unsigned columns)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    int fd = fileno(out);
    struct look look = {.columns = columns,
                        .utf8 = human_utf8(),
                        .colour = fd >= 0 && isatty(fd) &&
                                  !(no_colour && *no_colour) && term &&
                                  strcmp(term, "dumb") != 0};

    table_draw(out, run, &look);
}
